/* One-line errors that gain context on their way up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cdclite/error.h"

static void a_failure_is_its_kind_and_text(void **state)
{
    struct error error;
    (void)state;
    assert_int_equal(error_set(&error, ERROR_SOURCE, "%s: line %d", "events.jsonl", 7), -1);
    assert_int_equal(error.kind, ERROR_SOURCE);
    assert_string_equal(error.text, "events.jsonl: line 7");
    assert_int_equal(error_memory(&error), -1);
    assert_int_equal(error.kind, ERROR_FAILURE);
    assert_non_null(strstr(error.text, "memory"));
}

static void kinds_are_the_exit_codes(void **state)
{
    (void)state;
    assert_int_equal(ERROR_FAILURE, 1);
    assert_int_equal(ERROR_USAGE, 2);
    assert_int_equal(ERROR_SOURCE, 3);
    assert_int_equal(ERROR_STORAGE, 4);
}

static void context_goes_in_front_and_keeps_the_kind(void **state)
{
    struct error error;
    (void)state;
    error_set(&error, ERROR_STORAGE, "disk full, 100%%");
    assert_int_equal(error_context(&error, "history.db"), -1);
    assert_int_equal(error_context(&error, "batch %d", 5), -1);
    assert_string_equal(error.text, "batch 5: history.db: disk full, 100%");
    assert_int_equal(error.kind, ERROR_STORAGE);
}

static void a_percent_sign_in_the_text_is_no_format(void **state)
{
    struct error error;
    (void)state;
    error_set(&error, ERROR_USAGE, "%s", "50%s%n");
    error_context(&error, "%s", "a%d");
    assert_string_equal(error.text, "a%d: 50%s%n");
}

static void long_texts_are_cut_at_the_end(void **state)
{
    struct error error;
    char longer[2 * sizeof error.text];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    (void)state;
    error_set(&error, ERROR_FAILURE, "%s", longer);
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
    error_context(&error, "where");
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
    assert_memory_equal(error.text, "where: xxx", 10);
    for (int i = 0; i < 300; i++) error_context(&error, "up");
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
    assert_memory_equal(error.text, "up: up: up: ", 12);
}

static void a_long_context_leaves_room_for_the_text(void **state)
{
    struct error error;
    char longer[2 * sizeof error.text];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    (void)state;
    error_set(&error, ERROR_FAILURE, "the reason");
    error_context(&error, "%s", longer);
    assert_non_null(strstr(error.text, "x: the reason"));
}

static void context_of_an_empty_text(void **state)
{
    struct error error;
    (void)state;
    error_set(&error, ERROR_FAILURE, "%s", "");
    error_context(&error, "where");
    assert_string_equal(error.text, "where: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_is_its_kind_and_text),
        cmocka_unit_test(kinds_are_the_exit_codes),
        cmocka_unit_test(context_goes_in_front_and_keeps_the_kind),
        cmocka_unit_test(a_percent_sign_in_the_text_is_no_format),
        cmocka_unit_test(long_texts_are_cut_at_the_end),
        cmocka_unit_test(a_long_context_leaves_room_for_the_text),
        cmocka_unit_test(context_of_an_empty_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
