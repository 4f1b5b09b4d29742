/* Changes read by the shape of those before them, against the same read member by member: the same outcome,
 * problem, facts, names and values, for near misses of every kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../same_change.h"

#define SOURCE(names, more)                                                                        \
    "{\"version\":\"3.7.0.Final\",\"connector\":\"postgresql\"," names ",\"ts_ms\":1795451107454," \
    "\"snapshot\":\"false\",\"sequence\":\"[null,\\\"36693976\\\"]\",\"ts_us\":1795451107454907,"  \
    "\"ts_ns\":1795451107454907000,\"txId\":917,\"lsn\":36693976,\"xmin\":null" more "}"
#define NAMES "\"name\":\"s\",\"db\":\"bank\",\"schema\":\"n\",\"table\":\"t\""
#define EVENT(op, before, after, source)                                                     \
    "{\"before\":" before ",\"after\":" after ",\"source\":" source ",\"transaction\":null," \
    "\"op\":\"" op "\",\"ts_ms\":1795451107791,\"ts_us\":1795451107791990,\"ts_ns\":1795451107791990461}"
#define ROW_A "{\"id\":1001,\"stock\":\"VFIAX\",\"at\":1738317600123456,\"part\":null}"
#define ROW_B "{\"id\":7,\"stock\":\"\\u20ac \\\"x\\\"\",\"at\":-5,\"part\":1.50}"
#define ROW_C "{\"id\":0,\"at\":[1,{\"a\":[]}],\"name\":\"\xe2\x82\xac\",\"none\":{}}"
#define BLOCK                                                                                \
    "{\"type\":\"struct\",\"fields\":[{\"type\":\"struct\",\"fields\":[{\"type\":\"int64\"," \
    "\"optional\":false,\"field\":\"id\"}],\"optional\":true,\"field\":\"after\"}]}"
#define WRAPPED(payload) "{\"schema\":" BLOCK ",\"payload\":" payload "}"
#define MYSQL                                                                                          \
    "{\"version\":\"2.7.0.Final\",\"name\":\"m\",\"ts_ms\":1795451107454,\"snapshot\":\"last\","       \
    "\"db\":\"shop\",\"table\":\"t\",\"server_id\":1,\"gtid\":\"a:1\",\"file\":\"bin.3\",\"pos\":484," \
    "\"row\":0}"

/* Changes of which a shape is learnt. */
static const char *const events[] = {
    EVENT("u", ROW_A, ROW_B, SOURCE(NAMES, "")),
    EVENT("c", "null", ROW_A, SOURCE(NAMES, "")),
    EVENT("d", ROW_A, "null", SOURCE(NAMES, "")),
    EVENT("r", "null", ROW_C,
          SOURCE(NAMES, ",\"event_serial_no\":1,\"change_lsn\":\"00:1\",\"commit_lsn\":\"00:2\"")),
    EVENT("u", ROW_C, ROW_C, MYSQL),
    EVENT("t", "null", "null", SOURCE(NAMES, ",\"scn\":\"12\"")),
    WRAPPED(EVENT("u", ROW_A, ROW_B, SOURCE(NAMES, ""))),
    WRAPPED(EVENT("c", "null", "{}", SOURCE(NAMES, ""))),
    " { \"op\" : \"c\" , \"after\" : { \"id\" : 1 , \"b\" : true } , \"source\" : { \"ts_ms\" : 5 , "
    "\"table\" : "
    "\"t\" } } \n",
    "{\"ts_ms\":\"7\",\"op\":\"c\",\"source\":{\"table\":\"t\",\"ts_us\":5,\"lsn\":\"0/"
    "1\",\"lsn\":4},\"after\":{\"a\":1,"
    "\"a\":2},\"transaction\":{\"id\":\"917:36693976\",\"total_order\":1}}",
    "{\"op\":\"c\",\"after\":{\"id\":1},\"source\":{\"ts_ms\":1,\"collection\":\"t\"}}",
};
enum { EVENTS = sizeof events / sizeof *events };

