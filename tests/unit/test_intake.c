/* What a source gives, through the thread that reads it ahead: all of it, in its order, in memory that lasts
 * as long as it must, with the failure behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cdclite/intake.h"
#include "cdclite/positions.h"

/* Gives `count` messages, idle before every `idle_before`-th and restarted before every `restart_before`-th,
 * a few in each turn; then `last`. */
struct fake {
    struct source source;
    int64_t count, given, in_turn, idle_before, restart_before;
    int last;
    bool idle_said, restart_said;
    unsigned slot;
    char values[SOURCE_SLOTS][8][160];
};

static struct fake *of(struct source *source)
{
    return (struct fake *)source;
}

static int fake_next(struct source *source, int timeout_ms, struct message *message, struct error *error)
{
    enum { MOST_IN_TURN = 8 };
    struct fake *fake = of(source);
    (void)timeout_ms;
    if (fake->in_turn == MOST_IN_TURN) return SOURCE_IDLE;
    if (fake->given == fake->count) {
        if (fake->last < 0) return error_set(error, ERROR_SOURCE, "it broke");
        return fake->last;
    }
    if (fake->idle_before && fake->given % fake->idle_before == 0 && !fake->idle_said) {
        fake->idle_said = true;
        return SOURCE_IDLE;
    }
    fake->idle_said = false;
    if (fake->restart_before && fake->given % fake->restart_before == 0 && !fake->restart_said) {
        fake->restart_said = true;
        *message = (struct message){.topic = slice_of("restarted"), .next_offset = fake->given};
        return SOURCE_RESTART;
    }
    fake->restart_said = false;
    char *value = fake->values[fake->slot][fake->in_turn++ % MOST_IN_TURN];
    snprintf(
        value, sizeof fake->values[0][0],
        "{\"before\":null,\"after\":{\"n\":%lld},\"source\":{\"ts_ms\":1,\"name\":\"s\",\"table\":\"t\"},"
        "\"op\":\"%s\"}",
        (long long)fake->given, fake->given % 10 == 9 ? "?" : "c");
    *message = (struct message){.topic = slice_of("topic"),
                                .offset = fake->given,
                                .next_offset = fake->given + 1,
                                .timestamp_ms = -1,
                                .value = slice_of(value)};
    fake->given++;
    return SOURCE_MESSAGE;
}

static void fake_turn(struct source *source, unsigned slot)
{
    struct fake *fake = of(source);
    assert_true(slot < SOURCE_SLOTS);
    fake->slot = slot;
    fake->in_turn = 0;
    memset(fake->values[slot], 'x', sizeof fake->values[slot]);
}

static void fake_progress(struct source *source, struct source_progress *progress)
{
    *progress = (struct source_progress){.done = of(source)->given, .behind = 0};
}

static void check_event(const struct event *event, int64_t number)
{
    char row[32];
    snprintf(row, sizeof row, "{\"n\":%lld}", (long long)number);
    assert_int_equal(event->message.offset, number);
    if (number % 10 == 9) {
        assert_int_equal(event->outcome, ENVELOPE_REFUSED);
        assert_non_null(strstr(event->problem, "op is none of"));
        return;
    }
    assert_int_equal(event->outcome, ENVELOPE_CHANGE);
    assert_true(slice_is(event->change.after, row));
    assert_int_equal(event->change.after_members.count, 1);
    assert_int_equal(event->change.after_members.all[0].integer, number);
}

static void check_all(int64_t count, int64_t idle_before, int last)
{
    struct fake fake = {.source = {.next = fake_next, .progress = fake_progress, .turn = fake_turn},
                        .count = count,
                        .idle_before = idle_before,
                        .last = last};
    struct envelope_guess guess = {0};
    struct intake *intake;
    struct event *event;
    struct error error = {0};
    int64_t got = 0;
    int outcome;
    assert_int_equal(intake_open(&fake.source, &guess, 1 << 20, 1, &intake, &error), 0);
    while ((outcome = intake_next(intake, &event, &error)) >= 0 && outcome != SOURCE_END) {
        if (outcome != SOURCE_MESSAGE) continue;
        struct source_progress progress = {0};
        intake_progress(intake, &progress);
        assert_true(progress.done > got);
        check_event(event, got++);
    }
    assert_int_equal(got, count);
    assert_int_equal(outcome, last);
    if (last < 0) assert_string_equal(error.text, "it broke");
    assert_int_equal(intake_next(intake, &event, &error), last);
    intake_close(intake);
    envelope_guess_free(&guess);
}

static void all_comes_in_order(void **state)
{
    static const int64_t counts[] = {0, 1, 7, 8, 9, 1000};
    static const int64_t idles[] = {0, 1, 5};
    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (size_t k = 0; k < sizeof idles / sizeof *idles; k++) {
            check_all(counts[i], idles[k], SOURCE_END);
            check_all(counts[i], idles[k], -1);
        }
}

/* A restart comes between what was given before and what is given behind it. */
static void restarts_come_in_order(void **state)
{
    struct fake fake = {.source = {.next = fake_next, .progress = fake_progress, .turn = fake_turn},
                        .count = 100,
                        .restart_before = 3,
                        .last = SOURCE_END};
    struct envelope_guess guess = {0};
    struct intake *intake;
    struct event *event;
    struct error error = {0};
    int64_t got = 0, restarts = 0;
    int outcome;
    (void)state;
    assert_int_equal(intake_open(&fake.source, &guess, 1 << 20, 1, &intake, &error), 0);
    while ((outcome = intake_next(intake, &event, &error)) != SOURCE_END) {
        if (outcome == SOURCE_RESTART) {
            assert_true(event->restart);
            assert_true(slice_is(event->message.topic, "restarted"));
            assert_int_equal(event->message.next_offset, got);
            assert_int_equal(got, restarts++ * 3);
        } else if (outcome == SOURCE_MESSAGE) {
            assert_false(event->restart);
            check_event(event, got++);
        }
    }
    assert_int_equal(got, 100);
    assert_int_equal(restarts, 34);
    intake_close(intake);
    envelope_guess_free(&guess);
}

