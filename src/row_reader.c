#include "cdclite/row_reader.h"

#include <stdlib.h>

#include "cdclite/column_lineage.h"
#include "cdclite/flattened.h"
#include "cdclite/json_reader.h"
#include "cdclite/log.h"
#include "cdclite/message_key.h"

static const struct column_type any = {.kind = KIND_ANY};

/* The event that is being read. */
struct row_reading {
    struct captured_table *table;
    const struct table_schema *schema;
    struct arena *arena;
    bool flattened, after;
    size_t members; /* of the row read last: table->order has their columns */
};

/* Adds the schema's columns that are new, and widens those that no longer fit. */
static int plan_columns(struct captured_table *table, const struct table_schema *schema, struct error *error)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct schema_column *sent = &schema->columns[i];
        struct captured_column *column = table_column(table, sent->name);
        if (!column) {
            int result = table_add_column(table, slice_of(sent->name), &sent->type, sent->sent_as, error);
            if (result) return result;
            column = &table->columns[table->count - 1];
            if (sent->unheard)
                log_write(LOG_WARNING,
                          "%s: column %s has the type %s, which is not known here: its values are kept "
                          "as JSON text",
                          table->source_name, sent->name, sent->sent_as);
        }
        table->plan[i] = (size_t)(column - table->columns);
        if (column->storage != storage_of(sent->type.kind)) table_widen(table, column);
    }
    return 0;
}

/* Makes the plan from a schema block's columns to the table's. */
static int apply_schema(struct captured_table *table, const struct table_schema *schema, int64_t changed_at,
                        int64_t change_id, struct error *error)
{
    size_t *plan = realloc(table->plan, (schema->count ? schema->count : 1) * sizeof *plan);
    if (!plan) return error_memory(error);
    table->plan = plan;
    table->schema_id = 0;
    int result = plan_columns(table, schema, error);
    if (result) return result;
    if (lineage_follow(table, plan, schema->count, schema, changed_at, change_id, error)) return -1;
    for (size_t i = 0; i < schema->count; i++)
        if (lineage_retype(table, plan[i], &schema->columns[i], changed_at, change_id, error)) return -1;
    table->schema_id = schema->id;
    return 0;
}

/* The column of a member, guessed to stand where the schema (or the table) has its i-th. 1: refused. */
static int find_column(const struct row_reading *reading, struct slice name, size_t i,
                       struct planned_member *found, struct error *error)
{
    struct captured_table *table = reading->table;
    const struct table_schema *schema = reading->schema;
    for (size_t k = 0; schema && k < schema->count; k++) {
        size_t at = (i + k) % schema->count;
        if (!slice_is(name, schema->columns[at].name)) continue;
        *found = (struct planned_member){table->plan[at], at};
        return 0;
    }
    found->sent = NO_COLUMN;
    for (size_t k = 0; k < table->count; k++) {
        found->column = (i + k) % table->count;
        if (slice_is(name, table->columns[found->column].name)) return 0;
    }
    found->column = table->count;
    int result = table_add_column(table, name, &any, NULL, error);
    if (result == 0 && !schema) table_declare_type(table, &table->columns[found->column]);
    return result;
}

/* How to read its values. */
static const struct column_type *type_of(const struct row_reading *reading,
                                         const struct planned_member *member)
{
    const struct captured_column *column = &reading->table->columns[member->column];
    if (member->sent != NO_COLUMN) return &reading->schema->columns[member->sent].type;
    return column->declared ? &column->type : &any;
}

static int refuse_column(struct slice name, const char *problem, struct error *error)
{
    error_set(error, ERROR_SOURCE, "column %.*s: %s", (int)(name.size < 200 ? name.size : 200), name.at,
              problem);
    return 1;
}

/* Takes a value as value_of_token does, if it is of those that most are. */
static inline bool take_usual(const struct json_token *member, enum column_kind kind, struct value *value)
{
    if (member->kind == JSON_NUMBER && member->whole && (kind == KIND_ANY || kind == KIND_INTEGER)) {
        value_set_integer(value, member->integer);
        return true;
    }
    if (member->kind == JSON_STRING && !member->escaped && (kind == KIND_ANY || kind == KIND_TEXT)) {
        value_set_text(value, member->raw.at + 1, member->raw.size - 2);
        return true;
    }
    return false;
}

