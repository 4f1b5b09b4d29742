/* Debezium's envelopes as recorded from 1.1, 2.7 and 3.7, shortened, and everything that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/envelope.h"

#define ROW_A "{\"holding_id\":1001,\"holding_stock\":\"VFIAX\"}"
#define ROW_B "{\"holding_id\":1001,\"holding_stock\":null}"
#define SOURCE_37                                                                         \
    "{\"version\":\"3.7.0.Final\",\"connector\":\"postgresql\",\"name\":\"bankserver1\"," \
    "\"ts_ms\":1795451107454,\"snapshot\":\"false\",\"db\":\"bank\","                     \
    "\"sequence\":\"[null,\\\"36693976\\\"]\","                                           \
    "\"ts_us\":1795451107454907,\"ts_ns\":1795451107454907000,\"schema\":\"bank_data\","  \
    "\"table\":\"holding\",\"txId\":917,\"lsn\":36693976,\"xmin\":null,\"origin\":null,\"origin_lsn\":null}"
#define SOURCE_11                                                                              \
    "{\"version\":\"1.1.2.Final\",\"connector\":\"postgresql\",\"name\":\"bankserver1\","      \
    "\"ts_ms\":1795451682895,\"snapshot\":\"false\",\"db\":\"bank\",\"schema\":\"bank_data\"," \
    "\"table\":\"holding\",\"txId\":1091,\"lsn\":46717488,\"xmin\":null}"
#define PAYLOAD_37(op, before, after)                                                                       \
    "{\"before\":" before ",\"after\":" after ",\"source\":" SOURCE_37 ",\"transaction\":null,\"op\":\"" op \
    "\",\"ts_ms\":1795451107791,\"ts_us\":1795451107791990,\"ts_ns\":1795451107791990461}"
#define PAYLOAD_11(op, before, after)                                                  \
    "{\"before\":" before ",\"after\":" after ",\"source\":" SOURCE_11 ",\"op\":\"" op \
    "\",\"ts_ms\":1795451682988,\"transaction\":null}"
#define BLOCK                                                                                    \
    "{\"type\":\"struct\",\"fields\":[{\"type\":\"struct\",\"fields\":["                         \
    "{\"type\":\"int64\",\"optional\":false,\"field\":\"holding_id\"},"                          \
    "{\"type\":\"string\",\"optional\":true,\"field\":\"holding_stock\"}],\"optional\":true,"    \
    "\"name\":\"bankserver1.bank_data.holding.Value\",\"field\":\"after\"}],\"optional\":false," \
    "\"name\":\"bankserver1.bank_data.holding.Envelope\",\"version\":2}"
#define WRAPPED(payload) "{\"schema\":" BLOCK ",\"payload\":" payload "}"
/* An envelope of which one member is given. */
#define WITH_OP(op) "{\"before\":null,\"after\":" ROW_A ",\"source\":" SOURCE_37 ",\"op\":" op "}"
#define WITH_SOURCE(source) "{\"before\":null,\"after\":" ROW_A ",\"source\":" source ",\"op\":\"c\"}"

static struct arena arena;
static struct envelope_guess guess; /* each value is read with that of the one before */
static struct change change;
static struct transaction_boundary boundary;
static char problem[256];

static int end(void **state)
{
    (void)state;
    arena_free(&arena);
    envelope_guess_free(&guess);
    return 0;
}

/* The one schema block that came before. */
static void know(struct slice known)
{
    struct json_reader json;
    struct slice block;
    uint64_t number;
    schema_texts_free(&guess.schemas);
    json_start(&json, known);
    if (known.size) assert_int_equal(schema_texts_pass(&guess.schemas, &json, &block, &number), 0);
}

static enum envelope_outcome read_known(const char *value, struct slice known)
{
    know(known);
    struct message message = {.value = slice_of(value)};
    snprintf(problem, sizeof problem, "untouched");
    return envelope_read(&message, &guess, &arena, &change, &boundary, problem, sizeof problem);
}

static enum envelope_outcome read_value(const char *value)
{
    return read_known(value, (struct slice){0});
}

static void assert_slice(struct slice slice, const char *expected)
{
    if (!slice_is(slice, expected))
        fail_msg("%.*s, not %s", slice.at ? (int)slice.size : 6, slice.at ? slice.at : "absent",
                 expected ? expected : "absent");
}

