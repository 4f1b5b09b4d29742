#include "verify_places.h"

#include <stdlib.h>

/*
 * Offsets rise with change_id in each partition, over all tables of a topic, since the loader takes nothing
 * below next_offset. Of a Kafka topic that was made anew they begin again where --restart-at says so, which
 * is a run in connector_run for each table that had changes from it.
 */

static const char positions_sql[] =
    "SELECT topic, partition, next_offset, anchor_offset FROM position ORDER BY topic, partition";

static const char side_sql[] =
    "CREATE TEMP TABLE side_event(topic, partition, \"offset\", kind, times,"
    " PRIMARY KEY (topic, partition, \"offset\")) WITHOUT ROWID;"
    "INSERT INTO temp.side_event SELECT topic, partition, \"offset\", group_concat(DISTINCT kind), count(*)"
    " FROM (SELECT topic, partition, \"offset\", 'rejected_event' AS kind FROM rejected_event"
    "  WHERE rejected_id NOT IN (SELECT rejected_id FROM retried_event)"
    "  UNION ALL SELECT topic, partition, \"offset\", 'redelivered_event' FROM redelivered_event)"
    " GROUP BY topic, partition, \"offset\"";

static const char side_places_sql[] = "SELECT DISTINCT topic, partition FROM temp.side_event";

static const char twice_sql[] =
    "SELECT topic, partition, \"offset\", kind, times FROM temp.side_event WHERE times > 1";

static const char greatest_sql[] =
    "SELECT topic, partition, max(\"offset\"), kind FROM"
    " (SELECT topic, partition, \"offset\", 'rejected_event' AS kind FROM rejected_event"
    "  UNION ALL SELECT topic, partition, \"offset\", 'redelivered_event' FROM redelivered_event"
    "  UNION ALL SELECT topic, partition, \"offset\", 'logical_message' FROM logical_message"
    "  UNION ALL SELECT topic, partition, \"offset\", 'transaction_boundary' FROM transaction_boundary)"
    " GROUP BY topic, partition, kind";

static const char runs_sql[] =
    "SELECT table_id, topic, partition, run, first_offset, first_change_id, greatest_lsn FROM connector_run"
    " ORDER BY table_id, partition, run";

static const char unplaced_sql[] =
    "SELECT topic || ', partition ' || partition, 'position has no row for it, but changes came from it:"
    " they would be loaded again' FROM (SELECT DISTINCT topic, partition FROM connector_run) AS r"
    " WHERE NOT EXISTS (SELECT 1 FROM position AS p WHERE p.topic = r.topic AND p.partition = r.partition)";

static struct place *find(const struct places *places, struct slice topic, int32_t partition)
{
    struct place *place;
    size_t cursor = 0;
    while ((place = partition_index_next(&places->index, partition_hash(topic, partition), &cursor)))
        if (place->partition == partition && slice_is(topic, place->topic)) return place;
    return NULL;
}

static struct place *place_of(const struct places *places, sqlite3_stmt *row, int topic, int partition)
{
    return find(places, slice_of(database_text(row, topic)), sqlite3_column_int(row, partition));
}

static int add_place(struct places *places, const char *topic, int32_t partition, int64_t anchor_offset,
                     struct error *error)
{
    struct place **all = realloc(places->all, (places->count + 1) * sizeof *all);
    if (!all) return error_memory(error);
    places->all = all;
    struct place *place = calloc(1, sizeof *place);
    if (!place) return error_memory(error);
    *place = (struct place){.topic = strdup(topic),
                            .partition = partition,
                            .anchor_offset = anchor_offset,
                            .last_offset = -1,
                            /* no name of a Kafka topic holds a colon */
                            .is_file = strncmp(topic, "file:", 5) == 0};
    if (!place->topic ||
        !partition_index_add(&places->index, partition_hash(slice_of(topic), partition), place)) {
        free(place->topic);
        free(place);
        return error_memory(error);
    }
    all[places->count++] = place;
    return 0;
}