/* A value that is not of the usual ones. */
static int read_unusual(struct row_reading *reading, const struct json_token *member,
                        const struct column_type *type, struct value *value, struct error *error)
{
    const char *problem = value_of_token(member, type, reading->arena, value);
    /* What the user said of a column is no promise of its values. */
    if (problem &&
        (reading->schema || type->kind == KIND_ANY || value_of_token(member, &any, reading->arena, value)))
        return refuse_column(member->name, problem, error);
    return 0;
}

/* One member of a row: its value at its column, of those of the image. */
static inline int read_member(struct row_reading *reading, const struct json_token *member,
                              const struct planned_member *planned, bool after, struct value *values,
                              struct error *error)
{
    struct captured_column *column = &reading->table->columns[planned->column];
    const struct column_type *type = type_of(reading, planned);
    bool *there = after ? &column->in_after : &column->in_before;
    struct value *value = &values[planned->column];
    if (*there) return refuse_column(member->name, "it is there twice", error);
    *there = true;
    reading->table->order[reading->members++] = planned->column;
    if (!take_usual(member, type->kind, value) && read_unusual(reading, member, type, value, error)) return 1;
    if (!storage_holds(column->storage, value->type)) table_widen(reading->table, column);
    return 0;
}

/* Whether the row has the members that the plan was made for, so that their names need not be looked at. */
static bool is_planned(const struct row_plan *plan, const struct json_members *row, uint64_t schema_id)
{
    return row->layout && plan->layout == row->layout && plan->count == row->count &&
           plan->schema_id == schema_id;
}

static int read_members(struct row_reading *reading, const struct json_members *row, struct error *error)
{
    const bool after = reading->after;
    struct row_plan *plan = &reading->table->row_plans[after];
    uint64_t schema_id = reading->schema ? reading->schema->id : 0;
    bool planned = is_planned(plan, row, schema_id);
    if (!planned) {
        struct planned_member *members = realloc(plan->members, (row->count + 1) * sizeof *members);
        if (!members) return error_memory(error);
        *plan = (struct row_plan){.members = members};
    }
    reading->members = 0;
    for (size_t i = 0; i < row->count; i++) {
        const struct json_token *member = &row->all[i];
        if (reading->flattened && flattened_adds(member->name)) continue;
        int result =
            planned ? 0 : find_column(reading, member->name, reading->members, &plan->members[i], error);
        if (result) return result;
        struct value *values = after ? reading->table->after : reading->table->before;
        result = read_member(reading, member, &plan->members[i], after, values, error);
        if (result) return result;
    }
    if (row->cut) {
        error_set(error, ERROR_SOURCE, "a row of more than %d members", MOST_MEMBERS);
        return 1;
    }
    plan->layout = row->layout;
    plan->count = row->count;
    plan->schema_id = schema_id;
    return 0;
}

/* The row's members, `passed` if it has been read in passing. */
static int read_row(struct row_reading *reading, struct slice row, struct json_members passed,
                    struct error *error)
{
    if (!passed.all) {
        struct json_reader json;
        struct json_walk walk = {.json = &json, .arena = reading->arena};
        json_start(&json, row);
        if (json_walk_members(&walk, &passed)) {
            error_set(error, ERROR_SOURCE, "%s", json.problem);
            return 1;
        }
    }
    return read_members(reading, &passed, error);
}

static int read_images(struct row_reading *reading, const struct change *change, int64_t change_id,
                       struct error *error)
{
    struct captured_table *table = reading->table;
    int result = 0;
    if (change->before.at) result = read_row(reading, change->before, change->before_members, error);
    reading->after = true;
    if (result == 0 && change->after.at)
        result = read_row(reading, change->after, change->after_members, error);
    /* Without a schema the row itself shows the columns; a delete may leave some out. */
    if (result == 0 && !reading->schema && change->after.at)
        result =
            lineage_follow(table, table->order, reading->members, NULL, change->changed_at, change_id, error);
    return result;
}

