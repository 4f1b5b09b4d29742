/* Objects read with the guess of those before them, of whatever kind, against the plain walk of
 * json_reader.h: the same verdict, names and values, and layouts that tell orders of names apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/json_object.h"

static struct arena arena;

static int end(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static const char *const objects[] = {
    "{}",
    "{\"id\":1,\"name\":\"a\",\"at\":1738317600123456}",
    "{\"id\":2,\"name\":\"b\",\"at\":null}",
    "{\"id\":2,\"name\":\"b\"}",
    "{\"id\":2,\"name\":\"b\",\"at\":1,\"more\":[1,{\"id\":3}]}",
    "{\"name\":\"b\",\"id\":2,\"at\":1}",
    "{\"ID\":2,\"name\":\"b\",\"at\":1}",
    "{\"i\\u0064\":1,\"name\":\"a\",\"at\":2}",
    "{ \"id\" : 1 , \"name\" : \"a\" }",
    "{\"id\":1,\"id\":2}",
    ("{\"\":1,\"a\":-0,\"b\":1e5,\"c\":9223372036854775807,\"d\":9223372036854775808,"
     "\"e\":-9223372036854775808}"),
    "{\"a_name_that_is_longer_than_what_is_kept_of_a_name_as_guess\":1,\"b\":\"\\\"\\u20ac\"}",
    "{\"id\":\"}\",\"name\":\"{,\"}",
    /* broken */
    "{,\"id\":1}",
    "{\"id\":1,}",
    "{\"id\":1\"name\":\"a\"}",
    "{\"id\":1,,\"name\":\"a\"}",
    "{\"id\"1}",
    "{\"id\":}",
    "{\"id\":01}",
    "{\"id\":1,\"name\":\"a\",\"at\":1738317600123456",
    "{\"id\":1,\"name\":\"a\xff\"}",
    "{\"id\":1,\"na",
    "{\"id\":",
    "{\"id\":1,\"name\":nul}",
    "{\"id\":1,\"name\":\"a\"]",
    "[]",
    "",
};
enum { OBJECTS = sizeof objects / sizeof *objects };

/* In memory of exactly its size, for the sanitizer's sake. */
static struct slice exact(const char *text)
{
    size_t size = strlen(text);
    char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, text, size);
    return (struct slice){copy, size};
}

static int read_object(struct slice text, struct json_guess *guess, struct json_members *members,
                       struct json_reader *json)
{
    struct json_walk walk = {.json = json, .guess = guess, .arena = &arena};
    json_start(json, text);
    return json_walk_members(&walk, members);
}

static void check_same(struct slice text, const struct json_members *members, int outcome)
{
    struct json_reader json;
    struct slice name, raw;
    size_t count = 0;
    int more = -1;
    json_start(&json, text);
    if (json_open(&json, JSON_OBJECT) == 0) {
        while ((more = json_member(&json, &arena, &name)) == 1) {
            if (json_skip(&json, &raw)) {
                more = -1;
                break;
            }
            if (outcome) continue;
            assert_true(count < members->count);
            assert_true(slice_equals(members->all[count].name, name));
            assert_ptr_equal(members->all[count].raw.at, raw.at);
            assert_int_equal(members->all[count++].raw.size, raw.size);
        }
    }
    if (more != outcome) fail_msg("%.*s: %d, not %d", (int)text.size, text.at, outcome, more);
    if (outcome == 0) assert_int_equal(count, members->count);
}

static void a_guess_changes_nothing(void **state)
{
    (void)state;
    for (size_t first = 0; first < OBJECTS; first++)
        for (size_t second = 0; second < OBJECTS; second++) {
            struct json_guess guess = {0};
            const size_t order[] = {first, second, second, first};
            for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
                struct slice text = exact(objects[order[i]]);
                struct json_members members;
                struct json_reader json;
                int outcome = read_object(text, &guess, &members, &json);
                check_same(text, &members, outcome);
                if (outcome) assert_non_null(json.problem);
                free((char *)text.at);
                arena_reset(&arena);
            }
        }
}

static bool same_names(const struct json_members *a, const struct json_members *b)
{
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (!slice_equals(a->all[i].name, b->all[i].name)) return false;
    return true;
}

