#ifndef CDCLITE_TERMINAL_H
#define CDCLITE_TERMINAL_H

#include <stdio.h>

/* Writes text that may come from events: control characters (C0, DEL, C1), which steer a terminal, as \xNN.
 */
void terminal_write(const char *text, FILE *out);

#endif
