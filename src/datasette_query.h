#ifndef DATASETTE_QUERY_H
#define DATASETTE_QUERY_H

#include "cdclite/buffer.h"
#include "cdclite/error.h"
#include "cdclite/query.h"

/*
 * Appends the entry of one query, `"name": {…}`, where `sql` is what runs (a template filled in for `table`,
 * else NULL) with :parameters. Without a comma.
 */
void datasette_query(const struct query *query, const char *table, const char *sql, struct buffer *out);

#endif
