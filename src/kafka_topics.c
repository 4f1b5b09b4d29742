#include "kafka_topics.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "cdclite/buffer.h"
#include "cdclite/log.h"
#include "cdclite/suggest.h"

#define HOW_TO_LIST "kcat -L -b BROKERS lists what is there"

enum { MOST_NEAR = 3 }; /* names in an error */

int kafka_topics_list(struct rd_kafka_s *consumer, const struct topic_filter *filter, struct topic_list *list)
{
    *list = (struct topic_list){0};
    rd_kafka_resp_err_t code = rd_kafka_metadata(consumer, 1, NULL, &list->metadata, KAFKA_ANSWER_MS);
    if (code) return code;
    size_t most = 0;
    for (int i = 0; i < list->metadata->topic_cnt; i++)
        most += (size_t)list->metadata->topics[i].partition_cnt;
    list->all = calloc(most + 1, sizeof *list->all);
    if (!list->all) return RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE;
    for (int i = 0; i < list->metadata->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *topic = &list->metadata->topics[i];
        enum topic_match match = topic->err ? TOPIC_OTHER : topic_filter_match(filter, topic->topic);
        for (int k = 0; match != TOPIC_OTHER && k < topic->partition_cnt; k++)
            list->all[list->count++] =
                (struct listed_partition){.topic = topic->topic,
                                          .partition = topic->partitions[k].id,
                                          .named = match == TOPIC_NAMED,
                                          .has_leader = topic->partitions[k].leader >= 0};
    }
    return 0;
}

void topic_list_free(struct topic_list *list)
{
    if (list->metadata) rd_kafka_metadata_destroy(list->metadata);
    free(list->all);
    *list = (struct topic_list){0};
}

bool topic_list_in_trouble(const struct topic_list *list, const char *name)
{
    for (int i = 0; i < list->metadata->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *topic = &list->metadata->topics[i];
        if (strcmp(topic->topic, name) == 0)
            return topic->err && topic->err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    }
    return false;
}

/* librdkafka passes these two on as the timestamps that Kafka gives that meaning, one request a broker; its
 * own query of the watermarks takes two requests a partition, each waiting behind a fetch. */
static int ask_end(struct rd_kafka_s *consumer, struct listed_partition *all, size_t count, int64_t which)
{
    rd_kafka_topic_partition_list_t *ends = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(ends, all[i].topic, all[i].partition)->offset = which;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(consumer, ends, KAFKA_ANSWER_MS);
    for (size_t i = 0; i < count && !code; i++) {
        const rd_kafka_topic_partition_t *end = &ends->elems[i];
        if (end->err) all[i].code = end->err;
        if (!end->err && end->offset < 0) all[i].code = RD_KAFKA_RESP_ERR__NO_OFFSET;
        *(which == RD_KAFKA_OFFSET_END ? &all[i].high : &all[i].low) = end->offset;
    }
    rd_kafka_topic_partition_list_destroy(ends);
    return code;
}

int kafka_topics_bounds(struct rd_kafka_s *consumer, struct listed_partition *all, size_t count)
{
    for (size_t i = 0; i < count; i++) all[i].code = 0;
    if (count == 0) return 0;
    int code = ask_end(consumer, all, count, RD_KAFKA_OFFSET_BEGINNING);
    return code ? code : ask_end(consumer, all, count, RD_KAFKA_OFFSET_END);
}

/* The names of all topics, ended by NULL; NULL when memory ran out. The caller frees the array. */
static const char **names_of(const struct rd_kafka_metadata *metadata)
{
    const char **names = calloc((size_t)metadata->topic_cnt + 1, sizeof *names);
    for (int i = 0; names && i < metadata->topic_cnt; i++) names[i] = metadata->topics[i].topic;
    return names;
}

/* Behind the last dot: Debezium ends a topic's name with the table's. */
static const char *table_of(const char *topic)
{
    const char *dot = strrchr(topic, '.');
    return dot ? dot + 1 : topic;
}

