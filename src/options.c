#include "cdclite/options.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/query.h"
#include "cdclite/suggest.h"
#include "option_table.h"

/* The one table that drives parsing, defaults, help, completion and the man page. */
const struct option option_table[] = {
    {"brokers", 'b', OPTION_TEXT, offsetof(struct options, brokers), "HOST:PORT,...", NULL,
     "Kafka brokers to load from", COMMAND_LOAD | OPTION_LASTING},
    {"topic", 't', OPTION_LIST, offsetof(struct options, topics), "TOPIC", NULL,
     "topic to load, or, when it begins with ^, a regular expression for many; repeats",
     COMMAND_LOAD | OPTION_LASTING},
    {"property", 'X', OPTION_LIST, offsetof(struct options, properties), "KEY=VALUE", NULL,
     "any librdkafka property; repeats (no secrets: they belong into a file, -F)", COMMAND_LOAD},
    {"property-file", 'F', OPTION_LIST, offsetof(struct options, property_files), "FILE", NULL,
     "librdkafka properties from a file, key=value a line, and options as cdclite.db=history.db; repeats",
     COMMAND_DATA | OPTION_LASTING},
    {"input", 'i', OPTION_TEXT, offsetof(struct options, input), "FILE", NULL,
     "load the lines of a file instead, - for standard input", COMMAND_LOAD},
    {"input-format", 0, OPTION_TEXT, offsetof(struct options, input_format),
     "auto|value|key-value|kcat|recorded", "auto",
     "what a line is: a value, key and value (by a tab), kcat's (kcat -J), recorded; auto tells them apart",
     COMMAND_LOAD | OPTION_LASTING},
    {"until-end", 'e', OPTION_FLAG, offsetof(struct options, until_end), NULL, NULL,
     "stop at the topic's end as it is at start; of a file, take a last line without a line feed too",
     COMMAND_LOAD},
    {"max-messages", 'c', OPTION_COUNT, offsetof(struct options, max_messages), "N", NULL,
     "stop after N messages", COMMAND_LOAD},
    {"max-event-bytes", 0, OPTION_SIZE, offsetof(struct options, max_event_bytes), "BYTES", "16M",
     "a larger event goes to rejected_event", COMMAND_LOAD | COMMAND_REJECTED | OPTION_LASTING},
    {"linger", 0, OPTION_COUNT, offsetof(struct options, linger_ms), "MS", "500",
     "commit a batch at the latest MS milliseconds after its first message; 20 for changes to be seen at "
     "once",
     COMMAND_LOAD | OPTION_LASTING},
    {"restart-at", 0, OPTION_TEXT, offsetof(struct options, restart_at), "beginning|end", NULL,
     "where a topic was made anew or has lost what comes next, go on there", COMMAND_LOAD},
    {"text", 0, OPTION_LIST, offsetof(struct options, texts), "[TABLE=]FILE", "output_data.txt",
     "the text log of a table (of holding when none is named); repeats",
     COMMAND_LOAD | COMMAND_REJECTED | OPTION_LASTING},
    {"no-text", 0, OPTION_FLAG, offsetof(struct options, no_text), NULL, NULL,
     "write no text log; of verify: check none, as of a backup",
     COMMAND_LOAD | COMMAND_REJECTED | COMMAND_VERIFY | OPTION_LASTING},
    {"table", 0, OPTION_LIST, offsetof(struct options, tables), "TOPIC=NAME", NULL,
     "what a topic's table is called here; repeats", COMMAND_LOAD | COMMAND_REJECTED | OPTION_LASTING},
    {"key", 0, OPTION_LIST, offsetof(struct options, keys), "TABLE=COL,...", NULL,
     "the columns that tell a table's rows apart, where its messages have no key; repeats",
     COMMAND_LOAD | COMMAND_REJECTED | OPTION_LASTING},
    {"type", 0, OPTION_LIST, offsetof(struct options, types), "TABLE.COL=TYPE", NULL,
     "what a column without a schema holds: timestamp_us, date, decimal(2), bytes, ...; repeats",
     COMMAND_LOAD | COMMAND_REJECTED | OPTION_LASTING},
    {"metrics", 0, OPTION_TEXT, offsetof(struct options, metrics), "FILE", NULL,
     "keep figures there for Prometheus (node_exporter's textfile collector), replaced once a second at most",
     COMMAND_LOAD | OPTION_LASTING},
    {"queries", 0, OPTION_TEXT, offsetof(struct options, queries), "DIR", NULL,
     "your own query files besides the built-in",
     COMMAND_QUERY | COMMAND_SHELL | COMMAND_DATASETTE | OPTION_LASTING},
    {"sql", 0, OPTION_FLAG, offsetof(struct options, sql), NULL, NULL,
     "print the query itself instead of its answer", COMMAND_QUERY},
    {"chart", 0, OPTION_FLAG, offsetof(struct options, chart), NULL, NULL,
     "draw the answer: bars, or a line over many moments", COMMAND_QUERY},
    {"column", 0, OPTION_TEXT, offsetof(struct options, column), "NAME", NULL,
     "the column of numbers that --chart draws (the first)", COMMAND_QUERY},
    {"format", 'f', OPTION_TEXT, offsetof(struct options, format),
     "table|csv|csv-safe|tsv|json|jsonl|markdown", NULL,
     "how rows are printed; csv-safe has no formulas for spreadsheets (table on a terminal, csv otherwise)",
     COMMAND_QUERY | COMMAND_REJECTED},
    {"format", 'f', OPTION_TEXT, offsetof(struct options, format), "text|json", NULL,
     "for people or for programs (text)", COMMAND_STATUS | COMMAND_VERIFY},
    {"watch", 'w', OPTION_FLAG, offsetof(struct options, watch), NULL, NULL,
     "show it again every 2 seconds, or SECONDS, until stopped (json: a line each)", COMMAND_STATUS},
    {"output", 'o', OPTION_TEXT, offsetof(struct options, output), "FILE", NULL,
     "write there instead of standard output", COMMAND_EXPORT | COMMAND_DATASETTE},
    {"html", 0, OPTION_TEXT, offsetof(struct options, html), "FILE", NULL,
     "the page to write, in the place of an older one; - for standard output", COMMAND_REPORT},
    {"dir", 0, OPTION_TEXT, offsetof(struct options, directory), "DIR", "cdclite-demo",
     "where the demo puts its files", COMMAND_DEMO},
    {"db", 'd', OPTION_TEXT, offsetof(struct options, db), "FILE", "history.db", "the change history",
     COMMAND_LOAD | COMMAND_QUERY | COMMAND_STATUS | COMMAND_VERIFY | COMMAND_EXPORT | COMMAND_SCHEMA |
         COMMAND_REJECTED | COMMAND_BACKUP | COMMAND_SHELL | COMMAND_DATASETTE | COMMAND_REPORT |
         OPTION_LASTING},
    {"log-format", 0, OPTION_TEXT, offsetof(struct options, log_format), "text|json", "text",
     "what is said on standard error: text, or json, an object a line with time, level and message",
     COMMAND_ALL | OPTION_LASTING},
    {"color", 0, OPTION_TEXT, offsetof(struct options, color), "auto|always|never", "auto",
     "bold and colored where it helps; auto: on a terminal, unless NO_COLOR is set or TERM is dumb",
     COMMAND_ALL | OPTION_LASTING},
    {"quiet", 'q', OPTION_FLAG, offsetof(struct options, quiet), NULL, NULL, "say only what went wrong",
     COMMAND_ALL | OPTION_LASTING},
    {"verbose", 'v', OPTION_FLAG, offsetof(struct options, verbose), NULL, NULL,
     "say more, librdkafka's messages too", COMMAND_ALL | OPTION_LASTING},
    {"help", 'h', OPTION_FLAG, offsetof(struct options, help), NULL, NULL, "this help", COMMAND_ALL},
    {"version", 'V', OPTION_FLAG, offsetof(struct options, version), NULL, NULL,
     "the versions of cdclite and its libraries", COMMAND_ALL},
    {0},
};

