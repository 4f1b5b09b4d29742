#ifndef CDCLITE_TERMINAL_H
#define CDCLITE_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

#include "cdclite/slice.h"

/* What comes from events, files and databases, and may hold characters that steer a terminal. */

/* Writes a message's text: what steers as \n, \t, \xNN, wherever it goes. */
void terminal_write(const char *text, FILE *out);

/* Writes data: byte for byte, but where `out` is a terminal as terminal_write does, line feeds kept. A
 * failure shows in ferror(out). */
void terminal_copy(struct slice text, FILE *out);

/* The columns of the terminal that `out` is: those that COLUMNS says, else its own, else 80. */
size_t terminal_width(FILE *out);

/* Whether the user's locale (LC_ALL, LC_CTYPE, LANG) is one of UTF-8. */
bool terminal_is_utf8(void);

#endif
