#include "kafka_config.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE_BACKOFF "fetch.queue.backoff.ms"

/* What a user may override, and why it is not librdkafka's own default. */
static const char *const defaults[][2] = {
    {"client.id", "cdclite"},
    {"group.id", "cdclite"}, /* only to commit offsets for lag monitors; no group is joined */
    {"isolation.level", "read_committed"},
    {"check.crcs", "true"}, /* costs 1 to 4% of the processor time, on the thread that has least to do */
    {"socket.nagle.disable", "true"},
    {"reconnect.backoff.max.ms", "1000"},            /* a broker that is back is noticed within a second */
    {"topic.metadata.refresh.interval.ms", "10000"}, /* as often new topics are looked for */
    /* The bound of what waits in memory, some 40 MiB in all, whatever the backlog: more gives no more
     * throughput, as kafka_client_taken keeps the fetching going. A broker's answer may come on top of a
     * queue that is just not full; each message costs some 600 bytes of its own. */
    {"queued.max.messages.kbytes", "16384"},
    {"queued.min.messages", "20000"},
    {"fetch.max.bytes", "8388608"},
    /* Of one partition, at a time: the next fetch is sent when the answer has been read, and with 1 MiB a
     * backlog of one partition spends a tenth of its time between the two. */
    {"fetch.message.max.bytes", "2097152"},
};

/* What exactly-once rests on: the database holds the positions. */
static const char *const own[][2] = {
    {"enable.auto.commit", "false"},  {"enable.auto.offset.store", "false"}, {"auto.offset.reset", "error"},
    {"enable.partition.eof", "true"}, {"allow.auto.create.topics", "false"},
};

static int set(rd_kafka_conf_t *conf, const char *key, const char *value, struct error *error)
{
    char why[256];
    if (rd_kafka_conf_set(conf, key, value, why, sizeof why) == RD_KAFKA_CONF_OK) return 0;
    /* librdkafka's message may repeat the value, which may be a password: the key has to do. */
    if (rd_kafka_conf_get(conf, key, NULL, &(size_t){0}) == RD_KAFKA_CONF_UNKNOWN)
        return error_set(error, ERROR_USAGE, "property %s: librdkafka %s has no such property", key,
                         rd_kafka_version_str());
    return error_set(error, ERROR_USAGE, "property %s: librdkafka does not take this value", key);
}

static int set_property(rd_kafka_conf_t *conf, const char *property, struct error *error)
{
    char key[256];
    const char *equals = strchr(property, '=');
    if (!equals || equals == property || (size_t)(equals - property) >= sizeof key)
        return error_set(error, ERROR_USAGE, "a Kafka property is key=value");
    snprintf(key, sizeof key, "%.*s", (int)(equals - property), property);
    if (strcmp(key, "plugin.library.paths") == 0)
        return error_set(error, ERROR_USAGE, "property %s: cdclite loads no plugins", key);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(key, own[i][0]) == 0)
            return error_set(
                error, ERROR_USAGE,
                "property %s: cdclite sets this to %s itself, as its database holds the positions", key,
                own[i][1]);
    return set(conf, key, equals + 1, error);
}

/* What librdkafka before 2.2 does not know. */
static int set_if_known(rd_kafka_conf_t *conf, const char *key, const char *value, struct error *error)
{
    return rd_kafka_conf_get(conf, key, NULL, &(size_t){0}) == RD_KAFKA_CONF_UNKNOWN
               ? 0
               : set(conf, key, value, error);
}

int kafka_config_make(const struct kafka_settings *settings, rd_kafka_conf_t **made, struct error *error)
{
    rd_kafka_conf_t *conf = *made = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        if (set(conf, defaults[i][0], defaults[i][1], error)) return -1;
    if (set_if_known(conf, QUEUE_BACKOFF, "10", error)) return -1;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (set(conf, own[i][0], own[i][1], error)) return -1;
    for (const char *const *property = settings->properties; property && *property; property++)
        if (set_property(conf, *property, error)) return -1;
    if (settings->brokers && set(conf, "bootstrap.servers", settings->brokers, error)) return -1;
    size_t size = 0;
    if (rd_kafka_conf_get(conf, "bootstrap.servers", NULL, &size) != RD_KAFKA_CONF_OK || size <= 1)
        return error_set(error, ERROR_USAGE, "no broker is named: --brokers host:9092");
    return 0;
}

bool kafka_config_has_queue_backoff(const struct rd_kafka_s *consumer)
{
    const rd_kafka_conf_t *conf = rd_kafka_conf((rd_kafka_t *)consumer);
    return rd_kafka_conf_get(conf, QUEUE_BACKOFF, NULL, &(size_t){0}) == RD_KAFKA_CONF_OK;
}

int kafka_config_interval(const struct rd_kafka_s *consumer)
{
    enum { LEAST_MS = 100 }; /* each look asks for the whole list of topics */
    char text[32] = "";
    size_t size = sizeof text;
    rd_kafka_conf_get(rd_kafka_conf((rd_kafka_t *)consumer), "topic.metadata.refresh.interval.ms", text,
                      &size);
    int interval_ms = (int)strtol(text, NULL, 10);
    return interval_ms > 0 && interval_ms < LEAST_MS ? LEAST_MS : interval_ms;
}
