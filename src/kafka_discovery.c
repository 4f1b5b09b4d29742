#include "kafka_discovery.h"

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "cdclite/log.h"
#include "kafka_partitions.h"
#include "thread.h"

enum {
    HURRY_MS = 1000,
    MISSED_LOOKS = 3, /* a broker that has just started may know less than the others for a moment */
    STOP_SECONDS = 2 * KAFKA_ANSWER_MS / 1000,
};

struct kafka_discovery {
    /* Of the thread alone, once it runs. */
    struct rd_kafka_s *consumer;
    const struct topic_filter *filter;
    int interval_ms;
    struct kafka_partitions known;
    unsigned look;
    bool running;
    pthread_t thread;
    /* Of both threads, under the mutex. */
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool stopping, hurry;
    struct discovered *found;
    size_t found_count;
    atomic_bool any; /* `found` holds something: spares the reading thread the mutex */
};

/* Notes that it is there; false when memory ran out. */
static bool note(struct kafka_discovery *discovery, const struct listed_partition *listed)
{
    struct partition *known =
        kafka_partitions_make(&discovery->known, slice_of(listed->topic), listed->partition);
    if (!known) return false;
    known->gone = false;
    known->named = listed->named;
    known->met = discovery->look;
    return true;
}

static bool hand_over(struct kafka_discovery *discovery, struct discovered one)
{
    bool handed = false;
    one.topic = strdup(one.topic);
    pthread_mutex_lock(&discovery->mutex);
    struct discovered *found =
        realloc(discovery->found, (discovery->found_count + 1) * sizeof *discovery->found);
    if (found) discovery->found = found;
    if (found && one.topic) {
        found[discovery->found_count++] = one;
        atomic_store(&discovery->any, handed = true);
    }
    pthread_mutex_unlock(&discovery->mutex);
    if (!handed) free(one.topic);
    return handed;
}

/* Moves the listed partitions that are not known to the front, and gives their number. */
static size_t keep_new(struct kafka_discovery *discovery, struct topic_list *list)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct partition *known =
            kafka_partitions_find(&discovery->known, slice_of(list->all[i].topic), list->all[i].partition);
        if (known && !known->gone) {
            known->met = discovery->look;
        } else if (list->all[i].has_leader) {
            list->all[count++] = list->all[i];
        }
    }
    return count;
}

/* What was there and was not met: gone once that is sure, else to be looked at again soon. */
static void look_for_gone(struct kafka_discovery *discovery, const struct topic_list *list)
{
    for (size_t i = 0; i < discovery->known.count; i++) {
        struct partition *known = discovery->known.all[i];
        if (known->gone || known->met == discovery->look) continue;
        if (topic_list_in_trouble(list, known->topic)) {
            known->met = discovery->look;
        } else if (discovery->look - known->met < MISSED_LOOKS) {
            kafka_discovery_hurry(discovery);
        } else {
            known->gone = hand_over(discovery, (struct discovered){.topic = known->topic,
                                                                   .partition = known->partition,
                                                                   .named = known->named,
                                                                   .gone = true});
        }
    }
}

/* What fails here is tried again with the next look: a broker that is down is no error. */
static void look(struct kafka_discovery *discovery)
{
    struct topic_list list;
    int code = kafka_topics_list(discovery->consumer, discovery->filter, &list);
    if (code == 0) {
        discovery->look++;
        size_t count = keep_new(discovery, &list);
        code = kafka_topics_bounds(discovery->consumer, list.all, count);
        for (size_t i = 0; i < count && code == 0; i++) {
            const struct listed_partition *listed = &list.all[i];
            if (listed->code)
                log_write(LOG_DEBUG, "%s, partition %d: %s", listed->topic, listed->partition,
                          rd_kafka_err2str((rd_kafka_resp_err_t)listed->code));
            if (listed->code || !hand_over(discovery, (struct discovered){.topic = (char *)listed->topic,
                                                                          .partition = listed->partition,
                                                                          .named = listed->named,
                                                                          .low = listed->low,
                                                                          .high = listed->high}))
                continue;
            /* One that could not be noted is handed over again: whoever takes it knows it by then. */
            if (!note(discovery, listed)) break;
        }
        look_for_gone(discovery, &list);
    }
    if (code) log_write(LOG_DEBUG, "looking for new topics: %s", rd_kafka_err2str((rd_kafka_resp_err_t)code));
    topic_list_free(&list);
}

