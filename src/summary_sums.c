#include "summary_sums.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/database.h"

/*
 * A query adds up the days of its period. So that it need not read all of them there are totals before some
 * days: it takes the difference of two, and the days in between. There is a new total as soon as the days
 * behind the last one have TOTAL_RATIO times its rows: then totals take no more room than a part of the days,
 * however many keys there are, and a query never reads more than a few rows a key.
 */
enum { TOTAL_RATIO = 2, LEAST_TOTAL = 8 };

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

static int prepare(sqlite3 *db, struct buffer *sql, sqlite3_stmt **statement, struct error *error)
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

static int prepare_add(sqlite3 *db, const struct summary_kind *kind, const char *table,
                       sqlite3_stmt **statement, struct error *error)
{
    struct buffer sql = {0};
    put_insert(kind, table, &sql);
    buffer_printf(&sql, " WHERE true ON CONFLICT(%s, %s) DO UPDATE SET ", kind->bucket, kind->key);
    for (int i = 0; kind->counters[i]; i++)
        buffer_printf(&sql, "%s%s = %s + excluded.%s", i ? ", " : "", kind->counters[i], kind->counters[i],
                      kind->counters[i]);
    int result = prepare(db, &sql, statement, error);
    buffer_free(&sql);
    return result;
}

/* Rows that are not there yet: SQLite looks for each only once. */
static int prepare_insert(sqlite3 *db, const struct summary_kind *kind, sqlite3_stmt **statement,
                          struct error *error)
{
    struct buffer sql = {0};
    put_insert(kind, kind->table, &sql);
    int result = prepare(db, &sql, statement, error);
    buffer_free(&sql);
    return result;
}

/* ?1: the day of the total, ?2: the total before, ?3: the first day that it lacks. */
static int prepare_make_total(sqlite3 *db, const struct summary_kind *kind, sqlite3_stmt **statement,
                              struct error *error)
{
    struct buffer sql = {0}, columns = {0};
    buffer_text(&columns, kind->key);
    for (int i = 0; kind->counters[i]; i++) buffer_printf(&columns, ", %s", kind->counters[i]);
    buffer_printf(&sql, "INSERT INTO %s SELECT ?1, %s", kind->totals, kind->key);
    for (int i = 0; kind->counters[i]; i++) buffer_printf(&sql, ", sum(%s)", kind->counters[i]);
    const char *list = buffer_string(&columns);
    buffer_printf(
        &sql,
        " FROM (SELECT %s FROM %s WHERE day = ?2 UNION ALL SELECT %s FROM %s WHERE day >= ?3 AND day < "
        "?1) GROUP BY %s",
        list, kind->totals, list, kind->table, kind->key);
    sql.failed |= columns.failed;
    int result = prepare(db, &sql, statement, error);
    buffer_free(&sql);
    buffer_free(&columns);
    return result;
}

int summary_sums_open(struct summary_sums *sums, sqlite3 *db, struct summary_rows *rows, struct error *error)
{
    const struct summary_kind *kind = sums->kind;
    sums->db = db;
    sums->rows = rows;
    struct buffer sql = {0};
    buffer_printf(&sql, "SELECT max(%s) FROM %s", kind->bucket, kind->table);
    int result = prepare(db, &sql, &sums->last, error);
    if (result == 0) result = prepare_add(db, kind, kind->table, &sums->add, error);
    if (result == 0) result = prepare_insert(db, kind, &sums->insert, error);
    if (result || !kind->totals) {
        buffer_free(&sql);
        return result;
    }
    result = prepare_add(db, kind, kind->totals, &sums->add_total, error);
    if (result == 0) result = prepare_make_total(db, kind, &sums->make_total, error);
    buffer_printf(&sql, "SELECT min(day) FROM %s WHERE day > ?1", kind->totals);
    if (result == 0) result = prepare(db, &sql, &sums->next_total, error);
    buffer_clear(&sql);
    buffer_printf(&sql, "SELECT max(day) FROM %s", kind->totals);
    if (result == 0) result = prepare(db, &sql, &sums->last_total, error);
    buffer_printf(&sql, "SELECT day, count(*) FROM %s WHERE day >= ?1 GROUP BY day", kind->table);
    if (result == 0) result = prepare(db, &sql, &sums->sizes, error);
    buffer_printf(&sql, "SELECT count(*) FROM %s WHERE day = ?1", kind->totals);
    if (result == 0) result = prepare(db, &sql, &sums->total_size, error);
    buffer_free(&sql);
    return result;
}

void summary_sums_close(struct summary_sums *sums)
{
    sqlite3_stmt *const statements[] = {sums->insert,    sums->add,        sums->last,
                                        sums->add_total, sums->next_total, sums->last_total,
                                        sums->sizes,     sums->total_size, sums->make_total};
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) sqlite3_finalize(statements[i]);
}

