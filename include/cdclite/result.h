#ifndef CDCLITE_RESULT_H
#define CDCLITE_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdclite/buffer.h"
#include "cdclite/error.h"
#include "cdclite/value.h"

struct sqlite3_stmt;

/* One value of a result: its exact text, as it is rendered, and what it is. */
struct result_cell {
    size_t at, size; /* in result.text */
    enum value_type type;
    double number; /* of INTEGER and REAL */
};

/* The first rows of a query's result, in memory. All zero is an empty one. */
struct result {
    size_t columns, rows; /* rows that are kept */
    int64_t count;        /* rows that there were */
    struct buffer text;
    struct result_cell *cells; /* the first row is the columns' names */
    size_t capacity;
};

/* Steps the statement to its end, and keeps at most so many rows (of 64 MiB). result_free afterwards, also
 * after a failure. ERROR_STORAGE when a step fails. */
int result_read(struct sqlite3_stmt *statement, size_t most_rows, struct result *result, struct error *error);
void result_free(struct result *result);

/* Borrowed from the result. */
struct slice result_name(const struct result *result, size_t column);
const struct result_cell *result_cell(const struct result *result, size_t row, size_t column);
struct slice result_text(const struct result *result, size_t row, size_t column);

/* Whether the column holds numbers, and nothing else but NULL. */
bool result_is_numeric(const struct result *result, size_t column);

#endif
