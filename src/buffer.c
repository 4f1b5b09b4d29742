#include "cdclite/buffer.h"

#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "digits.h"

bool buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->failed) return false;
    /* Always with room for a closing NUL, so that buffer_string of what did not fail cannot fail. */
    if (buffer->capacity > buffer->size && buffer->capacity - buffer->size - 1 >= more) return true;
    if (more >= SIZE_MAX / 2 - buffer->size) {
        buffer->failed = true;
        return false;
    }
    size_t capacity = buffer->capacity ? buffer->capacity : 256;
    while (capacity - buffer->size <= more) capacity *= 2;
    char *grown = realloc(buffer->at, capacity);
    if (!grown) {
        buffer->failed = true;
        return false;
    }
    buffer->at = grown;
    buffer->capacity = capacity;
    return true;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t size)
{
    if (size == 0 || !buffer_reserve(buffer, size)) return;
    memcpy(buffer->at + buffer->size, bytes, size);
    buffer->size += size;
}

void buffer_slice(struct buffer *buffer, struct slice slice)
{
    buffer_append(buffer, slice.at, slice.size);
}

void buffer_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

static unsigned digits_of(uint64_t number)
{
    unsigned digits = 1;
    for (; number >= 10000; number /= 10000) digits += 4;
    return digits + (number >= 10) + (number >= 100) + (number >= 1000);
}

char *put_integer(char *at, int64_t number)
{
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    if (number < 0) *at++ = '-';
    char *const end = at + digits_of(rest), *first = end;
    for (; rest >= 10000; rest /= 10000) {
        const unsigned four = (unsigned)(rest % 10000);
        first -= 4;
        put_pair(first, four / 100);
        put_pair(first + 2, four % 100);
    }
    unsigned last = (unsigned)rest;
    if (last >= 100) {
        first -= 2;
        put_pair(first, last % 100);
        last /= 100;
    }
    if (last >= 10)
        put_pair(at, last);
    else
        *at = (char)('0' + last);
    return end;
}

void buffer_integer(struct buffer *buffer, int64_t number)
{
    if (!buffer_reserve(buffer, LONGEST_INTEGER)) return;
    buffer->size = (size_t)(put_integer(buffer->at + buffer->size, number) - buffer->at);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0 || !buffer_reserve(buffer, (size_t)size)) return;
    va_start(arguments, format);
    vsnprintf(buffer->at + buffer->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)size;
}

static void append_doubling(struct buffer *buffer, const char *text, char quote)
{
    for (; *text; text++) {
        if (*text == quote) buffer_char(buffer, quote);
        buffer_char(buffer, *text);
    }
}

static void append_quoted(struct buffer *buffer, const char *text, char quote)
{
    buffer_char(buffer, quote);
    append_doubling(buffer, text, quote);
    buffer_char(buffer, quote);
}

void buffer_identifier(struct buffer *buffer, const char *name)
{
    append_quoted(buffer, name, '"');
}

void buffer_family_name(struct buffer *buffer, const char *table, const char *suffix)
{
    buffer_char(buffer, '"');
    append_doubling(buffer, table, '"');
    buffer_printf(buffer, "_%s\"", suffix);
}

void buffer_image_name(struct buffer *buffer, const char *image, const char *column)
{
    buffer_printf(buffer, "\"%s_", image);
    append_doubling(buffer, column, '"');
    buffer_char(buffer, '"');
}

void buffer_json(struct buffer *buffer, struct slice text)
{
    buffer_char(buffer, '"');
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c == '"' || c == '\\') {
            buffer_char(buffer, '\\');
            buffer_char(buffer, (char)c);
        } else if (c < 0x20) {
            buffer_printf(buffer, "\\u%04x", (unsigned)c);
        } else {
            buffer_char(buffer, (char)c);
        }
    }
    buffer_char(buffer, '"');
}

void buffer_field(struct buffer *buffer, struct slice text)
{
    static const bool special[UCHAR_MAX + 1] = {
        [','] = true, ['"'] = true, ['\\'] = true, ['\n'] = true, ['\r'] = true};
    const char *at = text.at, *end = text.at + text.size;
    while (at < end && !special[(unsigned char)*at]) at++;
    if (at == end && text.size) {
        buffer_slice(buffer, text);
        return;
    }
    bool quoted = text.size == 0 || memchr(text.at, ',', text.size) || memchr(text.at, '"', text.size);
    if (quoted) buffer_char(buffer, '"');
    at = text.at;
    while (at < end) {
        const char *plain = at;
        while (at < end && *at != '"' && *at != '\\' && *at != '\n' && *at != '\r') at++;
        buffer_append(buffer, plain, (size_t)(at - plain));
        if (at == end) break;
        switch (*at++) {
        case '"': buffer_append(buffer, "\"\"", 2); break;
        case '\\': buffer_append(buffer, "\\\\", 2); break;
        case '\n': buffer_append(buffer, "\\n", 2); break;
        case '\r': buffer_append(buffer, "\\r", 2); break;
        }
    }
    if (quoted) buffer_char(buffer, '"');
}

void buffer_literal(struct buffer *buffer, const char *text)
{
    append_quoted(buffer, text, '\'');
}

const char *buffer_string(struct buffer *buffer)
{
    if (buffer->failed || !buffer->at) return "";
    buffer->at[buffer->size] = '\0';
    return buffer->at;
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->at);
    *buffer = (struct buffer){0};
}
