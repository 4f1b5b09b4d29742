#include "cdclite/flattened.h"

#include "cdclite/message_key.h"
#include "cdclite/source_facts.h"

static bool is_one_of(struct slice name, const char *const *names)
{
    for (; *names; names++)
        if (slice_is(name, *names)) return true;
    return false;
}

static struct slice behind(struct slice name, const char *prefix)
{
    size_t size = strlen(prefix);
    if (!slice_starts(name, prefix)) return (struct slice){0};
    return (struct slice){name.at + size, name.size - size};
}

bool flattened_adds(struct slice name)
{
    /* What add.fields may name without saying where it stands: members of the envelope, then of `source`. */
    static const char *const members[] = {
        "op",         "deleted",         "ts_ms",      "ts_us",  "ts_ns",      "table",
        "db",         "schema",          "name",       "lsn",    "txId",       "snapshot",
        "sequence",   "version",         "connector",  "file",   "pos",        "row",
        "gtid",       "server_id",       "thread",     "query",  "scn",        "xmin",
        "commit_lsn", "change_lsn",      "commit_scn", "origin", "collection", "ord",
        "origin_lsn", "event_serial_no", NULL};
    struct slice member = behind(name, "__");
    if (!member.at) return false;
    return is_one_of(member, members) || slice_starts(member, "source_") ||
           slice_starts(member, "transaction_");
}

static struct slice schema_name(struct slice block, struct arena *arena)
{
    struct json_reader json;
    struct slice name, text = {0};
    json_start(&json, block);
    if (json_open(&json, JSON_OBJECT)) return text;
    while (json_member(&json, arena, &name) == 1) {
        if (!slice_is(name, "name") || json_peek(&json) != JSON_STRING) {
            if (json_skip(&json, NULL)) break;
        } else if (json_string(&json, arena, &text)) {
            return (struct slice){0};
        }
    }
    return text;
}

struct slice flattened_row_name(struct slice name)
{
    static const char suffix[] = ".Value";
    const size_t size = sizeof suffix - 1;
    if (name.size <= size || memcmp(name.at + name.size - size, suffix, size) != 0) return (struct slice){0};
    return (struct slice){name.at, name.size - size};
}

static struct slice row_name(struct slice block, struct arena *arena)
{
    return flattened_row_name(schema_name(block, arena));
}

bool flattened_schema(struct slice schema_block, struct arena *arena)
{
    return schema_block.at && row_name(schema_block, arena).at;
}

/* An input's own name is no topic: no topic has a colon or a slash in its name. */
static bool is_topic(struct slice name)
{
    return name.size && !memchr(name.at, ':', name.size) && !memchr(name.at, '/', name.size) &&
           !slice_is(name, "stdin");
}

bool flattened_keyed(const struct message *message, struct slice record, struct arena *arena)
{
    struct json_reader key, row;
    struct slice wanted, name;
    size_t found = 0;
    if (!is_topic(message->topic) || !memchr(message->topic.at, '.', message->topic.size) ||
        !message_key_open(message->key, arena, &key))
        return false;
    for (; json_member(&key, arena, &wanted) == 1; found++) {
        bool there = false;
        if (json_skip(&key, NULL)) return false;
        json_start(&row, record);
        if (json_open(&row, JSON_OBJECT)) return false;
        while (!there && json_member(&row, arena, &name) == 1 && json_skip(&row, NULL) == 0)
            there = slice_equals(name, wanted);
        if (!there) return false;
    }
    return found > 0;
}

/* SERVER.SCHEMA.TABLE, as Debezium names topics: the first and the last part, and what stands between. */
static void split_name(struct slice name, struct change *change)
{
    const char *end = name.at + name.size, *first = memchr(name.at, '.', name.size);
    const char *last = first ? memrchr(name.at, '.', name.size) : NULL;
    const char *table = last ? last + 1 : name.at;
    change->table = (struct slice){table, (size_t)(end - table)};
    if (first) change->server = (struct slice){name.at, (size_t)(first - name.at)};
    if (first != last) change->schema = (struct slice){first + 1, (size_t)(last - first - 1)};
}

