#include "cdclite/envelope.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cdclite/flattened.h"
#include "cdclite/json_reader.h"
#include "cdclite/source_facts.h"

/* What a member's name says of a payload. The first ones are kept. */
enum meaning {
    MEMBER_BEFORE,
    MEMBER_AFTER,
    MEMBER_SOURCE,
    MEMBER_OP,
    MEMBER_TS_MS,
    MEMBER_MESSAGE,
    MEMBER_UPDATE,
    MEMBER_STATUS, /* a transaction boundary's, from here on */
    MEMBER_ID,
    MEMBER_EVENT_COUNT,
    MEMBER_DATA_COLLECTIONS,
    MEMBERS_KEPT,
    MEMBER_TIME = MEMBERS_KEPT,
    MEMBER_DDL,
    MEMBER_ADDED, /* by ExtractNewRecordState */
    MEMBER_SCHEMA,
    MEMBER_PAYLOAD,
};

/* The members that tell what a payload is. */
struct members {
    struct slice kept[MEMBERS_KEPT];           /* source text; absent where missing or null */
    struct json_members before, after, source; /* their members, where they are objects */
    struct slice schema, payload;              /* the wrapper's */
    uint64_t schema_number;
    bool has_payload, has_event_count, has_ddl, flattened;
    size_t count, times; /* of all members; of those that only tell when */
    const char *twice;   /* where a kept member stands for the second time; NULL for none */
};

struct reading {
    struct json_reader json;
    struct arena *arena;
    struct envelope_guess *guess;

    char *problem;
    size_t room;
};

static enum envelope_outcome refused(struct reading *reading, const char *why)
{
    snprintf(reading->problem, reading->room, "%s", why);
    return ENVELOPE_REFUSED;
}

static enum envelope_outcome broken(struct reading *reading, const struct slice *value)
{
    snprintf(reading->problem, reading->room, "broken JSON: %s at byte %zu", reading->json.problem,
             (size_t)(reading->json.at - value->at));
    return ENVELOPE_REFUSED;
}

