/* JSON values as the history stores them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "cdclite/hash.h"
#include "cdclite/value.h"

static struct arena arena;

static int end(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

/* The value as "integer 5", "real 1.5", "text abc", "blob 00ff", "null"; 17 digits tell any two doubles
 * apart. */
static void describe(const struct value *value, struct buffer *out)
{
    static const char *const names[] = {"null", "integer ", "real ", "text ", "blob "};
    buffer_clear(out);
    buffer_text(out, names[value->type]);
    switch (value->type) {
    case VALUE_NULL: break;
    case VALUE_INTEGER: buffer_printf(out, "%lld", (long long)value->integer); break;
    case VALUE_REAL: buffer_printf(out, "%.17g", value->real); break;
    case VALUE_TEXT: buffer_slice(out, value->bytes); break;
    case VALUE_BLOB:
        for (size_t i = 0; i < value->bytes.size; i++)
            buffer_printf(out, "%02x", (unsigned)(unsigned char)value->bytes.at[i]);
    }
}

/* The value that `json` is read as; -1 when it is refused, which must say why. */
static int read_json(const char *json, const struct column_type *type, struct value *value)
{
    struct json_reader reader;
    json_start(&reader, slice_of(json));
    if (value_read(&reader, type, &arena, value) == 0 && json_finish(&reader) == 0) return 0;
    assert_non_null(reader.problem);
    return -1;
}

struct reading {
    const char *json, *stored; /* NULL: refused */
};

static void assert_all_read(struct column_type type, const struct reading *cases, size_t count)
{
    struct buffer described = {0};
    for (size_t i = 0; i < count; i++) {
        struct value value;
        if (read_json(cases[i].json, &type, &value)) {
            if (cases[i].stored) fail_msg("%s is refused", cases[i].json);
            continue;
        }
        describe(&value, &described);
        if (!cases[i].stored) fail_msg("%s is taken: %s", cases[i].json, buffer_string(&described));
        assert_string_equal(buffer_string(&described), cases[i].stored);
        assert_true(storage_holds(storage_of(type.kind), value.type));
    }
    buffer_free(&described);
}
#define ASSERT_ALL_READ(kind, cases) \
    assert_all_read((struct column_type){kind, UNIT_NONE, 0}, cases, sizeof cases / sizeof *cases)

static void null_is_null_for_every_kind(void **state)
{
    static const struct reading cases[] = {{"null", "null"}, {" null ", "null"}, {"nul", NULL}, {"", NULL}};
    (void)state;
    for (int kind = KIND_ANY; kind <= KIND_JSON; kind++) ASSERT_ALL_READ((enum column_kind)kind, cases);
}

static void integers_are_exact(void **state)
{
    static const struct reading cases[] = {
        {"0", "integer 0"},
        {"-0", "integer 0"},
        {"-1", "integer -1"},
        {"9007199254740993", "integer 9007199254740993"},
        {"9223372036854775807", "integer 9223372036854775807"},
        {"-9223372036854775808", "integer -9223372036854775808"},
        {"9223372036854775808", NULL},
        {"-9223372036854775809", NULL},
        {"18446744073709551616", NULL},
        {"100000000000000000000", NULL},
        {"1.0", NULL},
        {"1e3", NULL},
        {"\"1\"", NULL},
        {"true", NULL},
        {"[1]", NULL},
        {"{}", NULL},
    };
    (void)state;
    ASSERT_ALL_READ(KIND_INTEGER, cases);
}

static void booleans_are_0_and_1(void **state)
{
    static const struct reading cases[] = {
        {"true", "integer 1"}, {"false", "integer 0"}, {"1", NULL}, {"\"true\"", NULL}, {"tru", NULL},
    };
    (void)state;
    ASSERT_ALL_READ(KIND_BOOLEAN, cases);
}

