#ifndef CDCLITE_IDENTITY_MAP_H
#define CDCLITE_IDENTITY_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Occurrences of events by the hash of their identity: a multimap. All zero is an empty one. */
struct occurrence {
    uint64_t hash;
    int64_t change_id; /* the stored row: itself, or the one it repeats */
    int64_t offset;    /* where it stood in its partition */
    int32_t run;       /* whose run of the connector gave it */
    bool stored;       /* false: a re-delivery */
    uint32_t next;     /* index + 1 of the next one in its bucket */
};

struct identity_map {
    struct occurrence *all;
    size_t count, capacity;
    uint32_t *buckets; /* index + 1 into `all` */
    size_t bucket_count;
};

/* Adds a copy, whose `next` is the map's own. False when memory ran out. */
bool identity_map_add(struct identity_map *map, const struct occurrence *occurrence);

/* The first occurrence with `hash`, or the next one behind `after`; NULL at the end. */
const struct occurrence *identity_map_find(const struct identity_map *map, uint64_t hash,
                                           const struct occurrence *after);

void identity_map_clear(struct identity_map *map);

#endif
