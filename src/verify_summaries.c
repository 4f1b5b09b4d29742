#include <stdio.h>
#include <string.h>

#include "cdclite/embedded.h"
#include "cdclite/summaries.h"
#include "verify_parts.h"

/*
 * The sums are made again, from the history and in the steps that the file names, in a database of their own
 * (a temporary file that SQLite removes), and held against those in the file.
 */

static const struct {
    const char *name;
    int key_columns;
} tables[] = {
    {"summary_state", 1},     {"summary_step", 1},         {"summary_hour", 2},
    {"summary_user_day", 2},  {"summary_user_total", 2},   {"summary_stock_hour", 2},
    {"summary_stock_day", 2}, {"summary_stock_total", 2},  {"summary_user_list", 2},
    {"summary_stock", 1},     {"summary_holding_list", 2}, {"summary_reset", 1},
};

struct replay {
    struct verification *verification;
    const struct captured_table *table;
    sqlite3 *db; /* where the sums are made again */
    struct summaries *summaries;
    sqlite3_stmt *steps;
    int64_t step_end, folded_through; /* the change that ends the step, INT64_MAX behind the last step */
};

static int read_step(struct replay *replay, struct error *error)
{
    int code = sqlite3_step(replay->steps);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return database_fail(replay->verification->db, error, "summary_step");
    replay->step_end = code == SQLITE_ROW ? sqlite3_column_int64(replay->steps, 0) : INT64_MAX;
    return 0;
}

static int take_row(void *context, const struct history_row *row, struct error *error)
{
    struct replay *replay = context;
    verify_progress(replay->verification, "the sums", row->change_id, replay->folded_through);
    if (row->change_id > replay->step_end &&
        (summaries_fold(replay->summaries, error) || read_step(replay, error)))
        return -1;
    return summaries_add(replay->summaries, replay->table, row, error);
}

/* In SQLite's order of values. */
static int compare_values(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
    struct value x, y;
    value_from_column(a, column, &x);
    value_from_column(b, column, &y);
    if (x.type != y.type) return x.type < y.type ? -1 : 1;
    if (x.type == VALUE_INTEGER) return (x.integer > y.integer) - (x.integer < y.integer);
    if (x.type != VALUE_TEXT && x.type != VALUE_BLOB) return value_equals(&x, &y) ? 0 : -1;
    size_t shorter = x.bytes.size < y.bytes.size ? x.bytes.size : y.bytes.size;
    int order = shorter ? memcmp(x.bytes.at, y.bytes.at, shorter) : 0;
    return order ? order : (x.bytes.size > y.bytes.size) - (x.bytes.size < y.bytes.size);
}

static int compare_rows(sqlite3_stmt *a, sqlite3_stmt *b, int from, int to)
{
    for (int i = from; i < to; i++) {
        int order = compare_values(a, b, i);
        if (order) return order;
    }
    return 0;
}

static void tell(const struct replay *replay, const char *table, int key_columns, sqlite3_stmt *row,
                 const char *what)
{
    struct buffer key = {0};
    struct value value;
    for (int i = 0; i < key_columns; i++) {
        value_from_column(row, i, &value);
        buffer_text(&key, i ? ", " : " (");
        value_literal(&value, &key);
    }
    buffer_char(&key, ')');
    verify_found(replay->verification, table, "its row%s %s", buffer_string(&key), what);
    buffer_free(&key);
}

static int step(sqlite3 *db, sqlite3_stmt *statement, bool *there, struct error *error)
{
    int code = sqlite3_step(statement);
    *there = code == SQLITE_ROW;
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : database_fail(db, error, "summaries");
}

/* Both are in the order of their keys. */
static int compare_all(const struct replay *replay, const char *table, int keys, sqlite3_stmt *found,
                       sqlite3_stmt *expected, struct error *error)
{
    sqlite3 *db = replay->verification->db;
    bool is_found, is_expected;
    if (step(db, found, &is_found, error) || step(replay->db, expected, &is_expected, error)) return -1;
    while (is_found || is_expected) {
        int order = !is_expected ? -1 : !is_found ? 1 : compare_rows(found, expected, 0, keys);
        if (order < 0) {
            tell(replay, table, keys, found, "sums up nothing that the history has");
        } else if (order > 0) {
            tell(replay, table, keys, expected, "is missing");
        } else if (compare_rows(found, expected, keys, sqlite3_column_count(expected))) {
            tell(replay, table, keys, found, "is not what the history gives");
        }
        if (order <= 0 && step(db, found, &is_found, error)) return -1;
        if (order >= 0 && step(replay->db, expected, &is_expected, error)) return -1;
    }
    return 0;
}

static int compare_table(const struct replay *replay, const char *table, int keys, struct error *error)
{
    char sql[96];
    sqlite3_stmt *found = NULL, *expected = NULL;
    snprintf(sql, sizeof sql, "SELECT * FROM %s ORDER BY %s", table, keys == 1 ? "1" : "1, 2");
    int result = database_prepare(replay->verification->db, sql, &found, error) ||
                         database_prepare(replay->db, sql, &expected, error) ||
                         compare_all(replay, table, keys, found, expected, error)
                     ? -1
                     : 0;
    sqlite3_finalize(found);
    sqlite3_finalize(expected);
    return result;
}

/* Makes the sums again, or what they are where they have been given up: empty. */
static int make_again(struct replay *replay, struct captured_table *table, bool usable, struct error *error)
{
    static const struct summary_steps steps = {0};
    sqlite3 *db = replay->verification->db;
    if (sqlite3_open("", &replay->db) != SQLITE_OK)
        return database_fail(replay->db, error, "a temporary file");
    if (database_run(replay->db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", error) ||
        database_run(replay->db, embedded_find("schema/004_summaries.sql")->text, error) ||
        database_run(replay->db, embedded_find("schema/005_sale_dates.sql")->text, error))
        return -1;
    if (!usable) return database_run(replay->db, "INSERT INTO summary_state VALUES(1, 0, 0)", error);
    if (!table) return 0;
    if (summaries_open(replay->db, &steps, &replay->summaries, error) ||
        database_prepare(db, "SELECT last_change_id FROM summary_step ORDER BY step", &replay->steps,
                         error) ||
        read_step(replay, error) || database_run(replay->db, "BEGIN", error) ||
        history_scan(db, table, INT64_MIN, replay->folded_through, HISTORY_FILLED, take_row, replay, error) ||
        summaries_fold(replay->summaries, error))
        return -1;
    return database_run(replay->db, "COMMIT", error);
}

int verify_summaries(struct verification *verification, struct error *error)
{
    int64_t usable;
    struct captured_table *table = catalog_named(verification->catalog, "holding");
    struct replay replay = {.verification = verification, .table = table};
    if (database_integer(verification->db, "SELECT usable FROM summary_state", 1, &usable, error) ||
        database_integer(verification->db, "SELECT folded_through FROM summary_state", 0,
                         &replay.folded_through, error))
        return -1;
    int result = make_again(&replay, table, usable != 0, error);
    for (size_t i = 0; i < sizeof tables / sizeof *tables && result == 0; i++)
        result = compare_table(&replay, tables[i].name, tables[i].key_columns, error);
    sqlite3_finalize(replay.steps);
    summaries_close(replay.summaries);
    sqlite3_close_v2(replay.db);
    return result;
}
