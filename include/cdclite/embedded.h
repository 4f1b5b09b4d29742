#ifndef CDCLITE_EMBEDDED_H
#define CDCLITE_EMBEDDED_H

#include <stddef.h>

/* The repository's files that are built into the program, by their path in it ("queries/x.sql"). Each text
 * ends with a NUL behind `size`. The last entry has no name. */
struct embedded_file {
    const char *name;
    const char *text;
    size_t size;
};
extern const struct embedded_file embedded_files[];

/* NULL when there is none of that name. */
const struct embedded_file *embedded_find(const char *name);

#endif
