#ifndef KAFKA_CONFIG_H
#define KAFKA_CONFIG_H

#include <stdbool.h>

#include "cdclite/error.h"
#include "cdclite/kafka_source.h"

struct rd_kafka_conf_s;
struct rd_kafka_s;

/* The consumer's configuration: our defaults, then the user's properties. The caller owns *conf. */
int kafka_config_make(const struct kafka_settings *settings, struct rd_kafka_conf_s **conf,
                      struct error *error);

/* Whether it can be told how soon to look at a full queue again (librdkafka 2.2 and later). */
bool kafka_config_has_queue_backoff(const struct rd_kafka_s *consumer);

/* Milliseconds between two looks for new topics: librdkafka's topic.metadata.refresh.interval.ms; not above 0
 * when there shall be none. */
int kafka_config_interval(const struct rd_kafka_s *consumer);

#endif
