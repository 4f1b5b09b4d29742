#include "cdclite/column_lineage.h"

#include <stdlib.h>

#include "cdclite/arena.h"
#include "cdclite/buffer.h"

/* Whether an event stands before a change of the table's shape: by arrival where that is an order, else by
 * commit time. lineage_sql.c says the same in SQL. */
static bool is_before(const struct captured_table *table, const struct column_change *change,
                      int64_t changed_at, int64_t change_id)
{
    if (table->many_partitions && changed_at != change->changed_at) return changed_at < change->changed_at;
    return change_id < change->change_id;
}

static struct column_change *note(struct captured_table *table, enum column_event event, size_t column,
                                  const char *default_text, const char *old_sent_as, int64_t changed_at,
                                  int64_t change_id, struct error *error)
{
    struct column_change *change = table_append_change(table, default_text, old_sent_as, error);
    if (!change) return NULL;
    change->event = event;
    change->column = column;
    change->changed_at = changed_at;
    change->change_id = change_id;
    if (changed_at > table->shape_at) table->shape_at = changed_at;
    table->views_stale = true;
    return change;
}

/* A column's default as an SQL literal in `sql`; empty where there is none. */
static int default_sql(const struct schema_column *sent, struct buffer *sql, struct error *error)
{
    struct arena arena = {0};
    struct json_reader json;
    struct value value = {0};
    if (!sent || !sent->otherwise) return 0;
    json_start(&json, slice_of(sent->otherwise));
    if (value_read(&json, &sent->type, &arena, &value) == 0 && value.type != VALUE_NULL)
        value_literal(&value, sql);
    bool failed = arena.failed || buffer_failed(sql);
    arena_free(&arena);
    return failed ? error_memory(error) : 0;
}

/* The columns that the table has, in their order; NULL when memory ran out. */
static size_t *columns_before(const struct captured_table *table)
{
    size_t *columns = calloc(table->present_count + 1, sizeof *columns);
    for (size_t place = 0; columns && place < table->present_count; place++)
        columns[place] = table_column_at(table, place);
    return columns;
}

static bool is_among(size_t column, const size_t *columns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (columns[i] == column) return true;
    return false;
}

static bool same_type(const struct captured_column *a, const struct captured_column *b)
{
    return a->type.kind == b->type.kind && a->type.unit == b->type.unit && a->type.scale == b->type.scale;
}

/* The vanished column that columns[at], which appeared, is likely the new name of; NO_COLUMN for none. */
static size_t renamed_from(const struct captured_table *table, const size_t *old, const size_t *columns,
                           size_t count, size_t at, bool has_default)
{
    const struct captured_column *all = table->columns;
    size_t first = at, last = at + 1; /* the appeared columns around it: columns[first..last) */
    while (first > 0 && !all[columns[first - 1]].present) first--;
    while (last < count && !all[columns[last]].present) last++;
    size_t from = first > 0 ? all[columns[first - 1]].place + 1 : 0;
    size_t to = last < count ? all[columns[last]].place : table->present_count;
    if (from >= to || to - from != last - first) return NO_COLUMN;
    for (size_t i = from; i < to; i++)
        if (is_among(old[i], columns, count)) return NO_COLUMN; /* the order itself has changed */
    size_t origin = old[from + at - first];
    if (last < count) return origin;
    /* Behind the last column a new one may stand as well: then only one that is alike is taken for renamed.
     */
    bool alike = first > 0 && !has_default && same_type(&all[origin], &all[columns[at]]);
    return alike ? origin : NO_COLUMN;
}

static int note_appeared(struct captured_table *table, const size_t *columns, size_t count,
                         const struct table_schema *schema, int64_t changed_at, int64_t change_id,
                         struct error *error)
{
    struct buffer sql = {0};
    size_t *old = columns_before(table);
    int result = old ? 0 : error_memory(error);
    for (size_t i = 0; i < count && result == 0; i++) {
        if (table->columns[columns[i]].present) continue;
        buffer_clear(&sql);
        result = default_sql(schema ? &schema->columns[i] : NULL, &sql, error);
        if (result) break;
        size_t origin = renamed_from(table, old, columns, count, i, sql.size > 0);
        struct column_change *change = note(table, COLUMN_APPEARED, columns[i],
                                            sql.size && origin == NO_COLUMN ? buffer_string(&sql) : NULL,
                                            NULL, changed_at, change_id, error);
        if (change) change->renamed_from = origin;
        result = change ? 0 : -1;
    }
    buffer_free(&sql);
    free(old);
    return result;
}

/* That a column is gone changes no value, but tells which events are older than the table as it is. */
static int note_vanished(struct captured_table *table, const size_t *columns, size_t count,
                         int64_t changed_at, int64_t change_id, struct error *error)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->columns[i].present && !is_among(i, columns, count) &&
            !note(table, COLUMN_VANISHED, i, NULL, NULL, changed_at, change_id, error))
            return -1;
    return 0;
}

int lineage_follow(struct captured_table *table, const size_t *columns, size_t count,
                   const struct table_schema *schema, int64_t changed_at, int64_t change_id,
                   struct error *error)
{
    bool first = table->present_count == 0, same = count == table->present_count;
    for (size_t i = 0; i < count && same; i++)
        same = table->columns[columns[i]].present && table->columns[columns[i]].place == i;
    if (same || (!first && changed_at < table->shape_at)) return 0;
    if (!first && (note_appeared(table, columns, count, schema, changed_at, change_id, error) ||
                   note_vanished(table, columns, count, changed_at, change_id, error)))
        return -1;
    for (size_t i = 0; i < table->count; i++) {
        table->columns[i].present = false;
        table->columns[i].unsaved = true;
    }
    for (size_t i = 0; i < count; i++) {
        table->columns[columns[i]].present = true;
        table->columns[columns[i]].place = i;
    }
    table->present_count = count;
    table->views_stale = true;
    return 0;
}

int lineage_retype(struct captured_table *table, size_t index, const struct schema_column *sent,
                   int64_t changed_at, int64_t change_id, struct error *error)
{
    struct captured_column *column = &table->columns[index];
    bool same = column->sent_as && strcmp(column->sent_as, sent->sent_as) == 0 &&
                column->type.scale == sent->type.scale;
    if (same || (column->sent_as && changed_at < table->shape_at)) return 0;
    /* That schemas are sent from now on alters no table, but the text has spelled its times as numbers. */
    if (column->sent_as || column->type.unit != sent->type.unit) {
        struct column_change *change =
            note(table, COLUMN_RETYPED, index, NULL, column->sent_as, changed_at, change_id, error);
        if (!change) return -1;
        change->old_type = column->type;
    }
    column->type = sent->type;
    column->unsaved = true;
    table->views_stale = true; /* they spell times by their unit */
    return column_set_sent_as(column, sent->sent_as, error);
}

const struct column_type *lineage_type_at(const struct captured_table *table, size_t column,
                                          int64_t changed_at, int64_t change_id)
{
    for (size_t i = 0; i < table->change_count; i++) {
        const struct column_change *change = &table->changes[i];
        if (change->event == COLUMN_RETYPED && change->column == column &&
            is_before(table, change, changed_at, change_id))
            return &change->old_type;
    }
    return &table->columns[column].type;
}
