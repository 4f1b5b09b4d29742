#include "cdclite/rejected_event.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "cdclite/buffer.h"
#include "cdclite/database.h"
#include "cdclite/hash.h"
#include "cdclite/log.h"
#include "display_text.h"

enum { KEPT_OF_OVERSIZED = 1024 }; /* bytes */

struct rejections {
    sqlite3 *db;
    size_t max_event_bytes;
    sqlite3_stmt *insert, *retried;
    struct buffer reason;
    bool said;
    int said_again;
};

int rejections_open(sqlite3 *db, size_t max_event_bytes, struct rejections **opened, struct error *error)
{
    struct rejections *rejections = *opened = calloc(1, sizeof *rejections);
    if (!rejections) return error_memory(error);
    rejections->db = db;
    rejections->max_event_bytes = max_event_bytes;
    return database_prepare(db,
                            "INSERT INTO rejected_event VALUES(NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                            &rejections->insert, error) ||
                   database_prepare(db, "INSERT INTO retried_event VALUES(?, ?)", &rejections->retried, error)
               ? -1
               : 0;
}

void rejections_close(struct rejections *rejections)
{
    if (!rejections) return;
    sqlite3_finalize(rejections->insert);
    sqlite3_finalize(rejections->retried);
    buffer_free(&rejections->reason);
    free(rejections);
}

static void bind_header(sqlite3_stmt *insert, int index, struct slice header)
{
    sqlite3_bind_blob64(insert, index, header.at, header.size, SQLITE_STATIC);
}

/* A name in the reason may have been cut within a character. */
int rejections_add(struct rejections *rejections, int64_t batch_id, const struct message *message,
                   struct slice why, struct error *error)
{
    static const struct display plain = {.marked = "", .kept = ""};
    sqlite3_stmt *insert = rejections->insert;
    struct slice value = message->value;
    uint64_t size = value.size, hash = 0;
    char hex[24];
    if (message->refusal && message->refused_size) {
        size = message->refused_size;
        hash = message->refused_hash;
    } else if (value.at) {
        hash = hash_bytes(HASH_START, value.at, value.size);
    }
    if (size > rejections->max_event_bytes && value.size > KEPT_OF_OVERSIZED) value.size = KEPT_OF_OVERSIZED;
    snprintf(hex, sizeof hex, "%016" PRIx64, hash);
    buffer_clear(&rejections->reason);
    display_append(&rejections->reason, why, &plain);
    const char *reason = buffer_string(&rejections->reason);
    if (buffer_failed(&rejections->reason)) return error_memory(error);
    if (!rejections->said)
        log_write(LOG_WARNING,
                  "%.*s, partition %d, offset %lld rejected: %s (see rejected_event; more are counted)",
                  (int)message->topic.size, message->topic.at, message->partition, (long long)message->offset,
                  reason);
    rejections->said = true;
    sqlite3_bind_int64(insert, 1, batch_id);
    database_bind_slice(insert, 2, message->topic);
    sqlite3_bind_int(insert, 3, message->partition);
    sqlite3_bind_int64(insert, 4, message->offset);
    sqlite3_bind_text(insert, 5, reason, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(insert, 6, message->key.at, message->key.size, SQLITE_STATIC);
    sqlite3_bind_blob64(insert, 7, value.at, value.size, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 8, (sqlite3_int64)size);
    sqlite3_bind_text(insert, 9, hex, -1, SQLITE_STATIC);
    /* What an input could not read as an event is none, whatever its bytes would be taken for. */
    if (message->refusal)
        sqlite3_bind_null(insert, 10);
    else
        sqlite3_bind_int64(insert, 10, message->timestamp_ms);
    bind_header(insert, 11, message->run_id);
    bind_header(insert, 12, message->old_key);
    bind_header(insert, 13, message->new_key);
    return database_step(rejections->db, insert, error);
}

int rejections_retried(struct rejections *rejections, int64_t batch_id, const struct message *message,
                       struct error *error)
{
    sqlite3_bind_int64(rejections->retried, 1, message->rejected_id);
    sqlite3_bind_int64(rejections->retried, 2, batch_id);
    return database_step(rejections->db, rejections->retried, error);
}

void rejections_refused_again(struct rejections *rejections, const struct message *message, struct slice why)
{
    enum { MOST_SAID = 10 };
    if (++rejections->said_again > MOST_SAID) return;
    log_write(LOG_WARNING, "rejected event %lld (%.*s, partition %d, offset %lld): still rejected: %.*s%s",
              (long long)message->rejected_id, (int)message->topic.size, message->topic.at,
              message->partition, (long long)message->offset, (int)why.size, why.at,
              rejections->said_again == MOST_SAID ? " (more are counted)" : "");
}
