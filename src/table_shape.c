#include "cdclite/table_shape.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "cdclite/buffer.h"
#include "cdclite/database.h"
#include "cdclite/history_ddl.h"

static const char *const kind_names[] = {
    [KIND_ANY] = "any",         [KIND_INTEGER] = "integer", [KIND_BOOLEAN] = "boolean",
    [KIND_FLOAT] = "float",     [KIND_TEXT] = "text",       [KIND_BYTES] = "bytes",
    [KIND_DECIMAL] = "decimal", [KIND_JSON] = "json",       [KIND_VARIABLE_DECIMAL] = "variable_decimal",
};

static enum column_kind kind_named(const char *name)
{
    for (size_t i = 0; name && i < sizeof kind_names / sizeof *kind_names; i++)
        if (strcmp(kind_names[i], name) == 0) return (enum column_kind)i;
    return KIND_ANY;
}

static enum column_storage storage_named(const char *name)
{
    for (int i = STORAGE_INTEGER; name && i <= STORAGE_BLOB; i++)
        if (strcmp(storage_name((enum column_storage)i), name) == 0) return (enum column_storage)i;
    return STORAGE_ANY;
}

int table_load_columns(sqlite3 *db, struct captured_table *table, struct error *error)
{
    sqlite3_stmt *statement;
    int code, result = -1;
    if (database_prepare(
            db,
            "SELECT name, column_name, storage, kind, unit, scale, is_key, sent_as, first_change_id"
            " FROM captured_column"
            " WHERE table_id = ?1 ORDER BY position",
            &statement, error))
        return -1;
    sqlite3_bind_int64(statement, 1, table->table_id);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct captured_column *column =
            table_append_column(table, database_text(statement, 0), database_text(statement, 1), error);
        if (!column) goto done;
        column->storage = storage_named(database_text(statement, 2));
        column->type.kind = kind_named(database_text(statement, 3));
        column->type.unit = time_unit_named((const char *)sqlite3_column_text(statement, 4));
        column->type.scale = sqlite3_column_int(statement, 5);
        column->key = sqlite3_column_int(statement, 6) != 0;
        column->first_change_id = sqlite3_column_int64(statement, 8);
        if (column_set_sent_as(column, (const char *)sqlite3_column_text(statement, 7), error)) goto done;
    }
    table->stored = true;
    table->stored_count = table->count;
    table_set_roles(table);
    result = code == SQLITE_DONE ? 0 : database_fail(db, error, "captured_column");
done:
    sqlite3_finalize(statement);
    return result;
}