/* A double where it gives the digits back, else the text as sent. */
static void floats_lose_nothing(void **state)
{
    static const struct reading cases[] = {
        {"0", "real 0"},
        {"0.0", "real 0"},
        {"-0.0", "text -0.0"},
        {"-0", "text -0"},
        {"-0e5", "text -0e5"},
        {"5", "real 5"},
        {"1.5", "real 1.5"},
        {"-2.25E2", "real -225"},
        {"0.1", "real 0.10000000000000001"},
        {"-3.4028235E38", "real -3.4028234999999999e+38"},
        {"1.4E-45", "real 1.4000000000000001e-45"},
        {"1.7976931348623157E308", "real 1.7976931348623157e+308"},
        {"2.2250738585072014E-308", "real 2.2250738585072014e-308"},
        {"9007199254740993", "text 9007199254740993"}, /* 2^53 + 1 */
        {"9007199254740994", "real 9007199254740994"},
        {"0.10000000000000001", "text 0.10000000000000001"}, /* the double's shortest text is 0.1 */
        {"0.12345678901234566", "real 0.12345678901234566"},
        {"0.12345678901234567", "text 0.12345678901234567"}, /* …566's double, too */
        {"12345678.9012345678901", "text 12345678.9012345678901"},
        {"4.9E-324", "real 4.9406564584124654e-324"},
        {"1E-400", "text 1E-400"},
        {"1e400", "text 1e400"},
        {"-1e400", "text -1e400"},
        {"1e-400", "text 1e-400"},
        {"\"NaN\"", "text NaN"},
        {"\"Infinity\"", "real inf"},
        {"\"-Infinity\"", "real -inf"},
        {"\"nan\"", NULL},
        {"\"1.5\"", NULL},
        {"true", NULL},
        {"[]", NULL},
    };
    (void)state;
    ASSERT_ALL_READ(KIND_FLOAT, cases);
}

static void texts_are_decoded(void **state)
{
    static const struct reading cases[] = {
        {"\"\"", "text "},
        {"\"abc\"", "text abc"},
        {"\"caf\xc3\xa9 \\u00e9\\ud83d\\ude00\\n\"", "text caf\xc3\xa9 \xc3\xa9\xf0\x9f\x98\x80\n"},
        {"\"__debezium_unavailable_value\"", "text __debezium_unavailable_value"},
        {"1", NULL},
        {"{}", NULL},
        {"true", NULL},
        {"\"\\ud800\"", NULL},
    };
    (void)state;
    ASSERT_ALL_READ(KIND_TEXT, cases);
}

static void bytes_are_base64(void **state)
{
    static const struct reading cases[] = {
        {"\"\"", "blob "},
        {"\"AP8Q\"", "blob 00ff10"},
        {"\"qg==\"", "blob aa"},
        {"\"\\u0041P8Q\"", "blob 00ff10"},
        {"\"AP8\\/\"", "blob 00ff3f"},
        {"\"no base64\"", NULL},
        {"\"A\"", NULL},
        {"1", NULL},
    };
    (void)state;
    ASSERT_ALL_READ(KIND_BYTES, cases);
}

static void decimals_have_the_scale_of_the_schema(void **state)
{
    static const struct reading cases[] = {
        {"\"SZYC0g==\"", "text 12345678.90"},
        {"\"AA==\"", "text 0.00"},
        {"\"/w==\"", "text -0.01"},
        {"\"\"", NULL},
        {"\"12345678.90\"", NULL},
        {"12345678.90", NULL},
        {"{}", NULL},
    };
    (void)state;
    assert_all_read((struct column_type){KIND_DECIMAL, UNIT_NONE, 2}, cases, sizeof cases / sizeof *cases);
}