/* No change that a shape is learnt of. */
static const char *const unusual[] = {
    "{\"op\":\"c\",\"aft\\u0065r\":{\"id\":1},\"source\":{\"ts_ms\":1,\"table\":\"t\"}}",
    "{\"op\":\"c\",\"after\":{\"i\\u0064\":1},\"source\":{\"ts_ms\":1,\"table\":\"t\"}}",
    "{\"op\":\"c\",\"after\":{\"id\":1},\"source\":{\"ts_ms\":1,\"table\":\"\\u0074\"}}",
    "{\"op\":\"c\",\"after\":null,\"after\":{\"id\":1},\"source\":{\"ts_ms\":1,\"table\":\"t\"}}",
    "{\"op\":\"c\",\"ts_ms\":null,\"ts_ms\":1,\"after\":{\"id\":1},\"source\":{\"ts_ms\":1,\"table\":\"t\"}}",
    "{\"op\":\"c\",\"source\":null,\"after\":{\"id\":1},\"source\":{\"ts_ms\":1,\"table\":\"t\"}}",
    "{\"op\":\"c\",\"after\":{\"id\":1},\"source\":{\"ts_ms\":1,\"table\":\"t\",\"snapshot\":\"false\","
    "\"snapshot\":null}}",
    "{\"op\":\"c\",\"after\":{\"id\":1},\"source\":{\"ts_ms\":1,\"table\":\"t\",\"db\":\"a\",\"db\":\"b\"}}",
    "{\"op\":\"c\",\"after\":{\"id\":1},\"source\":{\"ts_ms\":1,\"table\":\"t\",\"collection\":null}}",
    "{\"payload\":{\"op\":\"c\",\"after\":{\"id\":1},\"source\":{\"ts_ms\":1,\"table\":\"t\"}}}",
    "{\"payload\":{\"op\":\"c\",\"after\":{\"id\":1},\"source\":{\"ts_ms\":1,\"table\":\"t\"}},"
    "\"schema\":" BLOCK "}",
    "{\"schema\" :" BLOCK
    ",\"payload\":{\"op\":\"c\",\"after\":{\"id\":1},\"source\":{\"ts_ms\":1,\"table\":\"t\"}}}",
    "{\"schema\":" BLOCK
    " ,\"payload\":{\"op\":\"c\",\"after\":{\"id\":1},\"source\":{\"ts_ms\":1,\"table\":\"t\"}}}",
    "{\"schema\":" BLOCK ",\"op\":\"c\",\"after\":{\"id\":1},\"source\":{\"ts_ms\":1,\"table\":\"t\"}}",
    "{\"op\":\"c\",\"after\":\"{\\\"_id\\\":1}\",\"source\":{\"ts_ms\":1,\"name\":\"m\",\"collection\":\"t\","
    "\"ord\":1}}",
    "{\"op\":\"m\",\"source\":{\"ts_ms\":1,\"table\":\"t\"},\"message\":{\"prefix\":\"a\",\"content\":"
    "\"MTIz\"}}",
    "{\"id\":1,\"__op\":\"c\",\"__table\":\"t\",\"__source_ts_ms\":1}",
    "{\"status\":\"BEGIN\",\"id\":\"1:2\",\"event_count\":null,\"ts_ms\":1}",
    "{\"ts_ms\":1}",
    "{\"op\":\"d\",\"before\":null,\"source\":{\"ts_ms\":1,\"name\":\"m\",\"collection\":\"t\",\"ord\":1}}",
    "null",
};
enum { UNUSUAL = sizeof unusual / sizeof *unusual };

static struct arena arena;
static struct envelope_guess warm;

static int end(void **state)
{
    (void)state;
    arena_free(&arena);
    envelope_guess_free(&warm);
    return 0;
}

/* In memory of exactly its size, for the sanitizer's sake. */
static struct slice exact(struct slice text)
{
    char *copy = malloc(text.size ? text.size : 1);
    assert_non_null(copy);
    if (text.size) memcpy(copy, text.at, text.size);
    return (struct slice){copy, text.size};
}

/* Reads a message that was just like the one before, and the text, with it in mind and without. */
static void check_behind(const char *event, struct slice text)
{
    static struct envelope_guess cold;
    struct reading_of with, without;
    struct message before = {.value = slice_of(event)}, message = {.value = exact(text)};
    /* Learnt before, so that it is of a known shape; and it still is afterwards. */
    read_as(&with, &before, &warm, &arena);
    read_as(&with, &message, &warm, &arena);
    read_as(&without, &message, &cold, &arena);
    const char *differs = difference(&with, &without);
    if (differs)
        fail_msg("%s differs (%s; %s): %.*s", differs, with.problem, without.problem, (int)text.size,
                 text.at);
    envelope_guess_free(&cold);
    memset(&cold, 0, sizeof cold);
    free((char *)message.value.at);
    arena_reset(&arena);
}