static void set_names(const struct message *message, struct slice schema_block, struct arena *arena,
                      struct change *change)
{
    struct change named = {0};
    struct slice name = is_topic(message->topic) ? message->topic : (struct slice){0};
    if (!name.at && schema_block.at) name = row_name(schema_block, arena);
    if (!name.at) return;
    split_name(name, &named);
    if (!change->server.size) change->server = named.server;
    if (!change->schema.size) change->schema = named.schema;
    if (!change->table.size) change->table = named.table;
}

/* What the added members say, besides the facts of the source. */
struct added {
    struct value op, deleted, ts_ms, ts_us;
};

static int read_fact(struct slice name, struct json_reader *json, struct arena *arena,
                     struct source_facts *facts)
{
    struct json_token token;
    int fact = source_fact_named(name);
    if (json_value(json, &token)) return -1;
    if (fact >= 0) json->problem = source_facts_take(facts, fact, &token, arena);
    return json->problem ? -1 : 0;
}

static int read_added(struct slice member, struct json_reader *json, struct arena *arena,
                      struct source_facts *facts, struct added *added)
{
    static const struct column_type any = {.kind = KIND_ANY};
    struct slice of_source = behind(member, "source_");
    if (of_source.at) return read_fact(of_source, json, arena, facts);
    if (slice_is(member, "op")) return value_read(json, &any, arena, &added->op);
    if (slice_is(member, "deleted")) return value_read(json, &any, arena, &added->deleted);
    /* Without `source.` it is the time at which the connector handled the event. */
    if (slice_is(member, "ts_ms")) return value_read(json, &any, arena, &added->ts_ms);
    if (slice_is(member, "ts_us")) return value_read(json, &any, arena, &added->ts_us);
    return read_fact(member, json, arena, facts);
}

static bool is_true(const struct value *value)
{
    return (value->type == VALUE_TEXT && slice_is(value->bytes, "true")) ||
           (value->type == VALUE_INTEGER && value->integer == 1);
}

static const char *set_op(const struct added *added, struct change *change)
{
    struct slice op = added->op.type == VALUE_TEXT ? added->op.bytes : (struct slice){0};
    if (is_true(&added->deleted)) op = slice_of("d");
    change->upsert = !op.at;
    if (!op.at) op = slice_of("c");
    if (op.size != 1 || !memchr("crud", op.at[0], 4)) return "__op is none of c, r, u, d";
    change->op = op.at[0];
    return NULL;
}

/* The connector's clock, else Kafka's, where the source's is not sent. */
static bool set_time(const struct message *message, const struct added *added, struct change *change)
{
    int64_t ms = added->ts_ms.type == VALUE_INTEGER ? added->ts_ms.integer : message->timestamp_ms;
    if (added->ts_us.type == VALUE_INTEGER) {
        change->changed_at = added->ts_us.integer;
        return true;
    }
    return ms >= 0 && !__builtin_mul_overflow(ms, 1000, &change->changed_at);
}

const char *flattened_read(const struct message *message, struct slice record, struct slice schema_block,
                           struct arena *arena, struct change *change)
{
    struct source_facts facts = {0};
    struct added added = {0};
    struct json_reader json;
    struct slice name;
    int more;
    json_start(&json, record);
    if (json_open(&json, JSON_OBJECT)) return json.problem;
    while ((more = json_member(&json, arena, &name)) == 1)
        if (flattened_adds(name) ? read_added(behind(name, "__"), &json, arena, &facts, &added)
                                 : json_skip(&json, NULL))
            return json.problem;
    if (more < 0) return json.problem;
    bool timed = source_facts_apply(&facts, arena, change);
    change->document = false;
    change->flattened = true;
    set_names(message, schema_block, arena, change);
    if (!change->table.size)
        return "a flattened record (ExtractNewRecordState) that does not say its table: load it with its "
               "topic, or set "
               "add.fields=op,table,lsn,source.ts_ms";
    if (!timed && !set_time(message, &added, change))
        return "a flattened record (ExtractNewRecordState) that does not say its time: set "
               "add.fields=op,table,lsn,source.ts_ms";
    const char *problem = set_op(&added, change);
    *(change->op == 'd' ? &change->before : &change->after) = record;
    return problem;
}
