#include "cdclite/value.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "cdclite/decimal.h"
#include "cdclite/hash.h"

enum column_storage storage_of(enum column_kind kind)
{
    switch (kind) {
    case KIND_INTEGER:
    case KIND_BOOLEAN: return STORAGE_INTEGER;
    case KIND_TEXT:
    case KIND_DECIMAL:
    case KIND_VARIABLE_DECIMAL:
    case KIND_JSON: return STORAGE_TEXT;
    case KIND_BYTES: return STORAGE_BLOB;
    case KIND_ANY:
    case KIND_FLOAT: break;
    }
    return STORAGE_ANY;
}

const char *storage_name(enum column_storage storage)
{
    static const char *const names[] = {"ANY", "INTEGER", "TEXT", "BLOB"};
    return names[storage];
}

static struct value text_value(struct slice text)
{
    return (struct value){.type = VALUE_TEXT, .bytes = text};
}

/* An integer's source text as int64; false when it is no integer or does not fit. */
static bool integer_of(struct slice text, int64_t *integer)
{
    size_t i = text.at[0] == '-';
    uint64_t limit = i ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX, number = 0;
    for (; i < text.size; i++) {
        unsigned digit = (unsigned)(text.at[i] - '0');
        if (digit > 9 || number > (limit - digit) / 10) return false;
        number = number * 10 + digit;
    }
    *integer = text.at[0] == '-' ? (int64_t)(0 - number) : (int64_t)number;
    return true;
}

/* The significant digits of a number's text, without sign, point, exponent and zeros at both ends. */
static size_t significant_digits(const char *text, size_t size, char *digits, size_t room)
{
    size_t count = 0;
    for (size_t i = 0; i < size && text[i] != 'e' && text[i] != 'E'; i++) {
        if (text[i] < '0' || text[i] > '9' || (count == 0 && text[i] == '0')) continue;
        if (count == room) return room + 1;
        digits[count++] = text[i];
    }
    while (count > 0 && digits[count - 1] == '0') count--;
    return count;
}

/* Whether a double holds the number so that its digits can be had back. */
static bool double_of(struct slice text, double *number)
{
    enum { EXACT_DIGITS = 15, MOST_DIGITS = 17 };
    char copy[512], digits[MOST_DIGITS], printed[64], back[MOST_DIGITS];
    if (text.size >= sizeof copy) return false;
    memcpy(copy, text.at, text.size);
    copy[text.size] = '\0';
    *number = strtod(copy, NULL);
    size_t count = significant_digits(copy, text.size, digits, MOST_DIGITS);
    if (count == 0) return !signbit(*number); /* SQLite turns -0.0 into 0.0 */
    if (count > MOST_DIGITS || !isfinite(*number)) return false;
    /* Below the normal numbers a double has fewer digits; what is sent there is some double's own spelling.
     */
    if (fabs(*number) < 2.2250738585072014e-308) return *number != 0.0;
    if (count <= EXACT_DIGITS) return true;
    for (int precision = EXACT_DIGITS; precision <= MOST_DIGITS; precision++) {
        int size = snprintf(printed, sizeof printed, "%.*e", precision - 1, *number);
        if (strtod(printed, NULL) != *number) continue;
        return significant_digits(printed, (size_t)size, back, MOST_DIGITS) == count &&
               memcmp(digits, back, count) == 0;
    }
    return false;
}

/* A number by its own look: integer, double, or the text itself where neither holds it. */
static struct value number_value(struct slice text)
{
    struct value value = {.type = VALUE_INTEGER};
    if (!(text.size == 2 && memcmp(text.at, "-0", 2) == 0) && integer_of(text, &value.integer)) return value;
    bool fractional =
        memchr(text.at, '.', text.size) || memchr(text.at, 'e', text.size) || memchr(text.at, 'E', text.size);
    if (fractional && double_of(text, &value.real)) {
        value.type = VALUE_REAL;
        return value;
    }
    return text_value(text);
}

static const char out_of_memory[] = "out of memory";

static const char *float_of(const struct json_token *token, struct arena *arena, struct value *value)
{
    struct slice text;
    if (token->kind == JSON_NUMBER) {
        value->type = VALUE_REAL;
        if (!double_of(token->raw, &value->real)) *value = text_value(token->raw);
        return NULL;
    }
    if (token->kind != JSON_STRING) return "a string is expected";
    if (json_token_text(token, arena, &text)) return out_of_memory;
    if (slice_is(text, "NaN")) {
        *value = text_value(text);
    } else if (slice_is(text, "Infinity") || slice_is(text, "-Infinity")) {
        *value = (struct value){.type = VALUE_REAL, .real = text.at[0] == '-' ? -INFINITY : INFINITY};
    } else {
        return "the schema says a floating-point number";
    }
    return NULL;
}

