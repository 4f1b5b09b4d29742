/* Templates: what their placeholders become for a table, whatever its names are, and keys as they are typed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "query_parts.h"

/* A table of three columns: two are the key, the last is gone at the source. */
static struct captured_column columns[3];
static struct captured_table table;
static sqlite3 *db;
static struct error error;

static int begin(void **state)
{
    (void)state;
    static char names[][40] = {"id", "word", "it's {column} \"x\"; --"};
    static char hostile[] = "x\"; DROP TABLE y; --", source[] = "s.t";
    for (size_t i = 0; i < 3; i++)
        columns[i] = (struct captured_column){
            .name = names[i], .column_name = names[i], .key = i < 2, .present = i < 2, .place = i};
    table = (struct captured_table){.name = hostile,
                                    .source_name = source,
                                    .columns = columns,
                                    .count = 3,
                                    .present_count = 2,
                                    .key_enforced = true};
    error = (struct error){0};
    return sqlite3_open(":memory:", &db);
}

static int end(void **state)
{
    (void)state;
    return sqlite3_close(db);
}

static int expand(const char *sql, struct buffer *out)
{
    static const struct query_parameter parameter = {"table", PARAMETER_TABLE, "", true, ""};
    const struct query query = {
        .name = "q", .file = "q.sql", .sql = sql, .parameters = &parameter, .parameter_count = 1};
    buffer_clear(out);
    return query_template_expand(db, &query, NULL, &table, out, &error);
}

static void assert_becomes(const char *sql, const char *expected)
{
    struct buffer out = {0};
    int result = expand(sql, &out);
    assert_string_equal(error.text, "");
    assert_string_equal(buffer_string(&out), expected);
    assert_int_equal(result, 0);
    buffer_free(&out);
}

static void assert_refused(const char *sql, const char *expected)
{
    struct buffer out = {0};
    assert_int_equal(expand(sql, &out), -1);
    assert_string_equal(error.text, expected);
    assert_int_equal(error.kind, ERROR_USAGE);
    buffer_free(&out);
}

static void test_names(void **state)
{
    (void)state;
    assert_becomes("SELECT {table} FROM {T_history}, {T_changes}",
                   "SELECT 'x\"; DROP TABLE y; --' FROM \"x\"\"; DROP TABLE y; --_history\", "
                   "\"x\"\"; DROP TABLE y; --_changes\"");
    /* What comes out is not read again, and what stands in texts, names and comments is none. */
    assert_becomes("'{table}' \"{table}\" [{table}] `{table}` /* {table} */ -- {table}\n",
                   "'{table}' \"{table}\" [{table}] `{table}` /* {table} */ -- {table}\n");
    assert_becomes("{each_ever, {column}}", "\"id\", \"word\", \"it's {column} \"\"x\"\"; --\"");
    assert_becomes("{each_ever, {name}}", "'id', 'word', 'it''s {column} \"x\"; --'");
}

static void test_each(void **state)
{
    (void)state;
    assert_becomes("{each, {column}}", "\"id\", \"word\"");
    assert_becomes("{each_key WHEN {name} THEN ({old}) }",
                   "WHEN 'id' THEN (\"old_id\") WHEN 'word' THEN (\"old_word\")");
    assert_becomes("{each, {before} IS NOT {after}}",
                   "\"before_id\" IS NOT \"after_id\", \"before_word\" IS NOT \"after_word\"");
    assert_becomes("{each, {before_name}}", "'before_id', 'before_word'");
    assert_becomes("{each, {before_text}}", "CAST(\"before_id\" AS TEXT), CAST(\"before_word\" AS TEXT)");
    columns[0].key = columns[1].key = false;
    assert_becomes("{each_key, {new}}", "\"new_id\", \"new_word\"");
    /* The source's order, not that of appearance. */
    columns[0].place = 1;
    columns[1].place = 0;
    assert_becomes("{each, '}' || {column}}", "'}' || \"word\", '}' || \"id\"");
    columns[1].storage = STORAGE_BLOB;
    assert_becomes("{each, {after_text}}",
                   "('\\x' || lower(hex(\"after_word\"))), CAST(\"after_id\" AS TEXT)");
}

