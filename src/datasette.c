#include "cdclite/datasette.h"

#include <sqlite3.h>
#include <string.h>

#include "cdclite/catalog.h"
#include "cdclite/database.h"
#include "cdclite/log.h"
#include "datasette_query.h"
#include "query_parts.h"

/* What is being written. */
struct metadata {
    sqlite3 *db;
    struct buffer *out;
    const char *separator;
    struct error *error;
};

static void left_out(const struct query *query, const char *table, const char *why)
{
    log_write(LOG_INFO, "left out %s%s%s: %s", query->name, table ? " of " : "", table ? table : "", why);
}

/* Whether the database can answer it; Datasette would only say so to who fills in the form. */
static bool is_answered(struct metadata *metadata, const struct query *query, const char *table,
                        const char *sql)
{
    sqlite3_stmt *statement = NULL;
    const char *why = NULL;
    if (sqlite3_prepare_v2(metadata->db, sql, -1, &statement, NULL) != SQLITE_OK)
        why = sqlite3_errmsg(metadata->db);
    else if (!statement || !sqlite3_stmt_readonly(statement) || sqlite3_column_count(statement) == 0)
        why = "not a SELECT";
    if (why) left_out(query, table, why);
    sqlite3_finalize(statement);
    return !why;
}

/* One query, filled in for `table` where it is a template. */
static int append_query(struct metadata *metadata, const struct query *query, const char *table)
{
    struct buffer sql = {0}, argument = {0};
    const struct query_parameter *parameter = query_table_parameter(query);
    int result = 0;
    if (table) buffer_printf(&argument, "%s=%s", parameter->name, table);
    if (parameter) {
        const char *arguments[] = {buffer_string(&argument)};
        result = query_expand(metadata->db, query, arguments, table ? 1 : 0, &sql, metadata->error);
        if (result && metadata->error->kind == ERROR_USAGE) {
            left_out(query, table, metadata->error->text);
            result = 1;
        }
    } else {
        buffer_text(&sql, query->sql);
    }
    if (result == 0 && is_answered(metadata, query, table, buffer_string(&sql))) {
        buffer_text(metadata->out, metadata->separator);
        datasette_query(query, table, buffer_string(&sql), metadata->out);
        metadata->separator = ",\n";
    }
    metadata->out->failed |= buffer_failed(&sql) || buffer_failed(&argument);
    buffer_free(&sql);
    buffer_free(&argument);
    return result < 0 ? -1 : 0;
}

static int append_queries(struct metadata *metadata, const struct query_set *set)
{
    struct catalog *catalog = NULL;
    int result = catalog_open(metadata->db, NULL, &catalog, metadata->error);
    for (size_t i = 0; i < query_count(set) && result == 0; i++) {
        const struct query *query = query_at(set, i);
        const struct query_parameter *parameter = query_table_parameter(query);
        if (!parameter || !parameter->required) result = append_query(metadata, query, NULL);
        for (size_t k = 0; parameter && k < catalog_count(catalog) && result == 0; k++)
            result = append_query(metadata, query, catalog_at(catalog, k)->name);
    }
    catalog_close(catalog);
    return result;
}

/* The comment that the SQL of a table or view begins with: its first lines that are comments only. A list of
 * columns in it is indented further, and ends it. */
static void append_comment(const char *sql, struct buffer *out)
{
    bool begun = false;
    for (const char *line = strchr(sql, '\n'); line; line = strchr(line, '\n')) {
        line += 1 + strspn(line + 1, " ");
        if (strncmp(line, "-- ", 3) != 0 || line[3] == ' ') break;
        if (begun) buffer_char(out, ' ');
        buffer_append(out, line + 3, strcspn(line + 3, "\n"));
        begun = true;
    }
}

static int append_tables(struct metadata *metadata)
{
    sqlite3_stmt *rows;
    struct buffer comment = {0};
    const char *separator = "";
    int code;
    if (database_prepare(
            metadata->db,
            "SELECT name, sql FROM sqlite_schema WHERE type IN ('table', 'view') AND sql IS NOT NULL"
            " ORDER BY name",
            &rows, metadata->error))
        return -1;
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        buffer_clear(&comment);
        append_comment(database_text(rows, 1), &comment);
        if (comment.size == 0) continue;
        buffer_printf(metadata->out, "%s        ", separator);
        buffer_json(metadata->out, slice_of(database_text(rows, 0)));
        buffer_text(metadata->out, ": {\"description\": ");
        buffer_json(metadata->out, buffer_view(&comment));
        buffer_char(metadata->out, '}');
        separator = ",\n";
    }
    int result = code == SQLITE_DONE ? 0 : database_fail(metadata->db, metadata->error, "sqlite_schema");
    metadata->out->failed |= buffer_failed(&comment);
    sqlite3_finalize(rows);
    buffer_free(&comment);
    return result;
}

int datasette_metadata(sqlite3 *db, const char *name, const struct query_set *set, struct buffer *out,
                       struct error *error)
{
    struct metadata metadata = {.db = db, .out = out, .separator = "", .error = error};
    buffer_text(out, "{\n  \"databases\": {\n    ");
    buffer_json(out, slice_of(name));
    buffer_text(out, ": {\n      \"tables\": {\n");
    if (append_tables(&metadata)) return -1;
    buffer_text(out, "\n      },\n      \"queries\": {\n");
    if (append_queries(&metadata, set)) return -1;
    buffer_text(out, "\n      }\n    }\n  }\n}\n");
    return buffer_failed(out) ? error_memory(error) : 0;
}
