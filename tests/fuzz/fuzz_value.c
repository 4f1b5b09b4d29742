/*
 * The decoders of values. The first byte says what the rest is: JSON for a kind of column, bytes of a
 * decimal, a time, base64, a text that people type. What comes out is held against another way to compute it.
 */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cdclite/decimal.h"
#include "cdclite/type_name.h"
#include "cdclite/value.h"
#include "fuzz.h"

static struct arena arena;
static sqlite3 *db;

static char *text_of(struct slice bytes)
{
    char *text = strndup(bytes.size ? bytes.at : "", bytes.size);
    MUST_HOLD(text);
    return text;
}

/* A number as its significant digits and the power of ten of the last one. */
struct number {
    bool negative;
    char digits[600];
    size_t count;
    long exponent;
};

static struct number number_of(const char *text)
{
    struct number number = {.negative = *text == '-'};
    bool behind = false;
    for (text += number.negative; *text && *text != 'e' && *text != 'E'; text++) {
        if (*text == '.') {
            behind = true;
            continue;
        }
        MUST_HOLD(*text >= '0' && *text <= '9' && number.count < sizeof number.digits);
        if (number.count || *text != '0') number.digits[number.count++] = *text;
        number.exponent -= behind;
    }
    if (*text) number.exponent += strtol(text + 1, NULL, 10);
    for (; number.count && number.digits[number.count - 1] == '0'; number.count--) number.exponent++;
    if (number.count == 0) number.exponent = 0;
    return number;
}

static bool same_number(const struct number *a, const struct number *b)
{
    return a->negative == b->negative && a->count == b->count && a->exponent == b->exponent &&
           memcmp(a->digits, b->digits, a->count) == 0;
}

/* A double stands for the number only if its own spelling gives the same number again. */
static void check_real(struct slice source, double real)
{
    struct buffer spelled = {0};
    const struct value value = {.type = VALUE_REAL, .real = real};
    char *text = text_of(source);
    MUST_HOLD(strtod(text, NULL) == real);
    value_text(&value, UNIT_NONE, &spelled);
    MUST_HOLD(strtod(buffer_string(&spelled), NULL) == real);
    struct number sent = number_of(text), kept = number_of(buffer_string(&spelled));
    /* Below the normal numbers a double has fewer digits. */
    if (fabs(real) >= 2.2250738585072014e-308 || real == 0.0) MUST_HOLD(same_number(&sent, &kept));
    buffer_free(&spelled);
    free(text);
}

/* SQLite 3.40 reads numbers of 16 and 17 digits with an error in the last place, far from 1 in the last
 * places. */
static bool is_misread(const struct value *value, const struct value *back)
{
    if (value->type != VALUE_REAL || back->type != VALUE_REAL) return false;
    double size = fabs(value->real);
    bool far = size < 1e-20 || size > 1e30;
    return fabs(value->real - back->real) <= (far ? 1e-14 : DBL_EPSILON) * size;
}

/* SQLite must read the literal, and give back what is bound, as the value that it is. */
static void check_stored(const struct value *value)
{
    static const int types[] = {[VALUE_NULL] = SQLITE_NULL,
                                [VALUE_INTEGER] = SQLITE_INTEGER,
                                [VALUE_REAL] = SQLITE_FLOAT,
                                [VALUE_TEXT] = SQLITE_TEXT,
                                [VALUE_BLOB] = SQLITE_BLOB};
    struct buffer sql = {0};
    sqlite3_stmt *statement;
    buffer_text(&sql, "SELECT ");
    value_literal(value, &sql);
    buffer_text(&sql, ", ?1");
    MUST_HOLD(!buffer_failed(&sql) && strlen(buffer_string(&sql)) == sql.size);
    if (sqlite3_prepare_v2(db, buffer_string(&sql), -1, &statement, NULL) != SQLITE_OK)
        found("%s: %s", buffer_string(&sql), sqlite3_errmsg(db));
    MUST_HOLD(value_bind(statement, 1, value) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW);
    for (int column = 0; column < 2; column++) {
        struct value back;
        MUST_HOLD(sqlite3_column_type(statement, column) == types[value->type]);
        value_from_column(statement, column, &back);
        if (column == 0 && is_misread(value, &back)) continue;
        MUST_HOLD(value_equals(value, &back) && value_hash(1, value) == value_hash(1, &back));
    }
    sqlite3_finalize(statement);
    buffer_free(&sql);
}

