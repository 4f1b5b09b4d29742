#include "cdclite/captured_table.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cdclite/history.h"
#include "cdclite/log.h"

void table_forget_statements(struct captured_table *table)
{
    history_writer_close(table->writer);
    table->writer = NULL;
    sqlite3_finalize(table->select);
    sqlite3_finalize(table->state[0]);
    sqlite3_finalize(table->state[1]);
    table->select = table->state[0] = table->state[1] = NULL;
}

void table_free(struct captured_table *table)
{
    if (!table) return;
    for (size_t i = 0; i < table->count; i++) {
        free(table->columns[i].name);
        free(table->columns[i].column_name);
        buffer_free(&table->columns[i].text_name);
        free(table->columns[i].sent_as);
    }
    for (size_t i = 0; i < table->change_count; i++) {
        free(table->changes[i].default_sql);
        free(table->changes[i].old_sent_as);
    }
    table_forget_statements(table);
    free(table->changes);
    free(table->columns);
    free(table->before);
    free(table->after);
    free(table->plan);
    free(table->row_plans[0].members);
    free(table->row_plans[1].members);
    free(table->order);
    free(table->name);
    free(table->source_name);
    free(table->topic);
    free(table);
}

struct captured_table *table_new(const char *name, const char *source_name, struct slice topic)
{
    struct captured_table *table = calloc(1, sizeof *table);
    if (!table) return NULL;
    table->name = strdup(name);
    table->source_name = strdup(source_name);
    table->topic = strndup(topic.at ? topic.at : "", topic.size);
    table->last_partition = -1;
    if (table->name && table->source_name && table->topic) return table;
    table_free(table);
    return NULL;
}

struct captured_column *table_column_of(const struct captured_table *table, struct slice name)
{
    for (size_t i = 0; i < table->count; i++)
        if (slice_is(name, table->columns[i].name)) return &table->columns[i];
    return NULL;
}

struct captured_column *table_column(const struct captured_table *table, const char *name)
{
    return table_column_of(table, slice_of(name));
}

size_t table_column_at(const struct captured_table *table, size_t place)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->columns[i].present && table->columns[i].place == place) return i;
    return NO_COLUMN;
}

size_t table_key_size(const struct captured_table *table)
{
    size_t size = 0;
    for (size_t i = 0; i < table->count; i++) size += table->columns[i].key;
    return size;
}

bool table_has_key(const struct captured_table *table)
{
    return table_key_size(table) > 0;
}

const char operations[OPERATION_COUNT] = {'c', 'u', 'd', 'r', 't'};

void table_count(struct captured_table *table, char op)
{
    for (size_t i = 0; i < OPERATION_COUNT; i++)
        if (operations[i] == op) table->stored_by_operation[i]++;
}

struct captured_column *table_append_column(struct captured_table *table, const char *name,
                                            const char *column_name, struct error *error)
{
    size_t count = table->count + 1;
    struct captured_column *columns = realloc(table->columns, count * sizeof *columns);
    if (columns) table->columns = columns;
    struct value *before = realloc(table->before, count * sizeof *before);
    if (before) table->before = before;
    struct value *after = realloc(table->after, count * sizeof *after);
    if (after) table->after = after;
    size_t *order = realloc(table->order, count * sizeof *order);
    if (order) table->order = order;
    if (!columns || !before || !after || !order) {
        error_memory(error);
        return NULL;
    }
    struct captured_column *column = &columns[table->count];
    *column = (struct captured_column){.name = strdup(name), .column_name = strdup(column_name)};
    buffer_field(&column->text_name, slice_of(name));
    if (!column->name || !column->column_name || buffer_failed(&column->text_name)) {
        free(column->name);
        free(column->column_name);
        buffer_free(&column->text_name);
        error_memory(error);
        return NULL;
    }
    before[table->count] = after[table->count] = (struct value){0};
    table->count = count;
    return column;
}

void table_forget_columns(struct captured_table *table, size_t count)
{
    if (table->count > count) table->row_plans[0].layout = table->row_plans[1].layout = 0;
    while (table->count > count) {
        struct captured_column *column = &table->columns[--table->count];
        free(column->name);
        free(column->column_name);
        buffer_free(&column->text_name);
        free(column->sent_as);
    }
}

void table_declare_type(struct captured_table *table, struct captured_column *column)
{
    const struct table_type_choice *choice = table->type_choices;
    for (; choice && choice->table; choice++) {
        if (column->sent_as || strcasecmp(choice->table, table->name) != 0 ||
            strcmp(choice->column, column->name) != 0)
            continue;
        bool same = column->declared && column->type.kind == choice->type.kind &&
                    column->type.unit == choice->type.unit && column->type.scale == choice->type.scale;
        if (same) continue;
        column->type = choice->type;
        column->declared = column->unsaved = table->views_stale = true;
    }
}

