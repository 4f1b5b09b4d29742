#ifndef CDCLITE_TRANSACTION_H
#define CDCLITE_TRANSACTION_H

#include "cdclite/error.h"

struct sqlite3;

/*
 * Transactions that write the history. When memory runs out SQLite may roll one back and not say so: where it
 * takes back a statement to try it again, as the schema has changed, which then stands for itself. So from
 * the beginning of a transaction on nothing is committed but by its end; a statement that would be fails, as
 * "out of memory".
 */

/* Begins one. 0, or -1 with `error`, as all of them. */
int transaction_begin(struct sqlite3 *db, struct error *error);
int transaction_commit(struct sqlite3 *db, struct error *error);
int transaction_rollback(struct sqlite3 *db, struct error *error);

/* Commits, or where what was done `failed` rolls back and returns -1. */
int transaction_end(struct sqlite3 *db, int failed, struct error *error);

/* Has nothing committed from now on, whether there is a transaction or not. */
void transaction_hold(struct sqlite3 *db);

#endif
