#ifndef KAFKA_DISCOVERY_H
#define KAFKA_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdclite/error.h"
#include "kafka_topics.h"

/*
 * Looks from time to time, on a thread of its own, whether topics and partitions that are asked for came or
 * went, so that the thread that reads never waits for an answer. What it finds waits until it is taken.
 */
struct kafka_discovery;

struct discovered {
    char *topic;
    int32_t partition;
    bool named;        /* its topic was asked for by name */
    bool gone;         /* it was there, and is no longer */
    int64_t low, high; /* of one that is there: the log's bounds */
};

/* `list` holds what is known already; `consumer` and `filter` stay borrowed until the stop. `interval_ms`
 * lies between two looks. */
int kafka_discovery_start(struct rd_kafka_s *consumer, const struct topic_filter *filter,
                          const struct topic_list *list, int interval_ms, struct kafka_discovery **started,
                          struct error *error);

/* What was found since the last call, topic by topic, in *found: their number, 0 at next to no cost. The
 * caller frees it with discovered_free. */
size_t kafka_discovery_take(struct kafka_discovery *discovery, struct discovered **found);
void discovered_free(struct discovered *found, size_t count);

/* Something points to a change: look within a second. */
void kafka_discovery_hurry(struct kafka_discovery *discovery);

/* Ends the thread, waiting for the answer it waits for. False when that did not come in time: then it is left
 * behind, and the consumer must be too. kafka_discovery_stop(NULL) is fine. */
bool kafka_discovery_stop(struct kafka_discovery *discovery);

#endif
