#include "cdclite/result.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "render_parts.h"

enum { MOST_BYTES = 64 << 20 };

static int reserve_row(struct result *result, struct error *error)
{
    size_t needed = (result->rows + 2) * (result->columns ? result->columns : 1);
    if (needed <= result->capacity) return 0;
    size_t capacity = needed * 2;
    struct result_cell *cells = reallocarray(result->cells, capacity, sizeof *cells);
    if (!cells) return error_memory(error);
    result->cells = cells;
    result->capacity = capacity;
    return 0;
}

static struct result_cell *add_cell(struct result *result, size_t row, size_t column, struct slice text)
{
    struct result_cell *cell = &result->cells[row * result->columns + column];
    *cell = (struct result_cell){.at = result->text.size, .size = text.size, .type = VALUE_TEXT};
    buffer_slice(&result->text, text);
    return cell;
}

static int begin(sqlite3_stmt *statement, struct result *result, struct error *error)
{
    result->columns = (size_t)sqlite3_column_count(statement);
    if (reserve_row(result, error)) return -1;
    for (size_t i = 0; i < result->columns; i++) {
        const char *name = sqlite3_column_name(statement, (int)i);
        add_cell(result, 0, i, slice_of(name ? name : ""));
    }
    return buffer_failed(&result->text) ? error_memory(error) : 0;
}

static int add_row(sqlite3_stmt *statement, struct result *result, struct buffer *text, struct error *error)
{
    struct value value;
    if (reserve_row(result, error)) return -1;
    for (size_t i = 0; i < result->columns; i++) {
        if (render_value(statement, (int)i, &value, text, error)) return -1;
        struct result_cell *cell = add_cell(result, result->rows + 1, i, buffer_view(text));
        cell->type = value.type;
        if (value.type == VALUE_INTEGER) cell->number = (double)value.integer;
        if (value.type == VALUE_REAL) cell->number = value.real;
    }
    result->rows++;
    return buffer_failed(&result->text) ? error_memory(error) : 0;
}

int result_read(sqlite3_stmt *statement, size_t most_rows, struct result *result, struct error *error)
{
    struct buffer text = {0};
    *result = (struct result){0};
    /* The first step may prepare the statement anew and change its columns. */
    int more = render_step(statement, error);
    if (more >= 0 && begin(statement, result, error)) more = -1;
    for (; more > 0; more = render_step(statement, error)) {
        bool kept = result->rows < most_rows && result->text.size < MOST_BYTES;
        if (kept && (int64_t)result->rows == result->count && add_row(statement, result, &text, error)) {
            more = -1;
            break;
        }
        result->count++;
    }
    buffer_free(&text);
    return more;
}

void result_free(struct result *result)
{
    buffer_free(&result->text);
    free(result->cells);
    *result = (struct result){0};
}

static struct slice text_of(const struct result *result, const struct result_cell *cell)
{
    return (struct slice){buffer_view(&result->text).at + cell->at, cell->size};
}

struct slice result_name(const struct result *result, size_t column)
{
    return text_of(result, &result->cells[column]);
}

const struct result_cell *result_cell(const struct result *result, size_t row, size_t column)
{
    return &result->cells[(row + 1) * result->columns + column];
}

struct slice result_text(const struct result *result, size_t row, size_t column)
{
    return text_of(result, result_cell(result, row, column));
}

bool result_is_numeric(const struct result *result, size_t column)
{
    bool found = false;
    for (size_t i = 0; i < result->rows; i++) {
        enum value_type type = result_cell(result, i, column)->type;
        if (type == VALUE_TEXT || type == VALUE_BLOB) return false;
        if (type != VALUE_NULL) found = true;
    }
    return found;
}
