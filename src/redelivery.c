#include "cdclite/redelivery.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "cdclite/connector_run.h"
#include "cdclite/database.h"
#include "cdclite/hash.h"
#include "cdclite/history.h"
#include "cdclite/identity_map.h"
#include "cdclite/run_comparison.h"

enum {
    MOST_OCCURRENCES =
        500 * 1000,           /* held in memory at once, 22 MB; what is dropped is read again when needed */
    QUIET_EVENTS = 50 * 1000, /* without a look-up, after which the memory is given back */
};

/* What is held of a table's history while events are looked up. */
struct lookup {
    struct lookup *next;
    struct captured_table *table;
    bool active;
    struct identity_map map;
    struct batch_span *spans; /* the batches that reach `floor` or above */
    size_t span_count;
    int64_t floor;
    int64_t from, before; /* all spans that hold a place in this range are in the map */
    size_t quiet;         /* events since the last look-up */
};

/* What a batch stored, and whether it is in the map. */
struct batch_span {
    int64_t first_change_id, last_change_id, least, greatest;
    bool loaded;
};

struct redelivery {
    sqlite3 *db;
    struct runs runs;
    struct stream *stream; /* of the event checked last, */
    int64_t offset;        /* its place there, */
    uint64_t hash;         /* and the hash of its identity, while its table's events are looked up */
    struct lookup *lookups;
    sqlite3_stmt *insert;
};

int redelivery_open(sqlite3 *db, struct redelivery **redelivery, struct error *error)
{
    *redelivery = calloc(1, sizeof **redelivery);
    if (!*redelivery) return error_memory(error);
    (*redelivery)->db = db;
    if (runs_open(&(*redelivery)->runs, db, error)) return -1;
    return database_prepare(db, "INSERT INTO redelivered_event VALUES(?1, ?2, ?3, ?4, ?5)",
                            &(*redelivery)->insert, error);
}

static void forget(struct lookup *lookup)
{
    identity_map_clear(&lookup->map);
    free(lookup->spans);
    lookup->spans = NULL;
    lookup->span_count = 0;
    lookup->active = false;
}

void redelivery_close(struct redelivery *redelivery)
{
    if (!redelivery) return;
    runs_close(&redelivery->runs);
    while (redelivery->lookups) {
        struct lookup *lookup = redelivery->lookups;
        redelivery->lookups = lookup->next;
        forget(lookup);
        free(lookup);
    }
    sqlite3_finalize(redelivery->insert);
    free(redelivery);
}

/* Of a delete the key alone counts: whether the rest was carried is known only after an update of the table.
 */
static bool counts(const struct captured_table *table, char op, size_t column)
{
    return op != 'd' || !table->key_enforced || table->columns[column].key;
}

static uint64_t identity_hash(const struct captured_table *table, char op, const struct value *lsn,
                              const struct value *tx_id, const struct value *before,
                              const struct value *after)
{
    uint64_t hash = hash_bytes(HASH_START, &op, 1);
    hash = value_hash(value_hash(hash, lsn), tx_id);
    /* A column that was added later is NULL in old rows, and counts no more than one that is absent. */
    for (size_t i = 0; i < table->count; i++) {
        if (!counts(table, op, i)) continue;
        if (before[i].type != VALUE_NULL) hash = value_hash(hash_word(hash, 2 * i), &before[i]);
        if (after[i].type != VALUE_NULL) hash = value_hash(hash_word(hash, 2 * i + 1), &after[i]);
    }
    return hash;
}

static uint64_t change_hash(const struct captured_table *table, const struct change *change)
{
    return identity_hash(table, change->op, &change->lsn, &change->tx_id, table->before, table->after);
}

struct comparing {
    const struct captured_table *table;
    const struct change *change;
};

/* Debezium before 2.6 sends the commit time in milliseconds. */
static bool same_time(int64_t a, int64_t b)
{
    enum { MILLISECOND = 1000 };
    if (a == b) return true;
    int64_t coarse = a % MILLISECOND == 0 ? a : b, fine = coarse == a ? b : a;
    return coarse % MILLISECOND == 0 && fine - coarse > 0 && fine - coarse < MILLISECOND;
}

