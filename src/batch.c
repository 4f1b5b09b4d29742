#include "cdclite/batch.h"

#include <sqlite3.h>

#include "cdclite/database.h"
#include "cdclite/time_text.h"

void load_counts_add(struct load_counts *sum, const struct load_counts *more)
{
    sum->messages += more->messages;
    sum->changes += more->changes;
    sum->tombstones += more->tombstones;
    sum->bookkeeping += more->bookkeeping;
    sum->rejected += more->rejected;
    sum->redelivered += more->redelivered;
    sum->skipped += more->skipped;
    sum->retried += more->retried;
    sum->refused += more->refused;
}

void batch_open(struct batch *batch, int64_t first_change_id)
{
    *batch = (struct batch){.open = true,
                            .id = batch->id + 1,
                            .loaded_at = time_now(),
                            .opened_ms = time_passing_ms(),
                            .first_change_id = first_change_id};
}

static void widen(bool *known, int64_t *least, int64_t *greatest, int64_t value)
{
    if (!*known || value < *least) *least = value;
    if (!*known || value > *greatest) *greatest = value;
    *known = true;
}

void batch_note(struct batch *batch, const struct change *change)
{
    batch->counts.changes++;
    widen(&batch->has_changed_at, &batch->least_changed_at, &batch->greatest_changed_at, change->changed_at);
    if (change->lsn.type == VALUE_INTEGER)
        widen(&batch->has_lsn, &batch->least_lsn, &batch->greatest_lsn, change->lsn.integer);
    if (change->tx_id.type == VALUE_INTEGER)
        widen(&batch->has_tx, &batch->least_tx, &batch->greatest_tx, change->tx_id.integer);
}

int batch_prepare(sqlite3 *db, sqlite3_stmt **insert, struct error *error)
{
    return database_prepare(db, "INSERT INTO batch VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                            insert, error);
}

static void bind_range(sqlite3_stmt *statement, int index, bool known, int64_t least, int64_t greatest)
{
    if (known) {
        sqlite3_bind_int64(statement, index, least);
        sqlite3_bind_int64(statement, index + 1, greatest);
    } else {
        sqlite3_bind_null(statement, index);
        sqlite3_bind_null(statement, index + 1);
    }
}

int batch_save(const struct batch *batch, sqlite3_stmt *insert, int64_t last_change_id, struct error *error)
{
    sqlite3_bind_int64(insert, 1, batch->id);
    sqlite3_bind_int64(insert, 2, batch->loaded_at);
    bind_range(insert, 3, batch->counts.changes > 0, batch->first_change_id, last_change_id);
    bind_range(insert, 5, batch->has_changed_at, batch->least_changed_at, batch->greatest_changed_at);
    bind_range(insert, 7, batch->has_lsn, batch->least_lsn, batch->greatest_lsn);
    bind_range(insert, 9, batch->has_tx, batch->least_tx, batch->greatest_tx);
    sqlite3_bind_int64(insert, 11, batch->counts.changes);
    sqlite3_bind_int64(insert, 12, batch->counts.tombstones);
    sqlite3_bind_int64(insert, 13, batch->counts.bookkeeping);
    sqlite3_bind_int64(insert, 14, batch->counts.rejected);
    sqlite3_bind_int64(insert, 15, batch->counts.redelivered);
    return database_step(sqlite3_db_handle(insert), insert, error);
}