void places_free(struct places *places)
{
    for (size_t i = 0; i < places->count; i++) {
        free(places->all[i]->topic);
        free(places->all[i]);
    }
    free(places->all);
    partition_index_free(&places->index);
    sqlite3_finalize(places->side);
    *places = (struct places){0};
}

/* "topic, partition N", for a finding; NULL when memory ran out. */
static char *name_of(const char *topic, int32_t partition)
{
    return sqlite3_mprintf("%s, partition %d", topic, (int)partition);
}

static int take_position(struct verification *verification, struct places *places, sqlite3_stmt *row,
                         struct error *error)
{
    const char *topic = database_text(row, 0);
    int32_t partition = sqlite3_column_int(row, 1);
    int64_t next = sqlite3_column_int64(row, 2), anchor = sqlite3_column_int64(row, 3);
    bool is_input = strncmp(topic, "file:", 5) == 0 || strcmp(topic, "stdin") == 0;
    char *name = name_of(topic, partition);
    if (!name) return error_memory(error);
    /* In Kafka the record behind the last one taken is the next one; in an input its line ends somewhere. */
    if (anchor >= 0 && (is_input ? next <= anchor : next != anchor + 1))
        verify_found(verification, name,
                     "position: next_offset is %lld, but the last record taken is the one at %lld: what lies "
                     "between would be loaded again or left out",
                     (long long)next, (long long)anchor);
    sqlite3_free(name);
    return add_place(places, topic, partition, anchor, error);
}

static int take_side_place(struct verification *verification, struct places *places, sqlite3_stmt *row,
                           struct error *error)
{
    struct place *place = place_of(places, row, 0, 1);
    (void)verification;
    (void)error;
    if (!place) return 0;
    place->has_side = true;
    return 0;
}

/* Whether its offsets have not begun again, and it would be known if they had. */
static bool knows_restarts(const struct place *place)
{
    return place->is_file || (place->has_lane && !place->made_anew);
}

static int take_twice(struct verification *verification, struct places *places, sqlite3_stmt *row,
                      struct error *error)
{
    const struct place *place = place_of(places, row, 0, 1);
    if (place && !knows_restarts(place)) return 0;
    char *name = name_of(database_text(row, 0), sqlite3_column_int(row, 1));
    if (!name) return error_memory(error);
    verify_found(verification, name, "the event at offset %lld stands %d times in %s",
                 (long long)sqlite3_column_int64(row, 2), sqlite3_column_int(row, 4), database_text(row, 3));
    sqlite3_free(name);
    return 0;
}

static void check_reached(struct verification *verification, const struct place *place, const char *name,
                          int64_t offset, const char *in)
{
    if (!place)
        verify_found(verification, name,
                     "position has no row for it, but %s has events of it: they would be loaded again", in);
    else if (place->anchor_offset >= 0 && knows_restarts(place) && offset > place->anchor_offset)
        verify_found(verification, name,
                     "position stands behind offset %lld, but %s holds the event at %lld: it would be loaded "
                     "again",
                     (long long)place->anchor_offset, in, (long long)offset);
}

static int take_greatest(struct verification *verification, struct places *places, sqlite3_stmt *row,
                         struct error *error)
{
    char *name = name_of(database_text(row, 0), sqlite3_column_int(row, 1));
    if (!name) return error_memory(error);
    check_reached(verification, place_of(places, row, 0, 1), name, sqlite3_column_int64(row, 2),
                  database_text(row, 3));
    sqlite3_free(name);
    return 0;
}

static int each_row(struct verification *verification, struct places *places, const char *sql,
                    int (*take)(struct verification *verification, struct places *places, sqlite3_stmt *row,
                                struct error *error),
                    struct error *error)
{
    sqlite3_stmt *rows;
    int code = SQLITE_ROW, result = database_prepare(verification->db, sql, &rows, error);
    while (result == 0 && (code = sqlite3_step(rows)) == SQLITE_ROW)
        result = take(verification, places, rows, error);
    if (result == 0 && code != SQLITE_DONE)
        result = database_fail(verification->db, error, verification->check);
    sqlite3_finalize(rows);
    return result;
}

