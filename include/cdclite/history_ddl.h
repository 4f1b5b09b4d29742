#ifndef CDCLITE_HISTORY_DDL_H
#define CDCLITE_HISTORY_DDL_H

#include "cdclite/buffer.h"
#include "cdclite/captured_table.h"

/* The SQL of one table's history, appended to `out`: CREATE TABLE (named `as`) with all columns. */
void history_ddl_table(const struct captured_table *table, const char *as, struct buffer *out);
/* Its columns' names, HISTORY_OWN_COLUMNS of its own and then before_X and after_X for each column, with
 * commas between: the order that statements on it share. */
enum { HISTORY_OWN_COLUMNS = 8 };
void history_ddl_columns(const struct captured_table *table, struct buffer *out);
/* The triggers that refuse UPDATE, DELETE and REPLACE on it. */
void history_ddl_triggers(const struct captured_table *table, struct buffer *out);
/* DROP VIEW for every view the table may have. */
void history_ddl_drop_views(const struct captured_table *table, struct buffer *out);
/* CREATE VIEW for those it has. */
void history_ddl_views(const struct captured_table *table, struct buffer *out);

/* A SELECT that gives the source's rows as they stood at the commit time `at`, an SQL expression of
 * microseconds (NULL: as they stand after the last event), with the columns that the source has now. */
void table_rows_at(const struct captured_table *table, const char *at, struct buffer *out);

#endif
