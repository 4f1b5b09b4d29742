#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdclite/database.h"
#include "cdclite/file.h"
#include "cdclite/log.h"
#include "cdclite/portable.h"
#include "cdclite/progress.h"
#include "cdclite/time_text.h"
#include "commands.h"

enum { STEP_PAGES = 256, SHOWN_MS = 250 };

/* The copy under the name that it has until it is whole. */
struct copy {
    char *path, *partial;
    int fd;
};

static int failed(struct error *error, const char *path)
{
    return error_set(error, ERROR_STORAGE, "%s: %s", path, strerror(errno));
}

static int refuse_existing(const char *path, struct error *error)
{
    struct stat status;
    if (lstat(path, &status) == 0)
        return error_set(error, ERROR_STORAGE, "%s: is there already; a backup is a new file", path);
    return errno == ENOENT ? 0 : failed(error, path);
}

/* Opens the file that the copy grows in, which another backup may have or one that was killed have left. 1:
 * it is no longer there. */
static int open_partial(struct copy *copy, mode_t mode, struct error *error)
{
    struct stat opened, named;
    copy->fd = (int)TEMP_FAILURE_RETRY(open(copy->partial, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode));
    if (copy->fd < 0) return failed(error, copy->partial);
    if (flock(copy->fd, LOCK_EX | LOCK_NB)) {
        error_set(error, ERROR_STORAGE, "%s: another cdclite is writing it", copy->partial);
    } else if (fstat(copy->fd, &opened)) {
        failed(error, copy->partial);
    } else if (lstat(copy->partial, &named) || opened.st_ino != named.st_ino) {
        close(copy->fd);
        copy->fd = -1;
        return 1;
    } else if (opened.st_nlink > 1) {
        /* It was killed when it had given the whole copy its name: that one is not to be written over. */
        int code = unlink(copy->partial) ? errno : 0;
        close(copy->fd);
        copy->fd = -1;
        errno = code;
        return code ? failed(error, copy->partial) : 1;
    } else {
        return ftruncate(copy->fd, 0) ? failed(error, copy->partial) : 0;
    }
    /* Not this one's to remove. */
    close(copy->fd);
    copy->fd = -1;
    return -1;
}

static int open_copy(struct copy *copy, const char *path, mode_t mode, struct error *error)
{
    int result;
    if (refuse_existing(path, error) || file_absolute_path(path, ERROR_STORAGE, &copy->path, error))
        return -1;
    if (asprintf(&copy->partial, "%s.part", copy->path) < 0) {
        copy->partial = NULL;
        return error_memory(error);
    }
    while ((result = open_partial(copy, mode, error)) > 0) {
    }
    return result;
}

static void close_copy(struct copy *copy, bool whole)
{
    if (copy->fd >= 0 && copy->partial && !whole) unlink(copy->partial);
    if (copy->fd >= 0) close(copy->fd);
    free(copy->path);
    free(copy->partial);
}

/* All steps are within one transaction of the reader's, so that they copy one moment, and nothing that is
 * committed meanwhile makes them begin anew. */
static int copy_pages(sqlite3 *from, sqlite3 *to, bool quiet, struct error *error)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (!backup) return database_fail(to, error, "cannot begin the backup");
    bool shown = !quiet && log_can_redraw();
    int64_t next_ms = time_passing_ms() + SHOWN_MS;
    int code;
    while ((code = sqlite3_backup_step(backup, STEP_PAGES)) == SQLITE_OK) {
        if (!shown || time_passing_ms() < next_ms) continue;
        char line[64];
        int all = sqlite3_backup_pagecount(backup);
        snprintf(line, sizeof line, "copied %d%%",
                 (int)(100 - (int64_t)sqlite3_backup_remaining(backup) * 100 / (all ? all : 1)));
        log_progress(line);
        next_ms = time_passing_ms() + SHOWN_MS;
    }
    if (shown) log_progress(NULL);
    sqlite3_backup_finish(backup);
    return code == SQLITE_DONE ? 0 : database_fail(to, error, "cannot copy the database");
}

/* A copy that failed is removed: it needs no journal, and is synced once, when it is whole. */
static int fill(const struct copy *copy, struct database *database, bool quiet, struct error *error)
{
    sqlite3 *to = NULL;
    int64_t batches;
    int result = -1;
    if (sqlite3_open_v2(copy->partial, &to, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        database_fail(to, error, copy->partial);
    } else {
        sqlite3_extended_result_codes(to, 1);
        if (database_run(to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", error) == 0 &&
            database_run(database->handle, "BEGIN", error) == 0 &&
            database_integer(database->handle, "SELECT count(*) FROM batch", 0, &batches, error) == 0)
            result = copy_pages(database->handle, to, quiet, error);
        if (result) error_context(error, "%s", copy->partial);
    }
    sqlite3_close(to);
    return result;
}

/* A link takes no other's place, as a rename would; some file systems have none. */
static int publish(const struct copy *copy, struct error *error)
{
    if (fsync(copy->fd)) return failed(error, copy->partial);
    if (link(copy->partial, copy->path) == 0) {
        if (unlink(copy->partial)) return failed(error, copy->partial);
    } else if (errno == EEXIST) {
        return refuse_existing(copy->path, error);
    } else if (refuse_existing(copy->path, error) || rename(copy->partial, copy->path)) {
        return failed(error, copy->path);
    }
    return file_sync_directory(copy->path, error);
}

int command_backup(const struct options *options, struct error *error)
{
    struct database database = {.lock_fd = -1};
    struct copy copy = {.fd = -1};
    struct stat status;
    char bytes[32];
    if (options->arguments.count != 1) return error_set(error, ERROR_USAGE, "cdclite backup FILE");
    int result = database_open_reader(&database, options->db, error);
    if (result == 0 && stat(database.path, &status)) result = failed(error, database.path);
    if (result == 0) result = open_copy(&copy, options->arguments.all[0], status.st_mode & 0777, error);
    if (result == 0) result = fill(&copy, &database, options->quiet, error);
    if (result == 0) result = publish(&copy, error);
    if (result == 0 && fstat(copy.fd, &status) == 0)
        log_write(LOG_INFO, "%s: %s bytes", copy.path, number_text((int64_t)status.st_size, bytes));
    close_copy(&copy, result == 0);
    database_close(&database);
    return result;
}