/* The entries of a step, sorted by bucket and key: their numbers are places in these orders. */
struct folding {
    const struct summary_sums *sums;
    const struct summary_names *hours, *names;
    struct summary_counts entries;
    int64_t *buckets;
};

static struct value integer(int64_t number)
{
    return (struct value){.type = VALUE_INTEGER, .integer = number};
}

/* The sums of entries from `at` to before `end`. */
struct sum_rows {
    struct summary_source source;
    const struct folding *folding;
    size_t at, end;
};

static void put_row(const struct folding *folding, int64_t bucket, uint32_t key, const int64_t *counters,
                    struct value *row)
{
    row[0] = integer(bucket);
    row[1] = summary_keys_stored(folding->names->keys, folding->names->sorted[key]);
    for (int i = 0; i < SUMMARY_COUNTERS; i++) row[i + 2] = integer(counters[i]);
}

static int next_sum(struct summary_source *source, struct value *row)
{
    struct sum_rows *rows = (struct sum_rows *)source;
    const struct folding *folding = rows->folding;
    const struct summary_count *all = folding->entries.all, *first = &all[rows->at];
    int64_t counters[SUMMARY_COUNTERS] = {0};
    if (rows->at == rows->end) return 0;
    do folding->sums->kind->count(all[rows->at++].what, counters);
    while (rows->at < rows->end && memcmp(all[rows->at].is, first->is, sizeof first->is) == 0);
    put_row(folding, folding->buckets[first->is[SUMMARY_HOUR]], first->is[SUMMARY_KEY], counters, row);
    return 1;
}

static int64_t bucket_of(const struct folding *folding, size_t entry)
{
    return folding->buckets[folding->entries.all[entry].is[SUMMARY_HOUR]];
}

/* 1: there is one, 0: none, -1: failure. */
static int read_day(sqlite3 *db, sqlite3_stmt *statement, int64_t *day, struct error *error)
{
    int code = sqlite3_step(statement);
    int result = code != SQLITE_ROW ? database_fail(db, error, "summaries")
                                    : sqlite3_column_type(statement, 0) != SQLITE_NULL;
    *day = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return result;
}

/* Those behind all that the table has are new. */
static int write_sums(const struct folding *folding, struct error *error)
{
    const struct summary_sums *sums = folding->sums;
    int64_t last;
    int has_last = read_day(sums->db, sums->last, &last, error);
    if (has_last < 0) return -1;
    struct sum_rows rows = {{next_sum}, folding, 0, 0};
    while (has_last && rows.end < folding->entries.count && bucket_of(folding, rows.end) <= last) rows.end++;
    if (rows.end && summary_rows_write(sums->rows, sums->add, &rows.source, error)) return -1;
    rows.end = folding->entries.count;
    return rows.at < rows.end ? summary_rows_write(sums->rows, sums->insert, &rows.source, error) : 0;
}

/* What a total gets: the counters by place of the key. */
struct total_rows {
    struct summary_source source;
    const struct folding *folding;
    int64_t day;
    const int64_t *counters;
    uint32_t at;
};

static int next_in_total(struct summary_source *source, struct value *row)
{
    static const int64_t none[SUMMARY_COUNTERS];
    struct total_rows *rows = (struct total_rows *)source;
    while (rows->at < rows->folding->names->keys->count) {
        const uint32_t key = rows->at++;
        const int64_t *more = &rows->counters[(size_t)key * SUMMARY_COUNTERS];
        if (memcmp(more, none, sizeof none) == 0) continue;
        put_row(rows->folding, rows->day, key, more, row);
        return 1;
    }
    return 0;
}

/* Adds changes that came late to the totals that should have them: those of the days behind. */
static int add_to_totals(const struct folding *folding, int64_t *counters, struct error *error)
{
    const struct summary_sums *sums = folding->sums;
    const struct summary_counts *entries = &folding->entries;
    size_t next = 0;
    int64_t day = bucket_of(folding, 0);
    for (;;) {
        sqlite3_bind_int64(sums->next_total, 1, day);
        int found = read_day(sums->db, sums->next_total, &day, error);
        if (found <= 0) return found;
        for (; next < entries->count && bucket_of(folding, next) < day; next++)
            sums->kind->count(entries->all[next].what,
                              &counters[(size_t)entries->all[next].is[SUMMARY_KEY] * SUMMARY_COUNTERS]);
        struct total_rows rows = {{next_in_total}, folding, day, counters, 0};
        if (summary_rows_write(sums->rows, sums->add_total, &rows.source, error)) return -1;
    }
}

