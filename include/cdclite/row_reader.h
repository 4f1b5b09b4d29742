#ifndef CDCLITE_ROW_READER_H
#define CDCLITE_ROW_READER_H

#include "cdclite/arena.h"
#include "cdclite/captured_table.h"
#include "cdclite/envelope.h"
#include "cdclite/table_schema.h"

/*
 * Reads the change's before and after into table->before and table->after (NULLs for an absent row; text
 * borrowed from the message or `arena`), following `schema` (NULL without one), and notes what of its columns
 * it has (in_before, in_after). A document (MongoDB) becomes a row of three columns: id, document and, for an
 * update that brings no document, update_description.
 *
 * Columns not seen before are added to the table's description, one whose values no longer fit becomes ANY,
 * and the shape is followed (column_lineage.h; `change_id` is the change's id if it is stored):
 * table_store_shape afterwards, also for a refused event, which may bring its schema's columns but no others,
 * and none where they are too many. Returns 0; 1 with `error` saying why the event must be refused; -1 for a
 * failure.
 */
int rows_read(struct captured_table *table, const struct message *message, const struct change *change,
              const struct table_schema *schema, int64_t change_id, struct arena *arena, struct error *error);

/* Forgets the rows read last: all values NULL, nothing in before or after. */
void rows_clear(struct captured_table *table);

/*
 * Reads the values of a message key, {"id":1} or {schema, payload}, into `values[0..table->count)` at the
 * table's key columns. False when the key does not have all of them.
 */
bool key_read(const struct captured_table *table, struct slice key, struct arena *arena,
              struct value *values);

#endif
