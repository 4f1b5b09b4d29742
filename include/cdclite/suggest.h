#ifndef CDCLITE_SUGGEST_H
#define CDCLITE_SUGGEST_H

#include <stddef.h>

/* The name of `names` (ended by NULL) that a typing mistake is most likely to have meant: the one with the
 * fewest inserted, deleted, replaced or swapped letters, at most a third of its length, rounded up, or any
 * number at the end of at least three right ones; NULL when none is near. */
const char *suggest(const char *given, const char *const *names);

/* The nearest of them, the nearest first, into `nearest`: at most `most`, which is SUGGESTED_MOST at most.
 * Gives their number. */
enum { SUGGESTED_MOST = 8 };
size_t suggest_several(const char *given, const char *const *names, const char **nearest, size_t most);

#endif
