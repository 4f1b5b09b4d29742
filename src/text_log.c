#include "cdclite/text_log.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdclite/database.h"
#include "cdclite/file.h"
#include "cdclite/log.h"
#include "cdclite/portable.h"
#include "cdclite/transaction.h"

enum { MOST_PENDING = 4 << 20 }; /* bytes in memory; most batches have less */

struct text_log {
    struct text_log *next;
    char *table, *path;
    int fd;
    bool begun;                /* it has its header */
    int64_t through_change_id; /* the last change whose lines are in it */
    struct buffer pending;
    bool changed; /* since it was sealed */
    /* What text_logs_write writes. */
    struct buffer sealed;
    bool sealed_changed;
    int64_t sealed_through;
    int64_t length; /* of the file: committed, or written in the open transaction */
};

struct text_logs {
    sqlite3 *db;
    struct text_log *all;
    sqlite3_stmt *save;
    struct text_times times; /* of the changes added last */
    /* The log of the table whose change was added last; NULL for none. */
    const struct captured_table *last_table;
    struct text_log *last_log;
};

static void log_free(struct text_log *log)
{
    if (!log) return;
    if (log->fd >= 0) close(log->fd);
    buffer_free(&log->pending);
    buffer_free(&log->sealed);
    free(log->table);
    free(log->path);
    free(log);
}

void text_logs_close(struct text_logs *logs)
{
    if (!logs) return;
    while (logs->all) {
        struct text_log *log = logs->all;
        logs->all = log->next;
        log_free(log);
    }
    sqlite3_finalize(logs->save);
    free(logs);
}

/* Names differ as SQLite's do: not by case alone. */
static struct text_log *find_log(const struct text_logs *logs, const char *table)
{
    for (struct text_log *log = logs->all; log; log = log->next)
        if (strcasecmp(log->table, table) == 0) return log;
    return NULL;
}

static struct text_log *append_log(struct text_logs *logs, const char *table, const char *path,
                                   struct error *error)
{
    struct text_log *log = calloc(1, sizeof *log);
    if (!log) {
        error_memory(error);
        return NULL;
    }
    log->fd = -1;
    log->table = strdup(table);
    log->path = strdup(path);
    if (!log->table || !log->path) {
        log_free(log);
        error_memory(error);
        return NULL;
    }
    log->next = logs->all;
    return logs->all = log;
}

static int load_stored(struct text_logs *logs, struct error *error)
{
    sqlite3_stmt *statement;
    int code, result = -1;
    if (database_prepare(logs->db, "SELECT name, path, committed_length, through_change_id FROM text_log",
                         &statement, error))
        return -1;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct text_log *log = append_log(logs, (const char *)sqlite3_column_text(statement, 0),
                                          (const char *)sqlite3_column_text(statement, 1), error);
        if (!log) goto done;
        log->length = sqlite3_column_int64(statement, 2);
        log->through_change_id = sqlite3_column_int64(statement, 3);
    }
    result = code == SQLITE_DONE ? 0 : database_fail(logs->db, error, "text_log");
done:
    sqlite3_finalize(statement);
    return result;
}

static int not_ours(const char *path, struct error *error)
{
    return error_set(
        error, ERROR_STORAGE,
        "%s: not empty and not this database's text log; move it away or choose another with --text", path);
}

