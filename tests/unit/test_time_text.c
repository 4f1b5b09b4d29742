/* Expected values: Python's datetime with whole cycles of 400 years added for the years it does not know, the
 * limits of PostgreSQL's types, and a calendar that counts day by day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cdclite/time_text.h"

static void assert_formats(int64_t value, enum time_unit unit, bool zulu, const char *expected)
{
    char text[TIME_TEXT_SIZE];
    size_t size = time_format(value, unit, zulu, text);
    if (size != strlen(expected) || memcmp(text, expected, size) != 0)
        fail_msg("%lld %s: %.*s, not %s", (long long)value, time_unit_name(unit), (int)size, text, expected);
}

struct formatted {
    int64_t value;
    enum time_unit unit;
    const char *text;
};

static void assert_all_format(const struct formatted *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) assert_formats(cases[i].value, cases[i].unit, false, cases[i].text);
}
#define ASSERT_ALL_FORMAT(cases) assert_all_format(cases, sizeof cases / sizeof *cases)

static void instants_of_every_age(void **state)
{
    static const struct formatted cases[] = {
        {0, UNIT_TIMESTAMP_US, "1970-01-01T00:00:00.000000"},
        {-1, UNIT_TIMESTAMP_US, "1969-12-31T23:59:59.999999"},
        {INT64_C(1738317600123456), UNIT_TIMESTAMP_US, "2025-01-31T10:00:00.123456"},
        {INT64_C(951825600000000), UNIT_TIMESTAMP_US, "2000-02-29T12:00:00.000000"},
        {INT64_C(-2203891200999999), UNIT_TIMESTAMP_US, "1900-02-28T23:59:59.000001"},
        {INT64_C(-62135596800000000), UNIT_TIMESTAMP_US, "0001-01-01T00:00:00.000000"},
        {INT64_C(-62135596800000001), UNIT_TIMESTAMP_US, "0001-12-31T23:59:59.999999 BC"},
        {INT64_C(-63517780800000000), UNIT_TIMESTAMP_US, "0044-03-15T12:00:00.000000 BC"},
        {INT64_C(-210866803200000000), UNIT_TIMESTAMP_US,
         "4714-11-24T00:00:00.000000 BC"}, /* PostgreSQL's least */
        {INT64_C(253402300799999999), UNIT_TIMESTAMP_US, "9999-12-31T23:59:59.999999"},
        {INT64_C(253402300800000000), UNIT_TIMESTAMP_US, "10000-01-01T00:00:00.000000"},
        {INT64_MAX - 1, UNIT_TIMESTAMP_US, "294247-01-10T04:00:54.775806"},
        {INT64_MIN + 1, UNIT_TIMESTAMP_US, "290309-12-21T19:59:05.224193 BC"},
        {-1, UNIT_TIMESTAMP_MS, "1969-12-31T23:59:59.999"},
        {INT64_C(1738317600123), UNIT_TIMESTAMP_MS, "2025-01-31T10:00:00.123"},
        {INT64_C(-62135596800001), UNIT_TIMESTAMP_MS, "0001-12-31T23:59:59.999 BC"},
        {INT64_C(9224317929600000), UNIT_TIMESTAMP_MS,
         "294276-12-31T00:00:00.000"}, /* PostgreSQL's last day */
        {-1, UNIT_TIMESTAMP_NS, "1969-12-31T23:59:59.999999999"},
        {INT64_C(1738317600123456789), UNIT_TIMESTAMP_NS, "2025-01-31T10:00:00.123456789"},
        {INT64_MAX - 1, UNIT_TIMESTAMP_NS, "2262-04-11T23:47:16.854775806"},
        {INT64_MIN + 1, UNIT_TIMESTAMP_NS, "1677-09-21T00:12:43.145224193"},
    };
    (void)state;
    ASSERT_ALL_FORMAT(cases);
}

