#ifndef KAFKA_ASSIGNMENT_H
#define KAFKA_ASSIGNMENT_H

#include "kafka_client.h"
#include "kafka_partitions.h"

struct kafka_discovery;
struct rd_kafka_message_s;

/* What is read: the partitions asked for, from where they are read, and what comes to them later. */
struct kafka_assignment {
    struct kafka_client *client;
    const struct kafka_settings *settings;
    struct positions *positions;
    struct kafka_partitions partitions;
    struct kafka_discovery *discovery; /* NULL when nothing is looked for */
    size_t ended;                      /* the partitions before this one have ended */
    size_t restarting;                 /* partitions that are */
};

/* Starts to read everything that is asked for, as kafka_source_open says. `client`, `settings` and
 * `positions` are set and stay borrowed; kafka_assignment_close afterwards, also after a failure. */
int kafka_assignment_open(struct kafka_assignment *assignment, struct error *error);

/* Adds what came since the last call, where something did; costs next to nothing where not. */
int kafka_assignment_update(struct kafka_assignment *assignment, struct error *error);

/* The partition of which a record or an event came; NULL for one that is not loaded (any more). */
struct partition *kafka_assignment_find(struct kafka_assignment *assignment,
                                        const struct rd_kafka_message_s *record);

/* Reads a partition anew from its `next`. */
int kafka_assignment_restart(struct kafka_assignment *assignment, struct partition *partition,
                             struct error *error);

/* Whether all partitions were read up to the end that they had when they were found. */
bool kafka_assignment_ended(struct kafka_assignment *assignment);

/* Makes it safe to destroy the consumer; false when that cannot be: it must be left behind. */
bool kafka_assignment_close(struct kafka_assignment *assignment);

#endif
