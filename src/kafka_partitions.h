#ifndef KAFKA_PARTITIONS_H
#define KAFKA_PARTITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdclite/error.h"
#include "cdclite/kafka_source.h"
#include "cdclite/partition_index.h"
#include "cdclite/positions.h"

/* A partition that is loaded, and how far; of the discovery, one that it found. */
struct partition {
    char *topic;
    int32_t partition;
    bool gone; /* its topic was deleted: what still comes is not taken. Changed under the mutex */
    /* Of the thread that reads. */
    int64_t next;          /* the offset after the last one given */
    bool anchor_unchecked; /* the first record read here is the one loaded last */
    bool restarted;        /* goes on elsewhere than it stopped, at `next`, which is yet to be told */
    bool ended;            /* read up to `high` */
    bool restarting;       /* stopped and started again, no event since */
    /* Of both threads, under the mutex. */
    struct position position; /* as it was stored last, without a topic */
    int64_t low, high;        /* the log's bounds when it was found */
    int64_t end;              /* of the log as last seen */
    int64_t end_asked_ms;     /* when that was */
    /* Of the thread that stores. */
    int64_t committed; /* the offset told to Kafka last */
    /* Of the discovery. */
    bool named;   /* its topic was asked for by name */
    unsigned met; /* in which look last */
};

/* All zero is an empty one; kafka_partitions_free afterwards. */
struct kafka_partitions {
    struct partition **all; /* each stays at its address */
    size_t count, capacity;
    struct partition_index index;
};

/* NULL when there is none. */
struct partition *kafka_partitions_find(const struct kafka_partitions *partitions, struct slice topic,
                                        int32_t partition);
/* Finds it or makes one; NULL when memory ran out. */
struct partition *kafka_partitions_make(struct kafka_partitions *partitions, struct slice topic,
                                        int32_t partition);
void kafka_partitions_free(struct kafka_partitions *partitions);

/* From the log's bounds and the stored position where to start. ERROR_SOURCE where the position is outside,
 * unless `restart` says how to go on. */
int kafka_partition_place(struct partition *partition, int64_t low, int64_t high, enum restart restart,
                          struct error *error);

/* Holds the record at the anchor's offset against the anchor: 0 when it is the one loaded last, 1 when it is
 * not and the partition was moved to where `restart` says; ERROR_SOURCE when that says nothing. */
int kafka_partition_check_anchor(struct partition *partition, const struct message *message,
                                 enum restart restart, struct error *error);

#endif
