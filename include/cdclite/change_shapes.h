#ifndef CDCLITE_CHANGE_SHAPES_H
#define CDCLITE_CHANGE_SHAPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdclite/arena.h"
#include "cdclite/slice.h"

struct change;

/* The shapes (change_shape.h) of the last change events: inserts, updates and deletes of a few tables. */
enum { CHANGE_SHAPES = 16 };

/* All zero is empty. change_shapes_free afterwards. */
struct change_shapes {
    struct known_shape {
        struct change_shape *shape; /* NULL: none */
        size_t next;                /* which one followed it last */
        bool used;                  /* since a place was searched for another */
    } known[CHANGE_SHAPES];
    size_t last;   /* the one of the last event */
    size_t hand;   /* where the search for a place goes on */
    unsigned owed; /* for what was learnt; less with each event that is read by it */
};

/* Reads `text`, an event (without its schema block), if it is of a shape that is known. False otherwise:
 * `change` is then of no use. */
bool change_shapes_read(struct change_shapes *shapes, struct slice text, struct arena *arena,
                        struct change *change);

/* Learns the shape of an event that was read as `change` in another way. */
void change_shapes_learn(struct change_shapes *shapes, struct slice text, const struct change *change,
                         struct arena *arena);

void change_shapes_free(struct change_shapes *shapes);

#endif