/* Sets a column of a document's row, in the image that is being read. */
static int set_text(struct row_reading *reading, const char *name, enum column_kind kind, struct slice text,
                    struct error *error)
{
    struct captured_table *table = reading->table;
    const struct column_type type = {.kind = kind};
    struct captured_column *column = table_column(table, name);
    if (!column) {
        if (table_add_column(table, slice_of(name), &type, NULL, error)) return -1;
        column = &table->columns[table->count - 1];
    }
    size_t index = (size_t)(column - table->columns);
    *(reading->after ? &column->in_after : &column->in_before) = true;
    (reading->after ? table->after : table->before)[index] =
        (struct value){.type = text.at ? VALUE_TEXT : VALUE_NULL, .bytes = text};
    table->order[reading->members++] = index;
    return 0;
}

/* The id of a document: the message key's, else its own _id. Both are JSON text. */
static struct slice document_id(const struct message *message, struct slice document, struct arena *arena)
{
    struct json_reader json;
    struct slice name, raw, id = {0};
    if (message_key_member(message->key, "id", arena, &id)) return id;
    if (!document.at) return id;
    json_start(&json, document);
    if (json_open(&json, JSON_OBJECT)) return id;
    while (json_member(&json, arena, &name) == 1) {
        if (json_skip(&json, &raw)) break;
        if (slice_is(name, "_id")) return raw;
    }
    return id;
}

static int read_documents(struct row_reading *reading, const struct message *message,
                          const struct change *change, int64_t change_id, struct error *error)
{
    struct captured_table *table = reading->table;
    struct slice id = document_id(message, change->after.at ? change->after : change->before, reading->arena);
    if (change->op == 't') return 0;
    if (!id.at) {
        error_set(error, ERROR_SOURCE, "a document without _id and without a key");
        return 1;
    }
    for (int after = 0; after <= 1; after++) {
        struct slice document = after ? change->after : change->before;
        if (after ? change->op == 'd' : !document.at && change->op != 'd') continue;
        reading->after = after;
        reading->members = 0;
        if (set_text(reading, "id", KIND_TEXT, id, error) ||
            set_text(reading, "document", KIND_JSON, document, error) ||
            (after && change->update.at &&
             set_text(reading, "update_description", KIND_JSON, change->update, error)))
            return -1;
    }
    for (size_t i = 0; i < table->count; i++) table->order[i] = i;
    return lineage_follow(table, table->order, table->count, NULL, change->changed_at, change_id, error);
}

void rows_clear(struct captured_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        struct captured_column *column = &table->columns[i];
        table->before[i] = table->after[i] = (struct value){0};
        column->in_before = column->in_after = false;
        column->missing_before = column->missing_after = false;
        column->unknown_before = column->unknown_after = false;
    }
}

int rows_read(struct captured_table *table, const struct message *message, const struct change *change,
              const struct table_schema *schema, int64_t change_id, struct arena *arena, struct error *error)
{
    struct row_reading reading = {
        .table = table, .schema = schema, .arena = arena, .flattened = change->flattened};
    size_t known = table->count;
    int result = schema && schema->id != table->schema_id
                     ? apply_schema(table, schema, change->changed_at, change_id, error)
                     : 0;
    if (result > 0) table_forget_columns(table, known);
    rows_clear(table);
    if (result) return result;
    known = table->count;
    result = change->document ? read_documents(&reading, message, change, change_id, error)
                              : read_images(&reading, change, change_id, error);
    if (result > 0) table_forget_columns(table, known);
    return result;
}

bool key_read(const struct captured_table *table, struct slice key, struct arena *arena, struct value *values)
{
    struct json_reader json;
    struct slice name;
    size_t wanted = table_key_size(table), found = 0;
    if (!message_key_open(key, arena, &json)) return false;
    while (json_member(&json, arena, &name) == 1) {
        const struct captured_column *column = table_column_of(table, name);
        if (!column || !column->key) {
            if (json_skip(&json, NULL)) return false;
            continue;
        }
        bool typed = column->sent_as || column->declared;
        if (value_read(&json, typed ? &column->type : &any, arena, &values[column - table->columns]))
            return false;
        found++;
    }
    return wanted > 0 && found == wanted;
}