static void assert_change(const char *value, char op, const char *before, const char *after,
                          int64_t changed_at, int64_t tx_id, int64_t lsn)
{
    if (read_value(value) != ENVELOPE_CHANGE) fail_msg("%s: %s", problem, value);
    assert_string_equal(problem, "untouched");
    assert_int_equal(change.op, op);
    assert_slice(change.before, before);
    assert_slice(change.after, after);
    assert_int_equal(change.changed_at, changed_at);
    assert_int_equal(change.tx_id.type, VALUE_INTEGER);
    assert_int_equal(change.tx_id.integer, tx_id);
    assert_int_equal(change.lsn.type, VALUE_INTEGER);
    assert_int_equal(change.lsn.integer, lsn);
    assert_slice(change.server, "bankserver1");
    assert_slice(change.schema, "bank_data");
    assert_slice(change.table, "holding");
}

static void assert_outcome(const char *value, enum envelope_outcome outcome)
{
    enum envelope_outcome got = read_value(value);
    if (got != outcome) fail_msg("outcome %d, not %d: %s", got, outcome, value);
    if (got == ENVELOPE_REFUSED) {
        assert_string_not_equal(problem, "untouched");
        assert_int_not_equal(strlen(problem), 0);
    } else {
        assert_string_equal(problem, "untouched");
    }
}

static void every_op_of_3_7(void **state)
{
    static const int64_t at = INT64_C(1795451107454907);
    (void)state;
    assert_change(PAYLOAD_37("c", "null", ROW_A), 'c', NULL, ROW_A, at, 917, 36693976);
    assert_change(PAYLOAD_37("r", "null", ROW_A), 'r', NULL, ROW_A, at, 917, 36693976);
    assert_change(PAYLOAD_37("u", ROW_A, ROW_B), 'u', ROW_A, ROW_B, at, 917, 36693976);
    assert_change(PAYLOAD_37("u", "null", ROW_B), 'u', NULL, ROW_B, at, 917, 36693976);
    assert_change(PAYLOAD_37("d", ROW_B, "null"), 'd', ROW_B, NULL, at, 917, 36693976);
    assert_change(PAYLOAD_37("t", "null", "null"), 't', NULL, NULL, at, 917, 36693976);
    assert_outcome(PAYLOAD_37("m", "null", "null"), ENVELOPE_REFUSED); /* no message in it */
}

static void every_op_of_1_1_in_milliseconds(void **state)
{
    static const int64_t at = INT64_C(1795451682895000);
    (void)state;
    assert_change(PAYLOAD_11("c", "null", ROW_A), 'c', NULL, ROW_A, at, 1091, 46717488);
    assert_change(PAYLOAD_11("r", "null", ROW_A), 'r', NULL, ROW_A, at, 1091, 46717488);
    assert_change(PAYLOAD_11("u", ROW_A, ROW_B), 'u', ROW_A, ROW_B, at, 1091, 46717488);
    assert_change(PAYLOAD_11("d", ROW_B, "null"), 'd', ROW_B, NULL, at, 1091, 46717488);
}

static void a_schema_around_the_payload(void **state)
{
    (void)state;
    static const char wrapped[] = WRAPPED(PAYLOAD_37("u", ROW_A, ROW_B));
    assert_change(wrapped, 'u', ROW_A, ROW_B, INT64_C(1795451107454907), 917, 36693976);
    assert_slice(change.schema_block, BLOCK);
    assert_change("{\"payload\":" PAYLOAD_37("d", ROW_A, "null") ",\"schema\":" BLOCK "}", 'd', ROW_A, NULL,
                  INT64_C(1795451107454907), 917, 36693976);
    assert_slice(change.schema_block, BLOCK);
    assert_change("{\"schema\":null,\"payload\":" PAYLOAD_37("c", "null", ROW_A) "}", 'c', NULL, ROW_A,
                  INT64_C(1795451107454907), 917, 36693976);
    assert_slice(change.schema_block, NULL);
    assert_change(PAYLOAD_37("c", "null", ROW_A), 'c', NULL, ROW_A, INT64_C(1795451107454907), 917, 36693976);
    assert_slice(change.schema_block, NULL);
}

static void members_may_come_in_any_order_with_any_space(void **state)
{
    (void)state;
    assert_change(" { \"op\" : \"\\u0063\" ,\n\"new in 4.0\":[{}], \"source\" : " SOURCE_11
                  ", \"\\u0061fter\": " ROW_A "\t}\r\n",
                  'c', NULL, ROW_A, INT64_C(1795451682895000), 1091, 46717488);
}

