#ifndef CDCLITE_LOG_H
#define CDCLITE_LOG_H

#include <stdbool.h>

/* Diagnostics go to standard error, a line each; data goes to standard output. */
enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* What is shown from now on, process-wide. The default is LOG_INFO. */
void log_set_level(enum log_level level);

/* How lines are written from now on, process-wide: "text", the default, or "json": each an object (RFC 8259)
 * with the members time (ISO 8601, UTC), level (error, warning, info, debug) and message. -1 for another
 * name. */
int log_set_format(const char *format);

/* Writes "cdclite: " (and "warning: " where it is one), the text with control characters shown as \xNN, and
 * LF. Clears a progress line that stands on the terminal first. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether log_progress has a line to redraw: standard error is a terminal, and lines are text. */
bool log_can_redraw(void);

/* The text of a progress line on the terminal, kept on one line and redrawn in place; NULL takes it away. */
void log_progress(const char *text);

#endif
