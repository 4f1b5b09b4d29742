/* Memory that lives as long as one message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdalign.h>
#include <string.h>

#include "cdclite/arena.h"

static struct arena arena;

static int end(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static void pieces_are_aligned_and_do_not_overlap(void **state)
{
    enum { COUNT = 2000 };
    static unsigned char *pieces[COUNT];
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        pieces[i] = arena_alloc(&arena, i);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        memset(pieces[i], (int)(i & 0xff), i);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < i; k++) assert_int_equal(pieces[i][k], i & 0xff);
}

static void pieces_larger_than_a_block_are_given_whole(void **state)
{
    static const size_t sizes[] = {1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 5, 10 * 1024 * 1024, 1};
    unsigned char *pieces[sizeof sizes / sizeof *sizes];
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        pieces[i] = arena_alloc(&arena, sizes[i]);
        assert_non_null(pieces[i]);
        memset(pieces[i], (int)i, sizes[i]);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(pieces[i][0], i);
        assert_int_equal(pieces[i][sizes[i] - 1], i);
    }
}

static void a_reset_gives_the_same_block_again(void **state)
{
    (void)state;
    void *first = arena_alloc(&arena, 100);
    arena_alloc(&arena, 1024 * 1024);
    arena_alloc(&arena, 100);
    for (int i = 0; i < 3; i++) {
        arena_reset(&arena);
        void *again = arena_alloc(&arena, 100);
        assert_non_null(again);
        memset(again, i, 100);
        if (i > 0) assert_ptr_equal(again, first);
        first = again;
    }
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 8));
    assert_null(arena_alloc(&arena, SIZE_MAX / 2 + 1));
    assert_non_null(arena_alloc(&arena, 1));
}

static void an_empty_arena_may_be_reset_and_freed(void **state)
{
    (void)state;
    struct arena empty = {0};
    arena_reset(&empty);
    arena_free(&empty);
    arena_free(&empty);
    assert_null(empty.blocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(pieces_are_aligned_and_do_not_overlap, end),
        cmocka_unit_test_teardown(pieces_larger_than_a_block_are_given_whole, end),
        cmocka_unit_test_teardown(a_reset_gives_the_same_block_again, end),
        cmocka_unit_test_teardown(sizes_that_overflow_are_refused, end),
        cmocka_unit_test(an_empty_arena_may_be_reset_and_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
