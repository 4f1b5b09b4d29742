#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cdclite/file_source.h"
#include "cdclite/kafka_source.h"
#include "cdclite/loader.h"
#include "cdclite/log.h"
#include "cdclite/progress.h"
#include "cdclite/property_file.h"
#include "cdclite/type_name.h"
#include "commands.h"

enum { SILENCE_MS = 10000 };

/* What the options say, in the forms that the modules take; owns the lists. */
struct load {
    struct load_settings settings;
    struct file_settings file;
    struct kafka_settings kafka;
    struct text_choice *texts;
    struct table_name *names;
    struct table_key_choice *keys;
    struct table_type_choice *types;
    char **parts; /* the names cut out of TABLE=FILE, TOPIC=NAME and the like */
    size_t part_count;
    struct topic_filter topics;
    struct property_list properties;
    struct positions positions;
};

static void load_free(struct load *load)
{
    for (size_t i = 0; i < load->part_count; i++) free(load->parts[i]);
    free(load->parts);
    free(load->texts);
    free(load->names);
    free(load->keys);
    free(load->types);
    topic_filter_free(&load->topics);
    property_list_free(&load->properties);
    positions_free(&load->positions);
}

/* A copy of text[0..size) that lives as long as the load. */
static const char *part(struct load *load, const char *text, size_t size, struct error *error)
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

static int read_texts(struct load *load, const struct options *options, struct error *error)
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

static int read_names(struct load *load, const struct options *options, struct error *error)
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

static int read_keys(struct load *load, const struct options *options, struct error *error)
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

static int read_types(struct load *load, const struct options *options, struct error *error)
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

/* Of one that is given twice the last counts: the command line over files over the environment. */
static int read_properties(struct property_list *properties, const struct options *options,
                           struct error *error)
{
    if (property_list_environment(properties, error)) return -1;
    for (size_t i = 0; i < options->file_properties.count; i++) {
        const char *property = options->file_properties.all[i];
        if (!property_is_option(property) && property_list_add(properties, property, error)) return -1;
    }
    for (size_t i = 0; i < options->properties.count; i++) {
        const char *property = options->properties.all[i];
        if (property_list_add(properties, property, error)) return -1;
        if (property_is_secret(property))
            return error_set(
                error, ERROR_USAGE,
                "-X %.*s: all users see a command line; write it into a file for -F (chmod 600), "
                "or give it as CDCLITE_KAFKA_… in the environment",
                (int)strcspn(property, "="), property);
    }
    return 0;
}

static int read_kafka(struct load *load, const struct options *options, struct error *error)
{
    if (topic_filter_make(&load->topics, options->topics.all, error)) return -1;
    load->kafka = (struct kafka_settings){.brokers = options->brokers,
                                          .topics = &load->topics,
                                          .until_end = options->until_end,
                                          .silence_ms = SILENCE_MS};
    if (options->restart_at) {
        if (strcmp(options->restart_at, "beginning") == 0) {
            load->kafka.restart = RESTART_BEGINNING;
        } else if (strcmp(options->restart_at, "end") == 0) {
            load->kafka.restart = RESTART_END;
        } else {
            return error_set(error, ERROR_USAGE, "--restart-at %s: beginning or end", options->restart_at);
        }
    }
    if (read_properties(&load->properties, options, error)) return -1;
    load->kafka.properties = (const char *const *)load->properties.all;
    return 0;
}

static int read_options(struct load *load, const struct options *options, struct error *error)
{
    if (options->arguments.count)
        return error_set(error, ERROR_USAGE, "'%s': load takes options only; did you mean --input %s?",
                         options->arguments.all[0], options->arguments.all[0]);
    if (options->input && options->topics.count)
        return error_set(error, ERROR_USAGE, "--input and --topic exclude each other");
    if (!options->input && !options->topics.count)
        return error_set(error, ERROR_USAGE,
                         "nothing to load: --brokers HOST:PORT --topic TOPIC, or --input FILE");
    int format = input_format_named(options->input_format);
    if (format < 0)
        return error_set(error, ERROR_USAGE, "--input-format %s: auto, value, key-value, kcat or recorded",
                         options->input_format);
    load->settings = (struct load_settings){.db_path = options->db,
                                            .max_messages = options->max_messages,
                                            .max_event_bytes = (size_t)options->max_event_bytes,
                                            .linger_ms = options->linger_ms,
                                            .quiet = options->quiet};
    /* For tests, which have few events. */
    const char *step = getenv("CDCLITE_SUMMARY_STEP"), *full = getenv("CDCLITE_BATCH_MESSAGES");
    if (full) load->settings.batch_messages = strtol(full, NULL, 10);
    if (step) load->settings.steps.full = load->settings.steps.rest = strtol(step, NULL, 10);
    load->file = (struct file_settings){.path = options->input,
                                        .format = (enum input_format)format,
                                        .max_event_bytes = load->settings.max_event_bytes,
                                        .until_end = options->until_end};
    return read_texts(load, options, error) || read_names(load, options, error) ||
                   read_keys(load, options, error) || read_types(load, options, error) ||
                   read_kafka(load, options, error)
               ? -1
               : 0;
}

