/*
 * A mock cluster as a process of its own, so that a test can measure and stop its client: `mock_backlog
 * BROKERS PARTITIONS EVENTS BYTES` fills each partition of the topic bank.data.event with events of that size
 * (it keeps some 5 MiB a partition), says where it is, and lives until its input ends.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cdclite/mock_kafka.h"

#define TOPIC "bank.data.event"

enum { BATCH_BYTES = 64 << 10 };

static int fill(struct mock_kafka *mock, int partitions, long events, int bytes, struct error *error)
{
    char *value = malloc((size_t)bytes + 512);
    int result = value ? 0 : -1;
    /* The mock cluster gives whole batches, of up to a megabyte, where less was asked for. */
    long flush_after = partitions * (bytes < BATCH_BYTES ? BATCH_BYTES / bytes : 1);
    for (long i = 0; i < events * partitions && result == 0; i++) {
        int size = sprintf(
            value,
            "{\"before\":null,\"after\":{\"id\":%ld},\"source\":{\"name\":\"s\",\"schema\":\"x\","
            "\"table\":\"event\",\"ts_ms\":1795452392611,\"txId\":%ld,\"lsn\":%ld},\"op\":\"c\",\"pad\":\"",
            i, i / partitions, i / partitions);
        size += sprintf(value + size, "%0*d\"}", bytes > size + 2 ? bytes - size - 2 : 1, 0);
        struct message message = {.topic = slice_of(TOPIC),
                                  .partition = (int32_t)(i % partitions),
                                  .timestamp_ms = 1795452392611,
                                  .value = {value, (size_t)size}};
        result = mock_kafka_produce(mock, &message, error);
        if (result == 0 && (i + 1) % flush_after == 0) result = mock_kafka_flush(mock, error);
    }
    free(value);
    return result ? result : mock_kafka_flush(mock, error);
}

int main(int argc, char **argv)
{
    struct mock_kafka *mock = NULL;
    struct error error = {0};
    if (argc != 5) {
        fprintf(stderr, "usage: %s BROKERS PARTITIONS EVENTS BYTES\n", argv[0]);
        return 2;
    }
    int result = mock_kafka_start_brokers(&mock, atoi(argv[1]), &error);
    if (result == 0) result = mock_kafka_topic(mock, TOPIC, atoi(argv[2]), &error);
    if (result == 0) result = fill(mock, atoi(argv[2]), atol(argv[3]), atoi(argv[4]), &error);
    if (result == 0) {
        printf("%s\n", mock_kafka_brokers(mock));
        fflush(stdout);
        while (getchar() != EOF) {
        }
    } else {
        fprintf(stderr, "%s\n", error.text);
    }
    mock_kafka_stop(mock);
    return result ? 1 : 0;
}