/* Whoever stops early waits for no more than the call that is under way. */
static void it_can_be_closed_at_any_moment(void **state)
{
    (void)state;
    for (int64_t most = 0; most < 60; most += 3) {
        struct fake fake = {.source = {.next = fake_next, .progress = fake_progress, .turn = fake_turn},
                            .count = most % 2 ? INT64_MAX : 20,
                            .last = SOURCE_IDLE};
        struct envelope_guess guess = {0};
        struct intake *intake;
        struct event *event;
        struct error error = {0};
        assert_int_equal(intake_open(&fake.source, &guess, 1 << 20, 1, &intake, &error), 0);
        for (int64_t got = 0; got < most && got < fake.count;)
            if (intake_next(intake, &event, &error) == SOURCE_MESSAGE) check_event(event, got++);
        intake_close(intake);
        envelope_guess_free(&guess);
    }
    intake_close(NULL);
}

static void what_is_too_large_is_refused(void **state)
{
    struct fake fake = {.source = {.next = fake_next, .progress = fake_progress, .turn = fake_turn},
                        .count = 1,
                        .last = SOURCE_END};
    struct envelope_guess guess = {0};
    struct intake *intake;
    struct event *event;
    struct error error = {0};
    (void)state;
    assert_int_equal(intake_open(&fake.source, &guess, 50, 1, &intake, &error), 0);
    assert_int_equal(intake_next(intake, &event, &error), SOURCE_MESSAGE);
    assert_int_equal(event->outcome, ENVELOPE_REFUSED);
    assert_string_equal(event->problem, "larger than --max-event-bytes");
    intake_close(intake);
}

/* Gives `count` large messages, and counts how many are borrowed at a time. */
enum { LARGE_SIZE = 2 << 20 };
struct large {
    struct source source;
    int count, held[SOURCE_SLOTS], most_held;
    unsigned slot;
    char value[LARGE_SIZE];
};

static void large_turn(struct source *source, unsigned slot)
{
    struct large *large = (struct large *)source;
    large->slot = slot;
    large->held[slot] = 0;
}

static int large_next(struct source *source, int timeout_ms, struct message *message, struct error *error)
{
    struct large *large = (struct large *)source;
    int held = 0;
    (void)timeout_ms, (void)error;
    if (large->count == 0) return SOURCE_END;
    large->count--;
    large->held[large->slot]++;
    for (int i = 0; i < SOURCE_SLOTS; i++) held += large->held[i];
    if (held > large->most_held) large->most_held = held;
    *message = (struct message){.topic = slice_of("topic"), .value = {large->value, LARGE_SIZE}};
    return SOURCE_MESSAGE;
}

static void large_progress(struct source *source, struct source_progress *progress)
{
    (void)source;
    *progress = (struct source_progress){.behind = 0};
}

static void large_ones_do_not_pile_up(void **state)
{
    static struct large large = {
        .source = {.next = large_next, .progress = large_progress, .turn = large_turn}, .count = 10};
    struct envelope_guess guess = {0};
    struct intake *intake;
    struct event *event;
    struct error error = {0};
    int got = 0;
    (void)state;
    assert_int_equal(intake_open(&large.source, &guess, 100, 1, &intake, &error), 0);
    while (intake_next(intake, &event, &error) == SOURCE_MESSAGE) got++;
    assert_int_equal(got, 10);
    assert_int_equal(large.most_held, 1);
    intake_close(intake);
}

/* Waits for more until what it gave has been taken. */
struct slow {
    struct fake fake;
    sem_t taken;
    bool waited, timed_out;
};

static int slow_next(struct source *source, int timeout_ms, struct message *message, struct error *error)
{
    struct slow *slow = (struct slow *)source;
    if (slow->fake.given < slow->fake.count || slow->waited)
        return fake_next(source, timeout_ms, message, error);
    if (timeout_ms == 0 || slow->fake.in_turn > 0) return SOURCE_IDLE;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 5;
    slow->waited = true;
    slow->timed_out = sem_timedwait(&slow->taken, &until) != 0;
    return SOURCE_IDLE;
}

static void what_came_does_not_wait_for_more(void **state)
{
    (void)state;
    for (int64_t count = 1; count < 80; count += 6) {
        struct slow slow = {
            .fake = {.source = {.next = slow_next, .progress = fake_progress, .turn = fake_turn},
                     .count = count,
                     .last = SOURCE_END}};
        struct envelope_guess guess = {0};
        struct intake *intake;
        struct event *event;
        struct error error = {0};
        sem_init(&slow.taken, 0, 0);
        assert_int_equal(intake_open(&slow.fake.source, &guess, 1 << 20, 1, &intake, &error), 0);
        for (int64_t got = 0; got < count; got++) {
            assert_int_equal(intake_next(intake, &event, &error), SOURCE_MESSAGE);
            check_event(event, got);
        }
        sem_post(&slow.taken);
        while (intake_next(intake, &event, &error) == SOURCE_IDLE) continue;
        intake_close(intake);
        assert_false(slow.timed_out);
        envelope_guess_free(&guess);
        sem_destroy(&slow.taken);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_comes_in_order),
        cmocka_unit_test(restarts_come_in_order),
        cmocka_unit_test(it_can_be_closed_at_any_moment),
        cmocka_unit_test(large_ones_do_not_pile_up),
        cmocka_unit_test(what_is_too_large_is_refused),
        cmocka_unit_test(what_came_does_not_wait_for_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
