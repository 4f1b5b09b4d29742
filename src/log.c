#include "cdclite/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cdclite/color.h"
#include "cdclite/terminal.h"
#include "cdclite/time_text.h"
#include "display_text.h"

static enum log_level shown = LOG_INFO;
static bool json;
static bool progress_stands;

void log_set_level(enum log_level level)
{
    shown = level;
}

int log_set_format(const char *format)
{
    json = strcmp(format, "json") == 0;
    return json || strcmp(format, "text") == 0 ? 0 : -1;
}

bool log_can_redraw(void)
{
    return !json && isatty(STDERR_FILENO) == 1;
}

static void clear_progress(void)
{
    if (!progress_stands) return;
    fputs("\r\033[K", stderr);
    progress_stands = false;
}

/* In one call, so that the lines of several threads stay whole. */
static void write_json(enum log_level level, const char *text)
{
    static const char *const names[] = {
        [LOG_ERROR] = "error", [LOG_WARNING] = "warning", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};
    char when[TIME_TEXT_SIZE];
    struct buffer line = {0};
    time_format(time_now(), UNIT_TIMESTAMP_US, true, when);
    buffer_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":", when, names[level]);
    display_json(&line, slice_of(text));
    buffer_text(&line, "}\n");
    /* That memory ran out must still be said. */
    if (buffer_failed(&line))
        fprintf(stderr, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"out of memory\"}\n", when,
                names[level]);
    else
        fwrite(line.at, 1, line.size, stderr);
    buffer_free(&line);
}

void log_write(enum log_level level, const char *format, ...)
{
    if (level > shown) return;
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (json) {
        write_json(level, text);
        return;
    }
    clear_progress();
    if (level <= LOG_WARNING)
        fprintf(stderr, "%scdclite:%s%s ",
                color_begin(level == LOG_ERROR ? COLOR_ERROR : COLOR_WARNING, stderr),
                level == LOG_WARNING ? " warning:" : "", color_end(stderr));
    else
        fputs("cdclite: ", stderr);
    terminal_write(text, stderr);
    fputc('\n', stderr);
}

void log_progress(const char *text)
{
    clear_progress();
    if (text) {
        fputs(text, stderr);
        progress_stands = true;
    }
    fflush(stderr);
}
