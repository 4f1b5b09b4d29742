#include <ctype.h>

#include "query_parts.h"

/* Of SQLite's tokens only those matter that a parameter could seem to stand in, or that are one. */

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static size_t quoted(const char *at, char end)
{
    size_t size = 1;
    /* A doubled quote ends one text and begins the next, which comes to the same. */
    while (at[size] && at[size] != end) size++;
    return at[size] ? size + 1 : size;
}

static size_t line_comment(const char *at)
{
    return strcspn(at, "\n");
}

static size_t block_comment(const char *at)
{
    const char *end = strstr(at + 2, "*/");
    return end ? (size_t)(end - at) + 2 : strlen(at);
}

static size_t word(const char *at)
{
    size_t size = 1;
    while (is_name(at[size])) size++;
    return size;
}

size_t query_token(const char *at)
{
    switch (*at) {
    case '\'':
    case '"':
    case '`': return quoted(at, *at);
    case '[': return quoted(at, ']');
    case '-': return at[1] == '-' ? line_comment(at) : 1;
    case '/': return at[1] == '*' ? block_comment(at) : 1;
    case ':':
    case '@':
    case '$': return word(at);
    default: return is_name(*at) ? word(at) : 1;
    }
}

int query_scan_parameters(const char *sql, int (*found)(void *context, struct slice name), void *context)
{
    size_t size;
    for (const char *at = sql; *at; at += size) {
        size = query_token(at);
        bool is_parameter = (*at == ':' || *at == '@' || *at == '$') && size > 1;
        int result = is_parameter ? found(context, (struct slice){at + 1, size - 1}) : 0;
        if (result) return result;
    }
    return 0;
}
