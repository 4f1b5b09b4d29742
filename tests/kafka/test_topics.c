/*
 * Many topics: names and patterns, and what comes and goes while they are loaded. The mock cluster makes
 * topics at any time, but cannot add partitions or delete topics: so what is not there yet, or no longer, is
 * hidden from the lists of topics that the program asks for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cdclite/log.h"
#include "commands.h"
#include "world.h"

#define A "bank.data.a"
#define B "bank.data.b"
#define C "bank.data.c"

#define A_HISTORY "\"bank.data.a_history\""
#define ALL "SELECT sum(changes) FROM batch"

/* What the lists leave out: partitions of B from this number on. */
static atomic_int hidden_from = 1000;

rd_kafka_resp_err_t __real_rd_kafka_metadata(rd_kafka_t *client, int all, rd_kafka_topic_t *only,
                                             const struct rd_kafka_metadata **metadata, int timeout_ms);
rd_kafka_resp_err_t __wrap_rd_kafka_metadata(rd_kafka_t *client, int all, rd_kafka_topic_t *only,
                                             const struct rd_kafka_metadata **metadata, int timeout_ms);

rd_kafka_resp_err_t __wrap_rd_kafka_metadata(rd_kafka_t *client, int all, rd_kafka_topic_t *only,
                                             const struct rd_kafka_metadata **metadata, int timeout_ms)
{
    rd_kafka_resp_err_t code = __real_rd_kafka_metadata(client, all, only, metadata, timeout_ms);
    for (int i = 0; !code && i < (*metadata)->topic_cnt; i++) {
        struct rd_kafka_metadata_topic *topic = &(*metadata)->topics[i];
        if (strcmp(topic->topic, B) != 0) continue;
        if (hidden_from < topic->partition_cnt) topic->partition_cnt = hidden_from;
        if (hidden_from == 0) topic->topic = (char *)"another";
    }
    return code;
}

static int start(void **state)
{
    int result = begin(state);
    struct world *world = *state;
    hidden_from = 1000;
    return result ? result : mock_kafka_start(&world->mock, &world->error);
}

static void make_topic(struct world *world, const char *topic, int partitions)
{
    assert_int_equal(mock_kafka_topic(world->mock, topic, partitions, &world->error), 0);
}

/* `count` events with numbers of their own into each of the partitions. */
static void produce(struct world *world, const char *topic, int partitions, int count)
{
    static int number;
    char value[512];
    for (int i = 0; i < count * partitions; i++) {
        snprintf(value, sizeof value,
                 "{\"before\":null,\"after\":{\"id\":%d},\"source\":{\"name\":\"s\",\"schema\":\"x\","
                 "\"table\":\"%s\",\"ts_ms\":1795452392611,\"txId\":%d,\"lsn\":%d},\"op\":\"c\"}",
                 number, topic, number, number);
        number++;
        struct message message = {.topic = slice_of(topic),
                                  .partition = i % partitions,
                                  .timestamp_ms = 1795452392611 + number,
                                  .value = slice_of(value)};
        assert_int_equal(mock_kafka_produce(world->mock, &message, &world->error), 0);
    }
    assert_int_equal(mock_kafka_flush(world->mock, &world->error), 0);
}

static int load_all(struct world *world, const char *topic, const char *more)
{
    return load(world, "-b", mock_kafka_brokers(world->mock), "-t", topic, "-e", "-X", "fetch.wait.max.ms=50",
                more, NULL);
}

static int64_t all(const struct world *world)
{
    return ask(world, world->db, ALL);
}

/* The topics that have a position, by their names. */
static int64_t positions(const struct world *world)
{
    return ask(world, world->db, "SELECT count(*) FROM position");
}

/* A load that follows, in a thread. */
struct follower {
    struct world *world;
    const char *topics[3];
    pthread_t thread;
};

static void *run(void *context)
{
    struct follower *follower = context;
    const char *second = follower->topics[1] ? "-t" : NULL;
    return (void *)(intptr_t)load(follower->world, "-b", mock_kafka_brokers(follower->world->mock), "-X",
                                  "fetch.wait.max.ms=50", "-X", "topic.metadata.refresh.interval.ms=100",
                                  "-t", follower->topics[0], second, follower->topics[1], NULL);
}

static void follow(struct follower *follower)
{
    assert_int_equal(pthread_create(&follower->thread, NULL, run, follower), 0);
}

static int joined(struct follower *follower)
{
    void *code;
    assert_int_equal(pthread_join(follower->thread, &code), 0);
    return (int)(intptr_t)code;
}

