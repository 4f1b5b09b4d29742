/* Schema blocks as Kafka Connect's JsonConverter writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/buffer.h"
#include "cdclite/table_schema.h"

static struct schema_cache *cache;
static struct error error;

static int begin(void **state)
{
    (void)state;
    cache = schema_cache_open();
    return cache ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    schema_cache_close(cache);
    return 0;
}

/* The block of an envelope whose rows have `fields`, a list of JSON objects. */
static const char *block_of(const char *fields)
{
    static char block[8192];
    snprintf(
        block, sizeof block,
        "{\"type\":\"struct\",\"fields\":["
        "{\"type\":\"struct\",\"fields\":[%s],\"optional\":true,\"name\":\"s.b.t.Value\",\"field\":"
        "\"before\"},"
        "{\"type\":\"struct\",\"fields\":[%s],\"optional\":true,\"name\":\"s.b.t.Value\",\"field\":\"after\"}"
        ","
        "{\"type\":\"struct\",\"fields\":[{\"type\":\"string\",\"optional\":false,\"field\":\"version\"}],"
        "\"optional\":false,\"name\":\"io.debezium.connector.postgresql.Source\",\"field\":\"source\"},"
        "{\"type\":\"string\",\"optional\":false,\"field\":\"op\"}],"
        "\"optional\":false,\"name\":\"s.b.t.Envelope\",\"version\":2}",
        fields, fields);
    return block;
}

static const struct table_schema *find(const char *block)
{
    const struct table_schema *schema;
    int result = schema_cache_find(cache, slice_of(block), 0, &schema, &error);
    if (result) fail_msg("%d, %s: %s", result, error.text, block);
    return schema;
}

