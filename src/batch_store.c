#include "cdclite/batch_store.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "cdclite/batch_writer.h"
#include "cdclite/database.h"
#include "cdclite/transaction.h"
#include "row_transfer.h"

struct batch_store {
    struct batch_parts parts;
    sqlite3_stmt *insert_batch;
    struct batch_writer *writer;
    bool begun; /* a transaction, or it will be when the batch under way is done */
    /* What was sealed, the writer's until it is done. */
    bool meanwhile;
    struct sealed_rows *rows;
    size_t row_count, row_room;
    struct positions positions; /* as they are once it is committed */
    struct source *source;
};

/* Everything that was sealed, up to the end of its transaction. */
static int write_sealed(struct batch_store *store, struct error *error)
{
    const struct batch_parts *parts = &store->parts;
    /* The disk has the text to write while the rest is made. */
    if (parts->texts && text_logs_write(parts->texts, error)) return -1;
    for (; store->row_count > 0; store->row_count--) {
        struct sealed_rows *rows = &store->rows[store->row_count - 1];
        if (row_transfer_insert(rows->transfer, &rows->pages, error)) return -1;
        row_pages_free(&rows->pages);
    }
    return redelivery_write(parts->redelivery, error) || summaries_write(parts->summaries, error) ||
                   (parts->texts && text_logs_sync(parts->texts, error)) ||
                   transaction_commit(parts->db, error)
               ? -1
               : 0;
}

static int write_batch(void *context, struct error *error)
{
    struct batch_store *store = context;
    if (write_sealed(store, error)) return -1;
    store->source->stored(store->source, &store->positions);
    metrics_committed(store->parts.metrics);
    if (wal_tend(store->parts.wal, error)) return -1;
    return store->meanwhile ? transaction_begin(store->parts.db, error) : 0;
}

int batch_store_open(const struct batch_parts *parts, struct batch_store **opened, struct error *error)
{
    struct batch_store *store = *opened = calloc(1, sizeof *store);
    if (!store) return error_memory(error);
    store->parts = *parts;
    return batch_prepare(parts->db, &store->insert_batch, error) ||
                   batch_writer_open(parts->db, write_batch, store, &store->writer, error)
               ? -1
               : 0;
}

void batch_store_close(struct batch_store *store)
{
    if (!store) return;
    batch_writer_close(store->writer);
    sqlite3_finalize(store->insert_batch);
    for (size_t i = 0; i < store->row_count; i++) row_pages_free(&store->rows[i].pages);
    free(store->rows);
    positions_free(&store->positions);
    free(store);
}

int batch_store_begin(struct batch_store *store, struct error *error)
{
    if (!store->begun && transaction_begin(store->parts.db, error)) return -1;
    store->begun = true;
    return 0;
}

static int seal_rows(struct batch_store *store, struct error *error)
{
    const struct batch_parts *parts = &store->parts;
    size_t tables = catalog_count(parts->catalog);
    if (store->row_room < tables) {
        struct sealed_rows *rows = reallocarray(store->rows, tables, sizeof *rows);
        if (!rows) return error_memory(error);
        store->rows = rows;
        store->row_room = tables;
    }
    for (size_t i = 0; i < tables; i++) {
        int sealed =
            history_seal(parts->db, catalog_at(parts->catalog, i), &store->rows[store->row_count], error);
        if (sealed < 0) return -1;
        store->row_count += sealed > 0;
    }
    return 0;
}

static int seal(struct batch_store *store, const struct batch *batch, int64_t last_change_id,
                struct error *error)
{
    const struct batch_parts *parts = &store->parts;
    if (seal_rows(store, error) || positions_save(parts->positions, parts->db, error) ||
        redelivery_save(parts->redelivery, error) || catalog_save(parts->catalog, error) ||
        summaries_seal_full(parts->summaries, error) ||
        batch_save(batch, store->insert_batch, last_change_id, error))
        return -1;
    if (parts->texts) text_logs_seal(parts->texts);
    return positions_copy(&store->positions, parts->positions) ? 0 : error_memory(error);
}

bool batch_store_is_busy(const struct batch_store *store)
{
    return batch_writer_is_busy(store->writer);
}

int batch_store_wait(struct batch_store *store, struct error *error)
{
    return batch_writer_wait(store->writer, error);
}

int batch_store_end(struct batch_store *store, const struct batch *batch, int64_t last_change_id,
                    struct source *source, bool meanwhile, struct error *error)
{
    if (batch_store_wait(store, error) || seal(store, batch, last_change_id, error)) return -1;
    store->source = source;
    const struct batch_parts *parts = &store->parts;
    const struct metrics_view view = {parts->db_path, parts->catalog, parts->positions, source};
    metrics_seal(parts->metrics, batch, &view);
    /* Only a connection that has a mutex can be held. */
    store->begun = store->meanwhile = meanwhile && sqlite3_db_mutex(store->parts.db);
    if (store->meanwhile) return batch_writer_start(store->writer, error);
    return write_batch(store, error);
}

int batch_store_rest(struct batch_store *store, struct error *error)
{
    if (batch_store_wait(store, error)) return -1;
    if (store->begun && transaction_rollback(store->parts.db, error)) return -1;
    store->begun = false;
    return 0;
}
