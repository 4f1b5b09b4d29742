/* The four forms of an input line, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/input_line.h"

#define TOPIC "bankserver1.bank_data.holding"
#define VALUE "{\"op\":\"c\",\"after\":{\"a\":\"b\"}}"
#define QUOTED_VALUE "\"{\\\"op\\\":\\\"c\\\",\\\"after\\\":{\\\"a\\\":\\\"b\\\"}}\""
#define KEY "{\"id\":3}"
#define QUOTED_KEY "\"{\\\"id\\\":3}\""

static struct arena arena;
static struct message message;

static int end(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

/* Reads a line from memory of exactly its size, which lives until the next one. */
static int read_line(const char *line, enum input_format format)
{
    static char *copy;
    size_t size = line ? strlen(line) : 0;
    free(copy);
    copy = NULL;
    arena_reset(&arena);
    if (!line) return 0;
    copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, line, size);
    return input_line_read((struct slice){copy, size}, format, &arena, &message);
}

static int forget(void **state)
{
    (void)state;
    return read_line(NULL, INPUT_AUTO);
}

static void assert_slice(struct slice slice, const char *expected)
{
    if (!slice_is(slice, expected))
        fail_msg("%.*s, not %s", slice.at ? (int)slice.size : 6, slice.at ? slice.at : "absent",
                 expected ? expected : "absent");
}

/* A line without a place of its own. */
static void assert_bare(const char *line, enum input_format format, const char *key, const char *value)
{
    if (read_line(line, format)) fail_msg("passed over: %s", line);
    assert_slice(message.key, key);
    assert_slice(message.value, value);
    assert_slice(message.topic, NULL);
    assert_slice(message.run_id, NULL);
    assert_int_equal(message.timestamp_ms, -1);
    assert_null(message.refusal);
}

/* A line with one: partition 2, offset 87. */
static void assert_placed(const char *line, enum input_format format, const char *key, const char *value,
                          const char *run_id, int64_t timestamp_ms)
{
    if (read_line(line, format)) fail_msg("passed over: %s", line);
    if (!message.topic.at) fail_msg("no place is read: %s", line);
    assert_slice(message.topic, TOPIC);
    assert_slice(message.key, key);
    assert_slice(message.value, value);
    assert_slice(message.run_id, run_id);
    assert_int_equal(message.partition, 2);
    assert_int_equal(message.offset, 87);
    assert_int_equal(message.next_offset, 88);
    assert_int_equal(message.timestamp_ms, timestamp_ms);
    assert_null(message.refusal);
}

static void bare_values(void **state)
{
    (void)state;
    assert_bare(VALUE, INPUT_AUTO, NULL, VALUE);
    assert_bare(VALUE, INPUT_VALUE, NULL, VALUE);
    assert_bare("  " VALUE "  \r", INPUT_AUTO, NULL, VALUE);
    assert_bare(VALUE "\r", INPUT_VALUE, NULL, VALUE);
    assert_bare("null", INPUT_AUTO, NULL, NULL);
    assert_bare("null\r", INPUT_VALUE, NULL, NULL);
    assert_bare("{\"schema\":null,\"payload\":{\"op\":\"c\"}}", INPUT_AUTO, NULL,
                "{\"schema\":null,\"payload\":{\"op\":\"c\"}}");
    assert_bare("{\"payload\":{\"op\":\"c\"},\"schema\":null}", INPUT_AUTO, NULL,
                "{\"payload\":{\"op\":\"c\"},\"schema\":null}");
    /* Broken ones are taken for values: the envelope's reader says what is wrong with them. */
    assert_bare("{", INPUT_AUTO, NULL, "{");
    assert_bare("{\"topic\":\"t\",\"partition\":", INPUT_AUTO, NULL, "{\"topic\":\"t\",\"partition\":");
    /* So is what claims to stand in a file. */
    static const char of_a_file[] = "{\"topic\":\"file:/a\",\"partition\":0,\"offset\":7,\"value\":\"x\"}";
    assert_bare(of_a_file, INPUT_AUTO, NULL, of_a_file);
}

static void keys_end_at_the_first_tab(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        enum input_format format = i ? INPUT_KEY_VALUE : INPUT_AUTO;
        assert_bare(KEY "\t" VALUE, format, KEY, VALUE);
        assert_bare(KEY "\t" VALUE "\r", format, KEY, VALUE);
        assert_bare(KEY "\tnull\r", format, KEY, NULL);
        assert_bare("null\t" VALUE, format, NULL, VALUE);
        assert_bare("null\tnull", format, NULL, NULL);
        assert_bare("plain key\t" VALUE, format, "plain key", VALUE);
        assert_bare("\t" VALUE, format, "", VALUE);
        assert_bare(KEY "\t{\"a\":\t1}", format, KEY, "{\"a\":\t1}");
    }
}