static void check_json(const struct column_type *type, struct slice text)
{
    struct json_reader json;
    struct value value;
    struct buffer spelled = {0};
    json_start(&json, text);
    if (value_read(&json, type, &arena, &value)) {
        MUST_HOLD(json.problem);
        return;
    }
    MUST_HOLD(json.at > text.at && json.at <= text.at + text.size);
    MUST_HOLD(storage_holds(storage_of(type->kind), value.type));
    struct json_reader start;
    struct slice raw;
    json_start(&start, text);
    MUST_HOLD(json_skip(&start, &raw) == 0 && start.at == json.at);
    if (value.type == VALUE_TEXT) MUST_HOLD(is_utf8(value.bytes));
    if (value.type == VALUE_REAL && raw.at[0] != '"') check_real(raw, value.real);
    if (value.type == VALUE_INTEGER && strchr("-0123456789", raw.at[0])) {
        char *source = text_of(raw), printed[24];
        snprintf(printed, sizeof printed, "%" PRId64, value.integer);
        /* Nothing but -0 has two spellings. */
        MUST_HOLD(strcmp(source, strcmp(source, "-0") == 0 ? "-0" : printed) == 0);
        free(source);
    }
    check_stored(&value);
    value_text(&value, type->unit, &spelled);
    MUST_HOLD(!buffer_failed(&spelled) && is_utf8(buffer_view(&spelled)));
    buffer_free(&spelled);
}

static struct slice base64_of(struct slice bytes, bool padded)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = arena_alloc(&arena, bytes.size / 3 * 4 + 5);
    size_t size = 0;
    MUST_HOLD(out);
    for (size_t bit = 0; bit < bytes.size * 8; bit += 6) {
        unsigned six = 0;
        for (size_t i = bit; i < bit + 6; i++)
            six = six * 2 + (i < bytes.size * 8 && ((unsigned char)bytes.at[i / 8] >> (7 - i % 8) & 1));
        out[size++] = letters[six];
    }
    while (padded && size % 4) out[size++] = '=';
    return (struct slice){out, size};
}

static void check_base64(struct slice bytes)
{
    struct slice decoded;
    for (int padded = 0; padded <= 1; padded++) {
        MUST_HOLD(base64_decode(base64_of(bytes, padded), &arena, &decoded) == 0);
        MUST_HOLD(slice_equals(decoded, bytes));
    }
    /* Taken as base64 itself: what is decoded has the same letters, but for bits that fill up the last one.
     */
    if (base64_decode(bytes, &arena, &decoded)) return;
    struct slice again = base64_of(decoded, false);
    MUST_HOLD(again.size <= bytes.size && bytes.size - again.size <= 2);
    MUST_HOLD(memcmp(again.at, bytes.at, again.size ? again.size - 1 : 0) == 0);
}

/* The number in two's complement as decimal text, by dividing its bytes by ten again and again. */
static char *decimal_of(struct slice number, int scale)
{
    enum { MOST = 2048 };
    unsigned char bytes[512];
    char digits[MOST], *text = malloc(MOST * 2);
    size_t count = 0, size = 0;
    bool negative = number.at[0] & 0x80, rest = true;
    MUST_HOLD(text && number.size <= sizeof bytes);
    memcpy(bytes, number.at, number.size);
    if (negative) {
        unsigned carry = 1;
        for (size_t i = number.size; i-- > 0; carry >>= 8) {
            carry += (unsigned char)~bytes[i];
            bytes[i] = (unsigned char)carry;
        }
    }
    while (rest) {
        unsigned remainder = 0;
        rest = false;
        for (size_t i = 0; i < number.size; i++) {
            unsigned part = remainder << 8 | bytes[i];
            bytes[i] = (unsigned char)(part / 10);
            remainder = part % 10;
            rest |= bytes[i] != 0;
        }
        digits[count++] = (char)('0' + remainder);
    }
    if (count == 1 && digits[0] == '0') negative = false;
    while (scale > 0 && count <= (size_t)scale) digits[count++] = '0';
    if (negative) text[size++] = '-';
    for (size_t i = count; i-- > 0;) {
        text[size++] = digits[i];
        if (scale > 0 && i == (size_t)scale) text[size++] = '.';
    }
    for (int i = scale; i < 0 && !(count == 1 && digits[0] == '0'); i++) text[size++] = '0';
    text[size] = '\0';
    return text;
}

static void check_decimal(struct slice number, int scale)
{
    struct slice text;
    if (number.size == 0 || number.size > 300) return;
    MUST_HOLD(decimal_text(number, scale, &arena, &text) == 0);
    char *expected = decimal_of(number, scale);
    if (!slice_is(text, expected)) found("%.*s, not %s", (int)text.size, text.at, expected);
    free(expected);
}

