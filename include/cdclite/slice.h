#ifndef CDCLITE_SLICE_H
#define CDCLITE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Borrowed bytes. `at` is NULL for "absent" (a JSON null, a Kafka null); empty text has `at` set and size 0.
 */
struct slice {
    const char *at;
    size_t size;
};

/* A literal as a constant initializer: its size is known without counting. */
#define SLICE_LITERAL(text)   \
    {                         \
        text, sizeof text - 1 \
    }

static inline struct slice slice_of(const char *text)
{
    return (struct slice){text, text ? strlen(text) : 0};
}

/* Absent equals absent only. */
static inline bool slice_equals(struct slice a, struct slice b)
{
    if (!a.at || !b.at) return a.at == b.at;
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

static inline bool slice_is(struct slice a, const char *text)
{
    return slice_equals(a, slice_of(text));
}

static inline bool slice_starts(struct slice a, const char *prefix)
{
    size_t n = strlen(prefix);
    return a.at && a.size >= n && memcmp(a.at, prefix, n) == 0;
}

#endif
