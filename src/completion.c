#include "completion.h"

#include <ctype.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/database.h"
#include "cdclite/query.h"
#include "cdclite/report.h"
#include "display_text.h"
#include "option_table.h"

struct completion {
    const struct options *options; /* what the words before say */
    const char *typed;             /* of the value that is being completed */
    const char *ahead;             /* what stands in front of it in its word: "--format=" */
    struct buffer out;
};

/* Names may come from events and files: nothing in them steers a terminal or makes two lines of one. */
static void append_safely(struct buffer *out, const char *text)
{
    display_append(out, slice_of(text), &(struct display){.marked = "", .kept = ""});
}

static void offer(struct completion *to, const char *text, size_t size, const char *behind, const char *what)
{
    size_t typed = strlen(to->typed);
    struct buffer whole = {0};
    buffer_append(&whole, text, size);
    buffer_text(&whole, behind);
    if (strncmp(buffer_string(&whole), to->typed, typed) == 0) {
        append_safely(&to->out, to->ahead);
        append_safely(&to->out, buffer_string(&whole));
        if (what && *what) {
            buffer_char(&to->out, '\t');
            append_safely(&to->out, what);
        }
        buffer_char(&to->out, '\n');
    }
    buffer_free(&whole);
}

/* Each of a|b|c. */
static void offer_choices(struct completion *to, const char *choices, size_t size)
{
    for (const char *at = choices, *end = choices + size; at < end;) {
        const char *bar = memchr(at, '|', (size_t)(end - at));
        size_t part = (size_t)((bar ? bar : end) - at);
        offer(to, at, part, "", NULL);
        at += part + 1;
    }
}

static void offer_commands(struct completion *to)
{
    for (const struct command *command = commands; command->name; command++)
        offer(to, command->name, strlen(command->name), "", command->summary);
}

static void offer_options(struct completion *to)
{
    const struct command *command = to->options->command;
    unsigned bits = command ? command->bit : COMMAND_ALL;
    for (const struct option *option = option_table; option->name; option++) {
        bool fits = (option->commands & bits) == bits;
        struct buffer name = {0};
        buffer_printf(&name, "--%s", option->name);
        if (fits) offer(to, buffer_string(&name), name.size, "", option->help);
        buffer_free(&name);
    }
}

/* The texts that a query of one column finds in the database; nothing where there is none. */
static void offer_stored(struct completion *to, const char *sql, const char *behind)
{
    struct database database = {.lock_fd = -1};
    struct error error;
    sqlite3_stmt *statement = NULL;
    if (database_open_reader(&database, to->options->db, &error) == 0 &&
        database_prepare(database.handle, sql, &statement, &error) == 0)
        while (sqlite3_step(statement) == SQLITE_ROW) {
            const char *text = database_text(statement, 0);
            offer(to, text, strlen(text), behind, NULL);
        }
    sqlite3_finalize(statement);
    database_close(&database);
}

static void offer_tables(struct completion *to, const char *behind)
{
    offer_stored(to, "SELECT name FROM captured_table ORDER BY name", behind);
}

/* Files, too, have positions; their names have a colon or a slash, which no topic has. */
static void offer_topics(struct completion *to, const char *behind)
{
    offer_stored(to, "SELECT DISTINCT topic FROM position WHERE topic NOT GLOB '*[/:]*' ORDER BY topic",
                 behind);
}

