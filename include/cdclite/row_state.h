#ifndef CDCLITE_ROW_STATE_H
#define CDCLITE_ROW_STATE_H

#include "cdclite/arena.h"
#include "cdclite/captured_table.h"
#include "cdclite/envelope.h"
#include "cdclite/message.h"

struct sqlite3;

/*
 * The last known state of each row, by its key, of the tables whose events leave out values: a pointer from
 * the key to the row of the history that has it. Other tables keep none and pay nothing.
 */
struct row_states;

/* `db` is borrowed. row_states_close afterwards, also after a failure. */
int row_states_open(struct sqlite3 *db, struct row_states **states, struct error *error);
void row_states_close(struct row_states *states);

/* Whether the row whose key columns stand in `values` is known to stand in the table: 1 or 0; -1: failure. */
int row_states_is_known(struct row_states *states, struct captured_table *table, const struct value *values,
                        struct error *error);

/* Whether an insert with placeholders in it is the second half of a key change: its message names the old
 * key, or the last change of the table is the delete of the same position and transaction. 1 or 0; -1:
 * failure. */
int row_states_ends_key_change(struct row_states *states, struct captured_table *table,
                               const struct message *message, const struct change *change,
                               struct error *error);

/*
 * Fills the values of the change that its event did not carry (missing_value.h) with the row's last known
 * ones; those that nothing tells become unknown_before, unknown_after and stay NULL. Texts live in `arena`.
 */
int row_states_fill(struct row_states *states, struct captured_table *table, const struct message *message,
                    const struct change *change, struct arena *arena, struct error *error);

/* Follows the change that now stands as row `change_id`, with `unavailable` (missing_value.h) filled or
 * unknown. */
int row_states_follow(struct row_states *states, struct captured_table *table, const struct message *message,
                      const struct change *change, struct slice unavailable, int64_t change_id,
                      struct error *error);

/* Makes the states anew from the history: the table has another key. */
int row_states_rebuild(struct row_states *states, struct captured_table *table, struct error *error);

#endif
