#include "cdclite/table_schema.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "cdclite/decimal.h"
#include "cdclite/flattened.h"

/* A topic has one block at a time; more than this many kept means a stream made to be slow, not a schema
 * history. */
enum { MOST_KEPT = 64 };

struct entry {
    struct entry *next;
    struct slice text;
    uint64_t number; /* of the block that it came as last */
    struct table_schema schema;
};

struct schema_cache {
    struct entry *entries; /* the one found last stands first */
    size_t count;
    uint64_t next_id;
};

struct schema_cache *schema_cache_open(void)
{
    return calloc(1, sizeof(struct schema_cache));
}

static void entry_free(struct entry *entry)
{
    for (size_t i = 0; i < entry->schema.count; i++) {
        free(entry->schema.columns[i].name);
        free(entry->schema.columns[i].sent_as);
        free(entry->schema.columns[i].otherwise);
    }
    free(entry->schema.columns);
    free((char *)entry->text.at);
    free(entry);
}

void schema_cache_close(struct schema_cache *cache)
{
    if (!cache) return;
    while (cache->entries) {
        struct entry *entry = cache->entries;
        cache->entries = entry->next;
        entry_free(entry);
    }
    free(cache);
}

static const char *text_member(json_object *object, const char *name)
{
    json_object *member;
    if (!json_object_object_get_ex(object, name, &member) || !json_object_is_type(member, json_type_string))
        return "";
    return json_object_get_string(member);
}

/* A Decimal's scale, which Connect sends as a text; false when it is not said: then nobody knows the number.
 */
static bool decimal_scale(json_object *field, int32_t *scale)
{
    json_object *parameters = NULL;
    char *end;
    json_object_object_get_ex(field, "parameters", &parameters);
    const char *text = text_member(parameters, "scale");
    long number = strtol(text, &end, 10);
    *scale = (int32_t)number;
    return *text && !*end && number >= -DECIMAL_SCALE && number <= DECIMAL_SCALE;
}

/* "Data types" of Debezium's PostgreSQL connector documentation, and Connect's own logical types. */
static struct column_type column_type_of(json_object *field)
{
    static const struct {
        const char *name;
        struct column_type type;
    } semantic[] = {
        {"io.debezium.time.Date", {KIND_INTEGER, UNIT_DAYS, 0}},
        {"io.debezium.time.Timestamp", {KIND_INTEGER, UNIT_TIMESTAMP_MS, 0}},
        {"io.debezium.time.MicroTimestamp", {KIND_INTEGER, UNIT_TIMESTAMP_US, 0}},
        {"io.debezium.time.NanoTimestamp", {KIND_INTEGER, UNIT_TIMESTAMP_NS, 0}},
        {"io.debezium.time.Time", {KIND_INTEGER, UNIT_TIME_MS, 0}},
        {"io.debezium.time.MicroTime", {KIND_INTEGER, UNIT_TIME_US, 0}},
        {"io.debezium.time.NanoTime", {KIND_INTEGER, UNIT_TIME_NS, 0}},
        {"org.apache.kafka.connect.data.Date", {KIND_INTEGER, UNIT_DAYS, 0}},
        {"org.apache.kafka.connect.data.Time", {KIND_INTEGER, UNIT_TIME_MS, 0}},
        {"org.apache.kafka.connect.data.Timestamp", {KIND_INTEGER, UNIT_TIMESTAMP_MS, 0}},
        {"org.apache.kafka.connect.data.Decimal", {KIND_DECIMAL, UNIT_NONE, 0}},
        {"io.debezium.data.VariableScaleDecimal", {KIND_VARIABLE_DECIMAL, UNIT_NONE, 0}},
    };
    static const struct {
        const char *name;
        enum column_kind kind;
    } plain[] = {
        {"int8", KIND_INTEGER},  {"int16", KIND_INTEGER},   {"int32", KIND_INTEGER}, {"int64", KIND_INTEGER},
        {"float32", KIND_FLOAT}, {"float64", KIND_FLOAT},   {"float", KIND_FLOAT},   {"double", KIND_FLOAT},
        {"string", KIND_TEXT},   {"boolean", KIND_BOOLEAN}, {"bytes", KIND_BYTES},
    };
    const char *name = text_member(field, "name"), *type = text_member(field, "type");
    for (size_t i = 0; i < sizeof semantic / sizeof *semantic; i++) {
        if (strcmp(semantic[i].name, name) != 0) continue;
        struct column_type found = semantic[i].type;
        if (found.kind == KIND_DECIMAL && !decimal_scale(field, &found.scale)) break;
        return found;
    }
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strcmp(plain[i].name, type) == 0) return (struct column_type){.kind = plain[i].kind};
    return (struct column_type){.kind = KIND_JSON};
}

/* Connect's types that have no kind of their own are JSON text all the same; of others nobody has heard. */
static bool is_known(const char *type)
{
    static const char *const composed[] = {"array", "map", "struct", NULL};
    for (const char *const *name = composed; *name; name++)
        if (strcmp(*name, type) == 0) return true;
    return false;
}

/* The fields of the envelope's row: after's, else before's; else those of a flattened row. NULL when the
 * block describes something else. */