static void days_of_every_age(void **state)
{
    static const struct formatted cases[] = {
        {0, UNIT_DAYS, "1970-01-01"},
        {-1, UNIT_DAYS, "1969-12-31"},
        {20119, UNIT_DAYS, "2025-01-31"},
        {11016, UNIT_DAYS, "2000-02-29"},
        {-25508, UNIT_DAYS, "1900-03-01"},
        {-719162, UNIT_DAYS, "0001-01-01"},
        {-719163, UNIT_DAYS, "0001-12-31 BC"},
        {-735160, UNIT_DAYS, "0044-03-15 BC"},
        {-2440588, UNIT_DAYS, "4714-11-24 BC"}, /* PostgreSQL's least date */
        {2932896, UNIT_DAYS, "9999-12-31"},
        {2932897, UNIT_DAYS, "10000-01-01"},
        {106762939, UNIT_DAYS, "294276-12-31"},
        {2145042905, UNIT_DAYS, "5874897-12-31"}, /* and its greatest */
    };
    (void)state;
    ASSERT_ALL_FORMAT(cases);
}

/* A column may hold what no PostgreSQL sends: any int64 must come out as some text, without overflow. */
static void days_out_of_all_bounds_do_no_harm(void **state)
{
    (void)state;
    char text[TIME_TEXT_SIZE];
    assert_in_range(time_format(INT64_MAX, UNIT_DAYS, true, text), 1, TIME_TEXT_SIZE - 1);
    assert_in_range(time_format(INT64_MIN, UNIT_DAYS, true, text), 1, TIME_TEXT_SIZE - 1);
    assert_in_range(time_format(INT64_MIN, UNIT_TIME_NS, true, text), 1, TIME_TEXT_SIZE - 1);
    assert_in_range(time_format(INT64_MIN + 1, UNIT_TIMESTAMP_MS, true, text), 1, TIME_TEXT_SIZE - 1);
}

static void times_of_day(void **state)
{
    static const struct formatted cases[] = {
        {0, UNIT_TIME_MS, "00:00:00.000"},
        {45296789, UNIT_TIME_MS, "12:34:56.789"},
        {INT64_C(45296789012), UNIT_TIME_US, "12:34:56.789012"},
        {INT64_C(45296789012345), UNIT_TIME_NS, "12:34:56.789012345"},
        {INT64_C(86399999999), UNIT_TIME_US, "23:59:59.999999"},
        {INT64_C(86400000000), UNIT_TIME_US, "24:00:00.000000"}, /* PostgreSQL knows 24:00 */
    };
    (void)state;
    ASSERT_ALL_FORMAT(cases);
}

/* MySQL's TIME goes from -838:59:59 to 838:59:59. */
static void times_beyond_a_day_and_below_zero(void **state)
{
    static const struct formatted cases[] = {
        {INT64_C(3020399000000), UNIT_TIME_US, "838:59:59.000000"},
        {INT64_C(-3020399000000), UNIT_TIME_US, "-838:59:59.000000"},
        {INT64_C(-1800000000), UNIT_TIME_US, "-00:30:00.000000"},
        {-1, UNIT_TIME_US, "-00:00:00.000001"},
    };
    (void)state;
    ASSERT_ALL_FORMAT(cases);
}

static void infinities_of_debezium_2_and_3(void **state)
{
    static const struct formatted cases[] = {
        {INT64_MAX, UNIT_TIMESTAMP_US, "infinity"},
        {INT64_MIN, UNIT_TIMESTAMP_US, "-infinity"},
        {INT64_C(9223372036825200000), UNIT_TIMESTAMP_US, "infinity"},
        {INT64_C(-9223372036832400000), UNIT_TIMESTAMP_US, "-infinity"},
        {INT64_C(9223372036825200000), UNIT_TIMESTAMP_MS, "infinity"},
        {INT64_C(-9223372036832400000), UNIT_TIMESTAMP_MS, "-infinity"},
        /* as recorded for a date: far outside of what PostgreSQL's date can hold otherwise */
        {2146033979, UNIT_DAYS, "infinity"},
        {-2147472691, UNIT_DAYS, "-infinity"},
    };
    (void)state;
    ASSERT_ALL_FORMAT(cases);
    assert_formats(INT64_MAX, UNIT_TIMESTAMP_US, true, "infinity");
}

