#ifndef CDCLITE_ERROR_H
#define CDCLITE_ERROR_H

/*
 * Results throughout: 0 done, a positive number is a named expected outcome, a negative one a failure whose
 * `struct error` the failing function filled. Callers add context while it goes up; only main prints it and
 * exits.
 */

/* What failed; the values are the program's exit codes. */
enum error_kind {
    ERROR_FAILURE = 1, /* the program itself: memory, a bug */
    ERROR_USAGE = 2,   /* what the user typed */
    ERROR_SOURCE = 3,  /* Kafka or the input */
    ERROR_STORAGE = 4, /* the database or the text log */
};

struct error {
    enum error_kind kind;
    char text[1024]; /* one line: what, where, what to do */
};

/* Fills `error` and returns -1, so that a caller can write `return error_set(...)`. */
int error_set(struct error *error, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "CONTEXT: " in front of the text already there and returns -1. */
int error_context(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Out of memory: returns -1. */
static inline int error_memory(struct error *error)
{
    error_set(error, ERROR_FAILURE, "out of memory");
    return -1;
}

#endif