static void variable_decimals_bring_their_scale(void **state)
{
    static const struct reading cases[] = {
        {"{\"scale\":9,\"value\":\"J+QbMka+ybFuOYEV\"}", "text 12345678901234567890.123456789"},
        {"{\"value\":\"/w==\",\"more\":[1],\"scale\":1}", "text -0.1"},
        {"{\"scale\":0,\"value\":\"AA==\"}", "text 0"},
        {"{\"scale\":-2,\"value\":\"AQ==\"}", "text 100"},
        {"{\"value\":\"AA==\"}", NULL},
        {"{\"scale\":0}", NULL},
        {"{\"scale\":\"0\",\"value\":\"AA==\"}", NULL},
        {"{\"scale\":1.5,\"value\":\"AA==\"}", NULL},
        {"{\"scale\":null,\"value\":\"AA==\"}", NULL},
        {"{\"scale\":0,\"value\":null}", NULL},
        {"{\"scale\":4294967296,\"value\":\"AA==\"}", NULL},
        {"{\"scale\":2147483647,\"value\":\"AA==\"}", NULL},
        {"{\"scale\":0,\"value\":\"AA==\"", NULL},
        {"\"AA==\"", NULL},
        {"1", NULL},
        {"[]", NULL},
    };
    (void)state;
    ASSERT_ALL_READ(KIND_VARIABLE_DECIMAL, cases);
}

static void structures_are_kept_as_sent(void **state)
{
    static const struct reading cases[] = {
        {"[1, null,-3]", "text [1, null,-3]"},
        {" {\"x\":1.50,\"y\":\"\\u0041\"} ", "text {\"x\":1.50,\"y\":\"\\u0041\"}"},
        {"\"a\"", "text \"a\""},
        {"1e2", "text 1e2"},
        {"true", "text true"},
        {"[1,]", NULL},
    };
    (void)state;
    ASSERT_ALL_READ(KIND_JSON, cases);
}

static void without_a_schema_the_value_itself_decides(void **state)
{
    static const struct reading cases[] = {
        {"5", "integer 5"},
        {"-9223372036854775808", "integer -9223372036854775808"},
        {"9223372036854775808", "text 9223372036854775808"},
        {"-0", "text -0"},
        {"1.5", "real 1.5"},
        {"1.0", "real 1"},
        {"1e2", "real 100"},
        {"-0.0", "text -0.0"},
        {"0.1000000000000000000001", "text 0.1000000000000000000001"},
        {"1E999", "text 1E999"},
        {"true", "integer 1"},
        {"false", "integer 0"},
        {"\"5\"", "text 5"},
        {"\"\"", "text "},
        {"\"NaN\"", "text NaN"},
        {"[1, 2]", "text [1, 2]"},
        {"{\"a\": 1}", "text {\"a\": 1}"},
        {"01", NULL},
        {"x", NULL},
    };
    (void)state;
    ASSERT_ALL_READ(KIND_ANY, cases);
}

/* What is called REAL must print as it was sent, digit for digit. */
static void long_fractions_are_text_or_exactly_right(void **state)
{
    static const struct column_type any = {.kind = KIND_ANY};
    uint64_t seed = HASH_START;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        int digits = 1 + i % 19;
        char json[64], printed[64];
        struct value value;
        seed = hash_word(seed, (uint64_t)i);
        snprintf(json, sizeof json, "0.%019llu", (unsigned long long)(seed % UINT64_C(10000000000000000000)));
        json[2 + digits] = '\0';
        while (digits > 1 && json[1 + digits] == '0') json[2 + --digits] = '\0';
        assert_int_equal(read_json(json, &any, &value), 0);
        if (digits <= 15) assert_int_equal(value.type, VALUE_REAL);
        if (value.type == VALUE_REAL) {
            snprintf(printed, sizeof printed, "%.*f", digits, value.real);
            assert_string_equal(printed, json);
        } else {
            assert_int_equal(value.type, VALUE_TEXT);
            assert_true(slice_is(value.bytes, json));
        }
    }
}

