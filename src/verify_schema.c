#include "cdclite/embedded.h"
#include "cdclite/history_ddl.h"
#include "normal_sql.h"
#include "verify_parts.h"

/* What should be in the file and what is, side by side and found by name. */
static const char schemas_sql[] =
    "CREATE TABLE expected(type, name COLLATE NOCASE, tbl_name, sql, PRIMARY KEY (type, name)) WITHOUT ROWID;"
    "CREATE TABLE found(type, name COLLATE NOCASE, tbl_name, sql, PRIMARY KEY (type, name)) WITHOUT ROWID;";

/* Triggers that are not ours change what our tables hold. Other things beside ours are the user's own. */
static const char other_triggers_sql[] =
    "SELECT f.name, f.tbl_name FROM found AS f JOIN expected AS t ON t.type = 'table' AND t.name = f.tbl_name"
    " WHERE f.type = 'trigger' AND NOT EXISTS"
    "  (SELECT 1 FROM expected AS e WHERE e.type = 'trigger' AND e.name = f.name)";

static const char expected_sql[] =
    "SELECT e.type, e.name, e.sql, f.sql FROM expected AS e LEFT JOIN found AS f USING (type, name)";

/* Adds all that `from` has to expected or found. */
static int copy_schema(sqlite3 *from, sqlite3 *schemas, const char *insert_sql, struct error *error)
{
    sqlite3_stmt *rows = NULL, *insert = NULL;
    int code = SQLITE_ROW;
    int result =
        database_prepare(from, "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL",
                         &rows, error) ||
                database_prepare(schemas, insert_sql, &insert, error)
            ? -1
            : 0;
    while (result == 0 && (code = sqlite3_step(rows)) == SQLITE_ROW) {
        for (int i = 0; i < 4; i++)
            sqlite3_bind_text(insert, i + 1, database_text(rows, i), -1, SQLITE_STATIC);
        result = database_step(schemas, insert, error);
    }
    if (result == 0 && code != SQLITE_DONE) result = database_fail(from, error, "sqlite_schema");
    sqlite3_finalize(rows);
    sqlite3_finalize(insert);
    return result;
}

/* Adds what some SQL makes to expected. It is run by itself: SQLite reads through all of a schema for each
 * thing that is added to it. */
static int expect(sqlite3 *schemas, const char *const sql[], size_t count, struct error *error)
{
    sqlite3 *alone = NULL;
    int result = sqlite3_open(":memory:", &alone) == SQLITE_OK ? 0 : database_fail(alone, error, ":memory:");
    for (size_t i = 0; i < count && result == 0; i++) result = database_run(alone, sql[i], error);
    if (result == 0)
        result = copy_schema(alone, schemas, "INSERT INTO expected VALUES(?1, ?2, ?3, ?4)", error);
    sqlite3_close_v2(alone);
    return result;
}

static int expect_table(sqlite3 *schemas, const struct captured_table *table, struct error *error)
{
    struct buffer sql = {0}, history = {0};
    buffer_printf(&history, "%s_history", table->name);
    history_ddl_table(table, buffer_string(&history), &sql);
    history_ddl_triggers(table, &sql);
    history_ddl_views(table, &sql);
    int result = buffer_failed(&sql) || buffer_failed(&history)
                     ? error_memory(error)
                     : expect(schemas, &(const char *){buffer_string(&sql)}, 1, error);
    buffer_free(&sql);
    buffer_free(&history);
    return result;
}

static int expect_all(sqlite3 *schemas, const struct catalog *catalog, struct error *error)
{
    const char *migrations[DATABASE_VERSION];
    for (size_t i = 0; i < DATABASE_VERSION; i++) migrations[i] = embedded_find(database_migrations[i])->text;
    if (expect(schemas, migrations, DATABASE_VERSION, error)) return -1;
    for (size_t i = 0; i < catalog_count(catalog); i++)
        if (expect_table(schemas, catalog_at(catalog, i), error)) return -1;
    return 0;
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

/* A row of expected_sql: type, name, what it should be, what it is. */
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

static int tell_trigger(struct verification *verification, sqlite3_stmt *row, struct error *error)
{
    (void)error;
    verify_found(verification, database_text(row, 0), "a trigger on %s that is not cdclite's; drop it",
                 database_text(row, 1));
    return 0;
}

static int each_row(struct verification *verification, sqlite3 *schemas, const char *sql,
                    int (*take)(struct verification *verification, sqlite3_stmt *row, struct error *error),
                    struct error *error)
{
    sqlite3_stmt *rows;
    int code = SQLITE_ROW, result = database_prepare(schemas, sql, &rows, error);
    while (result == 0 && (code = sqlite3_step(rows)) == SQLITE_ROW) result = take(verification, rows, error);
    if (result == 0 && code != SQLITE_DONE) result = database_fail(schemas, error, "expected schema");
    sqlite3_finalize(rows);
    return result;
}

int verify_schema(struct verification *verification, struct error *error)
{
    sqlite3 *schemas = NULL;
    verify_progress(verification, "tables, triggers and views", 0, 0);
    int result = sqlite3_open(":memory:", &schemas) == SQLITE_OK ? database_run(schemas, schemas_sql, error)
                                                                 : database_fail(schemas, error, ":memory:");
    if (result == 0) result = expect_all(schemas, verification->catalog, error);
    if (result == 0)
        result = copy_schema(verification->db, schemas, "INSERT OR IGNORE INTO found VALUES(?1, ?2, ?3, ?4)",
                             error);
    if (result == 0) result = each_row(verification, schemas, expected_sql, check_one, error);
    if (result == 0) result = each_row(verification, schemas, other_triggers_sql, tell_trigger, error);
    sqlite3_close_v2(schemas);
    return result;
}
