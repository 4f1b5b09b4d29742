#include <stdio.h>
#include <stdlib.h>

#include "verify_places.h"
#include "verify_references.h"

/*
 * One walk over all changes in the order of their ids, a cursor a history table and one on `batch`: every id
 * stands once, in the batch that says so, and what the batches and tables say of their rows is true.
 */

/* A history table, at its next change. */
struct cursor {
    struct captured_table *table;
    char *history; /* its name */
    sqlite3_stmt *rows;
    int64_t change_id; /* INT64_MAX behind the last one */
    int64_t count;
    struct lane *lanes, *lane; /* all of the table, and the one used last; NULL: none */
    size_t lane_count;
    bool said_no_lane;
};

struct span {
    bool known;
    int64_t least, greatest;
};

/* What is summed up of a batch, as `batch` says it and as its rows do. */
enum { SPAN_CHANGED_AT, SPAN_LSN, SPAN_TX_ID, SPAN_COUNT };
static const char *const span_names[] = {"changed_at", "lsn", "tx_id"};

struct batch {
    int64_t id; /* 0: none has begun */
    bool has_changes, ended;
    int64_t first, last, changes;
    struct span said[SPAN_COUNT], found[SPAN_COUNT];
    int64_t count;
};

struct walk {
    struct verification *verification;
    struct places places;
    struct lanes lanes;
    struct references references;
    struct cursor *cursors;
    size_t count;
    sqlite3_stmt *batches;
    struct batch batch;
    int64_t last_id;                 /* the change seen last, in */
    const char *last_history;        /* this table */
    int64_t batched_id;              /* the last change of the batches seen */
    int64_t unbatched, unbatched_to; /* a stretch of changes without a batch, 0: none */
    int64_t taken, of;
};

static const char batches_sql[] = "SELECT batch_id, first_change_id, last_change_id, changes, "
                                  "least_changed_at, greatest_changed_at, least_lsn,"
                                  " greatest_lsn, least_tx_id, greatest_tx_id FROM batch ORDER BY batch_id";

static void widen(struct span *span, int64_t value)
{
    if (!span->known || value < span->least) span->least = value;
    if (!span->known || value > span->greatest) span->greatest = value;
    span->known = true;
}

static void walk_free(struct walk *walk)
{
    for (size_t i = 0; i < walk->count; i++) {
        sqlite3_finalize(walk->cursors[i].rows);
        sqlite3_free(walk->cursors[i].history);
    }
    free(walk->cursors);
    sqlite3_finalize(walk->batches);
    references_close(&walk->references);
    lanes_free(&walk->lanes);
    places_free(&walk->places);
}

static int cursor_step(struct walk *walk, struct cursor *cursor, struct error *error)
{
    int code = sqlite3_step(cursor->rows);
    cursor->change_id = code == SQLITE_ROW ? sqlite3_column_int64(cursor->rows, 0) : INT64_MAX;
    if (code == SQLITE_ROW || code == SQLITE_DONE) return 0;
    return database_fail(walk->verification->db, error, cursor->history);
}

static int open_cursor(struct walk *walk, struct cursor *cursor, struct error *error)
{
    struct buffer sql = {0};
    cursor->history = sqlite3_mprintf("%s_history", cursor->table->name);
    buffer_text(&sql, "SELECT change_id, op, changed_at, lsn, tx_id, kafka_partition, kafka_offset,"
                      " unavailable IS NOT NULL FROM ");
    buffer_family_name(&sql, cursor->table->name, "history");
    buffer_text(&sql, " ORDER BY change_id");
    int result = buffer_failed(&sql) || !cursor->history
                     ? error_memory(error)
                     : database_prepare(walk->verification->db, buffer_string(&sql), &cursor->rows, error);
    buffer_free(&sql);
    for (size_t i = 0; i < walk->lanes.count; i++) {
        if (walk->lanes.all[i].table_id != cursor->table->table_id) continue;
        if (!cursor->lanes) cursor->lanes = &walk->lanes.all[i];
        cursor->lane_count++;
    }
    return result ? -1 : cursor_step(walk, cursor, error);
}

static int walk_open(struct walk *walk, struct error *error)
{
    struct verification *verification = walk->verification;
    size_t count = catalog_count(verification->catalog);
    if (places_load(verification, &walk->places, error) ||
        lanes_load(verification, &walk->places, &walk->lanes, error) ||
        references_open(verification, &walk->references, error) ||
        database_integer(verification->db, "SELECT sum(changes) FROM captured_table", 0, &walk->of, error) ||
        database_prepare(verification->db, batches_sql, &walk->batches, error))
        return -1;
    walk->cursors = calloc(count + 1, sizeof *walk->cursors);
    if (!walk->cursors) return error_memory(error);
    for (; walk->count < count; walk->count++) {
        struct cursor *cursor = &walk->cursors[walk->count];
        cursor->table = catalog_at(verification->catalog, walk->count);
        if (open_cursor(walk, cursor, error)) {
            walk->count++;
            return -1;
        }
    }
    return 0;
}