static int save_columns(sqlite3 *db, struct captured_table *table, struct error *error)
{
    sqlite3_stmt *statement;
    int result = 0;
    if (database_prepare(db,
                         "REPLACE INTO captured_column VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                         &statement, error))
        return -1;
    for (size_t i = 0; i < table->count && result == 0; i++) {
        struct captured_column *column = &table->columns[i];
        if (!column->unsaved) continue;
        sqlite3_bind_int64(statement, 1, table->table_id);
        sqlite3_bind_int64(statement, 2, (sqlite3_int64)i);
        sqlite3_bind_text(statement, 3, column->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 4, column->column_name, -1, SQLITE_STATIC);
        sqlite3_bind_int(statement, 5, column->key);
        sqlite3_bind_text(statement, 6, storage_name(column->storage), -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 7, kind_names[column->type.kind], -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 8, time_unit_name(column->type.unit), -1, SQLITE_STATIC);
        sqlite3_bind_int(statement, 9, column->type.scale);
        sqlite3_bind_text(statement, 10, column->sent_as, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 11, column->first_change_id);
        result = database_step(db, statement, error);
        column->unsaved = false;
    }
    sqlite3_finalize(statement);
    return result;
}

/* ALTER TABLE for each column that the history table does not have yet. */
static void add_columns_sql(const struct captured_table *table, const char *history, struct buffer *sql)
{
    for (size_t i = table->stored_count; i < table->count; i++)
        for (int after = 0; after <= 1; after++) {
            buffer_text(sql, "ALTER TABLE ");
            buffer_identifier(sql, history);
            buffer_text(sql, " ADD COLUMN ");
            buffer_image_name(sql, after ? "after" : "before", table->columns[i].column_name);
            buffer_printf(sql, " %s;\n", storage_name(table->columns[i].storage));
        }
}

/* A STRICT column's type cannot be altered: the table is made anew beside the old one and filled from it. */
static void rebuild_sql(const struct captured_table *table, const char *history, struct buffer *sql)
{
    static const char made[] = "cdclite retyped history";
    history_ddl_table(table, made, sql);
    buffer_printf(sql, "INSERT INTO \"%s\"(", made);
    history_ddl_columns(table, sql);
    buffer_text(sql, ")\nSELECT ");
    history_ddl_columns(table, sql);
    buffer_text(sql, " FROM ");
    buffer_identifier(sql, history);
    buffer_text(sql, ";\nDROP TABLE ");
    buffer_identifier(sql, history);
    buffer_printf(sql, ";\nALTER TABLE \"%s\" RENAME TO ", made);
    buffer_identifier(sql, history);
    buffer_text(sql, ";\n");
    history_ddl_triggers(table, sql);
}

/* The table's key and whether it is the bundled one are settled with its first columns. */
static int save_roles(sqlite3 *db, const struct captured_table *table, struct error *error)
{
    char sql[128];
    snprintf(sql, sizeof sql,
             "UPDATE captured_table SET key_enforced = %d, bundled = %d WHERE table_id = %lld",
             table->key_enforced, table->bundled, (long long)table->table_id);
    return database_run(db, sql, error);
}

int table_store_shape(sqlite3 *db, struct captured_table *table, int64_t change_id, struct error *error)
{
    if (table->stored && !table->retyped && !table->views_stale && table->stored_count == table->count)
        return 0;
    struct buffer sql = {0}, history = {0};
    table_set_roles(table);
    for (size_t i = table->stored_count; i < table->count; i++) table->columns[i].first_change_id = change_id;
    buffer_printf(&history, "%s_history", table->name);
    /* Renaming a table fails while a view names a missing column, so the views go first and come back last.
     */
    history_ddl_drop_views(table, &sql);
    if (!table->stored) {
        history_ddl_table(table, buffer_string(&history), &sql);
        history_ddl_triggers(table, &sql);
    } else {
        add_columns_sql(table, buffer_string(&history), &sql);
        if (table->retyped) rebuild_sql(table, buffer_string(&history), &sql);
    }
    history_ddl_views(table, &sql);
    table_forget_statements(table);
    int result = buffer_failed(&sql) || buffer_failed(&history)
                     ? error_memory(error)
                     : database_run(db, buffer_string(&sql), error);
    buffer_free(&sql);
    buffer_free(&history);
    if (result || save_columns(db, table, error) ||
        (table->stored_count == 0 && save_roles(db, table, error)))
        return -1;
    table->stored = true;
    table->retyped = table->views_stale = false;
    table->stored_count = table->count;
    return 0;
}

int table_note_partition(sqlite3 *db, struct captured_table *table, int32_t partition, struct error *error)
{
    char sql[160];
    int64_t others;
    if (table->many_partitions || table->last_partition == partition) return 0;
    table->last_partition = partition;
    /* Each partition that the table's events came from has begun a run. */
    snprintf(sql, sizeof sql,
             "SELECT EXISTS (SELECT 1 FROM connector_run WHERE table_id = %lld AND partition <> %d)",
             (long long)table->table_id, (int)partition);
    if (database_integer(db, sql, 0, &others, error)) return -1;
    if (!others) return 0;
    table->many_partitions = true;
    snprintf(sql, sizeof sql, "UPDATE captured_table SET many_partitions = 1 WHERE table_id = %lld",
             (long long)table->table_id);
    if (database_run(db, sql, error)) return -1;
    table->views_stale = true;
    return table_store_shape(db, table, 0, error);
}
