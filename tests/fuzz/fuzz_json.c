/*
 * The program's JSON reader against json-c: the same verdict and the same values for any bytes, but where
 * json-c 0.16 is known to be wrong. Each of its defects is let pass only where the text has what triggers it.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "cdclite/json_reader.h"
#include "cdclite/value.h"
#include "fuzz.h"

/* json-c counts the level of the values in the innermost list too. */
enum { JSON_C_DEPTH = JSON_DEPTH + 1, MOST_MEMBERS = 2000 };

static struct arena arena;

/* What json-c makes of a name or text that holds NUL: it ends there. */
static struct slice until_nul(struct slice text)
{
    const char *nul = memchr(text.at, '\0', text.size);
    return (struct slice){text.at, nul ? (size_t)(nul - text.at) : text.size};
}

/* json-c makes U+FFFD of \\ud836\\ude0e, as the last four digits of U+1DA0E look like half a pair. */
static bool looks_like_half(struct slice text)
{
    const unsigned char *at = (const unsigned char *)text.at;
    for (size_t i = 0; i + 3 < text.size; i++)
        if (at[i] >= 0xf0 && (at[i + 1] & 0x0f) == 0x0d && at[i + 2] >= 0xa0) return true;
    return false;
}

static struct json_reader reader_of(struct slice text)
{
    struct json_reader json;
    json_start(&json, text);
    return json;
}

static void compare(struct slice text, json_object *other);

static void compare_number(struct slice text, json_object *other)
{
    static const struct column_type any = {.kind = KIND_ANY};
    char *copy = strndup(text.at, text.size), *end;
    struct json_reader json = reader_of(text);
    struct value value;
    MUST_HOLD(copy && value_read(&json, &any, &arena, &value) == 0);
    errno = 0;
    int64_t integer = strtoll(copy, &end, 10);
    if (*end == '\0' && errno == 0 && strcmp(copy, "-0") != 0) {
        MUST_HOLD(value.type == VALUE_INTEGER && value.integer == integer);
        MUST_HOLD(json_object_is_type(other, json_type_int) && json_object_get_int64(other) == integer);
    } else if (*end == '\0') {
        /* No double, and beyond int64: json-c clamps, or takes an unsigned one; here the digits stay. */
        MUST_HOLD(value.type == VALUE_TEXT && slice_equals(value.bytes, text));
        MUST_HOLD(json_object_is_type(other, json_type_int));
    } else {
        /* json-c keeps the source text beside the double. */
        MUST_HOLD(json_object_is_type(other, json_type_double));
        MUST_HOLD(slice_is(text, json_object_to_json_string(other)));
        if (value.type == VALUE_REAL) {
            MUST_HOLD(value.real == json_object_get_double(other));
        } else {
            MUST_HOLD(value.type == VALUE_TEXT && slice_equals(value.bytes, text));
        }
    }
    free(copy);
}

static void compare_string(struct slice text, json_object *other)
{
    struct json_reader json = reader_of(text);
    struct slice decoded;
    MUST_HOLD(json_string(&json, &arena, &decoded) == 0 && json_finish(&json) == 0);
    MUST_HOLD(is_utf8(decoded));
    MUST_HOLD(json_object_is_type(other, json_type_string));
    const struct slice theirs = {json_object_get_string(other), (size_t)json_object_get_string_len(other)};
    MUST_HOLD(slice_equals(decoded, theirs) || looks_like_half(decoded));
}

static void compare_array(struct slice text, json_object *other)
{
    struct json_reader json = reader_of(text);
    struct slice element;
    size_t count = 0;
    int more;
    MUST_HOLD(json_object_is_type(other, json_type_array));
    MUST_HOLD(json_open(&json, JSON_ARRAY) == 0);
    while ((more = json_element(&json)) == 1) {
        MUST_HOLD(json_skip(&json, &element) == 0 && count < json_object_array_length(other));
        compare(element, json_object_array_get_idx(other, count++));
    }
    MUST_HOLD(more == 0 && json_finish(&json) == 0 && count == json_object_array_length(other));
}

static void compare_object(struct slice text, json_object *other)
{
    struct json_reader json = reader_of(text);
    struct member {
        struct slice name, value;
    } *members = calloc(MOST_MEMBERS, sizeof *members);
    size_t count = 0, distinct = 0;
    bool misread = false;
    int more;
    MUST_HOLD(members && json_object_is_type(other, json_type_object));
    MUST_HOLD(json_open(&json, JSON_OBJECT) == 0);
    while (count < MOST_MEMBERS && (more = json_member(&json, &arena, &members[count].name)) == 1) {
        MUST_HOLD(is_utf8(members[count].name) && json_skip(&json, &members[count].value) == 0);
        count++;
    }
    if (count == MOST_MEMBERS) goto done;
    MUST_HOLD(more == 0 && json_finish(&json) == 0);
    for (size_t i = 0; i < count; i++) {
        struct slice name = until_nul(members[i].name); /* json-c: "a\u0000b" is "a" */
        bool again = false;                             /* json-c: the last of one name wins */
        for (size_t k = i + 1; k < count && !again; k++)
            again = slice_equals(name, until_nul(members[k].name));
        if (again) continue;
        char *key = strndup(name.at, name.size);
        json_object *theirs = NULL;
        if (json_object_object_get_ex(other, key, &theirs)) {
            compare(members[i].value, theirs);
        } else {
            MUST_HOLD(looks_like_half(name));
            misread = true;
        }
        free(key);
        distinct++;
    }
    MUST_HOLD(misread || distinct == (size_t)json_object_object_length(other));
done:
    free(members);
}

