/*
 * Kafka's troubles on librdkafka's mock cluster: whatever happens in the middle of a load, the history holds
 * each record once and in its partition's order, or the load ends and says why. Each event carries its own
 * place as its id, so that the history is held against what was produced.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cdclite/log.h"
#include "commands.h"
#include "world.h"

#define TOPIC "bank.data.event"
#define COUNT "SELECT sum(changes) FROM batch"

enum {
    BROKERS = 3,
    PARTITIONS = 2,
    EVENTS = 1500, /* a partition; with SMALL_FETCHES and SLOW_MS read in some seconds */
    SLOW_MS = 4,
    MOST_COMMIT_MS = 5000, /* of a load that waits a little, in vain, for the last offsets to be committed */
    STRIDE = 1000000,      /* between the ids of two partitions */
    API_FETCH = 1,
    API_LIST_OFFSETS = 2,
    API_OFFSET_COMMIT = 8,
    API_FIND_COORDINATOR = 10,
};

static int begin_cluster(void **state)
{
    int result = begin(state);
    struct world *world = *state;
    if (result || mock_kafka_start_brokers(&world->mock, BROKERS, &world->error)) return -1;
    return mock_kafka_topic(world->mock, TOPIC, PARTITIONS, &world->error);
}

static rd_kafka_mock_cluster_t *cluster(const struct world *world)
{
    return mock_kafka_cluster(world->mock);
}

/* `count` events more into each partition; `next` is the first one's offset. */
static void produce(struct world *world, int64_t next, int64_t count, size_t padding)
{
    char *value = malloc(padding + 512);
    for (int64_t i = 0; i < count * PARTITIONS; i++) {
        int32_t partition = (int32_t)(i % PARTITIONS);
        int64_t id = partition * STRIDE + next + i / PARTITIONS;
        sprintf(
            value,
            "{\"before\":null,\"after\":{\"id\":%lld},\"source\":{\"name\":\"s\",\"schema\":\"x\",\"table\":"
            "\"event\",\"ts_ms\":1795452392611,\"txId\":%lld,\"lsn\":%lld},\"op\":\"c\",\"pad\":\"%0*d\"}",
            (long long)id, (long long)id, (long long)id, (int)padding, 0);
        struct message message = {.topic = slice_of(TOPIC),
                                  .partition = partition,
                                  .timestamp_ms = 1795452392611 + id,
                                  .value = slice_of(value)};
        assert_int_equal(mock_kafka_produce(world->mock, &message, &world->error), 0);
        /* Kafka gives whole batches: many small ones make a load that can be disturbed in its middle. */
        if (i % 20 == 19) assert_int_equal(mock_kafka_flush(world->mock, &world->error), 0);
    }
    free(value);
    assert_int_equal(mock_kafka_flush(world->mock, &world->error), 0);
}

static void set_slow(struct world *world, int milliseconds)
{
    for (int32_t broker = 1; broker <= BROKERS; broker++)
        rd_kafka_mock_broker_set_rtt(cluster(world), broker, milliseconds);
}

static void set_all(struct world *world, bool up)
{
    for (int32_t broker = 1; broker <= BROKERS; broker++)
        if (up)
            rd_kafka_mock_broker_set_up(cluster(world), broker);
        else
            rd_kafka_mock_broker_set_down(cluster(world), broker);
}

/* Each event once, at its place, in its partition's order, and nothing else. */
static void check_whole(const struct world *world, int64_t events)
{
    assert_int_equal(ask(world, world->db, "SELECT count(*) FROM event_history"), events * PARTITIONS);
    assert_int_equal(
        ask(world, world->db,
            "SELECT count(*) FROM event_history WHERE after_id <> kafka_partition * 1000000 + kafka_offset"),
        0);
    assert_int_equal(ask(world, world->db,
                         "SELECT count(*) FROM (SELECT kafka_offset, row_number() OVER (PARTITION BY "
                         "kafka_partition ORDER BY change_id) - 1 AS expected FROM event_history) "
                         "WHERE kafka_offset <> expected"),
                     0);
    assert_int_equal(ask(world, world->db, "SELECT count(*) FROM rejected_event"), 0);
    assert_int_equal(ask(world, world->db, "SELECT count(*) FROM redelivered_event"), 0);
}

