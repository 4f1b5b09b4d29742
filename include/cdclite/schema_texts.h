#ifndef CDCLITE_SCHEMA_TEXTS_H
#define CDCLITE_SCHEMA_TEXTS_H

#include "cdclite/json_reader.h"

/* The schema blocks of the last messages, so that one that is repeated byte for byte is compared, not read.
 */
enum { SCHEMA_TEXTS = 8 };

/* All zero is empty. schema_texts_free afterwards. */
struct schema_texts {
    struct schema_text {
        char *text;
        size_t size;
        uint64_t number;
    } recent[SCHEMA_TEXTS]; /* the one that came last stands first */
    uint64_t last_number;
};

/* Passes over the block that comes next, as json_skip does. Blocks of one number are equal byte for byte;
 * equal ones that came long after one another may have two. */
int schema_texts_pass(struct schema_texts *texts, struct json_reader *json, struct slice *block,
                      uint64_t *number);

/* Moves behind the block that comes next if it is a known one; else false, and nothing has been done. */
bool schema_texts_take(struct schema_texts *texts, struct json_reader *json, struct slice *block,
                       uint64_t *number);

void schema_texts_free(struct schema_texts *texts);

#endif
