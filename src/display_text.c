#include "display_text.h"

#include <string.h>
#include <wchar.h>

int32_t utf8_at(struct slice text, size_t *size)
{
    static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)text.at;
    *size = 1;
    if (at[0] < 0x80) return at[0];
    size_t more = at[0] >= 0xf0 ? 3 : at[0] >= 0xe0 ? 2 : 1;
    if (at[0] < 0xc2 || at[0] > 0xf4 || text.size <= more) return -1;
    int32_t code = at[0] & (0x3f >> more);
    for (size_t i = 1; i <= more; i++) {
        if ((at[i] & 0xc0) != 0x80) return -1;
        code = code << 6 | (at[i] & 0x3f);
    }
    if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return -1;
    *size = more + 1;
    return code;
}

bool display_steers(int32_t code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

size_t display_width(int32_t code)
{
    if (code < 0x7f) return 1;
    int width = wcwidth((wchar_t)code);
    /* Characters newer than the C library are most likely one column wide. */
    return width < 0 ? 1 : (size_t)width;
}

static size_t append_escaped(struct buffer *out, struct slice character)
{
    static const char codes[] = "\b\t\n\v\f\r", letters[] = "btnvfr";
    const char *code = *character.at ? strchr(codes, *character.at) : NULL;
    if (code) {
        buffer_char(out, '\\');
        buffer_char(out, letters[code - codes]);
        return 2;
    }
    for (size_t i = 0; i < character.size; i++) buffer_printf(out, "\\x%02x", (unsigned char)character.at[i]);
    return 4 * character.size;
}

static bool has_letter(int32_t code)
{
    return code >= '\b' && code <= '\r';
}

size_t display_append(struct buffer *out, struct slice text, const struct display *how)
{
    size_t width = 0, size;
    for (size_t i = 0; i < text.size; i += size) {
        int32_t code = utf8_at((struct slice){text.at + i, text.size - i}, &size);
        bool ascii = code > 0 && code < 0x80;
        if (display_steers(code) && !(ascii && strchr(how->kept, code)) && !(how->raw && !has_letter(code))) {
            width += append_escaped(out, (struct slice){text.at + i, size});
            continue;
        }
        if (ascii && strchr(how->marked, code)) {
            buffer_char(out, '\\');
            width++;
        }
        buffer_append(out, text.at + i, size);
        width += display_width(code);
    }
    return width;
}

void display_json(struct buffer *out, struct slice text)
{
    size_t size;
    buffer_char(out, '"');
    for (size_t i = 0; i < text.size; i += size) {
        int32_t code = utf8_at((struct slice){text.at + i, text.size - i}, &size);
        if (code < 0 || display_steers(code)) {
            buffer_printf(out, "\\u%04x", code < 0 ? 0xfffdu : (unsigned)code);
            continue;
        }
        if (code == '"' || code == '\\') buffer_char(out, '\\');
        buffer_append(out, text.at + i, size);
    }
    buffer_char(out, '"');
}
