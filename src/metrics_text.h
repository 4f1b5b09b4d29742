#ifndef METRICS_TEXT_H
#define METRICS_TEXT_H

#include "cdclite/buffer.h"
#include "cdclite/metrics.h"

/* What the figures begin with, whoever wrote them. */
#define METRICS_START "# HELP cdclite_"

/* Since the load began. */
struct metrics_totals {
    int64_t started_at, committed_at; /* microseconds UTC; the latter 0 before the first batch */
    struct load_counts counts;
    int64_t bytes; /* of messages */
    bool has_changed_at;
    int64_t changed_at; /* the latest commit time at the source */
    int64_t batches, batch_ms;
};

void metrics_totals_add(struct metrics_totals *totals, const struct batch *batch);

/* Appends what is known when a batch is made. */
void metrics_text_counted(struct buffer *text, const struct metrics_totals *totals,
                          const struct metrics_view *view);

/* Appends what is known when it has been committed. */
void metrics_text_committed(struct buffer *text, const struct metrics_totals *totals, const char *db_path);

#endif
