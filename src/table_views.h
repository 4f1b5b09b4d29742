#ifndef TABLE_VIEWS_H
#define TABLE_VIEWS_H

#include "cdclite/buffer.h"
#include "cdclite/captured_table.h"

/* Append CREATE VIEW for T_changes and T_field_changes, and for T_versions (of a table with a key) and
 * T_current. */
void event_views(const struct captured_table *table, struct buffer *out);
void state_views(const struct captured_table *table, struct buffer *out);

/* Appends "CREATE VIEW T_suffix AS" and a comment that says what a row is and, in lines that begin with "--",
 * what each column is: docs/schema.md is made from it. */
void view_head(struct buffer *out, const struct captured_table *table, const char *suffix,
               const char *comment);

#endif