static const char *decimal_of(struct slice base64, int32_t scale, struct arena *arena, struct value *value)
{
    struct slice number, text;
    if (base64_decode(base64, arena, &number) || decimal_text(number, scale, arena, &text))
        return "the schema says a Decimal, which is base64 of a number";
    *value = text_value(text);
    return NULL;
}

static const char *variable_decimal_of(const struct json_token *token, struct arena *arena,
                                       struct value *value)
{
    struct json_reader json;
    struct json_token member;
    struct slice name, base64 = {0};
    int64_t scale = INT64_MAX;
    if (token->kind != JSON_OBJECT) return "an object is expected";
    json_start(&json, token->raw);
    if (json_open(&json, JSON_OBJECT)) return json.problem;
    while (json_member(&json, arena, &name) == 1 && json_value(&json, &member) == 0) {
        if (slice_is(name, "scale")) {
            if (member.kind != JSON_NUMBER) return "a number is expected";
            if (!integer_of(member.raw, &scale)) return "the scale of a decimal is no integer";
        } else if (slice_is(name, "value")) {
            if (member.kind != JSON_STRING) return "a string is expected";
            if (json_token_text(&member, arena, &base64)) return out_of_memory;
        }
    }
    if (json.problem) return json.problem;
    if (!base64.at || scale > INT32_MAX || scale < INT32_MIN)
        return "a VariableScaleDecimal needs scale and value";
    return decimal_of(base64, (int32_t)scale, arena, value);
}

/* Without a schema the JSON value's own type decides. */
static const char *any_of(const struct json_token *token, struct arena *arena, struct value *value)
{
    switch (token->kind) {
    case JSON_TRUE:
    case JSON_FALSE:
        *value = (struct value){.type = VALUE_INTEGER, .integer = token->kind == JSON_TRUE};
        return NULL;
    case JSON_NUMBER:
        *value = token->whole ? (struct value){.type = VALUE_INTEGER, .integer = token->integer}
                              : number_value(token->raw);
        return NULL;
    case JSON_STRING:
        value->type = VALUE_TEXT;
        return json_token_text(token, arena, &value->bytes) ? out_of_memory : NULL;
    default: *value = text_value(token->raw); return NULL;
    }
}

static const char *integer_value(const struct json_token *token, struct value *value)
{
    value->type = VALUE_INTEGER;
    value->integer = token->integer;
    if (token->kind != JSON_NUMBER) return "the schema says an integer";
    return token->whole || integer_of(token->raw, &value->integer) ? NULL
                                                                   : "the schema says a 64-bit integer";
}

/* Of the kinds that come as a string. */
static const char *string_value(const struct json_token *token, const struct column_type *type,
                                struct arena *arena, struct value *value)
{
    struct slice text;
    if (token->kind != JSON_STRING)
        return type->kind == KIND_TEXT    ? "the schema says a string"
               : type->kind == KIND_BYTES ? "the schema says bytes, which are base64"
                                          : "the schema says a Decimal, which is base64";
    if (json_token_text(token, arena, &text)) return out_of_memory;
    if (type->kind == KIND_DECIMAL) return decimal_of(text, type->scale, arena, value);
    *value = text_value(text);
    if (type->kind == KIND_TEXT) return NULL;
    value->type = VALUE_BLOB;
    return base64_decode(text, arena, &value->bytes) ? "the schema says bytes: no base64" : NULL;
}

const char *value_of_token(const struct json_token *token, const struct column_type *type,
                           struct arena *arena, struct value *value)
{
    *value = (struct value){0};
    if (token->kind == JSON_NULL) return NULL;
    switch (type->kind) {
    case KIND_ANY: return any_of(token, arena, value);
    case KIND_INTEGER: return integer_value(token, value);
    case KIND_BOOLEAN:
        if (token->kind != JSON_TRUE && token->kind != JSON_FALSE) return "the schema says a boolean";
        *value = (struct value){.type = VALUE_INTEGER, .integer = token->kind == JSON_TRUE};
        return NULL;
    case KIND_FLOAT: return float_of(token, arena, value);
    case KIND_TEXT:
    case KIND_BYTES:
    case KIND_DECIMAL: return string_value(token, type, arena, value);
    case KIND_VARIABLE_DECIMAL: return variable_decimal_of(token, arena, value);
    case KIND_JSON: *value = text_value(token->raw); return NULL;
    }
    return "unknown kind of column";
}

int value_read(struct json_reader *reader, const struct column_type *type, struct arena *arena,
               struct value *value)
{
    struct json_token token;
    *value = (struct value){0};
    if (json_value(reader, &token)) return -1;
    reader->problem = value_of_token(&token, type, arena, value);
    return reader->problem ? -1 : 0;
}

bool value_equals(const struct value *a, const struct value *b)
{
    if (a->type != b->type) return false;
    switch (a->type) {
    case VALUE_NULL: return true;
    case VALUE_INTEGER: return a->integer == b->integer;
    case VALUE_REAL: return a->real == b->real;
    case VALUE_TEXT:
    case VALUE_BLOB: return slice_equals(a->bytes, b->bytes);
    }
    return false;
}

