#include "summary_totals.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/database.h"
#include "summary_keys.h"

/*
 * There is a new total as soon as the days behind the last one have TOTAL_RATIO times its rows: then totals
 * take no more room than a part of the days, however many keys there are, and a query never reads more than a
 * few rows a key.
 */
enum { TOTAL_RATIO = 2, LEAST_TOTAL = 8 };

/* Adding a total up here takes a third of the time that SQLite's GROUP BY does, but SQLite needs no memory
 * for very many keys. */
enum { MOST_KEYS = 1 << 15 };

static void put_columns(const struct summary_kind *kind, struct buffer *sql)
{
    buffer_text(sql, kind->key);
    for (int i = 0; kind->counters[i]; i++) buffer_printf(sql, ", %s", kind->counters[i]);
}

/* The rows that make a total, given ?2: the total before, ?3: the first day that it lacks, ?1: the day of the
 * new one. */
static void put_parts(const struct summary_kind *kind, struct buffer *sql)
{
    buffer_text(sql, "SELECT ");
    put_columns(kind, sql);
    buffer_printf(sql, " FROM %s WHERE day = ?2 UNION ALL SELECT ", kind->totals);
    put_columns(kind, sql);
    buffer_printf(sql, " FROM %s WHERE day >= ?3 AND day < ?1", kind->table);
}

static void put_make(const struct summary_kind *kind, struct buffer *sql)
{
    buffer_printf(sql, "INSERT INTO %s SELECT ?1, %s", kind->totals, kind->key);
    for (int i = 0; kind->counters[i]; i++) buffer_printf(sql, ", sum(%s)", kind->counters[i]);
    buffer_text(sql, " FROM (");
    put_parts(kind, sql);
    buffer_printf(sql, ") GROUP BY %s", kind->key);
}

int summary_totals_open(struct summary_totals *totals, const struct summary_kind *kind, sqlite3 *db,
                        struct summary_rows *rows, struct error *error)
{
    struct buffer sql = {0};
    totals->kind = kind;
    totals->db = db;
    totals->rows = rows;
    totals->most_keys = MOST_KEYS;
    int result = summary_kind_insert(kind, kind->totals, db, &totals->insert, error);
    put_parts(kind, &sql);
    if (result == 0) result = summary_kind_prepare(db, &sql, &totals->parts, error);
    put_make(kind, &sql);
    if (result == 0) result = summary_kind_prepare(db, &sql, &totals->make, error);
    buffer_printf(&sql, "SELECT min(day) FROM %s WHERE day > ?1", kind->totals);
    if (result == 0) result = summary_kind_prepare(db, &sql, &totals->next, error);
    buffer_printf(&sql, "SELECT max(day) FROM %s", kind->totals);
    if (result == 0) result = summary_kind_prepare(db, &sql, &totals->last, error);
    buffer_printf(&sql, "SELECT day, count(*) FROM %s WHERE day >= ?1 GROUP BY day", kind->table);
    if (result == 0) result = summary_kind_prepare(db, &sql, &totals->sizes, error);
    buffer_printf(&sql, "SELECT count(*) FROM %s WHERE day = ?1", kind->totals);
    if (result == 0) result = summary_kind_prepare(db, &sql, &totals->size, error);
    buffer_free(&sql);
    return result;
}

void summary_totals_close(struct summary_totals *totals)
{
    sqlite3_stmt *const statements[] = {totals->next,  totals->last,   totals->sizes, totals->size,
                                        totals->parts, totals->insert, totals->make};
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) sqlite3_finalize(statements[i]);
}

int summary_totals_behind(const struct summary_totals *totals, int64_t day, int64_t *next,
                          struct error *error)
{
    sqlite3_bind_int64(totals->next, 1, day);
    return summary_kind_day(totals->db, totals->next, next, error);
}

/* The sums of all days before some day, by key. */
struct running {
    struct summary_keys keys;
    int64_t (*counters)[SUMMARY_COUNTERS];
    size_t capacity;
    bool begun, given_up;
};

/* 1: more than can be kept here. */
static int take(const struct summary_totals *totals, struct running *running, struct error *error)
{
    struct value key;
    value_from_column(totals->parts, 0, &key);
    if (key.type == VALUE_BLOB) key = (struct value){0};
    if (!summary_keys_takes(&key) || running->keys.count >= totals->most_keys) return 1;
    const size_t known = running->keys.count;
    const uint32_t number = summary_keys_number(&running->keys, &key);
    if (number == SUMMARY_NO_KEY) return error_memory(error);
    if (running->capacity < running->keys.capacity) {
        int64_t(*counters)[SUMMARY_COUNTERS] =
            reallocarray(running->counters, running->keys.capacity, sizeof *counters);
        if (!counters) return error_memory(error);
        running->counters = counters;
        running->capacity = running->keys.capacity;
    }
    int64_t *sums = running->counters[number];
    if (number == known) memset(sums, 0, sizeof *running->counters);
    for (int i = 0; totals->kind->counters[i]; i++) sums[i] += sqlite3_column_int64(totals->parts, i + 1);
    return 0;
}

