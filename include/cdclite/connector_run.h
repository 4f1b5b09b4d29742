#ifndef CDCLITE_CONNECTOR_RUN_H
#define CDCLITE_CONNECTOR_RUN_H

#include "cdclite/catalog.h"
#include "cdclite/history.h"
#include "cdclite/sent_stretch.h"
#include "cdclite/tx_set.h"

/*
 * The runs of the connector, as the events tell them. A run is a value of the header
 * __debezium.context.runId; without it a new one begins, in each partition for itself, where a tx_id comes
 * back after another one, or where within one tx_id lsn falls, or stays after a pause. Which of those runs in
 * several partitions are one is told by when they were sent (sent_stretch.h).
 */

/* One row of connector_run. */
struct run {
    int64_t number;
    int64_t table_id, first_offset, first_change_id;
    char *topic;
    int32_t partition;
    char *run_id; /* NULL without the header */
    bool has_last, has_greatest, unsaved;
    bool resumes; /* began at the position where the run before it in its partition had ended */
    int64_t last_tx, last_lsn, greatest_lsn;
    struct sent_stretch stretch; /* being read (only without the header) */
    bool has_before;             /* and before that one */
    int64_t greatest_before;     /* the run had reached this place */
};

/* A table's events in one partition of one topic. */
struct stream {
    struct stream *next;
    struct captured_table *table;
    char *topic;
    int32_t partition;
    size_t run;         /* index of the run being read, SIZE_MAX before the first event */
    struct tx_set seen; /* transactions of that run (only without the header) */
    /* run_comparison.c's: no other run of the table that can be compared had reached more, when
     * runs->changes was this, and the table's key enforced or not. */
    int64_t others_reached;
    uint64_t compared_at;
    bool compared_enforced;
};

struct runs {
    struct sqlite3 *db;
    struct run *all;
    size_t count;
    struct stream *streams; /* the one used last stands first */
    uint64_t changes; /* grows whenever another run than that of the first stream may have moved; never 0 */
    struct sent_stretches stretches;
    struct sqlite3_stmt *save;
};

/* Reads connector_run. `db` is borrowed; runs_close afterwards, also after a failure. */
int runs_open(struct runs *runs, struct sqlite3 *db, struct error *error);
void runs_close(struct runs *runs);

/* The stream that the message is of, its run begun anew (a row of connector_run) where this event says so.
 * `change_id` is the id that the event gets if it is new. NULL: failure. */
struct stream *runs_take(struct runs *runs, struct captured_table *table, const struct message *message,
                         const struct change *change, int64_t change_id, struct error *error);

/* The log of this partition is another one from `offset` on: a new run begins for each table whose events
 * came from it, before the change that gets `change_id`. */
int runs_restart(struct runs *runs, struct slice topic, int32_t partition, int64_t offset, int64_t change_id,
                 struct error *error);

/* Notes what the stream's run has reached with this event. */
int runs_advance(struct runs *runs, struct stream *stream, const struct change *change, struct error *error);

/* The index of the run that a stored row of the table is of: the last one of its partition that began at or
 * before it; NO_RUN when it is not known. */
enum { NO_RUN = -1 };
int32_t runs_of_row(const struct runs *runs, int64_t table_id, const struct history_row *row);

/* The index of the run with this number in connector_run, or NO_RUN. */
int32_t runs_numbered(const struct runs *runs, int64_t number);

/* How far in the source's log an event stands: its lsn, or where that is no number its commit time. False for
 * an event that says no position: nothing tells it from another of the same content. */
bool run_place(const struct change *change, int64_t *place);

/* Writes what the runs have reached, within the open transaction; their stretches are set aside, for
 * sent_stretches_write. */
int runs_save(struct runs *runs, struct error *error);

#endif
