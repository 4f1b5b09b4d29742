#ifndef DIGITS_H
#define DIGITS_H

#include <stddef.h>

/* Writes a number below 100 as two digits. */
static inline void put_pair(char *to, unsigned number)
{
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
        "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
        "8081828384858687888990919293949596979899";
    const char *pair = pairs + (size_t)number * 2;
    to[0] = pair[0];
    to[1] = pair[1];
}

#endif
