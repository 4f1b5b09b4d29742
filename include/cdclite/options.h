#ifndef CDCLITE_OPTIONS_H
#define CDCLITE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cdclite/error.h"
#include "cdclite/property_file.h"

/* Texts in the order given, ended by NULL. They are borrowed: from argv, the environment, file_properties. */
struct text_list {
    const char **all;
    size_t count;
};

/* What the command line says, else the property files, else the environment; what none of them gives has the
 * default of the option table. */
struct options {
    const char *program;           /* as it was called */
    const struct command *command; /* NULL: none was named */
    struct text_list arguments;    /* behind the command: query names, name=value */
    bool only_arguments;           /* -- was given */

    const char *db, *brokers, *group, *input, *input_format, *format, *queries, *output, *restart_at,
        *directory, *color, *metrics, *log_format, *column, *html;
    struct text_list topics, texts, tables, keys, types, properties, property_files;
    int64_t max_messages, max_event_bytes, linger_ms;
    bool no_text, until_end, sql, chart, watch, quiet, verbose, help, version;
    struct property_list file_properties; /* all lines of property_files, those of options too */
};

/* One command: how it is called and what runs it. */
struct command {
    const char *name, *arguments, *summary, *details, *examples;
    int (*run)(const struct options *options, struct error *error);
    unsigned bit; /* COMMAND_…, for the option table */
};

enum {
    COMMAND_LOAD = 1,
    COMMAND_QUERY = 2,
    COMMAND_STATUS = 4,
    COMMAND_EXPORT = 8,
    COMMAND_SCHEMA = 16,
    COMMAND_DEMO = 32,
    COMMAND_VERIFY = 64,
    COMMAND_REJECTED = 128,
    COMMAND_BACKUP = 256,
    COMMAND_SHELL = 512,
    COMMAND_DATASETTE = 1024,
    COMMAND_REPORT = 2048,
    COMMAND_HELP = 1 << 20,
    COMMAND_COMPLETION = 1 << 21,
    COMMAND_MAN = 1 << 22,
    COMMAND_ALL = (1 << 23) - 1,
    /* Those that read property files: all that work on a history of the user's own. */
    COMMAND_DATA = COMMAND_ALL & ~(COMMAND_DEMO | COMMAND_HELP | COMMAND_COMPLETION | COMMAND_MAN),
};

/* All commands, ended by one without name. */
extern const struct command commands[];

/* Reads the command line and, once a command is known, the property files and the environment's CDCLITE_….
 * ERROR_USAGE for what they cannot be. options_free afterwards, also after a failure. */
int options_parse(struct options *options, int argc, char **argv, struct error *error);
void options_free(struct options *options);

/* What the exit codes mean, in one line. */
extern const char options_exit_codes[];

/* What `cdclite --help` and `cdclite COMMAND --help` print. */
void options_help(FILE *out);
void options_command_help(const struct command *command, FILE *out);

#endif
