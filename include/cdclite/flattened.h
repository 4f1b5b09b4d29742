#ifndef CDCLITE_FLATTENED_H
#define CDCLITE_FLATTENED_H

#include "cdclite/envelope.h"

/*
 * Records that the transformation ExtractNewRecordState has flattened ("New Record State Extraction" in
 * Debezium's documentation): the row's columns, and among them the members that its options add, "__op",
 * "__deleted",
 * "__source_ts_ms", "__lsn" and the like.
 */

/* Whether a member of this name is one that the transformation adds (with its default prefix) and no column.
 */
bool flattened_adds(struct slice name);

/* SERVER.SCHEMA.TABLE out of a schema's name SERVER.SCHEMA.TABLE.Value, as Connect names a row's; absent for
 * another. */
struct slice flattened_row_name(struct slice schema_name);

/* Whether a schema block describes a flattened row. */
bool flattened_schema(struct slice schema_block, struct arena *arena);

/* Whether a record in a topic SERVER.….TABLE has its message key's columns among its own, as a row does even
 * where the transformation adds nothing. */
bool flattened_keyed(const struct message *message, struct slice record, struct arena *arena);

/*
 * Reads one into `change`: the row's record stands in `after`, of a delete in `before`. Where the record does
 * not say its table, the topic does, else the schema block; where it has no time of the source, Kafka's
 * timestamp is taken. Without __op the change is an `upsert`: an insert or an update, by whether the row is
 * known. NULL, or why it must be refused.
 */
const char *flattened_read(const struct message *message, struct slice record, struct slice schema_block,
                           struct arena *arena, struct change *change);

#endif
