#include "cdclite/tx_set.h"

#include <stdlib.h>

#include "cdclite/hash.h"

/* A generation holds more transactions than a batch has events, so that what is forgotten stands in the
 * database. */
enum { GENERATION = 32 * 1024, SLOTS = 2 * GENERATION };

/* Transactions that follow one another stand side by side, in stretches that are scattered. */
static size_t slot_of(const struct tx_generation *generation, int64_t tx)
{
    enum { STRETCH = 64 };
    uint64_t number = (uint64_t)tx, stretch = hash_word(HASH_START, number / STRETCH) >> 7;
    size_t slot = (size_t)(stretch * STRETCH + number % STRETCH);
    for (slot %= SLOTS; generation->taken[slot] && generation->slots[slot] != tx; slot = (slot + 1) % SLOTS)
        continue;
    return slot;
}

static bool holds(const struct tx_generation *generation, int64_t tx)
{
    return generation->slots && generation->taken[slot_of(generation, tx)];
}

static void free_generation(struct tx_generation *generation)
{
    free(generation->slots);
    free(generation->taken);
    *generation = (struct tx_generation){0};
}

enum tx_answer tx_set_find(const struct tx_set *set, int64_t tx)
{
    /* Transactions mostly come in the order of their numbers. */
    bool above = (!set->young.used || tx > set->young.greatest) && (!set->old.used || tx > set->old.greatest);
    if (!above && (holds(&set->young, tx) || holds(&set->old, tx))) return TX_SEEN;
    return tx <= set->forgotten ? TX_FORGOTTEN : TX_NEW;
}

bool tx_set_add(struct tx_set *set, int64_t tx)
{
    if (set->young.used == GENERATION) {
        if (set->old.used && set->old.greatest > set->forgotten) set->forgotten = set->old.greatest;
        free_generation(&set->old);
        set->old = set->young;
        set->young = (struct tx_generation){0};
    }
    struct tx_generation *young = &set->young;
    if (!young->slots) {
        young->slots = calloc(SLOTS, sizeof *young->slots);
        young->taken = calloc(SLOTS, sizeof *young->taken);
        if (!young->slots || !young->taken) {
            free_generation(young);
            return false;
        }
    }
    size_t slot = slot_of(young, tx);
    if (young->taken[slot]) return true;
    young->slots[slot] = tx;
    young->taken[slot] = true;
    if (young->used++ == 0 || tx > young->greatest) young->greatest = tx;
    return true;
}

void tx_set_clear(struct tx_set *set)
{
    free_generation(&set->young);
    free_generation(&set->old);
    set->forgotten = INT64_MIN;
}