static int meaning_of(struct slice name)
{
    static const struct {
        struct slice name;
        enum meaning meaning;
    } known[] = {
        {SLICE_LITERAL("before"), MEMBER_BEFORE},
        {SLICE_LITERAL("after"), MEMBER_AFTER},
        {SLICE_LITERAL("source"), MEMBER_SOURCE},
        {SLICE_LITERAL("op"), MEMBER_OP},
        {SLICE_LITERAL("ts_ms"), MEMBER_TS_MS},
        {SLICE_LITERAL("ts_us"), MEMBER_TIME},
        {SLICE_LITERAL("ts_ns"), MEMBER_TIME},
        {SLICE_LITERAL("schema"), MEMBER_SCHEMA},
        {SLICE_LITERAL("payload"), MEMBER_PAYLOAD},
        {SLICE_LITERAL("message"), MEMBER_MESSAGE},
        {SLICE_LITERAL("updateDescription"), MEMBER_UPDATE},
        {SLICE_LITERAL("patch"), MEMBER_UPDATE}, /* MongoDB before Debezium 2.0 */
        {SLICE_LITERAL("status"), MEMBER_STATUS},
        {SLICE_LITERAL("id"), MEMBER_ID},
        {SLICE_LITERAL("event_count"), MEMBER_EVENT_COUNT},
        {SLICE_LITERAL("data_collections"), MEMBER_DATA_COLLECTIONS},
        {SLICE_LITERAL("ddl"), MEMBER_DDL},
        {SLICE_LITERAL("tableChanges"), MEMBER_DDL},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (slice_equals(name, known[i].name)) return (int)known[i].meaning;
    return flattened_adds(name) ? MEMBER_ADDED : -1;
}

static struct json_walk walk(struct reading *reading, struct json_guess *guess, int (*meaning)(struct slice))
{
    return (struct json_walk){
        .json = &reading->json, .guess = guess, .meaning_of = meaning, .arena = reading->arena};
}

/* Passes over an object (or whatever else comes), taking its members note. */
static int read_object(struct reading *reading, struct json_guess *guess, int (*meaning)(struct slice),
                       struct json_members *members)
{
    struct json_walk object = walk(reading, guess, meaning);
    if (json_peek(&reading->json) != JSON_OBJECT) return json_skip(&reading->json, NULL);
    return json_walk_members(&object, members);
}

/* A member that is kept; null becomes absent. */
static int keep(struct reading *reading, enum meaning meaning, struct members *members)
{
    struct json_reader *json = &reading->json;
    struct slice *raw = &members->kept[meaning];
    int failed;
    /* Readers differ in which of two they take, so neither is what surely happened. */
    if (raw->at && !members->twice) members->twice = json->at;
    bool is_null = json_peek(json) == JSON_NULL;
    const char *first = json->at;
    switch (meaning) {
    case MEMBER_BEFORE: failed = read_object(reading, &reading->guess->before, NULL, &members->before); break;
    case MEMBER_AFTER: failed = read_object(reading, &reading->guess->after, NULL, &members->after); break;
    case MEMBER_SOURCE:
        failed = read_object(reading, &reading->guess->source, source_fact_named, &members->source);
        break;
    default: failed = json_skip(json, NULL);
    }
    *raw = is_null ? (struct slice){0} : (struct slice){first, (size_t)(json->at - first)};
    return failed;
}

static int read_members(struct reading *reading, struct json_guess *guess, struct members *members,
                        struct members *payload);

/* `payload` becomes what it holds, if it is an object; NULL: nobody asks. */
static int read_payload_member(struct reading *reading, struct members *members, struct members *payload)
{
    struct json_reader *json = &reading->json;
    enum json_kind kind = json_peek(json);
    const char *first = json->at;
    members->has_payload = true;
    if (payload && kind == JSON_OBJECT ? read_members(reading, &reading->guess->payload, payload, NULL)
                                       : json_skip(json, NULL))
        return -1;
    members->payload =
        kind == JSON_NULL ? (struct slice){0} : (struct slice){first, (size_t)(json->at - first)};
    return 0;
}

static int read_member(struct reading *reading, int meaning, struct members *members, struct members *payload)
{
    struct json_reader *json = &reading->json;
    members->count++;
    switch (meaning) {
    case MEMBER_SCHEMA:
        return json_peek(json) == JSON_OBJECT ? schema_texts_pass(&reading->guess->schemas, json,
                                                                  &members->schema, &members->schema_number)
                                              : json_skip(json, NULL);
    case MEMBER_PAYLOAD: return read_payload_member(reading, members, payload);
    case MEMBER_TIME: members->times++; break;
    case MEMBER_DDL: members->has_ddl = true; break;
    case MEMBER_ADDED: members->flattened = true; break;
    case MEMBER_EVENT_COUNT: members->has_event_count = true; break;
    default: break;
    }
    return meaning >= 0 && meaning < MEMBERS_KEPT ? keep(reading, (enum meaning)meaning, members)
                                                  : json_skip(json, NULL);
}

static int read_members(struct reading *reading, struct json_guess *guess, struct members *members,
                        struct members *payload)
{
    struct json_walk object = walk(reading, guess, meaning_of);
    struct json_token token;
    int more;
    *members = (struct members){0};
    if (json_open(&reading->json, JSON_OBJECT)) return -1;
    while ((more = json_walk_name(&object, &token)) == 1)
        if (read_member(reading, token.meaning, members, payload)) return -1;
    return more;
}

static enum envelope_outcome read_source(struct reading *reading, const struct members *members,
                                         struct change *change)
{
    struct source_facts facts = {0};
    if (!members->source.all) return refused(reading, "source is no object");
    if (members->source.cut) return refused(reading, "source has too many members");
    for (size_t i = 0; i < members->source.count; i++) {
        const struct json_token *member = &members->source.all[i];
        const char *problem = source_facts_take(&facts, member->meaning, member, reading->arena);
        if (!problem) continue;
        snprintf(reading->problem, reading->room, "source.%.*s: %s",
                 (int)(member->name.size < 64 ? member->name.size : 64), member->name.at, problem);
        return ENVELOPE_REFUSED;
    }
    if (!source_facts_apply(&facts, reading->arena, change))
        return refused(reading, "source.ts_ms is missing: the commit time is not known");
    return ENVELOPE_CHANGE;
}

/* MongoDB's before and after are JSON documents in a string. */
static enum envelope_outcome read_document(struct reading *reading, struct slice *image)
{
    if (!image->at) return ENVELOPE_CHANGE;
    json_start(&reading->json, *image);
    if (json_peek(&reading->json) != JSON_STRING || json_string(&reading->json, reading->arena, image))
        return refused(reading, "a document that is no string");
    return ENVELOPE_CHANGE;
}

static enum envelope_outcome read_documents(struct reading *reading, const struct members *members,
                                            struct change *change)
{
    enum envelope_outcome outcome = read_document(reading, &change->before);
    if (outcome == ENVELOPE_CHANGE) outcome = read_document(reading, &change->after);
    if (!change->after.at && change->op != 'd') change->update = members->kept[MEMBER_UPDATE];
    return outcome;
}

static enum envelope_outcome check_rows(struct reading *reading, const struct change *change)
{
    if (change->before.at && change->before.at[0] != '{') return refused(reading, "before is no object");
    if (change->after.at && change->after.at[0] != '{') return refused(reading, "after is no object");
    if (change->op == 'd' && !change->before.at) return refused(reading, "a delete without before");
    if (strchr("cru", change->op) && !change->after.at) return refused(reading, "a change without after");
    return ENVELOPE_CHANGE;
}

/* -1 for what is no time of a clock. */
static int64_t milliseconds(struct slice digits)
{
    enum { MOST_DIGITS = 18 };
    int64_t number = 0;
    if (digits.size == 0 || digits.size > MOST_DIGITS) return -1;
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9') return -1;
        number = number * 10 + (digits.at[i] - '0');
    }
    return number;
}