static void a_known_schema_is_recognised(void **state)
{
    (void)state;
    char *known = strdup(BLOCK);
    assert_int_equal(read_known(WRAPPED(PAYLOAD_37("u", ROW_A, ROW_B)), slice_of(known)), ENVELOPE_CHANGE);
    assert_slice(change.schema_block, BLOCK);
    assert_slice(change.after, ROW_B);
    assert_int_equal(read_known("{\"schema\" : \n" BLOCK " ,\"payload\":" PAYLOAD_37("c", "null", ROW_A) "}",
                                slice_of(known)),
                     ENVELOPE_CHANGE);
    assert_slice(change.schema_block, BLOCK);
    free(known);
}

static void when_the_connector_made_it(void **state)
{
    static const struct {
        const char *ts_ms;
        int64_t made; /* -1: it does not say */
    } told[] = {
        {"1738317601200", 1738317601200},
        {"0", 0},
        {"999999999999999999", 999999999999999999},
        {"12345678901234567890", -1}, /* beyond 64 bits */
        {"-5", -1},
        {"1.5", -1},
        {"\"7\"", -1},
        {"null", -1},
    };
    char value[1024];
    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        snprintf(value, sizeof value,
                 "{\"after\":" ROW_A ",\"source\":" SOURCE_37 ",\"op\":\"c\",\"ts_ms\":%s}", told[i].ts_ms);
        assert_int_equal(read_value(value), ENVELOPE_CHANGE);
        assert_int_equal(change.made, told[i].made >= 0);
        if (change.made) assert_int_equal(change.made_ms, told[i].made);
    }
}

static void names_are_told_apart_by_number(void **state)
{
    static const char *const sources[] = {
        "\"name\":\"a\",\"schema\":\"b\",\"table\":\"c\"",
        "\"name\":\"a\",\"schema\":\"b\",\"table\":\"cc\"",
        "\"name\":\"ab\",\"schema\":\"\",\"table\":\"c\"",
        "\"name\":\"ab\",\"table\":\"c\"",
        "\"schema\":\"b\",\"table\":\"ac\"",
    };
    enum { SOURCES = sizeof sources / sizeof *sources };
    char value[512], names[64], last_names[64] = "";
    uint64_t last = 0;
    (void)state;
    for (size_t i = 0; i < (size_t)4 * SOURCES; i++) {
        snprintf(value, sizeof value, "{\"after\":" ROW_A ",\"source\":{\"ts_ms\":1,%s},\"op\":\"c\"}",
                 sources[i / 2 * 3 % SOURCES]);
        assert_int_equal(read_value(value), ENVELOPE_CHANGE);
        snprintf(names, sizeof names, "%.*s/%.*s/%.*s", (int)change.server.size,
                 change.server.size ? change.server.at : "", (int)change.schema.size,
                 change.schema.size ? change.schema.at : "", (int)change.table.size, change.table.at);
        assert_int_equal(change.names_number == last, strcmp(names, last_names) == 0);
        assert_int_not_equal(change.names_number, 0);
        last = change.names_number;
        memcpy(last_names, names, sizeof names);
    }
    char longest[300];
    memset(longest, 'x', sizeof longest);
    snprintf(value, sizeof value,
             "{\"after\":" ROW_A ",\"source\":{\"ts_ms\":1,\"table\":\"%.250s\"},\"op\":\"c\"}", longest);
    assert_int_equal(read_value(value), ENVELOPE_CHANGE);
    assert_int_equal(change.names_number, 0);
}

static void schemas_are_told_apart_by_number(void **state)
{
    static const char *const blocks[] = {"{\"version\":1}", BLOCK, "{\"version\":2}", "{\"version\":3}"};
    enum { BLOCKS = sizeof blocks / sizeof *blocks };
    uint64_t numbers[BLOCKS];
    char value[2048];
    (void)state;
    schema_texts_free(&guess.schemas);
    for (size_t i = 0; i < (size_t)3 * BLOCKS; i++) {
        snprintf(value, sizeof value, "{\"schema\":%s,\"payload\":" PAYLOAD_37("c", "null", ROW_A) "}",
                 blocks[i % BLOCKS]);
        struct message message = {.value = slice_of(value)};
        assert_int_equal(envelope_read(&message, &guess, &arena, &change, &boundary, problem, sizeof problem),
                         ENVELOPE_CHANGE);
        assert_slice(change.schema_block, blocks[i % BLOCKS]);
        if (i >= BLOCKS) assert_int_equal(change.schema_number, numbers[i % BLOCKS]);
        numbers[i % BLOCKS] = change.schema_number;
        for (size_t k = 0; k < i % BLOCKS; k++) assert_int_not_equal(numbers[k], change.schema_number);
    }
}

