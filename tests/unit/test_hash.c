/* The hash that tells records apart, and the slices it is fed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "cdclite/hash.h"
#include "cdclite/slice.h"

static uint64_t hash_of(const char *text)
{
    return hash_bytes(HASH_START, text, strlen(text));
}

static void equal_bytes_hash_equally_wherever_they_stand(void **state)
{
    char copy[64];
    (void)state;
    for (size_t shift = 0; shift < 8; shift++) {
        snprintf(copy + shift, sizeof copy - shift, "%s", "the same twenty bytes");
        assert_int_equal(hash_of(copy + shift), hash_of("the same twenty bytes"));
    }
}

/* Flipping any bit of any text of 0 to 40 bytes, or making it longer by a zero byte, gives another hash. */
static void different_bytes_hash_differently(void **state)
{
    unsigned char bytes[41] = {0};
    (void)state;
    for (size_t size = 0; size <= 40; size++) {
        uint64_t hash = hash_bytes(HASH_START, bytes, size);
        if (size < 40) assert_true(hash != hash_bytes(HASH_START, bytes, size + 1));
        assert_true(hash != hash_bytes(HASH_START + 1, bytes, size));
        for (size_t bit = 0; bit < size * 8; bit++) {
            bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
            assert_true(hash != hash_bytes(HASH_START, bytes, size));
            bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        }
    }
}

static void whole_words_first_and_the_rest_later_is_the_same(void **state)
{
    static const char text[] = "a record that comes in pieces of any size at all";
    (void)state;
    for (size_t words = 0; words <= 6; words++)
        assert_int_equal(
            hash_bytes(hash_words(HASH_START, text, words * 8), text + words * 8, 48 - words * 8),
            hash_bytes(HASH_START, text, 48));
}

static void the_order_of_pieces_counts(void **state)
{
    (void)state;
    assert_true(hash_bytes(hash_of("a"), "b", 1) != hash_bytes(hash_of("b"), "a", 1));
    assert_true(hash_word(hash_word(1, 2), 3) != hash_word(hash_word(1, 3), 2));
}

static void slices_compare_by_content_and_absence(void **state)
{
    static const struct slice absent = {0}, empty = {"", 0};
    (void)state;
    assert_true(slice_equals(absent, absent));
    assert_false(slice_equals(absent, empty));
    assert_false(slice_equals(empty, absent));
    assert_true(slice_equals(empty, slice_of("")));
    assert_true(slice_equals((struct slice){"abc", 2}, slice_of("ab")));
    assert_false(slice_equals((struct slice){"abc", 2}, slice_of("abc")));
    assert_false(slice_is(slice_of("abd"), "abc"));
    assert_true(slice_is(absent, NULL));
    assert_null(slice_of(NULL).at);
    assert_true(slice_starts(slice_of("abc"), "ab"));
    assert_true(slice_starts(empty, ""));
    assert_false(slice_starts(slice_of("a"), "ab"));
    assert_false(slice_starts(absent, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_bytes_hash_equally_wherever_they_stand),
        cmocka_unit_test(different_bytes_hash_differently),
        cmocka_unit_test(whole_words_first_and_the_rest_later_is_the_same),
        cmocka_unit_test(the_order_of_pieces_counts),
        cmocka_unit_test(slices_compare_by_content_and_absence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
