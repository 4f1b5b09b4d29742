#include "cdclite/loader.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "cdclite/batch_store.h"
#include "cdclite/database.h"
#include "cdclite/incomplete.h"
#include "cdclite/intake.h"
#include "cdclite/log.h"
#include "cdclite/missing_value.h"
#include "cdclite/progress.h"
#include "cdclite/rejected_event.h"
#include "cdclite/row_reader.h"
#include "cdclite/row_state.h"
#include "cdclite/side_event.h"
#include "cdclite/table_key.h"
#include "cdclite/table_schema.h"
#include "cdclite/table_shape.h"
#include "cdclite/table_snapshot.h"

enum {
    BATCH_MESSAGES = 15000,
    MOST_MESSAGES = 22500,   /* while the batch before is being written; fewer than tx_set.c remembers */
    BATCH_BYTES = 128 << 20, /* of messages, as received */
    POLL_MS = 100,           /* without a message, after which the batch waits no longer */
};

struct loader {
    const struct load_settings *settings;
    struct database database;
    struct wal wal;
    struct positions *positions;
    struct catalog *catalog;
    struct redelivery *redelivery;
    struct text_logs *texts; /* NULL without text */
    struct schema_cache *schemas;
    struct envelope_guess guess;
    struct arena arena;
    struct row_states *states;
    struct side_events *side_events;
    struct summaries *summaries;
    struct rejections *rejections;
    struct buffer unavailable;
    struct batch_store *store;
    int64_t next_change_id;
    struct batch batch;
    struct load_counts counts;
};

static int rebuild_states(void *states, struct captured_table *table, struct error *error)
{
    return row_states_rebuild(states, table, error);
}

/* Folds what the history has and the sums have not: little after a kill, all of it after an upgrade. */
static int catch_up(struct loader *loader, struct error *error)
{
    struct captured_table *holding = catalog_named(loader->catalog, "holding");
    int result;
    while ((result = summaries_catch_up(loader->summaries, holding, error)) > 0)
        if (wal_tend(&loader->wal, error)) return -1;
    return result;
}

int loader_open(const struct load_settings *settings, struct positions *positions, struct loader **opened,
                struct error *error)
{
    struct loader *loader = *opened = calloc(1, sizeof *loader);
    if (!loader) return error_memory(error);
    loader->settings = settings;
    loader->positions = positions;
    loader->schemas = schema_cache_open();
    if (!loader->schemas) return error_memory(error);
    if (database_open_writer(&loader->database, settings->db_path, error)) return -1;
    sqlite3 *db = loader->database.handle;
    int64_t last_batch, last_change;
    if (wal_open(&loader->wal, db, error) || positions_load(loader->positions, db, error) ||
        catalog_open(db, &settings->choices, &loader->catalog, error) ||
        row_states_open(db, &loader->states, error) ||
        (loader->database.upgraded_from &&
         catalog_renew(loader->catalog, loader->database.upgraded_from, error)) ||
        catalog_apply_choices(loader->catalog, rebuild_states, loader->states, error) ||
        side_events_open(db, &loader->side_events, error) ||
        (settings->texts && text_logs_open(db, loader->catalog, settings->texts, &loader->texts, error)) ||
        redelivery_open(db, &loader->redelivery, error) ||
        summaries_open(db, &settings->steps, &loader->summaries, error) || catch_up(loader, error) ||
        database_integer(db, "SELECT max(batch_id) FROM batch", 0, &last_batch, error) ||
        database_integer(db, "SELECT max(last_change_id) FROM batch", 0, &last_change, error) ||
        rejections_open(db, settings->max_event_bytes, &loader->rejections, error))
        return error_context(error, "%s", settings->db_path);
    const struct batch_parts parts = {.db = db,
                                      .db_path = loader->database.path,
                                      .wal = &loader->wal,
                                      .positions = positions,
                                      .catalog = loader->catalog,
                                      .redelivery = loader->redelivery,
                                      .texts = loader->texts,
                                      .summaries = loader->summaries,
                                      .metrics = settings->metrics};
    if (batch_store_open(&parts, &loader->store, error)) return -1;
    loader->next_change_id = last_change + 1;
    loader->batch.id = last_batch;
    return 0;
}

