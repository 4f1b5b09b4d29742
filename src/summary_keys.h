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

struct summary_keys {
    struct summary_key *all;
    size_t count, capacity;
    uint32_t *buckets; /* index + 1 into `all` */
    size_t bucket_count;
    struct buffer texts;
};
#define SUMMARY_NO_KEY UINT32_MAX

/* Whether it is of a kind that can be numbered. */
bool summary_keys_takes(const struct value *value);

/* The number of the value, a new one where it is not there yet; SUMMARY_NO_KEY when memory ran out. */
uint32_t summary_keys_number(struct summary_keys *keys, const struct value *value);

/* The value of that number; borrowed until the next one is added. */
struct value summary_keys_value(const struct summary_keys *keys, uint32_t number);

/* Binds it, an empty BLOB for NULL. */
void summary_keys_bind(const struct summary_keys *keys, struct sqlite3_stmt *statement, int index,
                       uint32_t number);

/* The numbers in SQLite's order of what summary_keys_bind binds; from malloc, NULL when memory ran out. */
uint32_t *summary_keys_sorted(const struct summary_keys *keys);

/* Bytes in use. */
size_t summary_keys_size(const struct summary_keys *keys);

/* Forgets all and keeps the memory. */
void summary_keys_clear(struct summary_keys *keys);
void summary_keys_free(struct summary_keys *keys);

#endif