static int make_total(const struct summary_sums *sums, int64_t day, bool has_last, int64_t last,
                      int64_t first, struct error *error)
{
    sqlite3_stmt *statement = sums->make_total;
    sqlite3_bind_int64(statement, 1, day);
    sqlite3_bind_null(statement, 2);
    if (has_last) sqlite3_bind_int64(statement, 2, last);
    sqlite3_bind_int64(statement, 3, first);
    return database_step(sums->db, statement, error);
}

static int64_t total_size(const struct summary_sums *sums, int64_t day)
{
    sqlite3_bind_int64(sums->total_size, 1, day);
    int64_t size =
        sqlite3_step(sums->total_size) == SQLITE_ROW ? sqlite3_column_int64(sums->total_size, 0) : 0;
    sqlite3_reset(sums->total_size);
    return size;
}

/* New totals behind the last one, where enough days stand there by now. */
static int extend_totals(const struct summary_sums *sums, struct error *error)
{
    int64_t last, size, rows = 0;
    int has_last = read_day(sums->db, sums->last_total, &last, error), code;
    if (has_last < 0) return -1;
    int64_t first = has_last ? last : INT64_MIN;
    size = has_last ? total_size(sums, last) : 0;
    int result = 0;
    sqlite3_bind_int64(sums->sizes, 1, first);
    while (result == 0 && (code = sqlite3_step(sums->sizes)) == SQLITE_ROW) {
        int64_t day = sqlite3_column_int64(sums->sizes, 0);
        if (rows >= TOTAL_RATIO * (size > LEAST_TOTAL ? size : LEAST_TOTAL)) {
            result = make_total(sums, day, has_last, last, first, error);
            size = sqlite3_changes(sums->db);
            first = last = day;
            has_last = 1;
            rows = 0;
        }
        rows += sqlite3_column_int64(sums->sizes, 1);
        if (size == 0) size = rows; /* as many keys as the first day has */
    }
    if (result == 0 && code != SQLITE_DONE) result = database_fail(sums->db, error, "summaries");
    sqlite3_reset(sums->sizes);
    return result;
}

static int write_totals(const struct folding *folding, struct error *error)
{
    int64_t *counters = calloc(folding->names->keys->count + 1, SUMMARY_COUNTERS * sizeof *counters);
    if (!counters) return error_memory(error);
    int result = add_to_totals(folding, counters, error);
    free(counters);
    return result ? result : extend_totals(folding->sums, error);
}

static int64_t floor_divide(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

/* The place of each hour's bucket among the buckets; how many these are. */
static size_t find_buckets(struct folding *folding, uint32_t *places)
{
    const struct summary_names *hours = folding->hours;
    size_t count = 0;
    for (size_t i = 0; i < hours->keys->count; i++) {
        const uint32_t hour = hours->sorted[i];
        int64_t bucket =
            floor_divide(summary_keys_value(hours->keys, hour).integer, folding->sums->kind->hours);
        if (count == 0 || folding->buckets[count - 1] != bucket) folding->buckets[count++] = bucket;
        places[hour] = (uint32_t)count - 1;
    }
    return count;
}

/* Sorts by key, and then by bucket, which keeps the keys of each in their order. */
static int sort(struct folding *folding, const struct summary_counts *counts, struct error *error)
{
    const struct summary_names *names = folding->names;
    const size_t key_count = names->keys->count, hour_count = folding->hours->keys->count;
    struct summary_counts by_key = {0};
    uint32_t *key_places = malloc((key_count + 1) * sizeof *key_places),
             *bucket_places = malloc((hour_count + 1) * sizeof *bucket_places);
    folding->buckets = malloc((hour_count + 1) * sizeof *folding->buckets);
    bool sorted = key_places && bucket_places && folding->buckets;
    if (sorted) {
        for (size_t i = 0; i < key_count; i++) key_places[names->sorted[i]] = (uint32_t)i;
        size_t bucket_count = find_buckets(folding, bucket_places);
        sorted = summary_counts_sort(counts, SUMMARY_KEY, key_places, key_count, &by_key) &&
                 summary_counts_sort(&by_key, SUMMARY_HOUR, bucket_places, bucket_count, &folding->entries);
    }
    free(key_places);
    free(bucket_places);
    summary_counts_free(&by_key);
    return sorted ? 0 : error_memory(error);
}

int summary_sums_fold(const struct summary_sums *sums, const struct summary_counts *counts,
                      const struct summary_names *hours, const struct summary_names *names,
                      struct error *error)
{
    if (!counts->count) return 0;
    struct folding folding = {.sums = sums, .hours = hours, .names = names};
    int result = sort(&folding, counts, error);
    if (result == 0) result = write_sums(&folding, error);
    if (result == 0 && sums->kind->totals) result = write_totals(&folding, error);
    summary_counts_free(&folding.entries);
    free(folding.buckets);
    return result;
}