void loader_close(struct loader *loader)
{
    if (!loader) return;
    batch_store_close(loader->store);
    rejections_close(loader->rejections);
    redelivery_close(loader->redelivery);
    row_states_close(loader->states);
    side_events_close(loader->side_events);
    summaries_close(loader->summaries);
    text_logs_close(loader->texts);
    catalog_close(loader->catalog);
    schema_cache_close(loader->schemas);
    envelope_guess_free(&loader->guess);
    arena_free(&loader->arena);
    buffer_free(&loader->unavailable);
    /* A loader that failed before it opened the database has none to close. */
    if (loader->database.path) database_close(&loader->database);
    free(loader);
}

const struct load_counts *loader_counts(const struct loader *loader)
{
    return &loader->counts;
}

/* A restart in another log stands in connector_run before what was taken from it. */
static int note_restart(struct loader *loader, struct position *position, struct error *error)
{
    if (!position->restarted) return 0;
    position->restarted = false;
    return redelivery_restart(loader->redelivery, slice_of(position->topic), position->partition,
                              position->next_offset, loader->next_change_id, error);
}

/* Ends the batch, if one is open; `meanwhile`: is not waited for. */
static int end_batch(struct loader *loader, struct source *source, bool meanwhile, struct error *error)
{
    struct batch *batch = &loader->batch;
    if (!batch->open) return 0;
    batch->open = false;
    for (size_t i = 0; i < loader->positions->count; i++) {
        struct position *position = loader->positions->all[i];
        if (!position->unsaved) continue;
        if (note_restart(loader, position, error)) return -1;
        int64_t end = source->end_offset(source, slice_of(position->topic), position->partition);
        if (end >= 0) position->end_offset = end;
    }
    load_counts_add(&loader->counts, &batch->counts);
    return batch_store_end(loader->store, batch, loader->next_change_id - 1, source, meanwhile, error);
}

/* Marks what the event did not carry, and names it in loader->unavailable. */
static int mark_missing(struct loader *loader, struct captured_table *table, const struct message *message,
                        struct change *change, struct error *error)
{
    int ends_key_change = 0;
    if (change->upsert && message->key.at) {
        int known = row_states_is_known(loader->states, table, table->after, error);
        if (known < 0) return -1;
        if (known) change->op = 'u';
    }
    if (change->op == 'c' && missing_values_suspected(table)) {
        ends_key_change = row_states_ends_key_change(loader->states, table, message, change, error);
        if (ends_key_change < 0) return -1;
    }
    enum old_values known_before = table->old_values;
    missing_values_mark(table, change, table_key_tells(table, message), ends_key_change);
    if (table->old_values == OLD_VALUES_LEFT_OUT && known_before != OLD_VALUES_LEFT_OUT)
        incomplete_say_no_old_values(table, change);
    missing_values_list(table, false, &loader->unavailable);
    return buffer_failed(&loader->unavailable) ? error_memory(error) : 0;
}

/* What is made of the change that was stored last: its lines in the text, its part in the sums. */
static int follow_change(struct loader *loader, struct captured_table *table, const struct message *message,
                         const struct change *change, int64_t change_id, struct error *error)
{
    bool *unknown = NULL;
    if (loader->unavailable.size) {
        unknown = arena_alloc(&loader->arena, table->count * sizeof *unknown + 1);
        if (!unknown) return error_memory(error);
        for (size_t i = 0; i < table->count; i++)
            unknown[i] = table->columns[i].unknown_before || table->columns[i].unknown_after;
    }
    const struct history_row row = {.change_id = change_id,
                                    .op = change->op,
                                    .changed_at = change->changed_at,
                                    .unavailable = buffer_view(&loader->unavailable),
                                    .lsn = change->lsn,
                                    .tx_id = change->tx_id,
                                    .partition = message->partition,
                                    .before = table->before,
                                    .after = table->after,
                                    .unknown = unknown};
    if (summaries_add(loader->summaries, table, &row, error)) return -1;
    return loader->texts ? text_logs_add(loader->texts, table, &row, loader->batch.loaded_at, error) : 0;
}

