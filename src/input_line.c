#include "cdclite/input_line.h"

#include <stdbool.h>
#include <string.h>

#include "cdclite/json_reader.h"
#include "cdclite/value.h"

int input_format_named(const char *name)
{
    static const char *const names[] = {"auto", "value", "key-value", "kcat", "recorded"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0) return (int)i;
    return -1;
}

static struct slice trimmed(struct slice text)
{
    while (text.size > 0 && (text.at[text.size - 1] == '\r' || text.at[text.size - 1] == ' ')) text.size--;
    while (text.size > 0 && *text.at == ' ') text.at++, text.size--;
    return text;
}

/* The text of a Debezium value: an object, or "null" for a tombstone. */
static bool is_value(struct slice text)
{
    return (text.size > 0 && *text.at == '{') || slice_is(text, "null");
}

static void set_value(struct message *message, struct slice text)
{
    message->value = slice_is(text, "null") ? (struct slice){0} : text;
}

/* A member that is a string (its text), null (absent), or an object (its source text, as kcat prints decoded
 * Avro). */
static int read_text(struct json_reader *json, struct arena *arena, struct slice *text)
{
    *text = (struct slice){0};
    switch (json_peek(json)) {
    case JSON_NULL: return json_literal(json, JSON_NULL);
    case JSON_STRING: return json_string(json, arena, text);
    default: return json_skip(json, text);
    }
}

static int read_integer(struct json_reader *json, struct arena *arena, int64_t *integer)
{
    static const struct column_type type = {.kind = KIND_INTEGER};
    struct value value;
    if (value_read(json, &type, arena, &value)) return -1;
    if (value.type != VALUE_INTEGER) return -1;
    *integer = value.integer;
    return 0;
}

static void note_header(struct slice name, struct slice value, struct message *message)
{
    if (slice_is(name, "__debezium.context.runId")) message->run_id = value;
    if (slice_is(name, "__debezium.oldkey")) message->old_key = value;
    if (slice_is(name, "__debezium.newkey")) message->new_key = value;
}

/* Headers as pairs, [[name, value], …], or flat as kcat prints them, [name, value, …]. */
static int read_headers(struct json_reader *json, struct arena *arena, struct message *message)
{
    struct slice name = {0}, text;
    bool has_name = false;
    int more;
    if (json_peek(json) == JSON_NULL) return json_literal(json, JSON_NULL);
    if (json_open(json, JSON_ARRAY)) return -1;
    while ((more = json_element(json)) == 1) {
        if (json_peek(json) == JSON_ARRAY) {
            struct slice pair[2] = {{0}, {0}};
            int inner;
            if (json_open(json, JSON_ARRAY)) return -1;
            for (size_t i = 0; (inner = json_element(json)) == 1; i++)
                if (read_text(json, arena, i < 2 ? &pair[i] : &text)) return -1;
            if (inner < 0) return -1;
            note_header(pair[0], pair[1], message);
            continue;
        }
        if (read_text(json, arena, has_name ? &text : &name)) return -1;
        if (has_name) note_header(name, text, message);
        has_name = !has_name;
    }
    return more;
}

/* Whether an object whose first member has this name can only be a Debezium value. */
static bool begins_value(struct slice name)
{
    static const struct slice names[] = {SLICE_LITERAL("before"), SLICE_LITERAL("schema"),
                                         SLICE_LITERAL("after"),  SLICE_LITERAL("source"),
                                         SLICE_LITERAL("op"),     SLICE_LITERAL("transaction"),
                                         SLICE_LITERAL("ts_ms")};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_equals(name, names[i])) return true;
    return false;
}

/* The same of a whole line, of those that most are. */
static bool is_bare_value(struct slice text)
{
    return slice_starts(text, "{\"before\":") || slice_starts(text, "{\"schema\":");
}

/* No topic has a NUL in its name, and none could be found again by one; nor a colon, which is in the names
 * under which the positions in files stand. */
static bool is_topic(struct slice name)
{
    return name.size && !memchr(name.at, '\0', name.size) && !memchr(name.at, ':', name.size);
}

