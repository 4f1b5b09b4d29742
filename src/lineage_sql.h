#ifndef LINEAGE_SQL_H
#define LINEAGE_SQL_H

#include "cdclite/buffer.h"
#include "cdclite/captured_table.h"

/* SQL expressions on a row of T_history, whose own columns have to be in reach under their names. `image` is
 * "before" or "after". */

/* The stored value of a column as the source has it now: what was added since has its default, what was
 * renamed its old column's value, what was retyped the value that PostgreSQL's own cast gives. Where there is
 * no such cast, as it was. */
void lineage_value(const struct captured_table *table, size_t column, const char *image, struct buffer *out);

/* The expression `x`, such a value of the column, as people read it. */
void lineage_readable(const struct captured_column *column, const char *x, struct buffer *out);

/* The value as the event had it, as people read it: times spelled by the unit that they came in. */
void lineage_spelled(const struct captured_table *table, size_t column, const char *image,
                     struct buffer *out);

/* Whether that is more than the history's column itself. */
bool lineage_is_spelled(const struct captured_table *table, size_t column);

#endif
