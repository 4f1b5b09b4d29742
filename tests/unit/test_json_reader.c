/* The JSON reader against RFC 8259 and the rules that its header adds. Every text is read twice: passed over
 * as a whole, and walked through member by member; both must come to the same verdict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/json_reader.h"

#define TEXT(literal) literal, sizeof(literal) - 1

static struct arena arena;

static int end(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static int walk(struct json_reader *json)
{
    struct slice text;
    int more;
    enum json_kind kind = json_peek(json);
    switch (kind) {
    case JSON_OBJECT:
        if (json_open(json, kind)) return -1;
        while ((more = json_member(json, &arena, &text)) == 1)
            if (walk(json)) return -1;
        return more;
    case JSON_ARRAY:
        if (json_open(json, kind)) return -1;
        while ((more = json_element(json)) == 1)
            if (walk(json)) return -1;
        return more;
    case JSON_STRING: return json_string(json, &arena, &text);
    case JSON_NUMBER: return json_number(json, &text);
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL: return json_literal(json, kind);
    case JSON_NONE: break;
    }
    return -1;
}

/* Whether the reader takes the text, which stands in memory of exactly its size for the sanitizer's sake. */
static bool accepts(const char *text, size_t size)
{
    char *exact = malloc(size ? size : 1);
    assert_non_null(exact);
    memcpy(exact, text, size);
    struct json_reader json;
    json_start(&json, (struct slice){exact, size});
    bool skipped = json_skip(&json, NULL) == 0 && json_finish(&json) == 0;
    if (!skipped) assert_in_range(json.at - exact, 0, size);
    json_start(&json, (struct slice){exact, size});
    bool walked = walk(&json) == 0 && json_finish(&json) == 0;
    free(exact);
    arena_reset(&arena);
    if (skipped != walked) fail_msg("json_skip says %d, the walk %d: %.*s", skipped, walked, (int)size, text);
    return skipped;
}

struct verdict {
    const char *text;
    size_t size;
};

