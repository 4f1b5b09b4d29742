#include "cdclite/database.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdclite/embedded.h"
#include "cdclite/file.h"
#include "cdclite/portable.h"

enum { LONGEST_READ = 256 << 20 };

/* SQLite's own default. What the file says (schema/005_sale_dates.sql) is for connections that ask again and
 * again; it may come from anyone. */
#define OWN_CACHE "PRAGMA cache_size = -2000"

const char *const database_migrations[DATABASE_VERSION] = {
    "schema/001_history.sql",      "schema/002_any_table.sql",  "schema/003_sent_stretch.sql",
    "schema/004_summaries.sql",    "schema/005_sale_dates.sql", "schema/006_sent_stretch_list.sql",
    "schema/007_retried_event.sql"};

int database_fail(sqlite3 *handle, struct error *error, const char *what)
{
    int code = handle ? sqlite3_extended_errcode(handle) : SQLITE_NOMEM;
    /* A commit is refused after a transaction was lost (transaction.h). */
    if (code == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM || code == SQLITE_CONSTRAINT_COMMITHOOK)
        return error_set(error, ERROR_FAILURE, "%s: out of memory", what);
    /* "disk I/O error" may be a full disk: the system says it better. */
    int system =
        (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN ? sqlite3_system_errno(handle) : 0;
    if (system)
        return error_set(error, ERROR_STORAGE, "%s: %s: %s", what, sqlite3_errmsg(handle), strerror(system));
    return error_set(error, ERROR_STORAGE, "%s: %s", what, sqlite3_errmsg(handle));
}

int database_run(sqlite3 *handle, const char *sql, struct error *error)
{
    if (sqlite3_exec(handle, sql, NULL, NULL, NULL) == SQLITE_OK) return 0;
    char what[160];
    int shown = (int)strcspn(sql, "\n");
    if (shown > 100) shown = 100;
    snprintf(what, sizeof what, "database: %.*s%s", shown, sql, sql[shown] ? "…" : "");
    return database_fail(handle, error, what);
}

int database_prepare(sqlite3 *handle, const char *sql, sqlite3_stmt **statement, struct error *error)
{
    if (sqlite3_prepare_v3(handle, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) == SQLITE_OK)
        return 0;
    *statement = NULL;
    return database_fail(handle, error, "database");
}

int database_step(sqlite3 *handle, sqlite3_stmt *statement, struct error *error)
{
    int code = sqlite3_step(statement);
    if (code != SQLITE_DONE && code != SQLITE_ROW) {
        database_fail(handle, error, "database");
        sqlite3_reset(statement);
        return -1;
    }
    sqlite3_reset(statement);
    return 0;
}

int database_integer(sqlite3 *handle, const char *sql, int64_t otherwise, int64_t *value, struct error *error)
{
    sqlite3_stmt *statement;
    *value = otherwise;
    if (database_prepare(handle, sql, &statement, error)) return -1;
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL)
        *value = sqlite3_column_int64(statement, 0);
    int result = code == SQLITE_ROW || code == SQLITE_DONE ? 0 : database_fail(handle, error, "database");
    sqlite3_finalize(statement);
    return result;
}

const char *database_text(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text ? text : "";
}

void database_bind_slice(sqlite3_stmt *statement, int index, struct slice text)
{
    sqlite3_bind_text64(statement, index, text.at, text.size, SQLITE_STATIC, SQLITE_UTF8);
}

void database_wait(sqlite3 *handle)
{
    sqlite3_mutex_enter(sqlite3_db_mutex(handle));
    sqlite3_mutex_leave(sqlite3_db_mutex(handle));
}

static int take_lock(struct database *database, struct error *error)
{
    char name[PATH_MAX];
    if ((size_t)snprintf(name, sizeof name, "%s.lock", database->path) >= sizeof name)
        return error_set(error, ERROR_STORAGE, "%s: the path is too long", database->path);
    database->lock_fd = (int)TEMP_FAILURE_RETRY(open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (database->lock_fd < 0)
        return error_set(error, ERROR_STORAGE, "%s: cannot create %s: %s (choose another place with --db)",
                         database->path, name, strerror(errno));
    if (flock(database->lock_fd, LOCK_EX | LOCK_NB) == 0) return 0;
    return error_set(error, ERROR_STORAGE,
                     "%s: another cdclite is loading into it; wait for it, or load into another --db",
                     database->path);
}

static int configure(sqlite3 *handle, struct error *error)
{
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, DATABASE_BUSY_MS);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return database_run(handle, "PRAGMA mmap_size = 0", error);
}

/*
 * The triggers that keep a history append-only are for everybody else: this connection adds rows by plain
 * INSERT alone, which refuses an id that exists, and a trigger would cost half of that INSERT again.
 */
static int configure_writer(sqlite3 *handle, struct error *error)
{
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    return database_run(handle, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", error);
}

/* A file that is read may come from anyone. What reads it needs no virtual table but JSON's (FTS and the like
 * run much code on what the file says) and no value of a gigabyte. Debian's SQLite has fts3_tokenizer, which
 * takes addresses of code from SQL. */
static int guard(sqlite3 *handle, struct error *error)
{
    static const char *modules[] = {"json_each", "json_tree", NULL};
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0, NULL);
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, LONGEST_READ);
    sqlite3_drop_modules(handle, modules);
    return database_run(handle, "PRAGMA cell_size_check = 1", error);
}

