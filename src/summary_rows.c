#include "summary_rows.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "cdclite/database.h"

static const char name[] = "summary_rows";

struct summary_rows {
    sqlite3 *db;
    struct summary_source *source;
    struct value row[SUMMARY_COLUMNS];
    sqlite3_int64 number; /* of the row */
    int there;
};

struct rows_table {
    sqlite3_vtab base;
    struct summary_rows *rows;
};

static struct summary_rows *rows_of(const sqlite3_vtab_cursor *cursor)
{
    return ((struct rows_table *)cursor->pVtab)->rows;
}

static int rows_connect(sqlite3 *db, void *rows, int count, const char *const *words, sqlite3_vtab **made,
                        char **problem)
{
    (void)count, (void)words, (void)problem;
    int code = sqlite3_declare_vtab(db, "CREATE TABLE rows(c0, c1, c2, c3, c4, c5)");
    if (code != SQLITE_OK) return code;
    struct rows_table *table = calloc(1, sizeof *table);
    if (!table) return SQLITE_NOMEM;
    table->rows = rows;
    *made = &table->base;
    return SQLITE_OK;
}

static int rows_disconnect(sqlite3_vtab *table)
{
    free(table);
    return SQLITE_OK;
}

static int rows_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    info->estimatedCost = 1e6;
    return SQLITE_OK;
}

static int rows_open(sqlite3_vtab *table, sqlite3_vtab_cursor **opened)
{
    (void)table;
    *opened = calloc(1, sizeof **opened);
    return *opened ? SQLITE_OK : SQLITE_NOMEM;
}

static int rows_close(sqlite3_vtab_cursor *cursor)
{
    free(cursor);
    return SQLITE_OK;
}

static int rows_next(sqlite3_vtab_cursor *cursor)
{
    struct summary_rows *rows = rows_of(cursor);
    rows->number++;
    rows->there = rows->source->next(rows->source, rows->row);
    return rows->there < 0 ? SQLITE_NOMEM : SQLITE_OK;
}

static int rows_filter(sqlite3_vtab_cursor *cursor, int plan, const char *text, int count,
                       sqlite3_value **values)
{
    (void)plan, (void)text, (void)count, (void)values;
    return rows_next(cursor);
}

static int rows_eof(sqlite3_vtab_cursor *cursor)
{
    return rows_of(cursor)->there <= 0;
}

static int rows_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column)
{
    const struct value *value = &rows_of(cursor)->row[column];
    switch (value->type) {
    case VALUE_NULL: break;
    case VALUE_INTEGER: sqlite3_result_int64(context, value->integer); break;
    case VALUE_REAL: sqlite3_result_double(context, value->real); break;
    case VALUE_TEXT:
        sqlite3_result_text64(context, value->bytes.at, value->bytes.size, SQLITE_STATIC, SQLITE_UTF8);
        break;
    case VALUE_BLOB: sqlite3_result_blob64(context, value->bytes.at, value->bytes.size, SQLITE_STATIC); break;
    }
    return SQLITE_OK;
}

static int rows_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid)
{
    *rowid = rows_of(cursor)->number;
    return SQLITE_OK;
}

int summary_rows_open(sqlite3 *db, struct summary_rows **opened, struct error *error)
{
    static const sqlite3_module module = {.xConnect = rows_connect,
                                          .xBestIndex = rows_best_index,
                                          .xDisconnect = rows_disconnect,
                                          .xOpen = rows_open,
                                          .xClose = rows_close,
                                          .xFilter = rows_filter,
                                          .xNext = rows_next,
                                          .xEof = rows_eof,
                                          .xColumn = rows_column,
                                          .xRowid = rows_rowid};
    struct summary_rows *rows = *opened = calloc(1, sizeof *rows);
    if (!rows) return error_memory(error);
    rows->db = db;
    return sqlite3_create_module(db, name, &module, rows) == SQLITE_OK ? 0 : database_fail(db, error, name);
}

void summary_rows_close(struct summary_rows *rows)
{
    if (rows) sqlite3_create_module(rows->db, name, NULL, NULL);
    free(rows);
}

int summary_rows_write(struct summary_rows *rows, sqlite3_stmt *statement, struct summary_source *source,
                       struct error *error)
{
    rows->source = source;
    rows->there = 0;
    return database_step(rows->db, statement, error);
}