static const struct verdict good[] = {
    {TEXT("null")},
    {TEXT("true")},
    {TEXT("false")},
    {TEXT(" \t\r\n1 \t\r\n")},
    {TEXT("0")},
    {TEXT("-0")},
    {TEXT("-1")},
    {TEXT("10")},
    {TEXT("0.0")},
    {TEXT("-0.10")},
    {TEXT("1e5")},
    {TEXT("1E+5")},
    {TEXT("1e-05")},
    {TEXT("1.5e400")},
    {TEXT("123456789012345678901234567890")},
    {TEXT("\"\"")},
    {TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")},
    {TEXT("\"\\u0000\\u00e9\\u20AC\\ud83d\\uDE00\\uFFFF\"")},
    {TEXT("\"\x7f\"")},
    {TEXT("\"\xc2\x80\xdf\xbf\"")},
    {TEXT("\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"")},
    {TEXT("\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"")},
    {TEXT("[]")},
    {TEXT("[ ]")},
    {TEXT("[ 1 , [ ] , { } ]")},
    {TEXT("[null,true,false,\"\",-1]")},
    {TEXT("[[[]],[]]")},
    {TEXT("{}")},
    {TEXT("{ }")},
    {TEXT("{\"\":0}")},
    {TEXT("{ \"a\" : 1 , \"a\" : [ ] }")},
    {TEXT("{\"\\u0061\":{\"b\":{}},\"c\":[{}]}")},
    {TEXT("[\"[\",\"{\",\"]\"]")},
};

static const struct verdict bad[] = {
    /* nothing, or more than one value */
    {TEXT("")},
    {TEXT(" ")},
    {TEXT("1 2")},
    {TEXT("null,")},
    {TEXT("{}{}")},
    {TEXT("[]]")},
    {TEXT("\xef\xbb\xbf[]")},
    {TEXT("1\0")},
    {TEXT("\f1")},
    {TEXT("\xc2\xa0")},
    /* words */
    {TEXT("nul")},
    {TEXT("nulll")},
    {TEXT("True")},
    {TEXT("truefalse")},
    {TEXT("NaN")},
    {TEXT("Infinity")},
    {TEXT("-Infinity")},
    {TEXT("undefined")},
    {TEXT("a")},
    /* numbers */
    {TEXT("-")},
    {TEXT("+1")},
    {TEXT("01")},
    {TEXT("-01")},
    {TEXT("1.")},
    {TEXT(".5")},
    {TEXT("-.5")},
    {TEXT("1.e5")},
    {TEXT("1e")},
    {TEXT("1e+")},
    {TEXT("1e5.0")},
    {TEXT("0x10")},
    {TEXT("1_000")},
    {TEXT("- 1")},
    {TEXT("1 .5")},
    /* strings */
    {TEXT("\"")},
    {TEXT("\"a")},
    {TEXT("'a'")},
    {TEXT("\"\\")},
    {TEXT("\"\\\"")},
    {TEXT("\"\\a\"")},
    {TEXT("\"\\'\"")},
    {TEXT("\"\\x41\"")},
    {TEXT("\"\\U0041\"")},
    {TEXT("\"\\u\"")},
    {TEXT("\"\\u004\"")},
    {TEXT("\"\\u004")},
    {TEXT("\"\\u00g1\"")},
    {TEXT("\"\\u+041\"")},
    {TEXT("\"a\tb\"")},
    {TEXT("\"a\nb\"")},
    {TEXT("\"a\0b\"")},
    {TEXT("\"\x1f\"")},
    /* surrogates that are no pair */
    {TEXT("\"\\ud800\"")},
    {TEXT("\"\\udbff\"")},
    {TEXT("\"\\udc00\"")},
    {TEXT("\"\\udc00\\udc00\"")},
    {TEXT("\"\\udfff\"")},
    {TEXT("\"\\ud800\\ud800\"")},
    {TEXT("\"\\ude00\\ud83d\"")},
    {TEXT("\"\\ud83d\\n\"")},
    {TEXT("\"\\ud83d\\u0041\"")},
    {TEXT("\"\\ud83d\\ude0\"")},
    {TEXT("\"\\ud83dude00\"")},
    {TEXT("\"\\ud83d")},
    /* UTF-8: stray continuation, cut, overlong, surrogates, beyond U+10FFFF */
    {TEXT("\"\x80\"")},
    {TEXT("\"\xbf\"")},
    {TEXT("\"\xc3\"")},
    {TEXT("\"\xc3")},
    {TEXT("\"\xc3(\"")},
    {TEXT("\"\xe2\x82\"")},
    {TEXT("\"\xe2(\xa1\"")},
    {TEXT("\"\xf0\x9f\x98\"")},
    {TEXT("\"\xf0\x9f\x98")},
    {TEXT("\"\xf0(\x8c\xbc\"")},
    {TEXT("\"\xc0\x80\"")},
    {TEXT("\"\xc1\xbf\"")},
    {TEXT("\"\xe0\x9f\xbf\"")},
    {TEXT("\"\xf0\x8f\xbf\xbf\"")},
    {TEXT("\"\xed\xa0\x80\"")},
    {TEXT("\"\xed\xbf\xbf\"")},
    {TEXT("\"\xf4\x90\x80\x80\"")},
    {TEXT("\"\xf5\x80\x80\x80\"")},
    {TEXT("\"\xfe\"")},
    {TEXT("\"\xff\"")},
    /* arrays */
    {TEXT("[")},
    {TEXT("[1")},
    {TEXT("[1,")},
    {TEXT("[1,]")},
    {TEXT("[,]")},
    {TEXT("[,1]")},
    {TEXT("[1,,2]")},
    {TEXT("[1 2]")},
    {TEXT("[1}")},
    {TEXT("[1:2]")},
    {TEXT("]")},
    {TEXT("[\"a\",\n4\n,1,")},
    /* objects */
    {TEXT("{")},
    {TEXT("{\"a\"")},
    {TEXT("{\"a\":")},
    {TEXT("{\"a\":1")},
    {TEXT("{\"a\":1,")},
    {TEXT("{\"a\":1,}")},
    {TEXT("{,}")},
    {TEXT("{,\"a\":1}")},
    {TEXT("{\"a\":1,,\"b\":2}")},
    {TEXT("{\"a\" 1}")},
    {TEXT("{\"a\":}")},
    {TEXT("{\"a\"}")},
    {TEXT("{\"a\":1]")},
    {TEXT("{\"a\":1 \"b\":2}")},
    {TEXT("{\"a\":1:2}")},
    {TEXT("{a:1}")},
    {TEXT("{'a':1}")},
    {TEXT("{1:1}")},
    {TEXT("{null:1}")},
    {TEXT("{\"a\\q\":1}")},
    {TEXT("{\"a\":1}#")},
    {TEXT("{\"a\":/*b*/1}")},
};

static void valid_texts_are_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!accepts(good[i].text, good[i].size)) fail_msg("refused: %s", good[i].text);
}

static void invalid_texts_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (accepts(bad[i].text, bad[i].size)) fail_msg("taken: %s", bad[i].text);
}

/* Strings are scanned in words of eight bytes: what is special must be seen at each place of a word. */
static void special_bytes_are_seen_at_every_place(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        bool good;
    } special[] = {
        {TEXT("\""), false},      {TEXT("\x1f"), false}, {TEXT("\0"), false},
        {TEXT("\xff"), false},    {TEXT("\x80"), false}, {TEXT("\\"), false}, /* takes the quote behind it */
        {TEXT(" "), true},        {TEXT("\x7f"), true},  {TEXT("\\n"), true},
        {TEXT("\xc3\xa9"), true}, {TEXT("\\\""), true},  {TEXT("\\\\"), true},
        {TEXT("\\u0041"), true},  {TEXT("!#[]"), true},  {TEXT("\xf0\x9f\x98\x80"), true},
    };
    (void)state;
    for (size_t k = 0; k < sizeof special / sizeof *special; k++)
        for (size_t before = 0; before < 20; before++)
            for (size_t after = 0; after < 20; after += special[k].bytes[0] == '\\' ? 20 : 1) {
                char text[64];
                size_t size = 0;
                text[size++] = '"';
                memset(text + size, 'x', before);
                size += before;
                memcpy(text + size, special[k].bytes, special[k].size);
                size += special[k].size;
                memset(text + size, 'x', after);
                size += after;
                text[size++] = '"';
                if (accepts(text, size) != special[k].good) fail_msg("%zu, %zu, %zu", k, before, after);
            }
}

/* `levels` nested values: arrays, or objects with one member. */
static size_t nest(char *text, int levels, bool objects)
{
    size_t size = 0;
    for (int i = 0; i < levels; i++) size += (size_t)sprintf(text + size, objects ? "{\"a\":" : "[");
    text[size++] = '1';
    for (int i = 0; i < levels; i++) text[size++] = objects ? '}' : ']';
    return size;
}

static void nesting_ends_at_the_limit(void **state)
{
    (void)state;
    char text[1024];
    for (int objects = 0; objects <= 1; objects++) {
        assert_true(accepts(text, nest(text, 64, objects)));
        assert_false(accepts(text, nest(text, 65, objects)));
    }
    static char open[1000000];
    memset(open, '[', sizeof open);
    assert_false(accepts(open, sizeof open));
    /* Depth is how deep, not how many. */
    char flat[1024] = "[";
    for (int i = 0; i < 200; i++) strcat(flat, "[],");
    strcat(flat, "[]]");
    assert_true(accepts(flat, strlen(flat)));
}

static const char message[] =
    "{\"before\":null,\"after\":{\"holding_id\":-1001,\"stock\":\"A\\u00e9\\ud83d\\ude00\xe2\x82\xac\\n\","
    "\"price\":-1.5E+3,\"list\":[1, true,{ \"x\" : "
    "[]}]},\"source\":{\"ts_ms\":1795451107454,\"lsn\":36693976,"
    "\"sequence\":\"[null,\\\"36693976\\\"]\"},\"op\":\"c\"}";

static void every_cut_of_a_message_is_refused(void **state)
{
    (void)state;
    assert_true(accepts(message, sizeof message - 1));
    for (size_t size = 0; size < sizeof message - 1; size++)
        if (accepts(message, size)) fail_msg("taken: %.*s", (int)size, message);
}

/* No byte put anywhere makes the reader read beyond the text or its two ways of reading differ. */
static void changed_bytes_do_no_harm(void **state)
{
    static const char bytes[] = "\"\\{}[]:,0-.eEnu tf/\n\x01\x7f\x80\xc2\xe2\xed\xf0\xf4\xff";
    (void)state;
    char copy[sizeof message];
    for (size_t i = 0; i < sizeof message - 1; i++)
        for (size_t k = 0; k < sizeof bytes; k++) {
            memcpy(copy, message, sizeof message);
            copy[i] = bytes[k];
            accepts(copy, sizeof message - 1);
            memmove(copy + i, copy + i + 1, sizeof message - 1 - i);
            accepts(copy, sizeof message - 2);
        }
}

static void strings_are_decoded(void **state)
{
    static const struct {
        const char *source, *text;
        size_t size;
    } cases[] = {
        {"\"\"", TEXT("")},
        {"\"plain\"", TEXT("plain")},
        {" \"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", TEXT("\"\\/\b\f\n\r\t")},
        {"\"a\\u0000b\"", TEXT("a\0b")},
        {"\"\\u0041\\u007F\"", TEXT("A\x7f")},
        {"\"\\u0080\\u00e9\\u07FF\"", TEXT("\xc2\x80\xc3\xa9\xdf\xbf")},
        {"\"\\u0800\\u20ac\\uD7FF\\uE000\\uffff\"",
         TEXT("\xe0\xa0\x80\xe2\x82\xac\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf")},
        {"\"\\uD800\\uDC00\\ud83d\\ude00\\uDBFF\\uDFFF\"",
         TEXT("\xf0\x90\x80\x80\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf")},
        {"\"\xe2\x82\xac\\n\xf0\x9f\x98\x80\"", TEXT("\xe2\x82\xac\n\xf0\x9f\x98\x80")},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_reader json;
        struct slice text;
        json_start(&json, slice_of(cases[i].source));
        assert_int_equal(json_string(&json, &arena, &text), 0);
        assert_int_equal(text.size, cases[i].size);
        assert_memory_equal(text.at, cases[i].text, text.size);
        assert_int_equal(json_finish(&json), 0);
    }
}

static void strings_without_escapes_stay_in_place(void **state)
{
    (void)state;
    static const char source[] = "\"caf\xc3\xa9\"";
    struct json_reader json;
    struct slice text;
    json_start(&json, slice_of(source));
    assert_int_equal(json_string(&json, &arena, &text), 0);
    assert_ptr_equal(text.at, source + 1);
    assert_null(arena.blocks);
}

static void numbers_keep_their_source_text(void **state)
{
    static const char *const numbers[] = {"-0", "0.10", "1E+02", "18446744073709551616",
                                          "0.1000000000000000055"};
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char source[64];
        struct json_reader json;
        struct slice text;
        snprintf(source, sizeof source, " %s ,", numbers[i]);
        json_start(&json, slice_of(source));
        assert_int_equal(json_number(&json, &text), 0);
        assert_true(slice_is(text, numbers[i]));
    }
}

