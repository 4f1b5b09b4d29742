#include "cdclite/time_text.h"

#include <time.h>

#include "cdclite/portable.h"
#include "digits.h"

static const char *const unit_names[] = {
    [UNIT_DAYS] = "days",
    [UNIT_TIMESTAMP_MS] = "timestamp_ms",
    [UNIT_TIMESTAMP_US] = "timestamp_us",
    [UNIT_TIMESTAMP_NS] = "timestamp_ns",
    [UNIT_TIME_MS] = "time_ms",
    [UNIT_TIME_US] = "time_us",
    [UNIT_TIME_NS] = "time_ns",
};

const char *time_unit_name(enum time_unit unit)
{
    return unit_names[unit];
}

enum time_unit time_unit_named(const char *name)
{
    for (size_t i = 1; name && i < sizeof unit_names / sizeof *unit_names; i++)
        if (strcmp(unit_names[i], name) == 0) return (enum time_unit)i;
    return UNIT_NONE;
}

/* Eras of 400 years (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
void time_civil_date(int64_t days, int64_t *year, int *month, int *day)
{
    days += 719468;
    int64_t era = days / 146097 - (days % 146097 < 0);
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    *month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = year / 400 - (year % 400 < 0);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static const char *infinity_of(int64_t value, enum time_unit unit)
{
    /* 3.7 sends the limits of int64, 2.7 the other pair, and dates have their own. */
    if (unit == UNIT_TIMESTAMP_US || unit == UNIT_TIMESTAMP_MS || unit == UNIT_TIMESTAMP_NS) {
        if (value == INT64_MAX || value == INT64_C(9223372036825200000)) return "infinity";
        if (value == INT64_MIN || value == INT64_C(-9223372036832400000)) return "-infinity";
    }
    if (unit == UNIT_DAYS && value == 2146033979) return "infinity";
    if (unit == UNIT_DAYS && value == -2147472691) return "-infinity";
    return NULL;
}

/* Writes `count` digits of the number, with zeros in front; returns what is behind them. */
static inline char *put_digits(char *to, uint64_t number, int count)
{
    char *end = to + count;
    for (char *at = end; at - to >= 2; number /= 100) put_pair(at -= 2, (unsigned)(number % 100));
    if (count % 2) *to = (char)('0' + number % 10);
    return end;
}

/* The same with as many digits as it takes, at least `least`. */
static char *put_number(char *to, uint64_t number, int least)
{
    int count = 1;
    for (uint64_t rest = number; rest >= 10; rest /= 10) count++;
    return put_digits(to, number, count < least ? least : count);
}

static char *put_text(char *to, const char *text)
{
    while (*text) *to++ = *text++;
    return to;
}

/* mm:ss.fraction, behind the hours. */
static char *put_time(char *to, unsigned minute, unsigned second, uint64_t fraction, int digits)
{
    *to++ = ':';
    to = put_digits(to, minute, 2);
    *to++ = ':';
    to = put_digits(to, second, 2);
    *to++ = '.';
    return put_digits(to, fraction, digits);
}

static char *put_time_of_day(char *to, int64_t value, int64_t per_second, int digits)
{
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint64_t seconds = size / (uint64_t)per_second;
    if (value < 0) *to++ = '-';
    to = put_number(to, seconds / 3600, 2);
    return put_time(to, (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60), size % (uint64_t)per_second,
                    digits);
}

/* A date, its year counted without a year 0; *before_christ becomes whether it needs that said. */
static char *put_date(char *to, int64_t days, bool *before_christ)
{
    int64_t year;
    int month, day;
    time_civil_date(days, &year, &month, &day);
    *before_christ = year <= 0;
    to = put_number(to, (uint64_t)(year <= 0 ? 1 - year : year), 4);
    *to++ = '-';
    to = put_digits(to, (uint64_t)month, 2);
    *to++ = '-';
    return put_digits(to, (uint64_t)day, 2);
}

/* Inline, for divisions by what is known then. */
static inline __attribute__((always_inline)) char *put_timestamp(char *to, int64_t value, int64_t per_second,
                                                                 int digits, bool zulu)
{
    int64_t seconds = value / per_second - (value % per_second < 0);
    int64_t fraction = value % per_second + (value % per_second < 0 ? per_second : 0);
    int64_t days = seconds / 86400 - (seconds % 86400 < 0);
    unsigned of_day = (unsigned)(seconds - days * 86400);
    bool before_christ;
    to = put_date(to, days, &before_christ);
    *to++ = 'T';
    to = put_digits(to, of_day / 3600, 2);
    to = put_time(to, of_day / 60 % 60, of_day % 60, (uint64_t)fraction, digits);
    if (zulu) *to++ = 'Z';
    return before_christ ? put_text(to, " BC") : to;
}