static bool begins(const char *text, size_t size, const char *with)
{
    return size >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

/* What the option table or a command's usage calls a value: FILE, bash|zsh|fish, TABLE=FILE, … */
static void offer_value(struct completion *to, const char *kind, size_t size)
{
    if (begins(kind, size, "FILE") || begins(kind, size, "[TABLE=]FILE")) {
        buffer_text(&to->out, ":files\n");
    } else if (begins(kind, size, "DIR")) {
        buffer_text(&to->out, ":folders\n");
    } else if (begins(kind, size, "COMMAND")) {
        offer_commands(to);
    } else if (begins(kind, size, "TABLE")) {
        offer_tables(to, kind[5] == '=' || kind[5] == '.' ? (char[]){kind[5], '\0'} : "");
    } else if (begins(kind, size, "TOPIC")) {
        offer_topics(to, size > 5 && kind[5] == '=' ? "=" : "");
    } else if (islower((unsigned char)*kind)) {
        offer_choices(to, kind, size);
    }
}

static void offer_queries(struct completion *to, const struct query_set *set)
{
    for (size_t i = 0; i < query_count(set); i++)
        offer(to, query_at(set, i)->name, strlen(query_at(set, i)->name), "", query_at(set, i)->purpose);
}

static void offer_parameter_value(struct completion *to, const struct query_parameter *parameter)
{
    if (parameter->type == PARAMETER_CHOICE)
        offer_choices(to, parameter->choices, strlen(parameter->choices));
    if (parameter->type == PARAMETER_TABLE) offer_tables(to, "");
}

static bool is_given(const struct options *options, const char *parameter)
{
    size_t size = strlen(parameter), first = options->command->bit == COMMAND_QUERY;
    for (size_t i = first; i < options->arguments.count; i++)
        if (strncmp(options->arguments.all[i], parameter, size) == 0 &&
            options->arguments.all[i][size] == '=')
            return true;
    return false;
}

static void offer_parameters(struct completion *to, const struct query *query)
{
    const char *word = to->typed, *equals = strchr(word, '=');
    for (size_t i = 0; i < query->parameter_count; i++) {
        const struct query_parameter *parameter = &query->parameters[i];
        size_t size = strlen(parameter->name);
        struct buffer ahead = {0};
        if (!equals) {
            if (!is_given(to->options, parameter->name))
                offer(to, parameter->name, size, "=", parameter->description);
        } else if ((size_t)(equals - word) == size && memcmp(word, parameter->name, size) == 0) {
            buffer_printf(&ahead, "%s=", parameter->name);
            to->ahead = buffer_string(&ahead);
            to->typed = equals + 1;
            offer_parameter_value(to, parameter);
            to->ahead = "";
            to->typed = word;
        }
        buffer_free(&ahead);
    }
}

/* The name of a query, or a parameter of the query that is named. */
static void offer_of_query(struct completion *to)
{
    const struct text_list *arguments = &to->options->arguments;
    struct query_set *set = NULL;
    const struct query *query;
    struct error error;
    if (query_set_open(to->options->queries, &set, &error)) return;
    if (!arguments->count) {
        offer_queries(to, set);
    } else if (!to->options->help && query_find(set, arguments->all[0], &query, &error) == 0) {
        offer_parameters(to, query);
    }
    query_set_close(set);
}

/* Whether an argument can stand for a word of a usage: one of bash|zsh|fish, or anything for TABLE. */
static bool is_meant(const char *argument, const char *word, size_t size)
{
    size_t length = strlen(argument);
    if (!islower((unsigned char)*word)) return true;
    for (const char *at = word, *end = word + size; at < end; at += strcspn(at, "| ]") + 1)
        if (strncmp(at, argument, length) == 0 && (at + length == end || at[length] == '|')) return true;
    return false;
}

/* Of one usage, "text [TABLE]", the word that the arguments before lead to. */
static void offer_next(struct completion *to, const char *usage, size_t size)
{
    const char *end = usage + size;
    for (size_t i = 0; usage < end; i++) {
        usage += strspn(usage, " [");
        size_t word = strcspn(usage, " ]…");
        if (i == to->options->arguments.count) {
            offer_value(to, usage, word);
            return;
        }
        if (!is_meant(to->options->arguments.all[i], usage, word)) return;
        usage += word;
        usage += strcspn(usage, " ");
    }
}

static void offer_argument(struct completion *to)
{
    static const char other[] = " | ";
    const struct command *command = to->options->command;
    if (!command || command->bit == COMMAND_HELP) {
        offer_commands(to);
    } else if (command->bit == COMMAND_QUERY) {
        offer_of_query(to);
    } else if (command->bit == COMMAND_REPORT) {
        offer_parameters(to, &report_arguments);
    } else if (!to->options->help) {
        for (const char *usage = command->arguments, *next; usage; usage = next) {
            next = strstr(usage, other);
            offer_next(to, usage, next ? (size_t)(next - usage) : strlen(usage));
            if (next) next += sizeof other - 1;
        }
    }
}

/* Reads the words before the last; the option in *pending needs the last one as its value. */
static int read_words(const struct text_list *words, struct options *options, const struct option **pending,
                      struct error *error)
{
    size_t count = words->count ? words->count : 1;
    const char *value;
    char **argv = calloc(count + 1, sizeof *argv);
    if (!argv) return error_memory(error);
    argv[0] = "cdclite";
    for (size_t i = 1; i < count; i++) argv[i] = (char *)words->all[i - 1];
    int result = options_parse(options, (int)count, argv, error);
    const char *before = count > 1 ? argv[count - 1] : "";
    *pending = before[0] == '-' ? option_of_argument(before, &value) : NULL;
    if (result && *pending && (*pending)->kind != OPTION_FLAG && !value) {
        options_free(options);
        result = options_parse(options, (int)count - 1, argv, error);
    } else {
        *pending = NULL;
    }
    free(argv);
    return result;
}

int completion_print(const struct text_list *words, FILE *out, struct error *error)
{
    struct options options;
    const struct option *pending;
    const char *word = words->count ? words->all[words->count - 1] : "", *value;
    struct completion to = {.options = &options, .typed = word, .ahead = ""};
    struct buffer ahead = {0};
    if (read_words(words, &options, &pending, error) == 0) {
        const struct option *option = word[0] == '-' ? option_of_argument(word, &value) : NULL;
        if (!pending && option && word[1] == '-' && value && option->argument) {
            pending = option;
            buffer_append(&ahead, word, (size_t)(value - word));
            to.ahead = buffer_string(&ahead);
            to.typed = value;
        }
        if (pending) {
            pending = option_named(pending->name, strlen(pending->name), options.command);
            offer_value(&to, pending->argument, strlen(pending->argument));
        } else if (word[0] == '-') {
            offer_options(&to);
        } else {
            offer_argument(&to);
        }
    }
    options_free(&options);
    fwrite(buffer_view(&to.out).at, 1, to.out.size, out);
    int result = buffer_failed(&to.out) ? error_memory(error) : 0;
    buffer_free(&to.out);
    buffer_free(&ahead);
    return result;
}