/* White space between a value's tokens may be a tab, too. */
static void a_tab_inside_a_value_ends_no_key(void **state)
{
    (void)state;
    assert_bare("{\"op\":\"c\",\t\"after\":{}}", INPUT_AUTO, NULL, "{\"op\":\"c\",\t\"after\":{}}");
    assert_bare("{\"op\":\"c\",\"after\":\t{}}", INPUT_AUTO, NULL, "{\"op\":\"c\",\"after\":\t{}}");
    assert_bare("{\"op\":\"c\",\t\"after\":{}}", INPUT_VALUE, NULL, "{\"op\":\"c\",\t\"after\":{}}");
}

#define RECORDED                                                                          \
    "{\"topic\":\"" TOPIC                                                                 \
    "\",\"partition\":2,\"offset\":87,\"timestamp_ms\":1795451108328,\"key\":" QUOTED_KEY \
    ",\"value\":" QUOTED_VALUE ",\"headers\":[[\"__debezium.context.taskId\",\"0\"],"     \
    "[\"__debezium.context.runId\",\"01a20939\"],[\"__op\",null]]}"

static void recorded_lines(void **state)
{
    (void)state;
    assert_placed(RECORDED, INPUT_AUTO, KEY, VALUE, "01a20939", INT64_C(1795451108328));
    assert_placed(RECORDED, INPUT_RECORDED, KEY, VALUE, "01a20939", INT64_C(1795451108328));
    assert_placed(RECORDED "\r", INPUT_AUTO, KEY, VALUE, "01a20939", INT64_C(1795451108328));
    assert_placed(" " RECORDED " ", INPUT_RECORDED, KEY, VALUE, "01a20939", INT64_C(1795451108328));
    assert_placed("{\"topic\":\"" TOPIC "\",\"partition\":2,\"offset\":87,\"key\":null,\"value\":null}",
                  INPUT_AUTO, NULL, NULL, NULL, -1);
    assert_placed("{\"topic\":\"" TOPIC "\",\"partition\":2,\"offset\":87,\"value\":\"\",\"headers\":null}",
                  INPUT_AUTO, NULL, "", NULL, -1);
    assert_placed("{\"topic\":\"" TOPIC "\",\"partition\":2,\"offset\":87,\"value\":\"[]\",\"headers\":[]}",
                  INPUT_RECORDED, NULL, "[]", NULL, -1);
}

static void recorded_members_in_any_order(void **state)
{
    (void)state;
    assert_placed("{\"headers\":[[\"__debezium.context.runId\",\"r\"]],\"value\":" QUOTED_VALUE
                  ",\"key\":null,\"new\":{\"a\":[1]},\"timestamp_ms\":5,\"offset\":87,\"partition\":2,"
                  "\"topic\":\"" TOPIC "\"}",
                  INPUT_AUTO, NULL, VALUE, "r", 5);
    assert_placed("{ \"offset\" : 87 , \"\\u0074opic\" : \"" TOPIC "\" , \"value\" : " QUOTED_VALUE
                  " , \"partition\" : 2 }",
                  INPUT_RECORDED, NULL, VALUE, NULL, -1);
}

#define KCAT                                                                                               \
    "{\"topic\":\"" TOPIC                                                                                  \
    "\",\"partition\":2,\"offset\":87,\"tstype\":\"create\",\"ts\":1795451108328,\"broker\":1,"            \
    "\"headers\":[\"__debezium.context.taskId\",\"0\",\"__debezium.context.runId\",\"01a20939\",\"__op\"," \
    "null],"                                                                                               \
    "\"key\":" QUOTED_KEY ",\"payload\":" QUOTED_VALUE "}"

static void kcat_lines(void **state)
{
    (void)state;
    assert_placed(KCAT, INPUT_AUTO, KEY, VALUE, "01a20939", INT64_C(1795451108328));
    assert_placed(KCAT, INPUT_KCAT, KEY, VALUE, "01a20939", INT64_C(1795451108328));
    assert_placed("{\"topic\":\"" TOPIC "\",\"partition\":2,\"offset\":87,\"key\":null,\"payload\":null}",
                  INPUT_AUTO, NULL, NULL, NULL, -1);
    /* kcat -s value=avro prints the payload as JSON */
    assert_placed("{\"topic\":\"" TOPIC "\",\"partition\":2,\"offset\":87,\"key\":" KEY ",\"payload\":" VALUE
                  "}",
                  INPUT_KCAT, KEY, VALUE, NULL, -1);
}

