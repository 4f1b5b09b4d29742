#include "cdclite/table_snapshot.h"

#include <sqlite3.h>

#include "cdclite/database.h"
#include "cdclite/hash.h"

static uint64_t mark_of(const struct value *lsn, const struct value *tx_id)
{
    return value_hash(value_hash(HASH_START, lsn), tx_id);
}

int snapshot_load(sqlite3 *db, struct captured_table *table, struct error *error)
{
    sqlite3_stmt *statement;
    if (database_prepare(db,
                         "SELECT first_change_id, last_change_id, complete, lsn, tx_id FROM source_snapshot"
                         " WHERE table_id = ?1 ORDER BY first_change_id DESC LIMIT 1",
                         &statement, error))
        return -1;
    sqlite3_bind_int64(statement, 1, table->table_id);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        struct value lsn, tx_id;
        value_from_column(statement, 3, &lsn);
        value_from_column(statement, 4, &tx_id);
        table->snapshot = (struct table_snapshot){.known = true,
                                                  .first_change_id = sqlite3_column_int64(statement, 0),
                                                  .last_change_id = sqlite3_column_int64(statement, 1),
                                                  .complete = sqlite3_column_int(statement, 2) != 0,
                                                  .mark = mark_of(&lsn, &tx_id)};
    }
    int result = code == SQLITE_ROW || code == SQLITE_DONE ? 0 : database_fail(db, error, "source_snapshot");
    sqlite3_finalize(statement);
    return result;
}

int snapshot_save(sqlite3 *db, struct captured_table *table, struct error *error)
{
    sqlite3_stmt *statement;
    if (!table->snapshot.unsaved) return 0;
    if (database_prepare(db,
                         "UPDATE source_snapshot SET last_change_id = ?3, complete = ?4"
                         " WHERE table_id = ?1 AND first_change_id = ?2",
                         &statement, error))
        return -1;
    sqlite3_bind_int64(statement, 1, table->table_id);
    sqlite3_bind_int64(statement, 2, table->snapshot.first_change_id);
    sqlite3_bind_int64(statement, 3, table->snapshot.last_change_id);
    sqlite3_bind_int(statement, 4, table->snapshot.complete);
    int result = database_step(db, statement, error);
    sqlite3_finalize(statement);
    table->snapshot.unsaved = false;
    return result;
}

static int begin(sqlite3 *db, struct captured_table *table, const struct change *change, int64_t change_id,
                 struct error *error)
{
    sqlite3_stmt *statement;
    if (snapshot_save(db, table, error)) return -1; /* one that ended in the same batch */
    table->snapshot = (struct table_snapshot){.known = true,
                                              .first_change_id = change_id,
                                              .last_change_id = change_id,
                                              .mark = mark_of(&change->lsn, &change->tx_id),
                                              .unsaved = true};
    if (database_prepare(db, "INSERT INTO source_snapshot VALUES(?1, ?2, ?2, ?3, ?4, ?5, 0)", &statement,
                         error))
        return -1;
    sqlite3_bind_int64(statement, 1, table->table_id);
    sqlite3_bind_int64(statement, 2, change_id);
    sqlite3_bind_int64(statement, 3, change->changed_at);
    value_bind(statement, 4, &change->lsn);
    value_bind(statement, 5, &change->tx_id);
    int result = database_step(db, statement, error);
    sqlite3_finalize(statement);
    return result;
}

/* Rows of a snapshot that is not the last one come late from another partition: it goes on to here. 1, or 0
 * when there is none of that position; -1: failure. */
static int extend_former(sqlite3 *db, const struct captured_table *table, const struct change *change,
                         int64_t change_id, struct error *error)
{
    sqlite3_stmt *statement;
    if (change->lsn.type == VALUE_NULL || !table->snapshot.known) return 0;
    if (database_prepare(db,
                         "UPDATE source_snapshot SET last_change_id = ?2"
                         " WHERE table_id = ?1 AND lsn IS ?3 AND tx_id IS ?4",
                         &statement, error))
        return -1;
    sqlite3_bind_int64(statement, 1, table->table_id);
    sqlite3_bind_int64(statement, 2, change_id);
    value_bind(statement, 3, &change->lsn);
    value_bind(statement, 4, &change->tx_id);
    int result = database_step(db, statement, error);
    sqlite3_finalize(statement);
    return result ? -1 : sqlite3_changes(db) > 0;
}

int snapshot_follow(sqlite3 *db, struct captured_table *table, const struct change *change, int64_t change_id,
                    struct error *error)
{
    struct table_snapshot *snapshot = &table->snapshot;
    if (change->op != 'r') {
        if (snapshot->known && !snapshot->complete) snapshot->complete = snapshot->unsaved = true;
        return 0;
    }
    if (change->snapshot == SNAPSHOT_INCREMENTAL) return 0;
    /* Where the position is not said, a change in between tells two snapshots apart. */
    bool told_apart = change->lsn.type != VALUE_NULL || !snapshot->complete;
    bool same = snapshot->known && told_apart && snapshot->mark == mark_of(&change->lsn, &change->tx_id);
    if (!same) {
        int former = extend_former(db, table, change, change_id, error);
        if (former) return former < 0 ? -1 : 0;
        if (begin(db, table, change, change_id, error)) return -1;
    }
    snapshot->last_change_id = change_id;
    snapshot->unsaved = true;
    if (change->snapshot == SNAPSHOT_TABLE_LAST) snapshot->complete = true;
    return 0;
}
