#include "cdclite/wal.h"

#include <sqlite3.h>

#include "cdclite/database.h"
#include "cdclite/log.h"
#include "cdclite/time_text.h"

enum {
    CHECKPOINT_PAGES = 1000, /* as SQLite does it by itself */
    WAIT_MS = 250,
    RETRY_MS = 5000,
};

static int on_commit(void *opaque, sqlite3 *handle, const char *database, int pages)
{
    struct wal *wal = opaque;
    (void)handle;
    (void)database;
    wal->pages = pages;
    return SQLITE_OK;
}

int wal_open(struct wal *wal, sqlite3 *handle, struct error *error)
{
    *wal = (struct wal){.handle = handle};
    sqlite3_wal_hook(handle, on_commit, wal);
    return database_integer(handle, "PRAGMA page_size", 0, &wal->page_size, error);
}

static int checkpoint(struct wal *wal, int mode, struct error *error)
{
    int code = sqlite3_wal_checkpoint_v2(wal->handle, "main", mode, NULL, NULL);
    if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY) return code == SQLITE_OK ? 0 : 1;
    return database_fail(wal->handle, error, "cannot bring the write-ahead log into the database file");
}

/* A passive checkpoint never ends while readers follow one another without a gap. One that waits a moment for
 * those of older snapshots does: later ones read the database file itself. */
static int cut(struct wal *wal, struct error *error)
{
    int64_t now = time_passing_ms();
    if (now < wal->next_try_ms) return 0;
    sqlite3_busy_timeout(wal->handle, WAIT_MS);
    int busy = checkpoint(wal, SQLITE_CHECKPOINT_TRUNCATE, error);
    sqlite3_busy_timeout(wal->handle, DATABASE_BUSY_MS);
    if (busy < 0) return -1;
    if (busy && !wal->held)
        log_write(LOG_WARNING,
                  "the write-ahead log has grown to %lld MiB because a reader holds an old snapshot: an open "
                  "transaction or a long query of another program; it shrinks when that ends",
                  (long long)(wal->pages * wal->page_size >> 20));
    if (!busy) wal->pages = wal->checkpointed_pages = 0;
    wal->next_try_ms = busy ? now + RETRY_MS : 0;
    wal->held = busy;
    return 0;
}

int wal_tend(struct wal *wal, struct error *error)
{
    if (wal->pages < wal->checkpointed_pages) wal->checkpointed_pages = 0; /* it was begun anew */
    if (wal->pages - wal->checkpointed_pages >= CHECKPOINT_PAGES) {
        if (checkpoint(wal, SQLITE_CHECKPOINT_PASSIVE, error) < 0) return -1;
        wal->checkpointed_pages = wal->pages;
    }
    return wal->pages * wal->page_size > WAL_LIMIT ? cut(wal, error) : 0;
}