enum { OPTION_COUNT_ALL = sizeof option_table / sizeof *option_table - 1 };

static int append(struct text_list *list, const char *text, struct error *error)
{
    const char **all = realloc(list->all, (list->count + 2) * sizeof *all);
    if (!all) return error_memory(error);
    all[list->count++] = text;
    all[list->count] = NULL;
    list->all = all;
    return 0;
}

/* A whole number, for sizes with K, M or G (powers of 1,024) behind it; -1 for anything else. */
static int64_t number_of(const char *text, bool is_size)
{
    char *end;
    if (*text < '0' || *text > '9') return -1;
    uintmax_t number = strtoumax(text, &end, 10);
    int shift = 0;
    if (is_size && *end) {
        const char *units = "KMG", *unit = strchr(units, *end);
        if (!unit) return -1;
        shift = 10 * (int)(unit - units + 1);
        end++;
    }
    if (*end || number > (uintmax_t)INT64_MAX >> shift) return -1;
    return (int64_t)(number << shift);
}

int option_set(struct options *options, const struct option *option, const char *value, struct error *error)
{
    void *field = (char *)options + option->field;
    switch (option->kind) {
    case OPTION_FLAG: *(bool *)field = true; return 0;
    case OPTION_TEXT: *(const char **)field = value; return 0;
    case OPTION_LIST: return append(field, value, error);
    case OPTION_COUNT:
    case OPTION_SIZE:
        *(int64_t *)field = number_of(value, option->kind == OPTION_SIZE);
        if (*(int64_t *)field > 0) return 0;
        return error_set(error, ERROR_USAGE, "--%s %s: not a whole number above 0%s", option->name, value,
                         option->kind == OPTION_SIZE ? " (1024, 64K, 16M, 1G)" : "");
    }
    return error_set(error, ERROR_USAGE, "--%s: unknown kind of option", option->name);
}

