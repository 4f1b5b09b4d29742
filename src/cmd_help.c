#include "commands.h"

int command_help(const struct options *options, struct error *error)
{
    (void)options; /* the help of a command that is named is its --help */
    options_help(stdout);
    return check_output(stdout, error);
}
