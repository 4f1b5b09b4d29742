#include "summary_sums.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/database.h"
#include "cdclite/hash.h"

/*
 * A query adds up the days of its period. So that it need not read all of them there are totals before some
 * days: it takes the difference of two, and the days in between. There is a new total as soon as the days
 * behind the last one have TOTAL_RATIO times its rows: then totals take no more room than a part of the days,
 * however many keys there are, and a query never reads more than a few rows a key.
 */
enum { TOTAL_RATIO = 2, LEAST_TOTAL = 8 };

const struct summary_kind summary_user_day = {"summary_user_day",
                                              "summary_user_total",
                                              "day",
                                              "user_id",
                                              {"stock_changes", "quantity_changes", "changed_events"}};
const struct summary_kind summary_stock_day = {
    "summary_stock_day", "summary_stock_total", "day", "stock", {"units", "switched", "reduced", "closed"}};
const struct summary_kind summary_stock_hour = {
    "summary_stock_hour", NULL, "hour", "stock", {"units", "switched", "reduced", "closed"}};

static int prepare(sqlite3 *db, struct buffer *sql, sqlite3_stmt **statement, struct error *error)
{
    int result =
        buffer_failed(sql) ? error_memory(error) : database_prepare(db, buffer_string(sql), statement, error);
    buffer_clear(sql);
    return result;
}

static int prepare_add(sqlite3 *db, const struct summary_kind *kind, const char *table,
                       sqlite3_stmt **statement, struct error *error)
{
    struct buffer sql = {0};
    buffer_printf(&sql, "INSERT INTO %s VALUES(?1, ?2", table);
    for (int i = 0; kind->counters[i]; i++) buffer_printf(&sql, ", ?%d", i + 3);
    buffer_printf(&sql, ") ON CONFLICT(%s, %s) DO UPDATE SET ", kind->bucket, kind->key);
    for (int i = 0; kind->counters[i]; i++)
        buffer_printf(&sql, "%s%s = %s + ?%d", i ? ", " : "", kind->counters[i], kind->counters[i], i + 3);
    int result = prepare(db, &sql, statement, error);
    buffer_free(&sql);
    return result;
}

