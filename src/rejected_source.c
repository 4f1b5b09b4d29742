#include "cdclite/rejected_source.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/arena.h"
#include "cdclite/buffer.h"
#include "cdclite/database.h"
#include "cdclite/log.h"

/* The last changes of a partition of a topic, over all tables; -1 without one. */
struct partition_end {
    char *topic;
    int32_t partition;
    int64_t change_id, offset; /* of those taken as they came */
    int64_t retried_offset;    /* the greatest of those that had been rejected */
};

struct rejected_source {
    struct source source;
    struct database database;
    struct rejected_rest *rest;
    sqlite3_stmt *rows, *tables;
    struct arena arenas[SOURCE_SLOTS], *arena;
    struct partition_end *ends;
    size_t end_count;
    int64_t given;
};

enum {
    ID,
    TOPIC,
    PARTITION,
    OFFSET,
    KEY,
    VALUE,
    VALUE_SIZE,
    TIMESTAMP,
    RUN_ID,
    OLD_KEY,
    NEW_KEY,
    BEFORE,
    LAST
};

#define SELECTED " (?1 IS NULL OR rejected_id IN (SELECT value FROM json_each(?1)))"
#define OPEN_ONES " rejected_id NOT IN (SELECT rejected_id FROM retried_event)"

/* With the last change in front of its batch, and in its batch. */
static const char rows_sql[] =
    "SELECT rejected_id, topic, partition, \"offset\", \"key\", value, value_size, timestamp_ms, run_id, "
    "old_key,"
    " new_key,"
    " (SELECT last_change_id FROM batch AS b WHERE b.batch_id < e.batch_id AND last_change_id IS NOT NULL"
    "  ORDER BY batch_id DESC LIMIT 1),"
    " (SELECT last_change_id FROM batch AS b WHERE b.batch_id <= e.batch_id AND last_change_id IS NOT NULL"
    "  ORDER BY batch_id DESC LIMIT 1)"
    " FROM rejected_event AS e WHERE" SELECTED " AND" OPEN_ONES " ORDER BY rejected_id";

static const char missing_sql[] = "SELECT value FROM json_each(?1) WHERE value NOT IN (SELECT rejected_id "
                                  "FROM rejected_event WHERE" OPEN_ONES ")";

static const char tables_sql[] =
    "SELECT DISTINCT name FROM connector_run AS r JOIN captured_table USING (table_id)"
    " WHERE r.topic = ?1 AND partition = ?2";

static struct rejected_source *of(struct source *source)
{
    return (struct rejected_source *)source;
}

static int fail(struct rejected_source *rejected, struct error *error)
{
    return database_fail(rejected->database.handle, error, "rejected_event");
}

/* The last change of the table in the partition that was retried, or was not. */
static int last_of(struct rejected_source *rejected, const char *table, int32_t partition, bool retried,
                   int64_t *change_id, int64_t *offset, struct error *error)
{
    struct buffer sql = {0};
    sqlite3_stmt *statement = NULL;
    buffer_printf(
        &sql,
        "WITH retry AS MATERIALIZED (SELECT first_change_id, last_change_id FROM batch WHERE batch_id IN"
        " (SELECT batch_id FROM retried_event)) SELECT change_id, kafka_offset FROM ");
    buffer_family_name(&sql, table, "history");
    buffer_printf(&sql,
                  " WHERE kafka_partition = %d AND %s EXISTS (SELECT 1 FROM retry WHERE change_id BETWEEN"
                  " first_change_id AND last_change_id) ORDER BY change_id DESC LIMIT 1",
                  (int)partition, retried ? "" : "NOT");
    int result = buffer_failed(&sql)
                     ? error_memory(error)
                     : database_prepare(rejected->database.handle, buffer_string(&sql), &statement, error);
    int code = result ? SQLITE_DONE : sqlite3_step(statement);
    if (code == SQLITE_ROW && sqlite3_column_int64(statement, 0) > *change_id) {
        *change_id = sqlite3_column_int64(statement, 0);
        *offset = sqlite3_column_int64(statement, 1);
    } else if (code != SQLITE_ROW && code != SQLITE_DONE) {
        result = fail(rejected, error);
    }
    sqlite3_finalize(statement);
    buffer_free(&sql);
    return result;
}

