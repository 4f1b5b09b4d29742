#include "cdclite/history.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "cdclite/database.h"
#include "cdclite/history_ddl.h"

static int prepare_insert(sqlite3 *db, struct captured_table *table, struct error *error)
{
    struct buffer sql = {0};
    /* OR FAIL, like the trigger's FAIL: SQLite would journal each INSERT by itself for ABORT, at half its
     * cost again. */
    buffer_text(&sql, "INSERT OR FAIL INTO ");
    buffer_family_name(&sql, table->name, "history");
    buffer_char(&sql, '(');
    history_ddl_columns(table, &sql);
    buffer_text(&sql, ") VALUES(?");
    for (size_t i = 1; i < HISTORY_OWN_COLUMNS + 2 * table->count; i++) buffer_text(&sql, ", ?");
    buffer_char(&sql, ')');
    int result = buffer_failed(&sql) ? error_memory(error)
                                     : database_prepare(db, buffer_string(&sql), &table->insert, error);
    buffer_free(&sql);
    return result;
}

static void list_name(struct buffer *list, const char *image, const struct captured_column *column)
{
    struct buffer name = {0};
    buffer_printf(&name, "%s_%s", image, column->column_name);
    buffer_char(list, list->size ? ',' : '[');
    buffer_json(list, buffer_view(&name));
    list->failed |= name.failed;
    buffer_free(&name);
}

void history_list_unavailable(struct captured_table *table, const struct change *change, struct buffer *list)
{
    buffer_clear(list);
    if (change->op != 'u') return;
    for (size_t i = 0; i < table->count; i++) {
        const struct captured_column *column = &table->columns[i];
        struct value *after = &table->after[i];
        if (column->in_before || !column->in_after) continue;
        list_name(list, "before", column);
        if (after->type != VALUE_TEXT || !slice_is(after->bytes, "__debezium_unavailable_value")) continue;
        list_name(list, "after", column);
        *after = (struct value){0};
    }
    if (list->size) buffer_char(list, ']');
}

bool history_carried(const struct history_row *row, const struct captured_column *column)
{
    bool carried = true;
    for (int after = 0; after <= 1 && row->unavailable.size && carried; after++) {
        struct buffer name = {0};
        buffer_printf(&name, "%s_%s", after ? "after" : "before", column->column_name);
        struct buffer quoted = {0};
        buffer_json(&quoted, buffer_view(&name));
        carried =
            quoted.failed || !memmem(row->unavailable.at, row->unavailable.size, quoted.at, quoted.size);
        buffer_free(&name);
        buffer_free(&quoted);
    }
    return carried;
}

int history_insert(sqlite3 *db, struct captured_table *table, const struct message *message,
                   const struct change *change, struct slice unavailable, int64_t change_id,
                   struct error *error)
{
    if (!table->insert && prepare_insert(db, table, error)) return -1;
    sqlite3_stmt *insert = table->insert;
    int index = 0, code = SQLITE_OK;
    sqlite3_bind_int64(insert, ++index, change_id);
    sqlite3_bind_text(insert, ++index, &change->op, 1, SQLITE_STATIC);
    sqlite3_bind_int64(insert, ++index, change->changed_at);
    code |= value_bind(insert, ++index, &change->lsn);
    code |= value_bind(insert, ++index, &change->tx_id);
    sqlite3_bind_int(insert, ++index, message->partition);
    sqlite3_bind_int64(insert, ++index, message->offset);
    ++index;
    if (unavailable.size) {
        database_bind_slice(insert, index, unavailable);
    } else {
        sqlite3_bind_null(insert, index);
    }
    for (size_t i = 0; i < table->count; i++) code |= value_bind(insert, ++index, &table->before[i]);
    for (size_t i = 0; i < table->count; i++) code |= value_bind(insert, ++index, &table->after[i]);
    return code ? database_fail(db, error, "history") : database_step(db, insert, error);
}

static int prepare_select(sqlite3 *db, struct captured_table *table, struct error *error)
{
    struct buffer sql = {0};
    buffer_text(&sql, "SELECT ");
    history_ddl_columns(table, &sql);
    buffer_text(&sql, " FROM ");
    buffer_family_name(&sql, table->name, "history");
    buffer_text(&sql, " WHERE change_id BETWEEN ?1 AND ?2 ORDER BY change_id");
    int result = buffer_failed(&sql) ? error_memory(error)
                                     : database_prepare(db, buffer_string(&sql), &table->select, error);
    buffer_free(&sql);
    return result;
}

static void read_stored(sqlite3_stmt *select, size_t count, struct value *images, struct history_row *row)
{
    const char *op = (const char *)sqlite3_column_text(select, 1);
    *row = (struct history_row){
        .change_id = sqlite3_column_int64(select, 0),
        .op = op ? *op : '\0',
        .changed_at = sqlite3_column_int64(select, 2),
        .partition = sqlite3_column_int(select, 5),
        .offset = sqlite3_column_int64(select, 6),
        .unavailable = {(const char *)sqlite3_column_text(select, 7),
                        (size_t)sqlite3_column_bytes(select, 7)},
        .before = images,
        .after = images + count,
    };
    value_from_column(select, 3, &row->lsn);
    value_from_column(select, 4, &row->tx_id);
    for (size_t i = 0; i < 2 * count; i++)
        value_from_column(select, HISTORY_OWN_COLUMNS + (int)i, &images[i]);
}

int history_scan(sqlite3 *db, struct captured_table *table, int64_t from, int64_t to,
                 int (*each)(void *context, const struct history_row *row, struct error *error),
                 void *context, struct error *error)
{
    struct history_row row;
    if (!table->select && prepare_select(db, table, error)) return -1;
    struct value *images = calloc(2 * table->count + 1, sizeof *images);
    if (!images) return error_memory(error);
    int result = 0, code;
    sqlite3_bind_int64(table->select, 1, from);
    sqlite3_bind_int64(table->select, 2, to);
    while (result == 0 && (code = sqlite3_step(table->select)) != SQLITE_DONE) {
        if (code != SQLITE_ROW) {
            result = database_fail(db, error, "history");
            break;
        }
        read_stored(table->select, table->count, images, &row);
        result = each(context, &row, error);
    }
    sqlite3_reset(table->select);
    free(images);
    return result;
}
