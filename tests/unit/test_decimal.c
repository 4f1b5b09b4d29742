/* Base64 by RFC 4648's own vectors; decimals computed with Python's arbitrary integers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/decimal.h"

static struct arena arena;

static int end(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static void base64_is_decoded(void **state)
{
    static const struct {
        const char *base64, *bytes;
    } cases[] = {
        {"", ""},
        {"Zg==", "f"},
        {"Zm8=", "fo"},
        {"Zm9v", "foo"},
        {"Zm9vYg==", "foob"},
        {"Zm9vYmE=", "fooba"},
        {"Zm9vYmFy", "foobar"},
        {"Zg", "f"},
        {"Zm9vYmE", "fooba"},
        {"+/+/", "\xfb\xff\xbf"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice bytes;
        assert_int_equal(base64_decode(slice_of(cases[i].base64), &arena, &bytes), 0);
        assert_non_null(bytes.at);
        assert_int_equal(bytes.size, strlen(cases[i].bytes));
        assert_memory_equal(bytes.at, cases[i].bytes, bytes.size);
    }
}

static void every_byte_comes_back_from_base64(void **state)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        char text[] = {digits[byte >> 2], digits[(byte & 3) << 4], '=', '='};
        struct slice bytes;
        assert_int_equal(base64_decode((struct slice){text, sizeof text}, &arena, &bytes), 0);
        assert_int_equal(bytes.size, 1);
        assert_int_equal((unsigned char)bytes.at[0], byte);
    }
}

static void what_is_no_base64_is_refused(void **state)
{
    static const char *const cases[] = {
        "Z",       "=",     "==",      "====",      "Z===",       "Zg=",   "Zg=a",
        "=Zg=",    "Zm9v=", "Zm9vZ",   "Zg==Zg==",  "Zm9v\n",     "Zm 9v", "Zm-_",
        "Zm9\x80", "Zm9.",  "\\u0000", "{\"a\":1}", "plain text!"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice bytes;
        if (base64_decode(slice_of(cases[i]), &arena, &bytes) == 0) fail_msg("taken: %s", cases[i]);
    }
}

/* `hex` is the unscaled number in two's complement. */
static struct slice number_of(const char *hex)
{
    size_t size = strlen(hex) / 2;
    char *bytes = arena_alloc(&arena, size);
    for (size_t i = 0; i < size; i++) {
        char pair[] = {hex[2 * i], hex[2 * i + 1], '\0'};
        bytes[i] = (char)strtol(pair, NULL, 16);
    }
    return (struct slice){bytes, size};
}

