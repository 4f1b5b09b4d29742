#ifndef CDCLITE_QUERY_H
#define CDCLITE_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cdclite/buffer.h"
#include "cdclite/error.h"
#include "cdclite/render.h"

struct sqlite3;
struct sqlite3_stmt;

/* What a parameter's value may be. */
enum parameter_type {
    PARAMETER_ANY,     /* bound as an integer if it is spelled like one, else as text */
    PARAMETER_INTEGER, /* whole, of 64 bits; not negative for one named "limit" */
    PARAMETER_TIME,    /* what time_parse reads; bound as the text given, the SQL converts it */
    PARAMETER_TEXT,
    PARAMETER_CHOICE, /* one of `choices` */
    PARAMETER_TABLE,  /* a captured table's name: the query is a template, filled in for it */
    PARAMETER_KEY,    /* the values of that table's key columns */
};

struct query_parameter {
    const char *name; /* without the colon */
    enum parameter_type type;
    const char *choices; /* "commit|row"; "" for the other types */
    bool required;       /* any other that is not given is NULL, which the SQL reads as its default */
    const char *description;
};

/*
 * One canned query: a file of SQL with one reading statement. Its first comment lines say what it is; all of
 * them may be missing. Texts are "" where nothing is said; those of several lines have an LF behind each.
 *
 *   -- NAME: purpose
 *   -- notes
 *   -- Parameters (unset = the default):
 *   --   :name  integer|time|text|table|key|one|other  description, "(required)" where it is
 *   -- Columns:
 *   --   name  description
 *   -- In the sqlite3 shell:
 *   --   .parameter set :name value
 *
 * Parameters that the SQL has and the comment does not name follow as PARAMETER_ANY.
 *
 * One with a parameter of type table is a template: in its SQL stand placeholders in braces, which
 * src/query_parts.h lists.
 */
struct query {
    const char *name; /* of the file, without .sql */
    const char *file; /* its path; of a built-in one the path in the repository */
    bool built_in;
    const char *sql, *purpose, *notes, *columns, *shell;
    const struct query_parameter *parameters;
    size_t parameter_count;
};

struct query_set;

/*
 * The built-in queries and, unless `directory` is NULL, its *.sql files (not the hidden ones), which take the
 * place of built-in ones of the same name. ERROR_USAGE for a directory or a file that cannot be read.
 * query_set_close(*set) afterwards; *set is NULL after a failure.
 */
int query_set_open(const char *directory, struct query_set **set, struct error *error);
void query_set_close(struct query_set *set);

/* Whether a built-in query has that name. */
bool query_is_built_in(const char *name);

/* In the order of their names. A query is borrowed from its set. */
size_t query_count(const struct query_set *set);
const struct query *query_at(const struct query_set *set, size_t index);

/* ERROR_USAGE, with the name that was most likely meant, when there is none of that name. */
int query_find(const struct query_set *set, const char *name, const struct query **query,
               struct error *error);

/*
 * Whether "name=value" arguments fit the query: ERROR_USAGE, naming what is right, for an unknown parameter,
 * one given twice, a missing required one, and a value that is not of its type. Needs no database.
 */
int query_check(const struct query *query, const char *const *arguments, size_t count, struct error *error);

/*
 * Checks the arguments, runs the query and prints its rows. `out` that is a terminal is not steered by any
 * value. Nothing but reading is allowed, whatever the file says and however the connection was opened.
 * ERROR_USAGE for SQL that SQLite does not take (the place is shown on standard error with a caret under it),
 * that does more than read, or that is not one statement; ERROR_STORAGE for a table of captured events that
 * is not there yet, and for failures of the database; ERROR_FAILURE when `out` cannot be written.
 */
int query_run(struct sqlite3 *db, const struct query *query, const char *const *arguments, size_t count,
              enum render_format format, FILE *out, struct error *error);

/* As query_run, but the statement is given to `take`, ready for its first step. */
typedef int query_take(void *context, struct sqlite3_stmt *statement, struct error *error);
int query_read(struct sqlite3 *db, const struct query *query, const char *const *arguments, size_t count,
               query_take *take, void *context, struct error *error);

/* Whether the query is a template and the arguments name the table that it is to be filled in for. */
bool query_names_table(const struct query *query, const char *const *arguments, size_t count);

/* Appends the SQL that runs for the arguments, of which only the table's matters: the query's own, or the
 * template's filled in. ERROR_USAGE for a table that is not there. */
int query_expand(struct sqlite3 *db, const struct query *query, const char *const *arguments, size_t count,
                 struct buffer *sql, struct error *error);

/* Prints all queries with their purposes and parameters. Whether it arrived is for the caller to ask. */
void query_list(const struct query_set *set, FILE *out);
/* Prints their names and purposes, a line each. */
void query_names(const struct query_set *set, FILE *out);
/* Prints all that is known of one: parameters, columns, an example, what to type in the sqlite3 shell. */
void query_help(const struct query *query, FILE *out);

#endif