static void *run(void *context)
{
    struct world *world = context;
    return (void *)(intptr_t)load(world, "-b", mock_kafka_brokers(world->mock), "-t", TOPIC, "-X",
                                  "fetch.wait.max.ms=20", "-X", "fetch.message.max.bytes=8000", "-X",
                                  "topic.metadata.refresh.interval.ms=200", "-X", "socket.timeout.ms=1000",
                                  "-X", "topic.metadata.propagation.max.ms=1000", NULL);
}

static int64_t loaded(const struct world *world)
{
    return access(world->db, F_OK) ? 0 : ask(world, world->db, COUNT);
}

static void wait_for(const struct world *world, int64_t count)
{
    int64_t began = milliseconds();
    while (loaded(world) < count) {
        if (milliseconds() - began > 30000)
            fail_msg("%lld of %lld events came", (long long)loaded(world), (long long)count);
        usleep(10000);
    }
}

/* A load that follows is in the middle of the backlog. */
static pthread_t start_in_the_middle(struct world *world)
{
    pthread_t thread;
    produce(world, 0, EVENTS, 100);
    set_slow(world, SLOW_MS);
    assert_int_equal(pthread_create(&thread, NULL, run, world), 0);
    wait_for(world, 1);
    assert_true(loaded(world) < EVENTS * PARTITIONS);
    return thread;
}

static int joined(pthread_t thread)
{
    void *code;
    assert_int_equal(pthread_join(thread, &code), 0);
    return (int)(intptr_t)code;
}

/* The fault is over: the rest comes, and what is new as well. */
static void finish(struct world *world, pthread_t thread)
{
    set_slow(world, 0);
    produce(world, EVENTS, 100, 100);
    wait_for(world, (EVENTS + 100) * PARTITIONS);
    usleep(300000);
    stop_requested = 1;
    assert_int_equal(joined(thread), 0);
    check_whole(world, EVENTS + 100);
}

static void test_undisturbed(void **state)
{
    finish(*state, start_in_the_middle(*state));
}

static void test_brokers_go_and_come_back(void **state)
{
    struct world *world = *state;
    pthread_t thread = start_in_the_middle(world);
    for (int i = 0; i < 3; i++) {
        set_all(world, false);
        usleep(150000);
        set_all(world, true);
        usleep(250000);
    }
    finish(world, thread);
}

/* Longer than a request may take. */
static void test_all_brokers_stay_away(void **state)
{
    struct world *world = *state;
    pthread_t thread = start_in_the_middle(world);
    set_all(world, false);
    usleep(3000000);
    set_all(world, true);
    finish(world, thread);
}

static void test_leaders_move(void **state)
{
    struct world *world = *state;
    pthread_t thread = start_in_the_middle(world);
    for (int32_t i = 0; i < 9; i++) {
        for (int32_t partition = 0; partition < PARTITIONS; partition++)
            rd_kafka_mock_partition_set_leader(cluster(world), TOPIC, partition,
                                               1 + (i + partition) % BROKERS);
        usleep(100000);
    }
    finish(world, thread);
}

/* The leader dies, and there is none for a while. */
static void test_leader_dies(void **state)
{
    struct world *world = *state;
    for (int32_t partition = 0; partition < PARTITIONS; partition++)
        rd_kafka_mock_partition_set_leader(cluster(world), TOPIC, partition, 1);
    pthread_t thread = start_in_the_middle(world);
    rd_kafka_mock_broker_set_down(cluster(world), 1);
    for (int32_t partition = 0; partition < PARTITIONS; partition++)
        rd_kafka_mock_partition_set_leader(cluster(world), TOPIC, partition, -1);
    usleep(700000);
    for (int32_t partition = 0; partition < PARTITIONS; partition++)
        rd_kafka_mock_partition_set_leader(cluster(world), TOPIC, partition, 2 + partition);
    finish(world, thread);
}

/* Reads go to a follower (of the same rack), which holds the log from `low` to `high` as yet. */
static void set_followers(struct world *world, int64_t low, int64_t high)
{
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        rd_kafka_mock_partition_set_leader(cluster(world), TOPIC, partition, 1);
        rd_kafka_mock_partition_set_follower_wmarks(cluster(world), TOPIC, partition, low, high);
        rd_kafka_mock_partition_set_follower(cluster(world), TOPIC, partition, 2);
    }
}

