#include "cdclite/sent_stretch.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "cdclite/database.h"
#include "stretch_text.h"

/* A JVM with Kafka Connect takes longer than this to start. Equal rows of one COPY share their place in the
 * log, a page's worth at most: they are made and sent within milliseconds. */
enum { PAUSE_MS = 2000 };

enum { MOST_LISTED = 500 }; /* so that a list fits a page */

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
    const struct {
        const char *sql;
        sqlite3_stmt **statement;
    } all[] = {
        {"INSERT INTO sent_stretch VALUES(?1, ?2, ?3, ?4, ?5)", &stretches->insert},
        {"UPDATE sent_stretch SET first_sent_ms = ?3, last_sent_ms = ?4, last_made_ms = ?5"
         " WHERE run = ?1 AND first_offset = ?2",
         &stretches->update},
        {"INSERT INTO sent_stretch_list VALUES(?1, ?2, ?3)", &stretches->insert_list},
        {"SELECT first_offset, first_sent_ms, last_sent_ms, last_made_ms FROM sent_stretch"
         " WHERE run = ?1 AND first_offset <= ?2 ORDER BY first_offset DESC LIMIT 1",
         &stretches->find},
        {"SELECT stretches FROM sent_stretch_list"
         " WHERE run = ?1 AND first_offset <= ?2 ORDER BY first_offset DESC LIMIT 1",
         &stretches->find_list},
    };
    *stretches = (struct sent_stretches){.db = db};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (database_prepare(db, all[i].sql, all[i].statement, error)) return -1;
    return 0;
}

void sent_stretches_close(struct sent_stretches *stretches)
{
    sqlite3_finalize(stretches->insert);
    sqlite3_finalize(stretches->update);
    sqlite3_finalize(stretches->insert_list);
    sqlite3_finalize(stretches->find);
    sqlite3_finalize(stretches->find_list);
    buffer_free(&stretches->text);
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

static bool add(struct stretch_list *list, int64_t run, const struct sent_stretch *stretch, bool over)
{
    enum { FIRST_ROOM = 32 };
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : FIRST_ROOM;
        struct stretch_of_run *all = reallocarray(list->all, capacity, sizeof *all);
        if (!all) return false;
        list->all = all;
        list->capacity = capacity;
    }
    list->all[list->count++] = (struct stretch_of_run){run, *stretch, over};
    return true;
}

static int write_row(struct sent_stretches *stretches, const struct stretch_of_run *row, struct error *error)
{
    sqlite3_stmt *statement = row->stretch.stored ? stretches->update : stretches->insert;
    sqlite3_bind_int64(statement, 1, row->run);
    sqlite3_bind_int64(statement, 2, row->stretch.first_offset);
    sqlite3_bind_int64(statement, 3, row->stretch.first_sent_ms);
    sqlite3_bind_int64(statement, 4, row->stretch.last_sent_ms);
    sqlite3_bind_int64(statement, 5, row->stretch.last_made_ms);
    return database_step(stretches->db, statement, error);
}

/* Whether it goes into a list: nothing more will come to be known of it. */
static bool is_listed(const struct stretch_of_run *row)
{
    return row->over && !row->stretch.stored;
}

/* Writes the first of these rows with those that can share its list; *end is where they end. */
static int write_list(struct sent_stretches *stretches, const struct stretch_of_run *rows, size_t count,
                      size_t *end, struct error *error)
{
    struct buffer *text = &stretches->text;
    sqlite3_stmt *insert = stretches->insert_list;
    buffer_clear(text);
    size_t i = 0;
    for (; i < count && i < MOST_LISTED && is_listed(&rows[i]) && rows[i].run == rows->run; i++)
        stretch_text_add(text, i ? &rows[i - 1].stretch : NULL, &rows[i].stretch);
    stretch_text_end(text);
    if (buffer_failed(text)) return error_memory(error);
    *end += i;
    sqlite3_bind_int64(insert, 1, rows->run);
    sqlite3_bind_int64(insert, 2, rows->stretch.first_offset);
    database_bind_slice(insert, 3, buffer_view(text));
    return database_step(stretches->db, insert, error);
}

