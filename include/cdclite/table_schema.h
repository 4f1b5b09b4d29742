#ifndef CDCLITE_TABLE_SCHEMA_H
#define CDCLITE_TABLE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdclite/error.h"
#include "cdclite/slice.h"
#include "cdclite/value.h"

/* A column as a message's schema block describes it. */
struct schema_column {
    char *name;
    char *sent_as;   /* Connect's type and the semantic name, "int64 io.debezium.time.MicroTimestamp" */
    char *otherwise; /* the column's default as JSON text, NULL without one */
    struct column_type type;
    bool unheard; /* of a type that is not known here: kept as JSON text */
};

/* The row description out of one schema block (Kafka Connect's JsonConverter with schemas.enable=true), an
 * envelope's or a flattened row's. */
struct table_schema {
    uint64_t id; /* never the same for two blocks in one run of the program */
    struct schema_column *columns;
    size_t count;
};

/* The schema blocks seen so far, each read once. */
struct schema_cache;

struct schema_cache *schema_cache_open(void);
void schema_cache_close(struct schema_cache *cache);

/*
 * The description of the row in `block` (its source text; of a `number` that is not 0 all are equal). *schema
 * stays valid until the next call. Returns 0; 1 when the block describes no row of a table, with `error`
 * saying why; -1 when memory ran out.
 */
int schema_cache_find(struct schema_cache *cache, struct slice block, uint64_t number,
                      const struct table_schema **schema, struct error *error);

#endif
