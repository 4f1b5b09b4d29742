#include "cdclite/message_key.h"

/* Finds the payload among {"schema":…,"payload":…}, whose schema is passed over; false when it is none of
 * that form. */
static bool find_payload(struct slice key, struct arena *arena, struct slice *payload)
{
    struct json_reader json;
    struct slice name, raw;
    bool has_schema = false, has_payload = false;
    int more;
    json_start(&json, key);
    if (json_open(&json, JSON_OBJECT)) return false;
    while ((more = json_member(&json, arena, &name)) == 1) {
        bool is_schema = slice_is(name, "schema"), is_payload = slice_is(name, "payload");
        if ((!is_schema && !is_payload) || json_skip(&json, &raw)) return false;
        has_schema |= is_schema;
        has_payload |= is_payload;
        if (is_payload) *payload = raw;
    }
    return more == 0 && has_schema && has_payload;
}

bool message_key_open(struct slice key, struct arena *arena, struct json_reader *json)
{
    struct slice payload = key;
    if (!key.at) return false;
    if (!find_payload(key, arena, &payload)) payload = key;
    json_start(json, payload);
    return json_peek(json) == JSON_OBJECT && json_open(json, JSON_OBJECT) == 0;
}

bool message_key_member(struct slice key, const char *wanted, struct arena *arena, struct slice *text)
{
    struct json_reader json;
    struct slice name;
    if (!message_key_open(key, arena, &json)) return false;
    while (json_member(&json, arena, &name) == 1) {
        bool is_text = json_peek(&json) == JSON_STRING;
        if (!slice_is(name, wanted)) {
            if (json_skip(&json, NULL)) return false;
        } else {
            return (is_text ? json_string(&json, arena, text) : json_skip(&json, text)) == 0;
        }
    }
    return false;
}
