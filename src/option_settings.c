#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "option_table.h"

const char *option_variable(const struct option *option, char text[static OPTION_VARIABLE_SIZE])
{
    snprintf(text, OPTION_VARIABLE_SIZE, "CDCLITE_%s", option->name);
    for (char *at = text; *at; at++) *at = (char)(*at == '-' ? '_' : toupper((unsigned char)*at));
    return text;
}

/* As librdkafka spells them. */
static int set_flag(struct options *options, const struct option *option, const char *value,
                    struct error *error)
{
    if (strcmp(value, "false") == 0 || strcmp(value, "0") == 0) return 0;
    if (strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
        return option_set(options, option, NULL, error);
    return error_set(error, ERROR_USAGE, "%s: true or false", value);
}

/* `source` says where the value stands. */
static int set(struct options *options, const struct option *option, const char *value, const char *source,
               struct error *error)
{
    if (!(option->commands & options->command->bit)) return 0; /* for the other commands */
    int result = option->kind == OPTION_FLAG ? set_flag(options, option, value, error)
                                             : option_set(options, option, value, error);
    return result ? error_context(error, "%s", source) : 0;
}

/* Where `given` and `filed` know an option. */
static size_t place_of(const char *name)
{
    return (size_t)(option_named(name, strlen(name), NULL) - option_table);
}

/* Whether the command line gave it, or what excludes it. */
static bool is_overruled(const struct option *option, const bool *given)
{
    static const char *const excluding[][2] = {{"topic", "input"}, {"text", "no-text"}, {"no-text", "text"}};
    for (size_t i = 0; i < sizeof excluding / sizeof *excluding; i++)
        if (strcmp(option->name, excluding[i][0]) == 0 && given[place_of(excluding[i][1])]) return true;
    return given[place_of(option->name)];
}

/* The options of the lines from `first` on. What the command line gave stays; a list takes all its lines. */
static int apply_lines(struct options *options, size_t first, const char *path, const bool *given,
                       bool *filed, struct error *error)
{
    for (size_t i = first; i < options->file_properties.count; i++) {
        const char *line = options->file_properties.all[i];
        if (!property_is_option(line)) continue;
        const char *name = strchr(line, '.') + 1, *equals = strchr(name, '=');
        size_t size = (size_t)(equals - name);
        const struct option *option = option_named(name, size, NULL);
        if (!option) {
            option_unknown(name, size, "cdclite.", error);
            return error_context(error, "%s", path);
        }
        if (!(option->commands & OPTION_LASTING) || option->field == offsetof(struct options, property_files))
            return error_set(error, ERROR_USAGE, "%s: cdclite.%s: --%s is for the command line only", path,
                             option->name, option->name);
        filed[place_of(option->name)] = true;
        if (!is_overruled(option, given) &&
            set(options, option_named(name, size, options->command), equals + 1, path, error))
            return -1;
    }
    return 0;
}

static int apply_environment(struct options *options, const struct option *option, const bool *given,
                             struct error *error)
{
    char variable[OPTION_VARIABLE_SIZE];
    if (!(option->commands & OPTION_LASTING) || is_overruled(option, given)) return 0;
    const char *value = getenv(option_variable(option, variable));
    if (!value || !*value) return 0;
    return set(options, option, value, variable, error);
}

int option_settings(struct options *options, const bool *given, struct error *error)
{
    static const char files[] = "property-file";
    /* Of the environment, too, may come which files there are. */
    if (apply_environment(options, option_named(files, sizeof files - 1, NULL), given, error)) return -1;
    size_t count = 0;
    while (option_table[count].name) count++;
    bool *filed = calloc(count + 1, sizeof *filed);
    if (!filed) return error_memory(error);
    int result = 0;
    for (size_t i = 0; i < options->property_files.count && result == 0; i++) {
        const char *path = options->property_files.all[i];
        size_t first = options->file_properties.count;
        result = property_list_read(&options->file_properties, path, error);
        if (result == 0) result = apply_lines(options, first, path, given, filed, error);
    }
    for (size_t i = 0; i < count && result == 0; i++)
        if (!filed[place_of(option_table[i].name)] && strcmp(option_table[i].name, files) != 0)
            result = apply_environment(options, &option_table[i], given, error);
    free(filed);
    return result ? -1 : 0;
}
