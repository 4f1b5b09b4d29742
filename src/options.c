#include "cdclite/options.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/suggest.h"

enum option_kind { OPTION_TEXT, OPTION_LIST, OPTION_COUNT, OPTION_SIZE, OPTION_FLAG };

/* The one table that drives parsing, defaults and help. */
static const struct option {
    const char *name;
    char letter; /* kcat's, where it has one */
    enum option_kind kind;
    size_t field; /* in struct options */
    const char *argument, *otherwise, *help;
    unsigned commands;
} option_table[] = {
    {"brokers", 'b', OPTION_TEXT, offsetof(struct options, brokers), "HOST:PORT,...", NULL,
     "Kafka brokers to load from", COMMAND_LOAD},
    {"topic", 't', OPTION_LIST, offsetof(struct options, topics), "TOPIC", NULL,
     "topic to load, or, when it begins with ^, a regular expression for many; repeats", COMMAND_LOAD},
    {"property", 'X', OPTION_LIST, offsetof(struct options, properties), "KEY=VALUE", NULL,
     "any librdkafka property; repeats (no secrets: they belong into a file, -F)", COMMAND_LOAD},
    {"property-file", 'F', OPTION_LIST, offsetof(struct options, property_files), "FILE", NULL,
     "librdkafka properties from a file, key=value a line", COMMAND_LOAD},
    {"input", 'i', OPTION_TEXT, offsetof(struct options, input), "FILE", NULL,
     "load the lines of a file instead, - for standard input", COMMAND_LOAD},
    {"input-format", 0, OPTION_TEXT, offsetof(struct options, input_format), "FORMAT", "auto",
     "what a line is: value, key-value (by a tab), kcat (kcat -J), recorded; auto tells them apart",
     COMMAND_LOAD},
    {"until-end", 'e', OPTION_FLAG, offsetof(struct options, until_end), NULL, NULL,
     "stop at the topic's end as it is at start; of a file, take a last line without a line feed too",
     COMMAND_LOAD},
    {"max-messages", 'c', OPTION_COUNT, offsetof(struct options, max_messages), "N", NULL,
     "stop after N messages", COMMAND_LOAD},
    {"max-event-bytes", 0, OPTION_SIZE, offsetof(struct options, max_event_bytes), "BYTES", "16M",
     "a larger event goes to rejected_event", COMMAND_LOAD},
    {"linger", 0, OPTION_COUNT, offsetof(struct options, linger_ms), "MS", "500",
     "commit a batch at the latest MS milliseconds after its first message; 20 for changes to be seen at "
     "once",
     COMMAND_LOAD},
    {"restart-at", 0, OPTION_TEXT, offsetof(struct options, restart_at), "beginning|end", NULL,
     "where a topic was made anew or has lost what comes next, go on there", COMMAND_LOAD},
    {"text", 0, OPTION_LIST, offsetof(struct options, texts), "[TABLE=]FILE", "output_data.txt",
     "the text log of a table (of holding when none is named); repeats", COMMAND_LOAD},
    {"no-text", 0, OPTION_FLAG, offsetof(struct options, no_text), NULL, NULL, "write no text log",
     COMMAND_LOAD},
    {"table", 0, OPTION_LIST, offsetof(struct options, tables), "TOPIC=NAME", NULL,
     "what a topic's table is called here; repeats", COMMAND_LOAD},
    {"key", 0, OPTION_LIST, offsetof(struct options, keys), "TABLE=COL,...", NULL,
     "the columns that tell a table's rows apart, where its messages have no key; repeats", COMMAND_LOAD},
    {"type", 0, OPTION_LIST, offsetof(struct options, types), "TABLE.COL=TYPE", NULL,
     "what a column without a schema holds: timestamp_us, date, decimal(2), bytes, ...; repeats",
     COMMAND_LOAD},
    {"queries", 0, OPTION_TEXT, offsetof(struct options, queries), "DIR", NULL,
     "your own query files besides the built-in", COMMAND_QUERY | COMMAND_SHELL | COMMAND_DATASETTE},
    {"sql", 0, OPTION_FLAG, offsetof(struct options, sql), NULL, NULL,
     "print the query itself instead of its answer", COMMAND_QUERY},
    {"format", 'f', OPTION_TEXT, offsetof(struct options, format), "FORMAT", NULL,
     "table, csv, csv-safe (no formulas for spreadsheets), tsv, json, jsonl or markdown (table on a "
     "terminal, csv otherwise); of status and verify: text or json",
     COMMAND_QUERY | COMMAND_STATUS | COMMAND_VERIFY},
    {"output", 'o', OPTION_TEXT, offsetof(struct options, output), "FILE", NULL,
     "write there instead of standard output", COMMAND_EXPORT | COMMAND_DATASETTE},
    {"dir", 0, OPTION_TEXT, offsetof(struct options, directory), "DIR", "cdclite-demo",
     "where the demo puts its files", COMMAND_DEMO},
    {"db", 'd', OPTION_TEXT, offsetof(struct options, db), "FILE", "history.db", "the change history",
     COMMAND_LOAD | COMMAND_QUERY | COMMAND_STATUS | COMMAND_VERIFY | COMMAND_EXPORT | COMMAND_SCHEMA |
         COMMAND_SHELL | COMMAND_DATASETTE},
    {"quiet", 'q', OPTION_FLAG, offsetof(struct options, quiet), NULL, NULL, "say only what went wrong",
     COMMAND_ALL},
    {"verbose", 'v', OPTION_FLAG, offsetof(struct options, verbose), NULL, NULL,
     "say more, librdkafka's messages too", COMMAND_ALL},
    {"help", 'h', OPTION_FLAG, offsetof(struct options, help), NULL, NULL, "this help", COMMAND_ALL},
    {"version", 'V', OPTION_FLAG, offsetof(struct options, version), NULL, NULL,
     "the versions of cdclite and its libraries", COMMAND_ALL},
};

