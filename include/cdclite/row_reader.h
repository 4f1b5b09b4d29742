#ifndef CDCLITE_ROW_READER_H
#define CDCLITE_ROW_READER_H

#include "cdclite/arena.h"
#include "cdclite/captured_table.h"
#include "cdclite/envelope.h"
#include "cdclite/table_schema.h"

/*
 * Reads the change's before and after into table->before and table->after (NULLs for an absent row; text
 * borrowed from the message or `arena`), following `schema` (NULL without one). Columns not seen before are
 * added to the table's description, one whose values no longer fit becomes ANY: table_store_shape afterwards,
 * also for a refused event. Returns 0; 1 with `error` saying why the event must be refused; -1 for a failure.
 */
int rows_read(struct captured_table *table, const struct change *change, const struct table_schema *schema,
              struct arena *arena, struct error *error);

#endif
