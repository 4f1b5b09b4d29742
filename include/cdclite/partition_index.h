#ifndef CDCLITE_PARTITION_INDEX_H
#define CDCLITE_PARTITION_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdclite/slice.h"

/* Finds what its owner keeps for a partition of a topic, however many there are. Items are borrowed and only
 * ever added. All zero is an empty one; partition_index_free afterwards. */
struct partition_index {
    struct partition_slot {
        uint64_t hash;
        void *item; /* NULL: free */
    } * slots;
    size_t capacity, count;
};

uint64_t partition_hash(struct slice topic, int32_t partition);

/* False when memory ran out. */
bool partition_index_add(struct partition_index *index, uint64_t hash, void *item);

/* The next item with `hash`, the first when *cursor is 0; NULL at the end. The caller compares the names:
 * different partitions may share a hash. */
void *partition_index_next(const struct partition_index *index, uint64_t hash, size_t *cursor);

void partition_index_free(struct partition_index *index);

#endif
