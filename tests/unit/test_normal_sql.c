#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "normal_sql.h"

static void check(const char *sql, bool is_table, const char *want)
{
    struct buffer out = {0};
    normal_sql(sql, is_table, &out);
    assert_string_equal(buffer_string(&out), want);
    buffer_free(&out);
}

static void test_spaces_and_comments_mean_nothing(void **state)
{
    (void)state;
    check("  SELECT  a ,\n\tb -- the second\nFROM t /* of it */ WHERE x", false, "SELECT a,b FROM t WHERE x");
    check("SELECT a--b\n+1", false, "SELECT a +1");
    check("SELECT count( * )FROM t;", false, "SELECT count(*)FROM t;");
    check("a -", false, "a -");
    check("", false, "");
}

static void test_quoted_text_stays(void **state)
{
    (void)state;
    check("SELECT 'a  -- b', \"c  /* d\" , [e  f], `g  h`", false,
          "SELECT 'a  -- b',\"c  /* d\",[e  f],`g  h`");
    check("SELECT 'it''s  so'", false, "SELECT 'it''s  so'");
    check("SELECT 'without  end", false, "SELECT 'without  end");
    check("/* without end", false, "");
}

static void test_definitions_have_one_order(void **state)
{
    (void)state;
    check("CREATE TABLE t(b TEXT, a INTEGER) STRICT", true, "CREATE TABLE t(a INTEGER,b TEXT)STRICT");
    check("CREATE TABLE \"t(x\"(\"b,)\" TEXT, a INTEGER DEFAULT (1 + (2)), PRIMARY KEY (a, b))", true,
          "CREATE TABLE \"t(x\"(\"b,)\" TEXT,PRIMARY KEY(a,b),a INTEGER DEFAULT(1 +(2)))");
    check("CREATE TABLE t(a, a2)", true, "CREATE TABLE t(a,a2)");
    check("CREATE TABLE t", true, "CREATE TABLE t");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spaces_and_comments_mean_nothing),
        cmocka_unit_test(test_quoted_text_stays),
        cmocka_unit_test(test_definitions_have_one_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