static void zulu_stands_behind_the_time_and_before_the_era(void **state)
{
    (void)state;
    assert_formats(INT64_C(1738317600123456), UNIT_TIMESTAMP_US, true, "2025-01-31T10:00:00.123456Z");
    assert_formats(INT64_C(1738317600123), UNIT_TIMESTAMP_MS, true, "2025-01-31T10:00:00.123Z");
    assert_formats(INT64_C(-63517780800000000), UNIT_TIMESTAMP_US, true, "0044-03-15T12:00:00.000000Z BC");
}

/* Every day of 401 BC to 800, counted one by one. */
static void the_calendar_day_by_day(void **state)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t day_number = 10957 - INT64_C(6) * 146097; /* 2000-01-01, six cycles of 400 years back */
    (void)state;
    for (int year = -400; year <= 800; year++)
        for (int month = 1; month <= 12; month++) {
            int length = lengths[month - 1];
            if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) length++;
            for (int day = 1; day <= length; day++, day_number++) {
                char expected[32];
                int64_t parsed;
                snprintf(expected, sizeof expected, "%04d-%02d-%02d%s", year > 0 ? year : 1 - year, month,
                         day, year > 0 ? "" : " BC");
                assert_formats(day_number, UNIT_DAYS, false, expected);
                if (year <= 0) continue;
                assert_int_equal(time_parse(expected, &parsed), 0);
                if (parsed != day_number * 86400000000) fail_msg("%s: %lld", expected, (long long)parsed);
            }
        }
}

static void times_that_a_user_types(void **state)
{
    static const struct {
        const char *text;
        int64_t microseconds;
    } cases[] = {
        {"1970-01-01", 0},
        {"2025-01-31", INT64_C(1738281600000000)},
        {"2025-01-31T10:00:00Z", INT64_C(1738317600000000)},
        {"2025-01-31T10:00:00", INT64_C(1738317600000000)},
        {"2025-01-31 10:00:00.123456", INT64_C(1738317600123456)},
        {"2025-01-31 10:00:00.123456Z", INT64_C(1738317600123456)},
        {"2025-01-31T10:00:00.1", INT64_C(1738317600100000)},
        {"2025-01-31T10:00:00.120Z", INT64_C(1738317600120000)},
        {"2025-01-31T10:00:00.000001", INT64_C(1738317600000001)},
        {"2000-02-29 12:00:00", INT64_C(951825600000000)},
        {"1969-12-31T23:59:59.999999", -1},
        {"1900-02-28T23:59:59.000001", INT64_C(-2203891200999999)},
        {"0001-01-01", INT64_C(-62135596800000000)},
        {"9999-12-31T23:59:59.999999", INT64_C(253402300799999999)},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t microseconds;
        if (time_parse(cases[i].text, &microseconds)) fail_msg("refused: %s", cases[i].text);
        if (microseconds != cases[i].microseconds)
            fail_msg("%s: %lld", cases[i].text, (long long)microseconds);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "2025",
        "2025-01",
        "2025-1-31",
        "25-01-31",
        "2025-01-3",
        "2025-01-32",
        "2025-00-10",
        "2025-13-10",
        "2025-01-00",
        "2025-04-31",
        "2025-02-29",
        "1900-02-29",
        "2100-02-29",
        "10000-01-01",
        "-001-01-01",
        "+025-01-31",
        " 2025-01-31",
        "2025-01-31 ",
        "2025-01-31Z",
        "2025/01/31",
        "20250131",
        "31-01-2025",
        "2025-01-31T",
        "2025-01-31T10",
        "2025-01-31T10:00",
        "2025-01-31T10:00Z",
        "2025-01-31t10:00:00",
        "2025-01-31T10:00:00z",
        "2025-01-31  10:00:00",
        "2025-01-31T1:00:00",
        "2025-01-31T24:00:00",
        "2025-01-31T10:60:00",
        "2025-01-31T10:00:60",
        "2025-01-31T10:00:00.",
        "2025-01-31T10:00:00.Z",
        "2025-01-31T10:00:00.1234567",
        "2025-01-31T10:00:00,5",
        "2025-01-31T10:00:00+01:00",
        "2025-01-31T10:00:00ZZ",
        "2025-01-31T10:00:00Z ",
        "yesterday",
        "infinity",
        "1738317600",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t microseconds;
        if (time_parse(cases[i], &microseconds) != -1) fail_msg("taken: %s", cases[i]);
    }
}

