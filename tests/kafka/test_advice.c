/*
 * What somebody is told who has just wired a pipeline and gets nothing, on librdkafka's mock cluster: which
 * topics there are, and what to look at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cdclite/kafka_source.h"
#include "cdclite/log.h"
#include "world.h"

#define TOPIC "bank.bank_data.holding"

static int start(void **state)
{
    int result = begin(state);
    struct world *world = *state;
    return result ? result : mock_kafka_start(&world->mock, &world->error);
}

static void make_topic(struct world *world, const char *topic)
{
    assert_int_equal(mock_kafka_topic(world->mock, topic, 1, &world->error), 0);
}

static void produce(struct world *world, const char *topic)
{
    struct message message = {.topic = slice_of(topic),
                              .timestamp_ms = 1795452392611,
                              .value = slice_of("{\"ts_ms\":1795452392611}")};
    assert_int_equal(mock_kafka_produce(world->mock, &message, &world->error), 0);
    assert_int_equal(mock_kafka_flush(world->mock, &world->error), 0);
}

/* The error of a load of a topic that is not there. */
static const char *refused(struct world *world, const char *topic)
{
    assert_int_equal(load(world, "-b", mock_kafka_brokers(world->mock), "-t", topic, "-e", NULL),
                     ERROR_SOURCE);
    return world->error.text;
}

static void test_no_topics_at_all(void **state)
{
    assert_string_equal(refused(*state, TOPIC), TOPIC
                        ": there is no such topic; Debezium makes it with the table's first event, and calls "
                        "it topic.prefix.schema.table; topics that there are: none");
}

static void test_topics_far_from_it(void **state)
{
    struct world *world = *state;
    make_topic(world, "a");
    make_topic(world, "__consumer_offsets");
    make_topic(world, "b");
    assert_non_null(strstr(refused(world, TOPIC), "; topics that there are: "));
    assert_non_null(strstr(world->error.text, "a, b") ? strstr(world->error.text, "a, b")
                                                      : strstr(world->error.text, "b, a"));
    assert_null(strstr(world->error.text, "__consumer_offsets"));
    make_topic(world, "c");
    make_topic(world, "d");
    make_topic(world, "e");
    assert_non_null(strstr(refused(world, TOPIC), " and 2 more"));
}

static void test_topics_near_it(void **state)
{
    struct world *world = *state;
    make_topic(world, "elsewhere");
    make_topic(world, "bank.bank_data.holdings");
    make_topic(world, "bank.bank.holding");
    make_topic(world, "the-server-of-another-department.archive.Holding");
    assert_string_equal(
        refused(world, TOPIC),
        TOPIC ": there is no such topic; did you mean bank.bank_data.holdings, bank.bank.holding or "
              "the-server-of-another-department.archive.Holding?");
    assert_string_equal(refused(world, "holding"),
                        "holding: there is no such topic; did you mean bank.bank.holding or "
                        "the-server-of-another-department.archive.Holding?");
}

static void test_long_names(void **state)
{
    struct world *world = *state;
    make_topic(world, "a-server-with-quite-a-long-name.and-a-schema-with-another-one.customer_order_line");
    assert_non_null(strstr(
        refused(world, "a-server-with-quite-a-long-name.and-a-schema-with-another-one.customer_order_lines"),
        "did you mean a-server-with-quite-a-long-name.and-a-schema-with-another-one.customer_order_line?"));
}

/* What a source says on standard error in a while in which `count` messages come. */
static void listen(struct world *world, const char *topic, bool until_end, bool loaded, int count, char *said,
                   size_t size)
{
    enum { SILENCE_MS = 200 };
    const char *const topics[] = {topic, NULL};
    struct topic_filter filter = {0};
    struct positions positions = {0};
    struct source *source;
    struct message message;
    assert_int_equal(topic_filter_make(&filter, topics, &world->error), 0);
    const struct kafka_settings settings = {.brokers = mock_kafka_brokers(world->mock),
                                            .topics = &filter,
                                            .until_end = until_end,
                                            .silence_ms = SILENCE_MS};
    if (loaded) {
        struct position *position = positions_make(&positions, slice_of(topic), 0);
        assert_non_null(position);
        position->stored = true;
        position->next_offset = 0;
    }
    int file = open(world->file, O_RDWR | O_CREAT | O_TRUNC, 0600), kept = dup(STDERR_FILENO), came = 0;
    dup2(file, STDERR_FILENO);
    int opened = kafka_source_open(&settings, &positions, &source, &world->error), outcome = SOURCE_IDLE;
    int64_t until = milliseconds() + 5 * SILENCE_MS;
    if (!opened) source->turn(source, 0);
    while (!opened && milliseconds() < until && outcome != SOURCE_END) {
        outcome = source->next(source, 20, &message, &world->error);
        came += outcome == SOURCE_MESSAGE;
        if (outcome == SOURCE_MESSAGE) source->turn(source, 0);
    }
    if (!opened) source->close(source);
    dup2(kept, STDERR_FILENO);
    close(kept);
    assert_int_equal(opened, 0);
    assert_int_equal(came, count);
    ssize_t got = pread(file, said, size - 1, 0);
    said[got > 0 ? got : 0] = '\0';
    close(file);
    positions_free(&positions);
    topic_filter_free(&filter);
}