const struct option *option_named(const char *name, size_t size, const struct command *command)
{
    const struct option *first = NULL;
    for (const struct option *option = option_table; option->name; option++) {
        if (strlen(option->name) != size || memcmp(option->name, name, size) != 0) continue;
        if (!command || option->commands & command->bit) return option;
        if (!first) first = option;
    }
    return first;
}

int option_unknown(const char *name, size_t size, const char *dashes, struct error *error)
{
    char given[64];
    const char *names[OPTION_COUNT_ALL + 1] = {0};
    snprintf(given, sizeof given, "%.*s", (int)(size < sizeof given ? size : sizeof given - 1), name);
    for (size_t i = 0; i < OPTION_COUNT_ALL; i++) names[i] = option_table[i].name;
    const char *near = suggest(given, names);
    if (!near)
        return error_set(error, ERROR_USAGE, "unknown option %s%s; cdclite --help lists them", dashes, given);
    return error_set(error, ERROR_USAGE, "unknown option %s%s; did you mean %s%s?", dashes, given, dashes,
                     near);
}

const struct option *option_of_argument(const char *argument, const char **value)
{
    *value = NULL;
    if (argument[1] == '-') {
        const char *name = argument + 2, *equals = strchr(name, '=');
        if (equals) *value = equals + 1;
        return option_named(name, equals ? (size_t)(equals - name) : strlen(name), NULL);
    }
    if (argument[1] && argument[2]) *value = argument + 2;
    for (const struct option *option = option_table; option->name; option++)
        if (option->letter && option->letter == argument[1]) return option;
    return NULL;
}

