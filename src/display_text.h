#ifndef DISPLAY_TEXT_H
#define DISPLAY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdclite/buffer.h"
#include "cdclite/slice.h"

/* How text is made fit to be shown. */
struct display {
    const char *marked; /* ASCII characters that get a backslash in front */
    const char *kept;   /* ASCII control characters that stay as they are */
    bool raw;           /* what has no letter (\n, \t, …) stays as it is too: the text goes to a file */
};

/* The code point that `text` (not empty) begins with, *size its length in bytes; -1 and 1 where it is not
 * UTF-8. */
int32_t utf8_at(struct slice text, size_t *size);

/* Whether a character could steer a terminal or move what stands beside it: control characters (C0, DEL, C1),
 * line and paragraph separators, directional overrides and isolates, and -1 for a byte that is not UTF-8. */
bool display_steers(int32_t code);

/* The columns that a character takes on a terminal; 1 for -1. */
size_t display_width(int32_t code);

/*
 * Appends `text` for a reader: what could steer a terminal as \n, \t, \r, \b, \f, \v, or byte by byte as
 * \xNN. Returns the columns it takes on a terminal (wcwidth in the process's LC_CTYPE, which main sets to
 * C.UTF-8).
 */
size_t display_append(struct buffer *out, struct slice text, const struct display *how);

/* Appends a JSON string. Stricter than buffer_json, as what is printed may meet a terminal, and JavaScript:
 * what could steer is \uNNNN, a byte that is not UTF-8 U+FFFD. */
void display_json(struct buffer *out, struct slice text);

#endif
