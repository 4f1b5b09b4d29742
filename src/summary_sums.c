#include "summary_sums.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "summary_step.h"

int summary_sums_open(struct summary_sums *sums, const struct summary_kind *kind, sqlite3 *db,
                      struct summary_rows *rows, struct error *error)
{
    struct buffer sql = {0};
    sums->kind = kind;
    sums->db = db;
    sums->rows = rows;
    buffer_printf(&sql, "SELECT max(%s) FROM %s", kind->bucket, kind->table);
    int result = summary_kind_prepare(db, &sql, &sums->last, error);
    buffer_free(&sql);
    if (result == 0) result = summary_kind_insert(kind, kind->table, db, &sums->insert, error);
    if (result == 0) result = summary_kind_add(kind, kind->table, db, &sums->add, error);
    if (result || !kind->totals) return result;
    result = summary_kind_add(kind, kind->totals, db, &sums->add_total, error);
    return result ? result : summary_totals_open(&sums->totals, kind, db, rows, error);
}

void summary_sums_close(struct summary_sums *sums)
{
    sqlite3_stmt *const statements[] = {sums->insert, sums->add, sums->last, sums->add_total};
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) sqlite3_finalize(statements[i]);
    summary_totals_close(&sums->totals);
}

/* The entries of a step, sorted by bucket and key: their numbers are places in these orders. */
struct folding {
    const struct summary_sums *sums;
    const struct summary_names *hours, *names;
    struct summary_counts entries;
    int64_t *buckets;
};

/* The sums of entries from `at` to before `end`. */
struct sum_rows {
    struct summary_source source;
    const struct folding *folding;
    size_t at, end;
};

static struct value key_at(const struct folding *folding, uint32_t place)
{
    return summary_keys_stored(folding->names->keys, folding->names->sorted[place]);
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
    const struct value key = key_at(folding, first->is[SUMMARY_KEY]);
    summary_kind_row(folding->buckets[first->is[SUMMARY_HOUR]], &key, counters, row);
    return 1;
}

static int64_t bucket_of(const struct folding *folding, size_t entry)
{
    return folding->buckets[folding->entries.all[entry].is[SUMMARY_HOUR]];
}

/* Those behind all that the table has are new. */
static int write_sums(const struct folding *folding, struct error *error)
{
    const struct summary_sums *sums = folding->sums;
    int64_t last;
    int has_last = summary_kind_day(sums->db, sums->last, &last, error);
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
        const struct value value = key_at(rows->folding, key);
        summary_kind_row(rows->day, &value, more, row);
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
        int found = summary_totals_behind(&sums->totals, day, &day, error);
        if (found <= 0) return found;
        for (; next < entries->count && bucket_of(folding, next) < day; next++)
            sums->kind->count(entries->all[next].what,
                              &counters[(size_t)entries->all[next].is[SUMMARY_KEY] * SUMMARY_COUNTERS]);
        struct total_rows rows = {{next_in_total}, folding, day, counters, 0};
        if (summary_rows_write(sums->rows, sums->add_total, &rows.source, error)) return -1;
    }
}

static int write_totals(const struct folding *folding, struct error *error)
{
    int64_t *counters = calloc(folding->names->keys->count + 1, SUMMARY_COUNTERS * sizeof *counters);
    if (!counters) return error_memory(error);
    int result = add_to_totals(folding, counters, error);
    free(counters);
    return result ? result : summary_totals_extend(&folding->sums->totals, error);
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
