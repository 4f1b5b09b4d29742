#include "cdclite/table_shape.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "cdclite/buffer.h"
#include "cdclite/database.h"
#include "cdclite/history.h"
#include "cdclite/history_ddl.h"
#include "cdclite/log.h"

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

static int load_columns(sqlite3 *db, struct captured_table *table, struct error *error)
{
    sqlite3_stmt *statement;
    int code, result = -1;
    if (database_prepare(
            db,
            "SELECT name, column_name, storage, kind, unit, scale, is_key, sent_as, first_change_id,"
            " present, place, identifying, declared"
            " FROM captured_column WHERE table_id = ?1 ORDER BY position",
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
        column->present = sqlite3_column_int(statement, 9) != 0;
        column->place = (size_t)sqlite3_column_int64(statement, 10);
        column->identifying = sqlite3_column_int(statement, 11) != 0;
        column->declared = sqlite3_column_int(statement, 12) != 0;
        table->present_count += column->present;
        if (column_set_sent_as(column, (const char *)sqlite3_column_text(statement, 7), error)) goto done;
    }
    result = code == SQLITE_DONE ? 0 : database_fail(db, error, "captured_column");
done:
    sqlite3_finalize(statement);
    return result;
}

static const char *const event_names[] = {
    [COLUMN_APPEARED] = "appeared", [COLUMN_RETYPED] = "retyped", [COLUMN_VANISHED] = "vanished"};

static int load_changes(sqlite3 *db, struct captured_table *table, struct error *error)
{
    sqlite3_stmt *statement;
    int code, result = -1;
    if (database_prepare(
            db,
            "SELECT change_id, changed_at, position, what, renamed_from, default_sql, old_kind, old_unit,"
            " old_scale, old_sent_as FROM column_change WHERE table_id = ?1 ORDER BY rowid",
            &statement, error))
        return -1;
    sqlite3_bind_int64(statement, 1, table->table_id);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct column_change *change =
            table_append_change(table, (const char *)sqlite3_column_text(statement, 5),
                                (const char *)sqlite3_column_text(statement, 9), error);
        if (!change) goto done;
        change->change_id = sqlite3_column_int64(statement, 0);
        change->changed_at = sqlite3_column_int64(statement, 1);
        change->column = (size_t)sqlite3_column_int64(statement, 2);
        while (change->event < COLUMN_VANISHED &&
               strcmp(database_text(statement, 3), event_names[change->event]) != 0)
            change->event++;
        if (sqlite3_column_type(statement, 4) != SQLITE_NULL)
            change->renamed_from = (size_t)sqlite3_column_int64(statement, 4);
        change->old_type.kind = kind_named((const char *)sqlite3_column_text(statement, 6));
        change->old_type.unit = time_unit_named((const char *)sqlite3_column_text(statement, 7));
        change->old_type.scale = sqlite3_column_int(statement, 8);
        if (change->changed_at > table->shape_at) table->shape_at = change->changed_at;
    }
    table->stored_change_count = table->change_count;
    result = code == SQLITE_DONE ? 0 : database_fail(db, error, "column_change");
done:
    sqlite3_finalize(statement);
    return result;
}

int table_load_columns(sqlite3 *db, struct captured_table *table, struct error *error)
{
    if (load_columns(db, table, error) || load_changes(db, table, error)) return -1;
    table->stored = true;
    table->stored_count = table->count;
    table_set_roles(table);
    return 0;
}