static void units_and_their_names(void **state)
{
    static const char *const names[] = {
        [UNIT_DAYS] = "days",
        [UNIT_TIMESTAMP_MS] = "timestamp_ms",
        [UNIT_TIMESTAMP_US] = "timestamp_us",
        [UNIT_TIME_MS] = "time_ms",
        [UNIT_TIMESTAMP_NS] = "timestamp_ns",
        [UNIT_TIME_US] = "time_us",
        [UNIT_TIME_NS] = "time_ns",
    };
    (void)state;
    assert_null(time_unit_name(UNIT_NONE));
    for (int unit = UNIT_DAYS; unit <= UNIT_TIME_NS; unit++) {
        assert_string_equal(time_unit_name((enum time_unit)unit), names[unit]);
        assert_int_equal(time_unit_named(names[unit]), unit);
    }
    assert_int_equal(time_unit_named(NULL), UNIT_NONE);
    assert_int_equal(time_unit_named(""), UNIT_NONE);
    assert_int_equal(time_unit_named("weeks"), UNIT_NONE);
}

/* One that is told time after time tells each as if it were the first. */
static void a_time_that_is_set_again(void **state)
{
    static const int64_t second = 1000000, day = 86400 * INT64_C(1000000),
                         times[] = {0,
                                    1,
                                    day - 1,
                                    day,
                                    day + 1,
                                    day,
                                    day - 1,
                                    -1,
                                    -day,
                                    -day - 1,
                                    -day + 1,
                                    INT64_MAX,
                                    INT64_MAX - 1,
                                    INT64_MIN,
                                    INT64_MIN + 1,
                                    9223372036825200000,
                                    9223372036825200001,
                                    1735689949445054,
                                    1735689949445054,
                                    1735690000 * second,
                                    -70000000000 * second,
                                    -70000000000 * second + 1,
                                    1735690000 * second};
    struct time_text time = {0};
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char expected[TIME_TEXT_SIZE];
        size_t size = time_format(times[i], UNIT_TIMESTAMP_US, true, expected);
        time_text_set(&time, times[i]);
        assert_int_equal(time.size, size);
        assert_memory_equal(time.text, expected, size);
    }
}

static void now_is_now(void **state)
{
    (void)state;
    int64_t before = (int64_t)time(NULL) * 1000000, now = time_now();
    assert_in_range(now - before, 0, 5000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instants_of_every_age),
        cmocka_unit_test(days_of_every_age),
        cmocka_unit_test(days_out_of_all_bounds_do_no_harm),
        cmocka_unit_test(times_of_day),
        cmocka_unit_test(times_beyond_a_day_and_below_zero),
        cmocka_unit_test(infinities_of_debezium_2_and_3),
        cmocka_unit_test(zulu_stands_behind_the_time_and_before_the_era),
        cmocka_unit_test(the_calendar_day_by_day),
        cmocka_unit_test(times_that_a_user_types),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(units_and_their_names),
        cmocka_unit_test(a_time_that_is_set_again),
        cmocka_unit_test(now_is_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
