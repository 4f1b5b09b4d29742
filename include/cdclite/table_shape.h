#ifndef CDCLITE_TABLE_SHAPE_H
#define CDCLITE_TABLE_SHAPE_H

#include "cdclite/captured_table.h"

struct sqlite3;

/* Reads the table's columns from captured_column, and how they changed from column_change. */
int table_load_columns(struct sqlite3 *db, struct captured_table *table, struct error *error);

/* Brings the file to the table's description, within the open transaction: the history table (made, given new
 * columns, or made anew where a column became ANY), its views, captured_column, column_change. New columns
 * are noted to begin with `change_id`. Cheap when nothing changed. */
int table_store_shape(struct sqlite3 *db, struct captured_table *table, int64_t change_id,
                      struct error *error);

/* Writes what captured_table says of it, within the open transaction. Cheap when nothing changed. */
int table_save_facts(struct sqlite3 *db, struct captured_table *table, struct error *error);

/* Notes that a row came from `partition`; makes the views anew when that changes their order. */
int table_note_partition(struct sqlite3 *db, struct captured_table *table, int32_t partition,
                         struct error *error);

#endif
