#include "cdclite/partition_index.h"

#include <stdlib.h>

#include "cdclite/hash.h"

uint64_t partition_hash(struct slice topic, int32_t partition)
{
    return hash_bytes(hash_word(HASH_START, (uint32_t)partition), topic.at, topic.size);
}

/* Open addressing, at most half full, so that a free slot ends every search. */
static void put(struct partition_slot *slots, size_t capacity, struct partition_slot slot)
{
    size_t at = slot.hash & (capacity - 1);
    while (slots[at].item) at = (at + 1) & (capacity - 1);
    slots[at] = slot;
}

static bool grow(struct partition_index *index)
{
    size_t capacity = index->capacity ? index->capacity * 2 : 16;
    struct partition_slot *slots = calloc(capacity, sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; i < index->capacity; i++)
        if (index->slots[i].item) put(slots, capacity, index->slots[i]);
    free(index->slots);
    index->slots = slots;
    index->capacity = capacity;
    return true;
}

bool partition_index_add(struct partition_index *index, uint64_t hash, void *item)
{
    if (index->count * 2 >= index->capacity && !grow(index)) return false;
    put(index->slots, index->capacity, (struct partition_slot){hash, item});
    index->count++;
    return true;
}

void *partition_index_next(const struct partition_index *index, uint64_t hash, size_t *cursor)
{
    if (!index->capacity) return NULL;
    for (;;) {
        const struct partition_slot *slot = &index->slots[(hash + (*cursor)++) & (index->capacity - 1)];
        if (!slot->item || slot->hash == hash) return slot->item;
    }
}

void partition_index_free(struct partition_index *index)
{
    free(index->slots);
    *index = (struct partition_index){0};
}
