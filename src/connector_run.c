#include "cdclite/connector_run.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "cdclite/database.h"
#include "cdclite/log.h"
#include "display_text.h"

static int set_text(char **to, struct slice from, struct error *error)
{
    *to = from.at ? strndup(from.at, from.size) : NULL;
    return from.at && !*to ? error_memory(error) : 0;
}

/* The header's text; absent for bytes that are none, which Debezium never sends. */
static struct slice run_id_of(const struct message *message)
{
    struct slice rest = message->run_id;
    for (size_t size; rest.size; rest.at += size, rest.size -= size)
        if (utf8_at(rest, &size) <= 0) return (struct slice){0};
    return message->run_id;
}

static struct run *add_run(struct runs *runs, struct slice topic, struct slice run_id, struct error *error)
{
    struct run *all = realloc(runs->all, (runs->count + 1) * sizeof *all);
    if (!all) {
        error_memory(error);
        return NULL;
    }
    runs->all = all;
    struct run *run = &all[runs->count];
    *run = (struct run){0};
    run->topic = strndup(topic.at, topic.size);
    if (!run->topic || set_text(&run->run_id, run_id, error)) {
        free(run->topic);
        error_memory(error);
        return NULL;
    }
    runs->count++;
    return run;
}

static struct slice column_slice(sqlite3_stmt *statement, int column)
{
    return slice_of((const char *)sqlite3_column_text(statement, column));
}

static int load_runs(struct runs *runs, struct error *error)
{
    sqlite3_stmt *statement;
    int code, result = -1;
    if (database_prepare(
            runs->db,
            "SELECT topic, run_id, run, table_id, partition, first_offset, first_change_id, last_tx_id,"
            " last_lsn, greatest_lsn, resumes FROM connector_run ORDER BY run",
            &statement, error))
        return -1;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct run *run = add_run(runs, column_slice(statement, 0), column_slice(statement, 1), error);
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
        run->resumes = sqlite3_column_int(statement, 10) != 0;
        /* Its stretches are in the database: it may have reached this place in any of them. */
        run->has_before = run->has_greatest;
        run->greatest_before = run->greatest_lsn;
    }
    result = code == SQLITE_DONE ? 0 : database_fail(runs->db, error, "connector_run");
done:
    sqlite3_finalize(statement);
    return result;
}

int runs_open(struct runs *runs, sqlite3 *db, struct error *error)
{
    *runs = (struct runs){.db = db};
    if (load_runs(runs, error) || sent_stretches_open(&runs->stretches, db, error)) return -1;
    return database_prepare(
        db, "UPDATE connector_run SET last_tx_id = ?2, last_lsn = ?3, greatest_lsn = ?4 WHERE run = ?1",
        &runs->save, error);
}

void runs_close(struct runs *runs)
{
    for (size_t i = 0; i < runs->count; i++) {
        free(runs->all[i].topic);
        free(runs->all[i].run_id);
    }
    free(runs->all);
    while (runs->streams) {
        struct stream *stream = runs->streams;
        runs->streams = stream->next;
        tx_set_clear(&stream->seen);
        free(stream->topic);
        free(stream);
    }
    sent_stretches_close(&runs->stretches);
    sqlite3_finalize(runs->save);
    *runs = (struct runs){0};
}

int32_t runs_of_row(const struct runs *runs, int64_t table_id, const struct history_row *row)
{
    for (size_t i = runs->count; i > 0; i--) {
        const struct run *run = &runs->all[i - 1];
        if (run->table_id == table_id && run->partition == row->partition &&
            run->first_change_id <= row->change_id && run->first_offset <= row->offset)
            return (int32_t)(i - 1);
    }
    return NO_RUN;
}

int32_t runs_numbered(const struct runs *runs, int64_t number)
{
    for (size_t i = 0; i < runs->count; i++)
        if (runs->all[i].number == number) return (int32_t)i;
    return NO_RUN;
}