static int read_end(struct rejected_source *rejected, struct partition_end *end, struct error *error)
{
    sqlite3_stmt *tables = rejected->tables;
    int64_t retried = -1;
    int code, result = 0;
    sqlite3_bind_text(tables, 1, end->topic, -1, SQLITE_STATIC);
    sqlite3_bind_int(tables, 2, end->partition);
    while (result == 0 && (code = sqlite3_step(tables)) != SQLITE_DONE) {
        if (code != SQLITE_ROW) {
            result = fail(rejected, error);
        } else {
            const char *table = database_text(tables, 0);
            if (last_of(rejected, table, end->partition, false, &end->change_id, &end->offset, error) ||
                last_of(rejected, table, end->partition, true, &retried, &end->retried_offset, error))
                result = -1;
        }
    }
    sqlite3_reset(tables);
    return result;
}

/* NULL with `error`. */
static const struct partition_end *end_of(struct rejected_source *rejected, const char *topic,
                                          int32_t partition, struct error *error)
{
    for (size_t i = 0; i < rejected->end_count; i++)
        if (rejected->ends[i].partition == partition && strcmp(rejected->ends[i].topic, topic) == 0)
            return &rejected->ends[i];
    struct partition_end *ends = realloc(rejected->ends, (rejected->end_count + 1) * sizeof *ends);
    char *copy = ends ? strdup(topic) : NULL;
    if (ends) rejected->ends = ends;
    if (!copy) {
        error_memory(error);
        return NULL;
    }
    struct partition_end *end = &ends[rejected->end_count++];
    *end = (struct partition_end){copy, partition, -1, -1, -1};
    return read_end(rejected, end, error) ? NULL : end;
}

/* Whether changes of its partition are stored that came behind it. -1: failure. */
static int is_late(struct rejected_source *rejected, struct error *error)
{
    sqlite3_stmt *rows = rejected->rows;
    int64_t offset = sqlite3_column_int64(rows, OFFSET);
    const struct partition_end *end =
        end_of(rejected, database_text(rows, TOPIC), sqlite3_column_int(rows, PARTITION), error);
    if (!end) return -1;
    if (end->change_id > sqlite3_column_int64(rows, LAST)) return 1;
    return (end->change_id > sqlite3_column_int64(rows, BEFORE) && end->offset > offset) ||
           end->retried_offset > offset;
}

static bool is_whole(sqlite3_stmt *row)
{
    return sqlite3_column_type(row, TIMESTAMP) != SQLITE_NULL &&
           sqlite3_column_int64(row, VALUE_SIZE) == sqlite3_column_bytes(row, VALUE);
}

/* A copy in the turn's arena; absent for NULL. */
static struct slice copy(struct rejected_source *rejected, int column)
{
    sqlite3_stmt *row = rejected->rows;
    if (sqlite3_column_type(row, column) == SQLITE_NULL) return (struct slice){0};
    size_t size = (size_t)sqlite3_column_bytes(row, column);
    char *bytes = arena_alloc(rejected->arena, size + 1);
    if (!bytes) return (struct slice){0};
    if (size) memcpy(bytes, sqlite3_column_blob(row, column), size);
    return (struct slice){bytes, size};
}

static void read_row(struct rejected_source *rejected, struct message *message)
{
    sqlite3_stmt *row = rejected->rows;
    *message = (struct message){.topic = copy(rejected, TOPIC),
                                .partition = sqlite3_column_int(row, PARTITION),
                                .offset = sqlite3_column_int64(row, OFFSET),
                                .next_offset = sqlite3_column_int64(row, OFFSET) + 1,
                                .timestamp_ms = sqlite3_column_int64(row, TIMESTAMP),
                                .key = copy(rejected, KEY),
                                .value = copy(rejected, VALUE),
                                .run_id = copy(rejected, RUN_ID),
                                .old_key = copy(rejected, OLD_KEY),
                                .new_key = copy(rejected, NEW_KEY),
                                .rejected_id = sqlite3_column_int64(row, ID)};
}

