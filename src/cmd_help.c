#include "commands.h"

int command_help(const struct options *options, struct error *error)
{
    (void)options; /* those of a command that is named never come here: they ask for its help */
    options_help(stdout);
    return check_output(stdout, error);
}
