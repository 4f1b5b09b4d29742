#ifndef SUMMARY_KIND_H
#define SUMMARY_KIND_H

#include "cdclite/error.h"
#include "summary_rows.h"

struct sqlite3;
struct sqlite3_stmt;

enum { SUMMARY_COUNTERS = 4 };

/* Which table has the sums by day or hour, and which the totals before some days (NULL: none). */
struct summary_kind {
    const char *table, *totals;
    const char *bucket, *key;
    const char *counters[SUMMARY_COUNTERS + 1]; /* ended by NULL */
    int hours;                                  /* of a bucket */
    /* Adds what an entry says to the counters. */
    void (*count)(int64_t what, int64_t counters[SUMMARY_COUNTERS]);
};

/* `what` of a user: whether the stock and the quantity changed. */
enum { SUMMARY_STOCK_CHANGED = 1, SUMMARY_QUANTITY_CHANGED = 2 };
extern const struct summary_kind summary_user_day;

/* `what` of a stock: the units sold, times this, and the reason: 0 switched, 1 reduced, 2 closed. */
enum { SUMMARY_REASONS = 4 };
extern const struct summary_kind summary_stock_day, summary_stock_hour;

/* Prepares the SQL, and empties the buffer. */
int summary_kind_prepare(struct sqlite3 *db, struct buffer *sql, struct sqlite3_stmt **statement,
                         struct error *error);

/* Prepares an INSERT of summary_rows into `table`, which has the columns of kind->table: rows that are not
 * there yet (SQLite looks for each only once), or that are added to those that are. */
int summary_kind_insert(const struct summary_kind *kind, const char *table, struct sqlite3 *db,
                        struct sqlite3_stmt **statement, struct error *error);
int summary_kind_add(const struct summary_kind *kind, const char *table, struct sqlite3 *db,
                     struct sqlite3_stmt **statement, struct error *error);

/* Fills in such a row. */
void summary_kind_row(int64_t bucket, const struct value *key, const int64_t counters[SUMMARY_COUNTERS],
                      struct value row[SUMMARY_COLUMNS]);

/* The first column, a day, of the first row of a query that gives one. 1: there is one, 0: it is NULL, -1:
 * failure. */
int summary_kind_day(struct sqlite3 *db, struct sqlite3_stmt *statement, int64_t *day, struct error *error);

#endif