static void another_schema_than_the_known_one_is_read_again(void **state)
{
    static const char *const known[] = {
        "{\"type\":\"struct\",\"fields\":[]}",
        "{\"type\":\"struct\",\"fields\":[{\"type\":\"struct\"}]}",
        "{}",
        "",
        /* longer than the whole message */
        WRAPPED(PAYLOAD_37("u", ROW_A, ROW_B)) WRAPPED(PAYLOAD_37("u", ROW_A, ROW_B)),
    };
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_int_equal(read_known(WRAPPED(PAYLOAD_37("u", ROW_A, ROW_B)), slice_of(known[i])),
                         ENVELOPE_CHANGE);
        assert_slice(change.schema_block, BLOCK);
        assert_slice(change.before, ROW_A);
    }
    /* One that differs in its last letter only, both ways. */
    assert_int_equal(read_known("{\"schema\":{\"version\":2},\"payload\":" PAYLOAD_37("c", "null", ROW_A) "}",
                                slice_of("{\"version\":1}")),
                     ENVELOPE_CHANGE);
    assert_slice(change.schema_block, "{\"version\":2}");
}

static void a_known_schema_excuses_nothing_behind_it(void **state)
{
    static const char *const broken[] = {
        "{\"schema\":" BLOCK,
        "{\"schema\":" BLOCK "}",
        "{\"schema\":" BLOCK "\"payload\":" PAYLOAD_37("c", "null", ROW_A) "}",
        "{\"schema\":" BLOCK "x,\"payload\":" PAYLOAD_37("c", "null", ROW_A) "}",
        "{\"schema\":" BLOCK ",\"payload\":" PAYLOAD_37("c", "null", ROW_A),
    };
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        assert_int_equal(read_known(broken[i], slice_of(BLOCK)), ENVELOPE_REFUSED);
}

static void tombstones(void **state)
{
    static const char *const values[] = {NULL,
                                         "null",
                                         " null\n",
                                         "{\"schema\":null,\"payload\":null}",
                                         "{\"schema\":" BLOCK ",\"payload\":null}",
                                         "{\"payload\":null}"};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) assert_outcome(values[i], ENVELOPE_TOMBSTONE);
}