static struct stream *find_stream(struct runs *runs, struct captured_table *table,
                                  const struct message *message, struct error *error)
{
    for (struct stream **link = &runs->streams; *link; link = &(*link)->next) {
        struct stream *stream = *link;
        if (stream->table != table || stream->partition != message->partition ||
            !slice_is(message->topic, stream->topic))
            continue;
        if (stream == runs->streams) return stream;
        *link = stream->next;
        stream->next = runs->streams;
        runs->changes++;
        return runs->streams = stream;
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
    for (size_t i = 0; i < runs->count; i++) {
        const struct run *run = &runs->all[i];
        if (run->table_id == table->table_id && run->partition == message->partition &&
            slice_is(message->topic, run->topic))
            stream->run = i;
    }
    /* What the run gave before this start of the program is looked up in the history. */
    stream->seen.forgotten = INT64_MIN;
    if (stream->run != SIZE_MAX && (database_integer(runs->db, "SELECT max(greatest_tx_id) FROM batch",
                                                     INT64_MIN, &stream->seen.forgotten, error) ||
                                    sent_stretches_find(&runs->stretches, runs->all[stream->run].number,
                                                        INT64_MAX, &runs->all[stream->run].stretch, error))) {
        free(stream->topic);
        free(stream);
        return NULL;
    }
    stream->next = runs->streams;
    runs->changes++;
    return runs->streams = stream;
}

/* Adds a run to memory and to connector_run. */
static int store_run(struct runs *runs, int64_t table_id, struct slice topic, int32_t partition,
                     int64_t first_offset, int64_t change_id, struct slice run_id, bool resumes,
                     struct error *error)
{
    sqlite3_stmt *statement;
    struct run *run = add_run(runs, topic, run_id, error);
    if (!run) return -1;
    run->table_id = table_id;
    run->partition = partition;
    run->first_offset = first_offset;
    run->first_change_id = change_id;
    run->resumes = resumes;
    runs->changes++;
    if (database_prepare(
            runs->db, "INSERT INTO connector_run VALUES(NULL, ?1, ?2, ?3, ?4, ?5, ?6, NULL, NULL, NULL, ?7)",
            &statement, error))
        return -1;
    sqlite3_bind_int64(statement, 1, table_id);
    database_bind_slice(statement, 2, topic);
    sqlite3_bind_int(statement, 3, partition);
    sqlite3_bind_int64(statement, 4, first_offset);
    sqlite3_bind_int64(statement, 5, change_id);
    if (run_id.at) database_bind_slice(statement, 6, run_id);
    sqlite3_bind_int(statement, 7, resumes);
    int result = database_step(runs->db, statement, error);
    run->number = sqlite3_last_insert_rowid(runs->db);
    sqlite3_finalize(statement);
    return result;
}

/* Debezium 3.7 counts the events of one position that it has sent, and after a restart goes on behind them;
 * before, it sent all of them again. */
static bool counts_events(struct slice version)
{
    char text[16] = "", *dot, *end;
    if (version.size) memcpy(text, version.at, version.size < sizeof text ? version.size : sizeof text - 1);
    if (*text != '"') return true;
    long major = strtol(text + 1, &dot, 10);
    if (dot == text + 1 || *dot != '.') return true;
    long minor = strtol(dot + 1, &end, 10);
    return end == dot + 1 || major > 3 || (major == 3 && minor >= 7);
}

/* Whether a run that begins with this event may do so where the run before it ended. Only rows that COPY
 * writes into a table without a key share their position and may be equal. Over several partitions nothing
 * tells where a run ended. */
static bool resumes_at_end(const struct runs *runs, const struct stream *stream, const struct change *change)
{
    if (stream->run == SIZE_MAX || change->op != 'c' || !counts_events(change->version)) return false;
    const struct run *before = &runs->all[stream->run];
    return !stream->table->key_enforced && !stream->table->many_partitions && before->has_last &&
           change->tx_id.type == VALUE_INTEGER && change->tx_id.integer == before->last_tx &&
           change->lsn.type == VALUE_INTEGER && change->lsn.integer == before->last_lsn;
}

static int begin_run(struct runs *runs, struct stream *stream, const struct message *message,
                     const struct change *change, int64_t change_id, struct error *error)
{
    bool resumes = resumes_at_end(runs, stream, change);
    if (store_run(runs, stream->table->table_id, message->topic, message->partition, message->offset,
                  change_id, run_id_of(message), resumes, error))
        return -1;
    if (stream->run != SIZE_MAX)
        log_write(LOG_DEBUG, "%s, partition %d: the connector ran anew at offset %lld", stream->topic,
                  stream->partition, (long long)message->offset);
    stream->run = runs->count - 1;
    tx_set_clear(&stream->seen);
    return 0;
}

static bool same_place(const struct run *a, const struct run *b)
{
    return a->table_id == b->table_id && a->partition == b->partition && strcmp(a->topic, b->topic) == 0;
}

/* Whether no other run of its table and partition began later. */
static bool is_last(const struct runs *runs, size_t index)
{
    for (size_t i = index + 1; i < runs->count; i++)
        if (same_place(&runs->all[i], &runs->all[index])) return false;
    return true;
}

int runs_restart(struct runs *runs, struct slice topic, int32_t partition, int64_t offset, int64_t change_id,
                 struct error *error)
{
    for (size_t i = 0, known = runs->count; i < known; i++) {
        const struct run *run = &runs->all[i];
        if (run->partition != partition || !slice_is(topic, run->topic) || !is_last(runs, i)) continue;
        if (store_run(runs, run->table_id, topic, partition, offset, change_id, (struct slice){0}, false,
                      error))
            return -1;
        for (struct stream *stream = runs->streams; stream; stream = stream->next) {
            if (stream->run != i) continue;
            stream->run = runs->count - 1;
            tx_set_clear(&stream->seen);
        }
    }
    return 0;
}

/* A transaction looked for in one partition. */
struct wanted {
    int64_t tx_id;
    int32_t partition;
};

/* Only events with a place count, as in runs_advance. */
static int found_row(void *context, const struct history_row *row, struct error *error)
{
    const struct wanted *wanted = context;
    (void)error;
    return row->partition == wanted->partition && row->tx_id.type == VALUE_INTEGER &&
           row->tx_id.integer == wanted->tx_id && row->lsn.type == VALUE_INTEGER;
}

/* Whether the stream's run has given transaction `tx` before this start of the program (or too long ago to be
 * in memory): looked up in the batches that span it, and among the run's re-deliveries. 1 or 0; -1: failure.
 */
static int tx_in_history(struct runs *runs, struct stream *stream, int64_t tx, struct error *error)
{
    const struct run *run = &runs->all[stream->run];
    sqlite3_stmt *statement;
    struct wanted wanted = {tx, stream->partition};
    int code, result = 0;
    if (database_prepare(runs->db,
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
            result = database_fail(runs->db, error, "batch");
            break;
        }
        result = history_scan(runs->db, stream->table, sqlite3_column_int64(statement, 0),
                              sqlite3_column_int64(statement, 1), HISTORY_FILLED, found_row, &wanted, error);
    }
    sqlite3_finalize(statement);
    return result;
}

static bool has_reached(const struct run *run, const struct change *change)
{
    int64_t place;
    return run_place(change, &place) && run->has_greatest && place <= run->greatest_lsn;
}

/* Whether this event begins a new run of the connector: 1 or 0; -1: failure. */
static int begins_run(struct runs *runs, struct stream *stream, const struct message *message,
                      const struct change *change, bool paused, struct error *error)
{
    if (stream->run == SIZE_MAX) return 1;
    const struct run *run = &runs->all[stream->run];
    if (run->run_id && slice_is(message->run_id, run->run_id)) return 0;
    if (run->run_id || run_id_of(message).at) return 1;
    /* The rows of a snapshot share their place, and reading them may pause. */
    bool paused_change = paused && change->op != 'r';
    if (!run->has_last || change->tx_id.type != VALUE_INTEGER || change->lsn.type != VALUE_INTEGER)
        return paused_change && has_reached(run, change);
    if (change->tx_id.integer == run->last_tx)
        return change->lsn.integer < run->last_lsn || (change->lsn.integer == run->last_lsn && paused_change);
    switch (tx_set_find(&stream->seen, change->tx_id.integer)) {
    case TX_SEEN: return 1;
    case TX_NEW: return 0;
    case TX_FORGOTTEN: break;
    }
    return tx_in_history(runs, stream, change->tx_id.integer, error);
}

bool run_place(const struct change *change, int64_t *place)
{
    *place = change->lsn.type == VALUE_INTEGER ? change->lsn.integer : change->changed_at;
    return change->lsn.type != VALUE_NULL;
}

/* Takes the event into the stretch that is being read, or begins one with it. */
static int follow_stretch(struct runs *runs, const struct stream *stream, const struct message *message,
                          const struct sent_clocks *clocks, bool paused, struct error *error)
{
    struct run *run = &runs->all[stream->run];
    if (!run->stretch.known) {
        run->stretch = sent_stretch_begin(message->offset, clocks);
        return 0;
    }
    /* A key's events stay in their partition, where their order tells the runs. */
    if (paused && !stream->table->key_enforced) {
        run->has_before = run->has_greatest;
        run->greatest_before = run->greatest_lsn;
        if (sent_stretches_end(&runs->stretches, run->number, &run->stretch, error)) return -1;
        run->stretch = sent_stretch_begin(message->offset, clocks);
        return 0;
    }
    sent_stretch_extend(&run->stretch, clocks);
    return 0;
}

struct stream *runs_take(struct runs *runs, struct captured_table *table, const struct message *message,
                         const struct change *change, int64_t change_id, struct error *error)
{
    struct stream *stream = find_stream(runs, table, message, error);
    if (!stream) return NULL;
    struct sent_clocks clocks;
    bool timed =
        !message->run_id.at && change->lsn.type != VALUE_NULL && sent_clocks_read(message, change, &clocks);
    bool paused = timed && stream->run != SIZE_MAX && runs->all[stream->run].stretch.known &&
                  sent_after_pause(&runs->all[stream->run].stretch, &clocks);
    int begins = begins_run(runs, stream, message, change, paused, error);
    if (begins < 0 || (begins && begin_run(runs, stream, message, change, change_id, error)) ||
        (timed && follow_stretch(runs, stream, message, &clocks, paused, error)))
        return NULL;
    return stream;
}

int runs_advance(struct runs *runs, struct stream *stream, const struct change *change, struct error *error)
{
    struct run *run = &runs->all[stream->run];
    int64_t place;
    if (!run_place(change, &place)) return 0;
    if (!run->has_greatest || run->greatest_lsn < place) run->greatest_lsn = place;
    run->has_greatest = run->unsaved = true;
    if (change->tx_id.type != VALUE_INTEGER || change->lsn.type != VALUE_INTEGER) return 0;
    if (!run->run_id && (!run->has_last || run->last_tx != change->tx_id.integer) &&
        !tx_set_add(&stream->seen, change->tx_id.integer))
        return error_memory(error);
    run->has_last = true;
    run->last_tx = change->tx_id.integer;
    run->last_lsn = change->lsn.integer;
    return 0;
}

int runs_save(struct runs *runs, struct error *error)
{
    for (size_t i = 0; i < runs->count; i++) {
        struct run *run = &runs->all[i];
        if (!run->unsaved) continue;
        sqlite3_bind_int64(runs->save, 1, run->number);
        if (run->has_last) {
            sqlite3_bind_int64(runs->save, 2, run->last_tx);
            sqlite3_bind_int64(runs->save, 3, run->last_lsn);
        } else {
            sqlite3_bind_null(runs->save, 2);
            sqlite3_bind_null(runs->save, 3);
        }
        sqlite3_bind_int64(runs->save, 4, run->greatest_lsn);
        if (database_step(runs->db, runs->save, error) ||
            (run->stretch.known && sent_stretches_save(&runs->stretches, run->number, &run->stretch, error)))
            return -1;
        run->unsaved = false;
    }
    sent_stretches_seal(&runs->stretches);
    return 0;
}
