#ifndef SUMMARY_SUMS_H
#define SUMMARY_SUMS_H

#include "cdclite/error.h"
#include "summary_counts.h"
#include "summary_keys.h"
#include "summary_rows.h"

struct sqlite3;

enum { SUMMARY_COUNTERS = 4 };

/* Which table has the sums by day or hour, and which the totals before some days (NULL: none). */
struct summary_kind {
    const char *table, *totals;
    const char *bucket, *key;
    const char *counters[SUMMARY_COUNTERS + 1]; /* ended by NULL */
    int hours;                                  /* of a bucket */
    /* Adds an entry's `what` to the counters. */
    void (*count)(int64_t what, int64_t counters[SUMMARY_COUNTERS]);
};

/* `what` of a user: whether the stock and the quantity changed. */
enum { SUMMARY_STOCK_CHANGED = 1, SUMMARY_QUANTITY_CHANGED = 2 };
extern const struct summary_kind summary_user_day;

/* `what` of a stock: the units sold, times this, and the reason: 0 switched, 1 reduced, 2 closed. */
enum { SUMMARY_REASONS = 4 };
extern const struct summary_kind summary_stock_day, summary_stock_hour;

/* All zero but `kind` before it is opened; also after a failure: close. `rows` is borrowed. */
struct summary_sums {
    const struct summary_kind *kind;
    struct sqlite3 *db;
    struct summary_rows *rows;
    struct sqlite3_stmt *insert, *add, *last, *add_total, *next_total, *last_total, *sizes, *total_size,
        *make_total;
};

int summary_sums_open(struct summary_sums *sums, struct sqlite3 *db, struct summary_rows *rows,
                      struct error *error);
void summary_sums_close(struct summary_sums *sums);

/* Adds all to the tables, within the open transaction, in the order of their keys. */
int summary_sums_fold(const struct summary_sums *sums, const struct summary_counts *counts,
                      const struct summary_names *hours, const struct summary_names *names,
                      struct error *error);

#endif