static void members_come_in_order_with_decoded_names(void **state)
{
    (void)state;
    struct json_reader json;
    struct slice name, raw;
    json_start(&json, slice_of(" { \"\\u0061\" : [1, {}] , \"b\" : \"x\" } "));
    assert_int_equal(json_open(&json, JSON_OBJECT), 0);
    assert_int_equal(json_member(&json, &arena, &name), 1);
    assert_true(slice_is(name, "a"));
    assert_int_equal(json_skip(&json, &raw), 0);
    assert_true(slice_is(raw, "[1, {}]"));
    assert_int_equal(json_member(&json, &arena, &name), 1);
    assert_true(slice_is(name, "b"));
    assert_int_equal(json_skip(&json, &raw), 0);
    assert_true(slice_is(raw, "\"x\""));
    assert_int_equal(json_member(&json, &arena, &name), 0);
    assert_int_equal(json_finish(&json), 0);
}

static void another_kind_than_asked_is_refused(void **state)
{
    static const char *const values[] = {"{}", "[]", "\"a\"", "1", "true", "false", "null", "", "x"};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct json_reader json;
        struct slice text;
        enum json_kind kind = i < 7 ? (enum json_kind)(JSON_OBJECT + (int)i) : JSON_NONE;
        json_start(&json, slice_of(values[i]));
        assert_int_equal(json_peek(&json), kind);
        if (kind != JSON_OBJECT) assert_int_equal(json_open(&json, JSON_OBJECT), -1);
        if (kind != JSON_ARRAY) assert_int_equal(json_open(&json, JSON_ARRAY), -1);
        if (kind != JSON_STRING) assert_int_equal(json_string(&json, &arena, &text), -1);
        if (kind != JSON_NUMBER) assert_int_equal(json_number(&json, &text), -1);
        if (kind != JSON_TRUE) assert_int_equal(json_literal(&json, JSON_TRUE), -1);
        if (kind != JSON_FALSE) assert_int_equal(json_literal(&json, JSON_FALSE), -1);
        if (kind != JSON_NULL) assert_int_equal(json_literal(&json, JSON_NULL), -1);
        assert_non_null(json.problem);
    }
}

