#include "cdclite/json_reader.h"

#include "json_scan.h"

static int refuse(struct json_reader *reader, const char *problem)
{
    reader->problem = problem;
    return -1;
}

void json_start(struct json_reader *reader, struct slice text)
{
    *reader = (struct json_reader){.at = text.at, .end = text.at + text.size, .start = text.at};
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void skip_space(struct json_reader *reader)
{
    while (reader->at < reader->end && is_space(*reader->at)) reader->at++;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

enum json_kind json_peek(struct json_reader *reader)
{
    static const unsigned char kinds[256] = {
        ['{'] = JSON_OBJECT, ['['] = JSON_ARRAY,  ['"'] = JSON_STRING, ['-'] = JSON_NUMBER,
        ['0'] = JSON_NUMBER, ['1'] = JSON_NUMBER, ['2'] = JSON_NUMBER, ['3'] = JSON_NUMBER,
        ['4'] = JSON_NUMBER, ['5'] = JSON_NUMBER, ['6'] = JSON_NUMBER, ['7'] = JSON_NUMBER,
        ['8'] = JSON_NUMBER, ['9'] = JSON_NUMBER, ['t'] = JSON_TRUE,   ['f'] = JSON_FALSE,
        ['n'] = JSON_NULL,
    };
    skip_space(reader);
    return reader->at == reader->end ? JSON_NONE : (enum json_kind)kinds[(unsigned char)*reader->at];
}

/* The length of the well-formed UTF-8 sequence at `at` (Unicode 15, table 3-7), 0 for none. */
static size_t utf8_length(const unsigned char *at, const unsigned char *end)
{
    size_t room = (size_t)(end - at);
    if (at[0] < 0x80) return 1;
    if (at[0] < 0xc2 || at[0] > 0xf4) return 0;
    if (at[0] < 0xe0) return room >= 2 && (at[1] & 0xc0) == 0x80 ? 2 : 0;
    if (at[0] < 0xf0) {
        if (room < 3 || (at[1] & 0xc0) != 0x80 || (at[2] & 0xc0) != 0x80) return 0;
        if (at[0] == 0xe0 && at[1] < 0xa0) return 0;
        if (at[0] == 0xed && at[1] > 0x9f) return 0;
        return 3;
    }
    if (room < 4 || (at[1] & 0xc0) != 0x80 || (at[2] & 0xc0) != 0x80 || (at[3] & 0xc0) != 0x80) return 0;
    if (at[0] == 0xf0 && at[1] < 0x90) return 0;
    if (at[0] == 0xf4 && at[1] > 0x8f) return 0;
    return 4;
}

static int hex_value(char c)
{
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* The four digits of \uXXXX at `at`, -1 when they are not four. */
static int32_t hex4(const char *at, const char *end)
{
    int32_t code = 0;
    if (end - at < 4) return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(at[i]);
        if (digit < 0) return -1;
        code = code * 16 + digit;
    }
    return code;
}

/* The character of the escape behind a backslash at `at`; *used becomes the bytes behind the backslash. -1:
 * none. */
static int32_t read_escape(const char *at, const char *end, size_t *used)
{
    if (at == end) return -1;
    *used = 1;
    switch (*at) {
    case '"': return '"';
    case '\\': return '\\';
    case '/': return '/';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'u': break;
    default: return -1;
    }
    int32_t code = hex4(at + 1, end);
    *used = 5;
    if (code < 0xd800 || code > 0xdfff) return code;
    if (code > 0xdbff || end - at < 11 || at[5] != '\\' || at[6] != 'u') return -1;
    int32_t low = hex4(at + 7, end);
    if (low < 0xdc00 || low > 0xdfff) return -1;
    *used = 11;
    return 0x10000 + (code - 0xd800) * 0x400 + (low - 0xdc00);
}

static char *put_utf8(char *to, int32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | (code >> 6));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | (code >> 12));
        *to++ = (char)(0x80 | ((code >> 6) & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | (code >> 18));
        *to++ = (char)(0x80 | ((code >> 12) & 0x3f));
        *to++ = (char)(0x80 | ((code >> 6) & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

/* Checks the string at `at`; `raw` becomes what stands between the quotes, *escaped whether it holds a
 * backslash. */
static int scan_string(struct json_reader *reader, struct slice *raw, bool *escaped)
{
    const char *at = reader->at + 1, *end = reader->end;
    *escaped = false;
    for (;;) {
        at = skip_plain(at, end);
        if (at == end) {
            reader->at = at;
            return refuse(reader, "string without end");
        }
        unsigned char c = (unsigned char)*at;
        if (c == '"') break;
        size_t length;
        if (c == '\\') {
            *escaped = true;
            if (read_escape(at + 1, end, &length) < 0) {
                reader->at = at;
                return refuse(reader, "bad escape in a string");
            }
            length++;
        } else if (c < 0x20) {
            reader->at = at;
            return refuse(reader, "control character in a string");
        } else {
            length = utf8_length((const unsigned char *)at, (const unsigned char *)end);
            if (length == 0) {
                reader->at = at;
                return refuse(reader, "invalid UTF-8 in a string");
            }
        }
        at += length;
    }
    *raw = (struct slice){reader->at + 1, (size_t)(at - reader->at - 1)};
    reader->at = at + 1;
    return 0;
}

/* Decodes what stands between a string's quotes, which was checked. */
static int decode(struct slice source, struct arena *arena, struct slice *text)
{
    char *decoded = arena_alloc(arena, source.size);
    if (!decoded) return -1;
    char *to = decoded;
    const char *at = source.at, *end = source.at + source.size;
    while (at < end) {
        if (*at != '\\') {
            *to++ = *at++;
            continue;
        }
        size_t used = 0;
        to = put_utf8(to, read_escape(at + 1, end, &used));
        at += 1 + used;
    }
    *text = (struct slice){decoded, (size_t)(to - decoded)};
    return 0;
}

int json_string(struct json_reader *reader, struct arena *arena, struct slice *text)
{
    bool escaped;
    if (json_peek(reader) != JSON_STRING) return refuse(reader, "a string is expected");
    if (scan_string(reader, text, &escaped)) return -1;
    return escaped && decode(*text, arena, text) ? refuse(reader, "out of memory") : 0;
}

int json_token_text(const struct json_token *token, struct arena *arena, struct slice *text)
{
    *text = (struct slice){token->raw.at + 1, token->raw.size - 2};
    return token->escaped ? decode(*text, arena, text) : 0;
}

static int read_digits(struct json_reader *reader)
{
    const char *first = reader->at;
    while (reader->at < reader->end && is_digit(*reader->at)) reader->at++;
    return reader->at == first ? refuse(reader, "bad number") : 0;
}

/* The digits in front of a fraction; *number becomes what they spell, if they are no more than 19. Returns
 * how many they are. */
static size_t read_integer(struct json_reader *reader, uint64_t *number)
{
    size_t digits = scan_digits(reader->at, reader->end, number);
    /* A zero in front stands alone. */
    if (digits > 1 && *reader->at == '0') {
        digits = 1;
        *number = 0;
    }
    reader->at += digits;
    return digits;
}

static int scan_number(struct json_reader *reader, struct json_token *token)
{
    uint64_t number;
    bool negative = *reader->at == '-', fraction = false;
    reader->at += negative;
    size_t digits = read_integer(reader, &number);
    if (digits == 0) return refuse(reader, "bad number");
    if (reader->at < reader->end && *reader->at == '.') {
        fraction = true;
        reader->at++;
        if (read_digits(reader)) return -1;
    }
    if (reader->at < reader->end && (*reader->at == 'e' || *reader->at == 'E')) {
        fraction = true;
        reader->at++;
        if (reader->at < reader->end && (*reader->at == '+' || *reader->at == '-')) reader->at++;
        if (read_digits(reader)) return -1;
    }
    uint64_t most = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    token->whole = !fraction && digits <= MOST_WHOLE_DIGITS && number <= most && !(negative && number == 0);
    token->integer = (int64_t)(negative ? 0 - number : number);
    return 0;
}

int json_number(struct json_reader *reader, struct slice *text)
{
    struct json_token token;
    if (json_peek(reader) != JSON_NUMBER) return refuse(reader, "a number is expected");
    const char *first = reader->at;
    if (scan_number(reader, &token)) return -1;
    *text = (struct slice){first, (size_t)(reader->at - first)};
    return 0;
}

int json_literal(struct json_reader *reader, enum json_kind kind)
{
    const char *word = kind == JSON_TRUE ? "true" : kind == JSON_FALSE ? "false" : "null";
    size_t size = strlen(word);
    skip_space(reader);
    if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, word, size) != 0)
        return refuse(reader, "unknown word");
    reader->at += size;
    return 0;
}

int json_open(struct json_reader *reader, enum json_kind kind)
{
    if (json_peek(reader) != kind)
        return refuse(reader, kind == JSON_OBJECT ? "an object is expected" : "an array is expected");
    if (reader->depth == JSON_DEPTH) return refuse(reader, "nested too deep");
    reader->depth++;
    reader->at++;
    return 0;
}

/* Behind an opening bracket or a value: 1 when another item comes, 0 when `close` was read, -1 for anything
 * else. */
static int next_item(struct json_reader *reader, char open, char close)
{
    /* White space is allowed behind the opening bracket, so look back over it. */
    const char *before = reader->at;
    if (before < reader->end && *before == ',' && before > reader->start && before[-1] != open &&
        !is_space(before[-1])) {
        reader->at++;
        return 1;
    }
    skip_space(reader);
    if (reader->at == reader->end) return refuse(reader, "the text ends too early");
    while (before > reader->start && is_space(before[-1])) before--;
    bool first = before > reader->start && before[-1] == open;
    if (*reader->at == close) {
        reader->at++;
        reader->depth--;
        return 0;
    }
    if (first) return 1;
    if (*reader->at != ',')
        return refuse(reader, close == '}' ? "',' or '}' is expected" : "',' or ']' is expected");
    reader->at++;
    return 1;
}

int json_member(struct json_reader *reader, struct arena *arena, struct slice *name)
{
    int more = next_item(reader, '{', '}');
    if (more != 1) return more;
    if (json_string(reader, arena, name)) return -1;
    skip_space(reader);
    if (reader->at == reader->end || *reader->at != ':') return refuse(reader, "':' is expected");
    reader->at++;
    return 1;
}

int json_element(struct json_reader *reader)
{
    return next_item(reader, '[', ']');
}

static int skip_value(struct json_reader *reader);

static int skip_array(struct json_reader *reader)
{
    int more;
    if (json_open(reader, JSON_ARRAY)) return -1;
    while ((more = json_element(reader)) == 1)
        if (skip_value(reader)) return -1;
    return more;
}

static int skip_object(struct json_reader *reader)
{
    struct slice ignored;
    bool escaped;
    int more;
    if (json_open(reader, JSON_OBJECT)) return -1;
    while ((more = next_item(reader, '{', '}')) == 1) {
        skip_space(reader);
        if (reader->at == reader->end || *reader->at != '"')
            return refuse(reader, "a member name is expected");
        if (scan_string(reader, &ignored, &escaped)) return -1;
        skip_space(reader);
        if (reader->at == reader->end || *reader->at != ':') return refuse(reader, "':' is expected");
        reader->at++;
        if (skip_value(reader)) return -1;
    }
    return more;
}

int json_value(struct json_reader *reader, struct json_token *token)
{
    struct slice text;
    int failed = -1;
    token->kind = json_peek(reader);
    token->escaped = token->whole = false;
    const char *first = reader->at;
    switch (token->kind) {
    case JSON_STRING: failed = scan_string(reader, &text, &token->escaped); break;
    case JSON_NUMBER: failed = scan_number(reader, token); break;
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL: failed = json_literal(reader, token->kind); break;
    case JSON_ARRAY: failed = skip_array(reader); break;
    case JSON_OBJECT: failed = skip_object(reader); break;
    case JSON_NONE:
        return refuse(reader, reader->at == reader->end ? "the text ends too early" : "a value is expected");
    }
    token->raw = (struct slice){first, (size_t)(reader->at - first)};
    return failed;
}

static int skip_value(struct json_reader *reader)
{
    struct json_token token;
    return json_value(reader, &token);
}

int json_skip(struct json_reader *reader, struct slice *raw)
{
    struct json_token token;
    if (json_value(reader, &token)) return -1;
    if (raw) *raw = token.raw;
    return 0;
}

int json_finish(struct json_reader *reader)
{
    skip_space(reader);
    return reader->at == reader->end ? 0 : refuse(reader, "more text behind the end of the JSON value");
}