static int stopped(struct follower *follower)
{
    stop_requested = 1;
    int code = joined(follower);
    stop_requested = 0;
    return code;
}

/* Waits until so many changes are stored, and a little more for some that are too many. */
static void wait_for(struct world *world, int64_t count)
{
    int64_t began = milliseconds();
    while (access(world->db, F_OK) != 0 || all(world) < count) {
        if (milliseconds() - began > 15000)
            fail_msg("%lld of %lld changes came", (long long)all(world), (long long)count);
        usleep(10000);
    }
    usleep(100000);
    assert_int_equal(all(world), count);
}

static void test_pattern_takes_all_that_match(void **state)
{
    struct world *world = *state;
    make_topic(world, A, 1);
    make_topic(world, B, 3);
    make_topic(world, "bank.other", 1);
    make_topic(world, "xbank.data.a", 1);
    produce(world, A, 1, 5);
    produce(world, B, 3, 5);
    produce(world, "bank.other", 1, 5);
    produce(world, "xbank.data.a", 1, 5);
    assert_int_equal(load_all(world, "^bank\\.data\\.", NULL), 0);
    assert_int_equal(all(world), 20);
    assert_int_equal(positions(world), 4);
    assert_int_equal(ask(world, world->db, "SELECT count(*) FROM position WHERE topic LIKE 'bank.data.%'"),
                     4);
}

static void test_restart_goes_on_in_all_topics(void **state)
{
    struct world *world = *state;
    make_topic(world, A, 1);
    make_topic(world, B, 3);
    produce(world, A, 1, 5);
    produce(world, B, 3, 5);
    assert_int_equal(load_all(world, "^bank", NULL), 0);
    produce(world, B, 3, 2);
    make_topic(world, C, 2);
    produce(world, C, 2, 4);
    assert_int_equal(load_all(world, "^bank", NULL), 0);
    assert_int_equal(all(world), 20 + 6 + 8);
    assert_int_equal(ask(world, world->db, "SELECT sum(next_offset) FROM position"), 34);
    assert_int_equal(load_all(world, "^bank", NULL), 0);
    assert_int_equal(all(world), 34);
}

static void test_topic_of_several_choices_is_taken_once(void **state)
{
    struct world *world = *state;
    make_topic(world, A, 1);
    make_topic(world, B, 1);
    produce(world, A, 1, 5);
    produce(world, B, 1, 5);
    assert_int_equal(load(world, "-b", mock_kafka_brokers(world->mock), "-e", "-t", "^bank", "-t", A, "-t",
                          "a$", "-t", "^.*b$", NULL),
                     ERROR_SOURCE); /* "a$" is a name, as it does not begin with ^ */
    assert_non_null(strstr(world->error.text, "'^a$'"));
    assert_int_equal(load(world, "-b", mock_kafka_brokers(world->mock), "-e", "-t", "^bank", "-t", A, "-t", A,
                          "-t", "^.*b$", NULL),
                     0);
    assert_int_equal(all(world), 10);
    assert_int_equal(ask(world, world->db, "SELECT count(*) FROM redelivered_event"), 0);
    assert_int_equal(positions(world), 2);
}

static void test_kafkas_own_topics_are_left_out(void **state)
{
    struct world *world = *state;
    make_topic(world, A, 1);
    make_topic(world, "__consumer_offsets", 1);
    make_topic(world, "__debezium-signals", 1);
    produce(world, A, 1, 1);
    produce(world, "__consumer_offsets", 1, 1);
    produce(world, "__debezium-signals", 1, 1);
    assert_int_equal(load_all(world, "^.*", NULL), 0);
    assert_int_equal(all(world), 2);
    assert_int_equal(load_all(world, "__consumer_offsets", NULL), 0);
    assert_int_equal(all(world), 3);
    produce(world, "__consumer_offsets", 1, 1);
    assert_int_equal(load_all(world, "^__c", NULL), 0);
    assert_int_equal(all(world), 4);
}

static void test_nothing_matches_until_the_end(void **state)
{
    struct world *world = *state;
    make_topic(world, A, 1);
    assert_int_equal(load_all(world, "^bank\\.dat\\..*", NULL), ERROR_SOURCE);
    assert_non_null(strstr(world->error.text, "'^bank\\.dat\\..*' (near is " A ")"));
    assert_int_equal(load_all(world, "^server", "--topic=^bank"), ERROR_SOURCE);
    assert_non_null(strstr(world->error.text, "no topic matches '^server'"));
    assert_non_null(strstr(world->error.text, "kcat -L"));
    assert_null(strstr(world->error.text, "bank"));
    assert_int_equal(access(world->db, F_OK), -1);
}

