#ifndef CDCLITE_DATASETTE_H
#define CDCLITE_DATASETTE_H

#include "cdclite/buffer.h"
#include "cdclite/error.h"
#include "cdclite/query.h"

struct sqlite3;

/*
 * Appends metadata for Datasette (JSON): what the tables and views are, and each query as a canned query with
 * its parameters. A template is there once for each captured table, as "QUERY-TABLE", and by itself where it
 * needs no table. Datasette gives every parameter as a text, an empty one where a field was left empty: the
 * SQL reads them as `cdclite query` does its arguments. A query that this database cannot answer is left out,
 * which is logged. `name` is what Datasette calls the database: its file's name without what follows the last
 * dot.
 */
int datasette_metadata(struct sqlite3 *db, const char *name, const struct query_set *set, struct buffer *out,
                       struct error *error);

#endif
