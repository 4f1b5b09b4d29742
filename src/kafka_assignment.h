#ifndef KAFKA_ASSIGNMENT_H
#define KAFKA_ASSIGNMENT_H

#include <pthread.h>

#include "kafka_client.h"
#include "kafka_partitions.h"

struct kafka_discovery;
struct rd_kafka_message_s;

/* What is read: the partitions asked for, from where they are read, and what comes to them later. Everything
 * here is called by the thread that reads. */
struct kafka_assignment {
    struct kafka_client *client;
    const struct kafka_settings *settings;
    struct positions earlier; /* as they were when it was opened */
    pthread_mutex_t mutex;    /* held where the list of partitions changes, and for what each shares */
    struct kafka_partitions partitions;
    struct partition *last;            /* found; messages come in runs of one partition */
    struct kafka_discovery *discovery; /* NULL when nothing is looked for */
    size_t ended;                      /* the partitions before this one have ended */
    size_t restarting;                 /* partitions that are */
    bool restarted;                    /* maybe some partition is */
};

/* Starts to read everything that is asked for, as kafka_source_open says. `client` and `settings` are set and
 * stay borrowed, the mutex is initialised; kafka_assignment_close afterwards, also after a failure. */
int kafka_assignment_open(struct kafka_assignment *assignment, const struct positions *positions,
                          struct error *error);

/* Adds what came since the last call, where something did; costs next to nothing where not. */
int kafka_assignment_update(struct kafka_assignment *assignment, struct error *error);

/* The partition of which a record or an event came; NULL for one that is not loaded (any more). */
struct partition *kafka_assignment_find(struct kafka_assignment *assignment,
                                        const struct rd_kafka_message_s *record);

/* Looks whether a partition's first record is the one that was loaded last: 0 when it is another that is to
 * be given; 1 when it is, or when it should have been and reading starts anew where the user said. */
int kafka_assignment_check_first(struct kafka_assignment *assignment, struct partition *partition,
                                 const struct message *message, struct error *error);

/* A partition that goes on elsewhere than it stopped, which is told once; NULL when there is none. */
struct partition *kafka_assignment_restarted(struct kafka_assignment *assignment);

/* Whether all partitions were read up to the end that they had when they were found. */
bool kafka_assignment_ended(struct kafka_assignment *assignment);

/* Makes it safe to destroy the consumer; false when that cannot be: it must be left behind. */
bool kafka_assignment_close(struct kafka_assignment *assignment);

#endif
