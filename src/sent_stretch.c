#include "cdclite/sent_stretch.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "cdclite/database.h"
#include "made_rows.h"

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
    stretch->grown = true;
}

bool sent_apart(const struct sent_stretch *a, const struct sent_stretch *b)
{
    return a->first_sent_ms - b->last_sent_ms > PAUSE_MS || b->first_sent_ms - a->last_sent_ms > PAUSE_MS;
}

int sent_stretches_open(struct sent_stretches *stretches, sqlite3 *db, struct error *error)
{
    *stretches = (struct sent_stretches){.db = db};
    if (made_rows_open(db, "ended_stretches", &stretches->made, error) ||
        database_prepare(db,
                         /* OR FAIL: SQLite would journal each row by itself for ABORT. */
                         "INSERT OR FAIL INTO sent_stretch SELECT c0, c1, c2, c3, c4 FROM ended_stretches",
                         &stretches->insert, error) ||
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
    made_rows_close(stretches->made);
    free(stretches->waiting.all);
    free(stretches->sealed.all);
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

static bool add(struct stretch_list *list, int64_t run, const struct sent_stretch *stretch)
{
    enum { FIRST_ROOM = 32 };
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : FIRST_ROOM;
        struct stretch_of_run *all = reallocarray(list->all, capacity, sizeof *all);
        if (!all) return false;
        list->all = all;
        list->capacity = capacity;
    }
    list->all[list->count++] = (struct stretch_of_run){run, *stretch};
    return true;
}

/* Rows that the table does not have. */
struct new_rows {
    struct row_source source;
    const struct stretch_list *list;
    size_t at;
};

static int next_new(struct row_source *source, struct value row[MADE_COLUMNS])
{
    struct new_rows *rows = (struct new_rows *)source;
    while (rows->at < rows->list->count && rows->list->all[rows->at].stretch.stored) rows->at++;
    if (rows->at == rows->list->count) return 0;
    const struct stretch_of_run *next = &rows->list->all[rows->at++];
    row[0] = value_of_integer(next->run);
    row[1] = value_of_integer(next->stretch.first_offset);
    row[2] = value_of_integer(next->stretch.first_sent_ms);
    row[3] = value_of_integer(next->stretch.last_sent_ms);
    row[4] = value_of_integer(next->stretch.last_made_ms);
    return 1;
}

static int update(struct sent_stretches *stretches, const struct stretch_of_run *row, struct error *error)
{
    sqlite3_stmt *statement = stretches->update;
    sqlite3_bind_int64(statement, 1, row->run);
    sqlite3_bind_int64(statement, 2, row->stretch.first_offset);
    sqlite3_bind_int64(statement, 3, row->stretch.first_sent_ms);
    sqlite3_bind_int64(statement, 4, row->stretch.last_sent_ms);
    sqlite3_bind_int64(statement, 5, row->stretch.last_made_ms);
    return database_step(stretches->db, statement, error);
}

static int write_list(struct sent_stretches *stretches, struct stretch_list *list, struct error *error)
{
    struct new_rows rows = {{next_new}, list, 0};
    if (!list->count) return 0;
    if (made_rows_write(stretches->made, stretches->insert, &rows.source, error)) return -1;
    for (size_t i = 0; i < list->count; i++)
        if (list->all[i].stretch.stored && update(stretches, &list->all[i], error)) return -1;
    list->count = 0;
    return 0;
}

int sent_stretches_end(struct sent_stretches *stretches, int64_t run, const struct sent_stretch *stretch,
                       struct error *error)
{
    if (stretch->stored && !stretch->grown) return 0;
    return add(&stretches->waiting, run, stretch) ? 0 : error_memory(error);
}

int sent_stretches_save(struct sent_stretches *stretches, int64_t run, struct sent_stretch *stretch,
                        struct error *error)
{
    if (sent_stretches_end(stretches, run, stretch, error)) return -1;
    stretch->stored = true;
    stretch->grown = false;
    return 0;
}

void sent_stretches_seal(struct sent_stretches *stretches)
{
    struct stretch_list empty = stretches->sealed;
    stretches->sealed = stretches->waiting;
    stretches->waiting = empty;
}

int sent_stretches_write(struct sent_stretches *stretches, struct error *error)
{
    return write_list(stretches, &stretches->sealed, error);
}

int sent_stretches_find(struct sent_stretches *stretches, int64_t run, int64_t offset,
                        struct sent_stretch *stretch, struct error *error)
{
    *stretch = (struct sent_stretch){0};
    if (write_list(stretches, &stretches->waiting, error)) return -1;
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
