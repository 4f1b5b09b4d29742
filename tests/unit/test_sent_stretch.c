/* Stretches of events that were sent without a pause. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cdclite/sent_stretch.h"

static const struct sent_stretch stretch = {
    .known = true, .first_sent_ms = 10000, .last_sent_ms = 20000, .last_made_ms = 19900};

static bool pauses(int64_t made_ms, int64_t sent_ms)
{
    return sent_after_pause(&stretch, &(struct sent_clocks){.made_ms = made_ms, .sent_ms = sent_ms});
}

static void a_pause_is_one_of_both_clocks(void **state)
{
    (void)state;
    assert_true(pauses(21901, 22001));
    assert_false(pauses(21900, 22001));
    assert_false(pauses(21901, 22000));
    assert_false(pauses(19901, 90000)); /* the broker did not answer */
    assert_false(pauses(90000, 20001)); /* the connector's queue was full */
    assert_false(pauses(100, 100));     /* a clock was set back */
}

static struct sent_stretch between(int64_t first_sent_ms, int64_t last_sent_ms)
{
    return (struct sent_stretch){.known = true, .first_sent_ms = first_sent_ms, .last_sent_ms = last_sent_ms};
}

static void stretches_are_apart_on_either_side(void **state)
{
    static const struct {
        int64_t first, last;
        bool apart;
    } others[] = {{22001, 30000, true}, {22000, 30000, false}, {0, 7999, true},      {0, 8000, false},
                  {0, 90000, false},    {12000, 13000, false}, {20000, 99000, false}};
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct sent_stretch other = between(others[i].first, others[i].last);
        assert_int_equal(sent_apart(&stretch, &other), others[i].apart);
        assert_int_equal(sent_apart(&other, &stretch), others[i].apart);
    }
}

static void a_stretch_grows_to_both_sides(void **state)
{
    struct sent_stretch grown = stretch;
    (void)state;
    sent_stretch_extend(&grown, &(struct sent_clocks){.made_ms = 20050, .sent_ms = 20100});
    sent_stretch_extend(&grown, &(struct sent_clocks){.made_ms = 15000, .sent_ms = 9000});
    assert_int_equal(grown.first_sent_ms, 9000);
    assert_int_equal(grown.last_sent_ms, 20100);
    assert_int_equal(grown.last_made_ms, 20050);
}

static void clocks_are_read_as_far_as_they_are_told(void **state)
{
    static const struct {
        int64_t made, timestamp, want_made, want_sent;
    } told[] = {
        {1738317601200, 1738317601300, 1738317601200, 1738317601300},
        {1738317601200, -1, 1738317601200, 1738317601200}, /* a line of a file */
        {-1, 1738317601300, 1738317601300, 1738317601300}, /* a flattened record */
        {0, 0, 0, 0},
    };
    struct sent_clocks clocks;
    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        struct message message = {.timestamp_ms = told[i].timestamp};
        struct change change = {0};
        change.made = told[i].made >= 0;
        change.made_ms = told[i].made;
        assert_true(sent_clocks_read(&message, &change, &clocks));
        assert_int_equal(clocks.made_ms, told[i].want_made);
        assert_int_equal(clocks.sent_ms, told[i].want_sent);
    }
    assert_false(sent_clocks_read(&(struct message){.timestamp_ms = -1}, &(struct change){0}, &clocks));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_is_one_of_both_clocks),
        cmocka_unit_test(stretches_are_apart_on_either_side),
        cmocka_unit_test(a_stretch_grows_to_both_sides),
        cmocka_unit_test(clocks_are_read_as_far_as_they_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
