#include "cdclite/kafka_source.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

#include "cdclite/log.h"
#include "cdclite/time_text.h"
#include "kafka_assignment.h"
#include "kafka_client.h"
#include "kafka_discovery.h"
#include "kafka_silence.h"

enum { END_FRESH_MS = 400 }; /* less than a slow batch takes */

/* The records that were given in one turn, borrowed by the loader. */
struct slot {
    rd_kafka_message_t **records;
    size_t count, capacity;
};

struct kafka_source {
    struct source source;
    const struct kafka_settings *settings;
    struct positions *positions; /* of the thread that stores, once it runs */
    struct kafka_client client;
    struct kafka_assignment assignment;

    /* Of the thread that reads. */
    struct slot slots[SOURCE_SLOTS], *slot;
    bool given;        /* something in this turn */
    int64_t behind;    /* messages */
    int64_t looked_ms; /* when they were counted */
    struct kafka_silence silence;
};

static struct kafka_source *of(struct source *source)
{
    return (struct kafka_source *)source;
}

static struct slice header(const rd_kafka_headers_t *headers, const char *name)
{
    const void *value;
    size_t size;
    if (rd_kafka_header_get_last(headers, name, &value, &size)) return (struct slice){0};
    return (struct slice){value, size};
}

static void fill(struct message *message, const rd_kafka_message_t *record, const struct partition *partition)
{
    rd_kafka_headers_t *headers;
    rd_kafka_timestamp_type_t kind;
    *message = (struct message){
        .topic = slice_of(partition->topic),
        .partition = partition->partition,
        .offset = record->offset,
        .next_offset = record->offset + 1,
        .timestamp_ms = rd_kafka_message_timestamp(record, &kind),
        .key = {record->key, record->key_len},
        .value = {record->payload, record->len},
    };
    if (rd_kafka_message_headers(record, &headers)) return;
    message->run_id = header(headers, "__debezium.context.runId");
    message->old_key = header(headers, "__debezium.oldkey");
    message->new_key = header(headers, "__debezium.newkey");
}

static int no_record(struct kafka_source *kafka, const rd_kafka_message_t *record, struct error *error)
{
    struct partition *partition = kafka_assignment_find(&kafka->assignment, record);
    const char *topic = partition ? partition->topic : "?";
    if (record->rkt && !partition) return SOURCE_IDLE; /* it is gone */
    switch (record->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        /* The end may be of records that are not given, such as transaction markers. */
        if (partition && record->offset >= partition->high) partition->ended = true;
        return SOURCE_IDLE;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        return error_set(
            error, ERROR_SOURCE,
            "%s, partition %d: the log no longer holds the next offset: retention deleted it, or the topic "
            "was made anew (%s); start cdclite again to see how to go on",
            topic, record->partition, rd_kafka_message_errstr(record));
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        snprintf(kafka->client.last_error, sizeof kafka->client.last_error, "%s: %s", topic,
                 rd_kafka_message_errstr(record));
        kafka->client.topic_missing = true;
        return SOURCE_IDLE;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        /* librdkafka would go on behind what it cannot read. */
        return error_set(error, ERROR_SOURCE, "%s, partition %d: unreadable from offset %lld on: %s", topic,
                         record->partition, (long long)record->offset, rd_kafka_message_errstr(record));
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return error_set(error, ERROR_SOURCE, "%s: %s", topic, rd_kafka_message_errstr(record));
    default: log_write(LOG_WARNING, "Kafka: %s", rd_kafka_message_errstr(record)); return SOURCE_IDLE;
    }
}

/* What happened besides messages. */
static int look_around(struct kafka_source *kafka, struct error *error)
{
    struct kafka_client *client = &kafka->client;
    struct kafka_discovery *discovery = kafka->assignment.discovery;
    /* One answer may be of a broker that knows less than the others: the discovery makes sure. */
    if (client->topic_missing && discovery) kafka_discovery_hurry(discovery);
    if (client->failed || (client->topic_missing && !discovery))
        return error_set(error, ERROR_SOURCE, "Kafka: %s", client->last_error);
    client->topic_missing = false;
    return kafka_assignment_update(&kafka->assignment, error);
}