static int rejected_next(struct source *source, int timeout_ms, struct message *message, struct error *error)
{
    struct rejected_source *rejected = of(source);
    (void)timeout_ms;
    for (;;) {
        int code = sqlite3_step(rejected->rows);
        if (code == SQLITE_DONE) return SOURCE_END;
        if (code != SQLITE_ROW) return fail(rejected, error);
        int late = is_late(rejected, error);
        if (late < 0) return -1;
        bool whole = is_whole(rejected->rows);
        rejected->rest->partly += !whole;
        rejected->rest->late += whole && late;
        if (!whole || late) continue;
        read_row(rejected, message);
        rejected->given++;
        return rejected->arena->failed ? error_memory(error) : SOURCE_MESSAGE;
    }
}

static void rejected_turn(struct source *source, unsigned slot)
{
    struct rejected_source *rejected = of(source);
    rejected->arena = &rejected->arenas[slot];
    arena_reset(rejected->arena);
}

static void rejected_progress(struct source *source, struct source_progress *progress)
{
    *progress = (struct source_progress){.done = of(source)->given, .behind = -1};
}

static void rejected_close(struct source *source)
{
    if (!source) return;
    struct rejected_source *rejected = of(source);
    sqlite3_finalize(rejected->rows);
    sqlite3_finalize(rejected->tables);
    database_close(&rejected->database);
    for (size_t i = 0; i < SOURCE_SLOTS; i++) arena_free(&rejected->arenas[i]);
    for (size_t i = 0; i < rejected->end_count; i++) free(rejected->ends[i].topic);
    free(rejected->ends);
    free(rejected);
}

/* A mistyped id is worth saying before anything is stored. */
static int check_ids(struct rejected_source *rejected, const char *ids, struct error *error)
{
    sqlite3_stmt *missing;
    if (!ids) return 0;
    if (database_prepare(rejected->database.handle, missing_sql, &missing, error)) return -1;
    sqlite3_bind_text(missing, 1, ids, -1, SQLITE_STATIC);
    int code = sqlite3_step(missing), result = 0;
    if (code == SQLITE_ROW)
        result = error_set(error, ERROR_USAGE,
                           "no rejected event %s that was not stored since; cdclite rejected list has them",
                           database_text(missing, 0));
    else if (code != SQLITE_DONE)
        result = fail(rejected, error);
    sqlite3_finalize(missing);
    return result;
}

int rejected_source_open(const char *db_path, const char *ids, struct rejected_rest *rest,
                         struct source **source, struct error *error)
{
    struct rejected_source *rejected = calloc(1, sizeof *rejected);
    *source = NULL;
    if (!rejected) return error_memory(error);
    rejected->source = (struct source){rejected_next,      source_stored_unwatched, rejected_progress,
                                       source_end_unknown, rejected_close,          rejected_turn};
    rejected->arena = &rejected->arenas[0];
    rejected->rest = rest;
    /* All of one moment: that of the first `next`, before anything of it is stored. */
    if (database_open_reader(&rejected->database, db_path, error) || check_ids(rejected, ids, error) ||
        database_run(rejected->database.handle, "BEGIN", error) ||
        database_prepare(rejected->database.handle, rows_sql, &rejected->rows, error) ||
        database_prepare(rejected->database.handle, tables_sql, &rejected->tables, error)) {
        rejected_close(&rejected->source);
        return -1;
    }
    sqlite3_bind_text(rejected->rows, 1, ids, -1, SQLITE_TRANSIENT);
    *source = &rejected->source;
    return 0;
}
