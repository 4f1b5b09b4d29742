#ifndef NORMAL_SQL_H
#define NORMAL_SQL_H

#include <stdbool.h>

#include "cdclite/buffer.h"

/*
 * Appends an SQL statement in a form that is the same for two that say the same: without comments and the
 * spaces that mean nothing. A table's definitions are put into an order of their own: ALTER TABLE puts a
 * column behind all others, where CREATE TABLE would have had it elsewhere.
 */
void normal_sql(const char *sql, bool is_table, struct buffer *out);

#endif
