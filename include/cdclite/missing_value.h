#ifndef CDCLITE_MISSING_VALUE_H
#define CDCLITE_MISSING_VALUE_H

#include "cdclite/buffer.h"
#include "cdclite/captured_table.h"
#include "cdclite/envelope.h"
#include "cdclite/error.h"

/*
 * What an event does not carry ("Replica identity" and "Toasted values" in Debezium's PostgreSQL
 * documentation):
 * - the old values of an update without `before`, or of the columns that its `before` lacks;
 * - an unchanged TOAST value, for which a placeholder stands in the `after` of such an update, and in that of
 * the insert that ends a key change;
 * - of a table whose updates leave out old values, all but the key in the `before` of a delete: there stand
 * NULL, "", or the column's default;
 * - of Oracle a LOB that was not changed, and what it was before it was changed: there stands a placeholder,
 * in the `before` of a delete as well (the connector's page, "Character types"). Elsewhere the placeholder's
 * text is a user's own.
 */

/* Sets missing_before and missing_after of the columns of the change whose rows stand in `table`, and makes
 * those values NULL. `keyed`: its row is told by the table's key. `ends_key_change`: the change is such an
 * insert. False: none is missing. */
bool missing_values_mark(struct captured_table *table, const struct change *change, bool keyed,
                         bool ends_key_change);

/* Whether a placeholder stands in the row's `after`. */
bool missing_values_suspected(const struct captured_table *table);

/* Names them as a JSON list of history columns in `list`; empty when there are none. With `unknown` only
 * those that the history did not tell either. */
void missing_values_list(const struct captured_table *table, bool unknown, struct buffer *list);

/* Calls `found` for each column that such a list names. */
int missing_values_read(const struct captured_table *table, struct slice list,
                        void (*found)(void *context, size_t column, bool after), void *context,
                        struct error *error);

#endif
