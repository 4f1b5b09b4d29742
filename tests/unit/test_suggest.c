/* What a typing mistake is taken for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cdclite/suggest.h"

static const char *const names[] = {"load",           "query", "status", "export", "schema",
                                    "--max-messages", "from",  "to",     NULL};

static void assert_suggests(const char *given, const char *expected)
{
    const char *found = suggest(given, names);
    if (!expected && found) fail_msg("%s suggests %s", given, found);
    if (!expected) return;
    if (!found) fail_msg("%s suggests nothing", given);
    assert_string_equal(found, expected);
}

static void the_right_name_is_nearest_to_itself(void **state)
{
    (void)state;
    for (size_t i = 0; names[i]; i++) assert_suggests(names[i], names[i]);
}

static void one_mistake_of_each_sort(void **state)
{
    (void)state;
    assert_suggests("statuss", "status");
    assert_suggests("statu", "status");
    assert_suggests("stafus", "status");
    assert_suggests("sttaus", "status");
    assert_suggests("tsatus", "status");
    assert_suggests("xload", "load");
    assert_suggests("form", "from");
}

static void longer_names_allow_more_mistakes(void **state)
{
    (void)state;
    assert_suggests("--max-mesages", "--max-messages");
    assert_suggests("--maxmesage", "--max-messages");
    assert_suggests("--mx-mssgs", "--max-messages");
    assert_suggests("sqeury", "query");
}

static void a_beginning_means_what_goes_on(void **state)
{
    (void)state;
    assert_suggests("--max", "--max-messages");
    assert_suggests("sch", "schema");
    assert_suggests("qu", NULL);
    assert_suggests("sta-", NULL);
    assert_suggests("ort", NULL);
}

static void what_is_far_from_all_suggests_nothing(void **state)
{
    (void)state;
    assert_suggests("", NULL);
    assert_suggests("x", NULL);
    assert_suggests("frobnicate", NULL);
    assert_suggests("stxxxs", NULL);
    assert_suggests("Q", NULL);
    assert_suggests("a-name-that-is-much-longer-than-any-name-anyone-would-ever-choose-here", NULL);
}

static void the_nearest_of_several_is_chosen(void **state)
{
    static const char *const like[] = {"before_stock", "after_stocks", "after_stock", NULL};
    (void)state;
    assert_string_equal(suggest("after_stok", like), "after_stock");
    assert_string_equal(suggest("afterstocks", like), "after_stocks");
    assert_string_equal(suggest("after", like), "after_stocks"); /* of two that go on, the first */
    assert_string_equal(suggest("befor_stock", like), "before_stock");
}

static void long_names_do_no_harm(void **state)
{
    static const char *const longest[] = {"0123456789012345678901234567890123456789012345678901234567890123",
                                          NULL};
    static const char *const none[] = {NULL};
    (void)state;
    suggest("012345678901234567890123456789012345678901234567890123456789012", longest);
    suggest("0123456789012345678901234567890123456789012345678901234567890123", longest);
    assert_null(suggest("a", none));
}

static void the_nearest_come_first(void **state)
{
    static const char *const topics[] = {"a.holdingss", "b.holding", "a.holding",
                                         "a.holdings",  "nothing",   NULL};
    const char *near[SUGGESTED_MOST];
    (void)state;
    assert_int_equal(suggest_several("a.holding", topics, near, SUGGESTED_MOST), 4);
    assert_string_equal(near[0], "a.holding");
    assert_string_equal(near[1], "b.holding"); /* as near as the next, and named before it */
    assert_string_equal(near[2], "a.holdings");
    assert_string_equal(near[3], "a.holdingss");
    assert_int_equal(suggest_several("a.holding", topics, near, 2), 2);
    assert_string_equal(near[0], "a.holding");
    assert_string_equal(near[1], "b.holding");
    assert_int_equal(suggest_several("frobnicate", topics, near, 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_name_is_nearest_to_itself),
        cmocka_unit_test(one_mistake_of_each_sort),
        cmocka_unit_test(longer_names_allow_more_mistakes),
        cmocka_unit_test(a_beginning_means_what_goes_on),
        cmocka_unit_test(what_is_far_from_all_suggests_nothing),
        cmocka_unit_test(the_nearest_come_first),
        cmocka_unit_test(the_nearest_of_several_is_chosen),
        cmocka_unit_test(long_names_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
