/*
 * A Kafka that outlives the loader: librdkafka's mock cluster in a process of its own, with a recording in
 * it. mock_recording RECORDING TOPIC prints the broker's address and stays until its standard input ends.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdclite/mock_kafka.h"

static int host(const char *recording, const char *topic, struct error *error)
{
    struct stat status;
    struct mock_kafka *mock = NULL;
    int fd = open(recording, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status)) return error_set(error, ERROR_SOURCE, "%s: cannot be read", recording);
    const char *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED) return error_memory(error);
    int result = mock_kafka_start(&mock, error) || mock_kafka_topic(mock, topic, 1, error) ||
                         mock_kafka_fill(mock, (struct slice){bytes, (size_t)status.st_size}, NULL, error)
                     ? -1
                     : 0;
    if (result == 0) {
        puts(mock_kafka_brokers(mock));
        fflush(stdout);
        while (getchar() != EOF) continue;
    }
    mock_kafka_stop(mock);
    return result;
}

int main(int argc, char **argv)
{
    struct error error;
    if (argc != 3) {
        fputs("usage: mock_recording RECORDING TOPIC\n", stderr);
        return 2;
    }
    if (host(argv[1], argv[2], &error) == 0) return 0;
    fprintf(stderr, "mock_recording: %s\n", error.text);
    return 1;
}