static void storage_of_every_kind(void **state)
{
    static const struct {
        enum column_kind kind;
        const char *declared;
    } cases[] = {
        {KIND_ANY, "ANY"},   {KIND_FLOAT, "ANY"},  {KIND_INTEGER, "INTEGER"}, {KIND_BOOLEAN, "INTEGER"},
        {KIND_TEXT, "TEXT"}, {KIND_BYTES, "BLOB"}, {KIND_DECIMAL, "TEXT"},    {KIND_VARIABLE_DECIMAL, "TEXT"},
        {KIND_JSON, "TEXT"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(storage_name(storage_of(cases[i].kind)), cases[i].declared);
}

/* storage_holds by SQLite's own judgement: what a STRICT column takes and gives back unchanged. */
static void storage_holds_what_a_strict_column_keeps(void **state)
{
    static const struct value values[] = {
        {.type = VALUE_NULL},
        {.type = VALUE_INTEGER, .integer = INT64_MIN},
        {.type = VALUE_REAL, .real = 0.5},
        {.type = VALUE_TEXT, .bytes = {"-0.0", 4}},
        {.type = VALUE_TEXT, .bytes = {"12", 2}},
        {.type = VALUE_TEXT, .bytes = {"", 0}},
        {.type = VALUE_BLOB, .bytes = {"a\0b", 3}},
        {.type = VALUE_BLOB, .bytes = {"", 0}},
    };
    (void)state;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (int storage = STORAGE_ANY; storage <= STORAGE_BLOB; storage++)
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            char ddl[128];
            sqlite3_stmt *insert, *select;
            struct value back;
            snprintf(ddl, sizeof ddl, "DROP TABLE IF EXISTS t; CREATE TABLE t(x %s) STRICT",
                     storage_name((enum column_storage)storage));
            assert_int_equal(sqlite3_exec(db, ddl, NULL, NULL, NULL), SQLITE_OK);
            assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO t VALUES(?1)", -1, &insert, NULL),
                             SQLITE_OK);
            assert_int_equal(value_bind(insert, 1, &values[i]), SQLITE_OK);
            bool kept = sqlite3_step(insert) == SQLITE_DONE;
            if (kept) {
                assert_int_equal(sqlite3_prepare_v2(db, "SELECT x FROM t", -1, &select, NULL), SQLITE_OK);
                assert_int_equal(sqlite3_step(select), SQLITE_ROW);
                value_from_column(select, 0, &back);
                kept = value_equals(&values[i], &back);
                sqlite3_finalize(select);
            }
            sqlite3_finalize(insert);
            bool holds = storage_holds((enum column_storage)storage, values[i].type);
            /* SQLite also converts "12" to a number for an INTEGER column: refused here, so never lost. */
            if (holds != kept) fail_msg("%s, value %zu: holds %d, kept %d", ddl, i, holds, kept);
        }
    sqlite3_close(db);
}

static void equality_is_sql_is(void **state)
{
    static const struct value values[] = {
        {.type = VALUE_NULL},
        {.type = VALUE_INTEGER, .integer = 0},
        {.type = VALUE_INTEGER, .integer = 1},
        {.type = VALUE_REAL, .real = 0},
        {.type = VALUE_REAL, .real = 1},
        {.type = VALUE_TEXT, .bytes = {"", 0}},
        {.type = VALUE_TEXT, .bytes = {"0", 1}},
        {.type = VALUE_TEXT, .bytes = {"1", 1}},
        {.type = VALUE_TEXT, .bytes = {"1\0", 2}},
        {.type = VALUE_BLOB, .bytes = {"", 0}},
        {.type = VALUE_BLOB, .bytes = {"1", 1}},
    };
    enum { COUNT = sizeof values / sizeof *values };
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < COUNT; k++) {
            char copy[4] = "";
            struct value b = values[k];
            if (b.type == VALUE_TEXT || b.type == VALUE_BLOB) { /* equal by content, not by place */
                memcpy(copy, b.bytes.at, b.bytes.size);
                b.bytes.at = copy;
            }
            assert_int_equal(value_equals(&values[i], &b), i == k);
            assert_int_equal(value_hash(HASH_START, &values[i]) == value_hash(HASH_START, &b), i == k);
        }
}