static void test_follower_lags(void **state)
{
    struct world *world = *state;
    pthread_t thread = start_in_the_middle(world);
    set_followers(world, 0, 50);
    usleep(1000000);
    set_followers(world, 0, -1);
    finish(world, thread);
}

/* It has deleted what comes next: librdkafka does not ask the leader, so the load ends, and the next one goes
 * on. */
static void test_follower_has_deleted_more(void **state)
{
    struct world *world = *state;
    pthread_t thread = start_in_the_middle(world);
    set_followers(world, EVENTS - 1, -1);
    assert_int_equal(joined(thread), ERROR_SOURCE);
    assert_non_null(strstr(world->error.text, "no longer holds the next offset"));
    for (int32_t partition = 0; partition < PARTITIONS; partition++)
        rd_kafka_mock_partition_set_follower(cluster(world), TOPIC, partition, -1);
    assert_int_equal(pthread_create(&thread, NULL, run, world), 0);
    finish(world, thread);
}

static void test_fetch_errors(void **state)
{
    static const rd_kafka_resp_err_t codes[] = {
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
        RD_KAFKA_RESP_ERR_INVALID_MSG,
        RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
        RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
        RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
        RD_KAFKA_RESP_ERR_UNKNOWN,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RD_KAFKA_RESP_ERR__TRANSPORT,
        RD_KAFKA_RESP_ERR__TIMED_OUT,
    };
    struct world *world = *state;
    pthread_t thread = start_in_the_middle(world);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        rd_kafka_mock_push_request_errors(cluster(world), API_FETCH, 2, codes[i], codes[i]);
        usleep(100000);
    }
    finish(world, thread);
}

/* An answer later than it is waited for may come when the same was asked for again. */
static void test_answers_come_late(void **state)
{
    struct world *world = *state;
    pthread_t thread = start_in_the_middle(world);
    set_slow(world, 1500);
    usleep(3500000);
    finish(world, thread);
}

static void test_topic_is_unknown_for_a_moment(void **state)
{
    static const rd_kafka_resp_err_t codes[] = {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
                                                RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART};
    struct world *world = *state;
    pthread_t thread = start_in_the_middle(world);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        rd_kafka_mock_topic_set_error(cluster(world), TOPIC, codes[i]);
        usleep(300000);
        rd_kafka_mock_topic_set_error(cluster(world), TOPIC, RD_KAFKA_RESP_ERR_NO_ERROR);
        usleep(600000);
    }
    finish(world, thread);
}

static int load_to_the_end(struct world *world, const char *more)
{
    return load(world, "-b", mock_kafka_brokers(world->mock), "-t", TOPIC, "-e", "-X", "fetch.wait.max.ms=20",
                more, NULL);
}

static void test_errors_at_start(void **state)
{
    static const rd_kafka_resp_err_t codes[] = {
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
        RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR__TRANSPORT,
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        produce(world, (int64_t)i * 10, 10, 100);
        rd_kafka_mock_push_request_errors(cluster(world), API_LIST_OFFSETS, 1, codes[i]);
        if (load_to_the_end(world, NULL)) fail_msg("%s: %s", rd_kafka_err2name(codes[i]), world->error.text);
        rd_kafka_mock_clear_request_errors(cluster(world), API_LIST_OFFSETS);
        check_whole(world, (int64_t)(i + 1) * 10);
    }
}

/* Offsets in Kafka are for lag monitors: no load is held up or fails for them. */
static void test_commit_errors(void **state)
{
    static const rd_kafka_resp_err_t codes[] = {
        RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
        RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
        RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE,
        RD_KAFKA_RESP_ERR__TRANSPORT,
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        produce(world, (int64_t)i * 10, 10, 100);
        for (int k = 0; k < 5; k++) {
            rd_kafka_mock_push_request_errors(cluster(world), API_OFFSET_COMMIT, 1, codes[i]);
            rd_kafka_mock_push_request_errors(cluster(world), API_FIND_COORDINATOR, 1, codes[i]);
        }
        int64_t began = milliseconds();
        if (load_to_the_end(world, NULL)) fail_msg("%s: %s", rd_kafka_err2name(codes[i]), world->error.text);
        assert_true(milliseconds() - began < MOST_COMMIT_MS);
        rd_kafka_mock_clear_request_errors(cluster(world), API_OFFSET_COMMIT);
        rd_kafka_mock_clear_request_errors(cluster(world), API_FIND_COORDINATOR);
        check_whole(world, (int64_t)(i + 1) * 10);
    }
}

