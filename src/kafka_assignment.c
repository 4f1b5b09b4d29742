#include "kafka_assignment.h"

#include <librdkafka/rdkafka.h>

#include "cdclite/buffer.h"
#include "cdclite/log.h"
#include "kafka_client.h"
#include "kafka_config.h"
#include "kafka_discovery.h"
#include "kafka_topics.h"

enum {
    BOUNDS_TRIES = 20, /* of a leader that has just moved */
    BOUNDS_MS = 100,
    RESTART_MS = 2000, /* for a partition that was stopped to start again, at close */
    MOST_SHOWN = 8,    /* topics in one line */
};

static void add(rd_kafka_topic_partition_list_t *list, const struct partition *partition, int64_t offset)
{
    rd_kafka_topic_partition_list_add(list, partition->topic, partition->partition)->offset = offset;
}

/* Adds to what is read, which goes on undisturbed. */
static int assign(struct kafka_assignment *assignment, const rd_kafka_topic_partition_list_t *list,
                  struct error *error)
{
    rd_kafka_error_t *failure =
        list->cnt ? rd_kafka_incremental_assign(assignment->client->handle, list) : NULL;
    if (failure)
        error_set(error, ERROR_SOURCE, "cannot assign partitions: %s", rd_kafka_error_string(failure));
    rd_kafka_error_destroy(failure);
    return failure ? -1 : 0;
}

/* Reads a partition anew from its `next`. Until its next event, be it the end, librdkafka may not have
 * stopped it yet, and destroy is not to stop it twice (its issue 5573). */
static int start_anew(struct kafka_assignment *assignment, struct partition *partition, struct error *error)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    add(list, partition, partition->next);
    rd_kafka_error_t *failure = rd_kafka_incremental_unassign(assignment->client->handle, list);
    if (failure)
        error_set(error, ERROR_SOURCE, "cannot stop a partition: %s", rd_kafka_error_string(failure));
    rd_kafka_error_destroy(failure);
    int result = failure || assign(assignment, list, error) ? -1 : 0;
    rd_kafka_topic_partition_list_destroy(list);
    if (!partition->restarting) assignment->restarting++;
    partition->restarting = true;
    partition->ended = false;
    assignment->ended = 0;
    return result;
}

struct partition *kafka_assignment_find(struct kafka_assignment *assignment, const rd_kafka_message_t *record)
{
    struct slice topic = slice_of(record->rkt ? rd_kafka_topic_name(record->rkt) : "");
    struct partition *partition = assignment->last;
    if (!partition || partition->partition != record->partition || !slice_is(topic, partition->topic))
        partition = kafka_partitions_find(&assignment->partitions, topic, record->partition);
    if (!partition) return NULL;
    assignment->last = partition;
    if (partition->restarting) assignment->restarting--;
    partition->restarting = false;
    return partition->gone ? NULL : partition;
}

int kafka_assignment_check_first(struct kafka_assignment *assignment, struct partition *partition,
                                 const struct message *message, struct error *error)
{
    if (!partition->anchor_unchecked) return 0;
    int result = 0;
    pthread_mutex_lock(&assignment->mutex);
    bool anchor = message->offset == partition->position.anchor_offset;
    if (anchor)
        result = kafka_partition_check_anchor(partition, message, assignment->settings->restart, error);
    pthread_mutex_unlock(&assignment->mutex);
    partition->anchor_unchecked = false;
    assignment->restarted |= partition->restarted;
    if (result < 0 || (result && start_anew(assignment, partition, error))) return -1;
    return anchor;
}

struct partition *kafka_assignment_restarted(struct kafka_assignment *assignment)
{
    struct kafka_partitions *partitions = &assignment->partitions;
    for (size_t i = 0; i < partitions->count && assignment->restarted; i++) {
        if (!partitions->all[i]->restarted) continue;
        partitions->all[i]->restarted = false;
        return partitions->all[i];
    }
    assignment->restarted = false;
    return NULL;
}

