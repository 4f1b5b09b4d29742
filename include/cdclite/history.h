#ifndef CDCLITE_HISTORY_H
#define CDCLITE_HISTORY_H

#include "cdclite/catalog.h"

/*
 * Names what the update whose rows stand in `table` did not carry, as a JSON list of history columns in
 * `list`; empty when it carried all. Without `before` (replica identity default) it carries no old values;
 * and where `before` lacks a column, Debezium's placeholder in `after` stands for an unchanged TOAST value,
 * which becomes NULL here. Elsewhere that text is a user's own.
 */
void history_list_unavailable(struct captured_table *table, const struct change *change, struct buffer *list);

/* Stores the change whose rows stand in table->before and table->after as row `change_id`. */
int history_insert(struct sqlite3 *db, struct captured_table *table, const struct message *message,
                   const struct change *change, struct slice unavailable, int64_t change_id,
                   struct error *error);

/* What a stored row says beside its values. */
struct history_row {
    int64_t change_id, changed_at;
    char op;
    struct slice unavailable; /* the JSON list, absent when the event carried all */
    struct value lsn, tx_id;
    int32_t partition;
    int64_t offset;
    const struct value *before, *after; /* table->count values each */
};

/* Whether the event carried the column's old and new value. */
bool history_carried(const struct history_row *row, const struct captured_column *column);

/* Calls `each` for every stored row of `table` with from <= change_id <= to, in that order; the row is
 * borrowed during the call. Stops as soon as `each` gives something other than 0, and gives that. */
int history_scan(struct sqlite3 *db, struct captured_table *table, int64_t from, int64_t to,
                 int (*each)(void *context, const struct history_row *row, struct error *error),
                 void *context, struct error *error);

#endif
