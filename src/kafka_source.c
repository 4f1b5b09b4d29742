#include "cdclite/kafka_source.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cdclite/log.h"
#include "cdclite/suggest.h"
#include "kafka_config.h"

enum {
    ANSWER_MS = 5000,      /* for metadata and watermarks at start */
    LAST_COMMIT_MS = 1000, /* for the last offsets to reach the broker at close */
    CLOSE_SECONDS = 5,     /* librdkafka's destroy can hang (its issues 4187, 4724) */
};

struct partition {
    char *topic;
    int32_t partition;
    struct position *position; /* NULL before its first message */
    int64_t next;              /* the offset after the last one given */
    int64_t low, high;         /* the log's bounds at start */
    bool anchor_unchecked;     /* the first record read here is the one loaded last */
    bool ended;                /* read up to `high` */
};

struct kafka_source {
    struct source source;
    const struct kafka_settings *settings;
    struct positions *positions;
    rd_kafka_t *consumer;
    struct partition *partitions;
    size_t count;
    rd_kafka_message_t *current; /* borrowed by the loader */
    int commits_under_way;
    char last_error[256]; /* what librdkafka reported last */
    bool failed;          /* that cannot mend itself: `last_error` says what */
};

static struct kafka_source *of(struct source *source)
{
    return (struct kafka_source *)source;
}

/* Called on the consuming thread, from poll. */
static void on_error(rd_kafka_t *consumer, int code, const char *reason, void *opaque)
{
    struct kafka_source *kafka = opaque;
    char text[256];
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        code = rd_kafka_fatal_error(consumer, text, sizeof text);
        reason = text;
    }
    snprintf(kafka->last_error, sizeof kafka->last_error, "%s", reason);
    switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART: kafka->failed = true; break;
    default: log_write(kafka->count ? LOG_WARNING : LOG_DEBUG, "Kafka: %s", reason);
    }
}

static void on_log(const rd_kafka_t *consumer, int level, const char *facility, const char *text)
{
    (void)consumer;
    (void)level;
    log_write(LOG_DEBUG, "librdkafka: %s: %s", facility, text);
}

static void on_commit(rd_kafka_t *consumer, rd_kafka_resp_err_t code,
                      rd_kafka_topic_partition_list_t *offsets, void *opaque)
{
    struct kafka_source *kafka = opaque;
    (void)consumer;
    (void)offsets;
    kafka->commits_under_way--;
    if (code && code != RD_KAFKA_RESP_ERR__NO_OFFSET)
        log_write(LOG_DEBUG, "Kafka: offsets (for lag monitors only) were not committed: %s",
                  rd_kafka_err2str(code));
}

static int no_answer(struct kafka_source *kafka, rd_kafka_resp_err_t code, const char *what,
                     struct error *error)
{
    char brokers[256] = "";
    size_t size = sizeof brokers;
    const rd_kafka_conf_t *conf = rd_kafka_conf(kafka->consumer);
    rd_kafka_conf_get(conf, "bootstrap.servers", brokers, &size);
    /* Serves on_error, which knows more than "timed out". */
    rd_kafka_message_t *record = rd_kafka_consumer_poll(kafka->consumer, 0);
    if (record) rd_kafka_message_destroy(record);
    return error_set(error, ERROR_SOURCE, "%s: %s: %s%s%s; check --brokers and that the broker runs", brokers,
                     what, rd_kafka_err2str(code), *kafka->last_error ? ": " : "", kafka->last_error);
}

static struct partition *append_partition(struct kafka_source *kafka, const char *topic, int32_t number)
{
    struct partition *partitions = realloc(kafka->partitions, (kafka->count + 1) * sizeof *partitions);
    if (!partitions) return NULL;
    kafka->partitions = partitions;
    struct partition *partition = &partitions[kafka->count];
    *partition = (struct partition){.topic = strdup(topic), .partition = number};
    if (!partition->topic) return NULL;
    kafka->count++;
    return partition;
}

/* Moves a partition whose log is another one to where the user said. */
static void go_on(struct kafka_source *kafka, struct partition *partition)
{
    partition->next = kafka->settings->restart == RESTART_BEGINNING ? partition->low : partition->high;
    partition->position->next_offset = partition->next;
    partition->position->unsaved = true;
}

