#ifndef SUMMARY_ROWS_H
#define SUMMARY_ROWS_H

#include "cdclite/error.h"
#include "cdclite/value.h"

struct sqlite3;
struct sqlite3_stmt;

/*
 * Rows made here, as a table that SQL selects from: `summary_rows` with the columns c0 to c5. One INSERT
 * takes all of a step: SQLite starts it once, and as they come in the order of the table's key it need not
 * look for the place of those behind the last row.
 */
struct summary_rows;
enum { SUMMARY_COLUMNS = 6 };

/* What gives the rows: the first member of whatever it needs to make them. */
struct summary_source {
    /* Fills in the next row, borrowed until the next call. 1: there is one, 0: there is none, -1: memory ran
     * out. */
    int (*next)(struct summary_source *source, struct value row[SUMMARY_COLUMNS]);
};

/* Also after a failure: close, once the statements that select from it are finalized. */
int summary_rows_open(struct sqlite3 *db, struct summary_rows **opened, struct error *error);
void summary_rows_close(struct summary_rows *rows);

/* Runs a statement that selects from the table, with these rows in it. */
int summary_rows_write(struct summary_rows *rows, struct sqlite3_stmt *statement,
                       struct summary_source *source, struct error *error);

#endif
