#include "cdclite/redelivery.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "cdclite/database.h"
#include "cdclite/hash.h"
#include "cdclite/history.h"
#include "cdclite/identity_map.h"
#include "cdclite/log.h"
#include "cdclite/tx_set.h"

enum {
    MOST_OCCURRENCES = 500 * 1000, /* held in memory at once, 20 MB; what is dropped is read again when needed */
    QUIET_EVENTS = 50 * 1000,      /* without a look-up, after which the memory is given back */
};

/* One row of connector_run. */
struct run {
    int64_t number;
    int64_t table_id, first_offset, first_change_id;
    char *topic;
    int32_t partition;
    char *run_id; /* NULL without the header */
    bool has_last, has_greatest, unsaved;
    int64_t last_tx, last_lsn, greatest_lsn;
};

/* A table's events in one partition of one topic. */
struct stream {
    struct stream *next;
    struct captured_table *table;
    char *topic;
    int32_t partition;
    size_t run;           /* index of the run being read */
    struct tx_set seen;   /* transactions of that run (only without the header) */
};

/* What is held of a table's history while events are looked up. */
struct lookup {
    struct lookup *next;
    struct captured_table *table;
    bool active;
    struct identity_map map;
    struct batch_span *spans; /* the batches that reach `floor_lsn` or above */
    size_t span_count;
    int64_t floor_lsn;
    int64_t lsn_from, lsn_before; /* all spans that hold an lsn in this range are in the map */
    size_t quiet;                 /* events since the last look-up */
};

/* What a batch stored, and whether it is in the map. */
struct batch_span {
    int64_t first_change_id, last_change_id, least_lsn, greatest_lsn;
    bool loaded;
};

struct redelivery {
    sqlite3 *db;
    struct catalog *catalog;
    struct run *runs;
    size_t run_count;
    struct stream *streams; /* the one used last stands first */
    struct lookup *lookups;
    sqlite3_stmt *insert, *save;
};

static int set_text(char **to, struct slice from, struct error *error)
{
    *to = from.at ? strndup(from.at, from.size) : NULL;
    return from.at && !*to ? error_memory(error) : 0;
}

static struct run *add_run(struct redelivery *redelivery, struct slice topic, struct slice run_id, struct error *error)
{
    struct run *runs = realloc(redelivery->runs, (redelivery->run_count + 1) * sizeof *runs);
    if (!runs) {
        error_memory(error);
        return NULL;
    }
    redelivery->runs = runs;
    struct run *run = &runs[redelivery->run_count];
    *run = (struct run){0};
    if (set_text(&run->topic, topic, error) || set_text(&run->run_id, run_id, error)) {
        free(run->topic);
        return NULL;
    }
    redelivery->run_count++;
    return run;
}

static struct slice column_slice(sqlite3_stmt *statement, int column)
{
    return slice_of((const char *)sqlite3_column_text(statement, column));
}

static int load_runs(struct redelivery *redelivery, struct error *error)
{
    sqlite3_stmt *statement;
    int code, result = -1;
    if (database_prepare(redelivery->db,
                         "SELECT topic, run_id, run, table_id, partition, first_offset, first_change_id, last_tx_id,"
                         " last_lsn, greatest_lsn FROM connector_run ORDER BY run",
                         &statement, error))
        return -1;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct run *run = add_run(redelivery, column_slice(statement, 0), column_slice(statement, 1), error);
        if (!run) goto done;
        run->number = sqlite3_column_int64(statement, 2);
        run->table_id = sqlite3_column_int64(statement, 3);
        run->partition = sqlite3_column_int(statement, 4);
        run->first_offset = sqlite3_column_int64(statement, 5);
        run->first_change_id = sqlite3_column_int64(statement, 6);
        run->has_last = sqlite3_column_type(statement, 7) != SQLITE_NULL;
        run->last_tx = sqlite3_column_int64(statement, 7);
        run->last_lsn = sqlite3_column_int64(statement, 8);
        run->has_greatest = sqlite3_column_type(statement, 9) != SQLITE_NULL;
        run->greatest_lsn = sqlite3_column_int64(statement, 9);
    }
    result = code == SQLITE_DONE ? 0 : database_fail(redelivery->db, error, "connector_run");
