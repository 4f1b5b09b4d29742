#include "cdclite/sent_stretch.h"

#include <sqlite3.h>

#include "cdclite/database.h"

/* A JVM with Kafka Connect takes longer than this to start. Equal rows of one COPY share their place in the
 * log, a page's worth at most: they are made and sent within milliseconds. */
enum { PAUSE_MS = 2000 };

bool sent_clocks_read(const struct message *message, const struct change *change, struct sent_clocks *clocks)
{
    int64_t made = change->made ? change->made_ms : -1, sent = message->timestamp_ms;
    *clocks = (struct sent_clocks){.made_ms = made >= 0 ? made : sent, .sent_ms = sent >= 0 ? sent : made};
    return clocks->sent_ms >= 0;
}

bool sent_after_pause(const struct sent_stretch *stretch, const struct sent_clocks *clocks)
{
    return clocks->sent_ms - stretch->last_sent_ms > PAUSE_MS &&
           clocks->made_ms - stretch->last_made_ms > PAUSE_MS;
}

void sent_stretch_extend(struct sent_stretch *stretch, const struct sent_clocks *clocks)
{
    if (clocks->sent_ms < stretch->first_sent_ms) stretch->first_sent_ms = clocks->sent_ms;
    if (clocks->sent_ms > stretch->last_sent_ms) stretch->last_sent_ms = clocks->sent_ms;
    if (clocks->made_ms > stretch->last_made_ms) stretch->last_made_ms = clocks->made_ms;
}

bool sent_apart(const struct sent_stretch *a, const struct sent_stretch *b)
{
    return a->first_sent_ms - b->last_sent_ms > PAUSE_MS || b->first_sent_ms - a->last_sent_ms > PAUSE_MS;
}

int sent_stretches_open(struct sent_stretches *stretches, sqlite3 *db, struct error *error)
{
    *stretches = (struct sent_stretches){.db = db};
    if (database_prepare(db, "INSERT INTO sent_stretch VALUES(?1, ?2, ?3, ?4, ?5)", &stretches->insert,
                         error) ||
        database_prepare(db,
                         "UPDATE sent_stretch SET first_sent_ms = ?3, last_sent_ms = ?4, last_made_ms = ?5"
                         " WHERE run = ?1 AND first_offset = ?2",
                         &stretches->update, error))
        return -1;
    return database_prepare(db,
                            "SELECT first_offset, first_sent_ms, last_sent_ms, last_made_ms FROM sent_stretch"
                            " WHERE run = ?1 AND first_offset <= ?2 ORDER BY first_offset DESC LIMIT 1",
                            &stretches->find, error);
}

void sent_stretches_close(struct sent_stretches *stretches)
{
    sqlite3_finalize(stretches->insert);
    sqlite3_finalize(stretches->update);
    sqlite3_finalize(stretches->find);
    *stretches = (struct sent_stretches){0};
}

int sent_stretches_begin(struct sent_stretches *stretches, int64_t run, int64_t offset,
                         const struct sent_clocks *clocks, struct sent_stretch *stretch, struct error *error)
{
    *stretch = (struct sent_stretch){.known = true,
                                     .first_offset = offset,
                                     .first_sent_ms = clocks->sent_ms,
                                     .last_sent_ms = clocks->sent_ms,
                                     .last_made_ms = clocks->made_ms};
    sqlite3_bind_int64(stretches->insert, 1, run);
    sqlite3_bind_int64(stretches->insert, 2, offset);
    sqlite3_bind_int64(stretches->insert, 3, clocks->sent_ms);
    sqlite3_bind_int64(stretches->insert, 4, clocks->sent_ms);
    sqlite3_bind_int64(stretches->insert, 5, clocks->made_ms);
    return database_step(stretches->db, stretches->insert, error);
}

int sent_stretches_save(struct sent_stretches *stretches, int64_t run, const struct sent_stretch *stretch,
                        struct error *error)
{
    sqlite3_bind_int64(stretches->update, 1, run);
    sqlite3_bind_int64(stretches->update, 2, stretch->first_offset);
    sqlite3_bind_int64(stretches->update, 3, stretch->first_sent_ms);
    sqlite3_bind_int64(stretches->update, 4, stretch->last_sent_ms);
    sqlite3_bind_int64(stretches->update, 5, stretch->last_made_ms);
    return database_step(stretches->db, stretches->update, error);
}

int sent_stretches_find(struct sent_stretches *stretches, int64_t run, int64_t offset,
                        struct sent_stretch *stretch, struct error *error)
{
    *stretch = (struct sent_stretch){0};
    sqlite3_bind_int64(stretches->find, 1, run);
    sqlite3_bind_int64(stretches->find, 2, offset);
    int code = sqlite3_step(stretches->find);
    if (code == SQLITE_ROW)
        *stretch = (struct sent_stretch){.known = true,
                                         .first_offset = sqlite3_column_int64(stretches->find, 0),
                                         .first_sent_ms = sqlite3_column_int64(stretches->find, 1),
                                         .last_sent_ms = sqlite3_column_int64(stretches->find, 2),
                                         .last_made_ms = sqlite3_column_int64(stretches->find, 3)};
    else if (code != SQLITE_DONE)
        database_fail(stretches->db, error, "sent_stretch");
    sqlite3_reset(stretches->find);
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : -1;
}
