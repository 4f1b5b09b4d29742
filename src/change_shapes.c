#include "cdclite/change_shapes.h"

#include "cdclite/change_shape.h"

/* Which one follows which is what is tried first: tables have their habits. */
static void note_last(struct change_shapes *shapes, size_t index)
{
    shapes->known[shapes->last].next = index;
    shapes->last = index;
}

bool change_shapes_read(struct change_shapes *shapes, struct slice text, uint64_t schema_number,
                        struct arena *arena, struct change *change)
{
    struct shape_tokens tokens = {0};
    size_t likely = shapes->known[shapes->last].next;
    for (size_t i = 0; i < CHANGE_SHAPES; i++) {
        size_t index = (likely + i) % CHANGE_SHAPES;
        const struct change_shape *shape = shapes->known[index].shape;
        if (!shape || shape->schema_number != schema_number ||
            !change_shape_read(shape, text, arena, &tokens, change))
            continue;
        shapes->known[index].used = shapes->known[index].used_lately = true;
        note_last(shapes, index);
        return true;
    }
    return false;
}

/* The one to give up: none that was used since the last search came by. */
static size_t choose(struct change_shapes *shapes)
{
    while (shapes->known[shapes->hand].used_lately) {
        shapes->known[shapes->hand].used_lately = false;
        shapes->hand = (shapes->hand + 1) % CHANGE_SHAPES;
    }
    size_t chosen = shapes->hand;
    shapes->hand = (shapes->hand + 1) % CHANGE_SHAPES;
    return chosen;
}

void change_shapes_learn(struct change_shapes *shapes, struct slice text, const struct change *change,
                         struct arena *arena)
{
    enum { MOST_WAIT = 255 };
    if (shapes->waiting > 0) {
        shapes->waiting--;
        return;
    }
    struct change_shape *shape = change_shape_learn(text, change, arena);
    size_t index = shape ? choose(shapes) : 0;
    struct known_shape *known = &shapes->known[index];
    /* Of what is unusual, or of more shapes than are kept, little is learnt in vain. */
    bool in_vain = !shape || (known->shape && !known->used);
    shapes->wait = !in_vain ? 0 : shapes->wait < MOST_WAIT ? shapes->wait * 2 + 1 : MOST_WAIT;
    shapes->waiting = shapes->wait;
    if (!shape) return;
    change_shape_free(known->shape);
    *known = (struct known_shape){.shape = shape, .next = index};
    note_last(shapes, index);
}

void change_shapes_free(struct change_shapes *shapes)
{
    for (size_t i = 0; i < CHANGE_SHAPES; i++) change_shape_free(shapes->known[i].shape);
    *shapes = (struct change_shapes){0};
}