static void every_logical_type(void **state)
{
    static const struct {
        const char *field; /* type, and name and parameters where it has them */
        enum column_kind kind;
        enum time_unit unit;
        int32_t scale;
        const char *sent_as;
    } cases[] = {
        {"\"int8\"", KIND_INTEGER, UNIT_NONE, 0, "int8"},
        {"\"int16\"", KIND_INTEGER, UNIT_NONE, 0, "int16"},
        {"\"int32\"", KIND_INTEGER, UNIT_NONE, 0, "int32"},
        {"\"int64\"", KIND_INTEGER, UNIT_NONE, 0, "int64"},
        {"\"float\"", KIND_FLOAT, UNIT_NONE, 0, "float"},
        {"\"double\"", KIND_FLOAT, UNIT_NONE, 0, "double"},
        {"\"float32\"", KIND_FLOAT, UNIT_NONE, 0, "float32"},
        {"\"float64\"", KIND_FLOAT, UNIT_NONE, 0, "float64"},
        {"\"string\"", KIND_TEXT, UNIT_NONE, 0, "string"},
        {"\"boolean\"", KIND_BOOLEAN, UNIT_NONE, 0, "boolean"},
        {"\"bytes\"", KIND_BYTES, UNIT_NONE, 0, "bytes"},
        {"\"array\",\"items\":{\"type\":\"int32\",\"optional\":true}", KIND_JSON, UNIT_NONE, 0, "array"},
        {"\"map\",\"keys\":{\"type\":\"string\"},\"values\":{\"type\":\"string\"}", KIND_JSON, UNIT_NONE, 0,
         "map"},
        {"\"struct\",\"fields\":[{\"type\":\"double\",\"field\":\"x\"}],\"name\":\"io.debezium.data.geometry."
         "Point\"",
         KIND_JSON, UNIT_NONE, 0, "struct io.debezium.data.geometry.Point"},
        {"\"of the future\"", KIND_JSON, UNIT_NONE, 0, "of the future"},
        {"\"int32\",\"name\":\"io.debezium.time.Date\",\"version\":1", KIND_INTEGER, UNIT_DAYS, 0,
         "int32 io.debezium.time.Date"},
        {"\"int64\",\"name\":\"io.debezium.time.Timestamp\"", KIND_INTEGER, UNIT_TIMESTAMP_MS, 0,
         "int64 io.debezium.time.Timestamp"},
        {"\"int64\",\"name\":\"io.debezium.time.MicroTimestamp\"", KIND_INTEGER, UNIT_TIMESTAMP_US, 0,
         "int64 io.debezium.time.MicroTimestamp"},
        {"\"int64\",\"name\":\"io.debezium.time.NanoTimestamp\"", KIND_INTEGER, UNIT_TIMESTAMP_NS, 0,
         "int64 io.debezium.time.NanoTimestamp"},
        {"\"int32\",\"name\":\"io.debezium.time.Time\"", KIND_INTEGER, UNIT_TIME_MS, 0,
         "int32 io.debezium.time.Time"},
        {"\"int64\",\"name\":\"io.debezium.time.MicroTime\"", KIND_INTEGER, UNIT_TIME_US, 0,
         "int64 io.debezium.time.MicroTime"},
        {"\"int64\",\"name\":\"io.debezium.time.NanoTime\"", KIND_INTEGER, UNIT_TIME_NS, 0,
         "int64 io.debezium.time.NanoTime"},
        {"\"int32\",\"name\":\"org.apache.kafka.connect.data.Date\"", KIND_INTEGER, UNIT_DAYS, 0,
         "int32 org.apache.kafka.connect.data.Date"},
        {"\"int32\",\"name\":\"org.apache.kafka.connect.data.Time\"", KIND_INTEGER, UNIT_TIME_MS, 0,
         "int32 org.apache.kafka.connect.data.Time"},
        {"\"int64\",\"name\":\"org.apache.kafka.connect.data.Timestamp\"", KIND_INTEGER, UNIT_TIMESTAMP_MS, 0,
         "int64 org.apache.kafka.connect.data.Timestamp"},
        {"\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"version\":1,\"parameters\":"
         "{\"scale\":\"2\",\"connect.decimal.precision\":\"10\"}",
         KIND_DECIMAL, UNIT_NONE, 2, "bytes org.apache.kafka.connect.data.Decimal"},
        /* Whose scale nobody knows: as it came. */
        {"\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\"", KIND_BYTES, UNIT_NONE, 0,
         "bytes org.apache.kafka.connect.data.Decimal"},
        {"\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"parameters\":{}", KIND_BYTES,
         UNIT_NONE, 0, "bytes org.apache.kafka.connect.data.Decimal"},
        {"\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"parameters\":{\"scale\":2}",
         KIND_BYTES, UNIT_NONE, 0, "bytes org.apache.kafka.connect.data.Decimal"},
        {"\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"parameters\":{\"scale\":"
         "\"4294967298\"}",
         KIND_BYTES, UNIT_NONE, 0, "bytes org.apache.kafka.connect.data.Decimal"},
        {"\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"parameters\":{\"scale\":\"2x\"}",
         KIND_BYTES, UNIT_NONE, 0, "bytes org.apache.kafka.connect.data.Decimal"},
        {"\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"parameters\":[]", KIND_BYTES,
         UNIT_NONE, 0, "bytes org.apache.kafka.connect.data.Decimal"},
        {"\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"parameters\":{\"scale\":\"-3\"}",
         KIND_DECIMAL, UNIT_NONE, -3, "bytes org.apache.kafka.connect.data.Decimal"},
        {"\"struct\",\"fields\":[{\"type\":\"int32\",\"field\":\"scale\"},{\"type\":\"bytes\",\"field\":"
         "\"value\"}],"
         "\"name\":\"io.debezium.data.VariableScaleDecimal\"",
         KIND_VARIABLE_DECIMAL, UNIT_NONE, 0, "struct io.debezium.data.VariableScaleDecimal"},
        /* semantic names that change nothing about how the value is sent */
        {"\"string\",\"name\":\"io.debezium.time.ZonedTimestamp\"", KIND_TEXT, UNIT_NONE, 0,
         "string io.debezium.time.ZonedTimestamp"},
        {"\"string\",\"name\":\"io.debezium.data.Json\"", KIND_TEXT, UNIT_NONE, 0,
         "string io.debezium.data.Json"},
        {"\"int64\",\"name\":\"io.debezium.time.MicroDuration\"", KIND_INTEGER, UNIT_NONE, 0,
         "int64 io.debezium.time.MicroDuration"},
        {"\"int32\",\"name\":\"io.debezium.time.Year\"", KIND_INTEGER, UNIT_NONE, 0,
         "int32 io.debezium.time.Year"},
        {"\"bytes\",\"name\":\"io.debezium.data.Bits\",\"parameters\":{\"length\":\"8\"}", KIND_BYTES,
         UNIT_NONE, 0, "bytes io.debezium.data.Bits"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char fields[512];
        snprintf(fields, sizeof fields, "{\"type\":%s,\"optional\":true,\"field\":\"x\"}", cases[i].field);
        const struct table_schema *schema = find(block_of(fields));
        assert_int_equal(schema->count, 1);
        assert_string_equal(schema->columns[0].name, "x");
        assert_string_equal(schema->columns[0].sent_as, cases[i].sent_as);
        if (schema->columns[0].type.kind != cases[i].kind || schema->columns[0].type.unit != cases[i].unit ||
            schema->columns[0].type.scale != cases[i].scale)
            fail_msg("%s is kind %d, unit %d, scale %d", cases[i].sent_as, (int)schema->columns[0].type.kind,
                     (int)schema->columns[0].type.unit, (int)schema->columns[0].type.scale);
    }
}

#define FIELD(name) "{\"type\":\"int32\",\"optional\":true,\"field\":\"" name "\"}"
#define ROW(side, fields) "{\"type\":\"struct\",\"fields\":[" fields "],\"field\":\"" side "\"}"
#define BLOCK(rows) "{\"type\":\"struct\",\"fields\":[" rows "]}"

static void columns_keep_their_order_and_names(void **state)
{
    (void)state;
    const struct table_schema *schema =
        find(block_of(FIELD("b") "," FIELD("a") "," FIELD("B \\\"q\\\" \\u00e9") "," FIELD("before")));
    assert_int_equal(schema->count, 4);
    assert_string_equal(schema->columns[0].name, "b");
    assert_string_equal(schema->columns[1].name, "a");
    assert_string_equal(schema->columns[2].name, "B \"q\" \xc3\xa9");
    assert_string_equal(schema->columns[3].name, "before");
    assert_int_equal(find(block_of(""))->count, 0);
}

static void after_describes_the_row_else_before(void **state)
{
    (void)state;
    assert_string_equal(find(BLOCK(ROW("before", FIELD("x"))))->columns[0].name, "x");
    assert_string_equal(find(BLOCK(ROW("after", FIELD("y"))))->columns[0].name, "y");
    assert_string_equal(find(BLOCK(ROW("before", FIELD("x")) "," ROW("after", FIELD("y"))))->columns[0].name,
                        "y");
    assert_string_equal(find(BLOCK(ROW("after", FIELD("y")) "," ROW("before", FIELD("x"))))->columns[0].name,
                        "y");
}

static void blocks_that_describe_no_row_are_refused(void **state)
{
    static const char *const blocks[] = {
        "",
        "{",
        "{\"type\":\"struct\",\"fields\":[",
        "x",
        "null",
        "5",
        "[]",
        "{}",
        "\"text\"",
        "{\"fields\":null}",
        "{\"fields\":{}}",
        "{\"fields\":5}",
        "{\"fields\":[]}",
        "{\"fields\":[null,5,\"after\",[],{}]}",
        "{\"fields\":[{\"field\":\"after\"}]}",
        "{\"fields\":[{\"field\":\"after\",\"fields\":null}]}",
        "{\"fields\":[{\"field\":\"after\",\"fields\":\"x\"}]}",
        "{\"fields\":[{\"field\":5,\"fields\":[]}]}",
        "{\"type\":\"struct\",\"fields\":[{\"type\":\"int64\",\"optional\":false,\"field\":\"ts_ms\"}],"
        "\"name\":\"io.debezium.connector.common.Heartbeat\"}",
        /* columns without a name */
        BLOCK(ROW("after", FIELD("x") ",{\"type\":\"int32\"}")),
        BLOCK(ROW("after", FIELD("x") ",{\"type\":\"int32\",\"field\":\"\"}")),
        BLOCK(ROW("after", FIELD("x") ",{\"type\":\"int32\",\"field\":5}")),
        BLOCK(ROW("after", FIELD("x") ",null,5")),
        /* a name twice */
        BLOCK(ROW("after", FIELD("x") "," FIELD("y") "," FIELD("x"))),
    };
    (void)state;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        const struct table_schema *schema;
        error.text[0] = '\0';
        if (schema_cache_find(cache, slice_of(blocks[i]), 0, &schema, &error) != 1)
            fail_msg("taken: %s", blocks[i]);
        assert_int_not_equal(strlen(error.text), 0);
    }
}

