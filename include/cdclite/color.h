#ifndef CDCLITE_COLOR_H
#define CDCLITE_COLOR_H

#include <stdbool.h>
#include <stdio.h>

/* Whether output may be bold and colored. */

/* From now on, process-wide: "auto", "always" or "never"; 1 for anything else. The default is auto: where the
 * stream is a terminal, NO_COLOR is not set (or empty, no-color.org) and TERM is not "dumb". */
int color_set(const char *when);
bool color_on(FILE *out);

/* What to write in front and behind: "" where the stream has no color. */
enum color { COLOR_BOLD, COLOR_ERROR, COLOR_WARNING, COLOR_BAR };
const char *color_begin(enum color color, FILE *out);
const char *color_end(FILE *out);

#endif