/* The partition's log bounds, and from them and the stored position where to start. */
static int place(struct kafka_source *kafka, struct partition *partition, struct error *error)
{
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(kafka->consumer, partition->topic, partition->partition,
                                         &partition->low, &partition->high, ANSWER_MS);
    if (code) return no_answer(kafka, code, "cannot ask for the log's bounds", error);
    struct position *position =
        positions_find(kafka->positions, slice_of(partition->topic), partition->partition);
    partition->next = partition->low;
    if (position && position->stored) {
        partition->position = position;
        partition->next = position->next_offset;
        if (position->next_offset < partition->low || position->next_offset > partition->high) {
            if (kafka->settings->restart == RESTART_REFUSED)
                return error_set(
                    error, ERROR_SOURCE,
                    "%s, partition %d: loaded up to offset %lld, but the log now holds %lld to %lld: %s. "
                    "Load it into another --db, or go on with --restart-at beginning (or end)",
                    partition->topic, partition->partition, (long long)position->next_offset,
                    (long long)partition->low, (long long)partition->high,
                    position->next_offset < partition->low ? "retention deleted events that were not loaded"
                                                           : "the topic was made anew, or lost data");
            go_on(kafka, partition);
        } else if (position->anchor_offset >= partition->low &&
                   position->anchor_offset < position->next_offset) {
            partition->next = position->anchor_offset;
            partition->anchor_unchecked = true;
        }
    }
    partition->ended = !partition->anchor_unchecked && partition->next >= partition->high;
    return 0;
}

static int unknown_topic(const struct rd_kafka_metadata *metadata, const char *topic, struct error *error)
{
    const char **names = calloc((size_t)metadata->topic_cnt + 1, sizeof *names);
    for (int i = 0; names && i < metadata->topic_cnt; i++) names[i] = metadata->topics[i].topic;
    const char *near = names ? suggest(topic, names) : NULL;
    error_set(error, ERROR_SOURCE, "%s: there is no such topic%s%s%s", topic,
              near ? "; did you mean "
                   : " (Debezium makes it with its first event; kcat -L -b BROKERS lists what is there)",
              near ? near : "", near ? "?" : "");
    free(names);
    return -1;
}

static int find_partitions(struct kafka_source *kafka, const struct rd_kafka_metadata *metadata,
                           const char *topic, struct error *error)
{
    const struct rd_kafka_metadata_topic *found = NULL;
    for (int i = 0; i < metadata->topic_cnt; i++)
        if (strcmp(metadata->topics[i].topic, topic) == 0) found = &metadata->topics[i];
    if (!found) return unknown_topic(metadata, topic, error);
    if (found->err) return error_set(error, ERROR_SOURCE, "%s: %s", topic, rd_kafka_err2str(found->err));
    for (int i = 0; i < found->partition_cnt; i++) {
        struct partition *partition = append_partition(kafka, topic, found->partitions[i].id);
        if (!partition) return error_memory(error);
        if (place(kafka, partition, error)) return -1;
    }
    return 0;
}

static int find_topics(struct kafka_source *kafka, struct error *error)
{
    const struct rd_kafka_metadata *metadata = NULL;
    /* The whole list: asking for one topic may make a broker create it. */
    rd_kafka_resp_err_t code = rd_kafka_metadata(kafka->consumer, 1, NULL, &metadata, ANSWER_MS);
    if (code) return no_answer(kafka, code, "no answer from Kafka", error);
    int result = 0;
    for (const char *const *topic = kafka->settings->topics; *topic && result == 0; topic++)
        result = find_partitions(kafka, metadata, *topic, error);
    rd_kafka_metadata_destroy(metadata);
    return result;
}

