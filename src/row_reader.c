#include "cdclite/row_reader.h"

#include <stdlib.h>

#include "cdclite/json_reader.h"

/* Makes the plan from a schema block's columns to the table's, adding and widening columns on the way. */
static int apply_schema(struct captured_table *table, const struct table_schema *schema, struct error *error)
{
    size_t *plan = realloc(table->plan, (schema->count ? schema->count : 1) * sizeof *plan);
    if (!plan) return error_memory(error);
    table->plan = plan;
    table->schema_id = 0;
    for (size_t i = 0; i < schema->count; i++) {
        const struct schema_column *sent = &schema->columns[i];
        struct captured_column *column = table_column(table, sent->name);
        if (!column) {
            int result = table_add_column(table, slice_of(sent->name), &sent->type, sent->sent_as, error);
            if (result) return result;
            column = &table->columns[table->count - 1];
        }
        plan[i] = (size_t)(column - table->columns);
        if (column->sent_as && strcmp(column->sent_as, sent->sent_as) == 0) continue;
        if (column->storage != storage_of(sent->type.kind)) table_widen(table, column);
        column->type = sent->type;
        column->unsaved = true;
        table->views_stale = true; /* they spell times by their unit */
        if (column_set_sent_as(column, sent->sent_as, error)) return -1;
    }
    table->schema_id = schema->id;
    return 0;
}

/* One row image: `values` gets the columns that stand in `row`, the others stay NULL. */
struct row_reading {
    struct captured_table *table;
    const struct table_schema *schema;
    struct arena *arena;
    bool after;
};

/* The column of a member, guessed to stand where the schema (or the table) has its i-th. *type becomes how to
 * read it. 1: refused. */
static int find_column(const struct row_reading *reading, struct slice name, size_t i, size_t *index,
                       struct column_type *type, struct error *error)
{
    static const struct column_type any = {.kind = KIND_ANY};
    struct captured_table *table = reading->table;
    const struct table_schema *schema = reading->schema;
    *type = any;
    if (schema) {
        for (size_t k = 0; k < schema->count; k++) {
            size_t at = (i + k) % schema->count;
            if (!slice_is(name, schema->columns[at].name)) continue;
            *index = table->plan[at];
            *type = schema->columns[at].type;
            return 0;
        }
    }
    for (size_t k = 0; k < table->count; k++) {
        size_t at = (i + k) % table->count;
        if (!slice_is(name, table->columns[at].name)) continue;
        *index = at;
        return 0;
    }
    *index = table->count;
    return table_add_column(table, name, &any, NULL, error);
}

static int read_row(const struct row_reading *reading, struct slice row, struct error *error)
{
    struct captured_table *table = reading->table;
    struct json_reader json;
    struct slice name;
    struct column_type type;
    size_t index;
    int more;
    json_start(&json, row);
    if (json_open(&json, JSON_OBJECT)) goto refused;
    for (size_t i = 0; (more = json_member(&json, reading->arena, &name)) == 1; i++) {
        int result = find_column(reading, name, i, &index, &type, error);
        if (result) return result;
        struct value *value = &(reading->after ? table->after : table->before)[index];
        *(reading->after ? &table->columns[index].in_after : &table->columns[index].in_before) = true;
        if (value_read(&json, &type, reading->arena, value)) {
            error_set(error, ERROR_SOURCE, "column %.*s: %s", (int)(name.size < 200 ? name.size : 200),
                      name.at, json.problem);
            return 1;
        }
        if (!storage_holds(table->columns[index].storage, value->type))
            table_widen(table, &table->columns[index]);
    }
    if (more == 0) return 0;
refused:
    error_set(error, ERROR_SOURCE, "%s", json.problem);
    return 1;
}

int rows_read(struct captured_table *table, const struct change *change, const struct table_schema *schema,
              struct arena *arena, struct error *error)
{
    struct row_reading reading = {.table = table, .schema = schema, .arena = arena};
    int result = schema && schema->id != table->schema_id ? apply_schema(table, schema, error) : 0;
    for (size_t i = 0; i < table->count; i++) {
        table->before[i] = table->after[i] = (struct value){0};
        table->columns[i].in_before = table->columns[i].in_after = false;
    }
    if (result == 0 && change->before.at) result = read_row(&reading, change->before, error);
    reading.after = true;
    if (result == 0 && change->after.at) result = read_row(&reading, change->after, error);
    return result;
}