/* 0: ours; 1: empty; -1: another program's, newer, or unreadable. */
static int examine(struct database *database, int64_t *version, struct error *error)
{
    int64_t application, objects;
    sqlite3 *handle = database->handle;
    if (database_integer(handle, "PRAGMA application_id", 0, &application, error) ||
        database_integer(handle, "PRAGMA user_version", 0, version, error) ||
        database_integer(handle, "SELECT count(*) FROM sqlite_schema", 0, &objects, error)) {
        int code = sqlite3_errcode(handle) & 0xff;
        if (code == SQLITE_NOTADB)
            return error_set(error, ERROR_STORAGE, "%s: not an SQLite database; name another file with --db",
                             database->path);
        if ((code == SQLITE_READONLY || code == SQLITE_CANTOPEN) && access(database->path, R_OK) == 0)
            return error_set(
                error, ERROR_STORAGE,
                "%s: SQLite needs to write beside it to read it while it may be loaded into; run this as "
                "a user who may write its folder, or read a copy",
                database->path);
        return error_context(error, "%s", database->path);
    }
    if (application == 0 && *version == 0 && objects == 0) return 1;
    if (application != DATABASE_APPLICATION_ID)
        return error_set(error, ERROR_STORAGE,
                         "%s: another program's SQLite database; name another file with --db",
                         database->path);
    if (*version > DATABASE_VERSION)
        return error_set(error, ERROR_STORAGE,
                         "%s: written by a newer cdclite (format %lld, this one knows %d); upgrade cdclite",
                         database->path, (long long)*version, DATABASE_VERSION);
    return 0;
}

static int migrate(struct database *database, int64_t version, struct error *error)
{
    for (; version < DATABASE_VERSION; version++) {
        char pragmas[128];
        const struct embedded_file *file = embedded_find(database_migrations[version]);
        snprintf(pragmas, sizeof pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
                 DATABASE_APPLICATION_ID, (int)version + 1);
        if (database_run(database->handle, "BEGIN IMMEDIATE", error) ||
            database_run(database->handle, file->text, error) ||
            database_run(database->handle, pragmas, error)) {
            sqlite3_exec(database->handle, "ROLLBACK", NULL, NULL, NULL);
            return -1;
        }
    }
    return 0;
}

int database_open_writer(struct database *database, const char *path, struct error *error)
{
    struct stat status;
    int64_t version = 0;
    *database = (struct database){.lock_fd = -1};
    if (file_absolute_path(path, ERROR_STORAGE, &database->path, error)) return -1;
    if (stat(database->path, &status) == 0 && !S_ISREG(status.st_mode))
        return error_set(error, ERROR_STORAGE, "%s: not a file", database->path);
    if (take_lock(database, error)) return -1;
    /* Nobody asks how much memory it has, and counting takes a lock at each allocation. (Without effect, and
     * no matter, in a process that has had a connection.) */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (sqlite3_open_v2(database->path, &database->handle,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
                        NULL) != SQLITE_OK)
        return database_fail(database->handle, error, database->path);
    if (configure(database->handle, error)) return -1;
    int state = examine(database, &version, error);
    if (state < 0) return -1;
    database->upgraded_from = version < DATABASE_VERSION ? version : 0;
    if (sqlite3_db_readonly(database->handle, "main") == 1)
        return error_set(error, ERROR_STORAGE, "%s: cannot be written; check its permissions",
                         database->path);
    /* Larger pages measured about a tenth faster at inserting; the size can only be chosen while the file is
     * empty. */
    if (state == 1 && database_run(database->handle, "PRAGMA page_size = 16384", error)) return -1;
    if (configure_writer(database->handle, error) || migrate(database, version, error) ||
        database_run(database->handle, OWN_CACHE, error))
        return error_context(error, "%s", database->path);
    /* SQLite does not tell when the directory entry of a new file cannot be made durable. */
    return file_sync_directory(database->path, error);
}

int database_open_reader(struct database *database, const char *path, struct error *error)
{
    int64_t version = 0;
    *database = (struct database){.lock_fd = -1};
    if (access(path, F_OK) != 0)
        return error_set(error, ERROR_STORAGE,
                         "%s: no such file; load events first (cdclite load) or name it with --db", path);
    if (file_absolute_path(path, ERROR_STORAGE, &database->path, error)) return -1;
    if (sqlite3_open_v2(database->path, &database->handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        return database_fail(database->handle, error, path);
    if (configure(database->handle, error) || guard(database->handle, error)) return -1;
    int state = examine(database, &version, error);
    if (state == 1)
        return error_set(error, ERROR_STORAGE, "%s: an empty database; load events first (cdclite load)",
                         path);
    if (state == 0 && version < DATABASE_VERSION)
        return error_set(error, ERROR_STORAGE,
                         "%s: written by an older cdclite; the next cdclite load upgrades it", path);
    return state ? state : database_run(database->handle, OWN_CACHE, error);
}

void database_close(struct database *database)
{
    sqlite3_close_v2(database->handle);
    if (database->lock_fd >= 0) close(database->lock_fd);
    free(database->path);
    *database = (struct database){.lock_fd = -1};
}
