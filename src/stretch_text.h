#ifndef STRETCH_TEXT_H
#define STRETCH_TEXT_H

#include <stdbool.h>

#include "cdclite/buffer.h"
#include "cdclite/sent_stretch.h"

/* Stretches as sent_stretch_list.stretches has them. */

/* Appends one behind `before`, NULL for the first; stretch_text_end behind the last. */
void stretch_text_add(struct buffer *text, const struct sent_stretch *before,
                      const struct sent_stretch *stretch);
void stretch_text_end(struct buffer *text);

/* The last one that begins at or before `offset`, not known where there is none. False for a text that is no
 * such list. */
bool stretch_text_find(struct slice text, int64_t offset, struct sent_stretch *found);

#endif