static void kcat_members_in_any_order(void **state)
{
    static const char line[] = "{\"payload\":" QUOTED_VALUE ",\"key\":null,\"offset\":87,\"topic\":\"" TOPIC
                               "\",\"ts\":5,\"partition\":2}";
    (void)state;
    assert_placed(line, INPUT_KCAT, NULL, VALUE, NULL, 5);
    assert_placed(line, INPUT_AUTO, NULL, VALUE, NULL, 5);
}

/* A header's value is no name, although it stands where one could stand. */
static void a_run_id_is_found_by_its_name_only(void **state)
{
    (void)state;
    assert_placed("{\"topic\":\"" TOPIC "\",\"partition\":2,\"offset\":87,\"payload\":null,"
                  "\"headers\":[\"x\",\"__debezium.context.runId\",\"y\",\"z\"]}",
                  INPUT_AUTO, NULL, NULL, NULL, -1);
    assert_placed("{\"topic\":\"" TOPIC "\",\"partition\":2,\"offset\":87,\"value\":null,"
                  "\"headers\":[[\"x\",\"__debezium.context.runId\"],[\"y\",\"z\",\"w\"],[\"v\"],[]]}",
                  INPUT_AUTO, NULL, NULL, NULL, -1);
    assert_placed("{\"topic\":\"" TOPIC "\",\"partition\":2,\"offset\":87,\"value\":null,"
                  "\"headers\":[[\"__debezium.context.runId\",null]]}",
                  INPUT_AUTO, NULL, NULL, NULL, -1);
}