static int store_change(struct loader *loader, struct captured_table *table, const struct message *message,
                        struct change *change, struct error *error)
{
    struct batch *batch = &loader->batch;
    sqlite3 *db = loader->database.handle;
    int64_t change_id = loader->next_change_id;
    summaries_expect(loader->summaries, table);
    if (mark_missing(loader, table, message, change, error)) return -1;
    int repeated = redelivery_check(loader->redelivery, table, message, change, change_id,
                                    batch->first_change_id, error);
    if (repeated < 0 || table_note_partition(db, table, message->partition, error)) return -1;
    if (repeated) {
        batch->counts.redelivered++;
        return 0;
    }
    struct slice unavailable = buffer_view(&loader->unavailable);
    if (row_states_fill(loader->states, table, message, change, &loader->arena, error) ||
        history_insert(db, table, message, change, unavailable, change_id, error) ||
        redelivery_stored(loader->redelivery, table, change_id, error) ||
        row_states_follow(loader->states, table, message, change, unavailable, change_id, error) ||
        snapshot_follow(db, table, change, change_id, error))
        return -1;
    loader->next_change_id++;
    table->new_changes++;
    table_count(table, change->op);
    batch_note(batch, change);
    return follow_change(loader, table, message, change, change_id, error);
}

/* Reads the rows, and brings the table in the file to what they are like. 1: refused, with `error` saying
 * why. */
static int read_rows(struct loader *loader, struct captured_table *table, const struct message *message,
                     const struct change *change, const struct table_schema *schema, struct error *error)
{
    sqlite3 *db = loader->database.handle;
    int64_t change_id = loader->next_change_id;
    int keyed = TABLE_KEY_SAME;
    int result = rows_read(table, message, change, schema, change_id, &loader->arena, error);
    if (result < 0) return -1;
    if (result == 0 && change->op != 't')
        keyed = table_key_follow(db, table, message->key, &loader->arena, error);
    if (result == 0 && change->flattened && !table->flattened) {
        table->flattened = table->facts_unsaved = true;
        incomplete_say_flattened(table, change);
    }
    if (keyed < 0 || table_store_shape(db, table, change_id, error)) return -1;
    if (keyed == TABLE_KEY_OTHER && row_states_rebuild(loader->states, table, error)) return -1;
    return result;
}

/* 0 stored or recorded; 1 refused with `error` saying why. */
static int take_change(struct loader *loader, const struct message *message, struct change *change,
                       struct error *error)
{
    const struct table_schema *schema = NULL;
    struct captured_table *table;
    int result = 0;
    if (change->schema_block.at && !change->document)
        result =
            schema_cache_find(loader->schemas, change->schema_block, change->schema_number, &schema, error);
    if (result == 0) result = catalog_table_for(loader->catalog, message, change, &table, error);
    if (result == 0) result = read_rows(loader, table, message, change, schema, error);
    return result ? result : store_change(loader, table, message, change, error);
}

/*
 * A tombstone says nothing new behind a delete. But ExtractNewRecordState may drop the deletes and leave only
 * them (delete.tombstone.handling.mode=tombstone): then it is the delete of the row that is known by its key.
 */
