/*
 * The Kafka path against librdkafka's mock cluster, with events recorded from a real one. The truth about
 * m-crash-duplicates: 4,003 changes and 4 snapshot rows in the database, 453 of the changes sent twice, 558
 * tombstones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cdclite/arena.h"
#include "cdclite/input_line.h"
#include "cdclite/log.h"
#include "cdclite/mock_kafka.h"
#include "commands.h"
#include "world.h"

#define TOPIC "bankserver1.bank_data.holding"

enum { M_MESSAGES = 5018, M_CHANGES = 4007, M_REDELIVERED = 453 };

static struct slice recording; /* m-crash-duplicates, uncompressed by the build */

static void start_mock(struct world *world, int partitions)
{
    mock_kafka_stop(world->mock);
    assert_int_equal(mock_kafka_start(&world->mock, &world->error), 0);
    assert_int_equal(mock_kafka_topic(world->mock, TOPIC, partitions, &world->error), 0);
}

/* The recording's first `lines` lines. */
static struct slice first_lines(int lines)
{
    const char *at = recording.at;
    for (; lines > 0; lines--)
        at = (const char *)memchr(at, '\n', (size_t)(recording.at + recording.size - at)) + 1;
    return (struct slice){recording.at, (size_t)(at - recording.at)};
}

static void fill(struct world *world, struct slice text)
{
    assert_int_equal(mock_kafka_fill(world->mock, text, NULL, &world->error), 0);
}

static void produce(struct world *world, int32_t partition, const char *value)
{
    struct message message = {.topic = slice_of(TOPIC),
                              .partition = partition,
                              .timestamp_ms = 1795452392611,
                              .value = slice_of(value)};
    assert_int_equal(mock_kafka_produce(world->mock, &message, &world->error), 0);
    assert_int_equal(mock_kafka_flush(world->mock, &world->error), 0);
}

static int load_topic(struct world *world, const char *more)
{
    return load(world, "--brokers", mock_kafka_brokers(world->mock), "--topic", TOPIC, "--until-end", more,
                NULL);
}

static int64_t rows(const struct world *world)
{
    return ask(world, world->db, "SELECT count(*) FROM holding_history");
}

static char *write_recording(struct world *world, struct slice text)
{
    static char path[96];
    snprintf(path, sizeof path, "%s/recording.jsonl", world->directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.at, 1, text.size, file), text.size);
    fclose(file);
    return path;
}

static void test_topic_equals_its_recording(void **state)
{
    struct world *world = *state;
    char sql[512], *path = write_recording(world, recording);
    start_mock(world, 1);
    fill(world, recording);
    assert_int_equal(load_topic(world, NULL), 0);
    assert_int_equal(rows(world), M_CHANGES);
    assert_int_equal(ask(world, world->db, "SELECT count(*) FROM redelivered_event"), M_REDELIVERED);
    assert_int_equal(ask(world, world->db, "SELECT next_offset FROM position"), M_MESSAGES);
    assert_int_equal(ask(world, world->db, "SELECT end_offset FROM position"), M_MESSAGES);

    /* The same from a file: what tests/recordings holds against the database's own truth. */
    assert_int_equal(load(world, "--input", path, "--no-text", "--db", world->file, NULL), ERROR_USAGE);
    struct world other = *world;
    snprintf(other.db, sizeof other.db, "%s", world->file);
    snprintf(other.text, sizeof other.text, "%s/other.txt", world->directory);
    assert_int_equal(load(&other, "--input", path, NULL), 0);
    snprintf(
        sql, sizeof sql,
        "SELECT count(*) FROM (SELECT * FROM holding_history EXCEPT SELECT * FROM other.holding_history)");
    sqlite3 *handle;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(world->db, &handle), SQLITE_OK);
    char attach[160];
    snprintf(attach, sizeof attach, "ATTACH '%s' AS other", world->file);
    assert_int_equal(sqlite3_exec(handle, attach, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(statement, 0), 0);
    sqlite3_finalize(statement);
    sqlite3_close(handle);
}

static void test_second_load_adds_nothing(void **state)
{
    struct world *world = *state;
    start_mock(world, 1);
    fill(world, first_lines(500));
    assert_int_equal(load_topic(world, NULL), 0);
    int64_t before = rows(world);
    int64_t length = ask(world, world->db, "SELECT committed_length FROM text_log");
    assert_int_equal(load_topic(world, NULL), 0);
    assert_int_equal(rows(world), before);
    assert_int_equal(ask(world, world->db, "SELECT committed_length FROM text_log"), length);
}

