#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "cdclite/suggest.h"
#include "cdclite/value.h"
#include "query_parts.h"

/* "from, to, user" */
static void append_names(const struct query *query, struct buffer *out)
{
    for (size_t i = 0; i < query->parameter_count; i++)
        buffer_printf(out, "%s%s", i ? ", " : "", query->parameters[i].name);
}

static int wrong_name(const struct query *query, const char *what, struct slice given, struct error *error)
{
    struct buffer names = {0};
    append_names(query, &names);
    error_set(error, ERROR_USAGE, "%s: '%.*s' %s (it takes %s)", query->name,
              (int)(given.size < 100 ? given.size : 100), given.at, what,
              query->parameter_count ? buffer_string(&names) : "no parameters");
    buffer_free(&names);
    return -1;
}

static int unknown_parameter(const struct query *query, struct slice name, struct error *error)
{
    char given[64], what[128];
    const char **names = calloc(query->parameter_count + 1, sizeof *names);
    if (!names) return error_memory(error);
    for (size_t i = 0; i < query->parameter_count; i++) names[i] = query->parameters[i].name;
    snprintf(given, sizeof given, "%.*s", (int)(name.size < sizeof given ? name.size : sizeof given - 1),
             name.at);
    const char *near = suggest(given, names);
    snprintf(what, sizeof what, "is no parameter%s%.60s%s", near ? ", did you mean " : "", near ? near : "",
             near ? "?" : "");
    free(names);
    return wrong_name(query, what, name, error);
}

static bool read_integer(const char *text, int64_t *integer)
{
    char *end;
    /* strtoimax takes white space too. */
    if (text[strspn(text, "+-0123456789")] != '\0') return false;
    errno = 0;
    *integer = strtoimax(text, &end, 10);
    return end != text && *end == '\0' && errno == 0;
}

/* Only as an integer is printed: "007" may be a name. */
static bool is_plain_integer(const char *text, int64_t *integer)
{
    char printed[24];
    if (!read_integer(text, integer)) return false;
    snprintf(printed, sizeof printed, "%" PRId64, *integer);
    return strcmp(printed, text) == 0;
}

static bool is_choice(const char *choices, const char *text)
{
    size_t size = strlen(text);
    for (const char *at = choices; at; at = strchr(at, '|')) {
        if (*at == '|') at++;
        if (strcspn(at, "|") == size && memcmp(at, text, size) == 0) return true;
    }
    return false;
}

/* What is wrong with the text, or NULL and the value to bind. */
static const char *read_value(const struct query_parameter *parameter, const char *text, struct value *value)
{
    int64_t microseconds, integer;
    *value = (struct value){.type = VALUE_TEXT, .bytes = slice_of(text)};
    switch (parameter->type) {
    case PARAMETER_ANY:
        if (is_plain_integer(text, &integer)) value_set_integer(value, integer);
        break;
    case PARAMETER_INTEGER:
        if (!read_integer(text, &integer)) return "not a whole number of 64 bits";
        value_set_integer(value, integer);
        break;
    case PARAMETER_TIME:
        if (time_parse(text, &microseconds))
            return "not a time; write 2025-01-31, 2025-01-31T10:00:00Z or 2025-01-31 10:00:00.123456 (UTC)";
        break;
    case PARAMETER_TEXT:
    case PARAMETER_KEY: break;
    case PARAMETER_TABLE:
        if (!*text) return "not a table's name";
        break;
    case PARAMETER_CHOICE:
        if (!is_choice(parameter->choices, text)) return "not one of";
        break;
    }
    if (value->type == VALUE_INTEGER && value->integer < 0 && strcmp(parameter->name, "limit") == 0)
        return "not a number of rows; write 0 for all";
    return NULL;
}

/* Splits "name=value" and finds its parameter. */
static int read_argument(const struct query *query, const char *argument,
                         const struct query_parameter **parameter, struct value *value, struct error *error)
{
    const char *equals = strchr(argument, '=');
    if (!equals) return wrong_name(query, "is not PARAMETER=VALUE", slice_of(argument), error);
    struct slice name = {argument, (size_t)(equals - argument)};
    *parameter = NULL;
    for (size_t i = 0; i < query->parameter_count; i++)
        if (slice_is(name, query->parameters[i].name)) *parameter = &query->parameters[i];
    if (!*parameter) {
        unknown_parameter(query, name, error);
        return -1;
    }
    const char *wrong = read_value(*parameter, equals + 1, value);
    if (!wrong) return 0;
    return error_set(error, ERROR_USAGE, "%s: %.200s: %s%s%s", query->name, argument, wrong,
                     (*parameter)->type == PARAMETER_CHOICE ? " " : "", (*parameter)->choices);
}

static int check_required(const struct query *query, const bool *given, struct error *error)
{
    for (size_t i = 0; i < query->parameter_count; i++) {
        const struct query_parameter *parameter = &query->parameters[i];
        if (parameter->required && !given[i])
            return error_set(error, ERROR_USAGE, "%s: %s= is missing: %s", query->name, parameter->name,
                             parameter->description);
    }
    return 0;
}

int query_check(const struct query *query, const char *const *arguments, size_t count, struct error *error)
{
    const struct query_parameter *parameter;
    struct value value;
    bool *given = calloc(query->parameter_count + 1, sizeof *given);
    int result = -1;
    if (!given) return error_memory(error);
    for (size_t i = 0; i < count; i++) {
        if (read_argument(query, arguments[i], &parameter, &value, error)) goto done;
        bool *seen = &given[parameter - query->parameters];
        if (*seen) {
            error_set(error, ERROR_USAGE, "%s: %.200s: %s is given twice", query->name, arguments[i],
                      parameter->name);
            goto done;
        }
        *seen = true;
    }
    result = check_required(query, given, error);
done:
    free(given);
    return result;
}

/* All parameters of the statement that have the name: ":name" and "@name" may both stand in it. A table's has
 * done its work. */
static int bind(const struct query *query, sqlite3_stmt *statement, const struct query_parameter *parameter,
                const struct value *value, struct error *error)
{
    const char *name = parameter->name;
    int places = 0;
    for (int i = sqlite3_bind_parameter_count(statement); i > 0; i--) {
        const char *there = sqlite3_bind_parameter_name(statement, i);
        if (!there || strcmp(there + 1, name) != 0) continue;
        if (value_bind(statement, i, value) != SQLITE_OK)
            return error_set(error, ERROR_USAGE, "%s: %s: %s", query->name, name,
                             sqlite3_errmsg(sqlite3_db_handle(statement)));
        places++;
    }
    if (places || parameter->type == PARAMETER_TABLE) return 0;
    return error_set(error, ERROR_USAGE, "%s: its comment names the parameter %s, its SQL does not",
                     query->file, name);
}

int query_bind(const struct query *query, const char *const *arguments, size_t count, sqlite3_stmt *statement,
               struct error *error)
{
    const struct query_parameter *parameter;
    struct value value;
    if (query_check(query, arguments, count, error)) return -1;
    for (int i = sqlite3_bind_parameter_count(statement); i > 0; i--) {
        const char *name = sqlite3_bind_parameter_name(statement, i);
        if (!name || name[0] == '?')
            return error_set(error, ERROR_USAGE, "%s: a parameter has no name: write :name, not ?",
                             query->file);
    }
    for (size_t i = 0; i < count; i++)
        if (read_argument(query, arguments[i], &parameter, &value, error) ||
            bind(query, statement, parameter, &value, error))
            return -1;
    return 0;
}
