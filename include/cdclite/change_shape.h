#ifndef CDCLITE_CHANGE_SHAPE_H
#define CDCLITE_CHANGE_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdclite/arena.h"
#include "cdclite/envelope.h"
#include "cdclite/json_reader.h"
#include "cdclite/source_facts.h"

/*
 * What the change events of one table have in common, learnt from one that was read member by member: the
 * text between their values, and which value stands where. An event of the same shape is read by comparing
 * that text and passing over the values; it says the same as when it is read member by member.
 *
 * Names, the operation and what the source says of itself (server, schema, table, version, snapshot) are
 * text, so that they need not be looked at again. The values are those of the rows, of any kind; the numbers
 * and strings beside them.
 */
enum { SHAPE_VALUES = 2048, SHAPE_FACTS = 16, SHAPE_TEXT = 64 * 1024 }; /* at most */

/* A place in an event: so many bytes behind where the text in front of this value begins. */
struct shape_place {
    size_t value, offset;
};

/* before or after */
struct shape_row {
    bool there; /* else null, or left out */
    struct shape_place begin, end;
    size_t first, count; /* values */
    uint64_t layout;     /* json_members.layout */
};

struct change_shape {
    char op;
    uint64_t names_number;
    struct shape_row before, after;
    struct source_facts facts; /* those that are text, and for each event the others */
    struct shape_constant {
        int fact; /* source_facts.h */
        struct shape_place place;
    } constants[SHAPE_FACTS]; /* where they stand */
    struct shape_fact {
        int fact;
        size_t value;
    } value_facts[SHAPE_FACTS]; /* the others */
    size_t constant_count, fact_count;
    size_t made; /* the value that says when the connector made the event; SIZE_MAX for none */
    char *text;  /* in front of the values, one behind the other, and behind the last */
    size_t last_size;
    struct shape_value {
        uint32_t text_size;            /* of the text in front of it */
        uint16_t name_size, name_back; /* a row's member: its name, and how far it stands in front */
        unsigned char depth;           /* of the object that it is in */
        bool unread;                   /* it means nothing, and is only checked */
    } * values;
    size_t count;
};

/*
 * Learns the shape of `text`, an event (without its schema block) that was read as `change`. NULL for an
 * unusual one, and without memory for it. change_shape_free afterwards.
 */
struct change_shape *change_shape_learn(struct slice text, const struct change *change, struct arena *arena);
void change_shape_free(struct change_shape *shape);

/* Memory for the values of the event that is being read, borrowed from the arena. */
struct shape_tokens {
    struct json_token *all;
    size_t room;
};

/* Reads an event (without its schema block) of this shape. False when it is of another one, or may be:
 * `change` is then of no use. */
bool change_shape_read(struct change_shape *shape, struct slice text, struct arena *arena,
                       struct shape_tokens *tokens, struct change *change);

#endif
