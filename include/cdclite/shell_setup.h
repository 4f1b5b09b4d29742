#ifndef CDCLITE_SHELL_SETUP_H
#define CDCLITE_SHELL_SETUP_H

#include <stddef.h>

#include "cdclite/buffer.h"
#include "cdclite/error.h"
#include "cdclite/query.h"

struct sqlite3;

/*
 * Appends what the sqlite3 shell reads first: how rows are shown, and every parameter of the queries, with
 * the value of its "name=value" argument, else NULL. ERROR_USAGE for an argument that is not one, names no
 * parameter, or has a value that no query with that parameter takes.
 */
int shell_setup(const struct query_set *set, const char *const *arguments, size_t count, struct buffer *out,
                struct error *error);

/*
 * Appends what a person at the shell's prompt should know: the captured tables with their views, and how the
 * canned queries are run. `program` and `db` are spelled as the user did.
 */
int shell_list(struct sqlite3 *db, const struct query_set *set, const char *program, const char *path,
               struct buffer *out, struct error *error);

#endif