done:
    sqlite3_finalize(statement);
    return result;
}

int redelivery_open(sqlite3 *db, struct catalog *catalog, struct redelivery **redelivery, struct error *error)
{
    *redelivery = calloc(1, sizeof **redelivery);
    if (!*redelivery) return error_memory(error);
    (*redelivery)->db = db;
    (*redelivery)->catalog = catalog;
    if (load_runs(*redelivery, error) ||
        database_prepare(db, "INSERT INTO redelivered_event VALUES(?1, ?2, ?3, ?4, ?5)", &(*redelivery)->insert,
                         error) ||
        database_prepare(db, "UPDATE connector_run SET last_tx_id = ?2, last_lsn = ?3, greatest_lsn = ?4 WHERE run = ?1",
                         &(*redelivery)->save, error))
        return -1;
    return 0;
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
    for (size_t i = 0; i < redelivery->run_count; i++) {
        free(redelivery->runs[i].topic);
        free(redelivery->runs[i].run_id);
    }
    free(redelivery->runs);
    while (redelivery->streams) {
        struct stream *stream = redelivery->streams;
        redelivery->streams = stream->next;
        tx_set_clear(&stream->seen);
        free(stream->topic);
        free(stream);
    }
    while (redelivery->lookups) {
        struct lookup *lookup = redelivery->lookups;
        redelivery->lookups = lookup->next;
        forget(lookup);
        free(lookup);
    }
    sqlite3_finalize(redelivery->insert);
    sqlite3_finalize(redelivery->save);
    free(redelivery);
}

enum { NO_RUN = -1 };

/* The run that a stored row of the table is of: the last one of its partition that began at or before it. */
static int32_t run_of_row(const struct redelivery *redelivery, int64_t table_id, const struct history_row *row)
{
    for (size_t i = redelivery->run_count; i > 0; i--) {
        const struct run *run = &redelivery->runs[i - 1];
        if (run->table_id == table_id && run->partition == row->partition &&
            run->first_change_id <= row->change_id && run->first_offset <= row->offset)
            return (int32_t)(i - 1);
    }
    return NO_RUN;
}

static struct stream *find_stream(struct redelivery *redelivery, struct captured_table *table,
                                  const struct message *message, struct error *error)
{
    for (struct stream **link = &redelivery->streams; *link; link = &(*link)->next) {
        struct stream *stream = *link;
        if (stream->table != table || stream->partition != message->partition ||
            !slice_is(message->topic, stream->topic))
            continue;
        *link = stream->next;
        stream->next = redelivery->streams;
        return redelivery->streams = stream;
    }
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream || set_text(&stream->topic, message->topic, error)) {
        free(stream);
        error_memory(error);
        return NULL;
    }
    stream->table = table;
    stream->partition = message->partition;
    stream->run = SIZE_MAX;
    for (size_t i = 0; i < redelivery->run_count; i++) {
        const struct run *run = &redelivery->runs[i];
        if (run->table_id == table->table_id && run->partition == message->partition &&
            slice_is(message->topic, run->topic))
            stream->run = i;
    }
    /* What the run gave before this start of the program is looked up in the history. */
    stream->seen.forgotten = INT64_MIN;
    if (stream->run != SIZE_MAX && database_integer(redelivery->db, "SELECT max(greatest_tx_id) FROM batch", INT64_MIN,
                                                    &stream->seen.forgotten, error)) {
        free(stream->topic);
        free(stream);
        return NULL;
    }
    stream->next = redelivery->streams;
    return redelivery->streams = stream;
}

