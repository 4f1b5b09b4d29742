#include "normal_sql.h"

#include <stdlib.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

/* The size of what SQL does not read at `at`: spaces and comments. */
static size_t unread(const char *at)
{
    const char *start = at, *end;
    for (;;) {
        if (is_blank(*at)) {
            at++;
        } else if (at[0] == '-' && at[1] == '-') {
            at += strcspn(at, "\n");
        } else if (at[0] == '/' && at[1] == '*') {
            end = strstr(at + 2, "*/");
            at = end ? end + 2 : at + strlen(at);
        } else {
            return (size_t)(at - start);
        }
    }
}

/* The size of what stands at `at`: a name or text in quotes (a doubled quote inside begins the next one,
 * which is all the same here), or a character. */
static size_t token(const char *at)
{
    if (!strchr("'\"`[", *at)) return 1;
    const char *end = strchr(at + 1, *at == '[' ? ']' : *at);
    return end ? (size_t)(end + 1 - at) : strlen(at);
}

/* Whether a character stands alone, so that spaces beside it mean nothing. */
static bool stands_alone(char c)
{
    return strchr("(),;", c) != NULL;
}

static void append_read(const char *sql, struct buffer *out)
{
    for (const char *at = sql + unread(sql); *at;) {
        size_t size = token(at);
        buffer_append(out, at, size);
        char last = at[size - 1];
        at += size;
        size_t between = unread(at);
        at += between;
        if (between && *at && !stands_alone(last) && !stands_alone(*at)) buffer_char(out, ' ');
    }
}

static int compare(const void *a, const void *b)
{
    const struct slice *left = a, *right = b;
    size_t least = left->size < right->size ? left->size : right->size;
    int order = memcmp(left->at, right->at, least);
    return order ? order : (left->size > right->size) - (left->size < right->size);
}

/* Orders what stands between the outer parentheses, parted by commas. */
static void append_ordered(const char *sql, struct buffer *out)
{
    size_t count = 0, depth = 0;
    struct slice *parts = calloc(strlen(sql) + 1, sizeof *parts);
    const char *at = sql, *part;
    if (!parts) {
        out->failed = true;
        return;
    }
    while (*at && *at != '(') at += token(at);
    buffer_append(out, sql, (size_t)(at - sql));
    part = at + (*at == '(');
    for (; *at; at += token(at)) {
        depth += *at == '(';
        bool ends = *at == ')' && depth == 1;
        if (ends || (*at == ',' && depth == 1)) {
            parts[count++] = (struct slice){part, (size_t)(at - part)};
            part = at + 1;
        }
        depth -= *at == ')' && depth > 0;
        if (ends) break;
    }
    qsort(parts, count, sizeof *parts, compare);
    for (size_t i = 0; i < count; i++) {
        buffer_char(out, i ? ',' : '(');
        buffer_slice(out, parts[i]);
    }
    buffer_text(out, at);
    free(parts);
}

void normal_sql(const char *sql, bool is_table, struct buffer *out)
{
    struct buffer read = {0};
    if (is_table) {
        append_read(sql, &read);
        append_ordered(buffer_string(&read), out);
        out->failed |= buffer_failed(&read);
        buffer_free(&read);
    } else {
        append_read(sql, out);
    }
}
