#include "cdclite/embedded.h"
#include "cdclite/history_ddl.h"
#include "normal_sql.h"
#include "verify_parts.h"

static void describe(const struct captured_table *table, struct buffer *sql)
{
    struct buffer history = {0};
    buffer_printf(&history, "%s_history", table->name);
    history_ddl_table(table, buffer_string(&history), sql);
    history_ddl_triggers(table, sql);
    history_ddl_views(table, sql);
    sql->failed |= buffer_failed(&history);
    buffer_free(&history);
}

/* Makes what a database with these tables has in it, in memory. */
static int make_like(const struct catalog *catalog, sqlite3 *like, struct error *error)
{
    struct buffer sql = {0};
    int result = 0;
    for (int i = 0; i < DATABASE_VERSION && result == 0; i++)
        result = database_run(like, embedded_find(database_migrations[i])->text, error);
    for (size_t i = 0; i < catalog_count(catalog) && result == 0; i++) {
        buffer_clear(&sql);
        describe(catalog_at(catalog, i), &sql);
        result = buffer_failed(&sql) ? error_memory(error) : database_run(like, buffer_string(&sql), error);
    }
    buffer_free(&sql);
    return result;
}

/* Whether both say the same; 1, 0, or -1: failure. */
static int same_sql(const char *a, const char *b, bool is_table, struct error *error)
{
    struct buffer left = {0}, right = {0};
    normal_sql(a, is_table, &left);
    normal_sql(b, is_table, &right);
    int result = buffer_failed(&left) || buffer_failed(&right)
                     ? error_memory(error)
                     : slice_equals(buffer_view(&left), buffer_view(&right));
    buffer_free(&left);
    buffer_free(&right);
    return result;
}

/* What stands in the file, beside what should, where both can be joined by an index. */
static int copy_schema(struct verification *verification, sqlite3 *like, struct error *error)
{
    sqlite3_stmt *from = NULL, *to = NULL;
    int code = SQLITE_DONE;
    int result =
        database_run(like,
                     "CREATE TABLE temp.found(type, name COLLATE NOCASE, tbl_name COLLATE NOCASE, sql,"
                     " PRIMARY KEY (type, name)) WITHOUT ROWID",
                     error) ||
                database_prepare(verification->db,
                                 "SELECT type, name, tbl_name, sql FROM sqlite_schema"
                                 " WHERE sql IS NOT NULL",
                                 &from, error) ||
                database_prepare(like, "INSERT OR IGNORE INTO temp.found VALUES(?1, ?2, ?3, ?4)", &to, error)
            ? -1
            : 0;
    while (result == 0 && (code = sqlite3_step(from)) == SQLITE_ROW) {
        for (int i = 0; i < 4; i++) sqlite3_bind_text(to, i + 1, database_text(from, i), -1, SQLITE_STATIC);
        result = database_step(like, to, error);
    }
    if (result == 0 && code != SQLITE_DONE) result = database_fail(verification->db, error, "sqlite_schema");
    sqlite3_finalize(from);
    sqlite3_finalize(to);
    return result;
}

/* Holds a row against each other: type, name, what it should be, what it is. */
static int check_one(struct verification *verification, sqlite3_stmt *row, struct error *error)
{
    const char *type = database_text(row, 0), *name = database_text(row, 1), *sql = database_text(row, 2);
    if (sqlite3_column_type(row, 3) == SQLITE_NULL) {
        verify_found(verification, name, "this %s is not there; what belongs there: %s", type, sql);
        return 0;
    }
    int same = same_sql(sql, database_text(row, 3), strcmp(type, "table") == 0, error);
    if (same < 0) return -1;
    if (same == 0 && strcmp(type, "trigger") == 0)
        verify_found(verification, name, "this trigger was altered; what belongs there: %s", sql);
    else if (same == 0)
        verify_found(verification, name,
                     "this %s is not as this cdclite makes it: it was altered, or another version made it",
                     type);
    return 0;
}

static const char expected_sql[] =
    "SELECT e.type, e.name, e.sql, f.sql FROM main.sqlite_schema AS e"
    " LEFT JOIN temp.found AS f ON f.type = e.type AND f.name = e.name WHERE e.sql IS NOT NULL";

/* Triggers that are not ours change what our tables hold. Other things beside ours are the user's own. */
static const char other_triggers_sql[] =
    "SELECT name, tbl_name FROM temp.found WHERE type = 'trigger'"
    " AND tbl_name IN (SELECT name FROM main.sqlite_schema WHERE type = 'table')"
    " AND name NOT IN (SELECT name FROM main.sqlite_schema WHERE type = 'trigger')";

static int tell_trigger(struct verification *verification, sqlite3_stmt *row, struct error *error)
{
    (void)error;
    verify_found(verification, database_text(row, 0), "a trigger on %s that is not cdclite's; drop it",
                 database_text(row, 1));
    return 0;
}

static int each_row(struct verification *verification, sqlite3 *like, const char *sql,
                    int (*take)(struct verification *verification, sqlite3_stmt *row, struct error *error),
                    struct error *error)
{
    sqlite3_stmt *rows;
    int code = SQLITE_ROW, result = database_prepare(like, sql, &rows, error);
    while (result == 0 && (code = sqlite3_step(rows)) == SQLITE_ROW) result = take(verification, rows, error);
    if (result == 0 && code != SQLITE_DONE) result = database_fail(like, error, "the expected schema");
    sqlite3_finalize(rows);
    return result;
}

int verify_schema(struct verification *verification, struct error *error)
{
    sqlite3 *like = NULL;
    verify_progress(verification, "tables, triggers and views", 0, 0);
    int result = sqlite3_open(":memory:", &like) == SQLITE_OK ? make_like(verification->catalog, like, error)
                                                              : database_fail(like, error, ":memory:");
    if (result == 0) result = copy_schema(verification, like, error);
    if (result == 0) result = each_row(verification, like, expected_sql, check_one, error);
    if (result == 0) result = each_row(verification, like, other_triggers_sql, tell_trigger, error);
    sqlite3_close_v2(like);
    return result;
}
