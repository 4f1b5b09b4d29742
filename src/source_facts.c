#include "cdclite/source_facts.h"

#include <stddef.h>
#include <stdio.h>

#define NAMED(text, member)                                        \
    {                                                              \
        SLICE_LITERAL(text), offsetof(struct source_facts, member) \
    }

/* The fact of a member's name; NULL for one that is not kept. */
static struct value *fact_named(struct source_facts *facts, struct slice name)
{
    static const struct {
        struct slice name;
        size_t offset;
    } wanted[] = {
        NAMED("ts_ms", ts_ms),
        NAMED("ts_us", ts_us),
        NAMED("name", name),
        NAMED("db", db),
        NAMED("schema", schema),
        NAMED("table", table),
        NAMED("lsn", lsn),
        NAMED("txId", tx_id),
        NAMED("snapshot", snapshot),
        NAMED("file", file),
        NAMED("pos", pos),
        NAMED("row", row),
        NAMED("gtid", gtid),
        NAMED("change_lsn", change_lsn),
        NAMED("commit_lsn", commit_lsn),
        NAMED("scn", scn),
        NAMED("collection", table),
        NAMED("ord", ord),
        NAMED("lsid", lsid),
        NAMED("txnNumber", txn_number),
        NAMED("event_serial_no", serial),
        NAMED("keyspace", schema),
        NAMED("vgtid", gtid),
        NAMED("server_transaction_id", tx_id),
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (slice_equals(name, wanted[i].name)) return (struct value *)((char *)facts + wanted[i].offset);
    return NULL;
}

int source_facts_read(struct source_facts *facts, struct slice name, struct json_reader *json,
                      struct arena *arena)
{
    static const struct column_type any = {.kind = KIND_ANY};
    if (slice_is(name, "version")) return json_skip(json, &facts->version);
    struct value *value = fact_named(facts, name);
    if (!value) return json_skip(json, NULL);
    facts->collection |= slice_is(name, "collection");
    facts->several_databases |= value == &facts->serial;
    bool is_name =
        value == &facts->name || value == &facts->db || value == &facts->schema || value == &facts->table;
    switch (json_peek(json)) {
    case JSON_NUMBER:
        if (!is_name) return value_read(json, &any, arena, value);
        json->problem = "a string is expected";
        return -1;
    case JSON_STRING:
    case JSON_NULL: return value_read(json, &any, arena, value);
    case JSON_TRUE:
    case JSON_FALSE:
        if (value == &facts->snapshot) return value_read(json, &any, arena, value);
        /* fall through */
    default: json->problem = "a string or a number is expected"; return -1;
    }
}

static struct slice text_of(const struct value *value)
{
    return value->type == VALUE_TEXT ? value->bytes : (struct slice){0};
}

/* "mysql-bin.000003:484:0": where a row's change stands in MySQL's log. Without memory for it NULL. */
static struct value log_position(const struct source_facts *facts, struct arena *arena)
{
    enum { NUMBERS = 48 };
    struct slice file = facts->file.bytes;
    char *text = arena_alloc(arena, file.size + NUMBERS);
    if (!text) return (struct value){0};
    memcpy(text, file.at, file.size);
    int size = snprintf(text + file.size, NUMBERS, ":%lld:%lld", (long long)facts->pos.integer,
                        (long long)facts->row.integer);
    return (struct value){.type = VALUE_TEXT, .bytes = {text, file.size + (size_t)size}};
}

/* "1738317601:2": where an event stands in MongoDB's log, its second and its number within it. */
static struct value oplog_position(const struct source_facts *facts, struct arena *arena)
{
    enum { NUMBERS = 48 };
    char *text = arena_alloc(arena, NUMBERS);
    if (!text) return (struct value){0};
    int size = snprintf(text, NUMBERS, "%lld:%lld", (long long)(facts->ts_ms.integer / 1000),
                        (long long)facts->ord.integer);
    return (struct value){.type = VALUE_TEXT, .bytes = {text, (size_t)size}};
}

/* MongoDB numbers transactions within a session: "LSID:NUMBER". */
static struct value session_transaction(const struct source_facts *facts, struct arena *arena)
{
    enum { NUMBER = 24 };
    struct slice session = facts->lsid.bytes;
    char *text = arena_alloc(arena, session.size + NUMBER);
    if (!text) return (struct value){0};
    memcpy(text, session.at, session.size);
    int size = snprintf(text + session.size, NUMBER, ":%lld", (long long)facts->txn_number.integer);
    return (struct value){.type = VALUE_TEXT, .bytes = {text, session.size + (size_t)size}};
}

/* Each kind of source has its own way to say where in its log and in which transaction a change stands. */
static void set_position(const struct source_facts *facts, struct arena *arena, struct change *change)
{
    change->lsn = facts->lsn;
    change->tx_id = facts->tx_id;
    if (facts->file.type == VALUE_TEXT) {
        change->lsn = log_position(facts, arena);
        change->tx_id = facts->gtid;
    } else if (facts->commit_lsn.type != VALUE_NULL) {
        change->lsn = facts->change_lsn.type == VALUE_NULL ? facts->commit_lsn : facts->change_lsn;
        change->tx_id = facts->commit_lsn;
    } else if (facts->scn.type != VALUE_NULL) {
        change->lsn = facts->scn;
    } else if (facts->collection) {
        /* A snapshot's rows are of no place in the log. */
        bool placed = change->snapshot == SNAPSHOT_NONE && facts->ts_ms.type == VALUE_INTEGER &&
                      facts->ord.type == VALUE_INTEGER;
        if (placed) change->lsn = oplog_position(facts, arena);
        if (facts->lsid.type == VALUE_TEXT && facts->txn_number.type == VALUE_INTEGER)
            change->tx_id = session_transaction(facts, arena);
    } else if (facts->gtid.type != VALUE_NULL) {
        change->tx_id = facts->gtid;
    }
}

static enum snapshot_mark snapshot_of(const struct value *snapshot)
{
    struct slice text = text_of(snapshot);
    if (slice_is(text, "incremental")) return SNAPSHOT_INCREMENTAL;
    if (slice_is(text, "last") || slice_is(text, "last_in_data_collection")) return SNAPSHOT_TABLE_LAST;
    bool streamed = snapshot->type == VALUE_NULL || slice_is(text, "false") ||
                    (snapshot->type == VALUE_INTEGER && snapshot->integer == 0);
    return streamed ? SNAPSHOT_NONE : SNAPSHOT_ROW;
}

/* SQL Server's connector captures several databases at once, each with a dbo: DATABASE.SCHEMA. Without memory
 * for it the schema. */
static struct slice schema_of_database(struct slice db, struct slice schema, struct arena *arena)
{
    char *text = arena_alloc(arena, db.size + 1 + schema.size);
    if (!text) return schema;
    memcpy(text, db.at, db.size);
    text[db.size] = '.';
    memcpy(text + db.size + 1, schema.at, schema.size);
    return (struct slice){text, db.size + 1 + schema.size};
}

static struct slice schema_of(const struct source_facts *facts, struct arena *arena)
{
    struct slice db = text_of(&facts->db), schema = text_of(&facts->schema);
    if (!schema.at) return db;
    return facts->several_databases && db.size && schema.size ? schema_of_database(db, schema, arena)
                                                              : schema;
}

bool source_facts_apply(const struct source_facts *facts, struct arena *arena, struct change *change)
{
    change->version = facts->version;
    change->server = text_of(&facts->name);
    change->schema = schema_of(facts, arena);
    change->table = text_of(&facts->table);
    change->snapshot = snapshot_of(&facts->snapshot);
    change->document = facts->collection;
    change->placeholders = facts->scn.type != VALUE_NULL;
    set_position(facts, arena, change);
    if (facts->ts_us.type == VALUE_INTEGER) {
        change->changed_at = facts->ts_us.integer;
        return true;
    }
    /* Milliseconds are all that Debezium before 2.6 sends. */
    return facts->ts_ms.type == VALUE_INTEGER &&
           !__builtin_mul_overflow(facts->ts_ms.integer, 1000, &change->changed_at);
}