static void equal_layouts_are_equal_names(void **state)
{
    struct json_guess guess = {0};
    struct json_members members[3 * OBJECTS];
    size_t count = 0, equal = 0;
    (void)state;
    for (size_t i = 0; i < (size_t)3 * OBJECTS; i++) {
        struct json_reader json;
        if (read_object(slice_of(objects[i * 5 % OBJECTS]), &guess, &members[count], &json) == 0) count++;
        if (i % 2 && read_object(slice_of(objects[i * 5 % OBJECTS]), &guess, &members[count], &json) == 0)
            count++;
        if (count >= (size_t)3 * OBJECTS - 2) break;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++) {
            if (!members[i].layout || members[i].layout != members[k].layout ||
                members[i].count != members[k].count)
                continue;
            assert_true(same_names(&members[i], &members[k]));
            equal++;
        }
    assert_true(equal > 0);
}

static int only_name(struct slice name)
{
    return slice_is(name, "name") ? 7 : -1;
}

static void members_without_meaning_are_passed_over(void **state)
{
    struct json_guess guess = {0};
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct json_reader json;
        struct json_members members;
        struct json_walk walk = {.json = &json, .guess = &guess, .meaning_of = only_name, .arena = &arena};
        json_start(&json, slice_of(objects[1]));
        assert_int_equal(json_walk_members(&walk, &members), 0);
        assert_int_equal(members.count, 1);
        assert_int_equal(members.all[0].meaning, 7);
        assert_true(slice_is(members.all[0].raw, "\"a\""));
        assert_int_equal(json_finish(&json), 0);
    }
}

static void of_very_many_members_the_first_are_kept(void **state)
{
    enum { MANY = MOST_MEMBERS + 3 };
    char *text = malloc(MANY * 8 + 2), *to = text;
    (void)state;
    assert_non_null(text);
    *to++ = '{';
    for (int i = 0; i < MANY; i++) to += sprintf(to, "%s\"%d\":1", i ? "," : "", i % 10);
    *to++ = '}';
    for (size_t dropped = 0; dropped < 5; dropped++) {
        /* Without the last members: one has as many as are kept, the others more or fewer. */
        size_t count = MANY - dropped;
        struct json_guess guess = {0};
        struct json_members members;
        struct json_reader json;
        struct slice object = {text, 1 + count * 6};
        char last = text[object.size - 1];
        text[object.size - 1] = '}';
        assert_int_equal(read_object(object, &guess, &members, &json), 0);
        assert_int_equal(json_finish(&json), 0);
        assert_int_equal(members.count, count < MOST_MEMBERS ? count : MOST_MEMBERS);
        assert_int_equal(members.cut, count > MOST_MEMBERS);
        text[object.size - 1] = last;
    }
    free(text);
}

static void numbers_are_whole_within_64_bits(void **state)
{
    static const struct {
        const char *text;
        bool whole;
        int64_t integer;
    } cases[] = {
        {"0", true, 0},
        {"-0", false, 0},
        {"-1", true, -1},
        {"12345678", true, 12345678},
        {"123456789", true, 123456789},
        {"1738317600123456", true, 1738317600123456},
        {"1738317600123456789", true, 1738317600123456789},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"-9223372036854775808", true, INT64_MIN},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999", false, 0},
        {"100000000000000000000000000", false, 0},
        {"1.0", false, 0},
        {"1e2", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice text = exact(cases[i].text);
        struct json_reader json;
        struct json_token token;
        json_start(&json, text);
        assert_int_equal(json_value(&json, &token), 0);
        assert_int_equal(json_finish(&json), 0);
        assert_int_equal(token.kind, JSON_NUMBER);
        if (token.whole != cases[i].whole) fail_msg("%s", cases[i].text);
        if (token.whole) assert_int_equal(token.integer, cases[i].integer);
        free((char *)text.at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guess_changes_nothing),
        cmocka_unit_test(equal_layouts_are_equal_names),
        cmocka_unit_test(members_without_meaning_are_passed_over),
        cmocka_unit_test(of_very_many_members_the_first_are_kept),
        cmocka_unit_test(numbers_are_whole_within_64_bits),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