static void test_nothing_matches_yet(void **state)
{
    struct world *world = *state;
    struct follower follower = {.world = world, .topics = {"^bank"}};
    make_topic(world, "server", 1);
    follow(&follower);
    usleep(300000);
    make_topic(world, A, 2);
    produce(world, A, 2, 5);
    wait_for(world, 10);
    assert_int_equal(stopped(&follower), 0);
    assert_int_equal(all(world), 10);
}

static void test_bad_pattern(void **state)
{
    struct world *world = *state;
    assert_int_equal(load_all(world, "^bank(data", NULL), ERROR_USAGE);
    assert_non_null(strstr(world->error.text, "'^bank(data'"));
    assert_non_null(strstr(world->error.text, "from character 6 on: (data"));
    assert_int_equal(access(world->db, F_OK), -1);
}

static void test_new_topic_and_new_partitions(void **state)
{
    struct world *world = *state;
    struct follower follower = {.world = world, .topics = {"^bank"}};
    make_topic(world, A, 1);
    make_topic(world, B, 3);
    hidden_from = 1;
    produce(world, A, 1, 5);
    produce(world, B, 3, 5);
    follow(&follower);
    wait_for(world, 10);
    make_topic(world, C, 2);
    produce(world, C, 2, 5);
    produce(world, A, 1, 5);
    wait_for(world, 25);
    hidden_from = 2;
    wait_for(world, 30);
    hidden_from = 3;
    produce(world, B, 3, 1);
    wait_for(world, 38);
    assert_int_equal(stopped(&follower), 0);
    assert_int_equal(positions(world), 6);
    assert_int_equal(ask(world, world->db, "SELECT sum(next_offset) FROM position"), 38);
}

static void test_new_partition_of_a_name(void **state)
{
    struct world *world = *state;
    struct follower follower = {.world = world, .topics = {B, A}};
    make_topic(world, A, 1);
    make_topic(world, B, 2);
    hidden_from = 1;
    produce(world, B, 2, 5);
    follow(&follower);
    wait_for(world, 5);
    hidden_from = 2;
    wait_for(world, 10);
    assert_int_equal(stopped(&follower), 0);
}

/* Found while running, it goes on where it was left. */
static void test_found_at_its_position(void **state)
{
    struct world *world = *state;
    struct follower follower = {.world = world, .topics = {"^bank"}};
    make_topic(world, A, 1);
    make_topic(world, B, 2);
    produce(world, A, 1, 5);
    produce(world, B, 2, 5);
    assert_int_equal(load_all(world, "^bank", NULL), 0);
    produce(world, B, 2, 3);
    produce(world, A, 1, 1);
    hidden_from = 0;
    follow(&follower);
    wait_for(world, 16);
    hidden_from = 2;
    wait_for(world, 22);
    assert_int_equal(stopped(&follower), 0);
}

/* Found while running, it is checked as at start. */
static void found_made_anew(struct world *world, int events, const char *says)
{
    struct follower follower = {.world = world, .topics = {"^bank"}};
    make_topic(world, A, 1);
    make_topic(world, B, 1);
    produce(world, B, 1, 5);
    assert_int_equal(load_all(world, "^bank", NULL), 0);
    mock_kafka_stop(world->mock);
    assert_int_equal(mock_kafka_start(&world->mock, &world->error), 0);
    make_topic(world, A, 1);
    make_topic(world, B, 1);
    produce(world, A, 1, 1);
    produce(world, B, 1, events);
    hidden_from = 0;
    follow(&follower);
    wait_for(world, 6);
    hidden_from = 1;
    assert_int_equal(joined(&follower), ERROR_SOURCE);
    assert_non_null(strstr(world->error.text, B));
    assert_non_null(strstr(world->error.text, says));
    assert_int_equal(all(world), 6);
}

static void test_found_with_another_anchor(void **state)
{
    found_made_anew(*state, 7, "is not the one that was loaded");
}

static void test_found_out_of_bounds(void **state)
{
    found_made_anew(*state, 3, "the log now holds 0 to 3");
}

