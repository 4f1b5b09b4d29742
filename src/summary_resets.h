#ifndef SUMMARY_RESETS_H
#define SUMMARY_RESETS_H

#include "cdclite/error.h"
#include "cdclite/history.h"
#include "summary_keys.h"

struct sqlite3;
struct sqlite3_stmt;

/* The rows of summary_reset not written yet. All zero holds none. */
struct summary_reset {
    int64_t first_change_id, last_change_id, changed_at;
    uint32_t lsn, tx_id; /* numbers in `values` */
    char op;
};

struct summary_resets {
    struct summary_reset *all;
    size_t count, capacity;
    struct summary_keys values;
    struct sqlite3_stmt *insert;
};

int summary_resets_open(struct summary_resets *resets, struct sqlite3 *db, struct error *error);
void summary_resets_close(struct summary_resets *resets);

/* Whether its position can be kept. */
bool summary_resets_takes(const struct history_row *row);
/* Adds a truncate or a snapshot's row; false when memory ran out. */
bool summary_resets_add(struct summary_resets *resets, const struct history_row *row);
int summary_resets_fold(const struct summary_resets *resets, struct sqlite3 *db, struct error *error);

size_t summary_resets_size(const struct summary_resets *resets);
void summary_resets_clear(struct summary_resets *resets);

#endif