static int times(const char *text, const char *what)
{
    int count = 0;
    while ((text = strstr(text, what))) {
        text++;
        count++;
    }
    return count;
}

static void test_an_empty_topic(void **state)
{
    struct world *world = *state;
    char said[4096];
    make_topic(world, TOPIC);
    listen(world, TOPIC, false, false, 0, said, sizeof said);
    assert_int_equal(times(said, "no event for 1 s: the topic is empty: check that the connector"), 1);
    listen(world, TOPIC, true, false, 0, said, sizeof said);
    assert_int_equal(times(said, "there is no event: the topic is empty: check that the connector"), 1);
}

static void test_no_topic_that_matches(void **state)
{
    struct world *world = *state;
    char said[4096];
    listen(world, "^bank[.]", false, false, 0, said, sizeof said);
    assert_int_equal(times(said, "no event for 1 s: no topic matches. Debezium makes a topic with"), 1);
}

static void test_quiet_but_not_new(void **state)
{
    struct world *world = *state;
    char said[4096];
    make_topic(world, TOPIC);
    listen(world, TOPIC, false, true, 0, said, sizeof said);
    assert_int_equal(times(said, "no event"), 0);
}

static void test_events_came(void **state)
{
    struct world *world = *state;
    char said[4096];
    make_topic(world, TOPIC);
    produce(world, TOPIC);
    listen(world, TOPIC, false, false, 1, said, sizeof said);
    assert_int_equal(times(said, "no event"), 0);
    listen(world, TOPIC, true, false, 1, said, sizeof said);
    assert_int_equal(times(said, "no event"), 0);
}

/* With the interval that users have, of 10 s. */
static void test_the_first_topic_is_found_soon(void **state)
{
    struct world *world = *state;
    const char *const topics[] = {"^bank[.]", NULL};
    struct topic_filter filter = {0};
    struct positions positions = {0};
    struct source *source;
    struct message message;
    int outcome = SOURCE_IDLE;
    assert_int_equal(topic_filter_make(&filter, topics, &world->error), 0);
    const struct kafka_settings settings = {.brokers = mock_kafka_brokers(world->mock), .topics = &filter};
    assert_int_equal(kafka_source_open(&settings, &positions, &source, &world->error), 0);
    make_topic(world, TOPIC);
    produce(world, TOPIC);
    int64_t until = milliseconds() + 5000;
    source->turn(source, 0);
    while (milliseconds() < until && outcome == SOURCE_IDLE)
        outcome = source->next(source, 20, &message, &world->error);
    assert_int_equal(outcome, SOURCE_MESSAGE);
    source->close(source);
    positions_free(&positions);
    topic_filter_free(&filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_topics_at_all, start, end),
        cmocka_unit_test_setup_teardown(test_topics_far_from_it, start, end),
        cmocka_unit_test_setup_teardown(test_topics_near_it, start, end),
        cmocka_unit_test_setup_teardown(test_long_names, start, end),
        cmocka_unit_test_setup_teardown(test_an_empty_topic, start, end),
        cmocka_unit_test_setup_teardown(test_no_topic_that_matches, start, end),
        cmocka_unit_test_setup_teardown(test_quiet_but_not_new, start, end),
        cmocka_unit_test_setup_teardown(test_events_came, start, end),
        cmocka_unit_test_setup_teardown(test_the_first_topic_is_found_soon, start, end),
    };
    log_set_level(LOG_WARNING);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
