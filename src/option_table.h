#ifndef OPTION_TABLE_H
#define OPTION_TABLE_H

#include "cdclite/options.h"

/* What parsing, help, the man page, completion, the environment and property files share: the one table of
 * options, in src/options.c. */

enum option_kind { OPTION_TEXT, OPTION_LIST, OPTION_COUNT, OPTION_SIZE, OPTION_FLAG };

/* Beside the commands of an option: it may stand in the environment and in property files too. */
enum { OPTION_LASTING = 1 << 30 };

struct option {
    const char *name;
    char letter; /* kcat's, where it has one; 0 for none */
    enum option_kind kind;
    size_t field; /* in struct options */
    /* What its value is: a|b for one of these; FILE, DIR, TOPIC, TABLE=… are completed as what they say. */
    const char *argument;
    const char *otherwise, *help;
    unsigned commands; /* COMMAND_… that take it, and OPTION_LASTING */
};

/* Ended by one without name. A name may stand twice, where commands take different values: with one letter,
 * kind and field. */
extern const struct option option_table[];

/* The option of that name that the command takes, or else the first of that name; NULL when there is none. */
const struct option *option_named(const char *name, size_t size, const struct command *command);

/* The option that an argument which begins with a dash is (the value behind its = or its letter in *value,
 * else NULL); NULL when it is none. */
const struct option *option_of_argument(const char *argument, const char **value);

/* Sets what the option says; the value is borrowed. ERROR_USAGE when it cannot be. */
int option_set(struct options *options, const struct option *option, const char *value, struct error *error);

/* The option's name in the environment: CDCLITE_MAX_MESSAGES. */
enum { OPTION_VARIABLE_SIZE = 64 };
const char *option_variable(const struct option *option, char text[static OPTION_VARIABLE_SIZE]);

/* ERROR_USAGE that names the nearest; `dashes` stands in front of both. */
int option_unknown(const char *name, size_t size, const char *dashes, struct error *error);

/* The options that the command line did not give (given: by the first place of their name in the table) from
 * the property files, then from the environment. Fills in file_properties. */
int option_settings(struct options *options, const bool *given, struct error *error);

#endif
