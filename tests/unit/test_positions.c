/* What is remembered of the message taken last in each partition is that message, however many came before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cdclite/positions.h"

static char key[] = "the key", value[] = "the first value";

static struct message message_at(int32_t partition, int64_t offset)
{
    return (struct message){.topic = slice_of("topic"),
                            .partition = partition,
                            .offset = offset,
                            .next_offset = offset + 1,
                            .timestamp_ms = offset * 10,
                            .key = {key, sizeof key - 1},
                            .value = {value, sizeof value - 1}};
}

static struct position *take(struct positions *positions, const struct message *message)
{
    struct position *position = positions_make(positions, message->topic, message->partition);
    assert_non_null(position);
    positions_advance(positions, position, message);
    return position;
}

static void the_last_message_of_each_partition(void **state)
{
    struct positions positions = {0};
    struct message first = message_at(0, 5), second = message_at(0, 6), other = message_at(1, 7);
    (void)state;
    struct position *zero = take(&positions, &first);
    value[4] = '1';
    assert_ptr_equal(take(&positions, &second), zero);
    uint64_t hash = message_hash(&second);
    struct position *one = take(&positions, &other);
    assert_int_equal(zero->anchor_hash, hash);
    assert_int_equal(zero->anchor_offset, 6);
    assert_true(position_is_anchor(zero, &second));
    value[4] = '2'; /* of a message that is known already nothing is looked at */
    assert_int_equal(zero->anchor_hash, hash);
    hash = message_hash(&other);
    positions_settle(&positions);
    value[4] = '3';
    positions_settle(&positions);
    assert_int_equal(one->anchor_hash, hash);
    assert_false(position_is_anchor(one, &other));
    positions_free(&positions);
}

static void a_restart_forgets_the_message_before(void **state)
{
    struct positions positions = {0};
    struct message message = message_at(0, 5);
    (void)state;
    struct position *position = take(&positions, &message);
    positions_restart(&positions, position, 2);
    positions_settle(&positions);
    assert_int_equal(position->anchor_hash, 0);
    assert_int_equal(position->anchor_offset, -1);
    assert_int_equal(position->next_offset, 2);
    positions_free(&positions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_message_of_each_partition),
        cmocka_unit_test(a_restart_forgets_the_message_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
