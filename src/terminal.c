#include "cdclite/terminal.h"

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
