/*
 * The floor of every Kafka source: drain_topic BROKERS TOPIC [KEY=VALUE ...] takes all messages of partition
 * 0 from the first to the end as it is at start, by librdkafka alone, and drops them. Prints their count and
 * bytes.
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set(rd_kafka_conf_t *conf, const char *key, const char *value)
{
    char why[256];
    if (rd_kafka_conf_set(conf, key, value, why, sizeof why) == RD_KAFKA_CONF_OK) return;
    fprintf(stderr, "drain_topic: %s\n", why);
    exit(2);
}

static void drop(rd_kafka_message_t *message, void *opaque)
{
    int64_t *seen = opaque;
    if (message->err) {
        fprintf(stderr, "drain_topic: %s\n", rd_kafka_message_errstr(message));
        exit(1);
    }
    seen[0]++;
    seen[1] += (int64_t)message->len;
    seen[2] = message->offset;
}

int main(int argc, char **argv)
{
    // Much in flight, and a queue that does not fill: a full one stops fetching for up to a second.
    static const char *const tuned[][2] = {{"fetch.message.max.bytes", "8388608"},
                                           {"fetch.max.bytes", "67108864"},
                                           {"queued.min.messages", "1000000"},
                                           {"queued.max.messages.kbytes", "1048576"},
                                           {"receive.message.max.bytes", "100000000"},
                                           {"socket.receive.buffer.bytes", "4194304"},
                                           {"check.crcs", "false"},
                                           {"log_level", "3"}};
    char why[256];
    int64_t seen[3] = {0, 0, -1}, low, high;
    if (argc < 3) return 2;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", argv[1]);
    for (size_t i = 0; i < sizeof tuned / sizeof *tuned; i++) set(conf, tuned[i][0], tuned[i][1]);
    for (int i = 3; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (!equals) return 2;
        *equals = '\0';
        set(conf, argv[i], equals + 1);
    }
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!consumer) return 1;
    if (rd_kafka_query_watermark_offsets(consumer, argv[2], 0, &low, &high, 30000)) return 1;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(consumer, argv[2], NULL);
    if (!topic || rd_kafka_consume_start(topic, 0, low) != 0) return 1;
    while (seen[2] + 1 < high)
        if (rd_kafka_consume_callback(topic, 0, 1000, drop, seen) < 0) return 1;
    printf("%lld %lld\n", (long long)seen[0], (long long)seen[1]);
    return 0; // without a farewell: nothing is owed to the broker
}
