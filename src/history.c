#include "cdclite/history.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "cdclite/database.h"
#include "cdclite/history_ddl.h"
#include "cdclite/missing_value.h"

static int prepare_select(sqlite3 *db, struct captured_table *table, struct error *error)
{
    struct buffer sql = {0};
    buffer_text(&sql, "SELECT ");
    history_ddl_columns(table, &sql);
    buffer_text(&sql, ", CASE WHEN unavailable IS NOT NULL THEN (SELECT coalesce(columns, unavailable) FROM "
                      "unknown_value AS u WHERE u.change_id = h.change_id) END FROM ");
    buffer_family_name(&sql, table->name, "history");
    buffer_text(&sql, " AS h WHERE change_id BETWEEN ?1 AND ?2 ORDER BY change_id");
    int result = buffer_failed(&sql) ? error_memory(error)
                                     : database_prepare(db, buffer_string(&sql), &table->select, error);
    buffer_free(&sql);
    return result;
}

/* The row of a scan, and what is known of its columns. */
struct scanned {
    struct value *images;
    bool *unknown;
    size_t count;
};

static void drop_value(void *context, size_t column, bool after)
{
    const struct scanned *scanned = context;
    scanned->images[column + (after ? scanned->count : 0)] = (struct value){0};
}

static void note_unknown(void *context, size_t column, bool after)
{
    const struct scanned *scanned = context;
    (void)after;
    scanned->unknown[column] = true;
}

static struct slice text_column(sqlite3_stmt *select, int column)
{
    return (struct slice){(const char *)sqlite3_column_text(select, column),
                          (size_t)sqlite3_column_bytes(select, column)};
}

static int read_stored(const struct captured_table *table, struct scanned *scanned,
                       enum history_values values, struct history_row *row, struct error *error)
{
    sqlite3_stmt *select = table->select;
    int columns = 2 * (int)table->count;
    const char *op = (const char *)sqlite3_column_text(select, 1);
    struct slice unknown = text_column(select, HISTORY_OWN_COLUMNS + columns);
    *row = (struct history_row){
        .change_id = sqlite3_column_int64(select, 0),
        .op = (char)(op ? *op : '\0'),
        .changed_at = sqlite3_column_int64(select, 2),
        .partition = sqlite3_column_int(select, 5),
        .offset = sqlite3_column_int64(select, 6),
        .unavailable = text_column(select, 7),
        .before = scanned->images,
        .after = scanned->images + table->count,
        .unknown = unknown.size ? scanned->unknown : NULL,
    };
    value_from_column(select, 3, &row->lsn);
    value_from_column(select, 4, &row->tx_id);
    for (int i = 0; i < columns; i++) value_from_column(select, HISTORY_OWN_COLUMNS + i, &scanned->images[i]);
    if (values == HISTORY_AS_SENT && missing_values_read(table, row->unavailable, drop_value, scanned, error))
        return -1;
    if (!unknown.size) return 0;
    memset(scanned->unknown, 0, table->count * sizeof *scanned->unknown);
    return missing_values_read(table, unknown, note_unknown, scanned, error);
}

int history_scan(sqlite3 *db, struct captured_table *table, int64_t from, int64_t to,
                 enum history_values values,
                 int (*each)(void *context, const struct history_row *row, struct error *error),
                 void *context, struct error *error)
{
    struct history_row row;
    if (history_flush(db, table, error) || (!table->select && prepare_select(db, table, error))) return -1;
    struct scanned scanned = {calloc(2 * table->count + 1, sizeof *scanned.images),
                              calloc(table->count + 1, sizeof *scanned.unknown), table->count};
    int result = scanned.images && scanned.unknown ? 0 : error_memory(error), code;
    sqlite3_bind_int64(table->select, 1, from);
    sqlite3_bind_int64(table->select, 2, to);
    while (result == 0 && (code = sqlite3_step(table->select)) != SQLITE_DONE) {
        if (code != SQLITE_ROW) {
            result = database_fail(db, error, "history");
            break;
        }
        result = read_stored(table, &scanned, values, &row, error);
        if (result == 0) result = each(context, &row, error);
    }
    sqlite3_reset(table->select);
    free(scanned.images);
    free(scanned.unknown);
    return result;
}
