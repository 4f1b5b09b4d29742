#ifndef CDCLITE_ARENA_H
#define CDCLITE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Memory that lives as long as a message, or a few that are handed over together: what is allocated stays
 * where it is until arena_reset. All zero is an empty arena. Readers may take what they have no memory for as
 * absent or refused: when memory ran out, `failed` is set until arena_reset, and whoever uses what was read
 * asks for it once.
 */
struct arena_block;
struct arena {
    struct arena_block *blocks, *spare;
    unsigned spare_count;
    bool failed;
};

/* `size` bytes aligned for any type, or NULL when memory ran out. */
void *arena_alloc(struct arena *arena, size_t size);
/* The same, all zero. */
void *arena_zeroed(struct arena *arena, size_t size);
/* Forgets everything; keeps some blocks of usual size for what comes. */
void arena_reset(struct arena *arena);
void arena_free(struct arena *arena);

#endif