static void compare(struct slice text, json_object *other)
{
    struct json_reader json = reader_of(text);
    enum json_kind kind = json_peek(&json);
    switch (kind) {
    case JSON_OBJECT: compare_object(text, other); return;
    case JSON_ARRAY: compare_array(text, other); return;
    case JSON_STRING: compare_string(text, other); return;
    case JSON_NUMBER: compare_number(text, other); return;
    case JSON_TRUE:
    case JSON_FALSE:
        MUST_HOLD(json_literal(&json, kind) == 0 && json_finish(&json) == 0);
        MUST_HOLD(json_object_is_type(other, json_type_boolean));
        MUST_HOLD(json_object_get_boolean(other) == (kind == JSON_TRUE));
        return;
    case JSON_NULL:
        MUST_HOLD(json_literal(&json, kind) == 0 && json_finish(&json) == 0);
        MUST_HOLD(!other);
        return;
    case JSON_NONE: break;
    }
    found("a value that was passed over cannot be read");
}

/* How deep the brackets outside of strings nest. */
static int depth_of(struct slice text)
{
    int depth = 0, deepest = 0;
    bool inside = false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (inside && c == '\\') {
            i++;
        } else if (c == '"') {
            inside = !inside;
        } else if (!inside) {
            depth += (c == '[' || c == '{') - (c == ']' || c == '}');
            if (depth > deepest) deepest = depth;
        }
    }
    return deepest;
}

static bool starts_with_any(struct slice text, const char *const *words)
{
    for (; *words; words++)
        if (slice_starts(text, *words)) return true;
    return false;
}

/* Whether json-c may take what stands at `rest`, where the program's reader stopped: one of its known
 * defects. */
static bool is_defect(struct slice text, struct slice rest, const char *problem)
{
    static const char *const no_numbers[] = {"NaN", "Infinity", "-Infinity", NULL};
    static const char *const surrogates[] = {"\\uD", "\\ud", NULL};
    if (strcmp(problem, "control character in a string") == 0)
        return rest.size && (unsigned char)rest.at[0] < 0x20;
    if (strcmp(problem, "invalid UTF-8 in a string") == 0) return !is_utf8(text);
    if (strcmp(problem, "bad escape in a string") == 0)
        return starts_with_any(rest, surrogates) && rest.size > 3 && strchr("89abcdefABCDEF", rest.at[3]);
    if (strcmp(problem, "a value is expected") == 0) return starts_with_any(rest, no_numbers);
    if (strcmp(problem, "bad number") == 0 && slice_starts(rest, "Infinity")) return true;
    if (strcmp(problem, "a member name is expected") == 0) return slice_starts(rest, "'");
    if (strcmp(problem, "nested too deep") == 0) return depth_of(text) > JSON_DEPTH;
    /* 1. and 1.e5, -.5: digits on one side of the point do. */
    if (strcmp(problem, "bad number") == 0)
        return rest.at > text.at && (rest.at[-1] == '.' || (rest.at[-1] == '-' && slice_starts(rest, ".")));
    /* 00.1 and 01e5, where 01 is refused. */
    if (rest.size && rest.at > text.at && rest.at[-1] == '0') return rest.at[0] >= '0' && rest.at[0] <= '9';
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = copy_of((struct slice){(const char *)data, size}), raw;
    struct json_reader json = reader_of(text);
    bool taken = json_skip(&json, &raw) == 0 && json_finish(&json) == 0;
    MUST_HOLD(json.at >= text.at && json.at <= text.at + text.size);
    MUST_HOLD(taken == !json.problem);

    json_tokener *tokener = json_tokener_new_ex(JSON_C_DEPTH);
    MUST_HOLD(tokener);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    /* With the closing NUL, which ends a number. */
    char *closed = strndup(text.at, text.size);
    bool has_nul = strlen(closed) < text.size;
    json_object *other = json_tokener_parse_ex(tokener, closed, (int)strlen(closed) + 1);
    bool theirs = json_tokener_get_error(tokener) == json_tokener_success;
    if (has_nul) {
        MUST_HOLD(!taken);
    } else if (taken) {
        if (!theirs) found("json-c refuses it: %s", json_tokener_error_desc(json_tokener_get_error(tokener)));
        compare(raw, other);
    } else if (theirs) {
        struct slice rest = {json.at, (size_t)(text.at + text.size - json.at)};
        if (!is_defect(text, rest, json.problem))
            found("json-c takes it, at byte %zu: %s", (size_t)(json.at - text.at), json.problem);
    }
    json_object_put(other);
    json_tokener_free(tokener);
    free(closed);
    free((char *)text.at);
    arena_reset(&arena);
    return 0;
}
