#include "cdclite/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "cdclite/color.h"
#include "cdclite/terminal.h"

static enum log_level shown = LOG_INFO;
static bool progress_stands;

void log_set_level(enum log_level level)
{
    shown = level;
}

static void clear_progress(void)
{
    if (!progress_stands) return;
    fputs("\r\033[K", stderr);
    progress_stands = false;
}

void log_write(enum log_level level, const char *format, ...)
{
    if (level > shown) return;
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
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
