/* The transactions seen lately, in bounded memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cdclite/tx_set.h"

/* More than two generations can hold, whatever their size within reason. */
enum { MANY = 200000 };

static struct tx_set set;

static int begin(void **state)
{
    (void)state;
    set = (struct tx_set){.forgotten = INT64_MIN};
    return 0;
}

static int end(void **state)
{
    (void)state;
    tx_set_clear(&set);
    return 0;
}

static void an_empty_set_has_seen_and_forgotten_nothing(void **state)
{
    (void)state;
    assert_int_equal(tx_set_find(&set, 0), TX_NEW);
    assert_int_equal(tx_set_find(&set, INT64_MAX), TX_NEW);
    assert_int_equal(tx_set_find(&set, INT64_MIN + 1), TX_NEW);
}

static void what_was_added_was_seen(void **state)
{
    static const int64_t some[] = {0, 1, -1, 917, INT64_MAX, INT64_MIN, 917};
    (void)state;
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) assert_true(tx_set_add(&set, some[i]));
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        assert_int_equal(tx_set_find(&set, some[i]), TX_SEEN);
    assert_int_equal(tx_set_find(&set, 2), TX_NEW);
    assert_int_equal(tx_set_find(&set, 918), TX_NEW);
}

/* At any time: the latest are seen; of the others all up to `forgotten` are in doubt, and none is called new.
 */
static void the_oldest_are_forgotten_and_never_called_new(void **state)
{
    (void)state;
    for (int64_t tx = 1; tx <= MANY; tx++) {
        assert_true(tx_set_add(&set, tx));
        if (tx % 9973 != 0 && tx != MANY) continue;
        int64_t seen = 0;
        for (int64_t old = 1; old <= tx; old++) {
            enum tx_answer answer = tx_set_find(&set, old);
            if (answer == TX_NEW) fail_msg("%lld of %lld is new", (long long)old, (long long)tx);
            seen += answer == TX_SEEN;
            assert_int_equal(answer, old <= set.forgotten ? TX_FORGOTTEN : TX_SEEN);
        }
        assert_true(seen >= (tx < 32 * 1024 ? tx : 32 * 1024)); /* one generation at least */
        assert_int_equal(tx_set_find(&set, tx + 1), TX_NEW);
    }
    assert_in_range(set.forgotten, 1, MANY - 32 * 1024);
}

/* Numbers need not rise: what is dropped sets the mark by its highest, even when that came first. */
static void falling_numbers_are_forgotten_by_the_highest(void **state)
{
    (void)state;
    for (int64_t tx = MANY; tx >= 1; tx--) assert_true(tx_set_add(&set, tx));
    assert_int_equal(set.forgotten, MANY);
    assert_int_equal(tx_set_find(&set, MANY), TX_FORGOTTEN);
    assert_int_equal(tx_set_find(&set, 1), TX_SEEN);
    assert_int_equal(tx_set_find(&set, MANY + 1), TX_NEW);
    assert_int_equal(tx_set_find(&set, 0), TX_FORGOTTEN); /* not known: it may have been among the dropped */
}

static void negative_numbers_are_forgotten_too(void **state)
{
    (void)state;
    for (int64_t tx = -MANY; tx < 0; tx++) assert_true(tx_set_add(&set, tx));
    assert_in_range(set.forgotten + MANY, 1, MANY - 32 * 1024);
    assert_int_equal(tx_set_find(&set, -MANY), TX_FORGOTTEN);
    assert_int_equal(tx_set_find(&set, 0), TX_NEW);
}

static void adding_the_same_again_takes_no_room(void **state)
{
    (void)state;
    assert_true(tx_set_add(&set, 5));
    for (int i = 0; i < MANY; i++) assert_true(tx_set_add(&set, 6));
    assert_int_equal(tx_set_find(&set, 5), TX_SEEN);
    assert_int_equal(set.forgotten, INT64_MIN);
}

static void numbers_that_are_added_again_stay(void **state)
{
    (void)state;
    for (int64_t tx = 1; tx <= MANY; tx++) {
        if (tx % 1000 == 0) assert_true(tx_set_add(&set, 7));
        assert_true(tx_set_add(&set, tx + 7));
    }
    assert_int_equal(tx_set_find(&set, 7), TX_SEEN);
}

static void a_cleared_set_is_like_a_new_one(void **state)
{
    (void)state;
    for (int64_t tx = 1; tx <= MANY; tx++) assert_true(tx_set_add(&set, tx));
    tx_set_clear(&set);
    assert_int_equal(tx_set_find(&set, 1), TX_NEW);
    assert_int_equal(tx_set_find(&set, MANY), TX_NEW);
    assert_true(tx_set_add(&set, 1));
    assert_int_equal(tx_set_find(&set, 1), TX_SEEN);
    assert_int_equal(tx_set_find(&set, 0), TX_NEW);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_empty_set_has_seen_and_forgotten_nothing),
        CASE(what_was_added_was_seen),
        CASE(the_oldest_are_forgotten_and_never_called_new),
        CASE(falling_numbers_are_forgotten_by_the_highest),
        CASE(negative_numbers_are_forgotten_too),
        CASE(adding_the_same_again_takes_no_room),
        CASE(numbers_that_are_added_again_stay),
        CASE(a_cleared_set_is_like_a_new_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
