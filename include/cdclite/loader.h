#ifndef CDCLITE_LOADER_H
#define CDCLITE_LOADER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdclite/batch.h"
#include "cdclite/catalog.h"
#include "cdclite/error.h"
#include "cdclite/metrics.h"
#include "cdclite/positions.h"
#include "cdclite/source.h"
#include "cdclite/summaries.h"
#include "cdclite/text_log.h"

struct load_settings {
    const char *db_path;
    const struct text_choice *texts; /* ended by an entry without table; NULL: write no text */
    struct table_choices choices;
    int64_t max_messages; /* 0: no limit */
    size_t max_event_bytes;
    int64_t linger_ms; /* a batch is committed at the latest so long after its first message */
    struct summary_steps steps;
    int64_t batch_messages;  /* a batch is full with so many; 0: as usual */
    struct metrics *metrics; /* borrowed; NULL for none */
    bool quiet;
};

/*
 * Takes messages from a source and stores them exactly once. The durable order of a batch: BEGIN IMMEDIATE,
 * insert, write text, fdatasync text, store its length, COMMIT, and only then tell the source. A failed
 * write, fsync or COMMIT has an unknown outcome: nothing is retried or undone; the next start recovers.
 */
struct loader;

/*
 * Opens the history and what belongs to it, and reads the stored positions into `positions`, which the
 * sources share. Both are borrowed. loader_close afterwards, also after a failure.
 */
int loader_open(const struct load_settings *settings, struct positions *positions, struct loader **loader,
                struct error *error);
void loader_close(struct loader *loader);

/* Loads until the source ends, `settings->max_messages` are taken, or *stop becomes set; what was taken is
 * then committed. */
int loader_run(struct loader *loader, struct source *source, const volatile sig_atomic_t *stop,
               struct error *error);

const struct load_counts *loader_counts(const struct loader *loader);

#endif
