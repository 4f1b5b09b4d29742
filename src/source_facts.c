#include "cdclite/source_facts.h"

#include <stddef.h>
#include <stdio.h>

/* What a member's value may be beside a number, a text and null. */
enum fact_kind {
    FACT_SCALAR,
    FACT_NAME,     /* no number */
    FACT_SNAPSHOT, /* true and false too */
    FACT_RAW,      /* anything */
};

#define FACT(text, member, kind)                                         \
    {                                                                    \
        SLICE_LITERAL(text), offsetof(struct source_facts, member), kind \
    }

static const struct fact {
    struct slice name;
    size_t offset;
    enum fact_kind kind;
} facts_wanted[] = {
    FACT("version", version, FACT_RAW),
    FACT("ts_ms", ts_ms, FACT_SCALAR),
    FACT("ts_us", ts_us, FACT_SCALAR),
    FACT("name", name, FACT_NAME),
    FACT("db", db, FACT_NAME),
    FACT("schema", schema, FACT_NAME),
    FACT("table", table, FACT_NAME),
    FACT("lsn", lsn, FACT_SCALAR),
    FACT("txId", tx_id, FACT_SCALAR),
    FACT("snapshot", snapshot, FACT_SNAPSHOT),
    FACT("file", file, FACT_SCALAR),
    FACT("pos", pos, FACT_SCALAR),
    FACT("row", row, FACT_SCALAR),
    FACT("gtid", gtid, FACT_SCALAR),
    FACT("change_lsn", change_lsn, FACT_SCALAR),
    FACT("commit_lsn", commit_lsn, FACT_SCALAR),
    FACT("scn", scn, FACT_SCALAR),
    FACT("collection", table, FACT_NAME),
    FACT("ord", ord, FACT_SCALAR),
    FACT("lsid", lsid, FACT_SCALAR),
    FACT("txnNumber", txn_number, FACT_SCALAR),
    FACT("event_serial_no", serial, FACT_SCALAR),
    FACT("keyspace", schema, FACT_NAME),
    FACT("vgtid", gtid, FACT_SCALAR),
    FACT("server_transaction_id", tx_id, FACT_SCALAR),
};

int source_fact_named(struct slice name)
{
    for (size_t i = 0; i < sizeof facts_wanted / sizeof *facts_wanted; i++)
        if (slice_equals(name, facts_wanted[i].name)) return (int)i;
    return -1;
}

bool source_fact_is_shared(int fact)
{
    return facts_wanted[fact].kind != FACT_SCALAR;
}

struct slice *source_fact_text(struct source_facts *facts, int fact)
{
    const struct fact *wanted = &facts_wanted[fact];
    if (wanted->kind == FACT_RAW) return &facts->version;
    struct value *value = (struct value *)((char *)facts + wanted->offset);
    return value->type == VALUE_TEXT ? &value->bytes : NULL;
}

/* Why the value cannot be that fact; NULL if it can. */
static const char *check_kind(enum fact_kind kind, enum json_kind given)
{
    switch (given) {
    case JSON_STRING:
    case JSON_NULL: return NULL;
    case JSON_NUMBER: return kind == FACT_NAME ? "a string is expected" : NULL;
    case JSON_TRUE:
    case JSON_FALSE:
        if (kind == FACT_SNAPSHOT) return NULL;
        /* fall through */
    default: return "a string or a number is expected";
    }
}

const char *source_facts_take(struct source_facts *facts, int fact, const struct json_token *token,
                              struct arena *arena)
{
    static const struct column_type any = {.kind = KIND_ANY};
    const struct fact *wanted = &facts_wanted[fact];
    if (wanted->kind == FACT_RAW) {
        facts->version = token->raw;
        return NULL;
    }
    struct value *value = (struct value *)((char *)facts + wanted->offset);
    if (wanted->kind == FACT_SCALAR && token->kind == JSON_NUMBER && token->whole &&
        value != &facts->serial) { /* most are */
        value_set_integer(value, token->integer);
        return NULL;
    }
    facts->collection |= value == &facts->table && slice_is(wanted->name, "collection");
    facts->several_databases |= value == &facts->serial;
    const char *problem = check_kind(wanted->kind, token->kind);
    return problem ? problem : value_of_token(token, &any, arena, value);
}

static struct slice text_of(const struct value *value)
{
    return value->type == VALUE_TEXT ? value->bytes : (struct slice){0};
}

/* "mysql-bin.000003:484:0": where a row's change stands in MySQL's log. Without memory for it NULL. */
static struct value log_position(const struct source_facts *facts, struct arena *arena)
{
    enum { NUMBERS = 48 };
    const struct value *pos = &facts->pos, *row = &facts->row;
    struct slice file = facts->file.bytes;
    char *text = arena_alloc(arena, file.size + NUMBERS);
    if (!text) return (struct value){0};
    memcpy(text, file.at, file.size);
    int size = snprintf(text + file.size, NUMBERS, ":%lld:%lld",
                        pos->type == VALUE_INTEGER ? (long long)pos->integer : 0,
                        row->type == VALUE_INTEGER ? (long long)row->integer : 0);
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
