#include "cdclite/side_event.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "cdclite/database.h"
#include "cdclite/decimal.h"
#include "cdclite/json_reader.h"

struct side_events {
    sqlite3 *db;
    sqlite3_stmt *message, *boundary;
};

int side_events_open(sqlite3 *db, struct side_events **opened, struct error *error)
{
    struct side_events *events = *opened = calloc(1, sizeof *events);
    if (!events) return error_memory(error);
    events->db = db;
    if (database_prepare(db,
                         "INSERT INTO logical_message SELECT NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9"
                         " WHERE NOT EXISTS (SELECT 1 FROM logical_message WHERE lsn IS ?3 AND server = ?1"
                         " AND tx_id IS ?4 AND prefix = ?5 AND content = ?6)",
                         &events->message, error))
        return -1;
    return database_prepare(db,
                            "INSERT OR IGNORE INTO transaction_boundary"
                            " VALUES(NULL, ?1, ?2, ?3, ?4, nullif(?5, -1), ?6, ?7, ?8, ?9)",
                            &events->boundary, error);
}

void side_events_close(struct side_events *events)
{
    if (!events) return;
    sqlite3_finalize(events->message);
    sqlite3_finalize(events->boundary);
    free(events);
}

static int refuse(const char *why, struct error *error)
{
    error_set(error, ERROR_SOURCE, "%s", why);
    return 1;
}

/* The prefix and the base64 content of {"prefix":…,"content":…}. */
static const char *read_content(struct slice source, struct arena *arena, struct slice *prefix,
                                struct slice *content)
{
    struct json_reader json;
    struct slice name, base64 = {"", 0};
    int more;
    *prefix = (struct slice){"", 0};
    json_start(&json, source);
    if (json_open(&json, JSON_OBJECT)) return "message is no object";
    while ((more = json_member(&json, arena, &name)) == 1) {
        struct slice *text = slice_is(name, "prefix") ? prefix : slice_is(name, "content") ? &base64 : NULL;
        bool is_text = text && json_peek(&json) == JSON_STRING;
        if (is_text ? json_string(&json, arena, text) : json_skip(&json, NULL)) return json.problem;
    }
    if (more < 0) return json.problem;
    return base64_decode(base64, arena, content) ? "the content of a logical message is no base64" : NULL;
}

int side_events_message(struct side_events *events, const struct message *message,
                        const struct change *change, struct arena *arena, struct error *error)
{
    struct slice prefix, content = {0};
    sqlite3_stmt *insert = events->message;
    const char *problem = read_content(change->content, arena, &prefix, &content);
    if (problem) return refuse(problem, error);
    database_bind_slice(insert, 1, change->server.at ? change->server : slice_of(""));
    sqlite3_bind_int64(insert, 2, change->changed_at);
    value_bind(insert, 3, &change->lsn);
    value_bind(insert, 4, &change->tx_id);
    database_bind_slice(insert, 5, prefix);
    sqlite3_bind_blob64(insert, 6, content.at, content.size, SQLITE_STATIC);
    database_bind_slice(insert, 7, message->topic);
    sqlite3_bind_int(insert, 8, message->partition);
    sqlite3_bind_int64(insert, 9, message->offset);
    return database_step(events->db, insert, error);
}

/* A number's source text as an integer, NULL for anything else. */
static void bind_number(sqlite3_stmt *statement, int index, struct slice text)
{
    static const struct column_type integer = {.kind = KIND_INTEGER};
    struct json_reader json;
    struct value value = {0};
    if (text.size) {
        json_start(&json, text);
        if (value_read(&json, &integer, NULL, &value) || json_finish(&json)) value = (struct value){0};
    }
    value_bind(statement, index, &value);
}

/* A boundary's id as T_history's tx_id says it: PostgreSQL's is a number, with the boundary's lsn behind it
 * or without; all others are texts, also where they look like numbers (Oracle's are 16 hexadecimal digits).
 */
static void bind_tx_id(sqlite3_stmt *statement, int index, struct slice id)
{
    enum { ORACLE_DIGITS = 16 };
    const char *colon = memchr(id.at, ':', id.size);
    struct slice tx_id = {id.at, colon ? (size_t)(colon - id.at) : id.size};
    size_t others = 0;
    for (size_t i = 0; i < id.size; i++) others += &id.at[i] != colon && (id.at[i] < '0' || id.at[i] > '9');
    if (others || tx_id.size == id.size - 1 || (!colon && id.size >= ORACLE_DIGITS)) {
        database_bind_slice(statement, index, id);
    } else {
        bind_number(statement, index, tx_id);
    }
}

int side_events_boundary(struct side_events *events, const struct message *message,
                         const struct transaction_boundary *boundary, struct error *error)
{
    sqlite3_stmt *insert = events->boundary;
    database_bind_slice(insert, 1, message->topic);
    database_bind_slice(insert, 2, boundary->status);
    database_bind_slice(insert, 3, boundary->id);
    bind_tx_id(insert, 4, boundary->id);
    sqlite3_bind_int64(insert, 5, boundary->at_ms);
    bind_number(insert, 6, boundary->event_count);
    database_bind_slice(insert, 7, boundary->data_collections);
    sqlite3_bind_int(insert, 8, message->partition);
    sqlite3_bind_int64(insert, 9, message->offset);
    return database_step(events->db, insert, error);
}
