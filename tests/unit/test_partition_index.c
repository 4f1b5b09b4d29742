/* Partitions by the hash of their names, also where hashes are the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "cdclite/partition_index.h"
#include "cdclite/positions.h"

static void an_empty_one_finds_nothing(void **state)
{
    struct partition_index index = {0};
    size_t cursor = 0;
    (void)state;
    assert_null(partition_index_next(&index, 1, &cursor));
    partition_index_free(&index);
}

static void items_of_one_hash_are_all_found(void **state)
{
    enum { ITEMS = 100 };
    struct partition_index index = {0};
    char items[ITEMS];
    (void)state;
    /* Three hashes, two of them in the same slot. */
    static const uint64_t hashes[] = {5, 6, UINT64_C(5) + (UINT64_C(1) << 40)};
    for (int i = 0; i < ITEMS; i++) assert_true(partition_index_add(&index, hashes[i % 3], &items[i]));
    for (int k = 0; k < 3; k++) {
        int count = 0;
        size_t cursor = 0;
        const char *item;
        while ((item = partition_index_next(&index, hashes[k], &cursor))) {
            assert_int_equal((item - items) % 3, k);
            count++;
        }
        assert_int_equal(count, ITEMS / 3 + (k == 0));
    }
    partition_index_free(&index);
}

static void topics_and_numbers_are_told_apart(void **state)
{
    (void)state;
    uint64_t hash = partition_hash(slice_of("topic"), 1);
    assert_true(hash == partition_hash(slice_of("topic"), 1));
    assert_true(hash != partition_hash(slice_of("topic"), 2));
    assert_true(hash != partition_hash(slice_of("topic1"), 1));
    assert_true(hash != partition_hash(slice_of("tropic"), 1));
}

static void many_positions_are_found_each(void **state)
{
    enum { TOPICS = 100, PARTITIONS = 30 };
    struct positions positions = {0};
    char topic[32];
    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < TOPICS * PARTITIONS; i++) {
            snprintf(topic, sizeof topic, "bank.data.%d", i % TOPICS);
            struct position *position = positions_make(&positions, slice_of(topic), i / TOPICS);
            assert_non_null(position);
            if (round) assert_int_equal(position->next_offset, i);
            position->next_offset = i;
        }
        assert_int_equal(positions.count, TOPICS * PARTITIONS);
    }
    assert_null(positions_find(&positions, slice_of("bank.data.1"), PARTITIONS));
    assert_null(positions_find(&positions, slice_of("bank.data"), 0));
    positions_free(&positions);
    assert_null(positions_find(&positions, slice_of("bank.data.1"), 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_one_finds_nothing),
        cmocka_unit_test(items_of_one_hash_are_all_found),
        cmocka_unit_test(topics_and_numbers_are_told_apart),
        cmocka_unit_test(many_positions_are_found_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
