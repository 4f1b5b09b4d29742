#ifndef CDCLITE_MOCK_KAFKA_H
#define CDCLITE_MOCK_KAFKA_H

#include <stdbool.h>

#include "cdclite/error.h"
#include "cdclite/message.h"

/* librdkafka's in-process mock cluster, one broker that speaks Kafka's protocol on 127.0.0.1: for the demo
 * and the tests. It keeps some 5 MiB a partition. */
struct mock_kafka;
struct rd_kafka_mock_cluster_s;

/* mock_kafka_stop(mock) afterwards, also after a failure. */
int mock_kafka_start(struct mock_kafka **mock, struct error *error);
void mock_kafka_stop(struct mock_kafka *mock);

/* The same with several brokers, whose numbers begin at 1; and librdkafka's own cluster, which can do more.
 */
int mock_kafka_start_brokers(struct mock_kafka **mock, int brokers, struct error *error);
struct rd_kafka_mock_cluster_s *mock_kafka_cluster(const struct mock_kafka *mock);

/* "127.0.0.1:12345", valid until stop. */
const char *mock_kafka_brokers(const struct mock_kafka *mock);

int mock_kafka_topic(struct mock_kafka *mock, const char *topic, int partitions, struct error *error);

/* Takes the broker away from everybody, or gives it back, with what it holds. */
int mock_kafka_set_up(struct mock_kafka *mock, bool up, struct error *error);

/* Produces one message to message->topic and message->partition, with its key, value, timestamp and runId
 * header. It is there when mock_kafka_flush has returned. */
int mock_kafka_produce(struct mock_kafka *mock, const struct message *message, struct error *error);
int mock_kafka_flush(struct mock_kafka *mock, struct error *error);

/* Produces every line of a recording (input_line.h); *count (may be NULL) becomes their number. Its topics
 * must have been made. */
int mock_kafka_fill(struct mock_kafka *mock, struct slice recording, int64_t *count, struct error *error);

#endif