static void a_refusal_says_where(void **state)
{
    static const struct {
        const char *text;
        int at;
    } cases[] = {
        {"{\"a\":1,}", 7},  {"[1 2]", 3},         {"[1,x]", 3},      {"{} x", 3}, {"{\"a\":\"b\nc\"}", 7},
        {"[\"ab\\q\"]", 4}, {"[\"\\ud800\"]", 2}, {"[\"\xff\"]", 2}, {"[1,", 3},  {"{\"a\"", 4},
        {"nul", 0},         {"{\"a\" 1}", 5},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_reader json;
        json_start(&json, slice_of(cases[i].text));
        assert_true(json_skip(&json, NULL) || json_finish(&json));
        if (json.at - cases[i].text != cases[i].at)
            fail_msg("%s: at %td, not %d", cases[i].text, json.at - cases[i].text, cases[i].at);
        assert_non_null(json.problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_texts_are_taken),
        cmocka_unit_test(invalid_texts_are_refused),
        cmocka_unit_test(special_bytes_are_seen_at_every_place),
        cmocka_unit_test(nesting_ends_at_the_limit),
        cmocka_unit_test(every_cut_of_a_message_is_refused),
        cmocka_unit_test(changed_bytes_do_no_harm),
        cmocka_unit_test_teardown(strings_are_decoded, end),
        cmocka_unit_test_teardown(strings_without_escapes_stay_in_place, end),
        cmocka_unit_test(numbers_keep_their_source_text),
        cmocka_unit_test_teardown(members_come_in_order_with_decoded_names, end),
        cmocka_unit_test(another_kind_than_asked_is_refused),
        cmocka_unit_test(a_refusal_says_where),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
