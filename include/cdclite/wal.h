#ifndef CDCLITE_WAL_H
#define CDCLITE_WAL_H

#include <stdbool.h>
#include <stdint.h>

#include "cdclite/error.h"

struct sqlite3;

/*
 * Beyond this size (bytes) the write-ahead log beside the database is cut to nothing as soon as no reader
 * needs it any more. A reader that stays on an old snapshot keeps everything written since
 * (sqlite.org/wal.html, "Avoiding Excessively Large WAL Files"): then it grows, and the loader and `cdclite
 * status` say so.
 */
enum { WAL_LIMIT = 64 << 20 };

/* The write-ahead log of the one connection that writes. */
struct wal {
    struct sqlite3 *handle;
    int pages;              /* in it after the last commit */
    int checkpointed_pages; /* in it at the last checkpoint */
    int64_t page_size;
    int64_t next_try_ms;
    bool held; /* a reader kept it from being cut at the last try */
};

/* Takes over checkpointing from SQLite. `handle` and `wal` stay where they are until the handle is closed. */
int wal_open(struct wal *wal, struct sqlite3 *handle, struct error *error);

/*
 * To be called after commits and when there is nothing to do: brings what has gathered in the log into the
 * database file. Waits for readers 250 ms at most, every 5 s at most. ERROR_STORAGE when the file cannot be
 * written: what was committed stays in the log, and the next start recovers it.
 */
int wal_tend(struct wal *wal, struct error *error);

#endif