int value_bind(struct sqlite3_stmt *statement, int index, const struct value *value)
{
    switch (value->type) {
    case VALUE_NULL: return sqlite3_bind_null(statement, index);
    case VALUE_INTEGER: return sqlite3_bind_int64(statement, index, value->integer);
    case VALUE_REAL: return sqlite3_bind_double(statement, index, value->real);
    case VALUE_TEXT:
        return sqlite3_bind_text64(statement, index, value->bytes.at, value->bytes.size, SQLITE_STATIC,
                                   SQLITE_UTF8);
    case VALUE_BLOB:
        return sqlite3_bind_blob64(statement, index, value->bytes.at, value->bytes.size, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

void value_from_column(struct sqlite3_stmt *statement, int column, struct value *value)
{
    *value = (struct value){0};
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        value->type = VALUE_INTEGER;
        value->integer = sqlite3_column_int64(statement, column);
        break;
    case SQLITE_FLOAT:
        value->type = VALUE_REAL;
        value->real = sqlite3_column_double(statement, column);
        break;
    case SQLITE_TEXT:
        value->type = VALUE_TEXT;
        value->bytes.at = (const char *)sqlite3_column_text(statement, column);
        value->bytes.size = (size_t)sqlite3_column_bytes(statement, column);
        break;
    case SQLITE_BLOB:
        value->type = VALUE_BLOB;
        value->bytes.at = sqlite3_column_blob(statement, column);
        value->bytes.size = (size_t)sqlite3_column_bytes(statement, column);
        if (!value->bytes.at) value->bytes.at = ""; /* SQLite gives NULL for an empty blob */
        break;
    default: break;
    }
}

static void append_real(double real, struct buffer *out)
{
    if (isinf(real)) {
        buffer_text(out, real < 0 ? "-Infinity" : "Infinity");
        return;
    }
    char text[40];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, real);
        if (strtod(text, NULL) == real) break;
    }
    buffer_text(out, text);
    if (!strpbrk(text, ".e")) buffer_text(out, ".0");
}

static void append_hex(struct slice bytes, struct buffer *out)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char byte = (unsigned char)bytes.at[i];
        buffer_char(out, hex[byte >> 4]);
        buffer_char(out, hex[byte & 15]);
    }
}

void value_text(const struct value *value, enum time_unit unit, struct buffer *out)
{
    char text[TIME_TEXT_SIZE];
    switch (value->type) {
    case VALUE_NULL: return;
    case VALUE_INTEGER:
        if (unit != UNIT_NONE) {
            buffer_append(out, text, time_format(value->integer, unit, false, text));
        } else {
            buffer_integer(out, value->integer);
        }
        return;
    case VALUE_REAL: append_real(value->real, out); return;
    case VALUE_TEXT: buffer_slice(out, value->bytes); return;
    case VALUE_BLOB: append_hex(value->bytes, out); return;
    }
}

void value_literal(const struct value *value, struct buffer *out)
{
    switch (value->type) {
    case VALUE_NULL: buffer_text(out, "NULL"); return;
    case VALUE_INTEGER: buffer_integer(out, value->integer); return;
    case VALUE_REAL:
        if (isinf(value->real)) {
            buffer_text(out, value->real < 0 ? "-9e999" : "9e999");
        } else {
            append_real(value->real, out);
        }
        return;
    case VALUE_TEXT:
        /* Not as '…': a zero byte would end the statement. */
        if (value->bytes.size && memchr(value->bytes.at, '\0', value->bytes.size)) {
            buffer_text(out, "CAST(x'");
            append_hex(value->bytes, out);
            buffer_text(out, "' AS TEXT)");
            return;
        }
        buffer_char(out, '\'');
        for (size_t i = 0; i < value->bytes.size; i++) {
            if (value->bytes.at[i] == '\'') buffer_char(out, '\'');
            buffer_char(out, value->bytes.at[i]);
        }
        buffer_char(out, '\'');
        return;
    case VALUE_BLOB:
        buffer_text(out, "x'");
        append_hex(value->bytes, out);
        buffer_char(out, '\'');
        return;
    }
}

uint64_t value_hash(uint64_t hash, const struct value *value)
{
    hash = hash_bytes(hash, &value->type, sizeof value->type);
    switch (value->type) {
    case VALUE_NULL: return hash;
    case VALUE_INTEGER: return hash_bytes(hash, &value->integer, sizeof value->integer);
    case VALUE_REAL: return hash_bytes(hash, &value->real, sizeof value->real);
    case VALUE_TEXT:
    case VALUE_BLOB: break;
    }
    hash = hash_bytes(hash, &value->bytes.size, sizeof value->bytes.size);
    return hash_bytes(hash, value->bytes.at, value->bytes.size);
}