int text_choices_check(const struct text_choice *choices, struct error *error)
{
    struct stat status;
    for (; choices && choices->table; choices++) {
        char *path;
        if (file_absolute_path(choices->path, ERROR_STORAGE, &path, error)) return -1;
        free(path);
        if (stat(choices->path, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
            return not_ours(choices->path, error);
    }
    return 0;
}

/* The file must be ours to write: opened, locked, and empty unless the database knows it. */
static int open_file(struct text_log *log, bool known, struct error *error)
{
    struct stat status;
    log->fd = (int)TEMP_FAILURE_RETRY(open(log->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (log->fd < 0)
        return error_set(error, ERROR_STORAGE,
                         "%s: cannot write the text log: %s (choose another with --text)", log->path,
                         strerror(errno));
    if (fstat(log->fd, &status)) return error_set(error, ERROR_STORAGE, "%s: %s", log->path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(error, ERROR_STORAGE, "%s: not a file; the text log needs one", log->path);
    if (flock(log->fd, LOCK_EX | LOCK_NB))
        return error_set(error, ERROR_STORAGE,
                         "%s: another cdclite is writing it; choose another with --text", log->path);
    return !known && status.st_size > 0 ? not_ours(log->path, error) : 0;
}

/* Makes a log known to the database, before anything is written to its file: whatever stands in the file from
 * now on is ours. */
static int register_log(struct text_logs *logs, const struct text_log *log, struct error *error)
{
    sqlite3_stmt *statement;
    if (database_prepare(logs->db, "INSERT INTO text_log VALUES(?1, ?2, 0, 0)", &statement, error)) return -1;
    sqlite3_bind_text(statement, 1, log->table, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, log->path, -1, SQLITE_STATIC);
    int result = database_step(logs->db, statement, error);
    sqlite3_finalize(statement);
    return result;
}

static int apply_choice(struct text_logs *logs, const struct text_choice *choice, struct error *error)
{
    char *path;
    struct text_log *log = find_log(logs, choice->table), *other = logs->all;
    if (log && !choice->chosen) return 0;
    if (file_absolute_path(choice->path, ERROR_STORAGE, &path, error)) return -1;
    while (other && strcmp(other->path, path) != 0) other = other->next;
    bool same = log && other == log;
    struct text_log *made = log || other ? NULL : append_log(logs, choice->table, path, error);
    free(path);
    if (same) return 0;
    if (log)
        return error_set(error, ERROR_STORAGE,
                         "--text %s: this database writes the log of %s to %s; leave --text away",
                         choice->path, choice->table, log->path);
    if (other)
        return error_set(error, ERROR_USAGE, "--text %s: that is the log of %s already", choice->path,
                         other->table);
    if (!made || open_file(made, false, error)) return -1;
    return register_log(logs, made, error);
}

static int write_all(struct text_log *log, struct slice text, struct error *error)
{
    while (text.size > 0) {
        ssize_t written = pwrite(log->fd, text.at, text.size, log->length);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0)
            return error_set(error, ERROR_STORAGE, "%s: cannot write: %s", log->path,
                             written < 0 ? strerror(errno) : "nothing was written");
        log->length += written;
        text.at += written;
        text.size -= (size_t)written;
    }
    return 0;
}

static int write_piece(void *context, struct slice text, struct error *error)
{
    return write_all(context, text, error);
}

static int sync_file(const struct text_log *log, struct error *error)
{
    return fdatasync(log->fd)
               ? error_set(error, ERROR_STORAGE, "%s: cannot sync: %s", log->path, strerror(errno))
               : 0;
}

/* Has the disk begin with what was written from there on, so that less is left to wait for. */
static void begin_sync(const struct text_log *log, int64_t from)
{
#ifdef SYNC_FILE_RANGE_WRITE
    sync_file_range(log->fd, from, log->length - from, SYNC_FILE_RANGE_WRITE);
#else
    (void)log;
    (void)from;
#endif
}

/* What is written stands behind the stored length, and counts only with the next one. */
static int write_buffer(struct text_log *log, struct buffer *text, struct error *error)
{
    int64_t from = log->length;
    if (write_all(log, buffer_view(text), error)) return -1;
    begin_sync(log, from);
    buffer_clear(text);
    return 0;
}

/* Brings a file to its stored length: cuts off what was never committed, or writes again what it lost. */
static int recover(struct text_logs *logs, struct text_log *log, struct captured_table *table,
                   struct error *error)
{
    struct stat status;
    int64_t committed = log->length;
    if (fstat(log->fd, &status)) return error_set(error, ERROR_STORAGE, "%s: %s", log->path, strerror(errno));
    if (status.st_size < committed && table) {
        log_write(LOG_WARNING, "%s: shorter than what was committed; rebuilding it from the history",
                  log->path);
        log->length = 0;
        if (TEMP_FAILURE_RETRY(ftruncate(log->fd, 0)) ||
            text_rebuild(logs->db, table, 0, log->through_change_id, 0, write_piece, log, error))
            return error_context(error, "%s", log->path);
        /* A text that is not the one committed is not left behind, to be taken for it by the next start. */
        if (log->length != committed && ftruncate(log->fd, 0) == 0)
            return error_set(error, ERROR_STORAGE,
                             "%s: rebuilt from the history it has %lld bytes, not the %lld committed",
                             log->path, (long long)log->length, (long long)committed);
        return sync_file(log, error);
    }
    if (status.st_size > committed && TEMP_FAILURE_RETRY(ftruncate(log->fd, committed)))
        return error_set(error, ERROR_STORAGE, "%s: cannot cut off what was not committed: %s", log->path,
                         strerror(errno));
    return 0;
}

/* Writes the lines of changes that were loaded without this log. */
static int catch_up(struct text_logs *logs, struct text_log *log, struct captured_table *table,
                    struct error *error)
{
    int64_t newest;
    struct buffer sql = {0};
    buffer_text(&sql, "SELECT max(change_id) FROM ");
    buffer_family_name(&sql, table->name, "history");
    int result = buffer_failed(&sql) ? error_memory(error)
                                     : database_integer(logs->db, buffer_string(&sql), 0, &newest, error);
    buffer_free(&sql);
    if (result || newest <= log->through_change_id) return result;
    if (text_rebuild(logs->db, table, log->through_change_id, newest, 0, write_piece, log, error)) return -1;
    log_write(LOG_INFO, "%s: wrote the changes that were loaded without it", log->path);
    log->through_change_id = newest;
    log->changed = true;
    return 0;
}

static int open_files(struct text_logs *logs, const struct text_choice *choices, struct error *error)
{
    for (struct text_log *log = logs->all; log; log = log->next)
        if (open_file(log, true, error)) return -1;
    for (const struct text_choice *choice = choices; choice && choice->table; choice++)
        if (apply_choice(logs, choice, error)) return -1;
    return 0;
}

static int bring_up_to_date(struct text_logs *logs, struct catalog *catalog, struct error *error)
{
    for (struct text_log *log = logs->all; log; log = log->next) {
        struct captured_table *table = catalog_named(catalog, log->table);
        if (recover(logs, log, table, error) ||
            (table && table->count && catch_up(logs, log, table, error)) ||
            file_sync_directory(log->path, error))
            return -1;
    }
    for (struct text_log *log = logs->all; log; log = log->next) log->begun = log->length > 0;
    text_logs_seal(logs);
    return text_logs_write(logs, error) || text_logs_sync(logs, error) ? -1 : 0;
}

int text_logs_open(sqlite3 *db, struct catalog *catalog, const struct text_choice *choices,
                   struct text_logs **opened, struct error *error)
{
    struct text_logs *logs = *opened = calloc(1, sizeof *logs);
    if (!logs) return error_memory(error);
    logs->db = db;
    if (database_prepare(db,
                         "UPDATE text_log SET committed_length = ?2, through_change_id = ?3 WHERE name = ?1",
                         &logs->save, error) ||
        load_stored(logs, error))
        return -1;
    /* Two transactions: a file is known as ours before anything is written to it. */
    if (transaction_begin(db, error) || transaction_end(db, open_files(logs, choices, error), error))
        return -1;
    if (transaction_begin(db, error)) return -1;
    return transaction_end(db, bring_up_to_date(logs, catalog, error), error);
}

static int add_piece(void *context, struct slice text, struct error *error)
{
    struct text_log *log = context;
    buffer_slice(&log->pending, text);
    return buffer_failed(&log->pending) ? error_memory(error) : 0;
}

int text_logs_add(struct text_logs *logs, struct captured_table *table, const struct history_row *row,
                  int64_t inserted_at, struct error *error)
{
    if (table != logs->last_table) logs->last_log = find_log(logs, table->name);
    logs->last_table = table;
    struct text_log *log = logs->last_log;
    if (!log) return 0;
    /* While its columns are not known (a truncate came first, without schemas), a table's lines wait. */
    if (table->count == 0) return 0;
    if (!log->begun &&
        text_rebuild(logs->db, table, 0, row->change_id - 1, inserted_at, add_piece, log, error))
        return -1;
    log->begun = true;
    time_text_set(&logs->times.inserted, inserted_at);
    text_lines(table, row, &logs->times, &log->pending);
    log->through_change_id = row->change_id;
    log->changed = true;
    if (buffer_failed(&log->pending)) return error_memory(error);
    if (log->pending.size < MOST_PENDING) return 0;
    /* Behind the text of the batch before. */
    database_wait(logs->db);
    return write_buffer(log, &log->pending, error);
}

void text_logs_seal(struct text_logs *logs)
{
    for (struct text_log *log = logs->all; log; log = log->next) {
        if (!log->changed) continue;
        struct buffer empty = log->sealed;
        log->sealed = log->pending;
        log->pending = empty;
        log->sealed_through = log->through_change_id;
        log->sealed_changed = true;
        log->changed = false;
    }
}

int text_logs_write(struct text_logs *logs, struct error *error)
{
    for (struct text_log *log = logs->all; log; log = log->next)
        if (log->sealed_changed && write_buffer(log, &log->sealed, error)) return -1;
    return 0;
}

int text_logs_sync(struct text_logs *logs, struct error *error)
{
    for (struct text_log *log = logs->all; log; log = log->next) {
        if (!log->sealed_changed) continue;
        if (sync_file(log, error)) return -1;
        sqlite3_bind_text(logs->save, 1, log->table, -1, SQLITE_STATIC);
        sqlite3_bind_int64(logs->save, 2, log->length);
        sqlite3_bind_int64(logs->save, 3, log->sealed_through);
        if (database_step(logs->db, logs->save, error)) return -1;
        log->sealed_changed = false;
    }
    return 0;
}
