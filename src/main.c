#include <locale.h>
#include <stdio.h>

#include <json-c/json_c_version.h>
#include <librdkafka/rdkafka.h>
#include <sqlite3.h>

#include "cdclite/color.h"
#include "cdclite/log.h"
#include "commands.h"

static int print_version(struct error *error)
{
    printf("cdclite %s (librdkafka %s, SQLite %s, json-c %s)\n", CDCLITE_VERSION, rd_kafka_version_str(),
           sqlite3_libversion(), json_c_version());
    return check_output(stdout, error);
}

static int run(const struct options *options, struct error *error)
{
    if (options->version) return print_version(error);
    if (!options->command) {
        if (!options->help) return error_set(error, ERROR_USAGE, "no command; cdclite --help lists them");
        return command_help(options, error);
    }
    /* query knows the queries. */
    if (options->help && options->command->bit != COMMAND_QUERY) {
        options_command_help(options->command, stdout);
        return check_output(stdout, error);
    }
    return options->command->run(options, error);
}

int main(int argc, char **argv)
{
    struct options options;
    struct error error;
    setlocale(LC_CTYPE, "C.UTF-8"); /* for the width of characters in tables; numbers stay as in C */
    int result = options_parse(&options, argc, argv, &error);
    /* What was wrong with a later option is said in the form that an earlier one chose. */
    int unknown_format = options.log_format && log_set_format(options.log_format);
    if (result == 0 && unknown_format)
        result = error_set(&error, ERROR_USAGE, "--log-format %s: text or json", options.log_format);
    if (result == 0) {
        if (options.quiet) log_set_level(LOG_WARNING);
        if (options.verbose) log_set_level(LOG_DEBUG);
        result = color_set(options.color) == 0
                     ? run(&options, &error)
                     : error_set(&error, ERROR_USAGE, "--color %s: auto, always or never", options.color);
    } else if (options.color) {
        color_set(options.color);
    }
    options_free(&options);
    if (result == 0) return 0;
    log_write(LOG_ERROR, "%s", error.text);
    return (int)error.kind;
}