static void decimals_are_exact(void **state)
{
    static const struct {
        const char *hex;
        int32_t scale;
        const char *text;
    } cases[] = {
        {"00", 0, "0"},
        {"00", 2, "0.00"},
        {"00", -3, "0"},
        {"01", 0, "1"},
        {"ff", 0, "-1"},
        {"ff", 1, "-0.1"},
        {"ff", 3, "-0.001"},
        {"7f", 2, "1.27"},
        {"80", 2, "-1.28"},
        {"0080", 0, "128"},
        {"ff7f", 0, "-129"},
        {"0000000001", 0, "1"}, /* more bytes than needed */
        {"fffffffffe", 0, "-2"},
        {"04ce", 2, "12.30"}, /* the zero at the end belongs to the scale */
        {"04ce", 3, "1.230"},
        {"04ce", 4, "0.1230"},
        {"04ce", 5, "0.01230"},
        {"04ce", -2, "123000"},
        {"fb32", -2, "-123000"},
        {"499602d2", 2, "12345678.90"},
        {"3b9ac9ff", 0, "999999999"}, /* around the reader's step of nine digits */
        {"3b9aca00", 0, "1000000000"},
        {"c4653600", 0, "-1000000000"},
        {"c4653600", 9, "-1.000000000"},
        {"0de0b6b3a7640000", 0, "1000000000000000000"},
        {"f21f494c589c0000", 18, "-1.000000000000000000"},
        {"7fffffffffffffff", 0, "9223372036854775807"},
        {"8000000000000000", 4, "-922337203685477.5808"},
        {"27e41b3246bec9b16e398115", 9, "12345678901234567890.123456789"},
        {"d81be4cdb941364e91c67eeb", 0, "-12345678901234567890123456789"},
        {"1d6329f1c35ca4bfabb9f5610000000000", 40, "1.0000000000000000000000000000000000000000"},
        {"1d6329f1c35ca4bfabb9f5610000000000", 41, "0.10000000000000000000000000000000000000000"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice text;
        assert_int_equal(decimal_text(number_of(cases[i].hex), cases[i].scale, &arena, &text), 0);
        if (!slice_is(text, cases[i].text))
            fail_msg("%s scale %d: %.*s, not %s", cases[i].hex, (int)cases[i].scale, (int)text.size, text.at,
                     cases[i].text);
    }
}

static void every_16_bit_number_is_right(void **state)
{
    (void)state;
    for (int number = INT16_MIN; number <= INT16_MAX; number++) {
        char bytes[] = {(char)(number >> 8), (char)number}, expected[32];
        struct slice text;
        snprintf(expected, sizeof expected, "%s%d.%02d", number < 0 ? "-" : "", abs(number) / 100,
                 abs(number) % 100);
        assert_int_equal(decimal_text((struct slice){bytes, 2}, 2, &arena, &text), 0);
        if (!slice_is(text, expected)) fail_msg("%.*s, not %s", (int)text.size, text.at, expected);
        arena_reset(&arena);
    }
}

static void a_number_of_many_digits_is_right(void **state)
{
    /* 2^4096 - 1 has 1234 digits; it begins and ends so: */
    static const char first[] = "104438888141315250669", last[] = "3154190335";
    (void)state;
    char bytes[513];
    struct slice text;
    memset(bytes, 0xff, sizeof bytes);
    bytes[0] = 0;
    assert_int_equal(decimal_text((struct slice){bytes, sizeof bytes}, 0, &arena, &text), 0);
    assert_int_equal(text.size, 1234);
    assert_memory_equal(text.at, first, sizeof first - 1);
    assert_memory_equal(text.at + text.size - (sizeof last - 1), last, sizeof last - 1);
}

static void numbers_without_bytes_and_oversized_ones_are_refused(void **state)
{
    (void)state;
    struct slice text;
    static const char bytes[DECIMAL_BYTES + 1];
    assert_int_equal(decimal_text((struct slice){bytes, 0}, 0, &arena, &text), -1);
    assert_int_equal(decimal_text((struct slice){bytes, sizeof bytes}, 0, &arena, &text), -1);
    assert_int_equal(decimal_text((struct slice){bytes, 1}, DECIMAL_SCALE + 1, &arena, &text), -1);
    assert_int_equal(decimal_text((struct slice){bytes, 1}, -DECIMAL_SCALE - 1, &arena, &text), -1);
    assert_int_equal(decimal_text((struct slice){bytes, 1}, INT32_MIN, &arena, &text), -1);
    assert_int_equal(decimal_text((struct slice){bytes, 1}, DECIMAL_SCALE, &arena, &text), 0);
    assert_int_equal(text.size, DECIMAL_SCALE + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(base64_is_decoded, end),
        cmocka_unit_test_teardown(every_byte_comes_back_from_base64, end),
        cmocka_unit_test_teardown(what_is_no_base64_is_refused, end),
        cmocka_unit_test_teardown(decimals_are_exact, end),
        cmocka_unit_test_teardown(every_16_bit_number_is_right, end),
        cmocka_unit_test_teardown(a_number_of_many_digits_is_right, end),
        cmocka_unit_test_teardown(numbers_without_bytes_and_oversized_ones_are_refused, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
