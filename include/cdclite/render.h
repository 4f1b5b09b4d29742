#ifndef CDCLITE_RENDER_H
#define CDCLITE_RENDER_H

#include <stdbool.h>
#include <stdio.h>

#include "cdclite/error.h"

struct sqlite3_stmt;

/*
 * How the rows of a query are printed. UTF-8, LF; integers exact, REAL with the fewest of 15 to 17 digits
 * that read back as the same number, Infinity and -Infinity, a BLOB in hex.
 *
 * - table: for people. Columns aligned by what they take on the screen, numbers to the right, NULL as
 *   nothing, a last line "(12 rows)". Widths are those of the first 10,000 rows (or 8 MiB), at most 200; a
 *   wider value moves its own line only. What could steer a terminal is shown as \n, \t, \x1b; a backslash
 *   stands for itself.
 *
 * - csv: RFC 4180 with LF. A header line; a value with a comma, a quote or a line break stands in quotes, its
 *   line breaks as they are. NULL is nothing, an empty string "".
 *
 * - csv-safe: csv for spreadsheets, which take a cell that begins with = + - @, a tab or a line break for a
 *   formula: such a text (and such a column's name) gets a ' in front. Numbers stay, also those kept as text.
 *
 * - tsv: the text format of PostgreSQL's COPY with a header line. \\, \b, \f, \n, \r, \t, \v in a value;
 *   NULL is \N.
 *
 * - json: one array of objects, an object a line. Control characters (also U+007F to U+009F) and what else
 *   the table escapes as \uNNNN; NULL is null, the infinities are "Infinity" and "-Infinity", bytes that are
 *   not UTF-8 U+FFFD. Two columns of one name give two members of one name.
 *
 * - jsonl: the same objects without the array.
 *
 * - markdown: a GitHub table, aligned. Escaped as in the table, and with a backslash before \ | < * [ &.
 */
enum render_format {
    RENDER_TABLE,
    RENDER_CSV,
    RENDER_TSV,
    RENDER_JSON,
    RENDER_JSONL,
    RENDER_MARKDOWN,
    RENDER_CSV_SAFE
};

/* The format of a name ("table", "csv", …) or -1. */
int render_format_named(const char *name);

/*
 * Steps the statement to its end and prints its rows. With `terminal` no value steers it in csv and tsv
 * either: control characters but the line feed of csv are escaped as in a table. ERROR_STORAGE when a step
 * fails (SQLite's message), ERROR_FAILURE when `out` cannot be written; what was printed until then stays.
 */
int render_rows(struct sqlite3_stmt *statement, enum render_format format, FILE *out, bool terminal,
                struct error *error);

#endif
