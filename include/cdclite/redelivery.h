#ifndef CDCLITE_REDELIVERY_H
#define CDCLITE_REDELIVERY_H

#include "cdclite/catalog.h"

/*
 * Debezium delivers at least once: after a crash of Connect it goes back and sends a stretch again, at new
 * offsets. An event's identity is (table, lsn, tx_id, commit time, op, before, after). The k-th occurrence of
 * an identity within one run of the connector (connector_run.h, run_comparison.h) is a re-delivery if another
 * run has given k of them already; but equal rows that follow where a run went on amid them are new.
 *
 * Nothing is looked up while a table has seen one run, nor for an event whose place in the source's log is
 * above all that other runs have reached, nor for one that says no position.
 */
struct redelivery;

/* `db` is borrowed. redelivery_close afterwards, also after a failure. */
int redelivery_open(struct sqlite3 *db, struct redelivery **redelivery, struct error *error);
void redelivery_close(struct redelivery *redelivery);

/*
 * Takes note of the change whose rows stand in `table` as they were sent (what the event did not carry is
 * NULL), and says whether it is new: 0, and the caller stores it as `change_id`, then calls
 * redelivery_stored; or 1, and it has been recorded in redelivered_event. -1: failure. The caller's open
 * batch began at `batch_first_id`.
 */
int redelivery_check(struct redelivery *redelivery, struct captured_table *table,
                     const struct message *message, const struct change *change, int64_t change_id,
                     int64_t batch_first_id, struct error *error);

/* The change that redelivery_check found new now stands as row `change_id`. */
int redelivery_stored(struct redelivery *redelivery, struct captured_table *table, int64_t change_id,
                      struct error *error);

/* The log of this partition is another one from `offset` on: what comes may have come before. The next change
 * gets `change_id`. */
int redelivery_restart(struct redelivery *redelivery, struct slice topic, int32_t partition, int64_t offset,
                       int64_t change_id, struct error *error);

/* Writes what the runs have reached, within the open transaction; what there may be much of is set aside, and
 * written by redelivery_write, before the transaction's end (batch_store.h). */
int redelivery_save(struct redelivery *redelivery, struct error *error);
int redelivery_write(struct redelivery *redelivery, struct error *error);

#endif
