#include "load_options.h"

#include <stdlib.h>
#include <string.h>

#include "cdclite/type_name.h"

void load_options_free(struct load_options *load)
{
    for (size_t i = 0; i < load->part_count; i++) free(load->parts[i]);
    free(load->parts);
    free(load->texts);
    free(load->names);
    free(load->keys);
    free(load->types);
}

/* A copy of text[0..size) that lives as long as the options. */
static const char *part(struct load_options *load, const char *text, size_t size, struct error *error)
{
    char **parts = realloc(load->parts, (load->part_count + 1) * sizeof *parts);
    if (parts) load->parts = parts;
    char *copy = parts ? strndup(text, size) : NULL;
    if (!copy) {
        error_memory(error);
        return NULL;
    }
    return parts[load->part_count++] = copy;
}

static int read_texts(struct load_options *load, const struct options *options, struct error *error)
{
    if (options->no_text && options->texts.count)
        return error_set(error, ERROR_USAGE, "--no-text and --text exclude each other");
    if (options->no_text) return 0;
    load->texts = calloc(options->texts.count + 2, sizeof *load->texts);
    if (!load->texts) return error_memory(error);
    load->settings.texts = load->texts;
    bool holding = false;
    for (size_t i = 0; i < options->texts.count; i++) {
        const char *text = options->texts.all[i], *equals = strchr(text, '=');
        /* A path with a slash in front of the first = names no table. */
        if (equals && memchr(text, '/', (size_t)(equals - text))) equals = NULL;
        const char *table = equals ? part(load, text, (size_t)(equals - text), error) : "holding";
        if (!table) return -1;
        const char *path = equals ? equals + 1 : text;
        if (!*path || !*table)
            return error_set(error, ERROR_USAGE, "--text %s: write FILE or TABLE=FILE", text);
        holding |= strcmp(table, "holding") == 0;
        for (size_t k = 0; k < i; k++)
            if (strcmp(load->texts[k].table, table) == 0 || strcmp(load->texts[k].path, path) == 0)
                return error_set(error, ERROR_USAGE,
                                 "--text %s: that table or that file has its --text already", text);
        load->texts[i] = (struct text_choice){table, path, true};
    }
    if (!holding)
        load->texts[options->texts.count] = (struct text_choice){"holding", "output_data.txt", false};
    return 0;
}

static int read_names(struct load_options *load, const struct options *options, struct error *error)
{
    load->names = calloc(options->tables.count + 1, sizeof *load->names);
    if (!load->names) return error_memory(error);
    load->settings.choices.names = load->names;
    for (size_t i = 0; i < options->tables.count; i++) {
        const char *text = options->tables.all[i], *equals = strrchr(text, '=');
        if (!equals || equals == text || !equals[1])
            return error_set(error, ERROR_USAGE, "--table %s: write TOPIC=NAME", text);
        const char *topic = part(load, text, (size_t)(equals - text), error);
        if (!topic) return -1;
        load->names[i] = (struct table_name){topic, equals + 1};
    }
    return 0;
}

static int read_keys(struct load_options *load, const struct options *options, struct error *error)
{
    load->keys = calloc(options->keys.count + 1, sizeof *load->keys);
    if (!load->keys) return error_memory(error);
    load->settings.choices.keys = load->keys;
    for (size_t i = 0; i < options->keys.count; i++) {
        const char *text = options->keys.all[i], *equals = strchr(text, '=');
        if (!equals || equals == text || !equals[1])
            return error_set(error, ERROR_USAGE, "--key %s: write TABLE=COLUMN,...", text);
        const char *table = part(load, text, (size_t)(equals - text), error);
        if (!table) return -1;
        load->keys[i] = (struct table_key_choice){table, equals + 1};
    }
    return 0;
}

static int read_types(struct load_options *load, const struct options *options, struct error *error)
{
    load->types = calloc(options->types.count + 1, sizeof *load->types);
    if (!load->types) return error_memory(error);
    load->settings.choices.types = load->types;
    for (size_t i = 0; i < options->types.count; i++) {
        const char *text = options->types.all[i], *equals = strrchr(text, '='), *dot = strchr(text, '.');
        if (!equals || !dot || dot == text || dot > equals || dot + 1 == equals)
            return error_set(error, ERROR_USAGE, "--type %s: write TABLE.COLUMN=TYPE", text);
        const char *table = part(load, text, (size_t)(dot - text), error);
        const char *column = table ? part(load, dot + 1, (size_t)(equals - dot - 1), error) : NULL;
        if (!column) return -1;
        load->types[i] = (struct table_type_choice){.table = table, .column = column};
        if (type_named(equals + 1, &load->types[i].type))
            return error_set(error, ERROR_USAGE, "--type %s: a type is %s", text, type_names);
    }
    return 0;
}

int load_options_read(struct load_options *load, const struct options *options, struct error *error)
{
    *load = (struct load_options){.settings = {.db_path = options->db,
                                               .max_messages = options->max_messages,
                                               .max_event_bytes = (size_t)options->max_event_bytes,
                                               .linger_ms = options->linger_ms,
                                               .quiet = options->quiet}};
    /* For tests, which have few events. */
    const char *step = getenv("CDCLITE_SUMMARY_STEP"), *full = getenv("CDCLITE_BATCH_MESSAGES");
    if (full) load->settings.batch_messages = strtol(full, NULL, 10);
    if (step) load->settings.steps.full = load->settings.steps.rest = strtol(step, NULL, 10);
    return read_texts(load, options, error) || read_names(load, options, error) ||
                   read_keys(load, options, error) || read_types(load, options, error)
               ? -1
               : 0;
}
