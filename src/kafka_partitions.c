#include "kafka_partitions.h"

#include <stdlib.h>

struct partition *kafka_partitions_find(const struct kafka_partitions *partitions, struct slice topic,
                                        int32_t number)
{
    struct partition *partition;
    size_t cursor = 0;
    uint64_t hash = partition_hash(topic, number);
    while ((partition = partition_index_next(&partitions->index, hash, &cursor)))
        if (partition->partition == number && slice_is(topic, partition->topic)) return partition;
    return NULL;
}

struct partition *kafka_partitions_make(struct kafka_partitions *partitions, struct slice topic,
                                        int32_t number)
{
    struct partition *partition = kafka_partitions_find(partitions, topic, number);
    if (partition) return partition;
    if (partitions->count == partitions->capacity) {
        size_t capacity = partitions->capacity ? partitions->capacity * 2 : 16;
        struct partition **all = realloc(partitions->all, capacity * sizeof *all);
        if (!all) return NULL;
        partitions->all = all;
        partitions->capacity = capacity;
    }
    partition = calloc(1, sizeof *partition);
    if (!partition) return NULL;
    *partition =
        (struct partition){.topic = strndup(topic.at, topic.size), .partition = number, .committed = -1};
    if (!partition->topic ||
        !partition_index_add(&partitions->index, partition_hash(topic, number), partition)) {
        free(partition->topic);
        free(partition);
        return NULL;
    }
    return partitions->all[partitions->count++] = partition;
}

void kafka_partitions_free(struct kafka_partitions *partitions)
{
    for (size_t i = 0; i < partitions->count; i++) {
        free(partitions->all[i]->topic);
        free(partitions->all[i]);
    }
    free(partitions->all);
    partition_index_free(&partitions->index);
    *partitions = (struct kafka_partitions){0};
}

/* Moves a partition whose log is another one to where the user said. Nothing of that log was taken yet. */
static void go_on(struct partition *partition, enum restart restart)
{
    partition->next = restart == RESTART_BEGINNING ? partition->low : partition->high;
    partition->restarted = true;
}

int kafka_partition_place(struct partition *partition, int64_t low, int64_t high, enum restart restart,
                          struct error *error)
{
    const struct position *position = &partition->position;
    partition->low = partition->next = low;
    partition->high = partition->end = high;
    partition->anchor_unchecked = false;
    if (position->stored) {
        partition->next = position->next_offset;
        if (position->next_offset < low || position->next_offset > high) {
            if (restart == RESTART_REFUSED)
                return error_set(
                    error, ERROR_SOURCE,
                    "%s, partition %d: loaded up to offset %lld, but the log now holds %lld to %lld: %s. "
                    "Load it into another --db, or go on with --restart-at beginning (or end)",
                    partition->topic, partition->partition, (long long)position->next_offset, (long long)low,
                    (long long)high,
                    position->next_offset < low ? "retention deleted events that were not loaded"
                                                : "the topic was made anew, or lost data");
            go_on(partition, restart);
        } else if (position->anchor_offset >= low && position->anchor_offset < position->next_offset) {
            partition->next = position->anchor_offset;
            partition->anchor_unchecked = true;
        }
    }
    partition->ended = !partition->anchor_unchecked && partition->next >= high;
    return 0;
}

int kafka_partition_check_anchor(struct partition *partition, const struct message *message,
                                 enum restart restart, struct error *error)
{
    partition->anchor_unchecked = false;
    if (position_is_anchor(&partition->position, message)) return 0;
    if (restart == RESTART_REFUSED)
        return error_set(
            error, ERROR_SOURCE,
            "%s, partition %d: the record at offset %lld is not the one that was loaded from there: the "
            "topic was made anew. Load it into another --db, or go on with --restart-at beginning (or end)",
            partition->topic, partition->partition, (long long)message->offset);
    go_on(partition, restart);
    return 1;
}
