#ifndef SUMMARY_LISTS_H
#define SUMMARY_LISTS_H

#include "cdclite/error.h"
#include "summary_keys.h"
#include "summary_rows.h"

struct sqlite3_stmt;

/* Lists of numbers below 2^63 by key, in the order of their coming. All zero is empty. */
struct summary_entry {
    uint32_t key, low, high; /* halves of the number: twelve bytes, as there are many */
};

struct summary_lists {
    struct summary_entry *all;
    size_t count, capacity;
};

/* False when memory ran out. */
bool summary_lists_add(struct summary_lists *lists, uint32_t key, uint64_t number);

/*
 * Writes a row for each key that has a list in `lists[0]`, in the order of the keys: the step, the key, and
 * its list in each of the `count` lists (at most three) as JSON. `insert` takes these in that order.
 */
int summary_lists_fold(const struct summary_lists *lists, size_t count, int64_t step,
                       const struct summary_names *names, struct summary_rows *rows,
                       struct sqlite3_stmt *insert, struct error *error);

/* Bytes in use. */
size_t summary_lists_size(const struct summary_lists *lists);
void summary_lists_free(struct summary_lists *lists);

#endif
