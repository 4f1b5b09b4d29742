#include "row_transfer.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/buffer.h"
#include "cdclite/database.h"

/* Where they stand in the file's header (1.3) and in an interior page of a table (1.6). */
enum { HEADER_PAGES = 28, INTERIOR = 0x05, INTERIOR_HEADER = 12, POINTER = 2, RIGHTMOST = 8 };

void row_transfer_close(struct row_transfer *transfer)
{
    sqlite3_finalize(transfer->insert);
    sqlite3_free(transfer->empty);
    free(transfer->table);
    *transfer = (struct row_transfer){0};
}

/* The statement that makes the table. */
static int read_ddl(const struct row_transfer *transfer, struct buffer *ddl, struct error *error)
{
    sqlite3_stmt *statement;
    if (database_prepare(transfer->db,
                         "SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?1", &statement,
                         error))
        return -1;
    sqlite3_bind_text(statement, 1, transfer->table, -1, SQLITE_STATIC);
    int result =
        sqlite3_step(statement) == SQLITE_ROW ? 0 : database_fail(transfer->db, error, transfer->table);
    if (result == 0) buffer_text(ddl, database_text(statement, 0));
    sqlite3_finalize(statement);
    return result == 0 && buffer_failed(ddl) ? error_memory(error) : result;
}

static int build(sqlite3 *memory, const char *ddl, struct row_transfer *transfer, struct error *error)
{
    char sql[96];
    int64_t root;
    sqlite3_int64 size;
    snprintf(sql, sizeof sql, "PRAGMA page_size = %d; PRAGMA auto_vacuum = NONE", ROW_PAGE);
    if (database_run(memory, sql, error) || database_run(memory, ddl, error) ||
        database_integer(memory, "SELECT rootpage FROM sqlite_schema", 0, &root, error))
        return -1;
    transfer->empty = sqlite3_serialize(memory, "main", &size, 0);
    if (!transfer->empty) return error_memory(error);
    transfer->size = (size_t)size;
    transfer->root = (uint32_t)root;
    return 0;
}

/* Lets SQLite make the database that the rows are to be put into. */
static int make_empty(struct row_transfer *transfer, struct error *error)
{
    struct buffer ddl = {0};
    sqlite3 *memory = NULL;
    int result = read_ddl(transfer, &ddl, error);
    if (result == 0 && sqlite3_open(":memory:", &memory) != SQLITE_OK)
        result = database_fail(memory, error, "a database in memory");
    if (result == 0) result = build(memory, buffer_string(&ddl), transfer, error);
    sqlite3_close(memory);
    buffer_free(&ddl);
    return result;
}

int row_transfer_open(struct row_transfer *transfer, sqlite3 *db, const char *table, struct error *error)
{
    *transfer = (struct row_transfer){.db = db, .table = strdup(table)};
    return transfer->table ? make_empty(transfer, error) : error_memory(error);
}

/* The page that points at the leaves, which begin with page number `first`. */
static void put_root(unsigned char *page, const struct row_pages *pages, uint32_t first)
{
    size_t content = ROW_PAGE, cells = pages->count - 1;
    memset(page, 0, INTERIOR_HEADER);
    for (size_t i = 0; i < cells; i++) {
        unsigned char cell[4 + 9];
        row_pages_number(cell, first + (uint32_t)i, 4);
        size_t size = (size_t)(row_pages_varint(cell + 4, (uint64_t)pages->last_rowid[i]) - cell);
        content -= size;
        memcpy(page + content, cell, size);
        row_pages_number(page + INTERIOR_HEADER + i * POINTER, (uint32_t)content, POINTER);
    }
    page[0] = INTERIOR;
    row_pages_number(page + 3, (uint32_t)cells, 2);
    row_pages_number(page + 5, (uint32_t)content, 2);
    row_pages_number(page + RIGHTMOST, first + (uint32_t)cells, 4);
}

/* Makes the pages a database, in their own memory; gives its size. */
static size_t put_together(const struct row_transfer *transfer, const struct row_pages *pages)
{
    size_t rows = pages->count == 1 ? 0 : pages->count * ROW_PAGE;
    memcpy(pages->memory, transfer->empty, transfer->size);
    unsigned char *root = pages->memory + (size_t)(transfer->root - 1) * ROW_PAGE;
    if (pages->count == 1)
        memcpy(root, pages->memory + transfer->size, ROW_PAGE);
    else
        put_root(root, pages, (uint32_t)(transfer->size / ROW_PAGE) + 1);
    row_pages_number(pages->memory + HEADER_PAGES, (uint32_t)((transfer->size + rows) / ROW_PAGE), 4);
    return transfer->size + rows;
}

/* The pages become the database `staged`. */
static int stage(const struct row_transfer *transfer, struct row_pages *pages, struct error *error)
{
    bool attached = sqlite3_txn_state(transfer->db, "staged") >= 0;
    if (!attached && database_run(transfer->db, "ATTACH ':memory:' AS staged", error)) return -1;
    sqlite3_int64 size = (sqlite3_int64)put_together(transfer, pages);
    unsigned char *database = pages->memory;
    row_pages_hand_over(pages); /* also when it fails */
    int code =
        sqlite3_deserialize(transfer->db, "staged", database, size, size, SQLITE_DESERIALIZE_FREEONCLOSE);
    /* It need not tell the connection. */
    if (code == SQLITE_NOMEM) return error_memory(error);
    return code == SQLITE_OK ? 0 : database_fail(transfer->db, error, "rows in memory");
}

static int prepare(struct row_transfer *transfer, struct error *error)
{
    struct buffer sql = {0};
    buffer_text(&sql, "INSERT INTO main.");
    buffer_identifier(&sql, transfer->table);
    buffer_text(&sql, " SELECT * FROM staged.");
    buffer_identifier(&sql, transfer->table);
    int result = buffer_failed(&sql)
                     ? error_memory(error)
                     : database_prepare(transfer->db, buffer_string(&sql), &transfer->insert, error);
    buffer_free(&sql);
    return result;
}

static int insert(struct row_transfer *transfer, struct row_pages *pages, struct error *error)
{
    return stage(transfer, pages, error) || (!transfer->insert && prepare(transfer, error)) ||
                   database_step(transfer->db, transfer->insert, error)
               ? -1
               : 0;
}

int row_transfer_insert(struct row_transfer *transfer, struct row_pages *pages, struct error *error)
{
    /* Another thread may be using `transfer` as well. */
    sqlite3_mutex_enter(sqlite3_db_mutex(transfer->db));
    int result = insert(transfer, pages, error);
    sqlite3_mutex_leave(sqlite3_db_mutex(transfer->db));
    return result;
}
