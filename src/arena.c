#include "cdclite/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { USUAL_BLOCK = 64 * 1024, MOST_SPARE = 16 };

struct arena_block {
    struct arena_block *next;
    size_t used, capacity;
    alignas(max_align_t) unsigned char bytes[];
};

/* A block of at least `size` bytes, in front of the others; NULL when memory ran out. */
static struct arena_block *add_block(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->spare;
    if (block && size <= USUAL_BLOCK) {
        arena->spare = block->next;
        arena->spare_count--;
    } else {
        size_t capacity = size > USUAL_BLOCK ? size : USUAL_BLOCK;
        block = malloc(sizeof *block + capacity);
        if (!block) return NULL;
        block->capacity = capacity;
    }
    block->used = 0;
    block->next = arena->blocks;
    return arena->blocks = block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t unit = alignof(max_align_t);
    if (size > SIZE_MAX / 2) {
        arena->failed = true;
        return NULL;
    }
    size = (size + unit - 1) / unit * unit;
    struct arena_block *block = arena->blocks;
    if (!block || block->capacity - block->used < size) block = add_block(arena, size);
    if (!block) {
        arena->failed = true;
        return NULL;
    }
    void *at = block->bytes + block->used;
    block->used += size;
    return at;
}

void *arena_zeroed(struct arena *arena, size_t size)
{
    void *at = arena_alloc(arena, size);
    return at ? memset(at, 0, size) : NULL;
}

static void free_all(struct arena_block **blocks)
{
    while (*blocks) {
        struct arena_block *block = *blocks;
        *blocks = block->next;
        free(block);
    }
}

void arena_reset(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        if (block->capacity != USUAL_BLOCK || arena->spare_count == MOST_SPARE) {
            free(block);
            continue;
        }
        block->next = arena->spare;
        arena->spare = block;
        arena->spare_count++;
    }
    arena->failed = false;
}

void arena_free(struct arena *arena)
{
    free_all(&arena->blocks);
    free_all(&arena->spare);
    *arena = (struct arena){0};
}