int places_load(struct verification *verification, struct places *places, struct error *error)
{
    if (each_row(verification, places, positions_sql, take_position, error) ||
        database_run(verification->db, side_sql, error) ||
        each_row(verification, places, side_places_sql, take_side_place, error))
        return -1;
    return database_prepare(verification->db,
                            "SELECT kind FROM temp.side_event"
                            " WHERE topic = ?1 AND partition = ?2 AND \"offset\" = ?3",
                            &places->side, error);
}

static struct lane *add_lane(struct lanes *lanes, int64_t table_id, int32_t partition, struct place *place,
                             struct error *error)
{
    struct lane *all = realloc(lanes->all, (lanes->count + 1) * sizeof *all);
    if (!all) {
        error_memory(error);
        return NULL;
    }
    lanes->all = all;
    all[lanes->count] = (struct lane){.table_id = table_id, .partition = partition, .place = place};
    return &all[lanes->count++];
}

static int add_run(struct lane *lane, sqlite3_stmt *row, struct error *error)
{
    struct lane_run *runs = realloc(lane->runs, (lane->run_count + 1) * sizeof *runs);
    if (!runs) return error_memory(error);
    lane->runs = runs;
    runs[lane->run_count++] = (struct lane_run){.number = sqlite3_column_int64(row, 3),
                                                .first_offset = sqlite3_column_int64(row, 4),
                                                .first_change_id = sqlite3_column_int64(row, 5),
                                                .greatest = sqlite3_column_int64(row, 6),
                                                .has_greatest = sqlite3_column_type(row, 6) != SQLITE_NULL};
    return 0;
}

static int take_run(struct lanes *lanes, const struct places *places, sqlite3_stmt *row, struct error *error)
{
    int64_t table_id = sqlite3_column_int64(row, 0);
    int32_t partition = sqlite3_column_int(row, 2);
    struct place *place = place_of(places, row, 1, 2);
    struct lane *lane = lanes->count ? &lanes->all[lanes->count - 1] : NULL;
    if (!lane || lane->table_id != table_id || lane->partition != partition) {
        lane = add_lane(lanes, table_id, partition, place, error);
        if (!lane) return -1;
    }
    if (lane->place != place) lane->place = NULL;
    if (place) place->has_lane = true;
    return add_run(lane, row, error);
}

int lanes_load(struct verification *verification, const struct places *places, struct lanes *lanes,
               struct error *error)
{
    sqlite3_stmt *rows;
    int code = SQLITE_ROW, result = database_prepare(verification->db, runs_sql, &rows, error);
    while (result == 0 && (code = sqlite3_step(rows)) == SQLITE_ROW)
        result = take_run(lanes, places, rows, error);
    if (result == 0 && code != SQLITE_DONE) result = database_fail(verification->db, error, "connector_run");
    sqlite3_finalize(rows);
    return result;
}

void lanes_free(struct lanes *lanes)
{
    for (size_t i = 0; i < lanes->count; i++) free(lanes->all[i].runs);
    free(lanes->all);
    *lanes = (struct lanes){0};
}

/* Moves to the run that a change with this id is of: the last one that began at or before it. */
static void begin_runs(struct lane *lane, int64_t change_id)
{
    struct place *place = lane->place;
    for (; lane->begun < lane->run_count && lane->runs[lane->begun].first_change_id <= change_id;
         lane->begun++) {
        const struct lane_run *run = &lane->runs[lane->begun];
        /* Not behind what was there before: from here on the log is another one. */
        if (place->is_file || run->first_offset > place->last_offset ||
            run->first_change_id <= place->last_change_id)
            continue;
        place->made_anew = true;
        place->last_offset = run->first_offset - 1;
    }
}