enum { OPTION_COUNT_ALL = sizeof option_table / sizeof *option_table };

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

static int set_option(struct options *options, const struct option *option, const char *value,
                      struct error *error)
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

static const struct option *named_option(const char *name, size_t size)
{
    for (size_t i = 0; i < OPTION_COUNT_ALL; i++)
        if (strlen(option_table[i].name) == size && memcmp(option_table[i].name, name, size) == 0)
            return &option_table[i];
    return NULL;
}

static int unknown_option(const char *name, size_t size, struct error *error)
{
    char given[64];
    const char *names[OPTION_COUNT_ALL + 1] = {0};
    snprintf(given, sizeof given, "%.*s", (int)(size < sizeof given ? size : sizeof given - 1), name);
    for (size_t i = 0; i < OPTION_COUNT_ALL; i++) names[i] = option_table[i].name;
    const char *near = suggest(given, names);
    return error_set(error, ERROR_USAGE, "unknown option --%s%s%s%s", given, near ? "; did you mean --" : "",
                     near ? near : "", near ? "?" : "; cdclite --help lists them");
}

/* One argument that begins with a dash; *at moves on when it takes the next one as its value. */
static int parse_option(struct options *options, int argc, char **argv, int *at, unsigned *used,
                        struct error *error)
{
    const char *argument = argv[*at], *value = NULL;
    const struct option *option = NULL;
    if (argument[1] == '-') {
        const char *name = argument + 2, *equals = strchr(name, '=');
        size_t size = equals ? (size_t)(equals - name) : strlen(name);
        option = named_option(name, size);
        if (!option) return unknown_option(name, size, error);
        if (equals) value = equals + 1;
        if (equals && option->kind == OPTION_FLAG)
            return error_set(error, ERROR_USAGE, "--%s takes no value", option->name);
    } else {
        for (size_t i = 0; i < OPTION_COUNT_ALL; i++)
            if (option_table[i].letter && option_table[i].letter == argument[1]) option = &option_table[i];
        if (!option || (option->kind == OPTION_FLAG && argument[2]))
            return error_set(error, ERROR_USAGE, "unknown option %s; cdclite --help lists them", argument);
        if (argument[2]) value = argument + 2;
    }
    if (!value && option->kind != OPTION_FLAG) {
        if (*at + 1 == argc)
            return error_set(error, ERROR_USAGE, "--%s needs a value: %s", option->name, option->argument);
        value = argv[++*at];
    }
    *used |= 1u << (option - option_table);
    return set_option(options, option, value, error);
}

static const struct command *named_command(const char *name)
{
    for (const struct command *command = commands; command->name; command++)
        if (strcmp(command->name, name) == 0) return command;
    return NULL;
}

