#include "html.h"

#include "display_text.h"

static void append_escaped(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        switch (text.at[i]) {
        case '&': buffer_text(out, "&amp;"); break;
        case '<': buffer_text(out, "&lt;"); break;
        case '>': buffer_text(out, "&gt;"); break;
        case '"': buffer_text(out, "&quot;"); break;
        case '\'': buffer_text(out, "&#39;"); break;
        default: buffer_char(out, text.at[i]);
        }
    }
}

static void append(struct buffer *out, struct slice text, const char *kept)
{
    struct buffer shown = {0};
    display_append(&shown, text, &(struct display){.marked = "", .kept = kept});
    append_escaped(out, buffer_view(&shown));
    out->failed |= buffer_failed(&shown);
    buffer_free(&shown);
}

void html_text(struct buffer *out, struct slice text)
{
    append(out, text, "");
}

void html_lines(struct buffer *out, struct slice text)
{
    append(out, text, "\n\t");
}

void html_clipped(struct buffer *out, struct slice text, size_t width)
{
    size_t size, taken = 0, at = 0;
    for (; at < text.size; at += size) {
        int32_t code = utf8_at((struct slice){text.at + at, text.size - at}, &size);
        taken += display_width(code);
        if (taken > width) break;
    }
    html_text(out, (struct slice){text.at, at});
    if (at < text.size) buffer_text(out, "…");
}