/* Texts that border on each other must not hash like the same bytes cut elsewhere. */
static void hashes_know_where_a_text_ends(void **state)
{
    static const struct value a = {.type = VALUE_TEXT, .bytes = {"ab", 2}},
                              b = {.type = VALUE_TEXT, .bytes = {"c", 1}},
                              c = {.type = VALUE_TEXT, .bytes = {"a", 1}},
                              d = {.type = VALUE_TEXT, .bytes = {"bc", 2}};
    (void)state;
    assert_true(value_hash(value_hash(HASH_START, &a), &b) != value_hash(value_hash(HASH_START, &c), &d));
    assert_true(value_hash(value_hash(HASH_START, &a), &b) != value_hash(value_hash(HASH_START, &b), &a));
}

static void values_as_people_read_them(void **state)
{
    static const struct {
        struct value value;
        enum time_unit unit;
        const char *text;
    } cases[] = {
        {{.type = VALUE_NULL}, UNIT_NONE, ""},
        {{.type = VALUE_NULL}, UNIT_DAYS, ""},
        {{.type = VALUE_INTEGER, .integer = INT64_MIN}, UNIT_NONE, "-9223372036854775808"},
        {{.type = VALUE_INTEGER, .integer = 20119}, UNIT_DAYS, "2025-01-31"},
        {{.type = VALUE_INTEGER, .integer = INT64_C(1738317600123456)},
         UNIT_TIMESTAMP_US,
         "2025-01-31T10:00:00.123456"},
        {{.type = VALUE_INTEGER, .integer = INT64_MAX}, UNIT_TIMESTAMP_US, "infinity"},
        {{.type = VALUE_REAL, .real = 1.5}, UNIT_NONE, "1.5"},
        {{.type = VALUE_REAL, .real = 100}, UNIT_NONE, "100.0"},
        {{.type = VALUE_REAL, .real = 0.1}, UNIT_NONE, "0.1"},
        {{.type = VALUE_REAL, .real = 1e300}, UNIT_NONE, "1e+300"},
        {{.type = VALUE_REAL, .real = 9007199254740994.0}, UNIT_NONE, "9007199254740994.0"},
        {{.type = VALUE_REAL, .real = 0.30000000000000004}, UNIT_NONE, "0.30000000000000004"},
        {{.type = VALUE_REAL, .real = HUGE_VAL}, UNIT_NONE, "Infinity"},
        {{.type = VALUE_REAL, .real = -HUGE_VAL}, UNIT_NONE, "-Infinity"},
        {{.type = VALUE_TEXT, .bytes = {"a, \"b\"\n", 7}}, UNIT_NONE, "a, \"b\"\n"},
        {{.type = VALUE_TEXT, .bytes = {"as sent", 7}}, UNIT_TIMESTAMP_US, "as sent"},
        {{.type = VALUE_BLOB, .bytes = {"\x00\xff\x1a", 3}}, UNIT_NONE, "00ff1a"},
        {{.type = VALUE_BLOB, .bytes = {"", 0}}, UNIT_NONE, ""},
    };
    struct buffer out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer_clear(&out);
        value_text(&cases[i].value, cases[i].unit, &out);
        assert_string_equal(buffer_string(&out), cases[i].text);
    }
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_null_for_every_kind),
        cmocka_unit_test(integers_are_exact),
        cmocka_unit_test(booleans_are_0_and_1),
        cmocka_unit_test(floats_lose_nothing),
        cmocka_unit_test_teardown(texts_are_decoded, end),
        cmocka_unit_test_teardown(bytes_are_base64, end),
        cmocka_unit_test_teardown(decimals_have_the_scale_of_the_schema, end),
        cmocka_unit_test_teardown(variable_decimals_bring_their_scale, end),
        cmocka_unit_test_teardown(structures_are_kept_as_sent, end),
        cmocka_unit_test_teardown(without_a_schema_the_value_itself_decides, end),
        cmocka_unit_test(long_fractions_are_text_or_exactly_right),
        cmocka_unit_test(storage_of_every_kind),
        cmocka_unit_test(storage_holds_what_a_strict_column_keeps),
        cmocka_unit_test(equality_is_sql_is),
        cmocka_unit_test(hashes_know_where_a_text_ends),
        cmocka_unit_test(values_as_people_read_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