size_t time_format(int64_t value, enum time_unit unit, bool zulu, char text[TIME_TEXT_SIZE])
{
    enum { THOUSAND = 1000, MILLION = 1000 * 1000, BILLION = 1000 * 1000 * 1000 };
    const char *infinity = infinity_of(value, unit);
    bool before_christ = false;
    char *end = text;
    if (infinity) {
        *put_text(text, infinity) = '\0';
        return strlen(infinity);
    }
    switch (unit) {
    case UNIT_DAYS:
        /* Connect's days are 32 bits; what is more is no day. */
        if (value <= INT32_MAX && value >= INT32_MIN) {
            end = put_date(text, value, &before_christ);
            if (before_christ) end = put_text(end, " BC");
            break;
        }
        /* fall through */
    case UNIT_NONE:
        if (value < 0) *end++ = '-';
        end = put_number(end, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 1);
        break;
    case UNIT_TIMESTAMP_MS: end = put_timestamp(text, value, THOUSAND, 3, zulu); break;
    case UNIT_TIMESTAMP_US: end = put_timestamp(text, value, MILLION, 6, zulu); break;
    case UNIT_TIMESTAMP_NS: end = put_timestamp(text, value, BILLION, 9, zulu); break;
    case UNIT_TIME_MS: end = put_time_of_day(text, value, THOUSAND, 3); break;
    case UNIT_TIME_US: end = put_time_of_day(text, value, MILLION, 6); break;
    case UNIT_TIME_NS: end = put_time_of_day(text, value, BILLION, 9); break;
    }
    *end = '\0';
    return (size_t)(end - text);
}

void time_text_set(struct time_text *time, int64_t microseconds)
{
    const int64_t second = 1000000, a_day = 86400 * second;
    if (time->size && time->microseconds == microseconds) return;
    int64_t day = microseconds / a_day, of_day = microseconds % a_day;
    if (of_day < 0) {
        day--;
        of_day += a_day;
    }
    time->microseconds = microseconds;
    if (time->date_size && time->day == day && !infinity_of(microseconds, UNIT_TIMESTAMP_US)) {
        put_time_of_day(time->text + time->date_size + 1, of_day, second, 6);
        return;
    }
    time->size = time_format(microseconds, UNIT_TIMESTAMP_US, true, time->text);
    const char *begins = memchr(time->text, 'T', time->size);
    time->day = day;
    time->date_size = begins ? (size_t)(begins - time->text) : 0;
}

/* `count` digits at *at into *number, moving on; -1 when they are not digits. */
static int digits_at(const char **at, int count, int *number)
{
    *number = 0;
    for (; count > 0; count--, (*at)++) {
        if (**at < '0' || **at > '9') return -1;
        *number = *number * 10 + (**at - '0');
    }
    return 0;
}

static int separator_at(const char **at, char separator)
{
    if (**at != separator) return -1;
    (*at)++;
    return 0;
}

int time_parse(const char *text, int64_t *microseconds)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day, hour = 0, minute = 0, second = 0, fraction = 0;
    if (digits_at(&text, 4, &year) || separator_at(&text, '-') || digits_at(&text, 2, &month) ||
        separator_at(&text, '-') || digits_at(&text, 2, &day))
        return -1;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month < 1 || month > 12 || day < 1 || day > month_days[month - 1] + (month == 2 && leap)) return -1;
    if (*text == 'T' || *text == ' ') {
        text++;
        if (digits_at(&text, 2, &hour) || separator_at(&text, ':') || digits_at(&text, 2, &minute) ||
            separator_at(&text, ':') || digits_at(&text, 2, &second))
            return -1;
        if (hour > 23 || minute > 59 || second > 59) return -1;
        if (*text == '.') {
            int digits = 0;
            for (text++; *text >= '0' && *text <= '9' && digits < 6; text++, digits++)
                fraction = fraction * 10 + (*text - '0');
            if (digits == 0) return -1;
            for (; digits < 6; digits++) fraction *= 10;
        }
        if (*text == 'Z') text++;
    }
    if (*text) return -1;
    *microseconds =
        ((days_of(year, month, day) * 24 + hour) * 3600 + (int64_t)minute * 60 + second) * INT64_C(1000000) +
        fraction;
    return 0;
}

int64_t time_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t time_passing_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