static void test_goes_on_where_it_stopped(void **state)
{
    struct world *world = *state;
    start_mock(world, 1);
    fill(world, recording);
    for (int loads = 0; loads < 4; loads++)
        assert_int_equal(load(world, "-b", mock_kafka_brokers(world->mock), "-t", TOPIC, "-c", "700", NULL),
                         0);
    assert_int_equal(ask(world, world->db, "SELECT next_offset FROM position"), 2800);
    assert_int_equal(load_topic(world, NULL), 0);
    assert_int_equal(rows(world), M_CHANGES);
    assert_int_equal(ask(world, world->db, "SELECT count(*) FROM redelivered_event"), M_REDELIVERED);
}

static void test_recording_then_live_topic(void **state)
{
    struct world *world = *state;
    char *path = write_recording(world, first_lines(3000));
    start_mock(world, 1);
    fill(world, recording);
    assert_int_equal(load(world, "--input", path, NULL), 0);
    assert_int_equal(ask(world, world->db, "SELECT next_offset FROM position"), 3000);
    assert_int_equal(load_topic(world, NULL), 0);
    assert_int_equal(rows(world), M_CHANGES);
    /* And the recording once more. */
    assert_int_equal(load(world, "--input", path, NULL), 0);
    assert_int_equal(rows(world), M_CHANGES);
}

/* An event of the other topic. */
static void produce_new(struct world *world, int32_t partition, int number)
{
    char value[512];
    snprintf(value, sizeof value,
             "{\"before\":null,\"after\":{\"holding_id\":%d,\"user_id\":1,\"holding_stock\":\"NEW\","
             "\"holding_quantity\":1,"
             "\"datetime_created\":1,\"datetime_updated\":1},\"source\":{\"name\":\"bankserver1\","
             "\"schema\":\"bank_data\","
             "\"table\":\"holding\",\"ts_ms\":1795452392611,\"txId\":%d,\"lsn\":%d},\"op\":\"c\"}",
             number, 900000 + number, 300000000 + number);
    produce(world, partition, value);
}

/* Another topic of the same name, as long as the first. */
static void make_topic_anew(struct world *world, int messages)
{
    start_mock(world, 1);
    for (int i = 0; i < messages; i++) produce_new(world, 0, i);
}

static void test_topic_made_anew_is_refused(void **state)
{
    struct world *world = *state;
    start_mock(world, 1);
    fill(world, first_lines(20));
    assert_int_equal(load_topic(world, NULL), 0);
    int64_t before = rows(world);

    make_topic_anew(world, 30); /* longer: the stored offset is inside, but the record before it is another */
    assert_int_equal(load_topic(world, NULL), ERROR_SOURCE);
    assert_non_null(strstr(world->error.text, "--restart-at"));
    assert_int_equal(rows(world), before);
    assert_int_equal(load_topic(world, "--restart-at=end"), 0);
    assert_int_equal(rows(world), before);
    assert_int_equal(ask(world, world->db, "SELECT next_offset FROM position"), 30);
    assert_int_equal(load_topic(world, NULL), 0); /* that is settled */
    assert_int_equal(rows(world), before);
}

static void test_restart_at_beginning_loads_the_new_topic(void **state)
{
    struct world *world = *state;
    start_mock(world, 1);
    fill(world, first_lines(20));
    assert_int_equal(load_topic(world, NULL), 0);
    int64_t before = rows(world);
    make_topic_anew(world, 30);
    assert_int_equal(load_topic(world, "--restart-at=beginning"), 0);
    assert_int_equal(rows(world), before + 30);
    assert_int_equal(load_topic(world, NULL), 0);
    assert_int_equal(rows(world), before + 30);
}

/* Of a partition that holds nothing now, the last record taken is none that the log will have. */
static void test_restart_leaves_no_anchor_of_the_old_topic(void **state)
{
    struct world *world = *state;
    start_mock(world, 2);
    for (int i = 0; i < 10; i++) produce_new(world, i % 2, i);
    assert_int_equal(load_topic(world, NULL), 0);
    start_mock(world, 2);
    produce_new(world, 0, 10);
    assert_int_equal(load_topic(world, "--restart-at=beginning"), 0);
    assert_int_equal(ask(world, world->db,
                         "SELECT count(*) FROM position WHERE partition = 1 AND next_offset = 0"
                         " AND anchor_offset = -1"),
                     1);
    produce_new(world, 1, 11);
    assert_int_equal(load_topic(world, NULL), 0);
    assert_int_equal(rows(world), 12);
}

