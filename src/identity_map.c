#include "cdclite/identity_map.h"

#include <stdlib.h>

static bool grow_buckets(struct identity_map *map)
{
    size_t count = map->bucket_count ? map->bucket_count * 2 : 1024;
    uint32_t *buckets = calloc(count, sizeof *buckets);
    if (!buckets) return false;
    for (size_t i = 0; i < map->count; i++) {
        uint32_t *bucket = &buckets[map->all[i].hash & (count - 1)];
        map->all[i].next = *bucket;
        *bucket = (uint32_t)i + 1;
    }
    free(map->buckets);
    map->buckets = buckets;
    map->bucket_count = count;
    return true;
}

bool identity_map_add(struct identity_map *map, const struct occurrence *occurrence)
{
    if (map->count >= map->bucket_count && !grow_buckets(map)) return false;
    if (map->count == map->capacity) {
        size_t capacity = map->capacity ? map->capacity * 2 : 1024;
        struct occurrence *all = realloc(map->all, capacity * sizeof *all);
        if (!all) return false;
        map->all = all;
        map->capacity = capacity;
    }
    uint32_t *bucket = &map->buckets[occurrence->hash & (map->bucket_count - 1)];
    map->all[map->count] = *occurrence;
    map->all[map->count].next = *bucket;
    *bucket = (uint32_t)++map->count;
    return true;
}

const struct occurrence *identity_map_find(const struct identity_map *map, uint64_t hash,
                                           const struct occurrence *after)
{
    if (map->count == 0) return NULL;
    uint32_t at = after ? after->next : map->buckets[hash & (map->bucket_count - 1)];
    while (at && map->all[at - 1].hash != hash) at = map->all[at - 1].next;
    return at ? &map->all[at - 1] : NULL;
}

void identity_map_clear(struct identity_map *map)
{
    free(map->all);
    free(map->buckets);
    *map = (struct identity_map){0};
}
