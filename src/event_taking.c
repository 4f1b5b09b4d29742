#include "cdclite/incomplete.h"
#include "cdclite/missing_value.h"
#include "cdclite/row_reader.h"
#include "cdclite/table_key.h"
#include "cdclite/table_shape.h"
#include "cdclite/table_snapshot.h"
#include "loader_parts.h"

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
    bool missing = missing_values_mark(table, change, table_key_tells(table, message), ends_key_change);
    if (table->old_values == OLD_VALUES_LEFT_OUT && known_before != OLD_VALUES_LEFT_OUT)
        incomplete_say_no_old_values(table, change);
    buffer_clear(&loader->unavailable);
    if (missing) missing_values_list(table, false, &loader->unavailable);
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
    struct sqlite3 *db = loader->database.handle;
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
    struct sqlite3 *db = loader->database.handle;
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
    struct captured_table *table = NULL;
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

int loader_take_event(struct loader *loader, struct event *event, struct error *error)
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
