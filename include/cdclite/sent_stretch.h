#ifndef CDCLITE_SENT_STRETCH_H
#define CDCLITE_SENT_STRETCH_H

#include "cdclite/buffer.h"
#include "cdclite/envelope.h"
#include "cdclite/error.h"

struct sqlite3;
struct sqlite3_stmt;

/*
 * The stretches in which a run's events of one partition were sent without a pause: rows of sent_stretch, and
 * many to a row of sent_stretch_list. Both Debezium's clock (when it made the event) and Kafka's (when it was
 * sent) must have paused: a full queue or an unreachable broker stops one of them at a time, a crash stops
 * both.
 */
struct sent_stretch {
    bool known;  /* it is there */
    bool stored; /* the table has it (or will, with what is sealed), */
    bool grown;  /* though not as far as it reaches */
    int64_t first_offset;
    int64_t first_sent_ms, last_sent_ms, last_made_ms;
};

/* When an event was made and sent, milliseconds since 1970. One clock stands for the other where that is not
 * told; false: neither is. */
struct sent_clocks {
    int64_t made_ms, sent_ms;
};
bool sent_clocks_read(const struct message *message, const struct change *change, struct sent_clocks *clocks);

/* The stretch that begins with the event at `offset`. */
struct sent_stretch sent_stretch_begin(int64_t offset, const struct sent_clocks *clocks);

/* Whether an event comes after a pause. */
bool sent_after_pause(const struct sent_stretch *stretch, const struct sent_clocks *clocks);

/* The stretch has the event too. */
void sent_stretch_extend(struct sent_stretch *stretch, const struct sent_clocks *clocks);

/* Whether two stretches of different partitions lie so far apart that a crash can be between them. */
bool sent_apart(const struct sent_stretch *a, const struct sent_stretch *b);

/* A quiet source pauses behind each event: what ends waits to be written with others. */
struct stretch_list {
    struct stretch_of_run {
        int64_t run;
        struct sent_stretch stretch;
        bool over;
    } * all;
    size_t count, capacity;
};

struct sent_stretches {
    struct sqlite3 *db;
    struct sqlite3_stmt *insert, *update, *insert_list, *find, *find_list;
    struct buffer text;
    struct stretch_list waiting, sealed;
};

/* `db` is borrowed; sent_stretches_close afterwards, also after a failure. */
int sent_stretches_open(struct sent_stretches *stretches, struct sqlite3 *db, struct error *error);
void sent_stretches_close(struct sent_stretches *stretches);

/* Takes a stretch of run number `run` that is over. */
int sent_stretches_end(struct sent_stretches *stretches, int64_t run, const struct sent_stretch *stretch,
                       struct error *error);

/* Before the end of a transaction: takes how far this stretch reaches so far. */
int sent_stretches_save(struct sent_stretches *stretches, int64_t run, struct sent_stretch *stretch,
                        struct error *error);

/* Sets aside what was taken (batch_store.h); writes what was set aside. */
void sent_stretches_seal(struct sent_stretches *stretches);
int sent_stretches_write(struct sent_stretches *stretches, struct error *error);

/* The stretch of run number `run` that the event at `offset` is in; *stretch is not known where there is
 * none. */
int sent_stretches_find(struct sent_stretches *stretches, int64_t run, int64_t offset,
                        struct sent_stretch *stretch, struct error *error);

#endif