/* Sleeps until the next look; false when there shall be none. */
static bool sleep_until_next(struct kafka_discovery *discovery)
{
    struct timespec now;
    int64_t slept_ms = 0, began_ms;
    pthread_mutex_lock(&discovery->mutex);
    clock_gettime(CLOCK_MONOTONIC, &now);
    began_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    while (!discovery->stopping) {
        int64_t whole = discovery->interval_ms;
        /* Whoever waits for the first topic waits for nothing else. */
        if ((discovery->hurry || discovery->known.count == 0) && whole > HURRY_MS) whole = HURRY_MS;
        if (slept_ms >= whole) break;
        int64_t until_ms = began_ms + whole;
        struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
        pthread_cond_timedwait(&discovery->wake, &discovery->mutex, &until);
        clock_gettime(CLOCK_MONOTONIC, &now);
        slept_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - began_ms;
    }
    discovery->hurry = false;
    bool more = !discovery->stopping;
    pthread_mutex_unlock(&discovery->mutex);
    return more;
}

static void *run(void *context)
{
    struct kafka_discovery *discovery = context;
    while (sleep_until_next(discovery)) look(discovery);
    return NULL;
}

int kafka_discovery_start(struct rd_kafka_s *consumer, const struct topic_filter *filter,
                          const struct topic_list *list, int interval_ms, struct kafka_discovery **started,
                          struct error *error)
{
    pthread_condattr_t clock;
    struct kafka_discovery *discovery = *started = calloc(1, sizeof *discovery);
    if (!discovery) return error_memory(error);
    discovery->consumer = consumer;
    discovery->filter = filter;
    discovery->interval_ms = interval_ms;
    pthread_mutex_init(&discovery->mutex, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&discovery->wake, &clock);
    pthread_condattr_destroy(&clock);
    for (size_t i = 0; i < list->count; i++)
        if (!note(discovery, &list->all[i])) return error_memory(error);
    if (thread_start(&discovery->thread, run, discovery, error)) return -1;
    discovery->running = true;
    return 0;
}

size_t kafka_discovery_take(struct kafka_discovery *discovery, struct discovered **found)
{
    if (!atomic_load_explicit(&discovery->any, memory_order_relaxed)) return 0;
    pthread_mutex_lock(&discovery->mutex);
    size_t count = discovery->found_count;
    *found = discovery->found;
    discovery->found = NULL;
    discovery->found_count = 0;
    atomic_store(&discovery->any, false);
    pthread_mutex_unlock(&discovery->mutex);
    return count;
}

void discovered_free(struct discovered *found, size_t count)
{
    for (size_t i = 0; i < count; i++) free(found[i].topic);
    free(found);
}

static void wake(struct kafka_discovery *discovery, bool *reason)
{
    pthread_mutex_lock(&discovery->mutex);
    *reason = true;
    pthread_cond_signal(&discovery->wake);
    pthread_mutex_unlock(&discovery->mutex);
}

void kafka_discovery_hurry(struct kafka_discovery *discovery)
{
    wake(discovery, &discovery->hurry);
}

bool kafka_discovery_stop(struct kafka_discovery *discovery)
{
    if (!discovery) return true;
    if (discovery->running) {
        struct timespec until;
        wake(discovery, &discovery->stopping);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += STOP_SECONDS;
        if (pthread_timedjoin_np(discovery->thread, NULL, &until)) {
            log_write(LOG_DEBUG, "a question to the brokers is not answered; left behind");
            pthread_detach(discovery->thread);
            return false;
        }
    }
    kafka_partitions_free(&discovery->known);
    discovered_free(discovery->found, discovery->found_count);
    pthread_cond_destroy(&discovery->wake);
    pthread_mutex_destroy(&discovery->mutex);
    free(discovery);
    return true;
}
