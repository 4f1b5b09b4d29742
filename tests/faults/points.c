/*
 * The steps of a load, by the linker's --wrap: a point before and after each. And batches and checkpoints so
 * small that a small load has many of them.
 */
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>

#include "cdclite/catalog.h"
#include "cdclite/database.h"
#include "cdclite/history.h"
#include "cdclite/positions.h"
#include "cdclite/redelivery.h"
#include "cdclite/text_log.h"
#include "cdclite/time_text.h"
#include "cdclite/wal.h"
#include "plan.h"

enum { BATCH_MS = 500 };

static int reached(int result, const char *name)
{
    plan_point(result ? "failed" : "after", name);
    return result;
}

int __real_database_run(sqlite3 *handle, const char *sql, struct error *error);
int __wrap_database_run(sqlite3 *handle, const char *sql, struct error *error)
{
    char name[40];
    snprintf(name, sizeof name, "%.39s", sql);
    for (char *at = name; *at; at++)
        if (*at == '\n') *at = ' ';
    plan_point("before", name);
    return reached(__real_database_run(handle, sql, error), name);
}

int __real_text_logs_sync(struct text_logs *logs, struct error *error);
int __wrap_text_logs_sync(struct text_logs *logs, struct error *error)
{
    plan_point("before", "text");
    return reached(__real_text_logs_sync(logs, error), "text");
}

int __real_positions_save(struct positions *positions, sqlite3 *db, struct error *error);
int __wrap_positions_save(struct positions *positions, sqlite3 *db, struct error *error)
{
    return reached(__real_positions_save(positions, db, error), "positions");
}

int __real_redelivery_save(struct redelivery *redelivery, struct error *error);
int __wrap_redelivery_save(struct redelivery *redelivery, struct error *error)
{
    return reached(__real_redelivery_save(redelivery, error), "redelivery");
}

int __real_catalog_save(struct catalog *catalog, struct error *error);
int __wrap_catalog_save(struct catalog *catalog, struct error *error)
{
    return reached(__real_catalog_save(catalog, error), "catalog");
}

int __real_history_insert(sqlite3 *db, struct captured_table *table, const struct message *message,
                          const struct change *change, struct slice unavailable, int64_t change_id,
                          struct error *error);
int __wrap_history_insert(sqlite3 *db, struct captured_table *table, const struct message *message,
                          const struct change *change, struct slice unavailable, int64_t change_id,
                          struct error *error)
{
    return reached(__real_history_insert(db, table, message, change, unavailable, change_id, error), "row");
}

int __real_wal_tend(struct wal *wal, struct error *error);
int __wrap_wal_tend(struct wal *wal, struct error *error)
{
    /* As if it had grown by more pages since the last checkpoint. */
    if (plan.checkpoint && wal->pages >= plan.checkpoint) wal->checkpointed_pages = INT_MIN / 2;
    return reached(__real_wal_tend(wal, error), "checkpoint");
}

/* A clock that goes on with each look, so that a batch is due after so many messages. */
int64_t __real_time_passing_ms(void);
int64_t __wrap_time_passing_ms(void)
{
    static int64_t looks;
    return plan.batch ? ++looks * (BATCH_MS / plan.batch + 1) : __real_time_passing_ms();
}
