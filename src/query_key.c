#include "cdclite/json_reader.h"
#include "query_parts.h"

/* The texts of a key's values as they are read: one for each of the table's columns, absent for NULL. */
struct key_values {
    const struct captured_table *table;
    struct slice *texts;
    bool *given;
    struct arena arena;
};

/* How the key is written: "user_id,stock". */
static int refused(const struct query *query, const struct captured_table *table, const char *argument,
                   const char *why, struct error *error)
{
    enum { MOST_NAMES = 300 };
    struct buffer names = {0};
    size_t count = 0;
    for (size_t i = 0; i < table->count; i++)
        if (table->columns[i].key && names.size < MOST_NAMES)
            buffer_printf(&names, "%s%.100s", count++ ? ", " : "", table->columns[i].name);
    error_set(
        error, ERROR_USAGE,
        "%s: key=%.100s: %s; the key of %.100s is (%s): write the values with commas between, or where one "
        "holds a comma a JSON list or object of them",
        query->name, argument, why, table->name, buffer_string(&names));
    buffer_free(&names);
    return -1;
}

/* The nth key column, or the table's count behind the last one. */
static size_t key_column(const struct captured_table *table, size_t nth)
{
    size_t i = 0;
    while (i < table->count && (!table->columns[i].key || nth-- > 0)) i++;
    return i;
}

static const char *take(struct key_values *values, size_t column, struct slice text)
{
    if (column >= values->table->count) return "it has more values than the key";
    if (values->given[column]) return "it names a column twice";
    values->given[column] = true;
    values->texts[column] = text;
    return NULL;
}

/* A number is its digits as they are written, so nothing is rounded. */
static const char *read_json_value(struct json_reader *json, struct arena *arena, struct slice *text)
{
    enum json_kind kind = json_peek(json);
    *text = (struct slice){0};
    int result = kind == JSON_STRING   ? json_string(json, arena, text)
                 : kind == JSON_NUMBER ? json_number(json, text)
                 : kind == JSON_TRUE || kind == JSON_FALSE || kind == JSON_NULL ? json_literal(json, kind)
                                                                                : -1;
    if (kind == JSON_TRUE) *text = slice_of("1");
    if (kind == JSON_FALSE) *text = slice_of("0");
    return result ? "its values must be JSON strings, numbers, true, false or null" : NULL;
}

static const char *read_json(struct key_values *values, const char *argument)
{
    struct json_reader json;
    struct slice name, text;
    const char *why = NULL;
    bool object = *argument == '{';
    int more = 0;
    json_start(&json, slice_of(argument));
    if (json_open(&json, object ? JSON_OBJECT : JSON_ARRAY)) return "it is no JSON";
    for (size_t n = 0; !why; n++) {
        size_t column = key_column(values->table, n);
        more = object ? json_member(&json, &values->arena, &name) : json_element(&json);
        if (more != 1) break;
        for (column = object ? 0 : column; object && column < values->table->count; column++)
            if (values->table->columns[column].key && slice_is(name, values->table->columns[column].name))
                break;
        if (object && column == values->table->count) return "it names a column that is not of the key";
        why = read_json_value(&json, &values->arena, &text);
        if (!why) why = take(values, column, text);
    }
    return why ? why : more < 0 || json_finish(&json) ? "it is no JSON" : NULL;
}

static const char *read_list(struct key_values *values, const char *argument)
{
    const char *why = NULL;
    for (size_t n = 0; !why; n++) {
        size_t size = strcspn(argument, ",");
        why = take(values, key_column(values->table, n), (struct slice){argument, size});
        if (argument[size] == '\0') break;
        argument += size + 1;
    }
    return why;
}

int query_key_read(const struct query *query, const struct captured_table *table, const char *argument,
                   struct buffer *out, struct error *error)
{
    struct key_values values = {.table = table};
    const char *why;
    if (table_key_size(table) <= 1) {
        buffer_text(out, argument);
        return 0;
    }
    values.texts = arena_alloc(&values.arena, table->count * sizeof *values.texts);
    values.given = arena_zeroed(&values.arena, table->count * sizeof *values.given);
    if (!values.texts || !values.given) {
        arena_free(&values.arena);
        return error_memory(error);
    }
    why = *argument && strchr("[{", *argument) ? read_json(&values, argument) : read_list(&values, argument);
    for (size_t i = 0; i < table->count && !why; i++)
        if (table->columns[i].key && !values.given[i]) why = "a value is missing";
    for (size_t i = 0, n = 0; i < table->count && !why; i++) {
        if (!table->columns[i].key) continue;
        buffer_char(out, n++ ? ',' : '[');
        if (values.texts[i].at) {
            buffer_json(out, values.texts[i]);
        } else {
            buffer_text(out, "null");
        }
    }
    if (!why) buffer_char(out, ']');
    int result = why ? refused(query, table, argument, why, error) : 0;
    arena_free(&values.arena);
    return result;
}
