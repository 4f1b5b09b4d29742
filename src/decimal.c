#include "cdclite/decimal.h"

#include <stdint.h>
#include <string.h>

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    if (c == '/') return 63;
    return -1;
}

int base64_decode(struct slice text, struct arena *arena, struct slice *bytes)
{
    size_t size = text.size;
    if (size % 4 == 0 && size > 0 && text.at[size - 1] == '=') size -= text.at[size - 2] == '=' ? 2 : 1;
    if (size % 4 == 1) return -1;
    unsigned char *out = arena_alloc(arena, size / 4 * 3 + 3);
    if (!out) return -1;
    size_t length = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < size; i++) {
        int six = sextet(text.at[i]);
        if (six < 0) return -1;
        bits = bits << 6 | (uint32_t)six;
        if (i % 4 == 3) {
            out[length++] = (unsigned char)(bits >> 16);
            out[length++] = (unsigned char)(bits >> 8);
            out[length++] = (unsigned char)bits;
            bits = 0;
        }
    }
    if (size % 4 == 2) out[length++] = (unsigned char)(bits >> 4);
    if (size % 4 == 3) {
        out[length++] = (unsigned char)(bits >> 10);
        out[length++] = (unsigned char)(bits >> 2);
    }
    *bytes = (struct slice){(const char *)out, length};
    return 0;
}

/* The magnitude of a two's complement number as base-1,000,000,000 limbs, least first. */
static size_t limbs_of(struct slice number, uint32_t *limbs)
{
    const unsigned char *at = (const unsigned char *)number.at;
    bool negative = at[0] & 0x80;
    /* -n is the complement of n-1: subtracting the borrow while going from the most significant end would
     * need the whole number, so complement the bytes and add one at the end. */
    size_t count = 0;
    for (size_t i = 0; i < number.size;) {
        /* Four bytes at a time, fewer first so that the rest comes out even. */
        size_t bytes = i == 0 && number.size % 4 ? number.size % 4 : 4;
        uint64_t carry = 0;
        for (size_t end = i + bytes; i < end; i++)
            carry = carry << 8 | (negative ? (unsigned char)~at[i] : at[i]);
        for (size_t k = 0; k < count; k++) {
            uint64_t sum = ((uint64_t)limbs[k] << (8 * bytes)) + carry;
            limbs[k] = (uint32_t)(sum % 1000000000);
            carry = sum / 1000000000;
        }
        for (; carry; carry /= 1000000000) limbs[count++] = (uint32_t)(carry % 1000000000);
    }
    for (size_t k = 0; negative; k++) {
        if (k == count) {
            limbs[count++] = 1;
            break;
        }
        if (++limbs[k] < 1000000000) break;
        limbs[k] = 0;
    }
    return count;
}

int decimal_text(struct slice number, int32_t scale, struct arena *arena, struct slice *text)
{
    if (number.size == 0 || number.size > DECIMAL_BYTES || scale < -DECIMAL_SCALE || scale > DECIMAL_SCALE)
        return -1;
    uint32_t *limbs = arena_alloc(arena, (number.size / 3 + 2) * sizeof *limbs);
    if (!limbs) return -1;
    size_t count = limbs_of(number, limbs);

    size_t zeros = scale < 0 && count ? (size_t)-scale : 0;
    size_t point = scale > 0 ? (size_t)scale : 0;
    char *digits = arena_alloc(arena, count * 9 + zeros + point + 4);
    if (!digits) return -1;
    /* Digits are written from the least one, backwards from the end of the room. */
    char *end = digits + count * 9 + zeros + point + 4, *at = end;
    size_t written = 0;
    for (; zeros > 0; zeros--, written++) *--at = '0';
    for (size_t k = 0; k < count; k++) {
        uint32_t limb = limbs[k];
        for (int i = 0; i < 9 && (limb || k + 1 < count); i++, limb /= 10) {
            if (point && written == point) *--at = '.';
            *--at = (char)('0' + limb % 10);
            written++;
        }
    }
    while (written <= point) {
        if (point && written == point) *--at = '.';
        *--at = '0';
        written++;
    }
    if (number.at[0] & 0x80) *--at = '-';
    *text = (struct slice){at, (size_t)(end - at)};
    return 0;
}