/* Those that a mistake is likely to have meant: by their letters, then those of a table of the same name. */
static size_t find_near(const char *topic, const char *const *names, const char **near)
{
    size_t count = suggest_several(topic, names, near, MOST_NEAR);
    for (; *names && count < MOST_NEAR; names++) {
        bool listed = strcasecmp(table_of(*names), table_of(topic)) != 0;
        for (size_t i = 0; i < count && !listed; i++) listed = strcmp(near[i], *names) == 0;
        if (!listed) near[count++] = *names;
    }
    return count;
}

/* The topics that there are, but for Kafka's own. */
static void list_names(const char *const *names, struct buffer *text)
{
    size_t count = 0;
    for (; *names; names++) {
        if (strncmp(*names, "__", 2) == 0) continue;
        if (++count <= MOST_NEAR) buffer_printf(text, "%s%s", count > 1 ? ", " : "", *names);
    }
    if (count > MOST_NEAR) buffer_printf(text, " and %zu more", count - MOST_NEAR);
    if (count == 0) buffer_text(text, "none");
}

static int unknown_topic(const char *topic, const char *const *names, struct error *error)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const char *near[MOST_NEAR];
    struct buffer text = {0};
    if (topic[strspn(topic, letters)])
        return error_set(error, ERROR_SOURCE,
                         "%s: there is no such topic, and no topic has such a name; a pattern begins with ^: "
                         "--topic '^%s'",
                         topic, topic);
    size_t count = find_near(topic, names, near);
    for (size_t i = 0; i < count; i++)
        buffer_printf(&text, "%s%s", i == 0 ? "did you mean " : i + 1 < count ? ", " : " or ", near[i]);
    if (count) {
        buffer_char(&text, '?');
    } else {
        buffer_text(&text, "Debezium makes it with the table's first event, and calls it "
                           "topic.prefix.schema.table; topics that there are: ");
        list_names(names, &text);
    }
    error_set(error, ERROR_SOURCE, "%s: there is no such topic; %s", topic, buffer_string(&text));
    buffer_free(&text);
    return -1;
}

static int check_named(const struct topic_list *list, const char *name, const char *const *names,
                       struct error *error)
{
    for (int i = 0; i < list->metadata->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *topic = &list->metadata->topics[i];
        if (strcmp(topic->topic, name) != 0) continue;
        if (topic->err) return error_set(error, ERROR_SOURCE, "%s: %s", name, rd_kafka_err2str(topic->err));
        return 0;
    }
    return unknown_topic(name, names, error);
}

static bool matches_any(const struct topic_choice *pattern, const struct topic_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0 && list->all[i].topic == list->all[i - 1].topic) continue;
        if (topic_choice_takes(pattern, list->all[i].topic)) return true;
    }
    return false;
}

int kafka_topics_check(const struct topic_list *list, const struct topic_filter *filter, bool wait,
                       struct error *error)
{
    struct buffer none = {0};
    const char **names = names_of(list->metadata);
    int result = names ? 0 : error_memory(error), patterns = 0;
    for (size_t i = 0; i < filter->count && result == 0; i++) {
        const struct topic_choice *choice = &filter->all[i];
        if (!choice->pattern) {
            result = check_named(list, choice->text, names, error);
        } else if (!matches_any(choice, list)) {
            const char *near = topic_choice_near(choice, names);
            if (wait)
                log_write(LOG_INFO, "--topic '%s' matches no topic yet; waiting for one%s%s%s", choice->text,
                          near ? " (near is " : "", near ? near : "", near ? ")" : "");
            buffer_printf(&none, "%s'%s'%s%s%s", patterns++ ? ", " : "", choice->text,
                          near ? " (near is " : "", near ? near : "", near ? ")" : "");
        }
    }
    if (result == 0 && patterns && !wait)
        result = error_set(error, ERROR_SOURCE, "no topic matches %s; " HOW_TO_LIST, buffer_string(&none));
    buffer_free(&none);
    free(names);
    return result;
}
