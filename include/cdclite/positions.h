#ifndef CDCLITE_POSITIONS_H
#define CDCLITE_POSITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdclite/error.h"
#include "cdclite/message.h"
#include "cdclite/partition_index.h"

struct sqlite3;

/* Where to go on in one partition of a topic, or in an input. */
struct position {
    char *topic;
    int32_t partition;
    int64_t next_offset;
    int64_t anchor_offset;    /* of the last record taken */
    int64_t anchor_timestamp; /* -1 when unknown */
    uint64_t anchor_hash;     /* message_hash of it */
    int64_t end_offset;       /* -1 when unknown */
    bool stored;              /* a row of `position` says so (or will, with this batch) */
    bool unsaved;
    bool restarted; /* --restart-at went on with another log of this name, of which connector_run is yet to
                       know */
};

struct positions {
    struct position **all; /* each stays at its address */
    size_t count;
    struct position *last; /* found; messages come in runs of one partition */
    /* Where the last message was taken, and that message: its hash is made when it is known to be the one
     * that counts. NULL when there is none to be made. */
    struct position *unhashed;
    const struct message *taken;
    struct partition_index index;
};

/* Adds the stored ones. positions_free afterwards, also after a failure. */
int positions_load(struct positions *positions, struct sqlite3 *db, struct error *error);
void positions_free(struct positions *positions);

/* NULL when there is none. */
struct position *positions_find(struct positions *positions, struct slice topic, int32_t partition);
/* Finds it or makes one that is not stored yet; NULL when memory ran out. */
struct position *positions_make(struct positions *positions, struct slice topic, int32_t partition);

/* Puts copies of all into `copy`, where those of the same name are replaced; false when memory ran out. */
bool positions_copy(struct positions *copy, const struct positions *positions);

/* What tells a record from another at the same place: sizes and ends of key and value. The end of a value
 * holds its source block and times, so that its like does not come again; hashing all of it would cost more
 * than reading it. */
uint64_t message_hash(const struct message *message);

/* Whether the message reads as the one taken last did: its hash, and its time where both are known. */
bool position_is_anchor(const struct position *position, const struct message *message);

/* Moves on behind a message, which is borrowed until the next one is taken or positions_settle. Written by
 * the next positions_save. */
void positions_advance(struct positions *positions, struct position *position, const struct message *message);
/* The message taken last need not stay any longer. */
void positions_settle(struct positions *positions);

/* Goes on elsewhere, as the log is another one or has lost what comes next. Written by the next
 * positions_save. */
void positions_restart(struct positions *positions, struct position *position, int64_t next_offset);

bool positions_unsaved(const struct positions *positions);

/* Writes what has moved, within the open transaction. Settles. */
int positions_save(struct positions *positions, struct sqlite3 *db, struct error *error);

#endif
