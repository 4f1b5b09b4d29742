#ifndef HTML_H
#define HTML_H

#include "cdclite/buffer.h"
#include "cdclite/slice.h"

/* Appends data as text that is safe between tags and in quoted attributes: no markup, nothing that steers
 * (\n, \xNN as in tables). */
void html_text(struct buffer *out, struct slice text);
/* The same with its line feeds and tabs, for <pre>. */
void html_lines(struct buffer *out, struct slice text);
/* html_text of at most so many columns, … where it is cut off. */
void html_clipped(struct buffer *out, struct slice text, size_t width);

#endif
