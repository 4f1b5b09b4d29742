#include "cdclite/mock_kafka.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>

#include "cdclite/input_line.h"

enum { FLUSH_MS = 30000 };

struct mock_kafka {
    rd_kafka_t *producer;
    rd_kafka_mock_cluster_t *cluster;
    int64_t undelivered;
};

static void on_delivery(rd_kafka_t *producer, const rd_kafka_message_t *record, void *opaque)
{
    struct mock_kafka *mock = opaque;
    (void)producer;
    if (record->err) mock->undelivered++;
}

int mock_kafka_start(struct mock_kafka **started, struct error *error)
{
    return mock_kafka_start_brokers(started, 1, error);
}

int mock_kafka_start_brokers(struct mock_kafka **started, int brokers, struct error *error)
{
    char why[512], count[16];
    struct mock_kafka *mock = *started = calloc(1, sizeof *mock);
    if (!mock) return error_memory(error);
    /* The cluster lives in a client, which then produces to it. */
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    snprintf(count, sizeof count, "%d", brokers);
    rd_kafka_conf_set(conf, "test.mock.num.brokers", count, NULL, 0);
    rd_kafka_conf_set(conf, "linger.ms", "1", NULL, 0);
    rd_kafka_conf_set(conf, "log_level", "2", NULL, 0);
    rd_kafka_conf_set_opaque(conf, mock);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    mock->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!mock->producer) {
        rd_kafka_conf_destroy(conf);
        return error_set(error, ERROR_SOURCE, "the mock cluster does not start: %s", why);
    }
    mock->cluster = rd_kafka_handle_mock_cluster(mock->producer);
    return 0;
}

void mock_kafka_stop(struct mock_kafka *mock)
{
    if (!mock) return;
    if (mock->producer) rd_kafka_destroy(mock->producer);
    free(mock);
}

struct rd_kafka_mock_cluster_s *mock_kafka_cluster(const struct mock_kafka *mock)
{
    return mock->cluster;
}

const char *mock_kafka_brokers(const struct mock_kafka *mock)
{
    return rd_kafka_mock_cluster_bootstraps(mock->cluster);
}

int mock_kafka_topic(struct mock_kafka *mock, const char *topic, int partitions, struct error *error)
{
    rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(mock->cluster, topic, partitions, 1);
    return code ? error_set(error, ERROR_SOURCE, "mock topic %s: %s", topic, rd_kafka_err2str(code)) : 0;
}

int mock_kafka_set_up(struct mock_kafka *mock, bool up, struct error *error)
{
    rd_kafka_resp_err_t code =
        up ? rd_kafka_mock_broker_set_up(mock->cluster, 1) : rd_kafka_mock_broker_set_down(mock->cluster, 1);
    return code ? error_set(error, ERROR_SOURCE, "mock broker: %s", rd_kafka_err2str(code)) : 0;
}

int mock_kafka_produce(struct mock_kafka *mock, const struct message *message, struct error *error)
{
    char topic[256];
    rd_kafka_headers_t *headers = NULL;
    rd_kafka_resp_err_t code;
    snprintf(topic, sizeof topic, "%.*s", (int)message->topic.size, message->topic.at);
    if (message->run_id.at) {
        headers = rd_kafka_headers_new(1);
        rd_kafka_header_add(headers, "__debezium.context.runId", -1, message->run_id.at,
                            (ssize_t)message->run_id.size);
    }
    do {
        rd_kafka_vu_t arguments[] = {
            {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
            {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = message->partition},
            {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)message->key.at, message->key.size}},
            {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)message->value.at, message->value.size}},
            {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
            {.vtype = RD_KAFKA_VTYPE_TIMESTAMP,
             .u.i64 = message->timestamp_ms > 0 ? message->timestamp_ms : 0},
            {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
        };
        size_t count = sizeof arguments / sizeof *arguments - (headers ? 0 : 1);
        rd_kafka_error_t *failure = rd_kafka_produceva(mock->producer, arguments, count);
        code = failure ? rd_kafka_error_code(failure) : RD_KAFKA_RESP_ERR_NO_ERROR;
        rd_kafka_error_destroy(failure);
        rd_kafka_poll(mock->producer, code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 100 : 0);
    } while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    if (code && headers) rd_kafka_headers_destroy(headers);
    return code ? error_set(error, ERROR_SOURCE, "cannot produce to %s: %s", topic, rd_kafka_err2str(code))
                : 0;
}

int mock_kafka_flush(struct mock_kafka *mock, struct error *error)
{
    rd_kafka_resp_err_t code = rd_kafka_flush(mock->producer, FLUSH_MS);
    if (code)
        return error_set(error, ERROR_SOURCE, "the mock cluster does not answer: %s", rd_kafka_err2str(code));
    if (mock->undelivered)
        return error_set(error, ERROR_SOURCE, "the mock cluster refused %lld messages",
                         (long long)mock->undelivered);
    return 0;
}

int mock_kafka_fill(struct mock_kafka *mock, struct slice recording, int64_t *count, struct error *error)
{
    struct arena arena = {0};
    struct message message;
    int64_t produced = 0;
    int result = 0;
    while (recording.size > 0 && result == 0) {
        const char *feed = memchr(recording.at, '\n', recording.size);
        struct slice line = {recording.at, feed ? (size_t)(feed - recording.at) : recording.size};
        size_t used = line.size + (feed != NULL);
        recording.at += used;
        recording.size -= used;
        arena_reset(&arena);
        if (input_line_read(line, INPUT_AUTO, &arena, &message) || !message.topic.at) continue;
        result = mock_kafka_produce(mock, &message, error);
        produced++;
    }
    arena_free(&arena);
    if (count) *count = produced;
    return result ? result : mock_kafka_flush(mock, error);
}
