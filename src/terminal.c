#include "cdclite/terminal.h"

#include "display_text.h"

void terminal_write(const char *text, FILE *out)
{
    static const struct display shown = {.marked = "", .kept = ""};
    struct buffer fit = {0};
    display_append(&fit, slice_of(text), &shown);
    if (buffer_failed(&fit)) {
        /* That memory ran out must still be said. */
        for (; *text; text++) fputc(*text >= ' ' && *text <= '~' ? *text : '?', out);
    } else {
        fwrite(fit.at, 1, fit.size, out);
    }
    buffer_free(&fit);
}