static int take_tombstone(struct loader *loader, const struct message *message, struct error *error)
{
    struct captured_table *table = message->key.at ? catalog_of_topic(loader->catalog, message->topic) : NULL;
    struct change change = {.op = 'd', .flattened = true};
    int known = 0;
    if (table && table->flattened && message->timestamp_ms >= 0 &&
        !__builtin_mul_overflow(message->timestamp_ms, 1000, &change.changed_at)) {
        rows_clear(table);
        if (key_read(table, message->key, &loader->arena, table->before))
            known = row_states_is_known(loader->states, table, table->before, error);
    }
    if (known < 0) return -1;
    if (!known) {
        loader->batch.counts.tombstones++;
        return 0;
    }
    for (size_t i = 0; i < table->count; i++) table->columns[i].in_before = table->columns[i].present;
    return store_change(loader, table, message, &change, error);
}

/* Takes what the message is: 0, or 1 for one that must be refused, with `error` saying why. */
static int take_event(struct loader *loader, struct event *event, struct error *error)
{
    const struct message *message = &event->message;
    struct load_counts *counts = &loader->batch.counts;
    switch (event->outcome) {
    case ENVELOPE_CHANGE: return take_change(loader, message, &event->change, error);
    case ENVELOPE_TOMBSTONE: return take_tombstone(loader, message, error);
    case ENVELOPE_BOOKKEEPING: counts->bookkeeping++; return 0;
    case ENVELOPE_BOUNDARY:
        counts->bookkeeping++;
        return side_events_boundary(loader->side_events, message, &event->boundary, error);
    case ENVELOPE_MESSAGE: {
        int result = side_events_message(loader->side_events, message, &event->change, &loader->arena, error);
        counts->bookkeeping += result == 0;
        return result;
    }
    case ENVELOPE_REFUSED: error_set(error, ERROR_SOURCE, "%s", event->problem); return 1;
    }
    return error_set(error, ERROR_FAILURE, "unknown kind of event");
}

static int take_message(struct loader *loader, struct position *position, struct event *event,
                        struct error *error)
{
    const struct message *message = &event->message;
    if (note_restart(loader, position, error)) return -1;
    int result = take_event(loader, event, error);
    if (loader->arena.failed) result = error_memory(error);
    if (result > 0) {
        enum { MOST_SHOWN = 500 };
        struct slice why = {error->text, strnlen(error->text, MOST_SHOWN)};
        result = rejections_add(loader->rejections, loader->batch.id, message, why, error);
        loader->batch.counts.rejected++;
    }
    arena_reset(&loader->arena);
    if (result)
        return error_context(error, "%.*s, partition %d, offset %lld", (int)message->topic.size,
                             message->topic.at, message->partition, (long long)message->offset);
    position_advance(position, message, event->hash);
    loader->batch.counts.messages++;
    loader->batch.bytes += message->value.size;
    return 0;
}

/* A message below the stored position is known already; the last one known must read as it did. */
static int skip_message(struct loader *loader, const struct position *position, const struct message *message,
                        struct error *error)
{
    loader->counts.skipped++;
    if (message->offset != position->anchor_offset || position_is_anchor(position, message)) return 0;
    return error_set(
        error, ERROR_SOURCE,
        "%s, partition %d: the record at offset %lld is not the one that was loaded from there: this is "
        "another topic of that name, or it was made anew. Load it into another --db",
        position->topic, position->partition, (long long)message->offset);
}

/* It has enough, and the one before does not keep it waiting; or it has as much as it may. */
static bool batch_is_full(const struct loader *loader)
{
    const struct batch *batch = &loader->batch;
    const int64_t messages = batch->counts.messages, given = loader->settings->batch_messages;
    if (!batch->open) return false;
    if (messages >= MOST_MESSAGES || batch->bytes >= BATCH_BYTES) return true;
    return messages >= (given ? given : BATCH_MESSAGES) && !batch_store_is_busy(loader->store);
}

/* Whether it has been open for so long. */
static bool batch_is_old(const struct batch *batch, int64_t ms)
{
    return batch->open && time_passing_ms() - batch->opened_ms >= ms;
}

