#ifndef CDCLITE_TABLE_NAMES_H
#define CDCLITE_TABLE_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "cdclite/slice.h"

/* The names of the tables that came last, numbered, so that equal ones need not be compared again. */
enum { TABLE_NAMES = 8, TABLE_NAME_PARTS = 3, TABLE_NAMES_TEXT = 192 };

/* All zero is empty. */
struct table_names {
    struct numbered_name {
        char text[TABLE_NAMES_TEXT];
        size_t sizes[TABLE_NAME_PARTS];
        uint64_t number; /* 0: none */
    } recent[TABLE_NAMES];
    uint64_t last_number;
};

/* The number of server, schema and table (absent ones are empty): two of one number are equal; equal ones
 * have one number as long as few others come between them. 0 for very long ones. */
uint64_t table_names_number(struct table_names *names, const struct slice parts[TABLE_NAME_PARTS]);

#endif
