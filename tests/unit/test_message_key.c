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
    struct slice *names;
    size_t count;
    assert_int_equal(message_key_columns(key, &arena, &names, &count), 0);
    for (size_t i = 0; i < count; i++) {
        buffer_slice(&list, names[i]);
        buffer_char(&list, ';');
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

static void more_columns_than_any_index_has_are_no_key(void **state)
{
    (void)state;
    for (int count = 64; count <= 65; count++) {
        struct buffer key = {0}, names = {0};
        for (int i = 0; i < count; i++) {
            buffer_printf(&key, "%s\"k%d\":1", i ? "," : "{", i);
            buffer_printf(&names, "k%d;", i);
        }
        buffer_char(&key, '}');
        assert_names(buffer_view(&key), count == 64 ? buffer_string(&names) : "");
        buffer_free(&key);
        buffer_free(&names);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_with_and_without_schema),
        cmocka_unit_test(what_is_no_struct_has_no_columns),
        cmocka_unit_test(more_columns_than_any_index_has_are_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