static bool is_known(const char *event)
{
    struct reading_of reading;
    struct message message = {.value = slice_of(event)};
    struct change_shapes *shapes = &warm.shapes;
    read_as(&reading, &message, &warm, &arena);
    size_t last = shapes->last;
    bool used = shapes->known[last].used;
    shapes->known[last].used = false;
    read_as(&reading, &message, &warm, &arena);
    bool known = shapes->known[shapes->last].used;
    shapes->known[last].used |= used;
    arena_reset(&arena);
    return known;
}

static void forget(void)
{
    envelope_guess_free(&warm);
    memset(&warm, 0, sizeof warm);
}

static void what_is_usual_is_learnt(void **state)
{
    (void)state;
    for (size_t i = 0; i < EVENTS; i++) {
        forget();
        if (!is_known(events[i])) fail_msg("not learnt: %s", events[i]);
    }
    for (size_t i = 0; i < UNUSUAL; i++) {
        forget();
        if (is_known(unusual[i])) fail_msg("learnt: %s", unusual[i]);
        assert_null(warm.shapes.known[0].shape);
    }
}

static void each_is_read_behind_each(void **state)
{
    (void)state;
    for (size_t i = 0; i < EVENTS; i++)
        for (size_t k = 0; k < EVENTS + UNUSUAL; k++) {
            const char *other = k < EVENTS ? events[k] : unusual[k - EVENTS];
            forget();
            check_behind(events[i], slice_of(other));
            check_behind(events[i], slice_of(other));
            check_behind(other, slice_of(events[i]));
            check_behind(other, slice_of(events[i]));
        }
}

/* Puts `put` in the place of `size` bytes at `at`. */
static void check_changed(const char *event, size_t at, size_t size, struct slice put)
{
    char text[4096];
    size_t length = strlen(event);
    assert_true(at + size <= length && length + put.size < sizeof text);
    memcpy(text, event, at);
    if (put.size) memcpy(text + at, put.at, put.size);
    memcpy(text + at + put.size, event + at + size, length - at - size);
    check_behind(event, (struct slice){text, length + put.size - size});
}

static void any_byte_may_differ(void **state)
{
    static const char bytes[] = {'0', '1', '9', '-', '+',  '.',    'e',    '"',    '\\',   ',', ':', '{',
                                 '}', '[', ']', ' ', '\t', '\x1f', '\x7f', '\x80', '\xc3', 'n', '/', '\0'};
    (void)state;
    for (size_t i = 0; i < EVENTS; i++) {
        forget();
        for (size_t at = 0; at < strlen(events[i]); at++) {
            for (size_t k = 0; k < sizeof bytes; k++) {
                check_changed(events[i], at, 1, (struct slice){&bytes[k], 1});
                check_changed(events[i], at, 0, (struct slice){&bytes[k], 1});
            }
            check_changed(events[i], at, 1, (struct slice){0});
            check_behind(events[i], (struct slice){events[i], at});
        }
        assert_true(is_known(events[i]));
    }
}

/* How many bytes the value has that begins there; 0 where none does. */
static size_t value_size(const char *at)
{
    struct json_reader json;
    struct slice raw;
    json_start(&json, slice_of(at));
    return json_skip(&json, &raw) == 0 && raw.at == at ? raw.size : 0;
}

static void any_value_may_differ(void **state)
{
    static const char *const values[] = {"0",
                                         "-0",
                                         "00",
                                         "01",
                                         "-",
                                         "-1",
                                         "12345678",
                                         "123456789012345678",
                                         "9223372036854775807",
                                         "9223372036854775808",
                                         "-9223372036854775808",
                                         "99999999999999999999",
                                         "1234567890123456789012345678",
                                         "1.5",
                                         "1.",
                                         "1e5",
                                         "1E+",
                                         "true",
                                         "false",
                                         "null",
                                         "nul",
                                         "\"\"",
                                         "\"m\"",
                                         "\"a string of more than sixteen bytes\"",
                                         "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"",
                                         "\"\\x\"",
                                         "\"\\ud83d\"",
                                         "\"\xe2\x82\xac\"",
                                         "\"\xe2\x82\"",
                                         "\"\t\"",
                                         "\"last\"",
                                         "\"",
                                         "{}",
                                         "[]",
                                         "{\"id\":1}",
                                         "[1,2",
                                         " 5",
                                         "5 ",
                                         "1,\"id\":2",
                                         "1,\"ts_ms\":2",
                                         "1,\"lsn\":2",
                                         "null,\"op\":\"d\"",
                                         ""};
    (void)state;
    for (size_t i = 0; i < EVENTS; i++) {
        forget();
        for (size_t at = 0; events[i][at]; at++) {
            size_t size = at > 0 && events[i][at - 1] == ':' ? value_size(events[i] + at) : 0;
            for (size_t k = 0; size && k < sizeof values / sizeof *values; k++)
                check_changed(events[i], at, size, slice_of(values[k]));
        }
        assert_true(is_known(events[i]));
    }
}

