#include <sqlite3.h>
#include <string.h>

#include "cdclite/database.h"
#include "cdclite/shell_setup.h"
#include "query_parts.h"

/* How many tables are listed; .tables has them all. */
enum { MOST_TABLES = 12 };

static const char tables_sql[] =
    "SELECT t.changes, t.name || '_history',"
    " (SELECT group_concat(s.name, ', ') FROM sqlite_schema AS s WHERE s.type = 'view' AND s.name IN"
    "  (t.name || '_changes', t.name || '_field_changes', t.name || '_current', t.name || '_versions',"
    "   iif(t.bundled, 'holding_sales', '')))"
    " FROM captured_table AS t ORDER BY t.table_id";

/* Whether a word means itself both to a POSIX shell and in quotes of sqlite3's dot commands. */
static bool is_plain(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+,@";
    return *word && word[strspn(word, plain)] == '\0';
}

static int append_tables(sqlite3 *db, struct buffer *out, struct error *error)
{
    sqlite3_stmt *rows;
    int code = SQLITE_ROW, count = 0;
    if (database_prepare(db, tables_sql, &rows, error)) return -1;
    while ((code = sqlite3_step(rows)) == SQLITE_ROW && count < MOST_TABLES) {
        const char *views = database_text(rows, 2);
        buffer_printf(out, "  %s (%lld changes)%s%s\n", database_text(rows, 1),
                      (long long)sqlite3_column_int64(rows, 0), *views ? ", " : "", views);
        count++;
    }
    if (code == SQLITE_ROW) buffer_text(out, "  …\n");
    if (count == 0) buffer_text(out, "  no captured table yet (cdclite load)\n");
    int result = code == SQLITE_ROW || code == SQLITE_DONE ? 0 : database_fail(db, error, "captured_table");
    sqlite3_finalize(rows);
    return result;
}

/* The names of the queries, in lines that fit a terminal. */
static void append_queries(const struct query_set *set, bool templates, const char *indent,
                           struct buffer *out)
{
    enum { WIDTH = 100 };
    size_t line = strlen(indent), at = 0;
    buffer_text(out, indent);
    for (size_t i = 0; i < query_count(set); i++) {
        const struct query *query = query_at(set, i);
        size_t size = strlen(query->name) + 2;
        if ((query_table_parameter(query) != NULL) != templates) continue;
        if (at && line + size > WIDTH) {
            buffer_printf(out, ",\n%s", indent);
            line = strlen(indent);
            at = 0;
        }
        buffer_printf(out, "%s%s", at++ ? ", " : "", query->name);
        line += size;
    }
    buffer_char(out, '\n');
}

int shell_list(sqlite3 *db, const struct query_set *set, const char *program, const char *path,
               struct buffer *out, struct error *error)
{
    struct buffer end = {0};
    if (!is_plain(program)) program = "cdclite";
    if (is_plain(path) && strcmp(path, "history.db") != 0) buffer_printf(&end, " --db %s", path);
    buffer_printf(out, "%s, read-only. Of each captured table:\n", path);
    int result = append_tables(db, out, error);
    buffer_printf(out, "Canned queries, as in .read '|%s query most_sold_stocks --sql':\n", program);
    append_queries(set, false, "  ", out);
    buffer_printf(out, "Of any table, as in .read '|%s query activity table=holding --sql%s':\n", program,
                  buffer_string(&end));
    append_queries(set, true, "  ", out);
    buffer_text(out, "Their parameters: .parameter list; .parameter set :from \"'2025-01-31'\"\n"
                     "Also: .tables, .schema holding_changes, .help, .quit\n\n");
    if (result == 0 && (buffer_failed(out) || buffer_failed(&end))) result = error_memory(error);
    buffer_free(&end);
    return result;
}