/* What comes from the new topic may have come from the old one: it is told apart as behind a run of Connect.
 */
static void test_restart_begins_a_run(void **state)
{
    struct world *world = *state;
    start_mock(world, 1);
    for (int i = 0; i < 10; i++) produce_new(world, 0, i);
    assert_int_equal(load_topic(world, NULL), 0);
    start_mock(world, 1);
    for (int i = 0; i < 4; i++) produce(world, 0, "no event");
    assert_int_equal(load_topic(world, "--restart-at=beginning"), 0);
    assert_int_equal(ask(world, world->db, "SELECT count(*) FROM rejected_event"), 4);
    assert_int_equal(
        ask(world, world->db,
            "SELECT count(*) FROM connector_run WHERE first_offset = 0 AND first_change_id = 11"),
        1);
    for (int i = 0; i < 10; i++) produce_new(world, 0, i);
    assert_int_equal(load_topic(world, NULL), 0);
    assert_int_equal(rows(world), 10);
    assert_int_equal(ask(world, world->db, "SELECT count(*) FROM redelivered_event"), 10);
    produce_new(world, 0, 10);
    assert_int_equal(load_topic(world, NULL), 0);
    assert_int_equal(rows(world), 11);
}

static void test_position_behind_the_end_is_refused(void **state)
{
    struct world *world = *state;
    start_mock(world, 1);
    fill(world, first_lines(20));
    assert_int_equal(load_topic(world, NULL), 0);
    make_topic_anew(world, 5);
    assert_int_equal(load_topic(world, NULL), ERROR_SOURCE);
    assert_non_null(strstr(world->error.text, "made anew"));
    assert_int_equal(load_topic(world, "--restart-at=beginning"), 0);
    assert_int_equal(
        ask(world, world->db, "SELECT count(*) FROM holding_history WHERE after_holding_stock = 'NEW'"), 5);
}

static void test_unknown_topic(void **state)
{
    struct world *world = *state;
    start_mock(world, 1);
    assert_int_equal(load(world, "-b", mock_kafka_brokers(world->mock), "-t",
                          "bankserver1.bank_data.holdings", "-e", NULL),
                     ERROR_SOURCE);
    assert_non_null(strstr(world->error.text, "did you mean bankserver1.bank_data.holding?"));
    assert_int_equal(access(world->db, F_OK), -1);
    assert_int_equal(access(world->text, F_OK), -1);
}

static void test_what_is_no_event_is_kept_with_its_place(void **state)
{
    struct world *world = *state;
    start_mock(world, 1);
    fill(world, first_lines(10));
    produce(world, 0, "no JSON at all");
    produce(world, 0, "{\"op\":\"c\"}");
    produce(world, 0, "{\"ts_ms\":1795452392611}"); /* a heartbeat */
    assert_int_equal(load_topic(world, NULL), 0);
    assert_int_equal(rows(world), 10);
    assert_int_equal(
        ask(world, world->db, "SELECT count(*) FROM rejected_event WHERE \"offset\" IN (10, 11)"), 2);
    assert_int_equal(
        ask(world, world->db, "SELECT value = CAST('no JSON at all' AS BLOB) FROM rejected_event"), 1);
    assert_int_equal(ask(world, world->db, "SELECT sum(bookkeeping) FROM batch"), 1);
}

