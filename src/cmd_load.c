#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cdclite/file_source.h"
#include "cdclite/kafka_source.h"
#include "cdclite/log.h"
#include "cdclite/progress.h"
#include "cdclite/property_file.h"
#include "commands.h"
#include "load_options.h"

enum { SILENCE_MS = 10000 };

/* What the options say, in the forms that the modules take; owns the lists. */
struct load {
    struct load_options stored;
    struct file_settings file;
    struct kafka_settings kafka;
    struct topic_filter topics;
    struct property_list properties;
    struct positions positions;
};

static void load_free(struct load *load)
{
    load_options_free(&load->stored);
    topic_filter_free(&load->topics);
    property_list_free(&load->properties);
    positions_free(&load->positions);
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
    if (load_options_read(&load->stored, options, error)) return -1;
    load->file = (struct file_settings){.path = options->input,
                                        .format = (enum input_format)format,
                                        .max_event_bytes = load->stored.settings.max_event_bytes,
                                        .until_end = options->until_end};
    return read_kafka(load, options, error);
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
            log_write(LOG_INFO, "and further partitions: cdclite status --db %s",
                      load->stored.settings.db_path);
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
    int size = snprintf(line, sizeof line, "%s: %s changes", load->stored.settings.db_path,
                        number_text(counts->changes, number[0]));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].count && size < (int)sizeof line)
            size += snprintf(line + size, sizeof line - (size_t)size, ", %s %s",
                             number_text(parts[i].count, number[i + 1]), parts[i].what);
    log_write(LOG_INFO, "%s", line);
}

int command_load(const struct options *options, struct error *error)
{
    struct load load = {0};
    struct loader *loader = NULL;
    struct metrics *metrics = NULL;
    struct source *source = NULL;
    int result = -1;
    catch_stop_signals();
    if (read_options(&load, options, error)) goto done;
    if (options->metrics && metrics_open(options->metrics, &metrics, error)) goto done;
    load.stored.settings.metrics = metrics;
    /* An input that is not there leaves no new database behind; one that is there may stand at a stored
     * position. */
    bool known = access(options->db, F_OK) == 0;
    if (!known && text_choices_check(load.stored.texts, error)) goto done;
    if (known && loader_open(&load.stored.settings, &load.positions, &loader, error)) goto done;
    if (open_source(&load, &source, error)) goto done;
    if (!known && loader_open(&load.stored.settings, &load.positions, &loader, error)) goto done;
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
