#include "cdclite/positions.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "cdclite/database.h"
#include "cdclite/hash.h"

static uint64_t hash_end(uint64_t hash, struct slice bytes)
{
    enum { HASHED_BYTES = 256 };
    uint64_t size = bytes.at ? bytes.size : UINT64_MAX;
    size_t tail = !bytes.at ? 0 : bytes.size < HASHED_BYTES ? bytes.size : HASHED_BYTES;
    hash = hash_bytes(hash, &size, sizeof size);
    return tail ? hash_bytes(hash, bytes.at + bytes.size - tail, tail) : hash;
}

uint64_t message_hash(const struct message *message)
{
    return hash_end(hash_end(HASH_START, message->key), message->value);
}

struct position *positions_find(struct positions *positions, struct slice topic, int32_t partition)
{
    struct position *last = positions->last;
    if (last && last->partition == partition && slice_is(topic, last->topic)) return last;
    size_t cursor = 0;
    struct position *position;
    uint64_t hash = partition_hash(topic, partition);
    while ((position = partition_index_next(&positions->index, hash, &cursor)))
        if (position->partition == partition && slice_is(topic, position->topic))
            return positions->last = position;
    return NULL;
}

struct position *positions_make(struct positions *positions, struct slice topic, int32_t partition)
{
    struct position *position = positions_find(positions, topic, partition);
    if (position) return position;
    struct position **all = realloc(positions->all, (positions->count + 1) * sizeof *all);
    if (!all) return NULL;
    positions->all = all;
    position = calloc(1, sizeof *position);
    if (!position) return NULL;
    position->topic = strndup(topic.at, topic.size);
    if (!position->topic ||
        !partition_index_add(&positions->index, partition_hash(topic, partition), position)) {
        free(position->topic);
        free(position);
        return NULL;
    }
    position->partition = partition;
    position->anchor_timestamp = position->anchor_offset = position->end_offset = -1;
    all[positions->count++] = position;
    return positions->last = position;
}

bool positions_copy(struct positions *copy, const struct positions *positions)
{
    for (size_t i = 0; i < positions->count; i++) {
        const struct position *one = positions->all[i];
        struct position *made = positions_make(copy, slice_of(one->topic), one->partition);
        if (!made) return false;
        char *topic = made->topic;
        *made = *one;
        made->topic = topic;
    }
    return true;
}

void positions_free(struct positions *positions)
{
    for (size_t i = 0; i < positions->count; i++) {
        free(positions->all[i]->topic);
        free(positions->all[i]);
    }
    free(positions->all);
    partition_index_free(&positions->index);
    *positions = (struct positions){0};
}

int positions_load(struct positions *positions, sqlite3 *db, struct error *error)
{
    sqlite3_stmt *statement;
    int code, result = -1;
    if (database_prepare(db,
                         "SELECT topic, partition, next_offset, anchor_offset, anchor_timestamp, anchor_hash,"
                         " coalesce(end_offset, -1) FROM position",
                         &statement, error))
        return -1;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *hash = (const char *)sqlite3_column_text(statement, 5);
        struct position *position =
            positions_make(positions, slice_of((const char *)sqlite3_column_text(statement, 0)),
                           sqlite3_column_int(statement, 1));
        if (!position) {
            error_memory(error);
            goto done;
        }
        position->next_offset = sqlite3_column_int64(statement, 2);
        position->anchor_offset = sqlite3_column_int64(statement, 3);
        position->anchor_timestamp = sqlite3_column_int64(statement, 4);
        position->anchor_hash = strtoull(hash ? hash : "", NULL, 16);
        position->end_offset = sqlite3_column_int64(statement, 6);
        position->stored = true;
    }
    result = code == SQLITE_DONE ? 0 : database_fail(db, error, "position");
done:
    sqlite3_finalize(statement);
    return result;
}

bool position_is_anchor(const struct position *position, const struct message *message)
{
    bool other_time = message->timestamp_ms >= 0 && position->anchor_timestamp >= 0 &&
                      message->timestamp_ms != position->anchor_timestamp;
    return !other_time && message_hash(message) == position->anchor_hash;
}

void positions_settle(struct positions *positions)
{
    if (positions->unhashed) positions->unhashed->anchor_hash = message_hash(positions->taken);
    positions->unhashed = NULL;
    positions->taken = NULL;
}

void positions_advance(struct positions *positions, struct position *position, const struct message *message)
{
    if (positions->unhashed != position) positions_settle(positions);
    positions->unhashed = position;
    positions->taken = message;
    position->next_offset = message->next_offset;
    position->anchor_offset = message->offset;
    position->anchor_timestamp = message->timestamp_ms;
    position->stored = position->unsaved = true;
}

void positions_restart(struct positions *positions, struct position *position, int64_t next_offset)
{
    positions_settle(positions);
    position->next_offset = next_offset;
    position->anchor_offset = position->anchor_timestamp = -1; /* it was of another log */
    position->anchor_hash = 0;
    position->unsaved = position->restarted = true;
}

bool positions_unsaved(const struct positions *positions)
{
    for (size_t i = 0; i < positions->count; i++)
        if (positions->all[i]->unsaved) return true;
    return false;
}

int positions_save(struct positions *positions, sqlite3 *db, struct error *error)
{
    sqlite3_stmt *statement;
    int result = 0;
    positions_settle(positions);
    if (database_prepare(db, "REPLACE INTO position VALUES(?1, ?2, ?3, ?4, ?5, ?6, nullif(?7, -1))",
                         &statement, error))
        return -1;
    for (size_t i = 0; i < positions->count && result == 0; i++) {
        struct position *position = positions->all[i];
        char hash[24];
        if (!position->unsaved) continue;
        snprintf(hash, sizeof hash, "%016" PRIx64, position->anchor_hash);
        sqlite3_bind_text(statement, 1, position->topic, -1, SQLITE_STATIC);
        sqlite3_bind_int(statement, 2, position->partition);
        sqlite3_bind_int64(statement, 3, position->next_offset);
        sqlite3_bind_int64(statement, 4, position->anchor_offset);
        sqlite3_bind_int64(statement, 5, position->anchor_timestamp);
        sqlite3_bind_text(statement, 6, hash, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 7, position->end_offset);
        result = database_step(db, statement, error);
        position->unsaved = false;
    }
    sqlite3_finalize(statement);
    return result;
}