static json_object *row_fields(json_object *block, bool *flattened)
{
    json_object *fields, *row, *found = NULL;
    if (!json_object_object_get_ex(block, "fields", &fields) || !json_object_is_type(fields, json_type_array))
        return NULL;
    for (size_t i = 0; i < json_object_array_length(fields); i++) {
        json_object *field = json_object_array_get_idx(fields, i);
        const char *name = text_member(field, "field");
        bool is_after = strcmp(name, "after") == 0;
        if (!is_after && (found || strcmp(name, "before") != 0)) continue;
        if (json_object_object_get_ex(field, "fields", &row) && json_object_is_type(row, json_type_array))
            found = row;
    }
    *flattened = !found && flattened_row_name(slice_of(text_member(block, "name"))).at;
    return *flattened ? fields : found;
}

static int read_column(json_object *field, struct schema_column *column, struct error *error)
{
    char sent_as[512];
    const char *semantic = text_member(field, "name"), *type = text_member(field, "type");
    json_object *otherwise = NULL;
    column->type = column_type_of(field);
    column->unheard = column->type.kind == KIND_JSON && !is_known(type);
    snprintf(sent_as, sizeof sent_as, "%s%s%s", type, *semantic ? " " : "", semantic);
    column->name = strdup(text_member(field, "field"));
    column->sent_as = strdup(sent_as);
    if (json_object_object_get_ex(field, "default", &otherwise) && otherwise) {
        const char *text = json_object_to_json_string_ext(otherwise, JSON_C_TO_STRING_PLAIN);
        column->otherwise = text ? strdup(text) : NULL;
        if (!column->otherwise) return error_memory(error);
    }
    return column->name && column->sent_as ? 0 : error_memory(error);
}

static int read_columns(json_object *fields, bool flattened, struct table_schema *schema, struct error *error)
{
    size_t count = json_object_array_length(fields);
    schema->columns = calloc(count ? count : 1, sizeof *schema->columns);
    if (!schema->columns) return error_memory(error);
    for (size_t i = 0; i < count; i++) {
        json_object *field = json_object_array_get_idx(fields, i);
        const char *name = text_member(field, "field");
        if (!*name) {
            error_set(error, ERROR_SOURCE, "the schema block has a column without a name");
            return 1;
        }
        if (flattened && flattened_adds(slice_of(name))) continue;
        for (size_t k = 0; k < schema->count; k++)
            if (strcmp(schema->columns[k].name, name) == 0) {
                error_set(error, ERROR_SOURCE, "the schema block has the column %.200s twice", name);
                return 1;
            }
        if (read_column(field, &schema->columns[schema->count++], error)) return -1;
    }
    return 0;
}

static int read_block(struct slice text, struct table_schema *schema, struct error *error)
{
    if (text.size > INT32_MAX) {
        error_set(error, ERROR_SOURCE, "the schema block is too large");
        return 1;
    }
    struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH);
    if (!tokener) return error_memory(error);
    errno = 0;
    json_object *block = json_tokener_parse_ex(tokener, text.at, (int)text.size);
    bool flattened;
    json_object *fields = block ? row_fields(block, &flattened) : NULL;
    int result = 1;
    if (!block) {
        error_set(error, ERROR_SOURCE, "the schema block cannot be read: %s",
                  json_tokener_error_desc(json_tokener_get_error(tokener)));
    } else if (!fields) {
        error_set(error, ERROR_SOURCE, "the schema block describes no row");
    } else {
        result = read_columns(fields, flattened, schema, error);
    }
    /* Without memory json-c calls the JSON broken, or leaves a part of it away. */
    if (errno == ENOMEM) result = error_memory(error);
    json_object_put(block);
    json_tokener_free(tokener);
    return result;
}

static void forget_oldest(struct schema_cache *cache)
{
    struct entry **link = &cache->entries;
    while (*link && (*link)->next) link = &(*link)->next;
    if (!*link) return;
    entry_free(*link);
    *link = NULL;
    cache->count--;
}

int schema_cache_find(struct schema_cache *cache, struct slice block, uint64_t number,
                      const struct table_schema **schema, struct error *error)
{
    for (struct entry **link = &cache->entries; *link; link = &(*link)->next) {
        struct entry *entry = *link;
        if ((!number || entry->number != number) && !slice_equals(entry->text, block)) continue;
        entry->number = number;
        *link = entry->next;
        entry->next = cache->entries;
        cache->entries = entry;
        *schema = &entry->schema;
        return 0;
    }
    struct entry *entry = calloc(1, sizeof *entry);
    if (!entry) return error_memory(error);
    entry->text.at = malloc(block.size);
    if (!entry->text.at) {
        free(entry);
        return error_memory(error);
    }
    memcpy((char *)entry->text.at, block.at, block.size);
    entry->text.size = block.size;
    int result = read_block(entry->text, &entry->schema, error);
    if (result) {
        entry_free(entry);
        return result;
    }
    entry->number = number;
    entry->schema.id = ++cache->next_id;
    entry->next = cache->entries;
    cache->entries = entry;
    if (++cache->count > MOST_KEPT) forget_oldest(cache);
    *schema = &entry->schema;
    return 0;
}
