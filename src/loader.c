#include "cdclite/loader.h"

#include <stdlib.h>

#include "cdclite/database.h"
#include "cdclite/log.h"
#include "cdclite/progress.h"
#include "loader_parts.h"

enum {
    BATCH_MESSAGES = 8000,
    MOST_MESSAGES = 26000,   /* while the batch before is being written; fewer than tx_set.c remembers */
    BATCH_BYTES = 128 << 20, /* of messages, as received */
    POLL_MS = 100,           /* without a message, after which the batch waits no longer */
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
    struct sqlite3 *db = loader->database.handle;
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

/* Keeps what cannot be loaded, and why; of what is kept already that is said again. */
static int refuse(struct loader *loader, const struct message *message, struct error *error)
{
    enum { MOST_SHOWN = 500 };
    struct load_counts *counts = &loader->batch.counts;
    struct slice why = {error->text, strnlen(error->text, MOST_SHOWN)};
    if (message->rejected_id) {
        counts->refused++;
        rejections_refused_again(loader->rejections, message, why);
        return 0;
    }
    counts->rejected++;
    return rejections_add(loader->rejections, loader->batch.id, message, why, error);
}

static int take_message(struct loader *loader, struct event *event, struct error *error)
{
    const struct message *message = &event->message;
    int result = loader_take_event(loader, event, error);
    if (loader->arena.failed) result = error_memory(error);
    if (result > 0)
        result = refuse(loader, message, error);
    else if (result == 0 && message->rejected_id)
        result = rejections_retried(loader->rejections, loader->batch.id, message, error);
    arena_reset(&loader->arena);
    if (result)
        return error_context(error, "%.*s, partition %d, offset %lld", (int)message->topic.size,
                             message->topic.at, message->partition, (long long)message->offset);
    loader->batch.counts.messages++;
    loader->batch.counts.retried += message->rejected_id != 0;
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
    /* It was taken once, so the position is behind it. */
    if (message->rejected_id)
        return begin_batch(loader, error) || take_message(loader, event, error) ? -1 : 0;
    struct position *position = positions_make(loader->positions, message->topic, message->partition);
    if (!position) return error_memory(error);
    if (event->restart) {
        positions_restart(loader->positions, position, message->next_offset);
        return 0;
    }
    if (position->stored && message->offset < position->next_offset)
        return skip_message(loader, position, message, error);
    if (begin_batch(loader, error) || note_restart(loader, position, error) ||
        take_message(loader, event, error))
        return -1;
    positions_advance(loader->positions, position, message);
    return 0;
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
        if (intake_gives_back(intake)) positions_settle(loader->positions);
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
    /* The batch under way knows the source, which the caller may close; and if it failed, whatever was stored
     * meanwhile failed for that. */
    struct error cause;
    if (result && batch_store_wait(loader->store, &cause)) *error = cause;
    intake_close(intake);
    progress_end(&progress);
    return result;
}
