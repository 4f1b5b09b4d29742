#include "cdclite/suggest.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { LONGEST = 255 }; /* a topic's name has up to 249 letters */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    size_t m = strlen(a), n = strlen(b);
    if (m > LONGEST || n > LONGEST) return LONGEST;
    for (size_t k = 0; k <= n; k++) last[k] = k;
    for (size_t i = 1; i <= m; i++) {
        row[0] = i;
        for (size_t k = 1; k <= n; k++) {
            row[k] = least(least(last[k], row[k - 1]) + 1, last[k - 1] + (a[i - 1] != b[k - 1]));
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                row[k] = least(row[k], before[k - 2] + 1);
        }
        size_t *free_row = before;
        before = last;
        last = row;
        row = free_row;
    }
    return last[n];
}

static bool is_beginning(const char *given, const char *name)
{
    enum { SHORTEST = 3 };
    size_t size = strlen(given);
    return size >= SHORTEST && strncmp(given, name, size) == 0;
}

size_t suggest_several(const char *given, const char *const *names, const char **nearest, size_t most)
{
    size_t best[SUGGESTED_MOST], count = 0;
    if (most > SUGGESTED_MOST) most = SUGGESTED_MOST;
    for (; *names; names++) {
        size_t away = distance(given, *names), farthest = (strlen(*names) + 2) / 3, at = count;
        if (is_beginning(given, *names)) away = least(away, farthest);
        if (away > farthest) continue;
        /* Of two that are as near, the first comes first. */
        while (at > 0 && away < best[at - 1]) at--;
        if (at == most) continue;
        if (count < most) count++;
        for (size_t i = count - 1; i > at; i--) {
            best[i] = best[i - 1];
            nearest[i] = nearest[i - 1];
        }
        best[at] = away;
        nearest[at] = *names;
    }
    return count;
}

const char *suggest(const char *given, const char *const *names)
{
    const char *nearest;
    return suggest_several(given, names, &nearest, 1) ? nearest : NULL;
}