/* A topic that goes leaves the others alone; one that is back goes on without loss and doubles. */
static void test_matched_topic_goes_and_comes_back(void **state)
{
    struct world *world = *state;
    struct follower follower = {.world = world, .topics = {"^bank"}};
    make_topic(world, A, 1);
    make_topic(world, B, 2);
    produce(world, A, 1, 5);
    produce(world, B, 2, 5);
    follow(&follower);
    wait_for(world, 15);
    hidden_from = 0;
    usleep(1000000);
    produce(world, A, 1, 5);
    produce(world, B, 2, 3);
    wait_for(world, 20);
    hidden_from = 2;
    wait_for(world, 26);
    produce(world, A, 1, 1);
    produce(world, B, 2, 1);
    wait_for(world, 29);
    assert_int_equal(stopped(&follower), 0);
}

static void test_named_topic_goes(void **state)
{
    struct world *world = *state;
    struct follower follower = {.world = world, .topics = {B, A}};
    make_topic(world, A, 1);
    make_topic(world, B, 2);
    produce(world, B, 2, 5);
    follow(&follower);
    wait_for(world, 10);
    hidden_from = 0;
    assert_int_equal(joined(&follower), ERROR_SOURCE);
    assert_non_null(strstr(world->error.text, B));
    assert_non_null(strstr(world->error.text, "deleted"));
}

/* Nobody to ask is no error. */
static void test_broker_is_away_for_a_while(void **state)
{
    struct world *world = *state;
    struct follower follower = {.world = world, .topics = {"^bank"}};
    make_topic(world, A, 1);
    produce(world, A, 1, 5);
    follow(&follower);
    wait_for(world, 5);
    assert_int_equal(mock_kafka_set_up(world->mock, false, &world->error), 0);
    usleep(700000);
    assert_int_equal(mock_kafka_set_up(world->mock, true, &world->error), 0);
    make_topic(world, C, 1);
    produce(world, C, 1, 5);
    produce(world, A, 1, 5);
    wait_for(world, 15);
    assert_int_equal(stopped(&follower), 0);
}

/* Events keep coming in one topic while others appear: all are there, once, in their order. */
static void test_topics_appear_under_load(void **state)
{
    enum { ROUNDS = 5, EVENTS = 300 };
    struct world *world = *state;
    struct follower follower = {.world = world, .topics = {"^bank", A}};
    make_topic(world, A, 2);
    produce(world, A, 2, EVENTS);
    follow(&follower);
    for (int i = 0; i < ROUNDS; i++) {
        char topic[32];
        snprintf(topic, sizeof topic, "bank.new.%d", i);
        make_topic(world, topic, 2);
        produce(world, topic, 2, 5);
        produce(world, A, 2, EVENTS);
        usleep(50000);
    }
    wait_for(world, 2 * EVENTS * (ROUNDS + 1) + 10 * ROUNDS);
    assert_int_equal(stopped(&follower), 0);
    assert_int_equal(ask(world, world->db,
                         "SELECT count(DISTINCT kafka_partition * 1000000 + kafka_offset) FROM " A_HISTORY),
                     2 * EVENTS * (ROUNDS + 1));
    assert_int_equal(ask(world, world->db, "SELECT count(*) FROM position"), 2 + 2 * ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pattern_takes_all_that_match, start, end),
        cmocka_unit_test_setup_teardown(test_restart_goes_on_in_all_topics, start, end),
        cmocka_unit_test_setup_teardown(test_topic_of_several_choices_is_taken_once, start, end),
        cmocka_unit_test_setup_teardown(test_kafkas_own_topics_are_left_out, start, end),
        cmocka_unit_test_setup_teardown(test_nothing_matches_until_the_end, start, end),
        cmocka_unit_test_setup_teardown(test_nothing_matches_yet, start, end),
        cmocka_unit_test_setup_teardown(test_bad_pattern, start, end),
        cmocka_unit_test_setup_teardown(test_new_topic_and_new_partitions, start, end),
        cmocka_unit_test_setup_teardown(test_new_partition_of_a_name, start, end),
        cmocka_unit_test_setup_teardown(test_found_at_its_position, start, end),
        cmocka_unit_test_setup_teardown(test_found_with_another_anchor, start, end),
        cmocka_unit_test_setup_teardown(test_found_out_of_bounds, start, end),
        cmocka_unit_test_setup_teardown(test_matched_topic_goes_and_comes_back, start, end),
        cmocka_unit_test_setup_teardown(test_named_topic_goes, start, end),
        cmocka_unit_test_setup_teardown(test_broker_is_away_for_a_while, start, end),
        cmocka_unit_test_setup_teardown(test_topics_appear_under_load, start, end),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
