#ifndef SUMMARY_SUMS_H
#define SUMMARY_SUMS_H

#include "summary_counts.h"
#include "summary_keys.h"
#include "summary_kind.h"
#include "summary_totals.h"

/* All zero before it is opened; also after a failure: close. `rows` is borrowed. */
struct summary_sums {
    const struct summary_kind *kind;
    struct sqlite3 *db;
    struct summary_rows *rows;
    struct sqlite3_stmt *insert, *add, *last, *add_total;
    struct summary_totals totals;
};

int summary_sums_open(struct summary_sums *sums, const struct summary_kind *kind, struct sqlite3 *db,
                      struct summary_rows *rows, struct error *error);
void summary_sums_close(struct summary_sums *sums);

/* Adds all to the tables, within the open transaction, in the order of their keys. */
int summary_sums_fold(const struct summary_sums *sums, const struct summary_counts *counts,
                      const struct summary_names *hours, const struct summary_names *names,
                      struct error *error);

#endif
