#ifndef CDCLITE_MESSAGE_H
#define CDCLITE_MESSAGE_H

#include <stdint.h>

#include "cdclite/slice.h"

/* One record as a source gives it. Everything is borrowed until the source's next call. */
struct message {
    struct slice
        topic; /* Kafka's topic; for lines without one, the input's own name ("file:/path", "stdin") */
    int32_t partition;    /* 0 where the input knows none */
    int64_t offset;       /* Kafka's offset, or the byte offset of the line's start */
    int64_t next_offset;  /* the position to go on from when this message is stored */
    int64_t timestamp_ms; /* Kafka's timestamp, -1 when unknown */
    struct slice key;     /* absent for a null key */
    struct slice value;   /* absent for a tombstone */
    struct slice run_id;  /* header __debezium.context.runId, absent without one */
    struct slice
        old_key; /* header __debezium.oldkey of the insert that ends a key change: the row's key before */
    struct slice new_key;  /* header __debezium.newkey of the delete that begins one: its key from now on */
    const char *refusal;   /* why the input cannot be an event (too large, broken); NULL for a good message */
    uint64_t refused_size; /* with a refusal: the full size in bytes, of which `value` holds the beginning */
    uint64_t refused_hash; /* with a refusal: hash_bytes of all of it */
    int64_t rejected_id;   /* of rejected_event, when it is tried again; 0 for what has just come */
};

#endif
