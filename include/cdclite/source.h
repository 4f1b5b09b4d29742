#ifndef CDCLITE_SOURCE_H
#define CDCLITE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "cdclite/error.h"
#include "cdclite/message.h"

struct positions;

enum { SOURCE_SLOTS = 8 };
enum source_outcome { SOURCE_MESSAGE = 0, SOURCE_IDLE = 1, SOURCE_END = 2, SOURCE_RESTART = 3 };

/* How far a source is, for the progress line. */
struct source_progress {
    bool bytes;     /* true: bytes of a file; false: messages of a topic */
    int64_t done;   /* read so far by this run */
    int64_t behind; /* still to read, -1 when unknown (a pipe) */
};

/* Where messages come from. The loader owns the source and calls `close` once; `close(NULL)` is fine. */
struct source {
    /* The next message (SOURCE_MESSAGE), SOURCE_IDLE when none came within `timeout_ms`, SOURCE_END when
     * there will be no more; -1 with `error`. SOURCE_RESTART: what comes of this topic and partition from now
     * on is of another log, or behind a loss, as the user said, and begins at next_offset; there is no more
     * in the message. */
    int (*next)(struct source *source, int timeout_ms, struct message *message, struct error *error);
    /* Everything up to these positions is durable: tell whoever watches lag. May do nothing. */
    void (*stored)(struct source *source, struct positions *positions);
    void (*progress)(struct source *source, struct source_progress *progress);
    /* The end of this partition's log as last seen, -1 when unknown. */
    int64_t (*end_offset)(struct source *source, struct slice topic, int32_t partition);
    void (*close)(struct source *source);
    /* What `next` gives from now on stays until `turn` is called for the same slot (below SOURCE_SLOTS)
     * again; and it does not wait while it has given something in this turn: it says SOURCE_IDLE where it
     * would have to. Called, like `next` and `progress`, by another thread than the others, and `stored` may
     * be by a third. */
    void (*turn)(struct source *source, unsigned slot);
};

/* `stored` and `end_offset` of a source whose lag nobody watches, and whose end is not known. */
void source_stored_unwatched(struct source *source, struct positions *positions);
int64_t source_end_unknown(struct source *source, struct slice topic, int32_t partition);

#endif