static int open_source(struct load *load, struct source **source, struct error *error)
{
    if (load->file.path) return file_source_open(&load->file, &load->positions, source, error);
    return kafka_source_open(&load->kafka, &load->positions, source, error);
}

static void say_where(const struct load *load)
{
    enum { MOST_SHOWN = 8 };
    size_t shown = 0;
    for (size_t i = 0; i < load->positions.count; i++) {
        const struct position *position = load->positions.all[i];
        if (!position->stored) continue;
        if (++shown > MOST_SHOWN) {
            log_write(LOG_INFO, "and further partitions: cdclite status --db %s", load->settings.db_path);
            return;
        }
        log_write(LOG_INFO, "stopped: %s, partition %d: the next offset is %lld", position->topic,
                  position->partition, (long long)position->next_offset);
    }
}

static void say_what(const struct load *load, const struct load_counts *counts)
{
    char number[6][32];
    struct {
        int64_t count;
        const char *what;
    } const parts[] = {{counts->tombstones, "tombstones"},
                       {counts->bookkeeping, "heartbeats and other bookkeeping"},
                       {counts->redelivered, "sent again by Debezium and not stored twice"},
                       {counts->rejected, "rejected (see rejected_event)"},
                       {counts->skipped, "skipped, loaded before"}};
    char line[512];
    int size = snprintf(line, sizeof line, "%s: %s changes", load->settings.db_path,
                        number_text(counts->changes, number[0]));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].count && size < (int)sizeof line)
            size += snprintf(line + size, sizeof line - (size_t)size, ", %s %s",
                             number_text(parts[i].count, number[i + 1]), parts[i].what);
    log_write(LOG_INFO, "%s", line);
}

static void request_stop(int signal)
{
    (void)signal;
    stop_requested = 1;
}

/* A load finishes its batch; the other commands, a long query for one, end at once. */
static void catch_signals(void)
{
    /* Without SA_RESTART, so that a blocked read returns. */
    struct sigaction action = {.sa_handler = request_stop};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* whoever reads our diagnostics may go, the load goes on */
}

int command_load(const struct options *options, struct error *error)
{
    struct load load = {0};
    struct loader *loader = NULL;
    struct metrics *metrics = NULL;
    struct source *source = NULL;
    int result = -1;
    catch_signals();
    if (read_options(&load, options, error)) goto done;
    if (options->metrics && metrics_open(options->metrics, &metrics, error)) goto done;
    load.settings.metrics = metrics;
    /* An input that is not there leaves no new database behind; one that is there may stand at a stored
     * position. */
    bool known = access(options->db, F_OK) == 0;
    if (!known && text_choices_check(load.texts, error)) goto done;
    if (known && loader_open(&load.settings, &load.positions, &loader, error)) goto done;
    if (open_source(&load, &source, error)) goto done;
    if (!known && loader_open(&load.settings, &load.positions, &loader, error)) goto done;
    result = loader_run(loader, source, &stop_requested, error);
    source->close(source);
    source = NULL;
    if (result && error->kind == ERROR_STORAGE)
        error_context(error, "%s: the last batch was not stored; mend this and start again, nothing is lost",
                      options->db);
    if (result) goto done;
    say_what(&load, loader_counts(loader));
    if (stop_requested) say_where(&load);
done:
    if (source) source->close(source);
    loader_close(loader);
    metrics_close(metrics);
    load_free(&load);
    return result;
}