/* By run, and as they came. */
static int compare(const void *a, const void *b)
{
    const struct stretch_of_run *first = a, *second = b;
    if (first->run != second->run) return first->run < second->run ? -1 : 1;
    int64_t offset = first->stretch.first_offset, other = second->stretch.first_offset;
    if (offset != other) return offset < other ? -1 : 1;
    return first->stretch.stored - second->stretch.stored;
}

static int write_all(struct sent_stretches *stretches, struct stretch_list *list, struct error *error)
{
    int result = 0;
    size_t ordered = 1;
    while (ordered < list->count && compare(&list->all[ordered - 1], &list->all[ordered]) <= 0) ordered++;
    if (ordered < list->count) qsort(list->all, list->count, sizeof *list->all, compare);
    for (size_t i = 0; i < list->count && result == 0;) {
        const struct stretch_of_run *row = &list->all[i];
        result = is_listed(row) ? write_list(stretches, row, list->count - i, &i, error)
                                : write_row(stretches, &list->all[i++], error);
    }
    list->count = 0;
    return result;
}

static int take(struct sent_stretches *stretches, int64_t run, const struct sent_stretch *stretch, bool over,
                struct error *error)
{
    if (stretch->stored && !stretch->grown) return 0;
    return add(&stretches->waiting, run, stretch, over) ? 0 : error_memory(error);
}

int sent_stretches_end(struct sent_stretches *stretches, int64_t run, const struct sent_stretch *stretch,
                       struct error *error)
{
    return take(stretches, run, stretch, true, error);
}

int sent_stretches_save(struct sent_stretches *stretches, int64_t run, struct sent_stretch *stretch,
                        struct error *error)
{
    if (take(stretches, run, stretch, false, error)) return -1;
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
    return write_all(stretches, &stretches->sealed, error);
}

static int find_row(struct sent_stretches *stretches, int64_t run, int64_t offset,
                    struct sent_stretch *stretch, struct error *error)
{
    sqlite3_stmt *find = stretches->find;
    *stretch = (struct sent_stretch){0};
    sqlite3_bind_int64(find, 1, run);
    sqlite3_bind_int64(find, 2, offset);
    int code = sqlite3_step(find);
    if (code == SQLITE_ROW)
        *stretch = (struct sent_stretch){.known = true,
                                         .stored = true,
                                         .first_offset = sqlite3_column_int64(find, 0),
                                         .first_sent_ms = sqlite3_column_int64(find, 1),
                                         .last_sent_ms = sqlite3_column_int64(find, 2),
                                         .last_made_ms = sqlite3_column_int64(find, 3)};
    else if (code != SQLITE_DONE)
        database_fail(stretches->db, error, "sent_stretch");
    sqlite3_reset(find);
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : -1;
}

static int find_in_list(struct sent_stretches *stretches, int64_t run, int64_t offset,
                        struct sent_stretch *stretch, struct error *error)
{
    int result = 0;
    sqlite3_stmt *find = stretches->find_list;
    *stretch = (struct sent_stretch){0};
    sqlite3_bind_int64(find, 1, run);
    sqlite3_bind_int64(find, 2, offset);
    int code = sqlite3_step(find);
    if (code == SQLITE_ROW && !stretch_text_find(slice_of(database_text(find, 0)), offset, stretch))
        result = error_set(error, ERROR_STORAGE, "sent_stretch_list, run %lld: not a list of stretches",
                           (long long)run);
    else if (code != SQLITE_ROW && code != SQLITE_DONE)
        result = database_fail(stretches->db, error, "sent_stretch_list");
    sqlite3_reset(find);
    return result;
}

int sent_stretches_find(struct sent_stretches *stretches, int64_t run, int64_t offset,
                        struct sent_stretch *stretch, struct error *error)
{
    struct sent_stretch listed;
    if (write_all(stretches, &stretches->waiting, error) ||
        find_row(stretches, run, offset, stretch, error) ||
        find_in_list(stretches, run, offset, &listed, error))
        return -1;
    if (listed.known && (!stretch->known || stretch->first_offset < listed.first_offset)) *stretch = listed;
    return 0;
}