static int begin_run(struct redelivery *redelivery, struct stream *stream, const struct message *message,
                     int64_t change_id, struct error *error)
{
    sqlite3_stmt *statement;
    struct run *run = add_run(redelivery, message->topic, message->run_id, error);
    if (!run) return -1;
    run->table_id = stream->table->table_id;
    run->partition = message->partition;
    run->first_offset = message->offset;
    run->first_change_id = change_id;
    if (stream->run != SIZE_MAX)
        log_write(LOG_DEBUG, "%s, partition %d: the connector ran anew at offset %lld", stream->topic,
                  stream->partition, (long long)message->offset);
    stream->run = redelivery->run_count - 1;
    tx_set_clear(&stream->seen);
    if (database_prepare(redelivery->db, "INSERT INTO connector_run VALUES(NULL, ?1, ?2, ?3, ?4, ?5, ?6, NULL, NULL, NULL)",
                         &statement, error))
        return -1;
    sqlite3_bind_int64(statement, 1, run->table_id);
    database_bind_slice(statement, 2, message->topic);
    sqlite3_bind_int(statement, 3, message->partition);
    sqlite3_bind_int64(statement, 4, message->offset);
    sqlite3_bind_int64(statement, 5, change_id);
    if (message->run_id.at) database_bind_slice(statement, 6, message->run_id);
    int result = database_step(redelivery->db, statement, error);
    run->number = sqlite3_last_insert_rowid(redelivery->db);
    sqlite3_finalize(statement);
    return result;
}

static int found_row(void *context, const struct history_row *row, struct error *error)
{
    const struct stream *wanted = context;
    (void)error;
    return row->partition == wanted->partition && row->tx_id.type == VALUE_INTEGER &&
           row->tx_id.integer == wanted->seen.asked;
}

/* Whether the stream's run has given transaction `tx` before this start of the program (or too long ago to be in
 * memory): looked up in the batches that span it, and among the run's re-deliveries. 1 or 0; -1: failure. */
static int tx_in_history(struct redelivery *redelivery, struct stream *stream, int64_t tx, struct error *error)
{
    const struct run *run = &redelivery->runs[stream->run];
    sqlite3_stmt *statement;
    int code, result = 0;
    stream->seen.asked = tx;
    if (database_prepare(redelivery->db,
                         "SELECT max(first_change_id, ?2), last_change_id FROM batch"
                         " WHERE ?1 BETWEEN least_tx_id AND greatest_tx_id AND last_change_id >= ?2"
                         " UNION ALL SELECT change_id, change_id FROM redelivered_event WHERE run = ?3",
                         &statement, error))
        return -1;
    sqlite3_bind_int64(statement, 1, tx);
    sqlite3_bind_int64(statement, 2, run->first_change_id);
    sqlite3_bind_int64(statement, 3, run->number);
    while (result == 0 && (code = sqlite3_step(statement)) != SQLITE_DONE) {
        if (code != SQLITE_ROW) {
            result = database_fail(redelivery->db, error, "batch");
            break;
        }
        result = history_scan(redelivery->db, stream->table, sqlite3_column_int64(statement, 0),
                              sqlite3_column_int64(statement, 1), found_row, stream, error);
    }
    sqlite3_finalize(statement);
    return result;
}

/* Whether this event begins a new run of the connector: 1 or 0; -1: failure. */
static int begins_run(struct redelivery *redelivery, struct stream *stream, const struct message *message,
                      const struct change *change, struct error *error)
{
    if (stream->run == SIZE_MAX) return 1;
    const struct run *run = &redelivery->runs[stream->run];
    if (message->run_id.at || run->run_id)
        return !(run->run_id && message->run_id.at && slice_is(message->run_id, run->run_id));
    if (!run->has_last || change->tx_id.type != VALUE_INTEGER || change->lsn.type != VALUE_INTEGER) return 0;
    if (change->tx_id.integer == run->last_tx) return change->lsn.integer < run->last_lsn;
    switch (tx_set_find(&stream->seen, change->tx_id.integer)) {
    case TX_SEEN: return 1;
    case TX_NEW: return 0;
    case TX_FORGOTTEN: break;
    }
    return tx_in_history(redelivery, stream, change->tx_id.integer, error);
}

/* Whether two runs of one table can have given the same event. */
static bool comparable(const struct run *a, const struct run *b)
{
    if (a->run_id && b->run_id) return true;
    return a->partition == b->partition && strcmp(a->topic, b->topic) == 0;
}