static void bookkeeping_is_no_change(void **state)
{
    static const char *const values[] = {
        "{\"ts_ms\":1795452024947}",
        "{\"schema\":{\"type\":\"struct\",\"fields\":[{\"type\":\"int64\",\"optional\":false,\"field\":\"ts_"
        "ms\"}],"
        "\"optional\":false,\"name\":\"io.debezium.connector.common.Heartbeat\",\"version\":1},"
        "\"payload\":{\"ts_ms\":1795452024947}}",
        "{\"ts_ms\":1795452024947,\"ts_us\":1795452024947000,\"ts_ns\":1795452024947000000}",
        "{\"source\":" SOURCE_37 ",\"ts_ms\":1,\"databaseName\":\"bank\",\"schemaName\":\"bank_data\","
        "\"ddl\":\"CREATE TABLE t(x int)\",\"tableChanges\":[]}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        assert_outcome(values[i], ENVELOPE_BOOKKEEPING);
}

static void boundaries_and_messages_are_told_apart(void **state)
{
    static const char *const boundaries[] = {
        "{\"status\":\"BEGIN\",\"id\":\"1655:108008816\",\"event_count\":null,\"data_collections\":null,"
        "\"ts_ms\":1795452027036}",
        "{\"status\":\"END\",\"id\":\"1655:108009000\",\"event_count\":1,\"data_collections\":["
        "{\"data_collection\":\"bank_data.holding\",\"event_count\":1}],\"ts_ms\":1795452027036}",
    };
    static const char message[] =
        "{\"op\":\"m\",\"ts_ms\":1795452027526,\"source\":{\"name\":\"bankserver1\",\"ts_ms\":1795452027037,"
        "\"schema\":\"\",\"table\":\"\",\"txId\":null,\"lsn\":108011296},"
        "\"message\":{\"prefix\":\"bank-prefix\",\"content\":\"dHJhbnNhY3Rpb25hbCB0ZXh0\"}}";
    (void)state;
    assert_outcome(boundaries[0], ENVELOPE_BOUNDARY);
    assert_slice(boundary.status, "BEGIN");
    assert_slice(boundary.id, "1655:108008816");
    assert_slice(boundary.event_count, NULL);
    assert_int_equal(boundary.at_ms, 1795452027036);
    assert_outcome(boundaries[1], ENVELOPE_BOUNDARY);
    assert_slice(boundary.event_count, "1");
    assert_slice(boundary.data_collections,
                 "[{\"data_collection\":\"bank_data.holding\",\"event_count\":1}]");
    assert_outcome(message, ENVELOPE_MESSAGE);
    assert_int_equal(change.op, 'm');
    assert_int_equal(change.lsn.integer, 108011296);
    assert_slice(change.content, "{\"prefix\":\"bank-prefix\",\"content\":\"dHJhbnNhY3Rpb25hbCB0ZXh0\"}");
}

/* A flattened record is a change that would be lost: it must never pass for bookkeeping, whatever its
 * columns. */
static void flattened_records_are_refused(void **state)
{
    static const char *const values[] = {
        "{\"holding_id\":102,\"user_id\":1,\"__deleted\":\"false\",\"__op\":\"u\",\"__lsn\":85456944}",
        "{\"holding_id\":102,\"__deleted\":\"true\"}",
        "{\"schema\":{\"type\":\"struct\"},\"payload\":{\"id\":1,\"name\":\"x\",\"__op\":\"c\"}}",
        "{\"holding_id\":102,\"user_id\":1}",
        "{}",
        /* columns with the names of bookkeeping */
        "{\"id\":1,\"status\":\"open\",\"__deleted\":\"false\"}",
        "{\"id\":1,\"status\":\"open\",\"amount\":5}",
        "{\"id\":1,\"ddl\":\"CREATE TABLE t(x int)\",\"__op\":\"c\"}",
        "{\"id\":1,\"ts_ms\":1795452027526,\"__op\":\"c\"}",
        "{\"id\":1,\"ts_ms\":1795452027526}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) assert_outcome(values[i], ENVELOPE_REFUSED);
    assert_outcome(values[0], ENVELOPE_REFUSED);
    assert_non_null(strstr(problem, "flattened"));
}

static void what_is_no_json_object_is_refused(void **state)
{
    static const char *const values[] = {"",
                                         " ",
                                         "[]",
                                         "1",
                                         "\"text\"",
                                         "true",
                                         "nul",
                                         "null x",
                                         "{",
                                         "}",
                                         "{]",
                                         "x",
                                         PAYLOAD_37("c", "null", ROW_A) "}",
                                         PAYLOAD_37("c", "null", ROW_A) " {}"};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) assert_outcome(values[i], ENVELOPE_REFUSED);
}

static void schema_registry_bytes_are_named(void **state)
{
    (void)state;
    struct message message = {.value = {"\0\0\0\0\x01payload", 12}};
    assert_int_equal(envelope_read(&message, &guess, &arena, &change, &boundary, problem, sizeof problem),
                     ENVELOPE_REFUSED);
    assert_non_null(strstr(problem, "Avro"));
}

static void wrong_types_in_the_envelope_are_refused(void **state)
{
    static const char *const values[] = {
        WITH_OP("null"),
        WITH_OP("5"),
        WITH_OP("[]"),
        WITH_OP("{}"),
        WITH_OP("true"),
        WITH_OP("\"\""),
        WITH_OP("\"x\""),
        WITH_OP("\"C\""),
        WITH_OP("\"cu\""),
        WITH_OP("\"\\u0000\""),
        "{\"before\":null,\"after\":" ROW_A ",\"source\":" SOURCE_37 "}",
        PAYLOAD_37("c", "null", "null"),
        PAYLOAD_37("r", "null", "null"),
        PAYLOAD_37("u", ROW_A, "null"),
        PAYLOAD_37("d", "null", "null"),
        PAYLOAD_37("d", "null", ROW_A),
        PAYLOAD_37("c", "null", "[]"),
        PAYLOAD_37("c", "null", "\"row\""),
        PAYLOAD_37("c", "5", ROW_A),
        PAYLOAD_37("u", "[]", ROW_A),
        PAYLOAD_37("t", "true", "null"),
        "{\"after\":" ROW_A ",\"op\":\"c\"}",
        "{\"schema\":" BLOCK ",\"payload\":[]}",
        "{\"schema\":" BLOCK ",\"payload\":\"text\"}",
        "{\"schema\":" BLOCK ",\"payload\":1}",
        WITH_SOURCE("null"),
        WITH_SOURCE("[]"),
        WITH_SOURCE("\"x\""),
        WITH_SOURCE("1"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) assert_outcome(values[i], ENVELOPE_REFUSED);
}

static void wrong_types_in_the_source_are_refused(void **state)
{
    static const char *const sources[] = {
        "{}",
        "{\"ts_ms\":1}",
        "{\"table\":\"holding\"}",
        "{\"table\":null,\"ts_ms\":1}",
        "{\"table\":\"\",\"ts_ms\":1}",
        "{\"table\":5,\"ts_ms\":1}",
        "{\"table\":true,\"ts_ms\":1}",
        "{\"table\":{\"a\":1},\"ts_ms\":1}",
        "{\"table\":[\"holding\"],\"ts_ms\":1}",
        "{\"table\":\"holding\",\"ts_ms\":null}",
        "{\"table\":\"holding\",\"ts_ms\":\"1795451107454\"}",
        "{\"table\":\"holding\",\"ts_ms\":1.5}",
        "{\"table\":\"holding\",\"ts_ms\":true}",
        "{\"table\":\"holding\",\"ts_ms\":1,\"ts_us\":true}",
        "{\"table\":\"holding\",\"ts_ms\":{}}",
        "{\"table\":\"holding\",\"ts_ms\":9223372036854775807}", /* more microseconds than fit */
        "{\"table\":\"holding\",\"ts_ms\":99999999999999999999}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        char value[512];
        snprintf(value, sizeof value, "{\"before\":null,\"after\":" ROW_A ",\"op\":\"c\",\"source\":%s}",
                 sources[i]);
        assert_outcome(value, ENVELOPE_REFUSED);
    }
}

static void what_a_source_may_lack(void **state)
{
    (void)state;
    /* MySQL has neither schema nor lsn; the database stands for the schema. */
    assert_outcome(WITH_SOURCE("{\"name\":\"m\",\"db\":\"shop\",\"table\":\"t\",\"ts_ms\":-5}"),
                   ENVELOPE_CHANGE);
    assert_slice(change.schema, "shop");
    assert_int_equal(change.changed_at, -5000);
    assert_int_equal(change.lsn.type, VALUE_NULL);
    assert_int_equal(change.tx_id.type, VALUE_NULL);
    /* MongoDB's tables are collections. */
    assert_outcome(WITH_SOURCE("{\"db\":\"shop\",\"collection\":\"c\",\"ts_ms\":1}"), ENVELOPE_CHANGE);
    assert_slice(change.table, "c");
    assert_slice(change.server, NULL);
    /* A null ts_us is an absent one; an lsn keeps all its digits. */
    assert_outcome(WITH_SOURCE("{\"schema\":\"s\",\"db\":\"d\",\"table\":\"t\",\"ts_us\":null,\"ts_ms\":7,"
                               "\"lsn\":9223372036854775807,\"txId\":null}"),
                   ENVELOPE_CHANGE);
    assert_slice(change.schema, "s");
    assert_int_equal(change.changed_at, 7000);
    assert_int_equal(change.lsn.integer, INT64_MAX);
}

static void names_with_escapes_are_decoded(void **state)
{
    (void)state;
    assert_outcome(WITH_SOURCE("{\"table\":\"caf\\u00e9 \\\"x\\\"\",\"ts_ms\":1}"), ENVELOPE_CHANGE);
    assert_slice(change.table, "caf\xc3\xa9 \"x\"");
}

static void a_row_is_any_object_even_with_envelope_names_in_it(void **state)
{
    (void)state;
    static const char row[] = "{\"op\":\"d\",\"schema\":{\"payload\":null},\"after\":null,\"source\":5}";
    static const char value[] = "{\"after\":{\"op\":\"d\",\"schema\":{\"payload\":null},\"after\":null,"
                                "\"source\":5},\"source\":" SOURCE_37 ",\"op\":\"c\"}";
    assert_change(value, 'c', NULL, row, INT64_C(1795451107454907), 917, 36693976);
}

static void a_refused_input_keeps_its_reason(void **state)
{
    (void)state;
    struct message message = {.value = slice_of(PAYLOAD_37("c", "null", ROW_A)), .refusal = "too large"};
    assert_int_equal(envelope_read(&message, &guess, &arena, &change, &boundary, problem, sizeof problem),
                     ENVELOPE_REFUSED);
    assert_string_equal(problem, "too large");
}

static void broken_json_says_where(void **state)
{
    (void)state;
    assert_outcome("{\"before\":null,\"after\":nil}", ENVELOPE_REFUSED);
    assert_non_null(strstr(problem, "broken JSON"));
    assert_non_null(strstr(problem, "at byte 23"));
}

static void a_small_room_for_the_problem_is_kept(void **state)
{
    (void)state;
    struct message message = {.value = slice_of("[]")};
    char small[8] = "1234567";
    assert_int_equal(envelope_read(&message, &guess, &arena, &change, &boundary, small, 4), ENVELOPE_REFUSED);
    assert_string_equal(small, "no ");
    assert_string_equal(small + 4, "567");
}

static void with_copy(const char *text, size_t size, struct slice known, bool must_refuse)
{
    char *exact = malloc(size ? size : 1);
    assert_non_null(exact);
    memcpy(exact, text, size);
    know(known);
    struct message message = {.value = {exact, size}};
    enum envelope_outcome outcome =
        envelope_read(&message, &guess, &arena, &change, &boundary, problem, sizeof problem);
    if (must_refuse && outcome != ENVELOPE_REFUSED) fail_msg("taken: %.*s", (int)size, text);
    free(exact);
    arena_reset(&arena);
}

static const char whole[] = WRAPPED(PAYLOAD_37("u", ROW_A, ROW_B));

static void every_cut_is_refused(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof whole - 1; size++) {
        with_copy(whole, size, (struct slice){0}, true);
        with_copy(whole, size, slice_of(BLOCK), true);
    }
}

static void changed_bytes_do_no_harm(void **state)
{
    static const char bytes[] = "\"\\{}[]:,0-n \n\x80\xff";
    (void)state;
    char copy[sizeof whole];
    for (size_t i = 0; i < sizeof whole - 1; i++)
        for (size_t k = 0; k < sizeof bytes; k++) {
            memcpy(copy, whole, sizeof whole);
            copy[i] = bytes[k];
            with_copy(copy, sizeof whole - 1, k % 2 ? slice_of(BLOCK) : (struct slice){0}, false);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_op_of_3_7),
        cmocka_unit_test(every_op_of_1_1_in_milliseconds),
        cmocka_unit_test(a_schema_around_the_payload),
        cmocka_unit_test_teardown(members_may_come_in_any_order_with_any_space, end),
        cmocka_unit_test(a_known_schema_is_recognised),
        cmocka_unit_test(schemas_are_told_apart_by_number),
        cmocka_unit_test(names_are_told_apart_by_number),
        cmocka_unit_test(when_the_connector_made_it),
        cmocka_unit_test(another_schema_than_the_known_one_is_read_again),
        cmocka_unit_test(a_known_schema_excuses_nothing_behind_it),
        cmocka_unit_test(tombstones),
        cmocka_unit_test(bookkeeping_is_no_change),
        cmocka_unit_test(boundaries_and_messages_are_told_apart),
        cmocka_unit_test(flattened_records_are_refused),
        cmocka_unit_test(what_is_no_json_object_is_refused),
        cmocka_unit_test(schema_registry_bytes_are_named),
        cmocka_unit_test_teardown(wrong_types_in_the_envelope_are_refused, end),
        cmocka_unit_test(wrong_types_in_the_source_are_refused),
        cmocka_unit_test(what_a_source_may_lack),
        cmocka_unit_test_teardown(names_with_escapes_are_decoded, end),
        cmocka_unit_test(a_row_is_any_object_even_with_envelope_names_in_it),
        cmocka_unit_test(a_refused_input_keeps_its_reason),
        cmocka_unit_test(broken_json_says_where),
        cmocka_unit_test(a_small_room_for_the_problem_is_kept),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(changed_bytes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