/* Null keys spread over partitions: arrival is no order then, commit time is. */
static void test_null_keys_over_partitions(void **state)
{
    struct world *world = *state;
    struct slice rest = first_lines(2000);
    struct arena arena = {0};
    struct message message;
    start_mock(world, 4);
    for (int i = 0; rest.size > 0; i++) {
        const char *feed = memchr(rest.at, '\n', rest.size);
        assert_int_equal(
            input_line_read((struct slice){rest.at, (size_t)(feed - rest.at)}, INPUT_AUTO, &arena, &message),
            0);
        message.partition = i % 4;
        assert_int_equal(mock_kafka_produce(world->mock, &message, &world->error), 0);
        rest.size -= (size_t)(feed + 1 - rest.at);
        rest.at = feed + 1;
        arena_reset(&arena);
    }
    arena_free(&arena);
    assert_int_equal(mock_kafka_flush(world->mock, &world->error), 0);
    assert_int_equal(load_topic(world, NULL), 0);
    assert_int_equal(ask(world, world->db, "SELECT count(*) FROM position"), 4);
    assert_int_equal(ask(world, world->db, "SELECT many_partitions FROM captured_table"), 1);

    /* The same rows from one partition. */
    struct world one = *world;
    snprintf(one.db, sizeof one.db, "%s", world->file);
    snprintf(one.text, sizeof one.text, "%s/one.txt", world->directory);
    assert_int_equal(load(&one, "--input", write_recording(world, first_lines(2000)), NULL), 0);
    const char *sum = "SELECT count(*) * 1000003 + sum(holding_id * 31 + holding_quantity * 7 + "
                      "length(holding_stock)) FROM "
                      "holding_current WHERE holding_id IS NOT NULL";
    assert_int_equal(ask(world, world->db, sum), ask(world, world->file, sum));
    const char *versions =
        "SELECT count(*) * 1000003 + sum(holding_quantity) FROM holding_versions WHERE valid_to IS NULL";
    assert_int_equal(ask(world, world->db, versions), ask(world, world->file, versions));
}

/* The mock broker, unlike a real one, does not end a waiting fetch when something arrives: so it is not to
 * wait long. */
static void *follow(void *context)
{
    struct world *world = context;
    return (void *)(intptr_t)load(world, "--brokers", mock_kafka_brokers(world->mock), "--topic", TOPIC, "-X",
                                  "fetch.wait.max.ms=50", NULL);
}

static int64_t wait_for_rows(const struct world *world, int64_t count)
{
    int64_t start = milliseconds();
    while (milliseconds() - start < 15000) {
        if (access(world->db, F_OK) == 0 && rows(world) >= count) return milliseconds() - start;
        usleep(20000);
    }
    fail_msg("%lld rows did not come", (long long)count);
    return -1;
}

/* A slow topic is visible within a second of its event, and a signal ends a following load well. */
static void test_follows_and_stops(void **state)
{
    struct world *world = *state;
    pthread_t thread;
    void *code;
    struct slice more = first_lines(6);
    more.at = first_lines(5).at + first_lines(5).size;
    more.size = first_lines(6).size - first_lines(5).size;
    start_mock(world, 1);
    fill(world, first_lines(5));
    assert_int_equal(pthread_create(&thread, NULL, follow, world), 0);
    wait_for_rows(world, 5);
    fill(world, more);
    int64_t waited = wait_for_rows(world, 6);
    print_message("visible %lld ms after it was produced\n", (long long)waited);
    assert_true(waited < 1000);
    stop_requested = 1;
    assert_int_equal(pthread_join(thread, &code), 0);
    assert_int_equal((intptr_t)code, 0);
    assert_int_equal(ask(world, world->db, "SELECT next_offset FROM position"), 6);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_topic_equals_its_recording, begin, end),
        cmocka_unit_test_setup_teardown(test_second_load_adds_nothing, begin, end),
        cmocka_unit_test_setup_teardown(test_goes_on_where_it_stopped, begin, end),
        cmocka_unit_test_setup_teardown(test_recording_then_live_topic, begin, end),
        cmocka_unit_test_setup_teardown(test_topic_made_anew_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_restart_at_beginning_loads_the_new_topic, begin, end),
        cmocka_unit_test_setup_teardown(test_restart_leaves_no_anchor_of_the_old_topic, begin, end),
        cmocka_unit_test_setup_teardown(test_restart_begins_a_run, begin, end),
        cmocka_unit_test_setup_teardown(test_position_behind_the_end_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_unknown_topic, begin, end),
        cmocka_unit_test_setup_teardown(test_what_is_no_event_is_kept_with_its_place, begin, end),
        cmocka_unit_test_setup_teardown(test_null_keys_over_partitions, begin, end),
        cmocka_unit_test_setup_teardown(test_follows_and_stops, begin, end),
    };
    if (argc != 2) {
        fprintf(stderr, "usage: %s m-crash-duplicates.jsonl\n", argv[0]);
        return 2;
    }
    FILE *file = fopen(argv[1], "r");
    if (!file) {
        perror(argv[1]);
        return 2;
    }
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *text = malloc((size_t)size);
    recording = (struct slice){text, fread(text, 1, (size_t)size, file)};
    fclose(file);
    log_set_level(LOG_WARNING);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(text);
    return failed;
}