static bool same_run(const struct run *a, const struct run *b)
{
    return a == b || (a->run_id && b->run_id && strcmp(a->run_id, b->run_id) == 0);
}

/* Whether another run of the table has reached this far. */
static bool others_reached(const struct redelivery *redelivery, const struct stream *stream, int64_t lsn)
{
    const struct run *own = &redelivery->runs[stream->run];
    for (size_t i = 0; i < redelivery->run_count; i++) {
        const struct run *run = &redelivery->runs[i];
        if (run->table_id == own->table_id && run->has_greatest && run->greatest_lsn >= lsn && !same_run(run, own) &&
            comparable(run, own))
            return true;
    }
    return false;
}

static uint64_t identity_hash(size_t count, char op, const struct value *lsn, const struct value *tx_id,
                              const struct value *before, const struct value *after)
{
    uint64_t hash = hash_bytes(HASH_START, &op, 1);
    hash = value_hash(value_hash(hash, lsn), tx_id);
    /* A column that was added later is NULL in old rows, and counts no more than one that is absent. */
    for (size_t i = 0; i < count; i++) {
        if (before[i].type != VALUE_NULL) hash = value_hash(hash_word(hash, 2 * i), &before[i]);
        if (after[i].type != VALUE_NULL) hash = value_hash(hash_word(hash, 2 * i + 1), &after[i]);
    }
    return hash;
}

static uint64_t change_hash(const struct captured_table *table, const struct change *change)
{
    return identity_hash(table->count, change->op, &change->lsn, &change->tx_id, table->before, table->after);
}

struct comparing {
    const struct captured_table *table;
    const struct change *change;
};

static int same_event(void *context, const struct history_row *row, struct error *error)
{
    const struct comparing *comparing = context;
    const struct captured_table *table = comparing->table;
    const struct change *change = comparing->change;
    (void)error;
    if (row->op != change->op || !value_equals(&row->lsn, &change->lsn) || !value_equals(&row->tx_id, &change->tx_id))
        return 0;
    for (size_t i = 0; i < table->count; i++)
        if (!value_equals(&row->before[i], &table->before[i]) || !value_equals(&row->after[i], &table->after[i])) return 0;
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
    uint64_t hash = identity_hash(table->count, row->op, &row->lsn, &row->tx_id, row->before, row->after);
    int32_t run = run_of_row(loading->redelivery, table->table_id, row);
    return identity_map_add(&loading->lookup->map, hash, row->change_id, run, true) ? 0 : error_memory(error);
}

/* Adds the re-deliveries that repeat rows from..to: their hashes are those of the rows. */
static int load_repeats(struct redelivery *redelivery, struct lookup *lookup, int64_t from, int64_t to,
                        size_t first_row, struct error *error)
{
    sqlite3_stmt *statement;
    int code, result = 0;
    size_t last_row = lookup->map.count;
    if (database_prepare(redelivery->db,
                         "SELECT change_id, run FROM redelivered_event WHERE change_id BETWEEN ?1 AND ?2"
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
        if (first_row == last_row || lookup->map.all[first_row].change_id != change_id) continue; /* another table's */
        for (size_t i = 0; i < redelivery->run_count; i++) {
            if (redelivery->runs[i].number != number) continue;
            if (!identity_map_add(&lookup->map, lookup->map.all[first_row].hash, change_id, (int32_t)i, false))
                result = error_memory(error);
        }
    }
    sqlite3_finalize(statement);
    return result;
}

static int load_range(struct redelivery *redelivery, struct lookup *lookup, int64_t from, int64_t to,
                      struct error *error)
{
    struct loading loading = {redelivery, lookup};
    size_t first_row = lookup->map.count;
    if (history_scan(redelivery->db, lookup->table, from, to, load_row, &loading, error)) return -1;
    return load_repeats(redelivery, lookup, from, to, first_row, error);
}

static int load_spans(struct redelivery *redelivery, struct lookup *lookup, int64_t batch_first_id, struct error *error)
{
    sqlite3_stmt *statement;
    int code, result = 0;
    size_t capacity = 0;
    if (database_prepare(redelivery->db,
                         "SELECT first_change_id, last_change_id, least_lsn, greatest_lsn FROM batch"
                         " WHERE greatest_lsn >= ?1 AND last_change_id < ?2",
                         &statement, error))
        return -1;
    sqlite3_bind_int64(statement, 1, lookup->floor_lsn);
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
            sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1), sqlite3_column_int64(statement, 2),
            sqlite3_column_int64(statement, 3), false};
    }
    sqlite3_finalize(statement);
    return result;
}