struct column_change *table_append_change(struct captured_table *table, const char *default_sql,
                                          const char *old_sent_as, struct error *error)
{
    struct column_change *changes = realloc(table->changes, (table->change_count + 1) * sizeof *changes);
    if (changes) table->changes = changes;
    char *default_copy = default_sql ? strdup(default_sql) : NULL;
    char *sent_as_copy = old_sent_as ? strdup(old_sent_as) : NULL;
    if (!changes || (default_sql && !default_copy) || (old_sent_as && !sent_as_copy)) {
        free(default_copy);
        free(sent_as_copy);
        error_memory(error);
        return NULL;
    }
    struct column_change *change = &changes[table->change_count++];
    *change = (struct column_change){
        .renamed_from = NO_COLUMN, .default_sql = default_copy, .old_sent_as = sent_as_copy};
    return change;
}

void table_set_roles(struct captured_table *table)
{
    static const char *const holding[] = {"holding_id",       "user_id",          "holding_stock",
                                          "holding_quantity", "datetime_created", "datetime_updated"};
    enum { ESSENTIAL = 4, ALL = sizeof holding / sizeof *holding };
    const struct captured_column *created = table_column(table, "datetime_created");
    size_t found = 0, essential = 0;
    for (size_t i = 0; i < ALL; i++) {
        bool there = table_column(table, holding[i]) != NULL;
        found += there;
        essential += there && i < ESSENTIAL;
    }
    /* Settled once: a text log that has begun keeps its columns. */
    if (table->stored_count == 0)
        table->bundled = strcmp(table->name, "holding") == 0 && essential == ESSENTIAL;
    table->sale_views = table->bundled && found == ALL;
    table->created = created ? (size_t)(created - table->columns) : table->count;
    for (size_t i = 0; i < table->count; i++) {
        struct captured_column *column = &table->columns[i];
        const char *name = column->name;
        if (table->bundled) {
            column->identifying = strcmp(name, holding[0]) == 0 || strcmp(name, holding[1]) == 0;
            column->tracked = strcmp(name, holding[2]) == 0 || strcmp(name, holding[3]) == 0;
        } else {
            if (table->stored_count == 0) column->identifying = column->key;
            column->tracked = !column->identifying;
        }
    }
}

int column_set_sent_as(struct captured_column *column, const char *sent_as, struct error *error)
{
    free(column->sent_as);
    column->sent_as = sent_as ? strdup(sent_as) : NULL;
    return sent_as && !column->sent_as ? error_memory(error) : 0;
}

/* What is known of the tutorial's table without a schema block: its times are microseconds. */
static void declare_type(const struct captured_table *table, struct captured_column *column)
{
    if (strcmp(table->name, "holding") == 0 && column->type.kind == KIND_ANY &&
        column->type.unit == UNIT_NONE &&
        (strcmp(column->name, "datetime_created") == 0 || strcmp(column->name, "datetime_updated") == 0))
        column->type.unit = UNIT_TIMESTAMP_US;
}

/* The name here of a source column: SQLite's names differ by more than case, so `Id` beside `id` becomes
 * `Id_2`. */
static void choose_column_name(const struct captured_table *table, const char *name, struct buffer *chosen)
{
    for (int attempt = 1;; attempt++) {
        bool taken = false;
        buffer_clear(chosen);
        buffer_text(chosen, name);
        if (attempt > 1) buffer_printf(chosen, "_%d", attempt);
        for (size_t i = 0; i < table->count && !buffer_failed(chosen); i++)
            taken |= strcasecmp(table->columns[i].column_name, buffer_string(chosen)) == 0;
        if (!taken) return;
    }
}

int table_add_column(struct captured_table *table, struct slice name, const struct column_type *type,
                     const char *sent_as, struct error *error)
{
    if (name.size == 0 || memchr(name.at, '\0', name.size)) {
        error_set(error, ERROR_SOURCE, "a column's name is empty or holds a zero byte");
        return 1;
    }
    if (table->count == MOST_COLUMNS) {
        error_set(error, ERROR_SOURCE,
                  "the table has more than %d columns, which SQLite cannot hold twice over", MOST_COLUMNS);
        return 1;
    }
    struct buffer text = {0}, chosen = {0};
    struct captured_column *column = NULL;
    buffer_slice(&text, name);
    choose_column_name(table, buffer_string(&text), &chosen);
    if (buffer_failed(&text) || buffer_failed(&chosen)) {
        error_memory(error);
    } else {
        column = table_append_column(table, buffer_string(&text), buffer_string(&chosen), error);
    }
    buffer_free(&text);
    buffer_free(&chosen);
    if (!column) return -1;
    column->type = *type;
    column->storage = storage_of(type->kind);
    column->unsaved = true;
    declare_type(table, column);
    return column_set_sent_as(column, sent_as, error);
}

void table_widen(struct captured_table *table, struct captured_column *column)
{
    if (column->storage == STORAGE_ANY) return;
    column->storage = STORAGE_ANY;
    column->unsaved = true;
    table->retyped = true;
    log_write(LOG_INFO, "%s: column %s changed its type; its history columns are now ANY", table->source_name,
              column->name);
}