/* What the batch said of its rows, now that all of them were seen. */
static void end_batch(struct walk *walk)
{
    const struct batch *batch = &walk->batch;
    char where[48];
    snprintf(where, sizeof where, "batch %lld", (long long)batch->id);
    if (batch->count != batch->changes) {
        verify_found(walk->verification, where, "says changes = %lld, but has %lld rows",
                     (long long)batch->changes, (long long)batch->count);
        return; /* and its spans may be of the rows that are not there */
    }
    for (int i = 0; i < SPAN_COUNT; i++) {
        const struct span *said = &batch->said[i], *found = &batch->found[i];
        if (said->known != found->known ||
            (said->known && (said->least != found->least || said->greatest != found->greatest)))
            verify_found(walk->verification, where, "says %s %lld to %lld, but its rows have %lld to %lld%s",
                         span_names[i], (long long)said->least, (long long)said->greatest,
                         (long long)found->least, (long long)found->greatest,
                         said->known && found->known ? "" : " (0 to 0 for none)");
    }
}

static void read_span(sqlite3_stmt *row, int column, struct span *span)
{
    span->known = sqlite3_column_type(row, column) != SQLITE_NULL;
    span->least = sqlite3_column_int64(row, column);
    span->greatest = sqlite3_column_int64(row, column + 1);
}

/* Whether the batch follows the one before it. */
static void check_begin(struct walk *walk, int64_t former_id)
{
    const struct batch *batch = &walk->batch;
    char where[48];
    snprintf(where, sizeof where, "batch %lld", (long long)batch->id);
    if (batch->id != former_id + 1)
        verify_found(walk->verification, where, "follows batch %lld: what lies between was removed",
                     (long long)former_id);
    if (batch->has_changes != (batch->changes > 0) ||
        (batch->has_changes && batch->last - batch->first + 1 != batch->changes))
        verify_found(walk->verification, where, "says changes = %lld, but spans change %lld to %lld",
                     (long long)batch->changes, (long long)batch->first, (long long)batch->last);
    if (batch->has_changes && batch->first != walk->batched_id + 1)
        verify_found(walk->verification, where,
                     "begins with change %lld, but the batches before it end with %lld",
                     (long long)batch->first, (long long)walk->batched_id);
}

/* Goes on to the next batch. */
static int next_batch(struct walk *walk, struct error *error)
{
    struct batch *batch = &walk->batch;
    int64_t former_id = batch->id;
    if (batch->id) end_batch(walk);
    int code = sqlite3_step(walk->batches);
    *batch = (struct batch){.id = former_id, .ended = code == SQLITE_DONE};
    if (code == SQLITE_DONE) return 0;
    if (code != SQLITE_ROW) return database_fail(walk->verification->db, error, "batch");
    batch->id = sqlite3_column_int64(walk->batches, 0);
    batch->has_changes = sqlite3_column_type(walk->batches, 1) != SQLITE_NULL;
    batch->first = sqlite3_column_int64(walk->batches, 1);
    batch->last = sqlite3_column_int64(walk->batches, 2);
    batch->changes = sqlite3_column_int64(walk->batches, 3);
    for (int i = 0; i < SPAN_COUNT; i++) read_span(walk->batches, 4 + 2 * i, &batch->said[i]);
    check_begin(walk, former_id);
    if (batch->has_changes) walk->batched_id = batch->last;
    return 0;
}

static void tell_unbatched(struct walk *walk)
{
    if (walk->unbatched)
        verify_found(walk->verification, "batch", "none says when changes %lld to %lld were loaded",
                     (long long)walk->unbatched, (long long)walk->unbatched_to);
    walk->unbatched = 0;
}

/* Finds the batch of a change: 1; 0: there is none. */
static int find_batch(struct walk *walk, int64_t change_id, struct error *error)
{
    while (!walk->batch.ended && !(walk->batch.has_changes && change_id <= walk->batch.last))
        if (next_batch(walk, error)) return -1;
    if (!walk->batch.ended && change_id >= walk->batch.first) {
        tell_unbatched(walk);
        return 1;
    }
    if (!walk->unbatched) walk->unbatched = change_id;
    walk->unbatched_to = change_id;
    return 0;
}

static void check_order(struct walk *walk, const struct cursor *cursor, int64_t to)
{
    if (cursor && cursor->change_id == walk->last_id)
        verify_found(walk->verification, cursor->history, "change %lld stands in %s too",
                     (long long)cursor->change_id, walk->last_history);
    else if (to > walk->last_id + 2)
        verify_found(walk->verification, "change_id",
                     "changes %lld to %lld are in no history: they were removed",
                     (long long)walk->last_id + 1, (long long)to - 1);
    else if (to > walk->last_id + 1)
        verify_found(walk->verification, "change_id", "change %lld is in no history: it was removed",
                     (long long)to - 1);
}

static struct lane *find_lane(struct cursor *cursor, int32_t partition)
{
    if (cursor->lane && cursor->lane->partition == partition) return cursor->lane;
    for (size_t i = 0; i < cursor->lane_count; i++)
        if (cursor->lanes[i].partition == partition) return cursor->lane = &cursor->lanes[i];
    return NULL;
}

