#include "cdclite/change_shapes.h"

#include "cdclite/change_shape.h"

/* To learn a shape takes as long as to read a few events in the other way, which pays if some of it follow.
 * Of events that are unusual, or of more shapes than are kept, little is learnt in vain. */
enum { LEARNING = 32, GAINED = 4, MOST_OWED = CHANGE_SHAPES * LEARNING };

/* Which one follows which is what is tried first: tables have their habits. */
static void note_last(struct change_shapes *shapes, size_t index)
{
    shapes->known[shapes->last].next = index;
    shapes->last = index;
}

bool change_shapes_read(struct change_shapes *shapes, struct slice text, struct arena *arena,
                        struct change *change)
{
    struct shape_tokens tokens = {0};
    size_t likely = shapes->known[shapes->last].next;
    for (size_t i = 0; i < CHANGE_SHAPES; i++) {
        size_t index = (likely + i) % CHANGE_SHAPES;
        struct change_shape *shape = shapes->known[index].shape;
        if (!shape || !change_shape_read(shape, text, arena, &tokens, change)) continue;
        shapes->known[index].used = true;
        shapes->owed -= shapes->owed < GAINED ? shapes->owed : GAINED;
        note_last(shapes, index);
        return true;
    }
    return false;
}

/* The one to give up: none that was used since the last search came by. */
static size_t choose(struct change_shapes *shapes)
{
    while (shapes->known[shapes->hand].used) {
        shapes->known[shapes->hand].used = false;
        shapes->hand = (shapes->hand + 1) % CHANGE_SHAPES;
    }
    size_t chosen = shapes->hand;
    shapes->hand = (shapes->hand + 1) % CHANGE_SHAPES;
    return chosen;
}

void change_shapes_learn(struct change_shapes *shapes, struct slice text, const struct change *change,
                         struct arena *arena)
{
    if (shapes->owed >= MOST_OWED) {
        shapes->owed--;
        return;
    }
    shapes->owed += LEARNING;
    struct change_shape *shape = change_shape_learn(text, change, arena);
    if (!shape) return;
    size_t index = choose(shapes);
    struct known_shape *known = &shapes->known[index];
    change_shape_free(known->shape);
    *known = (struct known_shape){.shape = shape, .next = index};
    note_last(shapes, index);
}

void change_shapes_free(struct change_shapes *shapes)
{
    for (size_t i = 0; i < CHANGE_SHAPES; i++) change_shape_free(shapes->known[i].shape);
    *shapes = (struct change_shapes){0};
}
