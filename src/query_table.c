#include <stdlib.h>

#include "cdclite/suggest.h"
#include "query_parts.h"

const struct query_parameter *query_table_parameter(const struct query *query)
{
    for (size_t i = 0; i < query->parameter_count; i++)
        if (query->parameters[i].type == PARAMETER_TABLE) return &query->parameters[i];
    return NULL;
}

/* The value of the first argument for a parameter, NULL when it is not given. */
static const char *argument_of(const struct query_parameter *parameter, const char *const *arguments,
                               size_t count)
{
    size_t size = strlen(parameter->name);
    for (size_t i = 0; i < count; i++)
        if (strncmp(arguments[i], parameter->name, size) == 0 && arguments[i][size] == '=')
            return arguments[i] + size + 1;
    return NULL;
}

bool query_names_table(const struct query *query, const char *const *arguments, size_t count)
{
    const struct query_parameter *parameter = query_table_parameter(query);
    return parameter && argument_of(parameter, arguments, count);
}

/* "; did you mean x? There are x, y": as many as fit in an error's line. */
static int unknown(const struct query *query, const struct catalog *catalog, const char *name,
                   struct error *error)
{
    enum { MOST_NAMES = 500 };
    size_t count = catalog_count(catalog), i;
    struct buffer list = {0};
    const char **names = calloc(2 * count + 1, sizeof *names);
    if (!names) return error_memory(error);
    for (i = 0; i < count; i++) {
        names[i] = catalog_at(catalog, i)->name;
        names[count + i] = catalog_at(catalog, i)->source_name;
    }
    const char *near = suggest(name, names);
    for (i = 0; i < count && list.size + strlen(names[i]) < MOST_NAMES; i++)
        buffer_printf(&list, "%s%s", i ? ", " : "", names[i]);
    if (i < count) buffer_printf(&list, "%s%zu more", i ? " and " : "", count - i);
    error_set(error, ERROR_USAGE, "%s: no table '%.100s'%s%.200s%s (%s%s)", query->name, name,
              near ? ", did you mean " : "", near ? near : "", near ? "?" : "",
              count ? "there are " : "none has been loaded yet", buffer_string(&list));
    buffer_free(&list);
    free(names);
    return -1;
}

/* By name or source name; ERROR_USAGE, with the near name and all names, for a table that is not there. */
static int find_table(const struct query *query, const struct catalog *catalog, const char *name,
                      struct captured_table **table, struct error *error)
{
    *table = catalog_named(catalog, name);
    for (size_t i = 0; i < catalog_count(catalog) && !*table; i++)
        if (strcmp(catalog_at(catalog, i)->source_name, name) == 0) *table = catalog_at(catalog, i);
    return *table ? 0 : unknown(query, catalog, name, error);
}

static int fill_key(const struct query *query, const struct captured_table *table, size_t count,
                    struct query_filled *filled, struct error *error)
{
    for (size_t i = 0; i < query->parameter_count; i++) {
        const struct query_parameter *parameter = &query->parameters[i];
        const char *value = argument_of(parameter, filled->arguments, count);
        if (parameter->type != PARAMETER_KEY || !value) continue;
        buffer_printf(&filled->key, "%s=", parameter->name);
        if (query_key_read(query, table, value, &filled->key, error)) return -1;
        for (size_t k = 0; k < count; k++)
            if (filled->arguments[k] + strlen(parameter->name) + 1 == value)
                filled->arguments[k] = buffer_string(&filled->key);
        return buffer_failed(&filled->key) ? error_memory(error) : 0;
    }
    return 0;
}

int query_fill(struct sqlite3 *db, const struct query *query, const char *const *arguments, size_t count,
               struct query_filled *filled, struct error *error)
{
    struct catalog *catalog = NULL;
    struct captured_table *table = NULL;
    const struct query_parameter *parameter = query_table_parameter(query);
    *filled = (struct query_filled){.query = *query};
    if (!parameter) return 0;
    const char *name = argument_of(parameter, arguments, count);
    int result = catalog_open(db, NULL, &catalog, error);
    if (result == 0 && name) result = find_table(query, catalog, name, &table, error);
    if (result == 0) result = query_template_expand(db, query, catalog, table, &filled->sql, error);
    filled->query.sql = buffer_string(&filled->sql);
    if (result == 0) {
        filled->arguments = calloc(count + 1, sizeof *filled->arguments);
        if (!filled->arguments) result = error_memory(error);
        for (size_t i = 0; i < count && result == 0; i++) filled->arguments[i] = arguments[i];
    }
    if (result == 0 && table) result = fill_key(query, table, count, filled, error);
    catalog_close(catalog);
    return result;
}

void query_filled_free(struct query_filled *filled)
{
    buffer_free(&filled->sql);
    buffer_free(&filled->key);
    free(filled->arguments);
}

int query_expand(struct sqlite3 *db, const struct query *query, const char *const *arguments, size_t count,
                 struct buffer *sql, struct error *error)
{
    struct query_filled filled;
    int result = query_fill(db, query, arguments, count, &filled, error);
    if (result == 0) buffer_text(sql, filled.query.sql);
    query_filled_free(&filled);
    return result == 0 && buffer_failed(sql) ? error_memory(error) : result;
}
