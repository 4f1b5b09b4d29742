#ifndef CDCLITE_PROGRESS_H
#define CDCLITE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct load_counts;
struct source_progress;

/* Tells how far a load is: a line redrawn in place on a terminal, else a log line every ten seconds. */
struct progress {
    bool quiet, terminal;
    unsigned calls;
    int64_t started_ms, shown_ms, shown_messages;
};

void progress_start(struct progress *progress, bool quiet);
/* Whether it is time; cheap enough to ask for every message. */
bool progress_is_due(struct progress *progress);
void progress_show(struct progress *progress, const struct load_counts *counts,
                   const struct source_progress *at);
/* Takes the line away. */
void progress_end(struct progress *progress);

/* 1234567 as "1,234,567"; `text` holds at least 32 bytes. Returns `text`. */
const char *number_text(int64_t number, char *text);

#endif
