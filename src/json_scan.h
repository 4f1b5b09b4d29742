#ifndef CDCLITE_JSON_SCAN_H
#define CDCLITE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>

static inline bool same_vectors(const char *a, const char *b)
{
    __m128i first = _mm_loadu_si128((const __m128i *)(const void *)a);
    __m128i second = _mm_loadu_si128((const __m128i *)(const void *)b);
    return _mm_movemask_epi8(_mm_cmpeq_epi8(first, second)) == 0xffff;
}
#endif

static inline bool same_words(const char *a, const char *b)
{
    uint64_t first, second;
    memcpy(&first, a, sizeof first);
    memcpy(&second, b, sizeof second);
    return first == second;
}

static inline bool same_half_words(const char *a, const char *b)
{
    uint32_t first, second;
    memcpy(&first, a, sizeof first);
    memcpy(&second, b, sizeof second);
    return first == second;
}

/* Whether two texts are equal. Names, and what stands between values, are short: a call of memcmp would cost
 * more than the comparison. The last word overlaps the one before. */
static inline bool same_text(const char *a, const char *b, size_t size)
{
    enum { WORD = sizeof(uint64_t), HALF = sizeof(uint32_t), SHORT = 256 };
    if (size > SHORT) return memcmp(a, b, size) == 0;
#ifdef __SSE2__
    enum { VECTOR = sizeof(__m128i) };
    if (size >= VECTOR) {
        for (size_t at = 0; at < size - VECTOR; at += VECTOR)
            if (!same_vectors(a + at, b + at)) return false;
        return same_vectors(a + size - VECTOR, b + size - VECTOR);
    }
#endif
    if (size < HALF) {
        while (size > 0 && *a == *b) a++, b++, size--;
        return size == 0;
    }
    if (size < WORD) return same_half_words(a, b) && same_half_words(a + size - HALF, b + size - HALF);
    for (size_t at = 0; at < size - WORD; at += WORD)
        if (!same_words(a + at, b + at)) return false;
    return same_words(a + size - WORD, b + size - WORD);
}

/*
 * What most values of messages are, passed over in few steps: strings without escapes, numbers that are
 * integers. What these do not take, json_value reads.
 */

/* The first byte from `at` on that is not plain: a quote, a backslash, a control character, or beyond ASCII.
 */
static inline const char *skip_plain(const char *at, const char *end)
{
#ifdef __SSE2__
    const __m128i quotes = _mm_set1_epi8('"'), backslashes = _mm_set1_epi8('\\'), below = _mm_set1_epi8(0x1f);
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        /* Bytes beyond ASCII are negative here. */
        __m128i plain = _mm_cmpgt_epi8(bytes, below);
        __m128i marks = _mm_or_si128(_mm_cmpeq_epi8(bytes, quotes), _mm_cmpeq_epi8(bytes, backslashes));
        int special = _mm_movemask_epi8(_mm_andnot_si128(marks, plain)) ^ 0xffff;
        if (special) return at + __builtin_ctz((unsigned)special);
    }
#endif
    while (end - at >= 8) {
        const uint64_t ones = UINT64_C(0x0101010101010101), high = UINT64_C(0x8080808080808080);
        uint64_t word;
        memcpy(&word, at, 8);
        uint64_t quote = word ^ (ones * '"'), backslash = word ^ (ones * '\\');
        uint64_t special = ((word - ones * 0x20) | (quote - ones) | (backslash - ones) | word) & high;
        if (special) break;
        at += 8;
    }
    while (at < end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' && *at != '\\')
        at++;
    return at;
}

enum { DIGITS_A_WORD = 8, MOST_WHOLE_DIGITS = 19 }; /* more digits may not fit 64 bits, fewer always do */

