/* Growing bytes, and the quoting of what is put into SQL and JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "cdclite/buffer.h"
#include "cdclite/json_reader.h"

static struct buffer buffer;

static int end(void **state)
{
    (void)state;
    buffer_free(&buffer);
    return 0;
}

static void pieces_are_appended(void **state)
{
    (void)state;
    assert_string_equal(buffer_string(&buffer), "");
    buffer_text(&buffer, "one");
    buffer_text(&buffer, "");
    buffer_char(&buffer, ' ');
    buffer_slice(&buffer, (struct slice){"two and more", 3});
    buffer_slice(&buffer, (struct slice){0});
    buffer_append(&buffer, NULL, 0);
    buffer_printf(&buffer, " %d%%%s", 3, "!");
    assert_string_equal(buffer_string(&buffer), "one two 3%!");
    assert_int_equal(buffer.size, 11);
    assert_true(slice_is(buffer_view(&buffer), "one two 3%!"));
    buffer_append(&buffer, "a\0b", 3);
    assert_int_equal(buffer_view(&buffer).size, 14);
    assert_memory_equal(buffer_view(&buffer).at + 11, "a\0b", 3);
}

static void an_empty_view_is_empty_text_and_not_absent(void **state)
{
    (void)state;
    assert_non_null(buffer_view(&buffer).at);
    assert_int_equal(buffer_view(&buffer).size, 0);
}

static void it_grows_past_every_size(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) buffer_printf(&buffer, "%05d", i);
    assert_int_equal(buffer.size, 500000);
    const char *text = buffer_string(&buffer);
    for (int i = 0; i < 100000; i += 997) {
        char expected[16];
        snprintf(expected, sizeof expected, "%05d", i);
        assert_memory_equal(text + 5 * i, expected, 5);
    }
    assert_int_equal(strlen(text), 500000);
}

static void a_cleared_buffer_begins_again(void **state)
{
    (void)state;
    buffer_text(&buffer, "old");
    buffer_clear(&buffer);
    buffer_text(&buffer, "x");
    assert_string_equal(buffer_string(&buffer), "x");
}

static void after_a_failure_nothing_is_added_until_it_is_cleared(void **state)
{
    (void)state;
    buffer_text(&buffer, "before");
    assert_false(buffer_reserve(&buffer, SIZE_MAX));
    assert_true(buffer_failed(&buffer));
    buffer_text(&buffer, "behind");
    buffer_printf(&buffer, "%d", 5);
    assert_int_equal(buffer.size, 6);
    assert_string_equal(buffer_string(&buffer), "");
    assert_true(buffer_failed(&buffer));
    buffer_clear(&buffer);
    assert_false(buffer_failed(&buffer));
    buffer_text(&buffer, "again");
    assert_string_equal(buffer_string(&buffer), "again");
}

static void identifiers_are_quoted(void **state)
{
    (void)state;
    buffer_identifier(&buffer, "holding");
    buffer_char(&buffer, ' ');
    buffer_identifier(&buffer, "a \"b\"; --");
    buffer_char(&buffer, ' ');
    buffer_identifier(&buffer, "");
    assert_string_equal(buffer_string(&buffer), "\"holding\" \"a \"\"b\"\"; --\" \"\"");
}

static void names_of_a_family_are_one_identifier(void **state)
{
    (void)state;
    buffer_family_name(&buffer, "my \"t\"", "history");
    buffer_char(&buffer, ' ');
    buffer_image_name(&buffer, "before", "my \"c\"");
    assert_string_equal(buffer_string(&buffer), "\"my \"\"t\"\"_history\" \"before_my \"\"c\"\"\"");
}

static void literals_are_quoted(void **state)
{
    (void)state;
    buffer_literal(&buffer, "it's \"x\" \\ ''");
    assert_string_equal(buffer_string(&buffer), "'it''s \"x\" \\ '''''");
}

/* SQLite itself reads back what was quoted. */
static void sqlite_takes_what_is_quoted(void **state)
{
    static const char name[] = "x\"'; DROP TABLE t; --[`\n\xc3\xa9";
    (void)state;
    sqlite3 *db;
    sqlite3_stmt *statement;
    buffer_text(&buffer, "SELECT ");
    buffer_literal(&buffer, name);
    buffer_text(&buffer, " AS ");
    buffer_identifier(&buffer, name);
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, buffer_string(&buffer), -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), name);
    assert_string_equal(sqlite3_column_name(statement, 0), name);
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

static void json_strings_are_escaped(void **state)
{
    (void)state;
    buffer_json(&buffer, (struct slice){"a\"b\\c/\xc3\xa9\x7f", 9});
    assert_string_equal(buffer_string(&buffer), "\"a\\\"b\\\\c/\xc3\xa9\x7f\"");
    buffer_clear(&buffer);
    buffer_json(&buffer, (struct slice){"", 0});
    assert_string_equal(buffer_string(&buffer), "\"\"");
}

/* Every ASCII character, NUL among them, comes back from the strict reader. */
static void json_strings_are_read_back(void **state)
{
    char all[128];
    struct json_reader json;
    struct arena arena = {0};
    struct slice text;
    (void)state;
    for (int i = 0; i < 128; i++) all[i] = (char)i;
    buffer_json(&buffer, (struct slice){all, sizeof all});
    json_start(&json, buffer_view(&buffer));
    assert_int_equal(json_string(&json, &arena, &text), 0);
    assert_int_equal(json_finish(&json), 0);
    assert_int_equal(text.size, sizeof all);
    assert_memory_equal(text.at, all, sizeof all);
    arena_free(&arena);
}

static void check_integer(int64_t number)
{
    char expected[32];
    snprintf(expected, sizeof expected, "[%" PRId64 "]", number);
    buffer_clear(&buffer);
    buffer_char(&buffer, '[');
    buffer_integer(&buffer, number);
    buffer_char(&buffer, ']');
    assert_string_equal(buffer_string(&buffer), expected);
}

static void integers_are_what_printf_makes_of_them(void **state)
{
    int64_t power = 1;
    (void)state;
    for (int64_t number = -12000; number <= 12000; number++) check_integer(number);
    for (int digits = 1; digits < 19; digits++, power *= 10)
        for (int64_t near = -2; near <= 2; near++) {
            check_integer(power + near);
            check_integer(near - power);
            check_integer(power * 7 + 304 * near);
        }
    check_integer(INT64_MAX);
    check_integer(INT64_MIN);
    check_integer(INT64_MIN + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(pieces_are_appended, end),
        cmocka_unit_test_teardown(an_empty_view_is_empty_text_and_not_absent, end),
        cmocka_unit_test_teardown(it_grows_past_every_size, end),
        cmocka_unit_test_teardown(a_cleared_buffer_begins_again, end),
        cmocka_unit_test_teardown(after_a_failure_nothing_is_added_until_it_is_cleared, end),
        cmocka_unit_test_teardown(integers_are_what_printf_makes_of_them, end),
        cmocka_unit_test_teardown(identifiers_are_quoted, end),
        cmocka_unit_test_teardown(names_of_a_family_are_one_identifier, end),
        cmocka_unit_test_teardown(literals_are_quoted, end),
        cmocka_unit_test_teardown(sqlite_takes_what_is_quoted, end),
        cmocka_unit_test_teardown(json_strings_are_escaped, end),
        cmocka_unit_test_teardown(json_strings_are_read_back, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
