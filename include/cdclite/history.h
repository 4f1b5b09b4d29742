#ifndef CDCLITE_HISTORY_H
#define CDCLITE_HISTORY_H

#include "cdclite/catalog.h"

/* Stores the change whose rows stand in table->before and table->after as row `change_id`; `unavailable`
 * names what its event did not carry (missing_value.h; empty for nothing). */
int history_insert(struct sqlite3 *db, struct captured_table *table, const struct message *message,
                   const struct change *change, struct slice unavailable, int64_t change_id,
                   struct error *error);

/* Writes the rows that wait. Rows are inserted several at a time: whoever reads a history in the open
 * transaction, or ends it, calls this before (history_scan does so itself). */
int history_flush(struct sqlite3 *db, struct captured_table *table, struct error *error);

/* Sets aside the rows that wait, for batch_store.c to write; few of them are written now. 1 with *sealed, or
 * 0 when there is nothing left to write. */
struct sealed_rows;
int history_seal(struct sqlite3 *db, struct captured_table *table, struct sealed_rows *sealed,
                 struct error *error);

/* What table->writer is: the prepared INSERTs, and the rows that wait. NULL is fine. */
struct history_writer;
void history_writer_close(struct history_writer *writer);

/* What a stored row says beside its values. */
struct history_row {
    int64_t change_id, changed_at;
    char op;
    struct slice unavailable; /* the JSON list, absent when the event carried all */
    struct value lsn, tx_id;
    int32_t partition;
    int64_t offset;
    const struct value *before, *after; /* table->count values each */
    const bool
        *unknown; /* for each column whether its old or its new value is not known; NULL when all are */
};

/* With what the events did not carry filled in as the history has it, or as they were sent: NULL there. */
enum history_values { HISTORY_FILLED, HISTORY_AS_SENT };

/* Calls `each` for every stored row of `table` with from <= change_id <= to, in that order; the row is
 * borrowed during the call. Stops as soon as `each` gives something other than 0, and gives that. */
int history_scan(struct sqlite3 *db, struct captured_table *table, int64_t from, int64_t to,
                 enum history_values values,
                 int (*each)(void *context, const struct history_row *row, struct error *error),
                 void *context, struct error *error);

#endif
