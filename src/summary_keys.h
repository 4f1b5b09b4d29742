#ifndef SUMMARY_KEYS_H
#define SUMMARY_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdclite/buffer.h"
#include "cdclite/value.h"

struct sqlite3_stmt;

/* Values numbered from 0 in the order of their coming: NULL, integers and texts. All zero holds none. */
struct summary_key {
    enum value_type type;
    uint32_t size; /* of the text, */
    union {
        int64_t integer;
        size_t text; /* which stands there in `texts` */
    } is;
};

/* A place of the hash table. It has the integer itself, so that finding one looks at one place in memory. */
struct summary_slot {
    uint64_t tag;    /* the integer, or the text's hash */
    uint32_t number; /* and one; 0: free */
    uint32_t type;
};

struct summary_keys {
    struct summary_key *all;
    size_t count, capacity;
    struct summary_slot *slots;
    size_t slot_count;
    struct buffer texts;
};
#define SUMMARY_NO_KEY UINT32_MAX

/* Whether it is of a kind that can be numbered. */
static inline bool summary_keys_takes(const struct value *value)
{
    return value->type == VALUE_INTEGER || value->type == VALUE_NULL ||
           (value->type == VALUE_TEXT && value->bytes.size < UINT32_MAX);
}

/* The number of the value, a new one where it is not there yet; SUMMARY_NO_KEY when memory ran out. */
uint32_t summary_keys_number(struct summary_keys *keys, const struct value *value);

/* Brings the place in memory where that value is looked for nearer to the processor. */
void summary_keys_expect(const struct summary_keys *keys, const struct value *value);

/* The value of that number; borrowed until the next one is added. */
struct value summary_keys_value(const struct summary_keys *keys, uint32_t number);

/* The same as the tables have it: an empty BLOB for NULL. */
struct value summary_keys_stored(const struct summary_keys *keys, uint32_t number);

/* The numbers in SQLite's order of the stored values; from malloc, NULL when memory ran out. */
uint32_t *summary_keys_sorted(const struct summary_keys *keys);

/* Keys, and the numbers in that order: what the entries of a step stand for, and how they are sorted. */
struct summary_names {
    const struct summary_keys *keys;
    const uint32_t *sorted;
};

/* Bytes in use. */
size_t summary_keys_size(const struct summary_keys *keys);

/* Forgets all and keeps the memory. */
void summary_keys_clear(struct summary_keys *keys);
void summary_keys_free(struct summary_keys *keys);

#endif