/* SOURCE_MESSAGE for a record that is given, SOURCE_IDLE for one that is not. */
static int take(struct kafka_source *kafka, const rd_kafka_message_t *record, struct message *message,
                struct error *error)
{
    kafka_client_taken(&kafka->client, record->len + record->key_len);
    struct partition *partition = kafka_assignment_find(&kafka->assignment, record);
    /* An offset below the expected one is never taken: librdkafka may hand out what it had fetched before. */
    if (!partition || record->offset < partition->next) return SOURCE_IDLE;
    fill(message, record, partition);
    partition->next = record->offset + 1;
    if (partition->next >= partition->high) partition->ended = true;
    int known = kafka_assignment_check_first(&kafka->assignment, partition, message, error);
    if (known) return known < 0 ? -1 : SOURCE_IDLE;
    if (kafka->behind > 0) kafka->behind--;
    kafka_silence_end(&kafka->silence);
    return SOURCE_MESSAGE;
}

/* Keeps a record until its slot's next turn. */
static bool keep(struct slot *slot, rd_kafka_message_t *record)
{
    if (slot->count == slot->capacity) {
        size_t capacity = slot->capacity ? slot->capacity * 2 : 64;
        rd_kafka_message_t **records = realloc(slot->records, capacity * sizeof *records);
        if (!records) return false;
        slot->records = records;
        slot->capacity = capacity;
    }
    slot->records[slot->count++] = record;
    return true;
}

static int kafka_next(struct source *source, int timeout_ms, struct message *message, struct error *error)
{
    struct kafka_source *kafka = of(source);
    if (kafka->given) timeout_ms = 0;
    for (;;) {
        if (look_around(kafka, error)) return -1;
        const struct partition *restarted = kafka_assignment_restarted(&kafka->assignment);
        if (restarted) {
            *message = (struct message){.topic = slice_of(restarted->topic),
                                        .partition = restarted->partition,
                                        .next_offset = restarted->next};
            kafka->given = true;
            return SOURCE_RESTART;
        }
        if (kafka->settings->until_end && kafka_assignment_ended(&kafka->assignment)) {
            kafka_silence_look(&kafka->silence, &kafka->assignment, true);
            return SOURCE_END;
        }
        rd_kafka_message_t *record = rd_kafka_consumer_poll(kafka->client.handle, timeout_ms);
        if (!record) {
            kafka_silence_look(&kafka->silence, &kafka->assignment, false);
            return SOURCE_IDLE;
        }
        /* An event is no message: what waits behind it may be taken, but no more time. */
        if (record->err) timeout_ms = 0;
        int outcome = record->err ? no_record(kafka, record, error) : take(kafka, record, message, error);
        if (outcome == SOURCE_MESSAGE && !keep(kafka->slot, record)) outcome = error_memory(error);
        if (outcome == SOURCE_MESSAGE) {
            kafka->given = true;
            return SOURCE_MESSAGE;
        }
        rd_kafka_message_destroy(record);
        if (outcome < 0) return -1;
    }
}

static void clear(struct slot *slot)
{
    for (size_t i = 0; i < slot->count; i++) rd_kafka_message_destroy(slot->records[i]);
    slot->count = 0;
}

static void kafka_turn(struct source *source, unsigned slot)
{
    struct kafka_source *kafka = of(source);
    kafka->slot = &kafka->slots[slot];
    kafka->given = false;
    clear(kafka->slot);
}

/* What was stored of the partition since it was told last: true where Kafka is to know it. Under the mutex.
 */
static bool follow(struct partition *partition, struct positions *positions)
{
    const struct position *position =
        positions_find(positions, slice_of(partition->topic), partition->partition);
    if (!position || !position->stored) return false;
    partition->position = *position;
    if (partition->gone || partition->committed == position->next_offset) return false;
    partition->committed = position->next_offset;
    return true;
}