/* Makes a partition, or finds it, and places it: NULL with `error`. Under the mutex. */
static struct partition *place(struct kafka_assignment *assignment, const char *topic, int32_t number,
                               int64_t low, int64_t high, struct error *error)
{
    struct partition *partition = kafka_partitions_find(&assignment->partitions, slice_of(topic), number);
    if (!partition) {
        partition = kafka_partitions_make(&assignment->partitions, slice_of(topic), number);
        if (!partition) {
            error_memory(error);
            return NULL;
        }
        const struct position *position = positions_find(&assignment->earlier, slice_of(topic), number);
        if (position) partition->position = *position;
    }
    if (kafka_partition_place(partition, low, high, assignment->settings->restart, error)) return NULL;
    assignment->restarted |= partition->restarted;
    return partition;
}

/* What was found while others are read: the first of `count` partitions of one topic is all[0]. */
static void say_found(const struct discovered *all, size_t count, bool known, bool back)
{
    if (back)
        log_write(LOG_INFO, "%s is there again, loaded from now on", all->topic);
    else if (known && count == 1)
        log_write(LOG_INFO, "%s: new partition %d, loaded from now on", all->topic, all->partition);
    else if (known)
        log_write(LOG_INFO, "%s: %zu new partitions, loaded from now on", all->topic, count);
    else
        log_write(LOG_INFO, "new topic %s (%zu partition%s), loaded from now on", all->topic, count,
                  count == 1 ? "" : "s");
}

static int take_gone(struct kafka_assignment *assignment, const struct discovered *one, struct error *error)
{
    struct partition *partition =
        kafka_partitions_find(&assignment->partitions, slice_of(one->topic), one->partition);
    if (!partition || partition->gone) return 0;
    if (one->named)
        return error_set(error, ERROR_SOURCE,
                         "%s, partition %d: it is no longer there: the topic was deleted", one->topic,
                         one->partition);
    partition->gone = true;
    return 0;
}

/* Assigns what is new, and what came back, once it is placed as at start. */
static int take_found(struct kafka_assignment *assignment, const struct discovered *one,
                      rd_kafka_topic_partition_list_t *list, struct error *error)
{
    struct partition *partition =
        kafka_partitions_find(&assignment->partitions, slice_of(one->topic), one->partition);
    bool back = partition && partition->gone;
    if (partition && !back) return 0;
    partition = place(assignment, one->topic, one->partition, one->low, one->high, error);
    if (!partition) return -1;
    partition->gone = false;
    if (back) return start_anew(assignment, partition, error);
    add(list, partition, partition->next);
    return 0;
}

/* `count` partitions of one topic that came or went together. */
static int take_topic(struct kafka_assignment *assignment, const struct discovered *all, size_t count,
                      rd_kafka_topic_partition_list_t *list, struct error *error)
{
    const struct partition *one = kafka_partitions_find(&assignment->partitions, slice_of(all->topic), 0);
    bool known = one != NULL, back = one && one->gone;
    for (size_t i = 0; i < count; i++)
        if (all->gone ? take_gone(assignment, &all[i], error) : take_found(assignment, &all[i], list, error))
            return -1;
    if (all->gone)
        log_write(LOG_WARNING, "%s is no longer there; going on with the others", all->topic);
    else
        say_found(all, count, known, back);
    return 0;
}

int kafka_assignment_update(struct kafka_assignment *assignment, struct error *error)
{
    struct discovered *found;
    size_t count = assignment->discovery ? kafka_discovery_take(assignment->discovery, &found) : 0;
    if (count == 0) return 0;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    int result = 0;
    for (size_t i = 0, size; i < count && result == 0; i += size) {
        for (size = 1; i + size < count && found[i + size].gone == found[i].gone &&
                       strcmp(found[i + size].topic, found[i].topic) == 0;
             size++) {
        }
        pthread_mutex_lock(&assignment->mutex);
        result = take_topic(assignment, &found[i], size, list, error);
        pthread_mutex_unlock(&assignment->mutex);
    }
    if (result == 0) result = assign(assignment, list, error);
    rd_kafka_topic_partition_list_destroy(list);
    discovered_free(found, count);
    return result;
}