/* Assigns every partition from where it stands. */
static int assign(struct kafka_source *kafka, struct error *error)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)kafka->count);
    for (size_t i = 0; i < kafka->count; i++) {
        const struct partition *partition = &kafka->partitions[i];
        rd_kafka_topic_partition_list_add(list, partition->topic, partition->partition)->offset =
            partition->next;
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(kafka->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code ? error_set(error, ERROR_SOURCE, "cannot assign partitions: %s", rd_kafka_err2str(code)) : 0;
}

static struct partition *find_partition(struct kafka_source *kafka, const rd_kafka_message_t *message)
{
    const char *topic = message->rkt ? rd_kafka_topic_name(message->rkt) : "";
    for (size_t i = 0; i < kafka->count; i++)
        if (kafka->partitions[i].partition == message->partition &&
            strcmp(kafka->partitions[i].topic, topic) == 0)
            return &kafka->partitions[i];
    return NULL;
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

/* The first record read in a partition that was loaded from must be the one that was loaded last. */
static int check_anchor(struct kafka_source *kafka, struct partition *partition,
                        const struct message *message, struct error *error)
{
    partition->anchor_unchecked = false;
    if (position_is_anchor(partition->position, message)) return 0;
    if (kafka->settings->restart == RESTART_REFUSED)
        return error_set(
            error, ERROR_SOURCE,
            "%s, partition %d: the record at offset %lld is not the one that was loaded from there: the "
            "topic was made anew. Load it into another --db, or go on with --restart-at beginning (or end)",
            partition->topic, partition->partition, (long long)message->offset);
    go_on(kafka, partition);
    /* Not ended before its next event, be it the end: by then librdkafka has stopped it for the new
     * assignment, and destroy will not stop it twice (issue 5573). */
    partition->ended = false;
    return assign(kafka, error) ? -1 : 1;
}

static bool all_ended(const struct kafka_source *kafka)
{
    for (size_t i = 0; i < kafka->count; i++)
        if (!kafka->partitions[i].ended) return false;
    return true;
}

static int no_record(struct kafka_source *kafka, const rd_kafka_message_t *record, struct error *error)
{
    struct partition *partition = find_partition(kafka, record);
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
            partition ? partition->topic : "?", record->partition, rd_kafka_message_errstr(record));
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return error_set(error, ERROR_SOURCE, "%s: %s", partition ? partition->topic : "?",
                         rd_kafka_message_errstr(record));
    default: log_write(LOG_WARNING, "Kafka: %s", rd_kafka_message_errstr(record)); return SOURCE_IDLE;
    }
}

static int kafka_next(struct source *source, int timeout_ms, struct message *message, struct error *error)
{
    struct kafka_source *kafka = of(source);
    if (kafka->current) rd_kafka_message_destroy(kafka->current);
    kafka->current = NULL;
    for (;;) {
        if (kafka->failed) return error_set(error, ERROR_SOURCE, "Kafka: %s", kafka->last_error);
        if (kafka->settings->until_end && all_ended(kafka)) return SOURCE_END;
        rd_kafka_message_t *record = rd_kafka_consumer_poll(kafka->consumer, timeout_ms);
        if (!record) return SOURCE_IDLE;
        if (record->err) {
            int outcome = no_record(kafka, record, error);
            rd_kafka_message_destroy(record);
            if (outcome < 0) return outcome;
            timeout_ms = 0; /* an event is no message: what waits behind it may be taken, but no more time */
            continue;
        }
        struct partition *partition = find_partition(kafka, record);
        /* An offset below the expected one is never taken: librdkafka may hand out what it had fetched
         * before. */
        if (!partition || record->offset < partition->next) {
            rd_kafka_message_destroy(record);
            continue;
        }
        fill(message, record, partition);
        partition->next = record->offset + 1;
        if (partition->next >= partition->high) partition->ended = true;
        if (partition->anchor_unchecked && record->offset == partition->position->anchor_offset) {
            int restarted = check_anchor(kafka, partition, message, error);
            rd_kafka_message_destroy(record);
            if (restarted < 0) return -1;
            continue;
        }
        partition->anchor_unchecked = false;
        kafka->current = record;
        return SOURCE_MESSAGE;
    }
}

