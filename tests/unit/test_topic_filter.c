/* Which topics --topic takes, and what is said of a bad pattern. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cdclite/topic_filter.h"

/* How a topic is asked for by the texts, ended by NULL. */
static enum topic_match match(const char *topic, const char *const *texts)
{
    struct topic_filter filter;
    struct error error;
    assert_int_equal(topic_filter_make(&filter, texts, &error), 0);
    enum topic_match found = topic_filter_match(&filter, topic);
    topic_filter_free(&filter);
    return found;
}

#define MATCH(topic, ...) match(topic, (const char *const[]){__VA_ARGS__, NULL})

static void a_name_takes_itself(void **state)
{
    (void)state;
    assert_int_equal(MATCH("a.b", "a.b"), TOPIC_NAMED);
    assert_int_equal(MATCH("axb", "a.b"), TOPIC_OTHER);
    assert_int_equal(MATCH("a.bc", "a.b"), TOPIC_OTHER);
    assert_int_equal(MATCH("a.b", "A.b"), TOPIC_OTHER);
    assert_int_equal(MATCH("abc", ".*"), TOPIC_OTHER);
}

static void a_pattern_is_an_extended_one_bound_to_the_beginning(void **state)
{
    (void)state;
    assert_int_equal(MATCH("bank.data.a", "^bank\\..*"), TOPIC_MATCHED);
    assert_int_equal(MATCH("bankxdata", "^bank\\..*"), TOPIC_OTHER);
    assert_int_equal(MATCH("my.bank.data", "^bank"), TOPIC_OTHER);
    assert_int_equal(MATCH("bank.data.a", "^bank"), TOPIC_MATCHED);
    assert_int_equal(MATCH("bank.data.a", "^bank$"), TOPIC_OTHER);
    assert_int_equal(MATCH("t12", "^(s|t)[0-9]{2}$"), TOPIC_MATCHED);
    assert_int_equal(MATCH("t1", "^(s|t)[0-9]{2}$"), TOPIC_OTHER);
}

static void a_name_comes_before_a_pattern(void **state)
{
    (void)state;
    assert_int_equal(MATCH("ab", "^a", "ab"), TOPIC_NAMED);
    assert_int_equal(MATCH("ab", "ab", "^a"), TOPIC_NAMED);
    assert_int_equal(MATCH("ab", "^b", "^a"), TOPIC_MATCHED);
    assert_int_equal(MATCH("cd", "^b", "^a", "ab"), TOPIC_OTHER);
    assert_int_equal(match("cd", NULL), TOPIC_OTHER);
}

static void kafkas_own_are_taken_when_asked_for_as_such(void **state)
{
    static const char *const own[] = {"__consumer_offsets", "__transaction_state", "__share_group_state"};
    (void)state;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        assert_int_equal(MATCH(own[i], "^.*"), TOPIC_OTHER);
        assert_int_equal(MATCH(own[i], "^_"), TOPIC_OTHER);
        assert_int_equal(MATCH(own[i], "^__"), TOPIC_MATCHED);
        assert_int_equal(MATCH(own[i], own[i]), TOPIC_NAMED);
    }
    assert_int_equal(MATCH("__debezium-heartbeat.bankserver1", "^.*"), TOPIC_MATCHED);
    assert_int_equal(MATCH("_connect-offsets", "^.*"), TOPIC_MATCHED);
    assert_int_equal(MATCH("__consumer_offsets", "^__transaction"), TOPIC_OTHER);
}

static void assert_bad(const char *pattern, const char *where)
{
    const char *const texts[] = {"good", pattern, "^good", NULL};
    struct topic_filter filter;
    struct error error = {0};
    assert_int_equal(topic_filter_make(&filter, texts, &error), -1);
    topic_filter_free(&filter);
    assert_int_equal(error.kind, ERROR_USAGE);
    if (!strstr(error.text, pattern) || !strstr(error.text, where)) fail_msg("%s: %s", pattern, error.text);
}

static void a_bad_pattern_is_shown_where_it_goes_wrong(void **state)
{
    (void)state;
    assert_bad("^bank(data", "from character 6 on: (data");
    assert_bad("^[a-", "from character 2 on: [a-");
    assert_bad("^ab\\", "from character 4 on: \\");
    assert_bad("^a{2,1}", "{2,1}");
    assert_bad("^(a)\\2", "from character 5 on: \\2");
    assert_bad("", "a topic has a name");
}

static void assert_near(const char *pattern, const char *expected)
{
    static const char *const topics[] = {"server", "bankserver1.data.holding", "bankserver1.data.user",
                                         "__consumer_offsets", NULL};
    const char *const texts[] = {pattern, NULL};
    struct topic_filter filter;
    struct error error;
    assert_int_equal(topic_filter_make(&filter, texts, &error), 0);
    const char *near = topic_choice_near(&filter.all[0], topics);
    topic_filter_free(&filter);
    if (!expected) {
        assert_null(near);
        return;
    }
    assert_non_null(near);
    assert_string_equal(near, expected);
}

static void the_topic_that_begins_alike_is_near(void **state)
{
    (void)state;
    assert_near("^bankserver2\\..*", "bankserver1.data.holding");
    assert_near("^bankserver1\\.data\\.us(ers)", "bankserver1.data.user");
    assert_near("^sever", NULL);
    assert_near("^serve[0-9]$", "server");
    assert_near("^.*nothing", NULL);
    assert_near("^", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_takes_itself),
        cmocka_unit_test(a_pattern_is_an_extended_one_bound_to_the_beginning),
        cmocka_unit_test(a_name_comes_before_a_pattern),
        cmocka_unit_test(kafkas_own_are_taken_when_asked_for_as_such),
        cmocka_unit_test(a_bad_pattern_is_shown_where_it_goes_wrong),
        cmocka_unit_test(the_topic_that_begins_alike_is_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