static int same_event(void *context, const struct history_row *row, struct error *error)
{
    const struct comparing *comparing = context;
    const struct captured_table *table = comparing->table;
    const struct change *change = comparing->change;
    (void)error;
    if (row->op != change->op || !value_equals(&row->lsn, &change->lsn) ||
        !value_equals(&row->tx_id, &change->tx_id))
        return 0;
    /* After a restore the source may come to the same positions and transactions again. A flattened record's
     * time may be that of another clock. */
    if (!change->flattened && !same_time(row->changed_at, change->changed_at)) return 0;
    for (size_t i = 0; i < table->count; i++)
        if (counts(table, change->op, i) && (!value_equals(&row->before[i], &table->before[i]) ||
                                             !value_equals(&row->after[i], &table->after[i])))
            return 0;
    return 1;
}

struct loading {
    struct redelivery *redelivery;
    struct lookup *lookup;
};

static int load_row(void *context, const struct history_row *row, struct error *error)
{
    const struct loading *loading = context;
    const struct captured_table *table = loading->lookup->table;
    uint64_t hash = identity_hash(table, row->op, &row->lsn, &row->tx_id, row->before, row->after);
    struct occurrence occurrence = {.hash = hash,
                                    .change_id = row->change_id,
                                    .offset = row->offset,
                                    .run = runs_of_row(&loading->redelivery->runs, table->table_id, row),
                                    .stored = true};
    return identity_map_add(&loading->lookup->map, &occurrence) ? 0 : error_memory(error);
}

/* Adds the re-deliveries that repeat rows from..to: their hashes are those of the rows. */
static int load_repeats(struct redelivery *redelivery, struct lookup *lookup, int64_t from, int64_t to,
                        size_t first_row, struct error *error)
{
    sqlite3_stmt *statement;
    int code, result = 0;
    size_t last_row = lookup->map.count;
    if (database_prepare(
            redelivery->db,
            "SELECT change_id, run, \"offset\" FROM redelivered_event WHERE change_id BETWEEN ?1 AND ?2"
            " ORDER BY change_id",
            &statement, error))
        return -1;
    sqlite3_bind_int64(statement, 1, from);
    sqlite3_bind_int64(statement, 2, to);
    while (result == 0 && (code = sqlite3_step(statement)) != SQLITE_DONE) {
        if (code != SQLITE_ROW) {
            result = database_fail(redelivery->db, error, "redelivered_event");
            break;
        }
        int64_t change_id = sqlite3_column_int64(statement, 0), number = sqlite3_column_int64(statement, 1);
        while (first_row < last_row && lookup->map.all[first_row].change_id < change_id) first_row++;
        if (first_row == last_row || lookup->map.all[first_row].change_id != change_id)
            continue; /* another table's */
        struct occurrence occurrence = {.hash = lookup->map.all[first_row].hash,
                                        .change_id = change_id,
                                        .offset = sqlite3_column_int64(statement, 2),
                                        .run = runs_numbered(&redelivery->runs, number)};
        if (!identity_map_add(&lookup->map, &occurrence)) result = error_memory(error);
    }
    sqlite3_finalize(statement);
    return result;
}

static int load_range(struct redelivery *redelivery, struct lookup *lookup, int64_t from, int64_t to,
                      struct error *error)
{
    struct loading loading = {redelivery, lookup};
    size_t first_row = lookup->map.count;
    if (history_scan(redelivery->db, lookup->table, from, to, HISTORY_AS_SENT, load_row, &loading, error))
        return -1;
    return load_repeats(redelivery, lookup, from, to, first_row, error);
}

static int load_spans(struct redelivery *redelivery, struct lookup *lookup, bool by_time,
                      int64_t batch_first_id, struct error *error)
{
    sqlite3_stmt *statement;
    int code, result = 0;
    size_t capacity = 0;
    if (database_prepare(redelivery->db,
                         by_time
                             ? "SELECT first_change_id, last_change_id, least_changed_at, greatest_changed_at"
                               " FROM batch WHERE greatest_changed_at >= ?1 AND last_change_id < ?2"
                             : "SELECT first_change_id, last_change_id, least_lsn, greatest_lsn FROM batch"
                               " WHERE greatest_lsn >= ?1 AND last_change_id < ?2",
                         &statement, error))
        return -1;
    sqlite3_bind_int64(statement, 1, lookup->floor);
    sqlite3_bind_int64(statement, 2, batch_first_id);
    while (result == 0 && (code = sqlite3_step(statement)) != SQLITE_DONE) {
        if (code != SQLITE_ROW) {
            result = database_fail(redelivery->db, error, "batch");
            break;
        }
        if (lookup->span_count == capacity) {
            capacity = capacity ? capacity * 2 : 64;
            struct batch_span *spans = realloc(lookup->spans, capacity * sizeof *spans);
            if (!spans) {
                result = error_memory(error);
                break;
            }
            lookup->spans = spans;
        }
        lookup->spans[lookup->span_count++] = (struct batch_span){
            sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1),
            sqlite3_column_int64(statement, 2), sqlite3_column_int64(statement, 3), false};
    }
    sqlite3_finalize(statement);
    return result;
}

