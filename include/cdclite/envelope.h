#ifndef CDCLITE_ENVELOPE_H
#define CDCLITE_ENVELOPE_H

#include <stdint.h>

#include "cdclite/arena.h"
#include "cdclite/message.h"
#include "cdclite/slice.h"
#include "cdclite/value.h"

/* One change event as Debezium's envelope carries it. Everything is borrowed from the message or its arena.
 */
struct change {
    char op;                            /* c u d r t */
    struct slice server, schema, table; /* source.name, .schema (where it has none: .db), .table */
    int64_t changed_at;                 /* commit time at the source, microseconds since 1970 UTC */
    struct value lsn, tx_id; /* source.lsn, source.txId: integers for PostgreSQL, NULL where there is none */
    struct slice before, after; /* source text of the row objects, absent for null */
    struct slice schema_block;  /* source text of the message's schema, absent without schemas */
};

enum envelope_outcome {
    ENVELOPE_CHANGE = 0,
    ENVELOPE_TOMBSTONE = 1,   /* null value */
    ENVELOPE_BOOKKEEPING = 2, /* heartbeat, transaction boundary, schema change, logical message */
    ENVELOPE_REFUSED = 3,     /* `problem` says why */
};

/*
 * Reads a message's value, `{schema, payload}` or the bare payload, by the envelope of Debezium 1.1 to 3.x
 * ("Change event values" in the connector documentation). `known_schema` is the schema block of an earlier
 * message of the same topic (or absent): one equal byte for byte is not read again. `problem` (of `room`
 * bytes) is filled for ENVELOPE_REFUSED only.
 */
enum envelope_outcome envelope_read(const struct message *message, struct slice known_schema,
                                    struct arena *arena, struct change *change, char *problem, size_t room);

#endif
