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
    sqlite3_stmt *insert;
    struct buffer reason;
    bool said;
};

int rejections_open(sqlite3 *db, size_t max_event_bytes, struct rejections **opened, struct error *error)
{
    struct rejections *rejections = *opened = calloc(1, sizeof *rejections);
    if (!rejections) return error_memory(error);
    rejections->db = db;
    rejections->max_event_bytes = max_event_bytes;
    return database_prepare(db, "INSERT INTO rejected_event VALUES(NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                            &rejections->insert, error);
}

void rejections_close(struct rejections *rejections)
{
    if (!rejections) return;
    sqlite3_finalize(rejections->insert);
    buffer_free(&rejections->reason);
    free(rejections);
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
    return database_step(rejections->db, insert, error);
}
