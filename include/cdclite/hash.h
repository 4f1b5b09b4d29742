#ifndef CDCLITE_HASH_H
#define CDCLITE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * A 64-bit hash fed piece by piece (equal pieces in equal order give equal hashes), by the mixing step of
 * MurmurHash64A. For telling records apart, not against an attacker: where a false match would lose data, the
 * records themselves are compared. Words are read in the machine's byte order.
 */
#define HASH_START UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t hash_word(uint64_t hash, uint64_t word)
{
    const uint64_t m = UINT64_C(0xc6a4a7935bd1e995);
    word *= m;
    word ^= word >> 47;
    return (hash ^ (word * m)) * m;
}

/* The first step of hash_bytes alone: `size` is a multiple of eight, and more is to come. */
static inline uint64_t hash_words(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    uint64_t word;
    for (; size >= sizeof word; at += sizeof word, size -= sizeof word) {
        memcpy(&word, at, sizeof word);
        hash = hash_word(hash, word);
    }
    return hash;
}

static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *at = (const unsigned char *)bytes + size / 8 * 8;
    hash = hash_words(hash, bytes, size);
    size %= 8;
    uint64_t word = size;
    for (size_t i = 0; i < size; i++) word = word << 8 | at[i];
    hash = hash_word(hash, word);
    return hash ^ hash >> 47;
}

#endif