/*
 * Sees to it that every stored event at this place (run_place) is in the map: those of the batches that span
 * it. What is stored from now on is added by redelivery_stored.
 */
static int load_place(struct redelivery *redelivery, struct lookup *lookup, bool by_time, int64_t place,
                      int64_t batch_first_id, struct error *error)
{
    if (lookup->active && place < lookup->floor) forget(lookup);
    if (!lookup->active) {
        lookup->floor = place;
        lookup->from = lookup->before = INT64_MIN;
        if (load_spans(redelivery, lookup, by_time, batch_first_id, error) ||
            load_range(redelivery, lookup, batch_first_id, INT64_MAX, error))
            return -1;
        lookup->active = true;
    }
    if (place >= lookup->from && place < lookup->before) return 0;
    /* Until the next batch begins or one of these ends nothing more is to be loaded. */
    lookup->from = lookup->floor;
    lookup->before = INT64_MAX;
    for (size_t i = 0; i < lookup->span_count; i++) {
        struct batch_span *span = &lookup->spans[i];
        if (span->least > place) {
            if (span->least < lookup->before) lookup->before = span->least;
        } else if (span->greatest < place) {
            if (span->greatest >= lookup->from) lookup->from = span->greatest + 1;
        } else if (!span->loaded) {
            span->loaded = true;
            if (load_range(redelivery, lookup, span->first_change_id, span->last_change_id, error)) return -1;
        }
    }
    return 0;
}

static struct lookup *find_lookup(struct redelivery *redelivery, struct captured_table *table,
                                  struct error *error)
{
    for (struct lookup *lookup = redelivery->lookups; lookup; lookup = lookup->next)
        if (lookup->table == table) return lookup;
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (!lookup) {
        error_memory(error);
        return NULL;
    }
    lookup->table = table;
    lookup->next = redelivery->lookups;
    return redelivery->lookups = lookup;
}

/* Whether an occurrence in the map is the change itself, given by a run that can be compared: 1 or 0; -1:
 * failure. */
static int is_occurrence(struct redelivery *redelivery, const struct lookup *lookup,
                         const struct stream *stream, const struct change *change,
                         const struct occurrence *found, struct error *error)
{
    struct comparing comparing = {lookup->table, change};
    const struct run *runs = redelivery->runs.all;
    if (found->run == NO_RUN || !runs_comparable(lookup->table, &runs[found->run], &runs[stream->run]))
        return 0;
    return history_scan(redelivery->db, lookup->table, found->change_id, found->change_id, HISTORY_AS_SENT,
                        same_event, &comparing, error);
}

static int compare_ids(const void *a, const void *b)
{
    int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;
    return (first > second) - (first < second);
}

/* Finds the stored row that the change repeats: *change_id, or 0 for a new event. */
static int find_repeated(struct redelivery *redelivery, const struct lookup *lookup,
                         const struct stream *stream, const struct change *change, uint64_t hash,
                         int64_t *change_id, struct error *error)
{
    const struct occurrence *found = NULL;
    struct buffer stored = {0}; /* of int64_t: the rows that are the change itself */
    size_t given = 0, before = 0;
    int failed = 0;
    *change_id = 0;
    while (!failed && (found = identity_map_find(&lookup->map, hash, found))) {
        int same = is_occurrence(redelivery, lookup, stream, change, found, error);
        if (same > 0 && found->stored) buffer_append(&stored, &found->change_id, sizeof found->change_id);
        int own = same > 0 ? runs_same(&redelivery->runs, stream, found->run, found->offset, error) : 0;
        given += own > 0;
        before += same > 0 && !own && runs_resume(&redelivery->runs, stream, found->run, change);
        failed = same < 0 || own < 0;
    }
    /* Equal rows on both sides of where a run went on: nothing tells how many of them were sent twice, so
     * that all are stored. One alone is the event that was sent last, and is sent again. */
    if (before > 1) given += before;
    if (!failed && buffer_failed(&stored)) failed = error_memory(error);
    /* It repeats the (given+1)-th of them. They were found in the order in which they were looked up. */
    size_t count = stored.size / sizeof(int64_t);
    if (!failed && given < count) {
        int64_t *ids = (int64_t *)(void *)stored.at;
        qsort(ids, count, sizeof *ids, compare_ids);
        *change_id = ids[given];
    }
    buffer_free(&stored);
    return failed ? -1 : 0;
}

