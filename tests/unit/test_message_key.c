/* The key columns that a message names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "cdclite/buffer.h"
#include "cdclite/message_key.h"

#define BLOCK                                                                                     \
    "{\"type\":\"struct\",\"fields\":[{\"type\":\"int32\",\"optional\":false,\"field\":\"id\"}]," \
    "\"optional\":false,"                                                                         \
    "\"name\":\"bankserver1.bank_data.holding2.Key\"}"

/* The names in a key, each followed by a semicolon. */
static void assert_names(struct slice key, const char *expected)
{
    struct arena arena = {0};
    struct buffer list = {0};
    struct json_reader json;
    struct slice name;
    int more = -1;
    if (message_key_open(key, &arena, &json)) {
        while ((more = json_member(&json, &arena, &name)) == 1 && json_skip(&json, NULL) == 0) {
            buffer_slice(&list, name);
            buffer_char(&list, ';');
        }
        if (more != 0) buffer_clear(&list);
    }
    assert_false(buffer_failed(&list));
    assert_string_equal(buffer_string(&list), expected);
    buffer_free(&list);
    arena_free(&arena);
}

static void keys_with_and_without_schema(void **state)
{
    static const struct {
        const char *key, *names;
    } cases[] = {
        {NULL, ""},
        {"{\"id\":3}", "id;"},
        {"{\"b\":3,\"a\":null}", "b;a;"},
        {"{\"schema\":" BLOCK ",\"payload\":{\"id\":3}}", "id;"},
        {"{\"payload\":{\"x\":{\"y\":1},\"id\":3},\"schema\":" BLOCK "}", "x;id;"},
        {"{\"schema\":null,\"payload\":{\"id\":3}}", "id;"},
        {" { \"\\u0069d\" : [1,{}] } ", "id;"},
        {"{\"payload\":1}", "payload;"},
        {"{\"schema\":1,\"id\":2}", "schema;id;"},
        {"{\"schema\":1,\"payload\":{\"a\":1},\"id\":2}", "schema;payload;id;"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_names(slice_of(cases[i].key), cases[i].names);
}

static void what_is_no_struct_has_no_columns(void **state)
{
    static const char *const keys[] = {"",
                                       "null",
                                       "5",
                                       "\"id\"",
                                       "[\"id\"]",
                                       "id",
                                       "{",
                                       "{\"id\"",
                                       "{\"id\":",
                                       "{\"id\":1",
                                       "{\"id\":1,",
                                       "{}",
                                       "{\"schema\":" BLOCK ",\"payload\":null}",
                                       "{\"schema\":" BLOCK ",\"payload\":5}",
                                       "{\"schema\":" BLOCK ",\"payload\":\"text\"}"};
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) assert_names(slice_of(keys[i]), "");
}

static void members_are_read_as_text(void **state)
{
    struct arena arena = {0};
    struct slice text;
    (void)state;
    assert_true(message_key_member(slice_of("{\"a\":1,\"id\":\"x\\u0041\"}"), "id", &arena, &text));
    assert_true(slice_is(text, "xA"));
    assert_true(
        message_key_member(slice_of("{\"schema\":" BLOCK ",\"payload\":{\"id\":[3]}}"), "id", &arena, &text));
    assert_true(slice_is(text, "[3]"));
    assert_false(message_key_member(slice_of("{\"a\":1}"), "id", &arena, &text));
    assert_false(message_key_member(slice_of(NULL), "id", &arena, &text));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_with_and_without_schema),
        cmocka_unit_test(what_is_no_struct_has_no_columns),
        cmocka_unit_test(members_are_read_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
