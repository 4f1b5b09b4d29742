#include "cdclite/message_key.h"

#include <stdbool.h>

#include "cdclite/json_reader.h"

/* The members of the object at the reader; `payload` gets the one of that name. -1: no object, or broken. */
static int read_names(struct json_reader *json, struct arena *arena, struct slice *names, size_t room,
                      size_t *count, struct slice *payload)
{
    struct slice name, raw;
    int more;
    *count = 0;
    if (json_open(json, JSON_OBJECT)) return -1;
    while ((more = json_member(json, arena, &name)) == 1) {
        if (json_skip(json, &raw)) return -1;
        if (slice_is(name, "payload")) *payload = raw;
        if (*count < room) names[*count] = name;
        ++*count;
    }
    return more;
}

int message_key_columns(struct slice key, struct arena *arena, struct slice **names, size_t *count)
{
    enum { MOST_KEY_COLUMNS = 64 };
    struct slice payload = {0}, ignored;
    struct json_reader json;
    *count = 0;
    *names = arena_alloc(arena, MOST_KEY_COLUMNS * sizeof **names);
    if (!*names) return -1;
    if (!key.at) return 0;
    json_start(&json, key);
    int failed = read_names(&json, arena, *names, MOST_KEY_COLUMNS, count, &payload);
    bool wrapped = !failed && payload.at && *count == 2 &&
                   (slice_is((*names)[0], "schema") || slice_is((*names)[1], "schema"));
    if (wrapped) {
        json_start(&json, payload);
        failed = read_names(&json, arena, *names, MOST_KEY_COLUMNS, count, &ignored);
    }
    if (failed || *count > MOST_KEY_COLUMNS) *count = 0;
    return 0;
}
