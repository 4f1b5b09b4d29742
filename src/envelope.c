#include "cdclite/envelope.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cdclite/flattened.h"
#include "cdclite/json_reader.h"
#include "cdclite/source_facts.h"

/* The members that tell what a payload is, in their source text; absent where missing or null. */
struct members {
    struct slice schema, payload; /* the wrapper's */
    bool has_payload;
    struct slice before, after, source, op, ts_ms, message, update;
    struct slice status, id, event_count, data_collections; /* a transaction boundary's */
    bool has_event_count, has_ddl, flattened;
    size_t count, times; /* of all members; of those that only tell when */
};

struct reading {
    struct json_reader json;
    struct arena *arena;
    struct slice known_schema;
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
    const char *at = reading->json.at;
    if (at >= value->at && at <= value->at + value->size) {
        snprintf(reading->problem, reading->room, "broken JSON: %s at byte %zu", reading->json.problem,
                 (size_t)(at - value->at));
    } else {
        snprintf(reading->problem, reading->room, "broken JSON: %s", reading->json.problem);
    }
    return ENVELOPE_REFUSED;
}

/* Passes over the schema block: most messages repeat the one before byte for byte. */
static int skip_schema(struct reading *reading, struct slice *raw)
{
    struct json_reader *json = &reading->json;
    struct slice known = reading->known_schema;
    json_peek(json);
    if (known.size > 0 && (size_t)(json->end - json->at) > known.size &&
        memcmp(json->at, known.at, known.size) == 0) {
        *raw = (struct slice){json->at, known.size};
        json->at += known.size;
        return 0;
    }
    return json_skip(json, raw);
}

/* A member's raw value; null becomes absent. */
static int take(struct json_reader *json, struct slice *raw)
{
    bool is_null = json_peek(json) == JSON_NULL;
    if (json_skip(json, raw)) return -1;
    if (is_null) *raw = (struct slice){0};
    return 0;
}