static int record(struct redelivery *redelivery, const struct stream *stream, const struct message *message,
                  int64_t change_id, struct error *error)
{
    database_bind_slice(redelivery->insert, 1, message->topic);
    sqlite3_bind_int(redelivery->insert, 2, message->partition);
    sqlite3_bind_int64(redelivery->insert, 3, message->offset);
    sqlite3_bind_int64(redelivery->insert, 4, change_id);
    sqlite3_bind_int64(redelivery->insert, 5, redelivery->runs.all[stream->run].number);
    return database_step(redelivery->db, redelivery->insert, error);
}

/* The event checked last is in the map from now on. */
static int note(const struct redelivery *redelivery, struct lookup *lookup, int64_t change_id, bool stored,
                struct error *error)
{
    struct occurrence occurrence = {.hash = redelivery->hash,
                                    .change_id = change_id,
                                    .offset = redelivery->offset,
                                    .run = (int32_t)redelivery->stream->run,
                                    .stored = stored};
    return identity_map_add(&lookup->map, &occurrence) ? 0 : error_memory(error);
}

int redelivery_check(struct redelivery *redelivery, struct captured_table *table,
                     const struct message *message, const struct change *change, int64_t change_id,
                     int64_t batch_first_id, struct error *error)
{
    struct stream *stream = runs_take(&redelivery->runs, table, message, change, change_id, error);
    if (!stream) return -1;
    redelivery->stream = stream;
    redelivery->offset = message->offset;
    struct lookup *lookup = find_lookup(redelivery, table, error);
    if (!lookup) return -1;
    int64_t repeated = 0, place;
    bool looked_up = run_place(change, &place) && runs_others_reached(&redelivery->runs, stream, place);
    if (looked_up || lookup->active) redelivery->hash = change_hash(table, change);
    if (looked_up) {
        lookup->quiet = 0;
        if (lookup->map.count > MOST_OCCURRENCES) forget(lookup);
        if (load_place(redelivery, lookup, change->lsn.type != VALUE_INTEGER, place, batch_first_id, error) ||
            find_repeated(redelivery, lookup, stream, change, redelivery->hash, &repeated, error))
            return -1;
        if (repeated && (record(redelivery, stream, message, repeated, error) ||
                         note(redelivery, lookup, repeated, false, error)))
            return -1;
    } else if (lookup->active && ++lookup->quiet > QUIET_EVENTS) {
        forget(lookup);
    }
    if (runs_advance(&redelivery->runs, stream, change, error)) return -1;
    return repeated != 0;
}

int redelivery_stored(struct redelivery *redelivery, struct captured_table *table, int64_t change_id,
                      struct error *error)
{
    struct lookup *lookup = find_lookup(redelivery, table, error);
    if (!lookup) return -1;
    if (!lookup->active) return 0;
    if (lookup->map.count > MOST_OCCURRENCES) {
        forget(lookup);
        return 0;
    }
    return note(redelivery, lookup, change_id, true, error);
}

int redelivery_restart(struct redelivery *redelivery, struct slice topic, int32_t partition, int64_t offset,
                       int64_t change_id, struct error *error)
{
    return runs_restart(&redelivery->runs, topic, partition, offset, change_id, error);
}

int redelivery_save(struct redelivery *redelivery, struct error *error)
{
    return runs_save(&redelivery->runs, error);
}

int redelivery_write(struct redelivery *redelivery, struct error *error)
{
    return sent_stretches_write(&redelivery->runs.stretches, error);
}