static void types_of_the_wrong_type_are_json(void **state)
{
    static const char *const fields[] = {
        "{\"field\":\"x\"}",
        "{\"field\":\"x\",\"type\":null}",
        "{\"field\":\"x\",\"type\":5,\"name\":[]}",
        "{\"field\":\"x\",\"type\":{\"type\":\"int32\"}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const struct table_schema *schema = find(block_of(fields[i]));
        assert_int_equal(schema->columns[0].type.kind, KIND_JSON);
        assert_string_equal(schema->columns[0].sent_as, "");
    }
}

static void every_cut_of_a_block_is_refused(void **state)
{
    (void)state;
    const char *whole = block_of(FIELD("x"));
    for (size_t size = 0; size < strlen(whole); size++) {
        const struct table_schema *schema;
        char *exact = malloc(size ? size : 1);
        assert_non_null(exact);
        memcpy(exact, whole, size);
        assert_int_equal(schema_cache_find(cache, (struct slice){exact, size}, 0, &schema, &error), 1);
        free(exact);
    }
}

static void a_block_is_read_once(void **state)
{
    (void)state;
    char *first = strdup(block_of(FIELD("x")));
    const struct table_schema *schema = find(first);
    uint64_t id = schema->id;
    assert_int_not_equal(find(block_of(FIELD("y")))->id, id);
    /* from other memory, and after a block that could not be read */
    char *again = strdup(first);
    const struct table_schema *ignored;
    free(first);
    assert_int_equal(schema_cache_find(cache, slice_of("{}"), 0, &ignored, &error), 1);
    assert_ptr_equal(find(again), schema);
    assert_int_equal(find(again)->id, id);
    free(again);
}

