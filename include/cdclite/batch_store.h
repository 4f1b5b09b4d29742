#ifndef CDCLITE_BATCH_STORE_H
#define CDCLITE_BATCH_STORE_H

#include <stdbool.h>

#include "cdclite/batch.h"
#include "cdclite/catalog.h"
#include "cdclite/metrics.h"
#include "cdclite/positions.h"
#include "cdclite/redelivery.h"
#include "cdclite/source.h"
#include "cdclite/summaries.h"
#include "cdclite/text_log.h"
#include "cdclite/wal.h"

/*
 * Ends batches in their durable order: rows, the text and its fdatasync, its length, the sums, positions and
 * the row of `batch` in one transaction, COMMIT, and only then the source is told. A failed write, fsync or
 * COMMIT has an unknown outcome: nothing is retried or undone; the next start recovers.
 *
 * A batch is sealed first: each owner sets aside what there may be much of, and writes the rest. What was set
 * aside is written by the caller's thread, or on one of its own while the caller goes on with the next batch
 * (batch_writer.h), whose transaction is begun before it may use the database again.
 */
struct batch_store;

/* What a batch is made of; all borrowed. */
struct batch_parts {
    struct sqlite3 *db;
    const char *db_path;
    struct wal *wal;
    struct positions *positions;
    struct catalog *catalog;
    struct redelivery *redelivery;
    struct text_logs *texts; /* NULL without text */
    struct summaries *summaries;
    struct metrics *metrics; /* NULL for none */
};

/* batch_store_close afterwards, also after a failure. */
int batch_store_open(const struct batch_parts *parts, struct batch_store **store, struct error *error);
/* Waits for the batch under way. */
void batch_store_close(struct batch_store *store);

/* Begins a transaction, unless one is begun. */
int batch_store_begin(struct batch_store *store, struct error *error);

/*
 * Ends the open batch, whose last change is `last_change_id`, once the one before it has been committed.
 * `meanwhile`: returns as soon as it is sealed, with the next transaction begun. Afterwards `source` is told,
 * by the thread that writes.
 */
int batch_store_end(struct batch_store *store, const struct batch *batch, int64_t last_change_id,
                    struct source *source, bool meanwhile, struct error *error);

/* Whether the end of a batch would have to wait for the one before. */
bool batch_store_is_busy(const struct batch_store *store);

/* Waits until the batch under way, if one is, has been committed. */
int batch_store_wait(struct batch_store *store, struct error *error);

/* Between batches: waits, and ends the transaction that was begun for what did not come. */
int batch_store_rest(struct batch_store *store, struct error *error);

#endif
