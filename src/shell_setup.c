#include "cdclite/shell_setup.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/database.h"
#include "cdclite/suggest.h"

/* Every parameter of the queries, each name once. */
struct parameters {
    const struct query_parameter **all;
    const struct query **owners; /* the first query that has it */
    size_t count;
};

static void collect(const struct query_set *set, struct parameters *parameters)
{
    for (size_t i = 0; i < query_count(set); i++) {
        const struct query *query = query_at(set, i);
        for (size_t k = 0; k < query->parameter_count; k++) {
            const struct query_parameter *parameter = &query->parameters[k];
            bool known = parameter->type == PARAMETER_TABLE; /* no value: the query is filled in for it */
            for (size_t n = 0; n < parameters->count && !known; n++)
                known = strcmp(parameters->all[n]->name, parameter->name) == 0;
            if (known) continue;
            parameters->all[parameters->count] = parameter;
            parameters->owners[parameters->count++] = query;
        }
    }
}

static int collect_all(const struct query_set *set, struct parameters *parameters, struct error *error)
{
    size_t most = 0;
    for (size_t i = 0; i < query_count(set); i++) most += query_at(set, i)->parameter_count;
    parameters->all = calloc(most + 1, sizeof *parameters->all);
    parameters->owners = calloc(most + 1, sizeof *parameters->owners);
    if (!parameters->all || !parameters->owners) return error_memory(error);
    collect(set, parameters);
    return 0;
}

static bool names(const char *argument, const char *name)
{
    size_t size = strlen(name);
    return strncmp(argument, name, size) == 0 && argument[size] == '=';
}

static int unknown(const struct parameters *parameters, const char *argument, struct error *error)
{
    char given[64];
    const char **all = calloc(parameters->count + 1, sizeof *all);
    if (!all) return error_memory(error);
    for (size_t i = 0; i < parameters->count; i++) all[i] = parameters->all[i]->name;
    snprintf(given, sizeof given, "%.*s", (int)strcspn(argument, "="), argument);
    const char *near = strchr(argument, '=') ? suggest(given, all) : NULL;
    error_set(error, ERROR_USAGE, "'%.100s' sets no parameter of a query%s%s%s", argument,
              near ? "; did you mean " : " (write name=value; cdclite query lists them)", near ? near : "",
              near ? "=?" : "");
    free(all);
    return -1;
}

/* Whether each argument sets a parameter, to a value that it may have. */
static int check(const struct parameters *parameters, const char *const *arguments, size_t count,
                 struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        size_t n = 0;
        while (n < parameters->count && !names(arguments[i], parameters->all[n]->name)) n++;
        if (n == parameters->count) return unknown(parameters, arguments[i], error);
        /* Of that query the other parameters may be missing. */
        struct query alone = *parameters->owners[n];
        struct query_parameter parameter = *parameters->all[n];
        parameter.required = false;
        alone.parameters = &parameter;
        alone.parameter_count = 1;
        if (query_check(&alone, &arguments[i], 1, error)) return -1;
    }
    return 0;
}

/* As `cdclite query` binds it: a parameter of no type is an integer if it is spelled like one. */
static void append_value(struct buffer *out, const struct query_parameter *parameter, const char *value)
{
    struct buffer text = {0};
    buffer_literal(&text, value);
    if (parameter->type == PARAMETER_INTEGER) {
        buffer_printf(out, "CAST(%s AS INTEGER)", buffer_string(&text));
    } else if (parameter->type == PARAMETER_ANY) {
        buffer_printf(out, "iif(CAST(CAST(%s AS INTEGER) AS TEXT) = %s, CAST(%s AS INTEGER), %s)",
                      buffer_string(&text), buffer_string(&text), buffer_string(&text), buffer_string(&text));
    } else {
        buffer_text(out, buffer_string(&text));
    }
    out->failed |= buffer_failed(&text);
    buffer_free(&text);
}

int shell_setup(const struct query_set *set, const char *const *arguments, size_t count, struct buffer *out,
                struct error *error)
{
    struct parameters parameters = {0};
    struct buffer name = {0};
    int result = collect_all(set, &parameters, error);
    if (result == 0) result = check(&parameters, arguments, count, error);
    if (result == 0) buffer_text(out, ".headers on\n.mode box\n.parameter init\n");
    for (size_t i = 0; i < parameters.count && result == 0; i++) {
        const char *value = NULL;
        for (size_t k = 0; k < count; k++)
            if (names(arguments[k], parameters.all[i]->name)) value = arguments[k];
        /* Not by .parameter set, which has quoting of its own and takes no NULL in some versions. */
        buffer_clear(&name);
        buffer_printf(&name, ":%s", parameters.all[i]->name);
        buffer_text(out, "REPLACE INTO temp.sqlite_parameters VALUES(");
        buffer_literal(out, buffer_string(&name));
        buffer_text(out, ", ");
        if (value) {
            append_value(out, parameters.all[i], strchr(value, '=') + 1);
        } else {
            buffer_text(out, "NULL");
        }
        buffer_text(out, ");\n");
    }
    if (result == 0 && (buffer_failed(out) || buffer_failed(&name))) result = error_memory(error);
    buffer_free(&name);
    free(parameters.all);
    free(parameters.owners);
    return result;
}
