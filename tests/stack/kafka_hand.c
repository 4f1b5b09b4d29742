/*
 * What a test does to a Kafka cluster, in its words: `kafka_hand BROKERS` reads a command a line and answers
 * each with "ok ..." or "error ...".
 *
 *   topic NAME PARTITIONS [KEY=VALUE ...]      makes a topic
 *   drop NAME                                  deletes it
 *   trim NAME PARTITION OFFSET                 deletes the records below OFFSET
 *   transactional PRODUCER TIMEOUT_MS          a producer of transactions; any other name is a plain one
 *   begin PRODUCER, commit PRODUCER, abort PRODUCER
 *   send PRODUCER TOPIC PARTITION FIRST COUNT BYTES
 *       sends the events FIRST to FIRST+COUNT-1 of BYTES each; answers with the first and last offset they
 * got key PRODUCER TOPIC PARTITION KEY FIRST COUNT   the same, one key for all (compaction leaves the last)
 */
#include <librdkafka/rdkafka.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MS = 30000, MOST_PRODUCERS = 16, MOST_WORDS = 16 };

struct producer {
    char name[64];
    rd_kafka_t *handle;
    long long first, last, undelivered;
};

static struct producer producers[MOST_PRODUCERS];
static const char *brokers;

static void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("error ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
}

static void answer(rd_kafka_error_t *failure)
{
    if (failure)
        fail("%s", rd_kafka_error_string(failure));
    else
        printf("ok\n");
    rd_kafka_error_destroy(failure);
}

static void on_delivery(rd_kafka_t *handle, const rd_kafka_message_t *record, void *opaque)
{
    struct producer *producer = opaque;
    (void)handle;
    if (record->err) producer->undelivered++;
    if (record->err) return;
    if (producer->first < 0 || record->offset < producer->first) producer->first = record->offset;
    if (record->offset > producer->last) producer->last = record->offset;
}

static struct producer *producer_named(const char *name, const char *timeout_ms)
{
    char why[512];
    struct producer *producer = producers;
    while (producer->handle && strcmp(producer->name, name) != 0) producer++;
    if (producer->handle) return producer;
    snprintf(producer->name, sizeof producer->name, "%s", name);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", brokers, NULL, 0);
    rd_kafka_conf_set(conf, "message.max.bytes", "20000000", NULL, 0);
    rd_kafka_conf_set(conf, "linger.ms", "5", NULL, 0);
    rd_kafka_conf_set(conf, "log_level", "2", NULL, 0);
    if (timeout_ms) {
        rd_kafka_conf_set(conf, "transactional.id", name, NULL, 0);
        rd_kafka_conf_set(conf, "transaction.timeout.ms", timeout_ms, NULL, 0);
    }
    rd_kafka_conf_set_opaque(conf, producer);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    producer->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!producer->handle) {
        fprintf(stderr, "kafka_hand: %s\n", why);
        exit(1);
    }
    return producer;
}

/* Waits for an admin request, and says what became of it and of its one element. */
static void await(rd_kafka_queue_t *queue)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ANSWER_MS);
    size_t count;
    const rd_kafka_topic_result_t **topics = NULL;
    const rd_kafka_topic_partition_list_t *offsets = NULL;
    if (!event) {
        fail("no answer");
        return;
    }
    if (rd_kafka_event_CreateTopics_result(event))
        topics = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    if (rd_kafka_event_DeleteTopics_result(event))
        topics = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
    if (rd_kafka_event_DeleteRecords_result(event))
        offsets = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event));
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (!code && topics) code = rd_kafka_topic_result_error(topics[0]);
    if (!code && offsets) code = offsets->elems[0].err;
    if (code)
        fail("%s", rd_kafka_err2str(code));
    else
        printf("ok\n");
    rd_kafka_event_destroy(event);
}

static void make_topic(char **word, int words)
{
    char why[256];
    rd_kafka_t *handle = producer_named("-", NULL)->handle;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(word[1], atoi(word[2]), 1, why, sizeof why);
    for (int i = 3; i < words; i++) {
        char *equals = strchr(word[i], '=');
        *equals = '\0';
        rd_kafka_NewTopic_set_config(topic, word[i], equals + 1);
    }
    rd_kafka_CreateTopics(handle, &topic, 1, NULL, queue);
    await(queue);
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
}

static void drop_topic(char **word)
{
    rd_kafka_t *handle = producer_named("-", NULL)->handle;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(word[1]);
    rd_kafka_DeleteTopics(handle, &topic, 1, NULL, queue);
    await(queue);
    rd_kafka_DeleteTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
}

