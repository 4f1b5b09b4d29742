#ifndef CDCLITE_TX_SET_H
#define CDCLITE_TX_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The transactions seen lately, in bounded memory: two generations, of which the older is dropped when the
 * younger is full. `forgotten` is the highest number that was dropped: about those up to it the set does not
 * know. All zero with forgotten = INT64_MIN is an empty set that has forgotten nothing.
 */
struct tx_generation {
    int64_t *slots; /* open addressing; `used` of them taken */
    bool *taken;
    size_t used;
    int64_t greatest;
};

struct tx_set {
    struct tx_generation young, old;
    int64_t forgotten;
};

enum tx_answer { TX_NEW, TX_SEEN, TX_FORGOTTEN };

enum tx_answer tx_set_find(const struct tx_set *set, int64_t tx);
/* False when memory ran out. */
bool tx_set_add(struct tx_set *set, int64_t tx);
/* Empties it; nothing is forgotten. */
void tx_set_clear(struct tx_set *set);

#endif
