#ifndef LOADER_PARTS_H
#define LOADER_PARTS_H

#include "cdclite/batch_store.h"
#include "cdclite/database.h"
#include "cdclite/intake.h"
#include "cdclite/loader.h"
#include "cdclite/rejected_event.h"
#include "cdclite/row_state.h"
#include "cdclite/side_event.h"
#include "cdclite/table_schema.h"

/* What loader.c, which takes messages into batches, and event_taking.c, which stores what they say, share. */

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

/* Stores in the open batch what the event is: 0, or 1 for one that must be refused, with `error` saying why.
 */
int loader_take_event(struct loader *loader, struct event *event, struct error *error);

#endif
