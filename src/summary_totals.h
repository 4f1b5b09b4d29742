#ifndef SUMMARY_TOTALS_H
#define SUMMARY_TOTALS_H

#include "summary_kind.h"

/*
 * A query adds up the days of its period. So that it need not read all of them there are totals before some
 * days: it takes the difference of two, and the days in between.
 */
struct summary_totals {
    const struct summary_kind *kind;
    struct sqlite3 *db;
    struct summary_rows *rows;
    size_t most_keys; /* that are kept in memory to make a total */
    struct sqlite3_stmt *next, *last, *sizes, *size, *parts, *insert, *make;
};

/* All zero before; also after a failure: close. `rows` is borrowed. */
int summary_totals_open(struct summary_totals *totals, const struct summary_kind *kind, struct sqlite3 *db,
                        struct summary_rows *rows, struct error *error);
void summary_totals_close(struct summary_totals *totals);

/* The day of the first total behind this day: 1, or 0 where there is none, or -1 for a failure. */
int summary_totals_behind(const struct summary_totals *totals, int64_t day, int64_t *next,
                          struct error *error);

/* New totals behind the last one, where enough days stand there by now, within the open transaction. */
int summary_totals_extend(const struct summary_totals *totals, struct error *error);

#endif
