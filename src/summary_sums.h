#ifndef SUMMARY_SUMS_H
#define SUMMARY_SUMS_H

#include "cdclite/error.h"
#include "summary_keys.h"

struct sqlite3;

enum { SUMMARY_COUNTERS = 4 };

/* What is summed: which table has it by day or hour, and which has the totals before some days (NULL: none).
 */
struct summary_kind {
    const char *table, *totals;
    const char *bucket, *key;
    const char *counters[SUMMARY_COUNTERS + 1]; /* ended by NULL */
};
extern const struct summary_kind summary_user_day, summary_stock_day, summary_stock_hour;

/* Counters by day (or hour) and key, not written yet. Begin with all zero but `kind`. */
struct summary_sum {
    int64_t bucket;
    uint32_t key;
    int64_t counters[SUMMARY_COUNTERS];
};

struct summary_sums {
    const struct summary_kind *kind;
    struct summary_sum *all;
    size_t count, capacity;
    uint32_t *buckets; /* index + 1 into `all` */
    size_t bucket_count;
    struct sqlite3_stmt *insert, *add, *last, *add_total, *next_total, *last_total, *sizes, *total_size,
        *make_total;
};

int summary_sums_open(struct summary_sums *sums, struct sqlite3 *db, struct error *error);
void summary_sums_close(struct summary_sums *sums);

/* The counters to add to, borrowed until the next call; NULL when memory ran out. */
int64_t *summary_sums_at(struct summary_sums *sums, int64_t bucket, uint32_t key);

/* Adds all to the tables, within the open transaction, in the order of their keys. */
int summary_sums_fold(struct summary_sums *sums, struct sqlite3 *db, const struct summary_keys *keys,
                      struct error *error);

size_t summary_sums_size(const struct summary_sums *sums);
void summary_sums_clear(struct summary_sums *sums);

#endif
