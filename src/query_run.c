#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "cdclite/log.h"
#include "display_text.h"
#include "query_parts.h"

/* How much of a line is shown around the place of an error, in bytes. */
enum { SHOWN_BEFORE = 60, SHOWN_BEHIND = 40 };

/* Lets a statement read and nothing else, though the connection could (ATTACH, PRAGMA, load_extension). */
static int authorize(void *context, int action, const char *first, const char *second, const char *schema,
                     const char *trigger)
{
    (void)context, (void)schema, (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    /* json_each and its like declare their columns in a table of their own; a real change of the schema is
     * refused with every statement that is not readonly. */
    case SQLITE_UPDATE: return strcmp(first, "sqlite_master") == 0 ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_FUNCTION: return sqlite3_stricmp(second, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    default: return SQLITE_DENY;
    }
}

/* Shows a piece of the line with a caret under the place. Tabs become spaces, so that the caret stands right.
 */
static void show_place(struct slice line, size_t place)
{
    static const struct display plain = {.marked = "", .kept = ""};
    size_t from = place > SHOWN_BEFORE ? place - SHOWN_BEFORE : 0;
    size_t to = line.size > place + SHOWN_BEHIND ? place + SHOWN_BEHIND : line.size;
    /* Not in the middle of a character. */
    while (from > 0 && ((unsigned char)line.at[from] & 0xc0) == 0x80) from--;
    while (to < line.size && ((unsigned char)line.at[to] & 0xc0) == 0x80) to++;
    struct buffer piece = {0}, shown = {0};
    buffer_append(&piece, line.at + from, to - from);
    for (size_t i = 0; i < piece.size; i++)
        if (piece.at[i] == '\t') piece.at[i] = ' ';
    if (!buffer_failed(&piece)) {
        struct slice all = buffer_view(&piece);
        size_t width = display_append(&shown, (struct slice){all.at, place - from}, &plain);
        display_append(&shown, (struct slice){all.at + place - from, all.size - (place - from)}, &plain);
        log_write(LOG_ERROR, "  %s", buffer_string(&shown));
        log_write(LOG_ERROR, "  %*s^", (int)width, "");
    }
    buffer_free(&piece);
    buffer_free(&shown);
}

/* The line of an offset into the text, *number counting from 1. */
static struct slice line_at(const char *text, size_t offset, size_t *number, size_t *place)
{
    const char *line = text;
    *number = 1;
    for (size_t i = 0; i < offset && text[i]; i++) {
        if (text[i] != '\n') continue;
        line = text + i + 1;
        ++*number;
    }
    *place = (size_t)(text + offset - line);
    return (struct slice){line, strcspn(line, "\r\n")};
}

/* Tables and views of captured events are made when the first event arrives: "holding_history",
 * "main.holding_sales". */
static bool is_of_events(const char *message)
{
    static const char prefix[] = "no such table: ";
    static const char *const suffixes[] = {"_history", "_changes",     "_current", "_versions",
                                           "_sales",   "_sale_events", NULL};
    if (strncmp(message, prefix, sizeof prefix - 1) != 0) return false;
    size_t size = strlen(message);
    for (const char *const *suffix = suffixes; *suffix; suffix++)
        if (size > strlen(*suffix) && strcmp(message + size - strlen(*suffix), *suffix) == 0) return true;
    return false;
}

/* Why SQLite did not take the text. */
static int refused(sqlite3 *db, const struct query *query, struct error *error)
{
    const char *message = sqlite3_errmsg(db);
    int offset = sqlite3_error_offset(db), code = sqlite3_errcode(db) & 0xff;
    if (is_of_events(message))
        return error_set(error, ERROR_STORAGE,
                         "%s: %s; no event of that table has been loaded yet (cdclite load)", query->name,
                         message);
    if (code == SQLITE_AUTH)
        return error_set(error, ERROR_USAGE, "%s: %s: a query may only read", query->file, message);
    enum error_kind kind = code == SQLITE_ERROR ? ERROR_USAGE : ERROR_STORAGE;
    if (offset < 0) return error_set(error, kind, "%s: %s", query->file, message);
    size_t number, place;
    struct slice line = line_at(query->sql, (size_t)offset, &number, &place);
    show_place(line, place < line.size ? place : line.size);
    return error_set(error, kind, "%s:%zu: %s", query->file, number, message);
}

/* What follows the statement may be comments. */
static bool is_blank(sqlite3 *db, const char *sql)
{
    while (*sql) {
        sqlite3_stmt *statement;
        int code = sqlite3_prepare_v3(db, sql, -1, 0, &statement, &sql);
        bool blank = code == SQLITE_OK && !statement;
        sqlite3_finalize(statement);
        if (!blank) return false;
    }
    return true;
}

static int prepare(sqlite3 *db, const struct query *query, sqlite3_stmt **statement, struct error *error)
{
    const char *rest;
    if (sqlite3_prepare_v3(db, query->sql, -1, 0, statement, &rest) != SQLITE_OK)
        return refused(db, query, error);
    if (!*statement) return error_set(error, ERROR_USAGE, "%s: holds no statement", query->file);
    if (!is_blank(db, rest))
        return error_set(error, ERROR_USAGE, "%s: more than one statement; a query is one SELECT",
                         query->file);
    if (!sqlite3_stmt_readonly(*statement) || sqlite3_column_count(*statement) == 0)
        return error_set(error, ERROR_USAGE, "%s: not a SELECT: a query may only read", query->file);
    return 0;
}

int query_read(sqlite3 *db, const struct query *query, const char *const *arguments, size_t count,
               query_take *take, void *context, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    struct query_filled filled;
    int result = -1;
    if (query_check(query, arguments, count, error)) return -1;
    if (query_fill(db, query, arguments, count, &filled, error)) goto done;
    if (filled.arguments) arguments = filled.arguments;
    sqlite3_set_authorizer(db, authorize, NULL);
    if (prepare(db, &filled.query, &statement, error) ||
        query_bind(query, arguments, count, statement, error))
        goto done;
    result = take(context, statement, error);
    if (result) error_context(error, "%s", query->name);
done:
    sqlite3_finalize(statement);
    sqlite3_set_authorizer(db, NULL, NULL);
    query_filled_free(&filled);
    return result;
}

/* Where rows are printed, and how. */
struct printing {
    enum render_format format;
    FILE *out;
};

static int print_rows(void *context, sqlite3_stmt *statement, struct error *error)
{
    const struct printing *printing = context;
    return render_rows(statement, printing->format, printing->out, isatty(fileno(printing->out)), error);
}

int query_run(sqlite3 *db, const struct query *query, const char *const *arguments, size_t count,
              enum render_format format, FILE *out, struct error *error)
{
    struct printing printing = {format, out};
    return query_read(db, query, arguments, count, print_rows, &printing, error);
}