/* In auto, an object that is no whole placed line is a value. */
static void a_line_without_a_right_place_is_a_value(void **state)
{
    static const char *const lines[] = {
        "{\"topic\":\"t\",\"partition\":2,\"offset\":87}",
        "{\"topic\":\"t\",\"partition\":2,\"value\":\"x\"}",
        "{\"topic\":\"t\",\"offset\":87,\"value\":\"x\"}",
        "{\"partition\":2,\"offset\":87,\"value\":\"x\"}",
        "{\"topic\":null,\"partition\":2,\"offset\":87,\"value\":\"x\"}",
        "{\"topic\":\"\",\"partition\":2,\"offset\":87,\"value\":\"x\"}",
        "{\"topic\":\"a\\u0000b\",\"partition\":2,\"offset\":87,\"value\":\"x\"}",
        "{\"topic\":\"t\",\"partition\":-1,\"offset\":87,\"value\":\"x\"}",
        "{\"topic\":\"t\",\"partition\":2147483648,\"offset\":87,\"value\":\"x\"}",
        "{\"topic\":\"t\",\"partition\":\"2\",\"offset\":87,\"value\":\"x\"}",
        "{\"topic\":\"t\",\"partition\":2,\"offset\":-1001,\"value\":\"x\"}",
        "{\"topic\":\"t\",\"partition\":2,\"offset\":1.5,\"value\":\"x\"}",
        "{\"topic\":\"t\",\"partition\":2,\"offset\":99999999999999999999,\"value\":\"x\"}",
        "{\"topic\":\"t\",\"partition\":2,\"offset\":87,\"value\":\"x\"} x",
        "{\"topic\":\"t\",\"partition\":2,\"offset\":87,\"value\":\"x\",\"headers\":{}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_bare(lines[i], INPUT_AUTO, NULL, lines[i]);
}

static void the_greatest_offset_has_no_next(void **state)
{
    static const char line[] =
        "{\"topic\":\"t\",\"partition\":2,\"offset\":9223372036854775807,\"value\":\"x\"}";
    (void)state;
    assert_bare(line, INPUT_AUTO, NULL, line);
}

static void banners_are_passed_over(void **state)
{
    static const char *const lines[] = {
        "",
        " ",
        "\r",
        "\t",
        "Using ZooKeeper based configuration",
        "Contents of topic bankserver1.bank_data.holding:",
        "% Reached end of topic",
        "[2025-01-31 10:00:00,123] WARN {...}",
        "Processed a total of 3 messages",
        "nullx",
        "a\tb",
        "[]",
        "5",
        "\"{}\"",
    };
    (void)state;
    for (int format = INPUT_AUTO; format <= INPUT_RECORDED; format++)
        for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
            if (read_line(lines[i], (enum input_format)format) != 1)
                fail_msg("format %d: %s", format, lines[i]);
}

static void an_explicit_format_takes_no_other(void **state)
{
    (void)state;
    assert_int_equal(read_line(VALUE, INPUT_KEY_VALUE), 1);
    assert_int_equal(read_line(KEY "\ttext", INPUT_KEY_VALUE), 1);
    assert_int_equal(read_line("key\t" VALUE, INPUT_VALUE), 1);
    assert_int_equal(read_line("key\t" VALUE, INPUT_KCAT), 1);
    /* A placed line read as a value is that: an object. */
    assert_bare(RECORDED, INPUT_VALUE, NULL, RECORDED);
    /* Objects of another form are bad events, and said to be. */
    assert_int_equal(read_line(VALUE, INPUT_KCAT), 0);
    assert_non_null(strstr(message.refusal, "kcat"));
    assert_int_equal(read_line(RECORDED, INPUT_KCAT), 0);
    assert_non_null(message.refusal);
    assert_int_equal(read_line(KCAT, INPUT_RECORDED), 0);
    assert_non_null(strstr(message.refusal, "recorded"));
}

static void every_cut_of_a_line_is_no_placed_one(void **state)
{
    static const char *const lines[] = {RECORDED, KCAT};
    char cut[1024];
    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (size_t size = 1; size < strlen(lines[i]); size++) {
            memcpy(cut, lines[i], size);
            cut[size] = '\0';
            assert_bare(cut, INPUT_AUTO, NULL, cut);
        }
}

static void changed_bytes_do_no_harm(void **state)
{
    static const char *const lines[] = {RECORDED, KCAT, KEY "\t" VALUE};
    static const char bytes[] = "\"\\{}[]:,0-n \t\r\x80\xff";
    char copy[1024];
    (void)state;
    for (size_t line = 0; line < 3; line++)
        for (size_t i = 0; i < strlen(lines[line]); i++)
            for (size_t k = 0; k < sizeof bytes - 1; k++) {
                snprintf(copy, sizeof copy, "%s", lines[line]);
                copy[i] = bytes[k];
                for (int format = INPUT_AUTO; format <= INPUT_RECORDED; format++)
                    read_line(copy, (enum input_format)format);
            }
}

static void a_byte_order_mark_is_no_part_of_the_line(void **state)
{
    (void)state;
    assert_bare("\xef\xbb\xbf{\"op\":\"c\"}", INPUT_AUTO, NULL, "{\"op\":\"c\"}");
    assert_bare("\xef\xbb\xbf{\"op\":\"c\"}", INPUT_VALUE, NULL, "{\"op\":\"c\"}");
}

static void formats_have_names(void **state)
{
    (void)state;
    assert_int_equal(input_format_named("auto"), INPUT_AUTO);
    assert_int_equal(input_format_named("value"), INPUT_VALUE);
    assert_int_equal(input_format_named("key-value"), INPUT_KEY_VALUE);
    assert_int_equal(input_format_named("kcat"), INPUT_KCAT);
    assert_int_equal(input_format_named("recorded"), INPUT_RECORDED);
    assert_int_equal(input_format_named(""), -1);
    assert_int_equal(input_format_named("Auto"), -1);
    assert_int_equal(input_format_named("json"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(bare_values, forget),
        cmocka_unit_test_teardown(keys_end_at_the_first_tab, forget),
        cmocka_unit_test_teardown(a_tab_inside_a_value_ends_no_key, forget),
        cmocka_unit_test_teardown(recorded_lines, forget),
        cmocka_unit_test_teardown(recorded_members_in_any_order, forget),
        cmocka_unit_test_teardown(kcat_lines, forget),
        cmocka_unit_test_teardown(kcat_members_in_any_order, forget),
        cmocka_unit_test_teardown(a_run_id_is_found_by_its_name_only, forget),
        cmocka_unit_test_teardown(a_line_without_a_right_place_is_a_value, forget),
        cmocka_unit_test_teardown(the_greatest_offset_has_no_next, forget),
        cmocka_unit_test_teardown(banners_are_passed_over, forget),
        cmocka_unit_test_teardown(an_explicit_format_takes_no_other, forget),
        cmocka_unit_test_teardown(every_cut_of_a_line_is_no_placed_one, forget),
        cmocka_unit_test_teardown(changed_bytes_do_no_harm, forget),
        cmocka_unit_test(formats_have_names),
        cmocka_unit_test(a_byte_order_mark_is_no_part_of_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