/* The rows of a total. */
struct total_rows {
    struct summary_source source;
    const struct running *running;
    int64_t day;
    uint32_t *sorted;
    size_t at;
};

static int next_row(struct summary_source *source, struct value *row)
{
    struct total_rows *rows = (struct total_rows *)source;
    if (rows->at == rows->running->keys.count) return 0;
    const uint32_t number = rows->sorted[rows->at++];
    const struct value key = summary_keys_stored(&rows->running->keys, number);
    summary_kind_row(rows->day, &key, rows->running->counters[number], row);
    return 1;
}

static int write_running(const struct summary_totals *totals, const struct running *running, int64_t day,
                         struct error *error)
{
    struct total_rows rows = {{next_row}, running, day, summary_keys_sorted(&running->keys), 0};
    int result = rows.sorted ? summary_rows_write(totals->rows, totals->insert, &rows.source, error)
                             : error_memory(error);
    free(rows.sorted);
    return result;
}

/* A total to come: its day, the one before it, and the first day that this one lacks. */
struct due {
    int64_t day, last, first;
    bool has_last;
};

static void bind(sqlite3_stmt *statement, const struct due *due, bool with_last)
{
    sqlite3_bind_int64(statement, 1, due->day);
    sqlite3_bind_null(statement, 2);
    if (with_last) sqlite3_bind_int64(statement, 2, due->last);
    sqlite3_bind_int64(statement, 3, due->first);
}

/* 1: more than can be kept here. */
static int run_on(const struct summary_totals *totals, struct running *running, const struct due *due,
                  struct error *error)
{
    int result = 0, code = SQLITE_DONE;
    bind(totals->parts, due, due->has_last && !running->begun);
    running->begun = true;
    while (result == 0 && (code = sqlite3_step(totals->parts)) == SQLITE_ROW)
        result = take(totals, running, error);
    if (result == 0 && code != SQLITE_DONE) result = database_fail(totals->db, error, "summaries");
    sqlite3_reset(totals->parts);
    return result;
}

static int make(const struct summary_totals *totals, struct running *running, const struct due *due,
                struct error *error)
{
    if (!running->given_up) {
        int result = run_on(totals, running, due, error);
        if (result <= 0) return result ? -1 : write_running(totals, running, due->day, error);
        running->given_up = true;
    }
    bind(totals->make, due, due->has_last);
    return database_step(totals->db, totals->make, error);
}

static int read_size(const struct summary_totals *totals, int64_t day, int64_t *size, struct error *error)
{
    sqlite3_bind_int64(totals->size, 1, day);
    int result = sqlite3_step(totals->size) == SQLITE_ROW ? 0 : database_fail(totals->db, error, "summaries");
    *size = sqlite3_column_int64(totals->size, 0);
    sqlite3_reset(totals->size);
    return result;
}

int summary_totals_extend(const struct summary_totals *totals, struct error *error)
{
    struct running running = {0};
    struct due due = {0};
    int64_t rows = 0;
    int has_last = summary_kind_day(totals->db, totals->last, &due.last, error), code, result = 0;
    if (has_last < 0) return -1;
    due.has_last = has_last;
    due.first = has_last ? due.last : INT64_MIN;
    int64_t size = 0;
    if (has_last && read_size(totals, due.last, &size, error)) return -1;
    sqlite3_bind_int64(totals->sizes, 1, due.first);
    while (result == 0 && (code = sqlite3_step(totals->sizes)) == SQLITE_ROW) {
        due.day = sqlite3_column_int64(totals->sizes, 0);
        if (rows >= TOTAL_RATIO * (size > LEAST_TOTAL ? size : LEAST_TOTAL)) {
            result = make(totals, &running, &due, error);
            size = sqlite3_changes(totals->db);
            due.first = due.last = due.day;
            due.has_last = true;
            rows = 0;
        }
        rows += sqlite3_column_int64(totals->sizes, 1);
        if (size == 0) size = rows; /* as many keys as the first day has */
    }
    if (result == 0 && code != SQLITE_DONE) result = database_fail(totals->db, error, "summaries");
    sqlite3_reset(totals->sizes);
    summary_keys_free(&running.keys);
    free(running.counters);
    return result;
}
