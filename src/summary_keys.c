#include "summary_keys.h"

#include <stdlib.h>
#include <string.h>

#include "cdclite/hash.h"

/* Where it is looked for first. */
static uint64_t place(uint32_t type, uint64_t tag)
{
    if (type == VALUE_TEXT) return tag;
    uint64_t hash = hash_word(HASH_START, tag);
    return hash ^ hash >> 47;
}

static const char *text_of(const struct summary_keys *keys, const struct summary_key *key)
{
    return keys->texts.at ? keys->texts.at + key->is.text : "";
}

static bool is_text(const struct summary_keys *keys, uint32_t number, struct slice text)
{
    const struct summary_key *key = &keys->all[number];
    return key->size == text.size && (key->size == 0 || memcmp(text_of(keys, key), text.at, key->size) == 0);
}

static bool grow(struct summary_keys *keys)
{
    size_t capacity = keys->capacity ? keys->capacity * 2 : 64, slot_count = 2 * capacity;
    struct summary_key *all = reallocarray(keys->all, capacity, sizeof *all);
    if (!all) return false;
    keys->all = all;
    struct summary_slot *slots = calloc(slot_count, sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; i < keys->slot_count; i++) {
        const struct summary_slot *slot = &keys->slots[i];
        if (!slot->number) continue;
        size_t at = place(slot->type, slot->tag) & (slot_count - 1);
        while (slots[at].number) at = (at + 1) & (slot_count - 1);
        slots[at] = *slot;
    }
    free(keys->slots);
    keys->slots = slots;
    keys->slot_count = slot_count;
    keys->capacity = capacity;
    return true;
}

static bool append(struct summary_keys *keys, const struct value *value)
{
    struct summary_key *key = &keys->all[keys->count];
    *key = (struct summary_key){.type = value->type};
    if (value->type == VALUE_INTEGER) {
        key->is.integer = value->integer;
    } else if (value->type == VALUE_TEXT) {
        key->is.text = keys->texts.size;
        key->size = (uint32_t)value->bytes.size;
        buffer_slice(&keys->texts, value->bytes);
        if (buffer_failed(&keys->texts)) return false;
    }
    keys->count++;
    return true;
}

uint32_t summary_keys_number(struct summary_keys *keys, const struct value *value)
{
    if (keys->count == keys->capacity && (keys->count >= UINT32_MAX / 4 || !grow(keys)))
        return SUMMARY_NO_KEY;
    const uint32_t type = value->type;
    const uint64_t tag = type == VALUE_INTEGER ? (uint64_t)value->integer
                         : type == VALUE_TEXT  ? hash_bytes(HASH_START, value->bytes.at, value->bytes.size)
                                               : 0;
    size_t at = place(type, tag) & (keys->slot_count - 1);
    for (; keys->slots[at].number; at = (at + 1) & (keys->slot_count - 1)) {
        const struct summary_slot *slot = &keys->slots[at];
        if (slot->tag == tag && slot->type == type &&
            (type != VALUE_TEXT || is_text(keys, slot->number - 1, value->bytes)))
            return slot->number - 1;
    }
    if (!append(keys, value)) return SUMMARY_NO_KEY;
    keys->slots[at] = (struct summary_slot){tag, (uint32_t)keys->count, type};
    return (uint32_t)keys->count - 1;
}

void summary_keys_expect(const struct summary_keys *keys, const struct value *value)
{
    if (keys->slot_count && value->type == VALUE_INTEGER)
        __builtin_prefetch(
            &keys->slots[place(VALUE_INTEGER, (uint64_t)value->integer) & (keys->slot_count - 1)]);
}

struct value summary_keys_value(const struct summary_keys *keys, uint32_t number)
{
    const struct summary_key *key = &keys->all[number];
    struct value value = {.type = key->type};
    if (key->type == VALUE_INTEGER) value.integer = key->is.integer;
    if (key->type == VALUE_TEXT) value.bytes = (struct slice){text_of(keys, key), key->size};
    return value;
}