/* A line that carries its place in a topic. False when it is none of that form (or broken: then it is taken
 * for a value, which says what is wrong with it). */
static bool read_positioned(struct slice line, enum input_format format, struct arena *arena,
                            struct message *message)
{
    struct json_reader json;
    struct slice name;
    int64_t partition = -1, offset = -1;
    bool has_value = false;
    int more;
    struct message found = {.timestamp_ms = -1};
    json_start(&json, line);
    if (json_open(&json, JSON_OBJECT)) return false;
    for (bool first = true; (more = json_member(&json, arena, &name)) == 1; first = false) {
        int failed;
        if (first && format == INPUT_AUTO && begins_value(name)) return false;
        if (slice_is(name, "topic")) {
            failed = read_text(&json, arena, &found.topic);
        } else if (slice_is(name, "partition")) {
            failed = read_integer(&json, arena, &partition);
        } else if (slice_is(name, "offset")) {
            failed = read_integer(&json, arena, &offset);
        } else if (slice_is(name, "timestamp_ms") || slice_is(name, "ts")) {
            failed = read_integer(&json, arena, &found.timestamp_ms);
        } else if (slice_is(name, "key")) {
            failed = read_text(&json, arena, &found.key);
        } else if (slice_is(name, format == INPUT_KCAT ? "payload" : "value") ||
                   (format == INPUT_AUTO && slice_is(name, "payload"))) {
            has_value = true;
            failed = read_text(&json, arena, &found.value);
        } else if (slice_is(name, "headers")) {
            failed = read_headers(&json, arena, &found);
        } else {
            failed = json_skip(&json, NULL);
        }
        if (failed) return false;
    }
    if (more || json_finish(&json) || !is_topic(found.topic) || partition < 0 || partition > INT32_MAX ||
        offset < 0 || offset == INT64_MAX || !has_value)
        return false;
    found.partition = (int32_t)partition;
    found.offset = offset;
    found.next_offset = offset + 1;
    *message = found;
    return true;
}

/* Splits key<TAB>value. A raw tab cannot stand inside a JSON string, so the first one ends the key; but it
 * may be white space within an object, and then what stands before it is no whole JSON. */
static bool read_key_value(struct slice line, struct message *message)
{
    const char *tab = memchr(line.at, '\t', line.size);
    if (!tab) return false;
    struct slice key = {line.at, (size_t)(tab - line.at)};
    struct slice value = trimmed((struct slice){tab + 1, line.size - key.size - 1});
    if (!is_value(value)) return false;
    if (key.size > 0 && *key.at == '{') {
        struct json_reader json;
        json_start(&json, key);
        if (json_skip(&json, NULL) || json_finish(&json)) return false;
    }
    message->key = slice_is(key, "null") ? (struct slice){0} : key;
    set_value(message, value);
    return true;
}

int input_line_read(struct slice line, enum input_format format, struct arena *arena, struct message *message)
{
    *message = (struct message){.timestamp_ms = -1};
    if (slice_starts(line, "\xef\xbb\xbf"))
        line = (struct slice){line.at + 3, line.size - 3}; /* a byte order mark */
    struct slice text = trimmed(line);
    if (format == INPUT_VALUE) {
        set_value(message, text);
        return is_value(text) ? 0 : 1;
    }
    if (format == INPUT_AUTO || format == INPUT_KEY_VALUE) {
        if (read_key_value(line, message)) return 0;
    }
    if (format == INPUT_KEY_VALUE) return 1;
    bool bare = format == INPUT_AUTO && is_bare_value(text);
    if (!bare && text.size > 0 && *text.at == '{' && read_positioned(text, format, arena, message)) return 0;
    if (!is_value(text)) return 1;
    set_value(message, text);
    if (format != INPUT_AUTO)
        message->refusal = format == INPUT_KCAT ? "no line of kcat -J (topic, partition, offset and payload)"
                                                : "no recorded line (topic, partition, offset and value)";
    return 0;
}
