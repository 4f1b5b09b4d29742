/*
 * The floor of every SQLite store: insert_rows HISTORY.db TABLE NEW.db COUNT ROWS_A_STATEMENT reads the
 * table's first rows into memory and inserts COUNT of them into a new database, which has the same page size
 * and table, without its triggers: one prepared INSERT, 10,000 rows a transaction, WAL, synchronous=FULL.
 * Prints the rows and the seconds and CPU seconds that the inserting alone took.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { ROWS_A_TRANSACTION = 10000 };

struct value {
    int type, size;
    union {
        sqlite3_int64 integer;
        double real;
        char *bytes;
    } is;
};

static _Noreturn void die(sqlite3 *db)
{
    fprintf(stderr, "insert_rows: %s\n", sqlite3_errmsg(db));
    exit(1);
}

static void run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) die(db);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) die(db);
    return statement;
}

static struct value copy_of(sqlite3_stmt *row, int column)
{
    struct value value = {sqlite3_column_type(row, column), 0, {0}};
    if (value.type == SQLITE_INTEGER) value.is.integer = sqlite3_column_int64(row, column);
    if (value.type == SQLITE_FLOAT) value.is.real = sqlite3_column_double(row, column);
    if (value.type == SQLITE_TEXT || value.type == SQLITE_BLOB) {
        value.size = sqlite3_column_bytes(row, column);
        value.is.bytes = malloc((size_t)value.size + 1);
        if (!value.is.bytes) exit(1);
        memcpy(value.is.bytes, sqlite3_column_blob(row, column) ? sqlite3_column_blob(row, column) : "",
               (size_t)value.size);
    }
    return value;
}

static void bind(sqlite3_stmt *insert, int place, const struct value *value)
{
    switch (value->type) {
    case SQLITE_INTEGER: sqlite3_bind_int64(insert, place, value->is.integer); break;
    case SQLITE_FLOAT: sqlite3_bind_double(insert, place, value->is.real); break;
    case SQLITE_TEXT: sqlite3_bind_text(insert, place, value->is.bytes, value->size, SQLITE_STATIC); break;
    case SQLITE_BLOB: sqlite3_bind_blob(insert, place, value->is.bytes, value->size, SQLITE_STATIC); break;
    default: sqlite3_bind_null(insert, place);
    }
}

// The new database with the table as it stands in the old one.
static sqlite3 *make(sqlite3 *from, const char *table, const char *path)
{
    sqlite3 *db;
    char sql[128];
    if (sqlite3_open(path, &db) != SQLITE_OK) die(db);
    sqlite3_stmt *page = prepare(from, "PRAGMA page_size");
    sqlite3_step(page);
    snprintf(sql, sizeof sql, "PRAGMA page_size=%d", sqlite3_column_int(page, 0));
    sqlite3_finalize(page);
    run(db, sql);
    run(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
    sqlite3_stmt *parts = prepare(from, "SELECT sql FROM sqlite_schema WHERE name = ? AND type = 'table'");
    sqlite3_bind_text(parts, 1, table, -1, SQLITE_STATIC);
    while (sqlite3_step(parts) == SQLITE_ROW) run(db, (const char *)sqlite3_column_text(parts, 0));
    sqlite3_finalize(parts);
    return db;
}

static sqlite3_stmt *prepare_insert(sqlite3 *db, const char *table, int columns, int rows)
{
    sqlite3_str *sql = sqlite3_str_new(db);
    sqlite3_str_appendf(sql, "INSERT INTO \"%w\" VALUES ", table);
    for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++)
            sqlite3_str_appendall(sql, column ? ",?" : row ? ",(?" : "(?");
        sqlite3_str_appendall(sql, ")");
    }
    char *text = sqlite3_str_finish(sql);
    sqlite3_stmt *insert = prepare(db, text);
    sqlite3_free(text);
    return insert;
}

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    sqlite3 *from;
    char sql[256];
    if (argc != 6) return 2;
    int count = atoi(argv[4]), group = atoi(argv[5]);
    if (sqlite3_open_v2(argv[1], &from, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) die(from);
    sqlite3_snprintf(sizeof sql, sql, "SELECT * FROM \"%w\" ORDER BY change_id LIMIT %d", argv[2], count);
    sqlite3_stmt *rows = prepare(from, sql);
    int columns = sqlite3_column_count(rows), read = 0;
    struct value *values = calloc((size_t)count * (size_t)columns, sizeof *values);
    if (!values || count < 1 || group < 1) return 1;
    for (; sqlite3_step(rows) == SQLITE_ROW; read++)
        for (int i = 0; i < columns; i++)
            values[(size_t)read * (size_t)columns + (size_t)i] = copy_of(rows, i);
    sqlite3_finalize(rows);
    read -= read % group;

    double began = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    sqlite3 *db = make(from, argv[2], argv[3]);
    sqlite3_stmt *insert = prepare_insert(db, argv[2], columns, group);
    const struct value *value = values;
    int in_transaction = 0;
    for (int row = 0; row < read; row += group) {
        if (!in_transaction) run(db, "BEGIN IMMEDIATE");
        for (int place = 1; place <= columns * group; place++) bind(insert, place, value++);
        if (sqlite3_step(insert) != SQLITE_DONE) die(db);
        sqlite3_reset(insert);
        in_transaction += group;
        if (in_transaction < ROWS_A_TRANSACTION && row + group < read) continue;
        run(db, "COMMIT");
        in_transaction = 0;
    }
    sqlite3_finalize(insert);
    sqlite3_close(db);
    printf("%d %.6f %.6f\n", read, now(CLOCK_MONOTONIC) - began, now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    sqlite3_close(from);
    return 0;
}
