/* A multimap from hashes to occurrences of events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cdclite/identity_map.h"

static struct identity_map map;

static bool add(uint64_t hash, int64_t change_id, int32_t run, bool stored)
{
    struct occurrence occurrence = {
        .hash = hash, .change_id = change_id, .offset = -change_id, .run = run, .stored = stored};
    return identity_map_add(&map, &occurrence);
}

static int end(void **state)
{
    (void)state;
    identity_map_clear(&map);
    return 0;
}

/* How many occurrences have `hash`, each of them once and with it. */
static size_t count_of(uint64_t hash)
{
    size_t count = 0;
    int64_t seen = 0;
    for (const struct occurrence *at = NULL; (at = identity_map_find(&map, hash, at)) != NULL; count++) {
        assert_int_equal(at->hash, hash);
        assert_false(seen >> at->change_id & 1);
        seen |= INT64_C(1) << at->change_id;
    }
    return count;
}

static void an_empty_map_finds_nothing(void **state)
{
    (void)state;
    assert_null(identity_map_find(&map, 0, NULL));
    assert_null(identity_map_find(&map, UINT64_MAX, NULL));
}

static void what_was_added_comes_back_whole(void **state)
{
    (void)state;
    assert_true(add(UINT64_MAX, INT64_C(1) << 40, 7, true));
    assert_true(add(0, -3, INT32_MAX, false));
    const struct occurrence *found = identity_map_find(&map, UINT64_MAX, NULL);
    assert_non_null(found);
    assert_int_equal(found->hash, UINT64_MAX);
    assert_int_equal(found->change_id, INT64_C(1) << 40);
    assert_int_equal(found->offset, -(INT64_C(1) << 40));
    assert_int_equal(found->run, 7);
    assert_true(found->stored);
    assert_null(identity_map_find(&map, UINT64_MAX, found));
    found = identity_map_find(&map, 0, NULL);
    assert_non_null(found);
    assert_int_equal(found->change_id, -3);
    assert_int_equal(found->run, INT32_MAX);
    assert_false(found->stored);
    assert_null(identity_map_find(&map, 1, NULL));
}

static void one_hash_has_many_occurrences(void **state)
{
    (void)state;
    for (int i = 0; i < 60; i++) assert_true(add((uint64_t)i % 3, i, 0, true));
    assert_int_equal(count_of(0), 20);
    assert_int_equal(count_of(1), 20);
    assert_int_equal(count_of(2), 20);
    assert_int_equal(count_of(3), 0);
}

/* Hashes that share their low bits fall into one bucket; growing must keep them apart and lose none. */
static void hashes_in_one_bucket_are_told_apart(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 50; i++)
        for (int k = 0; k < 2; k++) assert_true(add(i << 32 | 5, k, 0, true));
    for (uint64_t i = 0; i < 50; i++) assert_int_equal(count_of(i << 32 | 5), 2);
    assert_int_equal(count_of(5 + 1024), 0);
    assert_int_equal(count_of(UINT64_C(50) << 32 | 5), 0);
}

static void nothing_is_lost_while_the_map_grows(void **state)
{
    enum { MANY = 100000 };
    (void)state;
    for (uint64_t i = 0; i < MANY; i++) assert_true(add(i * 7, (int64_t)i % 2, 1, i % 2 == 0));
    for (uint64_t i = 0; i < MANY; i++) {
        const struct occurrence *found = identity_map_find(&map, i * 7, NULL);
        assert_non_null(found);
        assert_int_equal(found->stored, i % 2 == 0);
        assert_null(identity_map_find(&map, i * 7, found));
        assert_null(identity_map_find(&map, i * 7 + 1, NULL));
    }
}

static void a_cleared_map_is_empty_and_can_be_filled_again(void **state)
{
    (void)state;
    assert_true(add(5, 1, 0, true));
    identity_map_clear(&map);
    assert_null(identity_map_find(&map, 5, NULL));
    assert_true(add(6, 2, 0, true));
    assert_int_equal(count_of(6), 1);
    assert_int_equal(count_of(5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_empty_map_finds_nothing, end),
        cmocka_unit_test_teardown(what_was_added_comes_back_whole, end),
        cmocka_unit_test_teardown(one_hash_has_many_occurrences, end),
        cmocka_unit_test_teardown(hashes_in_one_bucket_are_told_apart, end),
        cmocka_unit_test_teardown(nothing_is_lost_while_the_map_grows, end),
        cmocka_unit_test_teardown(a_cleared_map_is_empty_and_can_be_filled_again, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