static enum envelope_outcome read_change(struct reading *reading, const struct members *members,
                                         struct change *change)
{
    struct slice op;
    json_start(&reading->json, members->kept[MEMBER_OP]);
    if (json_string(&reading->json, reading->arena, &op) || op.size != 1 || !memchr("crudtm", op.at[0], 6))
        return refused(reading, "op is none of c, r, u, d, t, m");
    if (!members->kept[MEMBER_SOURCE].at) return refused(reading, "source is missing");
    change->op = op.at[0];
    change->before = members->kept[MEMBER_BEFORE];
    change->after = members->kept[MEMBER_AFTER];
    change->before_members = members->before;
    change->after_members = members->after;
    change->made_ms = milliseconds(members->kept[MEMBER_TS_MS]);
    change->made = change->made_ms >= 0;
    enum envelope_outcome outcome = read_source(reading, members, change);
    if (outcome != ENVELOPE_CHANGE) return outcome;
    if (change->op == 'm') {
        change->content = members->kept[MEMBER_MESSAGE];
        return change->content.at ? ENVELOPE_MESSAGE : refused(reading, "message is missing");
    }
    if (!change->table.size)
        return refused(reading, "source.table is missing: which table changed is not known");
    const struct slice names[TABLE_NAME_PARTS] = {change->server, change->schema, change->table};
    change->names_number = table_names_number(&reading->guess->names, names);
    /* Rows of a collection that are objects are read as such. */
    if ((change->before.at && change->before.at[0] == '{') ||
        (change->after.at && change->after.at[0] == '{'))
        change->document = false;
    return change->document ? read_documents(reading, members, change) : check_rows(reading, change);
}

/* A string's text, another scalar's source text; absent for what is missing. */
static struct slice scalar_text(struct reading *reading, struct slice raw)
{
    struct slice text = raw;
    if (!raw.at || raw.at[0] != '"') return raw;
    json_start(&reading->json, raw);
    return json_string(&reading->json, reading->arena, &text) ? (struct slice){0} : text;
}

static enum envelope_outcome read_boundary(struct reading *reading, const struct members *members,
                                           struct transaction_boundary *boundary)
{
    static const struct column_type integer = {.kind = KIND_INTEGER};
    struct value at_ms = {0};
    *boundary = (struct transaction_boundary){.status = scalar_text(reading, members->kept[MEMBER_STATUS]),
                                              .id = scalar_text(reading, members->kept[MEMBER_ID]),
                                              .event_count = members->kept[MEMBER_EVENT_COUNT],
                                              .data_collections = members->kept[MEMBER_DATA_COLLECTIONS],
                                              .at_ms = -1};
    if (!boundary->id.size) return refused(reading, "a transaction boundary without id");
    if (members->kept[MEMBER_TS_MS].at) {
        json_start(&reading->json, members->kept[MEMBER_TS_MS]);
        if (value_read(&reading->json, &integer, reading->arena, &at_ms) == 0 && at_ms.type == VALUE_INTEGER)
            boundary->at_ms = at_ms.integer;
    }
    return ENVELOPE_BOUNDARY;
}

