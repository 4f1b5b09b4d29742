#ifndef QUERY_PARTS_H
#define QUERY_PARTS_H

#include "cdclite/arena.h"
#include "cdclite/buffer.h"
#include "cdclite/query.h"
#include "cdclite/slice.h"

struct sqlite3_stmt;

/* What the files about queries share. */

/* Reads the first comment lines of query->sql and the parameters in its SQL; the texts live in `arena`. */
int query_read_header(struct query *query, struct arena *arena, struct error *error);

/* Calls `found` with each parameter (":name", "@name", "$name") of the SQL as it stands, also in SQL that is
 * wrong; stops at the first result that is not 0 and returns it. Parameters without a name ("?") are passed
 * over. */
int query_scan_parameters(const char *sql, int (*found)(void *context, struct slice name), void *context);

/* Checks the arguments and binds them; texts are borrowed until the statement is finalized. */
int query_bind(const struct query *query, const char *const *arguments, size_t count,
               struct sqlite3_stmt *statement, struct error *error);

/* A copy with a closing NUL, or NULL when memory ran out. */
const char *query_keep(struct arena *arena, struct slice text);

#endif