static void trim(char **word)
{
    rd_kafka_t *handle = producer_named("-", NULL)->handle;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_topic_partition_list_t *before = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(before, word[1], atoi(word[2]))->offset = atoll(word[3]);
    rd_kafka_DeleteRecords_t *records = rd_kafka_DeleteRecords_new(before);
    rd_kafka_DeleteRecords(handle, &records, 1, NULL, queue);
    await(queue);
    rd_kafka_DeleteRecords_destroy(records);
    rd_kafka_topic_partition_list_destroy(before);
    rd_kafka_queue_destroy(queue);
}

/* An insert into table `event`, as Debezium sends it, padded to `bytes`. */
static size_t event(char *value, size_t bytes, long long number)
{
    size_t size =
        (size_t)sprintf(value,
                        "{\"before\":null,\"after\":{\"id\":%lld},\"source\":{\"name\":\"s\",\"schema\":"
                        "\"x\",\"table\":\"event\",\"ts_ms\":1795452392611,\"txId\":%lld,\"lsn\":%lld},"
                        "\"op\":\"c\",\"pad\":\"",
                        number, number, number);
    for (; size + 2 < bytes; size++) value[size] = (char)('a' + (number + (long long)size) % 26);
    return size + (size_t)sprintf(value + size, "\"}");
}

static void send_events(const char *name, const char *topic, int partition, const char *key, long long first,
                        long long count, size_t bytes)
{
    struct producer *producer = producer_named(name, NULL);
    char *value = malloc(bytes + 512);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    producer->first = producer->last = -1;
    producer->undelivered = 0;
    for (long long i = 0; i < count && !code; i++) {
        size_t size = event(value, bytes, first + i);
        do {
            code =
                rd_kafka_producev(producer->handle, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                                  RD_KAFKA_V_VALUE(value, size), RD_KAFKA_V_KEY(key, key ? strlen(key) : 0),
                                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
            rd_kafka_poll(producer->handle, code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 100 : 0);
        } while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    }
    free(value);
    if (!code) code = rd_kafka_flush(producer->handle, ANSWER_MS);
    if (code || producer->undelivered)
        fail("%s, %lld undelivered", rd_kafka_err2str(code), producer->undelivered);
    else
        printf("ok %lld %lld\n", producer->first, producer->last);
}

static void run(char **word, int words)
{
    const char *verb = word[0];
    rd_kafka_t *handle = NULL;
    if (strcmp(verb, "begin") == 0 || strcmp(verb, "commit") == 0 || strcmp(verb, "abort") == 0)
        handle = producer_named(word[1], NULL)->handle;
    if (strcmp(verb, "topic") == 0)
        make_topic(word, words);
    else if (strcmp(verb, "drop") == 0)
        drop_topic(word);
    else if (strcmp(verb, "trim") == 0)
        trim(word);
    else if (strcmp(verb, "transactional") == 0)
        answer(rd_kafka_init_transactions(producer_named(word[1], word[2])->handle, ANSWER_MS));
    else if (strcmp(verb, "begin") == 0)
        answer(rd_kafka_begin_transaction(handle));
    else if (strcmp(verb, "commit") == 0)
        answer(rd_kafka_commit_transaction(handle, ANSWER_MS));
    else if (strcmp(verb, "abort") == 0)
        answer(rd_kafka_abort_transaction(handle, ANSWER_MS));
    else if (strcmp(verb, "send") == 0)
        send_events(word[1], word[2], atoi(word[3]), NULL, atoll(word[4]), atoll(word[5]),
                    (size_t)atoll(word[6]));
    else if (strcmp(verb, "key") == 0)
        send_events(word[1], word[2], atoi(word[3]), word[4], atoll(word[5]), atoll(word[6]), 300);
    else
        fail("no such command");
}

int main(int argc, char **argv)
{
    char line[1024];
    if (argc != 2) {
        fprintf(stderr, "usage: %s BROKERS\n", argv[0]);
        return 2;
    }
    brokers = argv[1];
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin)) {
        char *word[MOST_WORDS + 1];
        int words = 0;
        for (char *at = strtok(line, " \n"); at && words < MOST_WORDS; at = strtok(NULL, " \n"))
            word[words++] = at;
        if (words) run(word, words);
    }
    return 0; /* without a farewell: an open transaction stays open */
}
