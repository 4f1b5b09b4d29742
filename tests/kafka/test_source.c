/*
 * What the Kafka source owes to the thread that stores while it reads on, on librdkafka's mock cluster.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "cdclite/kafka_source.h"
#include "cdclite/log.h"
#include "world.h"

#define TOPIC "bank.data.event"
#define VALUE "value %d"

static void produce(struct world *world, int number)
{
    char value[64];
    snprintf(value, sizeof value, VALUE, number);
    struct message message = {
        .topic = slice_of(TOPIC), .timestamp_ms = 1795452392611, .value = slice_of(value)};
    assert_int_equal(mock_kafka_produce(world->mock, &message, &world->error), 0);
    assert_int_equal(mock_kafka_flush(world->mock, &world->error), 0);
}

/* What the source gives next, if need be after a while. */
static int next(struct source *source, struct message *message, struct error *error)
{
    int outcome = SOURCE_IDLE;
    for (int i = 0; i < 500 && outcome == SOURCE_IDLE; i++) {
        if (i) usleep(10000); /* it does not wait itself once it gave something in this turn */
        outcome = source->next(source, 100, message, error);
    }
    return outcome;
}

/* What was given stays until its slot turns again, whatever is read behind it; and whoever has something is
 * not kept waiting for more. */
static void test_records_stay_for_a_turn(void **state)
{
    enum { IN_TURN = 25, TURNS = 10 };
    struct world *world = *state;
    struct error *error = &world->error;
    struct topic_filter filter = {0};
    const char *const topics[] = {TOPIC, NULL};
    /* A few records an answer: what the last of them leaves is used again soon. */
    const char *const properties[] = {"fetch.wait.max.ms=20", "fetch.message.max.bytes=1000", NULL};
    struct positions positions = {0};
    struct source *source;
    struct message held[SOURCE_SLOTS][IN_TURN], more;
    assert_int_equal(mock_kafka_start(&world->mock, error), 0);
    assert_int_equal(mock_kafka_topic(world->mock, TOPIC, 1, error), 0);
    for (int i = 0; i < IN_TURN * TURNS; i++) produce(world, i);
    assert_int_equal(topic_filter_make(&filter, topics, error), 0);
    const struct kafka_settings settings = {
        .brokers = mock_kafka_brokers(world->mock), .topics = &filter, .properties = properties};
    assert_int_equal(kafka_source_open(&settings, &positions, &source, error), 0);
    for (int turn = 0; turn < TURNS; turn++) {
        source->turn(source, (unsigned)turn % SOURCE_SLOTS);
        for (int i = 0; i < IN_TURN; i++)
            assert_int_equal(next(source, &held[turn % SOURCE_SLOTS][i], error), SOURCE_MESSAGE);
        for (int past = turn; past >= 0 && past > turn - SOURCE_SLOTS; past--)
            for (int i = 0; i < IN_TURN; i++) {
                char expected[64];
                const struct message *message = &held[past % SOURCE_SLOTS][i];
                snprintf(expected, sizeof expected, VALUE, past * IN_TURN + i);
                assert_int_equal(message->offset, past * IN_TURN + i);
                assert_true(slice_is(message->value, expected));
            }
    }
    int64_t began = milliseconds();
    for (int i = 0; i < 3; i++) /* the end of the log is an event, which is not waited for either */
        assert_int_equal(source->next(source, 5000, &more, error), SOURCE_IDLE);
    assert_true(milliseconds() - began < 2000);
    source->turn(source, TURNS % SOURCE_SLOTS);
    began = milliseconds();
    for (int i = 0; i < 3; i++) assert_int_equal(source->next(source, 100, &more, error), SOURCE_IDLE);
    assert_true(milliseconds() - began >= 200);
    source->close(source);
    positions_free(&positions);
    topic_filter_free(&filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_records_stay_for_a_turn, begin, end),
    };
    log_set_level(LOG_WARNING);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
