#ifndef CDCLITE_SUGGEST_H
#define CDCLITE_SUGGEST_H

/* The name of `names` (ended by NULL) that a typing mistake is most likely to have meant: the one with the
 * fewest inserted, deleted, replaced or swapped letters, at most a third of its length, rounded up; NULL when
 * none is near. */
const char *suggest(const char *given, const char *const *names);

#endif