/* Says what is loaded, briefly. */
static void say_loaded(const struct topic_list *list)
{
    struct buffer text = {0};
    size_t topics = 0;
    for (size_t i = 0, size; i < list->count; i += size) {
        for (size = 1; i + size < list->count && list->all[i + size].topic == list->all[i].topic; size++) {
        }
        if (++topics <= MOST_SHOWN)
            buffer_printf(&text, "%s%s (%zu)", topics > 1 ? ", " : "", list->all[i].topic, size);
    }
    if (topics > MOST_SHOWN) buffer_printf(&text, " and %zu more topics", topics - MOST_SHOWN);
    if (topics)
        log_write(LOG_INFO, "loading %zu partition%s of %s", list->count, list->count == 1 ? "" : "s",
                  buffer_string(&text));
    buffer_free(&text);
}

/* The bounds of all; a broker that cannot tell now, as a leader that has just moved, is asked again. */
static int ask_bounds(struct kafka_assignment *assignment, struct topic_list *list, struct error *error)
{
    const struct listed_partition *failed = NULL;
    int code = 0;
    for (int tries = 0; tries < BOUNDS_TRIES && !assignment->client->failed; tries++) {
        if (tries) kafka_client_serve(assignment->client, BOUNDS_MS);
        code = kafka_topics_bounds(assignment->client->handle, list->all, list->count);
        if (code == RD_KAFKA_RESP_ERR__TIMED_OUT) break; /* it was waited for */
        failed = NULL;
        for (size_t i = 0; i < list->count && !failed && !code; i++)
            if (list->all[i].code) failed = &list->all[i];
        if (!failed && !code) return 0;
    }
    kafka_client_no_answer(assignment->client, failed && !code ? failed->code : code,
                           "cannot ask for the log's bounds", error);
    return failed ? error_context(error, "%s, partition %d", failed->topic, failed->partition) : -1;
}

static int open_topics(struct kafka_assignment *assignment, struct topic_list *list, struct error *error)
{
    const struct kafka_settings *settings = assignment->settings;
    int code = kafka_topics_list(assignment->client->handle, settings->topics, list);
    if (code) return kafka_client_no_answer(assignment->client, code, "no answer from Kafka", error);
    if (kafka_topics_check(list, settings->topics, !settings->until_end, error) ||
        ask_bounds(assignment, list, error))
        return -1;
    rd_kafka_topic_partition_list_t *assigned = rd_kafka_topic_partition_list_new((int)list->count);
    int result = 0;
    for (size_t i = 0; i < list->count && result == 0; i++) {
        const struct listed_partition *listed = &list->all[i];
        const struct partition *partition =
            place(assignment, listed->topic, listed->partition, listed->low, listed->high, error);
        if (partition)
            add(assigned, partition, partition->next);
        else
            result = -1;
    }
    if (result == 0) result = assign(assignment, assigned, error);
    rd_kafka_topic_partition_list_destroy(assigned);
    return result;
}

int kafka_assignment_open(struct kafka_assignment *assignment, const struct positions *positions,
                          struct error *error)
{
    const struct kafka_settings *settings = assignment->settings;
    struct topic_list list = {0};
    int interval_ms = settings->until_end ? 0 : kafka_config_interval(assignment->client->handle);
    if (!positions_copy(&assignment->earlier, positions)) return error_memory(error);
    int result = open_topics(assignment, &list, error);
    if (result == 0) say_loaded(&list);
    if (result == 0 && interval_ms > 0)
        result = kafka_discovery_start(assignment->client->handle, settings->topics, &list, interval_ms,
                                       &assignment->discovery, error);
    topic_list_free(&list);
    return result;
}

bool kafka_assignment_ended(struct kafka_assignment *assignment)
{
    const struct kafka_partitions *partitions = &assignment->partitions;
    while (assignment->ended < partitions->count && partitions->all[assignment->ended]->ended)
        assignment->ended++;
    return assignment->ended == partitions->count;
}

bool kafka_assignment_close(struct kafka_assignment *assignment)
{
    /* It asks with the consumer, so it ends first. */
    bool answered = kafka_discovery_stop(assignment->discovery);
    for (int waited = 0; assignment->restarting > 0 && waited < RESTART_MS; waited += 10) {
        rd_kafka_message_t *record = rd_kafka_consumer_poll(assignment->client->handle, 10);
        if (!record) continue;
        kafka_assignment_find(assignment, record);
        rd_kafka_message_destroy(record);
    }
    kafka_partitions_free(&assignment->partitions);
    positions_free(&assignment->earlier);
    return answered;
}
