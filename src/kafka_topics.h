#ifndef KAFKA_TOPICS_H
#define KAFKA_TOPICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdclite/error.h"
#include "cdclite/topic_filter.h"

struct rd_kafka_s;
struct rd_kafka_metadata;

enum { KAFKA_ANSWER_MS = 5000 }; /* the longest wait for an answer of the brokers */

/* A partition of a topic that is asked for. */
struct listed_partition {
    const char *topic;
    int32_t partition;
    bool named;        /* asked for by its topic's name, not only by a pattern */
    bool has_leader;   /* without one nobody can tell its bounds, or give its records */
    int64_t low, high; /* the log's bounds, from kafka_topics_bounds */
    int code;          /* librdkafka's, why they are not known; 0 when they are */
};

/* What the brokers hold of what is asked for. */
struct topic_list {
    const struct rd_kafka_metadata *metadata; /* of all topics; owns the names */
    struct listed_partition *all;             /* topic by topic */
    size_t count;
};

/* Asks for the whole list of topics, as asking for one may make a broker create it. Blocks for up to
 * KAFKA_ANSWER_MS. 0, or librdkafka's code. topic_list_free afterwards, also after a failure. */
int kafka_topics_list(struct rd_kafka_s *consumer, const struct topic_filter *filter,
                      struct topic_list *list);
void topic_list_free(struct topic_list *list);

/* Whether a topic that is not listed exists all the same, and the brokers cannot tell its partitions now. */
bool topic_list_in_trouble(const struct topic_list *list, const char *topic);

/* Asks for the logs' bounds, a request or two a broker: they may wait behind a fetch, for up to
 * fetch.wait.max.ms. 0, also when single partitions have their `code` set; else librdkafka's code. */
int kafka_topics_bounds(struct rd_kafka_s *consumer, struct listed_partition *all, size_t count);

/* ERROR_SOURCE for a named topic that is not there or cannot be read, and, unless it is waited for, for
 * patterns that match none, with what is near. Says which patterns wait. */
int kafka_topics_check(const struct topic_list *list, const struct topic_filter *filter, bool wait,
                       struct error *error);

#endif
