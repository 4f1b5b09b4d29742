/* Keys of the sums: equal values have one number, and their order is SQLite's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdlib.h>

#include "summary_keys.h"

static struct value integer(int64_t number)
{
    return (struct value){.type = VALUE_INTEGER, .integer = number};
}

static struct value text(const char *at, size_t size)
{
    return (struct value){.type = VALUE_TEXT, .bytes = {at, size}};
}

static void test_equal_values_have_one_number(void **state)
{
    struct summary_keys keys = {0};
    const struct value values[] = {{0}, integer(7), text("7", 1), text("", 0), text("a\0b", 3), text("a", 1)};
    const size_t count = sizeof values / sizeof *values;
    (void)state;
    for (int again = 0; again < 3; again++)
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(summary_keys_number(&keys, &values[i]), i);
            const struct value back = summary_keys_value(&keys, (uint32_t)i);
            assert_true(value_equals(&back, &values[i]));
        }
    assert_int_equal(keys.count, count);
    summary_keys_clear(&keys);
    assert_int_equal(summary_keys_number(&keys, &values[3]), 0);
    assert_int_equal(keys.count, 1);
    summary_keys_free(&keys);
}

static void test_what_is_taken(void **state)
{
    const struct value real = {.type = VALUE_REAL, .real = 7}, blob = {.type = VALUE_BLOB, .bytes = {"x", 1}};
    const struct value null = {0}, number = integer(1), word = text("x", 1);
    (void)state;
    assert_true(summary_keys_takes(&null) && summary_keys_takes(&number) && summary_keys_takes(&word));
    assert_false(summary_keys_takes(&real) || summary_keys_takes(&blob));
}

static void add_all(struct summary_keys *keys)
{
    static const int64_t bounds[] = {INT64_MIN, INT64_MIN + 1, -256, -255,  -1,    0,
                                     1,         255,           256,  65535, 65536, INT64_MAX};
    static const char *const words[] = {"b", "a", "", "ab", "\xc3\xa4", "Z", "10", "9"};
    uint64_t number = 1;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const struct value word = text(words[i], strlen(words[i]));
        summary_keys_number(keys, &word);
    }
    summary_keys_number(keys, &(const struct value){0});
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        const struct value bound = integer(bounds[i]);
        summary_keys_number(keys, &bound);
    }
    for (int i = 0; i < 5000; i++) {
        number = number * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const struct value value = integer((int64_t)(number >> (i % 60)));
        summary_keys_number(keys, &value);
    }
}

/* In the order in which SQLite's own ORDER BY gives them. */
static void test_order(void **state)
{
    struct summary_keys keys = {0};
    sqlite3 *db;
    sqlite3_stmt *insert, *select;
    (void)state;
    add_all(&keys);
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t(number, value)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO t VALUES(?1, ?2)", -1, &insert, NULL), SQLITE_OK);
    for (uint32_t i = 0; i < keys.count; i++) {
        sqlite3_bind_int64(insert, 1, i);
        const struct value stored = summary_keys_stored(&keys, i);
        value_bind(insert, 2, &stored);
        assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
        sqlite3_reset(insert);
    }
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT number FROM t ORDER BY value", -1, &select, NULL),
                     SQLITE_OK);
    uint32_t *sorted = summary_keys_sorted(&keys);
    assert_non_null(sorted);
    for (size_t i = 0; i < keys.count; i++) {
        assert_int_equal(sqlite3_step(select), SQLITE_ROW);
        assert_int_equal(sorted[i], sqlite3_column_int64(select, 0));
    }
    free(sorted);
    sqlite3_finalize(insert);
    sqlite3_finalize(select);
    sqlite3_close(db);
    summary_keys_free(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_values_have_one_number),
        cmocka_unit_test(test_what_is_taken),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