/* Blocks numbered 0, 1, …, each with a column of its own. */
static const char *numbered(int number)
{
    char field[64];
    snprintf(field, sizeof field, "{\"type\":\"int32\",\"field\":\"c%d\"}", number);
    return block_of(field);
}

static void the_block_used_longest_ago_goes_first(void **state)
{
    (void)state;
    uint64_t ids[64];
    for (int i = 0; i < 64; i++) ids[i] = find(numbered(i))->id;
    assert_int_equal(find(numbered(0))->id, ids[0]); /* now the oldest is block 1 */
    uint64_t next = find(numbered(64))->id;          /* the 65th */
    for (int i = 0; i < 64; i++) assert_true(next != ids[i]);
    assert_int_equal(find(numbered(0))->id, ids[0]);
    assert_int_equal(find(numbered(2))->id, ids[2]);
    const struct table_schema *again = find(numbered(1));
    assert_true(again->id > next); /* read anew, under a number that none had */
    assert_string_equal(again->columns[0].name, "c1");
}

static void a_thousand_blocks_pass_through(void **state)
{
    (void)state;
    uint64_t last = 0;
    for (int i = 0; i < 1000; i++) {
        const struct table_schema *schema = find(numbered(i));
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        assert_string_equal(schema->columns[0].name, name);
        assert_true(schema->id > last);
        last = schema->id;
    }
}

static void closing_nothing_is_fine(void **state)
{
    (void)state;
    schema_cache_close(NULL);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_logical_type),
        CASE(columns_keep_their_order_and_names),
        CASE(after_describes_the_row_else_before),
        CASE(blocks_that_describe_no_row_are_refused),
        CASE(types_of_the_wrong_type_are_json),
        CASE(every_cut_of_a_block_is_refused),
        CASE(a_block_is_read_once),
        CASE(the_block_used_longest_ago_goes_first),
        CASE(a_thousand_blocks_pass_through),
        CASE(closing_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