/*
 * Sees to it that every stored event with this lsn is in the map: those of the batches that span it. What is stored
 * from now on is added by redelivery_stored.
 */
static int load_lsn(struct redelivery *redelivery, struct lookup *lookup, int64_t lsn, int64_t batch_first_id,
                    struct error *error)
{
    if (lookup->active && lsn < lookup->floor_lsn) forget(lookup);
    if (!lookup->active) {
        lookup->floor_lsn = lsn;
        lookup->lsn_from = lookup->lsn_before = INT64_MIN;
        if (load_spans(redelivery, lookup, batch_first_id, error) ||
            load_range(redelivery, lookup, batch_first_id, INT64_MAX, error))
            return -1;
        lookup->active = true;
    }
    if (lsn >= lookup->lsn_from && lsn < lookup->lsn_before) return 0;
    /* Until the next batch begins or one of these ends nothing more is to be loaded. */
    lookup->lsn_from = lookup->floor_lsn;
    lookup->lsn_before = INT64_MAX;
    for (size_t i = 0; i < lookup->span_count; i++) {
        struct batch_span *span = &lookup->spans[i];
        if (span->least_lsn > lsn) {
            if (span->least_lsn < lookup->lsn_before) lookup->lsn_before = span->least_lsn;
        } else if (span->greatest_lsn < lsn) {
            if (span->greatest_lsn >= lookup->lsn_from) lookup->lsn_from = span->greatest_lsn + 1;
        } else if (!span->loaded) {
            span->loaded = true;
            if (load_range(redelivery, lookup, span->first_change_id, span->last_change_id, error)) return -1;
        }
    }
    return 0;
}

static struct lookup *find_lookup(struct redelivery *redelivery, struct captured_table *table, struct error *error)
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

/* Finds the stored row that the change repeats: *change_id, or 0 for a new event. */
static int find_repeated(struct redelivery *redelivery, struct lookup *lookup, const struct stream *stream,
                         const struct change *change, uint64_t hash, int64_t *change_id, struct error *error)
{
    const struct run *own = &redelivery->runs[stream->run];
    struct comparing comparing = {lookup->table, change};
    size_t given = 0, stored = 0;
    *change_id = 0;
    const struct occurrence *found = NULL;
    while ((found = identity_map_find(&lookup->map, hash, found))) {
        if (found->run == NO_RUN) continue;
        const struct run *run = &redelivery->runs[found->run];
        if (!comparable(run, own)) continue;
        int same = history_scan(redelivery->db, lookup->table, found->change_id, found->change_id, same_event, &comparing,
                                error);
        if (same < 0) return -1;
        if (!same) continue;
        if (same_run(run, own)) given++;
        if (found->stored) stored++;
    }
    if (given >= stored) return 0;
    /* It repeats the (given+1)-th stored one; occurrences come newest first. */
    size_t skip = stored - given - 1;
    while ((found = identity_map_find(&lookup->map, hash, found))) {
        if (!found->stored || found->run == NO_RUN || !comparable(&redelivery->runs[found->run], own)) continue;
        int same = history_scan(redelivery->db, lookup->table, found->change_id, found->change_id, same_event, &comparing,
                                error);
        if (same < 0) return -1;
        if (same && skip-- == 0) break;
    }
    *change_id = found ? found->change_id : 0;
    return 0;
}

