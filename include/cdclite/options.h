#ifndef CDCLITE_OPTIONS_H
#define CDCLITE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cdclite/error.h"

/* Texts in the order given, ended by NULL. They are borrowed from argv. */
struct text_list {
    const char **all;
    size_t count;
};

/* What the command line says; fields not given have the defaults of the option table. */
struct options {
    const char *program;           /* as it was called */
    const struct command *command; /* NULL: none was named */
    struct text_list arguments;    /* behind the command: query names, name=value */

    const char *db, *brokers, *group, *input, *input_format, *format, *queries, *output, *restart_at,
        *directory;
    struct text_list topics, texts, tables, keys, types, properties, property_files;
    int64_t max_messages, max_event_bytes, linger_ms;
    bool no_text, until_end, sql, quiet, verbose, help, version;
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
    COMMAND_SHELL = 128,
    COMMAND_DATASETTE = 256,
    COMMAND_ALL = 511,
};

/* All commands, ended by one without name. */
extern const struct command commands[];

/* Reads the command line. ERROR_USAGE for what it cannot be. options_free afterwards, also after a failure.
 */
int options_parse(struct options *options, int argc, char **argv, struct error *error);
void options_free(struct options *options);

/* What `cdclite --help` and `cdclite COMMAND --help` print. */
void options_help(FILE *out);
void options_command_help(const struct command *command, FILE *out);

#endif