/* A row that is not there yet: SQLite looks for it only once. */
static int prepare_insert(sqlite3 *db, const struct summary_kind *kind, sqlite3_stmt **statement,
                          struct error *error)
{
    struct buffer sql = {0};
    buffer_printf(&sql, "INSERT OR FAIL INTO %s VALUES(?1, ?2", kind->table);
    for (int i = 0; kind->counters[i]; i++) buffer_printf(&sql, ", ?%d", i + 3);
    buffer_char(&sql, ')');
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

int summary_sums_open(struct summary_sums *sums, sqlite3 *db, struct error *error)
{
    const struct summary_kind *kind = sums->kind;
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
    free(sums->all);
    free(sums->buckets);
}

static uint32_t *place_of(const struct summary_sums *sums, int64_t bucket, uint32_t key)
{
    uint64_t hash = hash_word(hash_word(HASH_START, (uint64_t)bucket), key);
    size_t at = (hash ^ hash >> 47) & (sums->bucket_count - 1);
    for (; sums->buckets[at]; at = (at + 1) & (sums->bucket_count - 1)) {
        const struct summary_sum *sum = &sums->all[sums->buckets[at] - 1];
        if (sum->bucket == bucket && sum->key == key) break;
    }
    return &sums->buckets[at];
}

static bool grow(struct summary_sums *sums)
{
    size_t capacity = sums->capacity ? sums->capacity * 2 : 64;
    struct summary_sum *all = reallocarray(sums->all, capacity, sizeof *all);
    if (!all) return false;
    sums->all = all;
    uint32_t *buckets = calloc(2 * capacity, sizeof *buckets);
    if (!buckets) return false;
    free(sums->buckets);
    sums->buckets = buckets;
    sums->bucket_count = 2 * capacity;
    sums->capacity = capacity;
    for (size_t i = 0; i < sums->count; i++)
        *place_of(sums, sums->all[i].bucket, sums->all[i].key) = (uint32_t)i + 1;
    return true;
}

int64_t *summary_sums_at(struct summary_sums *sums, int64_t bucket, uint32_t key)
{
    if (sums->count == sums->capacity && (sums->count >= UINT32_MAX / 4 || !grow(sums))) return NULL;
    uint32_t *place = place_of(sums, bucket, key);
    if (!*place) {
        sums->all[sums->count] = (struct summary_sum){.bucket = bucket, .key = key};
        *place = (uint32_t)++sums->count;
    }
    return sums->all[*place - 1].counters;
}

static int bucket_order(const void *a, const void *b)
{
    const struct summary_sum *x = a, *y = b;
    if (x->bucket != y->bucket) return x->bucket < y->bucket ? -1 : 1;
    return (x->key > y->key) - (x->key < y->key);
}

/* Sorts the sums by bucket and key; from then on their keys are places in `sorted`, and they are not found by
 * key. */
static int sort(struct summary_sums *sums, const uint32_t *sorted, size_t key_count, struct error *error)
{
    uint32_t *place = malloc((key_count + 1) * sizeof *place);
    if (!place) return error_memory(error);
    for (size_t i = 0; i < key_count; i++) place[sorted[i]] = (uint32_t)i;
    for (size_t i = 0; i < sums->count; i++) sums->all[i].key = place[sums->all[i].key];
    free(place);
    if (sums->count) qsort(sums->all, sums->count, sizeof *sums->all, bucket_order);
    return 0;
}

/* A step of the fold: the keys and their order. */
struct folding {
    struct summary_sums *sums;
    sqlite3 *db;
    const struct summary_keys *keys;
    const uint32_t *sorted;
};

static int add(const struct folding *folding, sqlite3_stmt *statement, int64_t bucket, uint32_t key,
               const int64_t *counters, struct error *error)
{
    sqlite3_bind_int64(statement, 1, bucket);
    summary_keys_bind(folding->keys, statement, 2, folding->sorted[key]);
    for (int i = 0; folding->sums->kind->counters[i]; i++) sqlite3_bind_int64(statement, i + 3, counters[i]);
    return database_step(folding->db, statement, error);
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

/* Adds changes that came late to the totals that should have them: those of the days behind. */
static int add_to_totals(const struct folding *folding, int64_t *counters, struct error *error)
{
    const struct summary_sums *sums = folding->sums;
    size_t next = 0;
    int64_t day = sums->all[0].bucket;
    int found;
    for (;;) {
        sqlite3_bind_int64(sums->next_total, 1, day);
        found = read_day(folding->db, sums->next_total, &day, error);
        if (found <= 0) return found;
        for (; next < sums->count && sums->all[next].bucket < day; next++)
            for (int i = 0; i < SUMMARY_COUNTERS; i++)
                counters[(size_t)sums->all[next].key * SUMMARY_COUNTERS + (size_t)i] +=
                    sums->all[next].counters[i];
        for (uint32_t key = 0; key < folding->keys->count; key++) {
            static const int64_t none[SUMMARY_COUNTERS];
            const int64_t *more = &counters[(size_t)key * SUMMARY_COUNTERS];
            if (memcmp(more, none, sizeof none) == 0) continue;
            if (add(folding, sums->add_total, day, key, more, error)) return -1;
        }
    }
}

static int make_total(const struct folding *folding, int64_t day, bool has_last, int64_t last, int64_t first,
                      struct error *error)
{
    sqlite3_stmt *statement = folding->sums->make_total;
    sqlite3_bind_int64(statement, 1, day);
    sqlite3_bind_null(statement, 2);
    if (has_last) sqlite3_bind_int64(statement, 2, last);
    sqlite3_bind_int64(statement, 3, first);
    return database_step(folding->db, statement, error);
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
static int extend_totals(const struct folding *folding, struct error *error)
{
    const struct summary_sums *sums = folding->sums;
    int64_t last, size, rows = 0;
    int has_last = read_day(folding->db, sums->last_total, &last, error), code;
    if (has_last < 0) return -1;
    int64_t first = has_last ? last : INT64_MIN;
    size = has_last ? total_size(sums, last) : 0;
    int result = 0;
    sqlite3_bind_int64(sums->sizes, 1, first);
    while (result == 0 && (code = sqlite3_step(sums->sizes)) == SQLITE_ROW) {
        int64_t day = sqlite3_column_int64(sums->sizes, 0);
        if (rows >= TOTAL_RATIO * (size > LEAST_TOTAL ? size : LEAST_TOTAL)) {
            result = make_total(folding, day, has_last, last, first, error);
            size = sqlite3_changes(folding->db);
            first = last = day;
            has_last = 1;
            rows = 0;
        }
        rows += sqlite3_column_int64(sums->sizes, 1);
        if (size == 0) size = rows; /* as many keys as the first day has */
    }
    if (result == 0 && code != SQLITE_DONE) result = database_fail(folding->db, error, "summaries");
    sqlite3_reset(sums->sizes);
    return result;
}

/* Those behind all that the table has are new. */
static int write_sums(const struct folding *folding, struct error *error)
{
    const struct summary_sums *sums = folding->sums;
    int64_t last;
    int has_last = read_day(folding->db, sums->last, &last, error);
    int result = has_last < 0 ? -1 : 0;
    for (size_t i = 0; i < sums->count && result == 0; i++) {
        const struct summary_sum *sum = &sums->all[i];
        bool is_new = !has_last || sum->bucket > last;
        result = add(folding, is_new ? sums->insert : sums->add, sum->bucket, sum->key, sum->counters, error);
    }
    return result;
}

static int write_totals(const struct folding *folding, struct error *error)
{
    int64_t *counters = calloc(folding->keys->count + 1, SUMMARY_COUNTERS * sizeof *counters);
    if (!counters) return error_memory(error);
    int result = add_to_totals(folding, counters, error);
    free(counters);
    return result ? result : extend_totals(folding, error);
}

int summary_sums_fold(struct summary_sums *sums, sqlite3 *db, const struct summary_keys *keys,
                      struct error *error)
{
    int result = 0;
    if (!sums->count) return 0;
    uint32_t *sorted = summary_keys_sorted(keys);
    if (!sorted) return error_memory(error);
    const struct folding folding = {sums, db, keys, sorted};
    result = sort(sums, sorted, keys->count, error);
    if (result == 0) result = write_sums(&folding, error);
    if (result == 0 && sums->kind->totals) result = write_totals(&folding, error);
    free(sorted);
    summary_sums_clear(sums);
    return result;
}

size_t summary_sums_size(const struct summary_sums *sums)
{
    return sums->count * (sizeof *sums->all + 2 * sizeof *sums->buckets);
}

void summary_sums_clear(struct summary_sums *sums)
{
    if (sums->bucket_count) memset(sums->buckets, 0, sums->bucket_count * sizeof *sums->buckets);
    sums->count = 0;
}