struct value summary_keys_stored(const struct summary_keys *keys, uint32_t number)
{
    struct value value = summary_keys_value(keys, number);
    if (value.type == VALUE_NULL) value = (struct value){.type = VALUE_BLOB, .bytes = {"", 0}};
    return value;
}

/* By their bytes. */
static int compare_texts(const void *a, const void *b, void *context)
{
    const struct summary_keys *keys = context;
    const struct summary_key *x = &keys->all[*(const uint32_t *)a], *y = &keys->all[*(const uint32_t *)b];
    uint32_t shorter = x->size < y->size ? x->size : y->size;
    int order = memcmp(text_of(keys, x), text_of(keys, y), shorter);
    return order ? order : (x->size > y->size) - (x->size < y->size);
}

enum { DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS };

/* An integer as it is ordered among unsigned ones. */
static uint64_t ordered(const struct summary_keys *keys, uint32_t number)
{
    return (uint64_t)keys->all[number].is.integer ^ (uint64_t)1 << 63;
}

/* Sorts integers digit by digit, from the lowest: many, and mostly small, so that few digits differ. */
static void sort_integers(const struct summary_keys *keys, uint32_t *numbers, uint32_t *spare, size_t count)
{
    uint64_t differing = 0;
    for (size_t i = 1; i < count; i++) differing |= ordered(keys, numbers[i]) ^ ordered(keys, numbers[0]);
    uint32_t *from = numbers, *to = spare;
    for (int shift = 0; shift < 64; shift += DIGIT_BITS) {
        size_t starts[DIGITS + 1] = {0};
        if (!(differing >> shift & (DIGITS - 1))) continue;
        for (size_t i = 0; i < count; i++) starts[(ordered(keys, from[i]) >> shift & (DIGITS - 1)) + 1]++;
        for (size_t i = 1; i < DIGITS; i++) starts[i] += starts[i - 1];
        for (size_t i = 0; i < count; i++)
            to[starts[ordered(keys, from[i]) >> shift & (DIGITS - 1)]++] = from[i];
        uint32_t *sorted = to;
        to = from;
        from = sorted;
    }
    if (from != numbers) memcpy(numbers, from, count * sizeof *numbers);
}

uint32_t *summary_keys_sorted(const struct summary_keys *keys)
{
    static const enum value_type order[] = {VALUE_INTEGER, VALUE_TEXT, VALUE_NULL};
    uint32_t *sorted = malloc((keys->count + 1) * sizeof *sorted),
             *spare = malloc((keys->count + 1) * sizeof *spare);
    size_t count = 0;
    for (size_t kind = 0; kind < sizeof order / sizeof *order && sorted && spare; kind++) {
        size_t start = count;
        for (size_t i = 0; i < keys->count; i++)
            if (keys->all[i].type == order[kind]) sorted[count++] = (uint32_t)i;
        if (order[kind] == VALUE_INTEGER) {
            sort_integers(keys, sorted, spare, count);
        } else {
            qsort_r(sorted + start, count - start, sizeof *sorted, compare_texts, (void *)keys);
        }
    }
    free(spare);
    if (spare) return sorted;
    free(sorted);
    return NULL;
}

size_t summary_keys_size(const struct summary_keys *keys)
{
    return keys->count * (sizeof *keys->all + 2 * sizeof *keys->slots) + keys->texts.size;
}

void summary_keys_clear(struct summary_keys *keys)
{
    if (keys->slot_count) memset(keys->slots, 0, keys->slot_count * sizeof *keys->slots);
    keys->count = 0;
    buffer_clear(&keys->texts);
}

void summary_keys_free(struct summary_keys *keys)
{
    free(keys->all);
    free(keys->slots);
    buffer_free(&keys->texts);
    *keys = (struct summary_keys){0};
}