static int record(struct redelivery *redelivery, const struct stream *stream, const struct message *message,
                  int64_t change_id, struct error *error)
{
    database_bind_slice(redelivery->insert, 1, message->topic);
    sqlite3_bind_int(redelivery->insert, 2, message->partition);
    sqlite3_bind_int64(redelivery->insert, 3, message->offset);
    sqlite3_bind_int64(redelivery->insert, 4, change_id);
    sqlite3_bind_int64(redelivery->insert, 5, redelivery->runs[stream->run].number);
    return database_step(redelivery->db, redelivery->insert, error);
}

/* Notes what the run has reached with this event. */
static int advance(struct redelivery *redelivery, struct stream *stream, const struct change *change,
                   struct error *error)
{
    struct run *run = &redelivery->runs[stream->run];
    if (change->tx_id.type != VALUE_INTEGER || change->lsn.type != VALUE_INTEGER) return 0;
    if (!run->run_id && (!run->has_last || run->last_tx != change->tx_id.integer) &&
        !tx_set_add(&stream->seen, change->tx_id.integer))
        return error_memory(error);
    run->has_last = run->unsaved = true;
    run->last_tx = change->tx_id.integer;
    run->last_lsn = change->lsn.integer;
    if (!run->has_greatest || run->greatest_lsn < change->lsn.integer) run->greatest_lsn = change->lsn.integer;
    run->has_greatest = true;
    return 0;
}

int redelivery_check(struct redelivery *redelivery, struct captured_table *table, const struct message *message,
                     const struct change *change, int64_t change_id, int64_t batch_first_id, struct error *error)
{
    struct stream *stream = find_stream(redelivery, table, message, error);
    if (!stream) return -1;
    int begins = begins_run(redelivery, stream, message, change, error);
    if (begins < 0 || (begins && begin_run(redelivery, stream, message, change_id, error))) return -1;

    struct lookup *lookup = find_lookup(redelivery, table, error);
    if (!lookup) return -1;
    int64_t repeated = 0;
    if (change->lsn.type == VALUE_INTEGER && others_reached(redelivery, stream, change->lsn.integer)) {
        uint64_t hash = change_hash(table, change);
        lookup->quiet = 0;
        if (lookup->map.count > MOST_OCCURRENCES) forget(lookup);
        if (load_lsn(redelivery, lookup, change->lsn.integer, batch_first_id, error) ||
            find_repeated(redelivery, lookup, stream, change, hash, &repeated, error))
            return -1;
        if (repeated && (record(redelivery, stream, message, repeated, error) ||
                         (!identity_map_add(&lookup->map, hash, repeated, (int32_t)stream->run, false) &&
                          error_memory(error))))
            return -1;
    } else if (lookup->active && ++lookup->quiet > QUIET_EVENTS) {
        forget(lookup);
    }
    if (advance(redelivery, stream, change, error)) return -1;
    return repeated != 0;
}

int redelivery_stored(struct redelivery *redelivery, struct captured_table *table, const struct change *change,
                      int64_t change_id, struct error *error)
{
    struct lookup *lookup = find_lookup(redelivery, table, error);
    if (!lookup) return -1;
    if (!lookup->active) return 0;
    if (lookup->map.count > MOST_OCCURRENCES) {
        forget(lookup);
        return 0;
    }
    /* The stream used last is the one that gave this event. */
    uint64_t hash = change_hash(table, change);
    return identity_map_add(&lookup->map, hash, change_id, (int32_t)redelivery->streams->run, true)
               ? 0
               : error_memory(error);
}

int redelivery_save(struct redelivery *redelivery, struct error *error)
{
    for (size_t i = 0; i < redelivery->run_count; i++) {
        struct run *run = &redelivery->runs[i];
        if (!run->unsaved) continue;
        sqlite3_bind_int64(redelivery->save, 1, run->number);
        sqlite3_bind_int64(redelivery->save, 2, run->last_tx);
        sqlite3_bind_int64(redelivery->save, 3, run->last_lsn);
        sqlite3_bind_int64(redelivery->save, 4, run->greatest_lsn);
        if (database_step(redelivery->db, redelivery->save, error)) return -1;
        run->unsaved = false;
    }
    return 0;
}
