#ifndef QUERY_PARTS_H
#define QUERY_PARTS_H

#include "cdclite/arena.h"
#include "cdclite/buffer.h"
#include "cdclite/catalog.h"
#include "cdclite/query.h"
#include "cdclite/slice.h"

struct sqlite3;
struct sqlite3_stmt;

/* What the files about queries share. */

/* Reads the first comment lines of query->sql and the parameters in its SQL; the texts live in `arena`. */
int query_read_header(struct query *query, struct arena *arena, struct error *error);

/* Calls `found` with each parameter (":name", "@name", "$name") of the SQL as it stands, also in SQL that is
 * wrong; stops at the first result that is not 0 and returns it. Parameters without a name ("?") are passed
 * over. */
int query_scan_parameters(const char *sql, int (*found)(void *context, struct slice name), void *context);

/* The size of the SQL token at `at`, which is not the text's end. */
size_t query_token(const char *at);

/* Checks the arguments and binds them; texts are borrowed until the statement is finalized. */
int query_bind(const struct query *query, const char *const *arguments, size_t count,
               struct sqlite3_stmt *statement, struct error *error);

/* Without the white space at both ends. */
struct slice query_trimmed(struct slice text);

/* A copy with a closing NUL, or NULL when memory ran out. */
const char *query_keep(struct arena *arena, struct slice text);

/* The parameter of type table, which makes a query a template; NULL when there is none. */
const struct query_parameter *query_table_parameter(const struct query *query);

/*
 * Appends a template's SQL with its placeholders replaced by what they stand for in `table` (NULL: none was
 * named). Names of tables and columns come out quoted, and nothing that came out is read again.
 *
 *   {table}         the table's name, as a text
 *   {T_history}     its table of events; so {T_changes}, {T_field_changes}, {T_current}, {T_versions}
 *   {events}        a SELECT in parentheses: table_name and the history's own columns of all its events; of
 *                   all tables where none was named
 *   {rows}          a SELECT in parentheses: the source's rows as they stand, with the columns it has now;
 *   {rows AT}       as they stood at AT, microseconds (used several times: keep it short)
 *   {time :x}       the microseconds that the text of a time parameter spells, NULL for what is none
 *   {iso X}         microseconds as people read them (X is used several times)
 *   {key :x}        the key asked for, as a JSON list of texts, one for each key column
 *   {each TEXT}     TEXT for each column that the source has; {each, TEXT} with commas between;
 *   {each_key TEXT}   for each key column, or where there is no key for each column;
 *   {each_ever TEXT}  for each column, also those that the source no longer has; in TEXT stand
 *     {column}                       its name, {name} the source's name of it as a text
 *     {old} {new}                    old_ and new_ before the name
 *     {before} {after}               the history's columns
 *     {before_text} {after_text}     the text of the value as key= spells it, under the source's present name
 *     {before_name} {after_name}     the names of the history's columns as texts
 *
 * ERROR_USAGE, with the line, for a placeholder that is none; and for a table that lacks what it needs.
 */
int query_template_expand(struct sqlite3 *db, const struct query *query, const struct catalog *catalog,
                          const struct captured_table *table, struct buffer *out, struct error *error);

/*
 * Appends what a key parameter's value says as the text to bind: of a key of one column the value as it is;
 * of several a JSON list of texts, from "1,AAPL", a JSON list, or a JSON object of the columns. ERROR_USAGE
 * for any other.
 */
int query_key_read(const struct query *query, const struct captured_table *table, const char *argument,
                   struct buffer *out, struct error *error);

/* What really runs: for a template its SQL filled in, and key= read. */
struct query_filled {
    struct query query;
    const char **arguments; /* NULL: those given */
    struct buffer sql, key;
};

/* query_filled_free afterwards, also after a failure. The arguments have been checked. */
int query_fill(struct sqlite3 *db, const struct query *query, const char *const *arguments, size_t count,
               struct query_filled *filled, struct error *error);
void query_filled_free(struct query_filled *filled);

#endif
