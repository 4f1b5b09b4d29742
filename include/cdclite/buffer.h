#ifndef CDCLITE_BUFFER_H
#define CDCLITE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdclite/slice.h"

/*
 * Growing bytes. All zero is an empty buffer. Appending never fails at the call: when memory runs out,
 * `failed` is set, what follows is dropped, and whoever uses the whole asks buffer_failed once.
 */
struct buffer {
    char *at;
    size_t size, capacity;
    bool failed;
};

/* Makes room for `more` bytes behind the size, and a NUL behind them; false when memory ran out. */
bool buffer_reserve(struct buffer *buffer, size_t more);
void buffer_append(struct buffer *buffer, const void *bytes, size_t size);
void buffer_slice(struct buffer *buffer, struct slice slice);
void buffer_text(struct buffer *buffer, const char *text);
static inline void buffer_char(struct buffer *buffer, char c)
{
    if ((buffer->size + 1 < buffer->capacity && !buffer->failed) || buffer_reserve(buffer, 1))
        buffer->at[buffer->size++] = c;
}
/* Appends the number in decimal digits. */
void buffer_integer(struct buffer *buffer, int64_t number);
/* Writes its digits to where there is room for LONGEST_INTEGER bytes; gives where they end. */
enum { LONGEST_INTEGER = 20 };
char *put_integer(char *at, int64_t number);
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends an SQL identifier in double quotes, quotes inside doubled. */
void buffer_identifier(struct buffer *buffer, const char *name);
/* Appends "T_suffix" as an identifier: a name of table T's family. */
void buffer_family_name(struct buffer *buffer, const char *table, const char *suffix);
/* Appends "before_X" or "after_X" as an identifier. */
void buffer_image_name(struct buffer *buffer, const char *image, const char *column);
/* Appends a JSON string (RFC 8259): quotes, backslashes and control characters escaped. */
void buffer_json(struct buffer *buffer, struct slice text);
/* Appends a field of a text log (RFC 4180; line ends and backslashes are escaped by backslashes). */
void buffer_field(struct buffer *buffer, struct slice text);
/* Appends an SQL text literal in single quotes, quotes inside doubled. */
void buffer_literal(struct buffer *buffer, const char *text);

/* The text with a closing NUL, valid until the next change; "" of one that failed, as it fails only while
 * appending. */
const char *buffer_string(struct buffer *buffer);

static inline bool buffer_failed(const struct buffer *buffer)
{
    return buffer->failed;
}
static inline struct slice buffer_view(const struct buffer *buffer)
{
    return (struct slice){buffer->at ? buffer->at : "", buffer->size};
}
static inline void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->failed = false;
}
void buffer_free(struct buffer *buffer);

#endif