static void kafka_stored(struct source *source)
{
    struct kafka_source *kafka = of(source);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)kafka->count);
    for (size_t i = 0; i < kafka->count; i++) {
        struct partition *partition = &kafka->partitions[i];
        if (!partition->position)
            partition->position =
                positions_find(kafka->positions, slice_of(partition->topic), partition->partition);
        if (!partition->position || !partition->position->stored) continue;
        rd_kafka_topic_partition_list_add(list, partition->topic, partition->partition)->offset =
            partition->position->next_offset;
    }
    if (rd_kafka_commit(kafka->consumer, list, 1) == RD_KAFKA_RESP_ERR_NO_ERROR) kafka->commits_under_way++;
    rd_kafka_topic_partition_list_destroy(list);
}

static int64_t end_of(const struct kafka_source *kafka, const struct partition *partition)
{
    int64_t low, high;
    if (rd_kafka_get_watermark_offsets(kafka->consumer, partition->topic, partition->partition, &low,
                                       &high) ||
        high < partition->high)
        return partition->high;
    return high;
}

static void kafka_progress(struct source *source, struct source_progress *progress)
{
    const struct kafka_source *kafka = of(source);
    progress->behind = 0;
    for (size_t i = 0; i < kafka->count; i++) {
        const struct partition *partition = &kafka->partitions[i];
        int64_t end = kafka->settings->until_end ? partition->high : end_of(kafka, partition);
        if (end > partition->next) progress->behind += end - partition->next;
    }
}

static int64_t kafka_end_offset(struct source *source, struct slice topic, int32_t number)
{
    const struct kafka_source *kafka = of(source);
    for (size_t i = 0; i < kafka->count; i++) {
        const struct partition *partition = &kafka->partitions[i];
        if (partition->partition == number && slice_is(topic, partition->topic))
            return end_of(kafka, partition);
    }
    return -1;
}

static void *destroy(void *consumer)
{
    rd_kafka_destroy_flags(consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return NULL;
}

/* Destroys the consumer on a thread of its own, which is left behind if it hangs: everything is stored by
 * now. */
static void destroy_or_leave(rd_kafka_t *consumer)
{
    pthread_t thread;
    struct timespec until;
    if (pthread_create(&thread, NULL, destroy, consumer)) return;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += CLOSE_SECONDS;
    if (pthread_timedjoin_np(thread, NULL, &until)) {
        log_write(LOG_DEBUG, "librdkafka did not close in time; left behind");
        pthread_detach(thread);
    }
}

static void kafka_close(struct source *source)
{
    if (!source) return;
    struct kafka_source *kafka = of(source);
    if (kafka->current) rd_kafka_message_destroy(kafka->current);
    if (kafka->consumer) {
        /* No unassign before destroy: the two of them may stop a partition twice, which asserts (issue 5573).
         */
        for (int waited = 0; kafka->commits_under_way > 0 && waited < LAST_COMMIT_MS; waited += 10) {
            rd_kafka_message_t *record = rd_kafka_consumer_poll(kafka->consumer, 10);
            if (record) rd_kafka_message_destroy(record);
        }
        destroy_or_leave(kafka->consumer);
    }
    for (size_t i = 0; i < kafka->count; i++) free(kafka->partitions[i].topic);
    free(kafka->partitions);
    free(kafka);
}

int kafka_source_open(const struct kafka_settings *settings, struct positions *positions,
                      struct source **source, struct error *error)
{
    char why[512];
    rd_kafka_conf_t *conf = NULL;
    struct kafka_source *kafka = calloc(1, sizeof *kafka);
    if (!kafka) return error_memory(error);
    kafka->source = (struct source){kafka_next, kafka_stored, kafka_progress, kafka_end_offset, kafka_close};
    kafka->settings = settings;
    kafka->positions = positions;
    if (kafka_config_make(settings, &conf, error)) goto failed;
    rd_kafka_conf_set_opaque(conf, kafka);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_offset_commit_cb(conf, on_commit);
    kafka->consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!kafka->consumer) {
        error_set(error, ERROR_USAGE, "librdkafka refuses its configuration: %s", why);
        goto failed;
    }
    conf = NULL; /* the consumer owns it now */
    rd_kafka_poll_set_consumer(kafka->consumer);
    if (find_topics(kafka, error) || assign(kafka, error)) goto failed;
    *source = &kafka->source;
    return 0;
failed:
    if (conf) rd_kafka_conf_destroy(conf);
    kafka_close(&kafka->source);
    *source = NULL;
    return -1;
}