/* Where a member's source text is kept; NULL for one that is passed over. */
static struct slice *member_named(struct members *members, struct slice name)
{
    static const struct {
        struct slice name;
        size_t offset;
    } wanted[] = {
        {SLICE_LITERAL("before"), offsetof(struct members, before)},
        {SLICE_LITERAL("after"), offsetof(struct members, after)},
        {SLICE_LITERAL("source"), offsetof(struct members, source)},
        {SLICE_LITERAL("op"), offsetof(struct members, op)},
        {SLICE_LITERAL("ts_ms"), offsetof(struct members, ts_ms)},
        {SLICE_LITERAL("message"), offsetof(struct members, message)},
        {SLICE_LITERAL("updateDescription"), offsetof(struct members, update)},
        {SLICE_LITERAL("patch"), offsetof(struct members, update)}, /* MongoDB before Debezium 2.0 */
        {SLICE_LITERAL("status"), offsetof(struct members, status)},
        {SLICE_LITERAL("id"), offsetof(struct members, id)},
        {SLICE_LITERAL("event_count"), offsetof(struct members, event_count)},
        {SLICE_LITERAL("data_collections"), offsetof(struct members, data_collections)},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (slice_equals(name, wanted[i].name))
            return (struct slice *)(void *)((char *)members + wanted[i].offset);
    return NULL;
}

static int read_member(struct reading *reading, struct slice name, struct members *members)
{
    struct json_reader *json = &reading->json;
    struct slice *raw = member_named(members, name);
    if (slice_is(name, "schema") && json_peek(json) == JSON_OBJECT)
        return skip_schema(reading, &members->schema);
    if (slice_is(name, "payload")) {
        members->has_payload = true;
        return take(json, &members->payload);
    }
    if (slice_is(name, "ts_us") || slice_is(name, "ts_ns")) members->times++;
    if (slice_is(name, "event_count")) members->has_event_count = true;
    if (slice_is(name, "ddl") || slice_is(name, "tableChanges")) members->has_ddl = true;
    if (flattened_adds(name)) members->flattened = true;
    /* Readers differ in which of two they take, so neither is what surely happened. */
    if (raw && raw->at) {
        json->problem = "a member of the event is there twice";
        return -1;
    }
    return raw ? take(json, raw) : json_skip(json, NULL);
}

static int read_members(struct reading *reading, struct members *members)
{
    struct slice name;
    int more;
    *members = (struct members){0};
    if (json_open(&reading->json, JSON_OBJECT)) return -1;
    while ((more = json_member(&reading->json, reading->arena, &name)) == 1) {
        members->count++;
        if (read_member(reading, name, members)) return -1;
    }
    return more;
}

static enum envelope_outcome read_source(struct reading *reading, struct slice source, struct change *change)
{
    struct source_facts facts = {0};
    struct slice member;
    int more;
    json_start(&reading->json, source);
    if (json_open(&reading->json, JSON_OBJECT)) return refused(reading, "source is no object");
    while ((more = json_member(&reading->json, reading->arena, &member)) == 1) {
        if (source_facts_read(&facts, member, &reading->json, reading->arena) == 0) continue;
        snprintf(reading->problem, reading->room, "source.%.*s: %s",
                 (int)(member.size < 64 ? member.size : 64), member.at, reading->json.problem);
        return ENVELOPE_REFUSED;
    }
    if (more < 0) return broken(reading, &source);
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
    if (!change->after.at && change->op != 'd') change->update = members->update;
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

static enum envelope_outcome read_change(struct reading *reading, const struct members *members,
                                         struct change *change)
{
    struct slice op;
    json_start(&reading->json, members->op);
    if (json_string(&reading->json, reading->arena, &op) || op.size != 1 || !memchr("crudtm", op.at[0], 6))
        return refused(reading, "op is none of c, r, u, d, t, m");
    if (!members->source.at) return refused(reading, "source is missing");
    change->op = op.at[0];
    change->before = members->before;
    change->after = members->after;
    change->made_ms = members->ts_ms;
    enum envelope_outcome outcome = read_source(reading, members->source, change);
    if (outcome != ENVELOPE_CHANGE) return outcome;
    if (change->op == 'm') {
        change->content = members->message;
        return members->message.at ? ENVELOPE_MESSAGE : refused(reading, "message is missing");
    }
    if (!change->table.size)
        return refused(reading, "source.table is missing: which table changed is not known");
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
    *boundary = (struct transaction_boundary){.status = scalar_text(reading, members->status),
                                              .id = scalar_text(reading, members->id),
                                              .event_count = members->event_count,
                                              .data_collections = members->data_collections,
                                              .at_ms = -1};
    if (!boundary->id.size) return refused(reading, "a transaction boundary without id");
    if (members->ts_ms.at) {
        json_start(&reading->json, members->ts_ms);
        if (value_read(&reading->json, &integer, reading->arena, &at_ms) == 0 && at_ms.type == VALUE_INTEGER)
            boundary->at_ms = at_ms.integer;
    }
    return ENVELOPE_BOUNDARY;
}

static enum envelope_outcome read_payload(struct reading *reading, const struct message *message,
                                          struct slice payload, const struct members *members,
                                          struct change *change, struct transaction_boundary *boundary)
{
    /* A flattened row may have columns called op and source. */
    if (members->op.at && !members->flattened) return read_change(reading, members, change);
    bool heartbeat = members->ts_ms.at && members->count == members->times + 1;
    /* Of the schema change topic, or of the connector's own schema history: a row has no object there. */
    bool schema_change =
        members->has_ddl && members->source.at && members->source.at[0] == '{' && !members->flattened;
    if (heartbeat || schema_change) return ENVELOPE_BOOKKEEPING;
    if (members->has_event_count &&
        (slice_is(members->status, "\"BEGIN\"") || slice_is(members->status, "\"END\"")))
        return read_boundary(reading, members, boundary);
    if (!members->flattened && !flattened_schema(change->schema_block, reading->arena) &&
        !flattened_keyed(message, payload, reading->arena))
        return refused(reading, "no Debezium envelope: op is missing (another producer's, or flattened by "
                                "ExtractNewRecordState: then set add.fields=op,table,lsn,source.ts_ms)");
    const char *problem = flattened_read(message, payload, change->schema_block, reading->arena, change);
    return problem ? refused(reading, problem) : ENVELOPE_CHANGE;
}

enum envelope_outcome envelope_read(const struct message *message, struct slice known_schema,
                                    struct arena *arena, struct change *change,
                                    struct transaction_boundary *boundary, char *problem, size_t room)
{
    struct reading reading = {.arena = arena, .known_schema = known_schema, .problem = problem, .room = room};
    struct members members;
    *change = (struct change){0};
    if (message->refusal) return refused(&reading, message->refusal);
    struct slice value = message->value;
    if (!value.at) return ENVELOPE_TOMBSTONE;

    json_start(&reading.json, value);
    enum json_kind type = json_peek(&reading.json);
    if (value.size > 0 && value.at[0] == '\0')
        return refused(&reading,
                       "no JSON: it begins with a zero byte as Avro, Protobuf and JSON Schema with a schema "
                       "registry do; use org.apache.kafka.connect.json.JsonConverter");
    if (type == JSON_NULL && json_literal(&reading.json, type) == 0 && json_finish(&reading.json) == 0)
        return ENVELOPE_TOMBSTONE;
    if (type != JSON_OBJECT) return refused(&reading, "no JSON object");
    if (read_members(&reading, &members) || json_finish(&reading.json)) return broken(&reading, &value);

    if (members.has_payload && !members.op.at && members.count <= 2) {
        change->schema_block = members.schema;
        if (!members.payload.at) return ENVELOPE_TOMBSTONE;
        value = members.payload;
        json_start(&reading.json, value);
        if (json_peek(&reading.json) != JSON_OBJECT) return refused(&reading, "payload is no object");
        if (read_members(&reading, &members)) return broken(&reading, &value);
    }
    return read_payload(&reading, message, value, &members, change, boundary);
}
