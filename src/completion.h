#ifndef COMPLETION_H
#define COMPLETION_H

#include <stdio.h>

#include "cdclite/options.h"

/* Prints what the last of the words behind "cdclite" may become: a line each, the text and, behind a tab,
 * what it is. A line ":files" or ":folders" is for the shell to list those. Words that are wrong get nothing.
 */
int completion_print(const struct text_list *words, FILE *out, struct error *error);

#endif