/* Eight characters, the first one in the lowest byte. */
static inline uint64_t load_word(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* How many digits a word begins with. */
static inline size_t leading_digits(uint64_t word)
{
    const uint64_t high = UINT64_C(0xf0f0f0f0f0f0f0f0), six = UINT64_C(0x0606060606060606);
    /* What is no digit leaves a bit; what is carried from there goes to the bytes behind it only. */
    uint64_t others = ((word & high) | ((word + six) & high) >> 4) ^ UINT64_C(0x3333333333333333);
    return others ? (size_t)__builtin_ctzll(others) / 8 : DIGITS_A_WORD;
}

/* The number that a word of eight digits spells (zero bytes are zeros). */
static inline uint64_t eight_digits(uint64_t word)
{
    /* Neighbours are added up: digits to pairs, pairs to fours, fours to eight. */
    word = (word & UINT64_C(0x0f0f0f0f0f0f0f0f)) * 2561 >> 8;
    word = (word & UINT64_C(0x00ff00ff00ff00ff)) * 6553601 >> 16;
    return (word & UINT64_C(0x0000ffff0000ffff)) * UINT64_C(42949672960001) >> 32;
}

static const uint32_t digit_powers[DIGITS_A_WORD + 1] = {1,      10,      100,      1000,     10000,
                                                         100000, 1000000, 10000000, 100000000};

/* What up to eight digits spell: zeros are put in front, as many as it takes to be eight. */
static inline uint64_t few_digits(const char *at, size_t count)
{
    return count ? eight_digits(load_word(at) << (64 - 8 * count)) : 0;
}

#ifdef __SSE2__
enum { DIGITS_A_VECTOR = sizeof(__m128i) };

/* How many digits sixteen characters begin with. */
static inline size_t leading_digits_of_vector(const char *at)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i digits = _mm_sub_epi8(bytes, _mm_set1_epi8('0')); /* what is none is above nine */
    __m128i found = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
    return (size_t)__builtin_ctz(~(unsigned)_mm_movemask_epi8(found));
}

static inline uint64_t digits_of_vector(const char *at, size_t count)
{
    if (count <= DIGITS_A_WORD) return few_digits(at, count);
    size_t rest = count - DIGITS_A_WORD;
    return eight_digits(load_word(at)) * digit_powers[rest] + few_digits(at + DIGITS_A_WORD, rest);
}
#endif

/* The digits that come next: how many they are. *number becomes what they spell, if they are no more than 19.
 */
static inline size_t scan_digits(const char *at, const char *end, uint64_t *number)
{
    const char *first = at;
    uint64_t spelt = 0;
#ifdef __SSE2__
    if (end - at >= DIGITS_A_VECTOR) {
        size_t count = leading_digits_of_vector(at);
        *number = spelt = digits_of_vector(at, count);
        if (count < DIGITS_A_VECTOR) return count;
        at += DIGITS_A_VECTOR;
    }
#endif
    while (end - at >= DIGITS_A_WORD) {
        uint64_t word = load_word(at);
        size_t count = leading_digits(word);
        if (count == DIGITS_A_WORD) {
            spelt = spelt * 100000000 + eight_digits(word);
            at += DIGITS_A_WORD;
            continue;
        }
        *number = spelt * digit_powers[count] + few_digits(at, count);
        return (size_t)(at - first) + count;
    }
    for (; at < end && *at >= '0' && *at <= '9'; at++) spelt = spelt * 10 + (uint64_t)(*at - '0');
    *number = spelt;
    return (size_t)(at - first);
}

static inline bool is_short_escape(char c)
{
    switch (c) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't': return true;
    default: return false;
    }
}

/* Behind the string that begins at `at` with its quote, if it is ASCII and has no escapes but short ones
 * (*escaped: it has some); else NULL. */
static inline const char *scan_plain_string(const char *at, const char *end, bool *escaped)
{
    *escaped = false;
    for (at = skip_plain(at + 1, end); at < end; at = skip_plain(at + 2, end)) {
        if (*at == '"') return at + 1;
        if (*at != '\\' || end - at < 2 || !is_short_escape(at[1])) return NULL;
        *escaped = true;
    }
    return NULL;
}

/* Behind the digits that begin at `at`, if they are a whole number's; else NULL. */
static inline const char *scan_digits_only(const char *at, const char *end)
{
    const char *first = at;
#ifdef __SSE2__
    if (end - at >= DIGITS_A_VECTOR) at += leading_digits_of_vector(at);
#endif
    while (at < end && *at >= '0' && *at <= '9') at++;
    bool whole = at > first && (*first != '0' || at - first == 1) && at < end && (*at == ',' || *at == '}');
    return whole ? at : NULL;
}

/* Behind the number that begins at `at`, if it is a whole one (struct json_token); else NULL. */
static inline const char *scan_whole_number(const char *at, const char *end, int64_t *integer)
{
    uint64_t number;
    bool negative = *at == '-';
    at += negative;
    size_t digits = scan_digits(at, end, &number);
    /* A zero in front stands alone, and has no sign. */
    if (digits - 1 >= MOST_WHOLE_DIGITS || number > (uint64_t)INT64_MAX) return NULL;
    if (*at == '0' && (digits > 1 || negative)) return NULL;
    at += digits;
    if (at < end && *at != ',' && *at != '}' && (*at == '.' || (*at | ' ') == 'e')) return NULL;
    *integer = negative ? -(int64_t)number : (int64_t)number;
    return at;
}

#endif