static void check_run(struct verification *verification, struct lane *lane,
                      const struct placed_change *change)
{
    struct lane_run *run = lane->begun ? &lane->runs[lane->begun - 1] : NULL;
    if (!run) {
        verify_found(verification, change->history,
                     "change %lld of partition %d is of no run in connector_run: events that are sent again "
                     "may be taken for new ones",
                     (long long)change->change_id, (int)lane->partition);
        return;
    }
    if (run->reported) return;
    run->reported = true;
    if (change->has_reached && (!run->has_greatest || change->reached > run->greatest))
        verify_found(verification, change->history,
                     "connector_run: greatest_lsn of run %lld is below change %lld of it, which stands at "
                     "%lld: events that are sent again may be taken for new ones",
                     (long long)run->number, (long long)change->change_id, (long long)change->reached);
    else if (change->offset < run->first_offset && !lane->place->made_anew)
        verify_found(verification, change->history,
                     "connector_run: run %lld begins at offset %lld, but change %lld of it stands at %lld",
                     (long long)run->number, (long long)run->first_offset, (long long)change->change_id,
                     (long long)change->offset);
    else
        run->reported = false;
}

/* Whether the event is also one of those that were not stored. */
static int check_side(struct verification *verification, const struct places *places, struct place *place,
                      const struct placed_change *change, struct error *error)
{
    sqlite3_bind_text(places->side, 1, place->topic, -1, SQLITE_STATIC);
    sqlite3_bind_int(places->side, 2, place->partition);
    sqlite3_bind_int64(places->side, 3, change->offset);
    int code = sqlite3_step(places->side);
    if (code == SQLITE_ROW && place->both++ == 0) place->first_both = change->change_id;
    int result =
        code == SQLITE_ROW || code == SQLITE_DONE ? 0 : database_fail(verification->db, error, "side_event");
    sqlite3_reset(places->side);
    return result;
}

int lane_take(struct verification *verification, const struct places *places, struct lane *lane,
              const struct placed_change *change, struct error *error)
{
    struct place *place = lane->place;
    if (!place) return 0;
    begin_runs(lane, change->change_id);
    if (change->offset <= place->last_offset)
        verify_found(verification, change->history,
                     "change %lld stands at offset %lld of %s, partition %d, not behind change %lld at %lld, "
                     "which came before it",
                     (long long)change->change_id, (long long)change->offset, place->topic,
                     (int)place->partition, (long long)place->last_change_id, (long long)place->last_offset);
    check_run(verification, lane, change);
    place->last_offset = change->offset;
    place->last_change_id = change->change_id;
    return place->has_side ? check_side(verification, places, place, change, error) : 0;
}

static void check_place(struct verification *verification, const struct place *place, const char *name)
{
    if (place->anchor_offset >= 0 && place->last_offset > place->anchor_offset)
        verify_found(verification, name,
                     "position stands behind offset %lld, but change %lld is the event at %lld: it would be "
                     "loaded again",
                     (long long)place->anchor_offset, (long long)place->last_change_id,
                     (long long)place->last_offset);
    /* Another log has the same offsets again. */
    if (place->both && !place->made_anew)
        verify_found(
            verification, name,
            "change %lld and %lld others are events that rejected_event or redelivered_event has too",
            (long long)place->first_both, (long long)place->both - 1);
}

int places_check(struct verification *verification, struct places *places, struct lanes *lanes,
                 struct error *error)
{
    for (size_t i = 0; i < lanes->count; i++)
        if (lanes->all[i].place) begin_runs(&lanes->all[i], INT64_MAX);
    for (size_t i = 0; i < places->count; i++) {
        char *name = name_of(places->all[i]->topic, places->all[i]->partition);
        if (!name) return error_memory(error);
        check_place(verification, places->all[i], name);
        sqlite3_free(name);
    }
    return verify_query(verification, unplaced_sql, error) ||
                   each_row(verification, places, twice_sql, take_twice, error) ||
                   each_row(verification, places, greatest_sql, take_greatest, error)
               ? -1
               : 0;
}
