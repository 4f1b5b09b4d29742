#include "cdclite/transaction.h"

#include <sqlite3.h>

#include "cdclite/database.h"

/* A commit hook. */
static int refuse_commit(void *context)
{
    (void)context;
    return 1;
}

void transaction_hold(sqlite3 *db)
{
    sqlite3_commit_hook(db, refuse_commit, NULL);
}

int transaction_begin(sqlite3 *db, struct error *error)
{
    transaction_hold(db);
    return database_run(db, "BEGIN IMMEDIATE", error);
}

int transaction_commit(sqlite3 *db, struct error *error)
{
    sqlite3_commit_hook(db, NULL, NULL);
    int result = database_run(db, "COMMIT", error);
    if (result) transaction_hold(db);
    return result;
}

int transaction_rollback(sqlite3 *db, struct error *error)
{
    int result = database_run(db, "ROLLBACK", error);
    sqlite3_commit_hook(db, NULL, NULL);
    return result;
}

int transaction_end(sqlite3 *db, int failed, struct error *error)
{
    struct error later;
    if (!failed) return transaction_commit(db, error);
    transaction_rollback(db, &later);
    return -1;
}
