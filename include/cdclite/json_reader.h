#ifndef CDCLITE_JSON_READER_H
#define CDCLITE_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdclite/arena.h"
#include "cdclite/slice.h"

/*
 * Reads one JSON text (RFC 8259) forward only, in place. Stricter than most: UTF-8 must be valid (no overlong
 * forms, no surrogates), escapes must name whole characters, control characters must be escaped, and nesting
 * ends at JSON_DEPTH. Numbers are given as their source text, so nothing is rounded.
 *
 * Every function gives 0, or -1 with `problem` saying what is wrong and `at` standing where.
 */
enum { JSON_DEPTH = 64 };

struct json_reader {
    const char *at, *end, *start;
    int depth;
    const char *problem;
};

enum json_kind {
    JSON_NONE,
    JSON_OBJECT,
    JSON_ARRAY,
    JSON_STRING,
    JSON_NUMBER,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL
};

/* A value as it was passed over, and, of an object's member, its name. */
struct json_token {
    struct slice name, raw; /* the name decoded, the value as its source text */
    int64_t integer;        /* of a number with `whole` set */
    enum json_kind kind;
    bool escaped; /* a string with escapes */
    bool whole;   /* a number without fraction, exponent and -0, within 64 bits */
    int meaning;  /* of the name, see json_object.h */
};

void json_start(struct json_reader *reader, struct slice text);

/* The kind of the value that comes next, by its first character; JSON_NONE when none can begin here. */
enum json_kind json_peek(struct json_reader *reader);

/* Passes over one value of any type, checking all of it, and says what it is; the token's name stays. */
int json_value(struct json_reader *reader, struct json_token *token);

/* The text of a string's token: in place where it has no escapes, else decoded into `arena`. -1 when memory
 * ran out.
 */
int json_token_text(const struct json_token *token, struct arena *arena, struct slice *text);

/* Passes over one value of any type, checking all of it; `raw` (may be NULL) becomes its source text. */
int json_skip(struct json_reader *reader, struct slice *raw);

/* Enters an object or an array. */
int json_open(struct json_reader *reader, enum json_kind kind);

/* In an object: 1 with the next member's name (its value comes next), 0 behind the last one. An escaped name
 * is decoded into `arena`. */
int json_member(struct json_reader *reader, struct arena *arena, struct slice *name);

/* In an array: 1 when an element comes next, 0 behind the last one. */
int json_element(struct json_reader *reader);

/* A string's text: in place where it has no escapes, else decoded into `arena`. */
int json_string(struct json_reader *reader, struct arena *arena, struct slice *text);

/* A number's source text. */
int json_number(struct json_reader *reader, struct slice *text);

/* A literal `null`, `true` or `false`. */
int json_literal(struct json_reader *reader, enum json_kind kind);

/* After the value: nothing but white space may follow. */
int json_finish(struct json_reader *reader);

#endif
