#include "cdclite/render.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "render_parts.h"

static const char *const format_names[] = {
    [RENDER_TABLE] = "table",       [RENDER_CSV] = "csv",     [RENDER_TSV] = "tsv",
    [RENDER_JSON] = "json",         [RENDER_JSONL] = "jsonl", [RENDER_MARKDOWN] = "markdown",
    [RENDER_CSV_SAFE] = "csv-safe",
};

int render_format_named(const char *name)
{
    for (size_t i = 0; i < sizeof format_names / sizeof *format_names; i++)
        if (strcmp(format_names[i], name) == 0) return (int)i;
    return -1;
}

int render_step(sqlite3_stmt *statement, struct error *error)
{
    switch (sqlite3_step(statement)) {
    case SQLITE_ROW: return 1;
    case SQLITE_DONE: return 0;
    default: return error_set(error, ERROR_STORAGE, "%s", sqlite3_errmsg(sqlite3_db_handle(statement)));
    }
}

int render_value(sqlite3_stmt *statement, int column, struct value *value, struct buffer *text,
                 struct error *error)
{
    buffer_clear(text);
    value_from_column(statement, column, value);
    /* SQLite has no bytes for a text only when it had no memory for them. */
    if (value->type == VALUE_TEXT && !value->bytes.at) return error_memory(error);
    value_text(value, UNIT_NONE, text);
    return buffer_failed(text) ? error_memory(error) : 0;
}

static int write_failure(struct error *error)
{
    return error_set(error, ERROR_FAILURE, "cannot write the result: %s", strerror(errno));
}

int render_write(FILE *out, struct buffer *line, struct error *error)
{
    if (buffer_failed(line)) return error_memory(error);
    if (fwrite(buffer_view(line).at, 1, line->size, out) != line->size) return write_failure(error);
    buffer_clear(line);
    return 0;
}

int render_rows(sqlite3_stmt *statement, enum render_format format, FILE *out, bool terminal,
                struct error *error)
{
    int result = format == RENDER_TABLE || format == RENDER_MARKDOWN
                     ? render_grid(statement, format == RENDER_MARKDOWN, out, error)
                     : render_lines(statement, format, out, terminal, error);
    if (result) return result;
    return fflush(out) == 0 && !ferror(out) ? 0 : write_failure(error);
}
