#ifndef CDCLITE_COLUMN_LINEAGE_H
#define CDCLITE_COLUMN_LINEAGE_H

#include "cdclite/captured_table.h"
#include "cdclite/table_schema.h"

/*
 * How the columns of a source table changed while it was captured: added, dropped, renamed, retyped. The
 * history keeps what each event carried; the lineage lets a state from before be shown as the source has it
 * since.
 */

/*
 * Compares the row of an event, whose columns in their order are `columns[0..count)`, with the columns that
 * the table has, and notes what appeared and vanished. A column that takes the place of a vanished one
 * between the same neighbours was renamed: PostgreSQL adds new ones behind all others. `schema` (of the same
 * columns; may be NULL) tells their defaults. An event from before the last change of shape, late from
 * another partition, changes nothing. -1 when memory ran out.
 */
int lineage_follow(struct captured_table *table, const size_t *columns, size_t count,
                   const struct table_schema *schema, int64_t changed_at, int64_t change_id,
                   struct error *error);

/* Notes that a column now comes as `sent` says, unless the event is late. -1 when memory ran out. */
int lineage_retype(struct captured_table *table, size_t column, const struct schema_column *sent,
                   int64_t changed_at, int64_t change_id, struct error *error);

/* The type that a column had in an event. */
const struct column_type *lineage_type_at(const struct captured_table *table, size_t column,
                                          int64_t changed_at, int64_t change_id);

#endif