static int set_command(struct options *options, const char *name, struct error *error)
{
    const char *names[16] = {0};
    options->command = named_command(name);
    if (options->command) return 0;
    for (size_t i = 0; commands[i].name; i++) names[i] = commands[i].name;
    const char *near = suggest(name, names);
    return error_set(error, ERROR_USAGE, "unknown command '%s'%s%s%s", name, near ? "; did you mean " : "",
                     near ? near : "", near ? "?" : "; cdclite --help lists them");
}

static int set_defaults(struct options *options, struct error *error)
{
    *options = (struct options){0};
    for (size_t i = 0; i < OPTION_COUNT_ALL; i++) {
        const struct option *option = &option_table[i];
        /* A list's default is the command's to fill in, so that what is given does not add to it. */
        if (option->otherwise && option->kind != OPTION_LIST &&
            set_option(options, option, option->otherwise, error))
            return -1;
    }
    return 0;
}

/* An option of another command is a mistake worth saying. */
static int check_used(const struct options *options, unsigned used, struct error *error)
{
    for (size_t i = 0; options->command && i < OPTION_COUNT_ALL; i++)
        if (used >> i & 1 && !(option_table[i].commands & options->command->bit))
            return error_set(error, ERROR_USAGE, "--%s is no option of cdclite %s", option_table[i].name,
                             options->command->name);
    return 0;
}

int options_parse(struct options *options, int argc, char **argv, struct error *error)
{
    bool only_arguments = false, wants_help = false;
    unsigned used = 0;
    if (set_defaults(options, error)) return -1;
    options->program = argv[0];
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (!only_arguments && strcmp(argument, "--") == 0) {
            only_arguments = true;
        } else if (!only_arguments && argument[0] == '-' && argument[1]) {
            if (parse_option(options, argc, argv, &i, &used, error)) return -1;
        } else if (!options->command && !wants_help && strcmp(argument, "help") == 0) {
            wants_help = options->help = true;
        } else if (!options->command) {
            if (set_command(options, argument, error)) return -1;
        } else if (append(&options->arguments, argument, error)) {
            return -1;
        }
    }
    return check_used(options, used, error);
}

void options_free(struct options *options)
{
    for (size_t i = 0; i < OPTION_COUNT_ALL; i++)
        if (option_table[i].kind == OPTION_LIST)
            free(((struct text_list *)(void *)((char *)options + option_table[i].field))->all);
    free(options->arguments.all);
}

void options_help(FILE *out)
{
    fputs("cdclite loads Debezium change events into a text log and an append-only SQLite history, and "
          "answers\n"
          "questions on them.\n\n"
          "Usage: cdclite COMMAND [OPTIONS]\n\nCommands:\n",
          out);
    for (const struct command *command = commands; command->name; command++)
        fprintf(out, "  %-9s %s\n", command->name, command->summary);
    fputs("\nExamples:\n"
          "  cdclite demo\n"
          "  cdclite load --brokers localhost:9092 --topic bankserver1.bank_data.holding\n"
          "  cdclite load --input events.jsonl\n"
          "  cdclite query stock_change_counts\n"
          "  cdclite query most_sold_stocks from=2025-01-01 to=2025-02-01 --format csv\n"
          "  sqlite3 -readonly history.db\n\n"
          "cdclite COMMAND --help says more about one command.\n\n"
          "Exit codes: 0 done, 1 failure (of verify: findings), 2 usage, 3 source (Kafka, input), 4 storage "
          "(database, text log).\n",
          out);
}

void options_command_help(const struct command *command, FILE *out)
{
    fprintf(out, "cdclite %s: %s\n\nUsage: cdclite %s%s%s [OPTIONS]\n\n%s", command->name, command->summary,
            command->name, *command->arguments ? " " : "", command->arguments, command->details);
    fputs("\nOptions:\n", out);
    for (size_t i = 0; i < OPTION_COUNT_ALL; i++) {
        const struct option *option = &option_table[i];
        if (!(option->commands & command->bit)) continue;
        char left[64];
        snprintf(left, sizeof left, "%c%c%s--%s%s%s", option->letter ? '-' : ' ',
                 option->letter ? option->letter : ' ', option->letter ? ", " : "  ", option->name,
                 option->argument ? " " : "", option->argument ? option->argument : "");
        fprintf(out, "  %-34s %s", left, option->help);
        if (option->otherwise) fprintf(out, " (default: %s)", option->otherwise);
        fputc('\n', out);
    }
    fprintf(out, "\nExamples:\n%s", command->examples);
}
