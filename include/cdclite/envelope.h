#ifndef CDCLITE_ENVELOPE_H
#define CDCLITE_ENVELOPE_H

#include <stdint.h>

#include "cdclite/arena.h"
#include "cdclite/change_shapes.h"
#include "cdclite/json_object.h"
#include "cdclite/message.h"
#include "cdclite/schema_texts.h"
#include "cdclite/slice.h"
#include "cdclite/table_names.h"
#include "cdclite/value.h"

/* What source.snapshot says of a row that was read: see "snapshot" in the connectors' event descriptions. */
enum snapshot_mark {
    SNAPSHOT_NONE,        /* false: streamed */
    SNAPSHOT_ROW,         /* true, first, first_in_data_collection */
    SNAPSHOT_TABLE_LAST,  /* last, last_in_data_collection: the table's snapshot is whole */
    SNAPSHOT_INCREMENTAL, /* incremental: single rows read again between the changes */
};

/* One change event. Everything is borrowed from the message or its arena. */
struct change {
    char op; /* c u d r t, m for a logical message */
    struct slice server, schema,
        table;                  /* source.name, .schema (where it has none: .db; SQL Server: both), .table */
    struct slice version;       /* of Debezium, source text */
    int64_t changed_at;         /* commit time at the source, microseconds since 1970 UTC */
    struct value lsn, tx_id;    /* position and transaction at the source (source_facts.h says which of its
                                   members    they are); NULL where there is none */
    struct slice before, after; /* source text of the row objects, absent for null */
    struct json_members before_members, after_members; /* of those that were read in passing */
    uint64_t names_number; /* changes of one number that is not 0 have the same three */
    bool made;             /* the connector says when it made the event (not when flattened): */
    int64_t made_ms;
    enum snapshot_mark snapshot;
    bool flattened; /* by ExtractNewRecordState: `after` (of a delete `before`) is the whole record */
    bool upsert; /* a flattened record without __op: `op` is c until the row's last state says whether it is u
                  */
    bool placeholders;   /* Oracle's: a placeholder is one wherever it stands, in before too */
    bool document;       /* MongoDB's: before and after are the documents' JSON text, decoded */
    struct slice update; /* of a document without `after`: what MongoDB's updateDescription (or patch) says */
    struct slice content;      /* of a logical message: source text of {prefix, content} */
    struct slice schema_block; /* source text of the message's schema, absent without schemas */
    uint64_t schema_number;    /* blocks of one number are equal (schema_texts.h) */
};

/* A transaction's BEGIN or END, as provide.transaction.metadata=true sends them. Borrowed like a change. */
struct transaction_boundary {
    struct slice status, id;       /* id: "txId:lsn" for PostgreSQL, each boundary has its own */
    struct slice event_count;      /* of END: a number's source text, absent for BEGIN */
    struct slice data_collections; /* of END: JSON text, events by table */
    int64_t at_ms;                 /* milliseconds since 1970, -1 where it is not said */
};

enum envelope_outcome {
    ENVELOPE_CHANGE = 0,
    ENVELOPE_TOMBSTONE = 1,   /* null value */
    ENVELOPE_BOOKKEEPING = 2, /* heartbeat, schema change: nothing to keep */
    ENVELOPE_REFUSED = 3,     /* `problem` says why */
    ENVELOPE_BOUNDARY = 4,    /* `boundary` is filled */
    ENVELOPE_MESSAGE = 5,     /* a logical message, in `change` */
};

/* What the last messages were like. All zero is no guess. envelope_guess_free afterwards. */
struct envelope_guess {
    struct change_shapes shapes;
    struct table_names names;
    struct json_guess outer, payload, source, before, after;
    struct schema_texts schemas;
};

void envelope_guess_free(struct envelope_guess *guess);

/*
 * Reads a message's value, `{schema, payload}` or the bare payload, by the envelope of Debezium 1.1 to 3.x
 * ("Change event values" in the connectors' documentation), or as ExtractNewRecordState flattens it.
 * `guess` is what the messages before were like, which makes no difference but in time: a schema block that
 * is repeated byte for byte is not read again, nor are names that stand where they stood. `problem` (of
 * `room` bytes) is filled for ENVELOPE_REFUSED only.
 */
enum envelope_outcome envelope_read(const struct message *message, struct envelope_guess *guess,
                                    struct arena *arena, struct change *change,
                                    struct transaction_boundary *boundary, char *problem, size_t room);

#endif