static int save_columns(sqlite3 *db, struct captured_table *table, struct error *error)
{
    sqlite3_stmt *statement;
    int result = 0;
    if (database_prepare(
            db,
            "REPLACE INTO captured_column(table_id, position, name, column_name, is_key, storage, kind,"
            " unit, scale, sent_as, first_change_id, present, place, identifying, declared)"
            " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
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
        sqlite3_bind_int(statement, 12, column->present);
        sqlite3_bind_int64(statement, 13, (sqlite3_int64)column->place);
        sqlite3_bind_int(statement, 14, column->identifying);
        sqlite3_bind_int(statement, 15, column->declared);
        result = database_step(db, statement, error);
        column->unsaved = false;
    }
    sqlite3_finalize(statement);
    return result;
}

static int save_changes(sqlite3 *db, struct captured_table *table, struct error *error)
{
    sqlite3_stmt *statement;
    int result = 0;
    if (table->stored_change_count == table->change_count) return 0;
    if (database_prepare(
            db, "INSERT INTO column_change VALUES(?1, ?2, ?3, ?4, ?5, nullif(?6, -1), ?7, ?8, ?9, ?10, ?11)",
            &statement, error))
        return -1;
    for (; table->stored_change_count < table->change_count && result == 0; table->stored_change_count++) {
        const struct column_change *change = &table->changes[table->stored_change_count];
        bool retyped = change->event == COLUMN_RETYPED;
        sqlite3_bind_int64(statement, 1, table->table_id);
        sqlite3_bind_int64(statement, 2, change->change_id);
        sqlite3_bind_int64(statement, 3, change->changed_at);
        sqlite3_bind_int64(statement, 4, (sqlite3_int64)change->column);
        sqlite3_bind_text(statement, 5, event_names[change->event], -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 6,
                           change->renamed_from == NO_COLUMN ? -1 : (sqlite3_int64)change->renamed_from);
        sqlite3_bind_text(statement, 7, change->default_sql, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 8, retyped ? kind_names[change->old_type.kind] : NULL, -1,
                          SQLITE_STATIC);
        sqlite3_bind_text(statement, 9, time_unit_name(change->old_type.unit), -1, SQLITE_STATIC);
        sqlite3_bind_int(statement, 10, change->old_type.scale);
        sqlite3_bind_text(statement, 11, change->old_sent_as, -1, SQLITE_STATIC);
        result = database_step(db, statement, error);
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

int table_save_facts(sqlite3 *db, struct captured_table *table, struct error *error)
{
    sqlite3_stmt *statement;
    if (!table->facts_unsaved) return 0;
    if (database_prepare(
            db,
            "UPDATE captured_table SET key_enforced = ?2, bundled = ?3, key_declared = ?4, flattened = ?5,"
            " old_values = nullif(?6, -1), keeps_state = ?7, many_partitions = ?8 WHERE table_id = ?1",
            &statement, error))
        return -1;
    sqlite3_bind_int64(statement, 1, table->table_id);
    sqlite3_bind_int(statement, 2, table->key_enforced);
    sqlite3_bind_int(statement, 3, table->bundled);
    sqlite3_bind_int(statement, 4, table->key_declared);
    sqlite3_bind_int(statement, 5, table->flattened);
    sqlite3_bind_int(statement, 6,
                     table->old_values == OLD_VALUES_UNSEEN ? -1 : table->old_values == OLD_VALUES_CARRIED);
    sqlite3_bind_int(statement, 7, table->keeps_state);
    sqlite3_bind_int(statement, 8, table->many_partitions);
    int result = database_step(db, statement, error);
    sqlite3_finalize(statement);
    table->facts_unsaved = false;
    return result;
}

/* Views only show the history: those that are too much for SQLite are left out, and the load goes on. */
static int make_views(sqlite3 *db, const struct captured_table *table, struct error *error)
{
    struct buffer sql = {0};
    history_ddl_views(table, &sql);
    int result = buffer_failed(&sql) ? error_memory(error) : database_run(db, buffer_string(&sql), error);
    int code = sqlite3_errcode(db) & 0xff;
    if (result && !buffer_failed(&sql) && (code == SQLITE_ERROR || code == SQLITE_TOOBIG)) {
        log_write(LOG_WARNING, "%s: its views cannot be made, its history is whole: %s", table->source_name,
                  sqlite3_errmsg(db));
        buffer_clear(&sql);
        history_ddl_drop_views(table, &sql);
        result = buffer_failed(&sql) ? error_memory(error) : database_run(db, buffer_string(&sql), error);
    }
    buffer_free(&sql);
    return result;
}

int table_store_shape(sqlite3 *db, struct captured_table *table, int64_t change_id, struct error *error)
{
    if (table->stored && !table->retyped && !table->views_stale && table->stored_count == table->count)
        return 0;
    if (history_flush(db, table, error)) return -1;
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
    table_forget_statements(table);
    int result = buffer_failed(&sql) || buffer_failed(&history)
                     ? error_memory(error)
                     : database_run(db, buffer_string(&sql), error);
    buffer_free(&sql);
    buffer_free(&history);
    table->facts_unsaved |= table->stored_count == 0;
    if (result || make_views(db, table, error) || save_columns(db, table, error) ||
        save_changes(db, table, error) || table_save_facts(db, table, error))
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
    table->many_partitions = table->facts_unsaved = table->views_stale = true;
    return table_store_shape(db, table, 0, error);
}
