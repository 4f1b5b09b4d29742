#include "cdclite/sent_stretch.h"

#include <sqlite3.h>

#include "cdclite/buffer.h"
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

static int prepare_several(struct sent_stretches *stretches, struct error *error)
{
    struct buffer sql = {0};
    /* OR FAIL: SQLite would journal each INSERT by itself for ABORT. */
    buffer_text(&sql, "INSERT OR FAIL INTO sent_stretch VALUES");
    for (int i = 0; i < STRETCHES_WAITING; i++)
        buffer_text(&sql, i ? ", (?, ?, ?, ?, ?)" : "(?, ?, ?, ?, ?)");
    int result = buffer_failed(&sql) ? error_memory(error)
                                     : database_prepare(stretches->db, buffer_string(&sql),
                                                        &stretches->insert_several, error);
    buffer_free(&sql);
    return result;
}

int sent_stretches_open(struct sent_stretches *stretches, sqlite3 *db, struct error *error)
{
    *stretches = (struct sent_stretches){.db = db};
    if (database_prepare(db, "INSERT INTO sent_stretch VALUES(?1, ?2, ?3, ?4, ?5)", &stretches->insert,
                         error) ||
        prepare_several(stretches, error) ||
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
    sqlite3_finalize(stretches->insert_several);
    sqlite3_finalize(stretches->update);
    sqlite3_finalize(stretches->find);
    *stretches = (struct sent_stretches){0};
}

struct sent_stretch sent_stretch_begin(int64_t offset, const struct sent_clocks *clocks)
{
    return (struct sent_stretch){.known = true,
                                 .first_offset = offset,
                                 .first_sent_ms = clocks->sent_ms,
                                 .last_sent_ms = clocks->sent_ms,
                                 .last_made_ms = clocks->made_ms};
}

static void bind(sqlite3_stmt *statement, int first, const struct stretch_of_run *row)
{
    sqlite3_bind_int64(statement, first, row->run);
    sqlite3_bind_int64(statement, first + 1, row->stretch.first_offset);
    sqlite3_bind_int64(statement, first + 2, row->stretch.first_sent_ms);
    sqlite3_bind_int64(statement, first + 3, row->stretch.last_sent_ms);
    sqlite3_bind_int64(statement, first + 4, row->stretch.last_made_ms);
}

static int write(struct sent_stretches *stretches, const struct stretch_of_run *row, struct error *error)
{
    sqlite3_stmt *statement = row->stretch.stored ? stretches->update : stretches->insert;
    bind(statement, 1, row);
    return database_step(stretches->db, statement, error);
}

static int write_waiting(struct sent_stretches *stretches, struct error *error)
{
    enum { COLUMNS = 5 };
    size_t count = stretches->waiting;
    stretches->waiting = 0;
    if (count == STRETCHES_WAITING) {
        for (size_t i = 0; i < count; i++)
            bind(stretches->insert_several, 1 + COLUMNS * (int)i, &stretches->rows[i]);
        return database_step(stretches->db, stretches->insert_several, error);
    }
    for (size_t i = 0; i < count; i++)
        if (write(stretches, &stretches->rows[i], error)) return -1;
    return 0;
}

int sent_stretches_end(struct sent_stretches *stretches, int64_t run, const struct sent_stretch *stretch,
                       struct error *error)
{
    const struct stretch_of_run row = {run, *stretch};
    if (stretch->stored) return write(stretches, &row, error);
    stretches->rows[stretches->waiting++] = row;
    return stretches->waiting == STRETCHES_WAITING ? write_waiting(stretches, error) : 0;
}

int sent_stretches_save(struct sent_stretches *stretches, int64_t run, struct sent_stretch *stretch,
                        struct error *error)
{
    const struct stretch_of_run row = {run, *stretch};
    if (write_waiting(stretches, error) || write(stretches, &row, error)) return -1;
    stretch->stored = true;
    return 0;
}

int sent_stretches_find(struct sent_stretches *stretches, int64_t run, int64_t offset,
                        struct sent_stretch *stretch, struct error *error)
{
    *stretch = (struct sent_stretch){0};
    if (write_waiting(stretches, error)) return -1;
    sqlite3_bind_int64(stretches->find, 1, run);
    sqlite3_bind_int64(stretches->find, 2, offset);
    int code = sqlite3_step(stretches->find);
    if (code == SQLITE_ROW)
        *stretch = (struct sent_stretch){.known = true,
                                         .stored = true,
                                         .first_offset = sqlite3_column_int64(stretches->find, 0),
                                         .first_sent_ms = sqlite3_column_int64(stretches->find, 1),
                                         .last_sent_ms = sqlite3_column_int64(stretches->find, 2),
                                         .last_made_ms = sqlite3_column_int64(stretches->find, 3)};
    else if (code != SQLITE_DONE)
        database_fail(stretches->db, error, "sent_stretch");
    sqlite3_reset(stretches->find);
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : -1;
}