static int begin_batch(struct loader *loader, struct error *error)
{
    if (loader->batch.open) return 0;
    batch_open(&loader->batch, loader->next_change_id);
    return batch_store_begin(loader->store, error);
}

/* Stores the event, unless it is known already. */
static int store_event(struct loader *loader, struct event *event, struct error *error)
{
    const struct message *message = &event->message;
    struct position *position = positions_make(loader->positions, message->topic, message->partition);
    if (!position) return error_memory(error);
    if (event->restart) {
        position_restart(position, message->next_offset);
        return 0;
    }
    if (position->stored && message->offset < position->next_offset)
        return skip_message(loader, position, message, error);
    return begin_batch(loader, error) || take_message(loader, position, event, error) ? -1 : 0;
}

static struct metrics_view view_of(const struct loader *loader, struct source *source)
{
    return (struct metrics_view){loader->database.path, loader->catalog, loader->positions, source};
}

/* What waits for a pause of the source. */
static int rest(struct loader *loader, struct source *source, struct error *error)
{
    if (loader->batch.open) return 0;
    if (batch_store_rest(loader->store, error) || summaries_rest(loader->summaries, error) ||
        wal_tend(&loader->wal, error))
        return -1;
    const struct metrics_view view = view_of(loader, source);
    metrics_rest(loader->settings->metrics, &view);
    return 0;
}

static int longest_pause(const struct loader *loader)
{
    int64_t linger = loader->settings->linger_ms;
    return linger < POLL_MS ? (int)linger : POLL_MS;
}

static int run(struct loader *loader, struct source *source, struct intake *intake,
               const volatile sig_atomic_t *stop, struct progress *progress, struct error *error)
{
    struct event *event;
    int outcome = SOURCE_IDLE;
    int64_t limit = loader->settings->max_messages;
    int poll_ms = longest_pause(loader);
    while (outcome != SOURCE_END && !*stop) {
        const struct batch *batch = &loader->batch;
        if (limit && loader->counts.messages + (batch->open ? batch->counts.messages : 0) >= limit) break;
        outcome = intake_next(intake, &event, error);
        bool came = outcome == SOURCE_MESSAGE || outcome == SOURCE_RESTART;
        if (outcome < 0 || (came && store_event(loader, event, error))) return -1;
        /* A position that was moved by hand is kept, also when nothing comes there. */
        if (outcome != SOURCE_MESSAGE && !batch->open && positions_unsaved(loader->positions) &&
            begin_batch(loader, error))
            return -1;
        bool full = batch_is_full(loader);
        if ((full || batch_is_old(batch, outcome == SOURCE_IDLE ? poll_ms : loader->settings->linger_ms)) &&
            end_batch(loader, source, full, error))
            return -1;
        if (outcome == SOURCE_IDLE && rest(loader, source, error)) return -1;
        if (progress_is_due(progress)) {
            struct load_counts now = loader->counts;
            struct source_progress at = {.behind = -1};
            if (batch->open) now.messages += batch->counts.messages;
            intake_progress(intake, &at);
            progress_show(progress, &now, &at);
        }
    }
    if (end_batch(loader, source, false, error) || rest(loader, source, error)) return -1;
    const struct metrics_view view = view_of(loader, source);
    metrics_end(loader->settings->metrics, &view);
    return 0;
}

int loader_run(struct loader *loader, struct source *source, const volatile sig_atomic_t *stop,
               struct error *error)
{
    struct progress progress;
    struct intake *intake;
    progress_start(&progress, loader->settings->quiet);
    int result = intake_open(source, &loader->guess, loader->settings->max_event_bytes, longest_pause(loader),
                             &intake, error) ||
                         run(loader, source, intake, stop, &progress, error)
                     ? -1
                     : 0;
    /* It knows the source, which the caller may close. */
    struct error later;
    if (result) batch_store_wait(loader->store, &later);
    intake_close(intake);
    progress_end(&progress);
    return result;
}
