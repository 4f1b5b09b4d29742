#ifndef MADE_ROWS_H
#define MADE_ROWS_H

#include "cdclite/error.h"
#include "cdclite/value.h"

struct sqlite3;
struct sqlite3_stmt;

/*
 * Rows made here, as a table that SQL selects from, with the columns c0 to c5. One INSERT takes all of them:
 * SQLite starts it once, and where they come in the order of the table's key it need not look for the place
 * of those behind the last row.
 */
struct made_rows;
enum { MADE_COLUMNS = 6 };

/* What gives the rows: the first member of whatever it needs to make them. */
struct row_source {
    /* Fills in the next row, borrowed until the next call. 1: there is one, 0: there is none, -1: memory ran
     * out. */
    int (*next)(struct row_source *source, struct value row[MADE_COLUMNS]);
};

/* `name` is the table's; borrowed. Also after a failure: close, once the statements that select from it are
 * finalized. */
int made_rows_open(struct sqlite3 *db, const char *name, struct made_rows **opened, struct error *error);
void made_rows_close(struct made_rows *rows);

/* Runs a statement that selects from the table, with these rows in it. */
int made_rows_write(struct made_rows *rows, struct sqlite3_stmt *statement, struct row_source *source,
                    struct error *error);

#endif
