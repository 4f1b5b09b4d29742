#include "cdclite/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "display_text.h"

static void show(struct slice text, const char *kept, FILE *out)
{
    struct buffer fit = {0};
    display_append(&fit, text, &(struct display){.marked = "", .kept = kept});
    if (buffer_failed(&fit)) {
        /* That memory ran out must still be said. */
        for (size_t i = 0; i < text.size; i++)
            fputc(text.at[i] >= ' ' && text.at[i] <= '~' ? text.at[i] : '?', out);
    } else {
        fwrite(buffer_view(&fit).at, 1, fit.size, out);
    }
    buffer_free(&fit);
}

void terminal_write(const char *text, FILE *out)
{
    show(slice_of(text), "", out);
}

void terminal_copy(struct slice text, FILE *out)
{
    if (isatty(fileno(out)) == 1) {
        show(text, "\n", out);
    } else {
        fwrite(text.at, 1, text.size, out);
    }
}

size_t terminal_width(FILE *out)
{
    enum { USUAL = 80, MOST = 10000 };
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    char *end;
    if (columns && *columns >= '0' && *columns <= '9') {
        unsigned long given = strtoul(columns, &end, 10);
        if (!*end && given > 0) return given < MOST ? given : MOST;
    }
    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col) return size.ws_col;
    return USUAL;
}

bool terminal_is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *locale = getenv(names[i]);
        if (!locale || !*locale) continue;
        const char *charset = strchr(locale, '.');
        return charset && (strncasecmp(charset, ".UTF-8", 6) == 0 || strncasecmp(charset, ".UTF8", 5) == 0);
    }
    return false;
}