static int take_place(struct walk *walk, struct cursor *cursor, struct error *error)
{
    sqlite3_stmt *row = cursor->rows;
    struct lane *lane = find_lane(cursor, sqlite3_column_int(row, 5));
    if (!lane && !cursor->said_no_lane)
        verify_found(walk->verification, cursor->history,
                     "change %lld is of partition %d, of which connector_run knows nothing: events that are "
                     "sent again may be taken for new ones",
                     (long long)cursor->change_id, sqlite3_column_int(row, 5));
    cursor->said_no_lane |= !lane;
    if (!lane) return 0;
    const struct placed_change change = {
        .history = cursor->history,
        .change_id = cursor->change_id,
        .offset = sqlite3_column_int64(row, 6),
        .has_reached = sqlite3_column_type(row, 3) != SQLITE_NULL,
        .reached = sqlite3_column_int64(row, sqlite3_column_type(row, 3) == SQLITE_INTEGER ? 3 : 2)};
    return lane_take(walk->verification, &walk->places, lane, &change, error);
}

static int take_change(struct walk *walk, struct cursor *cursor, struct error *error)
{
    enum { STRETCH = 1 << 16 };
    sqlite3_stmt *row = cursor->rows;
    struct batch *batch = &walk->batch;
    const char *op = database_text(row, 1);
    check_order(walk, cursor, cursor->change_id);
    walk->last_id = cursor->change_id;
    walk->last_history = cursor->history;
    cursor->count++;
    if (++walk->taken % STRETCH == 0) verify_progress(walk->verification, "changes", walk->taken, walk->of);
    if (!*op || op[1] || !strchr("cudrt", *op))
        verify_found(walk->verification, cursor->history, "change %lld has op '%s', which is none",
                     (long long)cursor->change_id, op);
    int batched = find_batch(walk, cursor->change_id, error);
    if (batched < 0) return -1;
    if (batched) {
        batch->count++;
        widen(&batch->found[SPAN_CHANGED_AT], sqlite3_column_int64(row, 2));
        if (sqlite3_column_type(row, 3) == SQLITE_INTEGER)
            widen(&batch->found[SPAN_LSN], sqlite3_column_int64(row, 3));
        if (sqlite3_column_type(row, 4) == SQLITE_INTEGER)
            widen(&batch->found[SPAN_TX_ID], sqlite3_column_int64(row, 4));
    }
    /* Every cursor has its table; the analyzer takes the array for one that was not filled. NOLINTBEGIN */
    const struct referred_change referred = {.history = cursor->history,
                                             .table_id = cursor->table->table_id,
                                             .change_id = cursor->change_id,
                                             .op = *op,
                                             .unavailable = sqlite3_column_int(row, 7) != 0};
    /* NOLINTEND */
    return references_take(&walk->references, &referred, error) || take_place(walk, cursor, error) ||
                   cursor_step(walk, cursor, error)
               ? -1
               : 0;
}

/* The table whose next change comes first; *bound becomes the next change of all others. NULL: the end. */
static struct cursor *first_of(struct walk *walk, int64_t *bound)
{
    struct cursor *first = NULL;
    *bound = INT64_MAX;
    for (size_t i = 0; i < walk->count; i++) {
        struct cursor *cursor = &walk->cursors[i];
        if (cursor->change_id == INT64_MAX) continue;
        if (!first || cursor->change_id < first->change_id) {
            if (first) *bound = first->change_id;
            first = cursor;
        } else if (cursor->change_id < *bound) {
            *bound = cursor->change_id;
        }
    }
    return first;
}

static int take_all(struct walk *walk, struct error *error)
{
    struct cursor *cursor;
    int64_t bound;
    while ((cursor = first_of(walk, &bound))) do {
            if (take_change(walk, cursor, error)) return -1;
        } while (cursor->change_id < bound);
    tell_unbatched(walk);
    while (!walk->batch.ended)
        if (next_batch(walk, error)) return -1;
    check_order(walk, NULL, walk->batched_id + 1);
    return references_end(&walk->references, error);
}

static int check_counts(struct walk *walk, struct error *error)
{
    for (size_t i = 0; i < walk->count; i++) {
        const struct cursor *cursor = &walk->cursors[i];
        int64_t said;
        char sql[96];
        snprintf(sql, sizeof sql, "SELECT changes FROM captured_table WHERE table_id = %lld",
                 (long long)cursor->table->table_id);
        if (database_integer(walk->verification->db, sql, 0, &said, error)) return -1;
        if (said != cursor->count)
            verify_found(walk->verification, cursor->history,
                         "has %lld rows, but captured_table says changes = %lld", (long long)cursor->count,
                         (long long)said);
        walk->verification->totals->changes += cursor->count;
    }
    return 0;
}

int verify_changes(struct verification *verification, struct error *error)
{
    struct walk walk = {.verification = verification};
    int result = walk_open(&walk, error) || take_all(&walk, error) || check_counts(&walk, error) ||
                         places_check(verification, &walk.places, &walk.lanes, error)
                     ? -1
                     : 0;
    walk_free(&walk);
    return result;
}