static enum envelope_outcome read_payload(struct reading *reading, const struct message *message,
                                          struct slice payload, const struct members *members,
                                          struct change *change, struct transaction_boundary *boundary)
{
    struct slice source = members->kept[MEMBER_SOURCE], status = members->kept[MEMBER_STATUS];
    /* A flattened row may have columns called op and source. */
    if (members->kept[MEMBER_OP].at && !members->flattened) return read_change(reading, members, change);
    bool heartbeat = members->kept[MEMBER_TS_MS].at && members->count == members->times + 1;
    /* Of the schema change topic, or of the connector's own schema history: a row has no object there. */
    bool schema_change = members->has_ddl && source.at && source.at[0] == '{' && !members->flattened;
    if (heartbeat || schema_change) return ENVELOPE_BOOKKEEPING;
    if (members->has_event_count && (slice_is(status, "\"BEGIN\"") || slice_is(status, "\"END\"")))
        return read_boundary(reading, members, boundary);
    if (!members->flattened && !flattened_schema(change->schema_block, reading->arena) &&
        !flattened_keyed(message, payload, reading->arena))
        return refused(reading, "no Debezium envelope: op is missing (another producer's, or flattened by "
                                "ExtractNewRecordState: then set add.fields=op,table,lsn,source.ts_ms)");
    const char *problem = flattened_read(message, payload, change->schema_block, reading->arena, change);
    return problem ? refused(reading, problem) : ENVELOPE_CHANGE;
}

static enum envelope_outcome read_value(struct reading *reading, const struct message *message,
                                        struct change *change, struct transaction_boundary *boundary)
{
    struct members outer, inner = {0};
    const struct members *members = &outer;
    struct slice value = message->value;
    json_start(&reading->json, value);
    enum json_kind type = json_peek(&reading->json);
    if (value.size > 0 && value.at[0] == '\0')
        return refused(reading,
                       "no JSON: it begins with a zero byte as Avro, Protobuf and JSON Schema with a schema "
                       "registry do; use org.apache.kafka.connect.json.JsonConverter");
    if (type == JSON_NULL && json_literal(&reading->json, type) == 0 && json_finish(&reading->json) == 0)
        return ENVELOPE_TOMBSTONE;
    if (type != JSON_OBJECT) return refused(reading, "no JSON object");
    if (read_members(reading, &reading->guess->outer, &outer, &inner) || json_finish(&reading->json))
        return broken(reading, &value);
    struct slice payload = value;
    if (outer.has_payload && !outer.kept[MEMBER_OP].at && outer.count <= 2) {
        change->schema_block = outer.schema;
        change->schema_number = outer.schema_number;
        payload = outer.payload;
        if (!payload.at) return ENVELOPE_TOMBSTONE;
        if (payload.at[0] != '{') return refused(reading, "payload is no object");
        members = &inner;
    }
    if (members->twice) {
        reading->json.at = members->twice;
        reading->json.problem = "a member of the event is there twice";
        return broken(reading, &value);
    }
    return read_payload(reading, message, payload, members, change, boundary);
}

static const char before_schema[] = "{\"schema\":";
enum { BEFORE_SCHEMA = sizeof before_schema - 1 };

/* Reads a change that is like the last ones; false for all else. */
static bool read_known(const struct reading *reading, struct slice value, struct change *change)
{
    struct json_reader json;
    struct slice block = {0};
    uint64_t number = 0;
    json_start(&json, value);
    if (slice_starts(value, before_schema)) {
        json.at += BEFORE_SCHEMA;
        if (!schema_texts_take(&reading->guess->schemas, &json, &block, &number)) return false;
    }
    const struct slice rest = {json.at, (size_t)(json.end - json.at)};
    if (!change_shapes_read(&reading->guess->shapes, rest, reading->arena, change)) return false;
    change->schema_block = block;
    change->schema_number = number;
    return true;
}

/* Notes what a change is like that was read. A schema block must stand where read_known looks for it. */
static void note_known(const struct reading *reading, struct slice value, const struct change *change)
{
    bool wrapped = slice_starts(value, before_schema);
    if (wrapped ? change->schema_block.at != value.at + BEFORE_SCHEMA : change->schema_block.at != NULL)
        return;
    size_t used = wrapped ? BEFORE_SCHEMA + change->schema_block.size : 0;
    const struct slice rest = {value.at + used, value.size - used};
    change_shapes_learn(&reading->guess->shapes, rest, change, reading->arena);
}

enum envelope_outcome envelope_read(const struct message *message, struct envelope_guess *guess,
                                    struct arena *arena, struct change *change,
                                    struct transaction_boundary *boundary, char *problem, size_t room)
{
    struct reading reading = {.arena = arena, .guess = guess, .problem = problem, .room = room};
    if (message->refusal) return refused(&reading, message->refusal);
    if (!message->value.at) return ENVELOPE_TOMBSTONE;
    if (read_known(&reading, message->value, change)) return ENVELOPE_CHANGE;
    *change = (struct change){0};
    enum envelope_outcome outcome = read_value(&reading, message, change, boundary);
    if (outcome == ENVELOPE_CHANGE) note_known(&reading, message->value, change);
    return outcome;
}

void envelope_guess_free(struct envelope_guess *guess)
{
    change_shapes_free(&guess->shapes);
    schema_texts_free(&guess->schemas);
}