static void kafka_stored(struct source *source, struct positions *positions)
{
    struct kafka_source *kafka = of(source);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    pthread_mutex_lock(&kafka->assignment.mutex);
    for (size_t i = 0; i < kafka->assignment.partitions.count; i++) {
        struct partition *partition = kafka->assignment.partitions.all[i];
        if (follow(partition, positions))
            rd_kafka_topic_partition_list_add(list, partition->topic, partition->partition)->offset =
                partition->committed;
    }
    pthread_mutex_unlock(&kafka->assignment.mutex);
    if (list->cnt && rd_kafka_commit(kafka->client.handle, list, 1) == RD_KAFKA_RESP_ERR_NO_ERROR)
        atomic_fetch_add(&kafka->client.commits_under_way, 1);
    rd_kafka_topic_partition_list_destroy(list);
}

/* The end of the partition's log, no less than what was read of it. librdkafka walks its list of topics to
 * tell it: with a thousand of them not asked for with every batch. Under the mutex. */
static int64_t end_of(const struct kafka_source *kafka, struct partition *partition, int64_t read)
{
    int64_t low, high, now = time_passing_ms();
    if (now - partition->end_asked_ms >= END_FRESH_MS) {
        partition->end_asked_ms = now;
        if (!rd_kafka_get_watermark_offsets(kafka->client.handle, partition->topic, partition->partition,
                                            &low, &high))
            partition->end = high;
    }
    if (partition->end < partition->high) partition->end = partition->high;
    return partition->end > read ? partition->end : read;
}

static int64_t behind(struct kafka_source *kafka)
{
    int64_t sum = 0;
    pthread_mutex_lock(&kafka->assignment.mutex);
    for (size_t i = 0; i < kafka->assignment.partitions.count; i++) {
        struct partition *partition = kafka->assignment.partitions.all[i];
        if (partition->gone) continue;
        int64_t end =
            kafka->settings->until_end ? partition->high : end_of(kafka, partition, partition->next);
        if (end > partition->next) sum += end - partition->next;
    }
    pthread_mutex_unlock(&kafka->assignment.mutex);
    return sum;
}

static void kafka_progress(struct source *source, struct source_progress *progress)
{
    struct kafka_source *kafka = of(source);
    int64_t now = time_passing_ms();
    if (now - kafka->looked_ms >= END_FRESH_MS) {
        kafka->behind = behind(kafka);
        kafka->looked_ms = now;
    }
    progress->behind = kafka->behind;
}

static int64_t kafka_end_offset(struct source *source, struct slice topic, int32_t number)
{
    struct kafka_source *kafka = of(source);
    const struct position *position = positions_find(kafka->positions, topic, number);
    pthread_mutex_lock(&kafka->assignment.mutex);
    struct partition *partition = kafka_partitions_find(&kafka->assignment.partitions, topic, number);
    int64_t end = partition ? end_of(kafka, partition, position ? position->next_offset : -1) : -1;
    pthread_mutex_unlock(&kafka->assignment.mutex);
    return end;
}

static void kafka_close(struct source *source)
{
    if (!source) return;
    struct kafka_source *kafka = of(source);
    for (size_t i = 0; i < SOURCE_SLOTS; i++) {
        clear(&kafka->slots[i]);
        free(kafka->slots[i].records);
    }
    /* A consumer that was left behind may still call back. */
    if (!kafka_assignment_close(&kafka->assignment)) return;
    kafka_client_close(&kafka->client);
    pthread_mutex_destroy(&kafka->assignment.mutex);
    free(kafka);
}

int kafka_source_open(const struct kafka_settings *settings, struct positions *positions,
                      struct source **source, struct error *error)
{
    struct kafka_source *kafka = calloc(1, sizeof *kafka);
    if (!kafka) return error_memory(error);
    kafka->source =
        (struct source){kafka_next, kafka_stored, kafka_progress, kafka_end_offset, kafka_close, kafka_turn};
    kafka->settings = settings;
    kafka->positions = positions;
    kafka->assignment = (struct kafka_assignment){
        .client = &kafka->client, .settings = settings, .mutex = PTHREAD_MUTEX_INITIALIZER};
    *source = NULL;
    if (kafka_client_open(&kafka->client, settings, error) ||
        kafka_assignment_open(&kafka->assignment, positions, error)) {
        kafka_close(&kafka->source);
        return -1;
    }
    kafka->client.loading = true;
    kafka_silence_begin(&kafka->silence, settings);
    *source = &kafka->source;
    return 0;
}
