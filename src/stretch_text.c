#include "stretch_text.h"

#include "cdclite/json_reader.h"

enum { NUMBERS = 4 }; /* of a stretch */

void stretch_text_add(struct buffer *text, const struct sent_stretch *before,
                      const struct sent_stretch *stretch)
{
    const int64_t numbers[NUMBERS] = {stretch->first_offset - (before ? before->first_offset : 0),
                                      stretch->first_sent_ms - (before ? before->first_sent_ms : 0),
                                      stretch->last_sent_ms - stretch->first_sent_ms,
                                      stretch->last_made_ms - stretch->first_sent_ms};
    if (!buffer_reserve(text, (size_t)NUMBERS * (LONGEST_INTEGER + 1))) return;
    char *at = text->at + text->size;
    for (size_t i = 0; i < NUMBERS; i++) {
        *at++ = before || i ? ',' : '[';
        at = put_integer(at, numbers[i]);
    }
    text->size = (size_t)(at - text->at);
}

void stretch_text_end(struct buffer *text)
{
    buffer_char(text, ']');
}

/* 1 with the next number, 0 behind the last one, -1 for anything else. */
static int next_number(struct json_reader *json, int64_t *number)
{
    struct json_token token;
    int more = json_element(json);
    if (more != 1) return more;
    if (json_value(json, &token) || token.kind != JSON_NUMBER || !token.whole) return -1;
    *number = token.integer;
    return 1;
}

bool stretch_text_find(struct slice text, int64_t offset, struct sent_stretch *found)
{
    struct json_reader json;
    struct sent_stretch next = {.known = true};
    int64_t numbers[NUMBERS];
    int more;
    *found = (struct sent_stretch){0};
    json_start(&json, text);
    if (json_open(&json, JSON_ARRAY)) return false;
    while ((more = next_number(&json, &numbers[0])) == 1) {
        for (size_t i = 1; i < NUMBERS; i++)
            if (next_number(&json, &numbers[i]) != 1) return false;
        if (__builtin_add_overflow(next.first_offset, numbers[0], &next.first_offset) ||
            __builtin_add_overflow(next.first_sent_ms, numbers[1], &next.first_sent_ms) ||
            __builtin_add_overflow(next.first_sent_ms, numbers[2], &next.last_sent_ms) ||
            __builtin_add_overflow(next.first_sent_ms, numbers[3], &next.last_made_ms))
            return false;
        if (next.first_offset > offset) return true;
        *found = next;
    }
    return more == 0 && json_finish(&json) == 0;
}