static void a_value_may_be_as_deep_as_any(void **state)
{
    char value[2 * JSON_DEPTH + 1];
    size_t changed = 0;
    (void)state;
    for (size_t i = 0; i < EVENTS; i++)
        for (size_t depth = JSON_DEPTH - 5; depth <= JSON_DEPTH; depth++) {
            memset(value, '[', depth);
            memset(value + depth, ']', depth);
            const char *at = strstr(events[i], "\"id\":");
            forget();
            if (!at) continue;
            at += 5;
            check_changed(events[i], (size_t)(at - events[i]), value_size(at),
                          (struct slice){value, 2 * depth});
            changed++;
        }
    assert_true(changed > EVENTS);
}

static const char *name_of(char *text, size_t room, const char *table, int columns, int number)
{
    char *to = text;
    to += snprintf(to, room, "{\"op\":\"c\",\"source\":{\"ts_ms\":%d,\"table\":\"%s\"},\"after\":{\"id\":1",
                   number, table);
    for (int i = 0; i < columns; i++)
        to += snprintf(to, room - (size_t)(to - text), ",\"%s_%d\":%d", table, i, number);
    snprintf(to, room - (size_t)(to - text), "}}");
    return text;
}

/* Two of one layout and count have the same names, two of one number the same table. As many shapes as are
 * kept are learnt once; of more, little is learnt in vain. */
static void tables_take_turns(void **state)
{
    enum { TABLES = 3 * CHANGE_SHAPES, ROUNDS = 50 };
    char text[4096], table[16];
    struct {
        uint64_t layout, number;
        size_t count;
    } last[TABLES];
    (void)state;
    for (int tables = 1; tables <= TABLES; tables += tables < 12 ? 1 : 9) {
        int learnt = 0;
        forget();
        memset(last, 0, sizeof last);
        for (int i = 0; i < ROUNDS * tables; i++) {
            struct reading_of reading;
            int which = i * 7 % tables;
            snprintf(table, sizeof table, "t%d", which);
            struct message message = {.value = slice_of(name_of(text, sizeof text, table, which % 5, i))};
            unsigned owed = warm.shapes.owed;
            read_as(&reading, &message, &warm, &arena);
            learnt += warm.shapes.owed > owed;
            assert_int_equal(reading.outcome, ENVELOPE_CHANGE);
            assert_true(slice_is(reading.change.table, table));
            assert_int_equal(reading.change.changed_at, (int64_t)i * 1000);
            last[which].layout = reading.change.after_members.layout;
            last[which].count = reading.change.after_members.count;
            last[which].number = reading.change.names_number;
            assert_int_equal(last[which].count, 1 + which % 5);
            assert_true(last[which].layout && last[which].number);
            for (int k = 0; k < tables; k++) {
                if (k == which) continue;
                assert_int_not_equal(last[k].number, last[which].number);
                assert_true(last[k].layout != last[which].layout || last[k].count != last[which].count ||
                            last[which].count == 1);
            }
            arena_reset(&arena);
        }
        if (tables % 7 == 0) continue; /* only one of them came */
        if (tables <= CHANGE_SHAPES)
            assert_int_equal(learnt, tables);
        else
            assert_in_range(learnt, CHANGE_SHAPES, CHANGE_SHAPES + ROUNDS * tables / 8);
    }
}

static void very_wide_and_very_long_ones_are_read_too(void **state)
{
    enum { ROOM = 400000 };
    char *text = malloc(ROOM);
    (void)state;
    assert_non_null(text);
    for (int columns = 1000; columns <= 8000; columns += 1000) {
        forget();
        name_of(text, ROOM, "t", columns, 3);
        check_behind(text, slice_of(text));
        check_behind(text, slice_of(text));
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_usual_is_learnt),
        cmocka_unit_test(each_is_read_behind_each),
        cmocka_unit_test(any_byte_may_differ),
        cmocka_unit_test(any_value_may_differ),
        cmocka_unit_test(a_value_may_be_as_deep_as_any),
        cmocka_unit_test(tables_take_turns),
        cmocka_unit_test(very_wide_and_very_long_ones_are_read_too),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
