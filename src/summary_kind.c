#include "summary_kind.h"

#include <sqlite3.h>

#include "cdclite/database.h"

static void count_change(int64_t what, int64_t counters[SUMMARY_COUNTERS])
{
    counters[0] += (what & SUMMARY_STOCK_CHANGED) != 0;
    counters[1] += (what & SUMMARY_QUANTITY_CHANGED) != 0;
    counters[2]++;
}

static void count_sale(int64_t what, int64_t counters[SUMMARY_COUNTERS])
{
    counters[0] += what / SUMMARY_REASONS;
    counters[1 + what % SUMMARY_REASONS]++;
}

const struct summary_kind summary_user_day = {
    .table = "summary_user_day",
    .totals = "summary_user_total",
    .bucket = "day",
    .key = "user_id",
    .counters = {"stock_changes", "quantity_changes", "changed_events"},
    .hours = 24,
    .count = count_change};
const struct summary_kind summary_stock_day = {.table = "summary_stock_day",
                                               .totals = "summary_stock_total",
                                               .bucket = "day",
                                               .key = "stock",
                                               .counters = {"units", "switched", "reduced", "closed"},
                                               .hours = 24,
                                               .count = count_sale};
const struct summary_kind summary_stock_hour = {.table = "summary_stock_hour",
                                                .bucket = "hour",
                                                .key = "stock",
                                                .counters = {"units", "switched", "reduced", "closed"},
                                                .hours = 1,
                                                .count = count_sale};

int summary_kind_prepare(sqlite3 *db, struct buffer *sql, sqlite3_stmt **statement, struct error *error)
{
    int result =
        buffer_failed(sql) ? error_memory(error) : database_prepare(db, buffer_string(sql), statement, error);
    buffer_clear(sql);
    return result;
}

/* OR FAIL: SQLite would journal the statement by itself for ABORT. */
static void put_insert(const struct summary_kind *kind, const char *table, struct buffer *sql)
{
    buffer_printf(sql, "INSERT OR FAIL INTO %s SELECT c0, c1", table);
    for (int i = 0; kind->counters[i]; i++) buffer_printf(sql, ", c%d", i + 2);
    buffer_text(sql, " FROM summary_rows");
}

int summary_kind_insert(const struct summary_kind *kind, const char *table, sqlite3 *db,
                        sqlite3_stmt **statement, struct error *error)
{
    struct buffer sql = {0};
    put_insert(kind, table, &sql);
    int result = summary_kind_prepare(db, &sql, statement, error);
    buffer_free(&sql);
    return result;
}

int summary_kind_add(const struct summary_kind *kind, const char *table, sqlite3 *db,
                     sqlite3_stmt **statement, struct error *error)
{
    struct buffer sql = {0};
    put_insert(kind, table, &sql);
    buffer_printf(&sql, " WHERE true ON CONFLICT(%s, %s) DO UPDATE SET ", kind->bucket, kind->key);
    for (int i = 0; kind->counters[i]; i++)
        buffer_printf(&sql, "%s%s = %s + excluded.%s", i ? ", " : "", kind->counters[i], kind->counters[i],
                      kind->counters[i]);
    int result = summary_kind_prepare(db, &sql, statement, error);
    buffer_free(&sql);
    return result;
}

void summary_kind_row(int64_t bucket, const struct value *key, const int64_t counters[SUMMARY_COUNTERS],
                      struct value row[SUMMARY_COLUMNS])
{
    value_set_integer(&row[0], bucket);
    row[1] = *key;
    for (int i = 0; i < SUMMARY_COUNTERS; i++) value_set_integer(&row[i + 2], counters[i]);
}

int summary_kind_day(sqlite3 *db, sqlite3_stmt *statement, int64_t *day, struct error *error)
{
    int code = sqlite3_step(statement);
    int result = code != SQLITE_ROW ? database_fail(db, error, "summaries")
                                    : sqlite3_column_type(statement, 0) != SQLITE_NULL;
    *day = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return result;
}
