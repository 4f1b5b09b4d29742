#ifndef CDCLITE_TABLE_SNAPSHOT_H
#define CDCLITE_TABLE_SNAPSHOT_H

#include "cdclite/captured_table.h"
#include "cdclite/envelope.h"

struct sqlite3;

/*
 * Which rows of a history are of one snapshot: the connector reads a whole table at one position of the
 * source's log, and reads it again when it has lost its place there. Incremental snapshots read single rows
 * and are none.
 */

/* Reads the table's last one. */
int snapshot_load(struct sqlite3 *db, struct captured_table *table, struct error *error);

/* Takes note of a change that is stored as `change_id`: a snapshot's row begins or goes on with one, any
 * other completes it. Within the open transaction. */
int snapshot_follow(struct sqlite3 *db, struct captured_table *table, const struct change *change,
                    int64_t change_id, struct error *error);

/* Writes how far the last one has come, within the open transaction. Cheap when nothing changed. */
int snapshot_save(struct sqlite3 *db, struct captured_table *table, struct error *error);

#endif
