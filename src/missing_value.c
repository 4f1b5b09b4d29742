#include "cdclite/missing_value.h"

#include "cdclite/json_reader.h"

/* Debezium's default of unavailable.value.placeholder, as it stands in columns of each type. */
static bool is_placeholder(const struct value *value)
{
    static const struct slice spellings[] = {
        SLICE_LITERAL("__debezium_unavailable_value"),
        SLICE_LITERAL("X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="),                 /* bytes in base64, */
        SLICE_LITERAL("X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ"),                   /* for URLs, */
        SLICE_LITERAL("5f5f646562657a69756d5f756e617661696c61626c655f76616c7565"), /* and in hex */
        SLICE_LITERAL("[\"__debezium_unavailable_value\"]"),                       /* arrays: of text, */
        SLICE_LITERAL("[\"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==\"]"),           /* of bytes, */
        SLICE_LITERAL("[\"b68a35a7-17ad-35b3-af2a-ae46edb4545a\"]"), /* of UUIDs: its name-based one, */
        /* and of numbers: its bytes */
        SLICE_LITERAL("[95,95,100,101,98,101,122,105,117,109,95,117,110,97,118,97,105,108,97,98,108,101,95,"
                      "118,97,108,117,"
                      "101]"),
        SLICE_LITERAL("{\"__debezium_unavailable_value\":\"__debezium_unavailable_value\"}"), /* a map */
    };
    enum { SHORTEST = sizeof "__debezium_unavailable_value" - 1 };
    if ((value->type != VALUE_TEXT && value->type != VALUE_BLOB) || value->bytes.size < SHORTEST)
        return false;
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        if (slice_equals(value->bytes, spellings[i])) return true;
    return false;
}

bool missing_values_suspected(const struct captured_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        if (is_placeholder(&table->after[i])) return true;
    return false;
}

/* False: nothing. */
static bool mark_update(struct captured_table *table)
{
    bool any = false;
    for (size_t i = 0; i < table->count; i++) {
        struct captured_column *column = &table->columns[i];
        if (column->in_before || !column->in_after) continue;
        any = column->missing_before = true;
        column->missing_after = is_placeholder(&table->after[i]);
    }
    return any;
}

/* Of a document the event has all or nothing; update_description is the event's own. */
static void mark_document_update(struct captured_table *table, const struct change *change)
{
    for (size_t i = 0; i < table->count; i++) {
        struct captured_column *column = &table->columns[i];
        if (!column->in_after || strcmp(column->name, "update_description") == 0) continue;
        column->missing_before = !column->in_before;
        column->missing_after = !change->after.at && strcmp(column->name, "document") == 0;
    }
}

static void mark_insert(struct captured_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        table->columns[i].missing_after = table->columns[i].in_after && is_placeholder(&table->after[i]);
}

static void mark_delete(struct captured_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        table->columns[i].missing_before = table->columns[i].in_before && !table->columns[i].key;
}

static void mark_placeholders(struct captured_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        struct captured_column *column = &table->columns[i];
        column->missing_before |= column->in_before && is_placeholder(&table->before[i]);
        column->missing_after |= column->in_after && is_placeholder(&table->after[i]);
    }
}

/* What is marked holds no value. */
static bool clear_marked(struct captured_table *table)
{
    bool any = false;
    for (size_t i = 0; i < table->count; i++) {
        const struct captured_column *column = &table->columns[i];
        any |= column->missing_before || column->missing_after;
        if (column->missing_before) table->before[i] = (struct value){0};
        if (column->missing_after) table->after[i] = (struct value){0};
    }
    return any;
}

bool missing_values_mark(struct captured_table *table, const struct change *change, bool keyed,
                         bool ends_key_change)
{
    bool marked = change->placeholders;
    if (change->op == 'u') {
        enum old_values old = change->before.at ? OLD_VALUES_CARRIED : OLD_VALUES_LEFT_OUT;
        if (table->old_values != old) table->facts_unsaved = true;
        table->old_values = old;
        if (change->document) {
            mark_document_update(table, change);
            marked = true;
        } else {
            marked |= mark_update(table);
        }
    } else if (change->op == 'c' && ends_key_change && table->old_values != OLD_VALUES_CARRIED) {
        mark_insert(table);
        marked = true;
    } else if (change->op == 'd' && keyed &&
               (change->document ? !change->before.at : table->old_values == OLD_VALUES_LEFT_OUT)) {
        mark_delete(table);
        marked = true;
    }
    if (change->placeholders) mark_placeholders(table);
    return marked && clear_marked(table);
}

static void list_name(struct buffer *list, const char *image, const struct captured_column *column)
{
    struct buffer name = {0};
    buffer_printf(&name, "%s_%s", image, column->column_name);
    buffer_char(list, list->size ? ',' : '[');
    buffer_json(list, buffer_view(&name));
    list->failed |= name.failed;
    buffer_free(&name);
}

void missing_values_list(const struct captured_table *table, bool unknown, struct buffer *list)
{
    buffer_clear(list);
    for (size_t i = 0; i < table->count; i++) {
        const struct captured_column *column = &table->columns[i];
        if (unknown ? column->unknown_before : column->missing_before) list_name(list, "before", column);
        if (unknown ? column->unknown_after : column->missing_after) list_name(list, "after", column);
    }
    if (list->size) buffer_char(list, ']');
}

int missing_values_read(const struct captured_table *table, struct slice list,
                        void (*found)(void *context, size_t column, bool after), void *context,
                        struct error *error)
{
    struct arena arena = {0};
    struct json_reader json;
    struct slice name;
    size_t next = 0; /* the list is in the order of the columns */
    if (!list.size) return 0;
    json_start(&json, list);
    if (json_open(&json, JSON_ARRAY)) return 0;
    while (json_element(&json) == 1 && json_string(&json, &arena, &name) == 0) {
        bool after = slice_starts(name, "after_");
        const char *prefix = after ? "after_" : "before_";
        if (!slice_starts(name, prefix)) continue;
        struct slice column = {name.at + strlen(prefix), name.size - strlen(prefix)};
        for (size_t k = 0; k < table->count; k++) {
            size_t at = (next + k) % table->count;
            if (!slice_is(column, table->columns[at].column_name)) continue;
            found(context, at, after);
            next = at;
            break;
        }
    }
    bool failed = arena.failed;
    arena_free(&arena);
    return failed ? error_memory(error) : 0;
}