enum { BIG = 10000, BIG_EVENTS = 1200 }; /* some 12 MiB a partition, of which the mock cluster keeps 5 */

static void test_stored_position_below_the_log(void **state)
{
    struct world *world = *state;
    produce(world, 0, 10, 100);
    assert_int_equal(load_to_the_end(world, NULL), 0);
    produce(world, 10, BIG_EVENTS, BIG);
    assert_int_equal(load_to_the_end(world, NULL), ERROR_SOURCE);
    assert_non_null(strstr(world->error.text, "loaded up to offset 10"));
    assert_non_null(strstr(world->error.text, "retention deleted events that were not loaded"));
    assert_non_null(strstr(world->error.text, "another --db"));
    assert_non_null(strstr(world->error.text, "--restart-at beginning (or end)"));
    check_whole(world, 10);
    assert_int_equal(load_to_the_end(world, "--restart-at=beginning"), 0);
    /* The first ten, and from the log's start to its end. */
    assert_int_equal(ask(world, world->db,
                         "SELECT count(*) FROM event_history WHERE after_id <> kafka_partition * 1000000 + "
                         "kafka_offset"),
                     0);
    assert_int_equal(
        ask(world, world->db,
            "SELECT min(last = 1209 AND count = 1 + last - first AND first > 10) FROM (SELECT "
            "min(kafka_offset) AS first, max(kafka_offset) AS last, count(DISTINCT kafka_offset) "
            "AS count FROM event_history WHERE kafka_offset >= 10 GROUP BY kafka_partition)"),
        1);
}

static void test_retention_overtakes_the_load(void **state)
{
    struct world *world = *state;
    pthread_t thread = start_in_the_middle(world);
    for (int i = 0; i < 200; i++)
        rd_kafka_mock_push_request_errors(cluster(world), API_FETCH, 1,
                                          RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR);
    set_slow(world, 0);
    produce(world, EVENTS, BIG_EVENTS, BIG);
    rd_kafka_mock_clear_request_errors(cluster(world), API_FETCH);
    assert_int_equal(joined(thread), ERROR_SOURCE);
    assert_non_null(strstr(world->error.text, "no longer holds the next offset"));
    int64_t first = ask(world, world->db, "SELECT next_offset FROM position WHERE partition = 0");
    assert_int_equal(ask(world, world->db, "SELECT count(*) FROM event_history WHERE kafka_partition = 0"),
                     first);
    assert_int_equal(load_to_the_end(world, NULL), ERROR_SOURCE);
    assert_non_null(strstr(world->error.text, "--restart-at beginning (or end)"));
    assert_int_equal(load_to_the_end(world, "--restart-at=end"), 0);
    assert_int_equal(ask(world, world->db, "SELECT min(next_offset) FROM position"), EVENTS + BIG_EVENTS);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_undisturbed, begin_cluster, end),
        cmocka_unit_test_setup_teardown(test_brokers_go_and_come_back, begin_cluster, end),
        cmocka_unit_test_setup_teardown(test_all_brokers_stay_away, begin_cluster, end),
        cmocka_unit_test_setup_teardown(test_leaders_move, begin_cluster, end),
        cmocka_unit_test_setup_teardown(test_leader_dies, begin_cluster, end),
        cmocka_unit_test_setup_teardown(test_follower_lags, begin_cluster, end),
        cmocka_unit_test_setup_teardown(test_follower_has_deleted_more, begin_cluster, end),
        cmocka_unit_test_setup_teardown(test_fetch_errors, begin_cluster, end),
        cmocka_unit_test_setup_teardown(test_answers_come_late, begin_cluster, end),
        cmocka_unit_test_setup_teardown(test_topic_is_unknown_for_a_moment, begin_cluster, end),
        cmocka_unit_test_setup_teardown(test_errors_at_start, begin_cluster, end),
        cmocka_unit_test_setup_teardown(test_commit_errors, begin_cluster, end),
        cmocka_unit_test_setup_teardown(test_stored_position_below_the_log, begin_cluster, end),
        cmocka_unit_test_setup_teardown(test_retention_overtakes_the_load, begin_cluster, end),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]); /* "*commit*" */
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
