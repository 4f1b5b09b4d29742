#include "cdclite/envelope.h"

#include <stdbool.h>
#include <stdio.h>

#include "cdclite/json_reader.h"

/* The members that tell what a payload is, in their source text; absent where missing or null. */
struct members {
    struct slice schema, payload; /* the wrapper's */
    bool has_payload;
    struct slice before, after, source, op, ts_ms;
    bool boundary, has_event_count, ddl, flattened_op; /* status is BEGIN or END */
    size_t count, times;                               /* of all members; of those that only tell when */
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

static int read_members(struct reading *reading, struct members *members)
{
    struct json_reader *json = &reading->json;
    struct slice name, raw;
    int more;
    *members = (struct members){0};
    if (json_open(json, JSON_OBJECT)) return -1;
    while ((more = json_member(json, reading->arena, &name)) == 1) {
        int failed;
        members->count++;
        if (slice_is(name, "before")) {
            failed = take(json, &members->before);
        } else if (slice_is(name, "after")) {
            failed = take(json, &members->after);
        } else if (slice_is(name, "source")) {
            failed = take(json, &members->source);
        } else if (slice_is(name, "op")) {
            failed = take(json, &members->op);
        } else if (slice_is(name, "ts_ms")) {
            failed = take(json, &members->ts_ms);
        } else if (slice_is(name, "schema")) {
            failed = json_peek(json) == JSON_OBJECT ? skip_schema(reading, &members->schema)
                                                    : take(json, &members->schema);
        } else if (slice_is(name, "payload")) {
            members->has_payload = true;
            failed = take(json, &members->payload);
        } else {
            if (slice_is(name, "ts_us") || slice_is(name, "ts_ns")) members->times++;
            if (slice_is(name, "event_count")) members->has_event_count = true;
            if (slice_is(name, "ddl")) members->ddl = true;
            if (slice_is(name, "__op") || slice_is(name, "__deleted")) members->flattened_op = true;
            failed = json_skip(json, &raw);
            if (slice_is(name, "status") && !failed)
                members->boundary = slice_is(raw, "\"BEGIN\"") || slice_is(raw, "\"END\"");
        }
        if (failed) return -1;
    }
    return more;
}

/* A member of `source`: a string, a number, or null; false for anything else. */
static bool read_scalar(struct reading *reading, struct value *value)
{
    static const struct column_type any = {.kind = KIND_ANY};
    enum json_kind kind = json_peek(&reading->json);
    if (kind != JSON_STRING && kind != JSON_NUMBER && kind != JSON_NULL) {
        reading->json.problem = "a string or a number is expected";
        return false;
    }
    return value_read(&reading->json, &any, reading->arena, value) == 0;
}

static struct slice text_of(const struct value *value)
{
    return value->type == VALUE_TEXT ? value->bytes : (struct slice){0};
}

static enum envelope_outcome read_source(struct reading *reading, struct slice source, struct change *change)
{
    struct value name = {0}, database = {0}, schema = {0}, table = {0}, ts_ms = {0}, ts_us = {0}, ignored;
#define NAMED(text)           \
    {                         \
        text, sizeof text - 1 \
    }
    struct {
        struct slice name;
        struct value *value;
    } const wanted[] = {
        {NAMED("ts_ms"), &ts_ms},     {NAMED("ts_us"), &ts_us},        {NAMED("name"), &name},
        {NAMED("db"), &database},     {NAMED("schema"), &schema},      {NAMED("table"), &table},
        {NAMED("lsn"), &change->lsn}, {NAMED("txId"), &change->tx_id}, {NAMED("collection"), &table},
    };
#undef NAMED
    struct slice member;
    int more;
    json_start(&reading->json, source);
    if (json_open(&reading->json, JSON_OBJECT)) return refused(reading, "source is no object");
    while ((more = json_member(&reading->json, reading->arena, &member)) == 1) {
        struct value *value = &ignored;
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
            if (slice_equals(member, wanted[i].name)) value = wanted[i].value;
        if (value == &ignored ? json_skip(&reading->json, NULL) != 0 : !read_scalar(reading, value)) {
            snprintf(reading->problem, reading->room, "source.%.*s: %s",
                     (int)(member.size < 64 ? member.size : 64), member.at, reading->json.problem);
            return ENVELOPE_REFUSED;
        }
    }
    if (more < 0) return broken(reading, &source);

    change->server = text_of(&name);
    change->schema = schema.type == VALUE_TEXT ? text_of(&schema) : text_of(&database);
    change->table = text_of(&table);
    if (!change->table.size)
        return refused(reading, "source.table is missing: which table changed is not known");
    if (ts_us.type == VALUE_INTEGER) {
        change->changed_at = ts_us.integer;
    } else if (ts_ms.type == VALUE_INTEGER &&
               !__builtin_mul_overflow(ts_ms.integer, 1000, &change->changed_at)) {
        /* milliseconds are all that Debezium before 2.6 sends */
    } else {
        return refused(reading, "source.ts_ms is missing: the commit time is not known");
    }
    return ENVELOPE_CHANGE;
}

static enum envelope_outcome check_rows(struct reading *reading, const struct members *members,
                                        const struct change *change)
{
    if (change->before.at && change->before.at[0] != '{') return refused(reading, "before is no object");
    if (change->after.at && change->after.at[0] != '{') return refused(reading, "after is no object");
    if (!members->source.at) return refused(reading, "source is missing");
    if (change->op == 't') return ENVELOPE_CHANGE;
    if (change->op == 'd' ? !change->before.at : !change->after.at)
        return refused(reading, change->op == 'd' ? "a delete without before" : "a change without after");
    return ENVELOPE_CHANGE;
}

static enum envelope_outcome read_payload(struct reading *reading, const struct members *members,
                                          struct change *change)
{
    struct slice op;
    if (!members->op.at) {
        if (members->flattened_op)
            return refused(reading,
                           "a flattened record (ExtractNewRecordState): send the whole Debezium envelope");
        bool heartbeat = members->ts_ms.at && members->count == members->times + 1;
        bool transaction = members->boundary && members->has_event_count;
        bool schema_change = members->ddl && members->source.at;
        if (heartbeat || transaction || schema_change) return ENVELOPE_BOOKKEEPING;
        return refused(reading,
                       "no Debezium envelope: op is missing (a flattened record, or another producer's?)");
    }
    json_start(&reading->json, members->op);
    if (json_string(&reading->json, reading->arena, &op) || op.size != 1 || !memchr("crudtm", op.at[0], 6))
        return refused(reading, "op is none of c, r, u, d, t, m");
    change->op = op.at[0];
    if (change->op == 'm') return ENVELOPE_BOOKKEEPING;
    change->before = members->before;
    change->after = members->after;
    enum envelope_outcome outcome = check_rows(reading, members, change);
    if (outcome != ENVELOPE_CHANGE) return outcome;
    return read_source(reading, members->source, change);
}

enum envelope_outcome envelope_read(const struct message *message, struct slice known_schema,
                                    struct arena *arena, struct change *change, char *problem, size_t room)
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
    return read_payload(&reading, &members, change);
}
