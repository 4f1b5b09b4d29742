#ifndef CDCLITE_VALUE_H
#define CDCLITE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "cdclite/arena.h"
#include "cdclite/buffer.h"
#include "cdclite/json_reader.h"
#include "cdclite/slice.h"
#include "cdclite/time_text.h"

struct sqlite3_stmt;

/* A column's value as the history stores it: one of SQLite's storage classes. All zero is NULL. */
enum value_type { VALUE_NULL, VALUE_INTEGER, VALUE_REAL, VALUE_TEXT, VALUE_BLOB };
struct value {
    enum value_type type;
    union {
        int64_t integer;
        double real;
        struct slice bytes; /* text or blob, borrowed */
    };
};

/* Set in place, as a value that is made elsewhere and copied is read before it has been written. */
static inline void value_set_integer(struct value *value, int64_t number)
{
    value->type = VALUE_INTEGER;
    value->integer = number;
}
static inline void value_set_text(struct value *value, const char *at, size_t size)
{
    value->type = VALUE_TEXT;
    value->bytes.at = at;
    value->bytes.size = size;
}

/* How a JSON value becomes a stored one. */
enum column_kind {
    KIND_ANY,     /* no schema: by the JSON value's own type */
    KIND_INTEGER, /* int8 to int64, and times */
    KIND_BOOLEAN, /* 0 or 1 */
    KIND_FLOAT,   /* REAL; "NaN" and -0.0 as text */
    KIND_TEXT,
    KIND_BYTES,   /* base64 → BLOB */
    KIND_DECIMAL, /* base64 of an unscaled big-endian integer, scale in the schema → exact decimal text */
    KIND_VARIABLE_DECIMAL, /* {"scale":…,"value":base64} → exact decimal text */
    KIND_JSON,             /* arrays, structs, maps, and what nobody heard of: JSON text as sent */
};

/* The history column's declared type in a STRICT table. */
enum column_storage { STORAGE_ANY, STORAGE_INTEGER, STORAGE_TEXT, STORAGE_BLOB };

struct column_type {
    enum column_kind kind;
    enum time_unit unit;
    int32_t scale; /* KIND_DECIMAL's */
};

enum column_storage storage_of(enum column_kind kind);
const char *storage_name(enum column_storage storage);
/* Whether a value can stand in such a column unchanged. */
static inline bool storage_holds(enum column_storage storage, enum value_type type)
{
    if (type == VALUE_NULL || storage == STORAGE_ANY) return true;
    return type == (storage == STORAGE_INTEGER ? VALUE_INTEGER
                    : storage == STORAGE_TEXT  ? VALUE_TEXT
                                               : VALUE_BLOB);
}

/*
 * Makes a JSON value a value of `type`; decoded text lives in `arena`. Returns NULL, or why it is not of the
 * type that the schema says. Sources: "Data types" in Debezium's PostgreSQL connector documentation; Decimal
 * and VariableScaleDecimal there too.
 */
const char *value_of_token(const struct json_token *token, const struct column_type *type,
                           struct arena *arena, struct value *value);

/* The same of the value that the reader comes to. Returns 0, or -1 with the reader's `problem` set: the JSON
 * is broken, or the value is of another type. */
int value_read(struct json_reader *reader, const struct column_type *type, struct arena *arena,
               struct value *value);

/* IS, not =: NULL equals NULL; types are told apart. */
bool value_equals(const struct value *a, const struct value *b);

/* Binds it (borrowed: it must stay until the statement is reset); returns SQLite's result code. */
int value_bind(struct sqlite3_stmt *statement, int index, const struct value *value);
/* Reads a result column; borrowed until the statement moves on. */
void value_from_column(struct sqlite3_stmt *statement, int column, struct value *value);

/* Appends the value as the text log and people read it, times by their unit, NULL as nothing, a BLOB in hex.
 */
void value_text(const struct value *value, enum time_unit unit, struct buffer *out);

/* Appends it as an SQL literal. */
void value_literal(const struct value *value, struct buffer *out);

/* Folds type and content into `hash` (equal values fold equally). */
uint64_t value_hash(uint64_t hash, const struct value *value);

#endif