static void test_wrong(void **state)
{
    (void)state;
    assert_refused("SELECT\n {tabel}", "q.sql:2: {tabel}: no placeholder of that name");
    assert_refused("SELECT {}", "q.sql:1: {}: no placeholder of that name");
    assert_refused("{each {column}", "q.sql:1: a { without its }");
    assert_refused("{column}", "q.sql:1: {column}: no placeholder of that name");
    assert_refused("{each {each {column}}}", "q.sql:1: an {each …} stands in another");
    assert_refused("\n\n{time }", "q.sql:3: {time}: of what?");
    assert_refused("{T_sales}", "q.sql:1: {T_sales}: no view of a table; there are {T_history}, {T_changes}, "
                                "{T_field_changes}, {T_current}, {T_versions}");
    columns[0].key = columns[1].key = false;
    assert_refused("{key :key}", "q: x\"; DROP TABLE y; -- has no key; load with --key x\"; DROP TABLE y; "
                                 "--=COLUMN,… to say which columns tell its rows apart");
    table.present_count = 0;
    columns[0].present = columns[1].present = false;
    assert_refused("{each, {column}}",
                   "q: x\"; DROP TABLE y; -- has no columns yet: none of its rows has been loaded");
}

/* The value of an expanded expression with :x bound, "-" for NULL. */
static void assert_gives(const char *sql, const char *x, const char *expected)
{
    struct buffer out = {0};
    sqlite3_stmt *statement;
    assert_int_equal(expand(sql, &out), 0);
    assert_int_equal(sqlite3_prepare_v2(db, buffer_string(&out), -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_bind_text(statement, 1, x, -1, SQLITE_STATIC), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const char *text = (const char *)sqlite3_column_text(statement, 0);
    assert_string_equal(text ? text : "-", expected);
    sqlite3_finalize(statement);
    buffer_free(&out);
}

static void test_values(void **state)
{
    (void)state;
    assert_gives("SELECT {time :x}", "1970-01-02", "86400000000");
    assert_gives("SELECT {time :x}", "1969-12-31T23:59:59.5Z", "-500000");
    assert_gives("SELECT {time :x}", "2025-02-30", "-");
    assert_gives("SELECT {iso {time :x}}", "2025-01-31 10:00:00.123456", "2025-01-31T10:00:00.123456Z");
    assert_gives("SELECT {key :x}", "1,a\"b", "[\"1\",\"a\\\"b\"]");
    assert_gives("SELECT {key :x}", "[1, \"a,b\"]", "[\"1\",\"a,b\"]");
    assert_gives("SELECT {key :x}", "{\"word\": null, \"id\": 7}", "[\"7\",null]");
    columns[0].key = false;
    assert_gives("SELECT {key :x}", "[1,2]", "[\"[1,2]\"]");
}

static void assert_key(const char *argument, const char *expected)
{
    struct buffer out = {0};
    const struct query query = {.name = "q"};
    int result = query_key_read(&query, &table, argument, &out, &error);
    assert_string_equal(result ? error.text : buffer_string(&out), expected);
    buffer_free(&out);
}

static void test_key(void **state)
{
    (void)state;
    const char *rest =
        "; the key of x\"; DROP TABLE y; -- is (id, word): write the values with commas between, "
        "or where one holds a comma a JSON list or object of them";
    static const struct {
        const char *argument, *why;
    } wrong[] = {
        {"1", "a value is missing"},
        {"", "a value is missing"},
        {"1,a,b", "it has more values than the key"},
        {"[1]", "a value is missing"},
        {"[1,2,3]", "it has more values than the key"},
        {"[1,[2]]", "its values must be JSON strings, numbers, true, false or null"},
        {"[1,2", "it is no JSON"},
        {"[1,2] x", "it is no JSON"},
        {"{\"id\":1,\"id\":2}", "it names a column twice"},
        {"{\"id\":1,\"other\":2}", "it names a column that is not of the key"},
        {"{\"id\":1}", "a value is missing"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char expected[512];
        snprintf(expected, sizeof expected, "q: key=%s: %s%s", wrong[i].argument, wrong[i].why, rest);
        assert_key(wrong[i].argument, expected);
        assert_int_equal(error.kind, ERROR_USAGE);
    }
    assert_key("1,AAPL", "[\"1\",\"AAPL\"]");
    assert_key(",", "[\"\",\"\"]");
}

/* Numbers keep their digits. */
static void test_key_json(void **state)
{
    (void)state;
    assert_key("[12345678901234567890.10, \"a,b\"]", "[\"12345678901234567890.10\",\"a,b\"]");
    assert_key("{\"word\":null,\"id\":true}", "[\"1\",null]");
    columns[1].key = false;
    assert_key("[1,2]", "[1,2]");
    assert_key("a,b", "a,b");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {TEST(test_names),  TEST(test_each), TEST(test_wrong),
                                       TEST(test_values), TEST(test_key),  TEST(test_key_json)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