/* One argument that begins with a dash; *at moves on when it takes the next one as its value. */
static int parse_option(struct options *options, int argc, char **argv, int *at, bool *given,
                        struct error *error)
{
    const char *argument = argv[*at], *value;
    bool is_long = argument[1] == '-';
    const struct option *option = option_of_argument(argument, &value);
    if (is_long && !option) return option_unknown(argument + 2, strcspn(argument + 2, "="), "--", error);
    if (!option || (!is_long && value && option->kind == OPTION_FLAG))
        return error_set(error, ERROR_USAGE, "unknown option %s; cdclite --help lists them", argument);
    if (value && option->kind == OPTION_FLAG)
        return error_set(error, ERROR_USAGE, "--%s takes no value", option->name);
    if (!value && option->kind != OPTION_FLAG) {
        if (*at + 1 == argc)
            return error_set(error, ERROR_USAGE, "--%s needs a value: %s", option->name, option->argument);
        value = argv[++*at];
    }
    given[option - option_table] = true;
    return option_set(options, option, value, error);
}

static const struct command *named_command(const char *name)
{
    for (const struct command *command = commands; command->name; command++)
        if (strcmp(command->name, name) == 0) return command;
    return NULL;
}

static int set_command(struct options *options, const char *name, struct error *error)
{
    enum { MOST_COMMANDS = 63 };
    const char *names[MOST_COMMANDS + 1] = {0};
    options->command = named_command(name);
    if (options->command) return 0;
    for (size_t i = 0; i < MOST_COMMANDS && commands[i].name; i++) names[i] = commands[i].name;
    const char *near = suggest(name, names);
    if (near) return error_set(error, ERROR_USAGE, "unknown command '%s'; did you mean %s?", name, near);
    if (query_is_built_in(name))
        return error_set(error, ERROR_USAGE, "unknown command '%s'; did you mean cdclite query %s?", name,
                         name);
    return error_set(error, ERROR_USAGE, "unknown command '%s'; cdclite --help lists them", name);
}

static int set_defaults(struct options *options, struct error *error)
{
    *options = (struct options){0};
    for (size_t i = 0; i < OPTION_COUNT_ALL; i++) {
        const struct option *option = &option_table[i];
        /* A list's default is the command's to fill in, so that what is given does not add to it. */
        if (option->otherwise && option->kind != OPTION_LIST &&
            option_set(options, option, option->otherwise, error))
            return -1;
    }
    return 0;
}

/* An option of another command is a mistake worth saying. */
static int check_given(const struct options *options, const bool *given, struct error *error)
{
    for (size_t i = 0; options->command && i < OPTION_COUNT_ALL; i++) {
        const char *name = option_table[i].name;
        if (given[i] &&
            !(option_named(name, strlen(name), options->command)->commands & options->command->bit))
            return error_set(error, ERROR_USAGE, "--%s is no option of cdclite %s", name,
                             options->command->name);
    }
    return 0;
}

int options_parse(struct options *options, int argc, char **argv, struct error *error)
{
    bool wants_help = false, given[OPTION_COUNT_ALL] = {false};
    if (set_defaults(options, error)) return -1;
    options->program = argv[0];
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (!options->only_arguments && strcmp(argument, "--") == 0) {
            options->only_arguments = true;
        } else if (!options->only_arguments && argument[0] == '-' && argument[1]) {
            if (parse_option(options, argc, argv, &i, given, error)) return -1;
        } else if (!options->command && !wants_help && strcmp(argument, "help") == 0) {
            wants_help = options->help = true;
        } else if (!options->command) {
            if (set_command(options, argument, error)) return -1;
        } else if (append(&options->arguments, argument, error)) {
            return -1;
        }
    }
    if (!options->command) return 0;
    return check_given(options, given, error) || option_settings(options, given, error) ? -1 : 0;
}

void options_free(struct options *options)
{
    for (size_t i = 0; i < OPTION_COUNT_ALL; i++) {
        struct text_list *list = (void *)((char *)options + option_table[i].field);
        if (option_table[i].kind != OPTION_LIST) continue;
        free(list->all);
        *list = (struct text_list){0};
    }
    free(options->arguments.all);
    property_list_free(&options->file_properties);
}
