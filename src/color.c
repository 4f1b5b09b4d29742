#include "cdclite/color.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AUTO, ALWAYS, NEVER };
static size_t chosen = AUTO;

int color_set(const char *when)
{
    static const char *const names[] = {[AUTO] = "auto", [ALWAYS] = "always", [NEVER] = "never"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(when, names[i]) != 0) continue;
        chosen = i;
        return 0;
    }
    return 1;
}

bool color_on(FILE *out)
{
    if (chosen != AUTO) return chosen == ALWAYS;
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    if (no_color && *no_color) return false;
    return term && strcmp(term, "dumb") != 0 && isatty(fileno(out)) == 1;
}

const char *color_begin(enum color color, FILE *out)
{
    static const char *const codes[] = {[COLOR_BOLD] = "\033[1m",
                                        [COLOR_ERROR] = "\033[1;31m",
                                        [COLOR_WARNING] = "\033[1;33m",
                                        [COLOR_BAR] = "\033[36m"};
    return color_on(out) ? codes[color] : "";
}

const char *color_end(FILE *out)
{
    return color_on(out) ? "\033[0m" : "";
}
