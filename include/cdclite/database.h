#ifndef CDCLITE_DATABASE_H
#define CDCLITE_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include "cdclite/error.h"
#include "cdclite/slice.h"

struct sqlite3;
struct sqlite3_stmt;

/* "cdcl": tells our files from other programs' (PRAGMA application_id). */
#define DATABASE_APPLICATION_ID 0x6364636c
/* The newest migration in schema/ (PRAGMA user_version). */
enum { DATABASE_VERSION = 7 };
/* How long a connection waits for a lock. */
enum { DATABASE_BUSY_MS = 5000 };
/* The embedded files that make a database of each version out of the one before. */
extern const char *const database_migrations[DATABASE_VERSION];

/* One open SQLite file. */
struct database {
    struct sqlite3 *handle;
    char *path;            /* absolute */
    int lock_fd;           /* -1 for a reader */
    int64_t upgraded_from; /* the older version that it was, 0 for none: what is generated in it is to be made
                              anew */
};

/*
 * Opens the history for loading; makes it when it is not there and brings an older one up to date. Takes the
 * lock beside it (PATH.lock), which another loader holds until it ends. Fails with ERROR_STORAGE, having
 * changed nothing, for a file that is not ours, newer than the program, or locked, and for a directory that
 * cannot be written. database_close(database) afterwards, also after a failure.
 */
int database_open_writer(struct database *database, const char *path, struct error *error);

/*
 * Opens it read-only: such a connection never writes, checkpoints or blocks the loader. The file may be
 * hostile: no virtual table but JSON's is used, and no value of more than 256 MiB.
 */
int database_open_reader(struct database *database, const char *path, struct error *error);

void database_close(struct database *database);

/* Fills `error` with "WHAT: SQLite's message" and returns -1. */
int database_fail(struct sqlite3 *handle, struct error *error, const char *what);

/* Runs statements that give no rows. */
int database_run(struct sqlite3 *handle, const char *sql, struct error *error);

/* Prepares one statement; *statement is for sqlite3_finalize, NULL after a failure. */
int database_prepare(struct sqlite3 *handle, const char *sql, struct sqlite3_stmt **statement,
                     struct error *error);

/* Steps a statement that gives no rows and resets it. */
int database_step(struct sqlite3 *handle, struct sqlite3_stmt *statement, struct error *error);

/* The first column of the first row as an integer; `otherwise` when there is no row or it is NULL. */
int database_integer(struct sqlite3 *handle, const char *sql, int64_t otherwise, int64_t *value,
                     struct error *error);

/* A text column of the row stepped to, "" for NULL; borrowed until the statement moves on. */
const char *database_text(struct sqlite3_stmt *statement, int column);

/* Waits for the thread that has the connection (batch_writer.h), if another one has it. */
void database_wait(struct sqlite3 *handle);

void database_bind_slice(struct sqlite3_stmt *statement, int index, struct slice text);

#endif