/* The date and time of day as the C library computes them; NULL where its years end. */
static const char *library_time(int64_t value, int64_t per_second, char *text, size_t room)
{
    time_t seconds = value / per_second - (value % per_second < 0);
    struct tm tm;
    if (!gmtime_r(&seconds, &tm)) return NULL;
    int64_t year = (int64_t)tm.tm_year + 1900;
    snprintf(text, room, "%04" PRId64 "-%02d-%02dT%02d:%02d:%02d", year > 0 ? year : 1 - year, tm.tm_mon + 1,
             tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    return text;
}

static void check_timestamp(int64_t value, enum time_unit unit, int64_t per_second)
{
    char text[TIME_TEXT_SIZE], expected[80];
    int64_t back;
    time_format(value, unit, false, text);
    if (strstr(text, "infinity") || !library_time(value, per_second, expected, sizeof expected)) return;
    if (strncmp(text, expected, strlen(expected)) != 0) found("%s, not %s", text, expected);
    if (unit != UNIT_TIMESTAMP_US || strlen(text) != sizeof "2025-01-31T10:00:00.123456" - 1) return;
    MUST_HOLD(time_parse(text, &back) == 0 && back == value);
}

/* [-]HH:MM:SS.fraction */
static void check_time_of_day(int64_t value, enum time_unit unit, int64_t per_second)
{
    char text[TIME_TEXT_SIZE];
    long long hours, fraction;
    int minutes, seconds;
    time_format(value, unit, false, text);
    bool negative = *text == '-';
    MUST_HOLD(sscanf(text + negative, "%lld:%d:%d.%lld", &hours, &minutes, &seconds, &fraction) == 4);
    MUST_HOLD(minutes < 60 && seconds < 60 && fraction < per_second && negative == (value < 0));
    __int128 back = ((__int128)hours * 3600 + minutes * 60 + seconds) * per_second + fraction;
    MUST_HOLD((negative ? -back : back) == value);
}

static void check_time(struct slice bytes)
{
    static const int64_t per_second[] = {
        [UNIT_TIMESTAMP_MS] = 1000, [UNIT_TIMESTAMP_US] = 1000000, [UNIT_TIMESTAMP_NS] = 1000000000,
        [UNIT_TIME_MS] = 1000,      [UNIT_TIME_US] = 1000000,      [UNIT_TIME_NS] = 1000000000};
    int64_t value = 0;
    memcpy(&value, bytes.at, bytes.size < sizeof value ? bytes.size : sizeof value);
    for (enum time_unit unit = UNIT_DAYS; unit <= UNIT_TIME_NS; unit++) {
        char text[TIME_TEXT_SIZE], zulu[TIME_TEXT_SIZE];
        size_t size = time_format(value, unit, false, text);
        MUST_HOLD(size < sizeof text && strlen(text) == size);
        MUST_HOLD(time_format(value, unit, true, zulu) < sizeof zulu);
        if (unit >= UNIT_TIMESTAMP_MS && unit <= UNIT_TIMESTAMP_NS)
            check_timestamp(value, unit, per_second[unit]);
        if (unit >= UNIT_TIME_MS) check_time_of_day(value, unit, per_second[unit]);
    }
}

static void check_typed(struct slice bytes)
{
    struct column_type type;
    int64_t microseconds;
    char *text = text_of(bytes), again[TIME_TEXT_SIZE], expected[40];
    if (type_named(text, &type) == 0) {
        snprintf(expected, sizeof expected, "decimal(%d)", type.scale);
        if (type.kind == KIND_DECIMAL)
            MUST_HOLD(strtol(text + sizeof "decimal(" - 1, NULL, 10) == type.scale);
        MUST_HOLD(strstr(type_names, type.kind == KIND_DECIMAL ? "decimal(SCALE)" : text));
    }
    if (time_parse(text, &microseconds) == 0 && strncmp(text, "0000", 4) != 0) {
        /* What was typed is the beginning of what is printed, but for its separator. */
        size_t size = strcspn(text, "Z");
        time_format(microseconds, UNIT_TIMESTAMP_US, false, again);
        MUST_HOLD(size >= 10 && size <= strlen(again));
        for (size_t i = 0; i < size; i++) MUST_HOLD(text[i] == again[i] || (i == 10 && text[i] == ' '));
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { HEAD = 4 };
    if (!db) MUST_HOLD(sqlite3_open(":memory:", &db) == SQLITE_OK);
    if (size < HEAD) return 0;
    struct slice rest = copy_of((struct slice){(const char *)data + HEAD, size - HEAD});
    int scale = (int16_t)(data[1] | data[2] << 8) % 500;
    const struct column_type type = {.kind = (enum column_kind)(data[0] % (KIND_JSON + 1)),
                                     .unit = (enum time_unit)(data[3] % (UNIT_TIME_NS + 1)),
                                     .scale = scale};
    switch (data[0] >> 5) {
    case 1: check_base64(rest); break;
    case 2: check_decimal(rest, scale); break;
    case 3: check_time(rest); break;
    case 4: check_typed(rest); break;
    default: check_json(&type, rest); break;
    }
    free((char *)rest.at);
    arena_reset(&arena);
    return 0;
}
