#ifndef CDCLITE_BATCH_H
#define CDCLITE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdclite/envelope.h"
#include "cdclite/error.h"

struct sqlite3;
struct sqlite3_stmt;

/* What a load did. */
struct load_counts {
    int64_t messages; /* taken, of these: */
    int64_t changes, tombstones, bookkeeping, rejected, redelivered;
    int64_t skipped; /* not taken: below the stored position */
    int64_t retried; /* messages that had been rejected, of these: */
    int64_t refused; /* still cannot be stored */
};

void load_counts_add(struct load_counts *sum, const struct load_counts *more);

/* The events of one transaction: a row of `batch`. */
struct batch {
    bool open;
    int64_t id;        /* of this one, or of the one before it */
    int64_t loaded_at; /* microseconds UTC */
    int64_t opened_ms; /* time_passing_ms */
    int64_t first_change_id;
    size_t bytes; /* of messages */
    struct load_counts counts;
    bool has_changed_at, has_lsn, has_tx;
    int64_t least_changed_at, greatest_changed_at, least_lsn, greatest_lsn, least_tx, greatest_tx;
};

/* Begins the next batch. */
void batch_open(struct batch *batch, int64_t first_change_id);

/* Counts a change that was stored, and widens the batch's bounds to it. */
void batch_note(struct batch *batch, const struct change *change);

/* The statement that batch_save uses; the caller finalizes it. */
int batch_prepare(struct sqlite3 *db, struct sqlite3_stmt **insert, struct error *error);

/* Writes the row. `last_change_id` is the last change stored. */
int batch_save(const struct batch *batch, struct sqlite3_stmt *insert, int64_t last_change_id,
               struct error *error);

#endif
