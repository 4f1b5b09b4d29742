#ifndef CDCLITE_ROW_TRANSFER_H
#define CDCLITE_ROW_TRANSFER_H

#include "cdclite/error.h"
#include "row_pages.h"

struct sqlite3;
struct sqlite3_stmt;

/*
 * Rows made elsewhere (row_pages.h), taken over by SQLite into a table: they become a small database in
 * memory that has the same table, attached as `staged`, and INSERT ... SELECT between equal tables copies
 * whole records ("The transfer optimization", insert.c of SQLite): a fifth of the cost of binding every
 * value. Where SQLite cannot do so it inserts the same rows value by value.
 */
struct row_transfer {
    struct sqlite3 *db; /* borrowed */
    char *table;        /* its name */
    struct sqlite3_stmt *insert;
    unsigned char *empty; /* such a database without rows, of `size` bytes */
    size_t size;          /* pages need so much room in front of them */
    uint32_t root;        /* the table's page in it, from 1 */
};

/* Rows, and what takes them over. */
struct sealed_rows {
    struct row_transfer *transfer;
    struct row_pages pages;
};

/* For a table of `db` whose shape stays as it is; `table` is copied. row_transfer_close afterwards, also
 * after a failure. */
int row_transfer_open(struct row_transfer *transfer, struct sqlite3 *db, const char *table,
                      struct error *error);
void row_transfer_close(struct row_transfer *transfer);

/* Inserts the rows, of which there is at least one, within the open transaction, and takes the pages' memory.
 * Waits for another thread that has the connection. */
int row_transfer_insert(struct row_transfer *transfer, struct row_pages *pages, struct error *error);

#endif
