/* What is drawn of a result, column for column; the lengths are worked out by hand beside each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/chart.h"

static sqlite3 *db;

static int open_db(void **state)
{
    (void)state;
    setlocale(LC_CTYPE, "C.UTF-8");
    return sqlite3_open(":memory:", &db);
}

static int close_db(void **state)
{
    (void)state;
    return sqlite3_close(db);
}

static void read_result(const char *sql, size_t most, struct result *result)
{
    sqlite3_stmt *statement;
    struct error error;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(result_read(statement, most, result, &error), 0);
    sqlite3_finalize(statement);
}

static void assert_draws(const char *sql, size_t width, bool unicode, const char *expected)
{
    struct result result;
    struct error error = {0};
    struct chart_style style = {width, unicode};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    read_result(sql, 1000, &result);
    assert_int_equal(chart_draw(&result, NULL, &style, out, &error), 0);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
    result_free(&result);
}

/* 21 columns: label 1, number 1, two spaces, so 17 for the bar. 8 of 8: 17; 4: 8.5; 1: 2.125; 0.01 of 8 is
 * less than an eighth, and shows. */
static void test_bars(void **state)
{
    (void)state;
    assert_draws("SELECT column1 AS k, column2 AS n FROM (VALUES ('a', 8), ('b', 4), ('c', 1), ('d', 0))", 21,
                 true, "n by k\na 8 █████████████████\nb 4 ████████▌\nc 1 ██▏\nd 0\n(4 rows)\n");
    assert_draws("SELECT column1 AS k, column2 AS n FROM (VALUES ('a', 8), ('b', 4), ('c', 1))", 21, false,
                 "n by k\na 8 #################\nb 4 #########\nc 1 ##\n(3 rows)\n");
    /* 24 - 1 - 4 - 2 = 17 */
    assert_draws("SELECT column1 AS k, column2 AS n FROM (VALUES ('a', 8), ('b', 0.01))", 24, true,
                 "n by k\na    8 █████████████████\nb 0.01 ▏\n(2 rows)\n");
}

/* 26 columns: label 1, number 6, two spaces, the axis: 16, of which -1 of -1 to 3 takes 4. -0.125 is half a
 * column. */
static void test_negative(void **state)
{
    (void)state;
    assert_draws("SELECT column1 AS k, column2 AS n FROM (VALUES ('a', -1), ('b', 3), ('c', -0.125))", 26,
                 true, "n by k\na     -1 ████│\nb      3     │████████████\nc -0.125    ▐│\n(3 rows)\n");
    assert_draws("SELECT column1 AS k, column2 AS n FROM (VALUES ('a', -1), ('b', 3), ('c', -0.125))", 26,
                 false, "n by k\na     -1 ####|\nb      3     |############\nc -0.125    #|\n(3 rows)\n");
}

static void test_labels(void **state)
{
    (void)state;
    /* No label may take more than a third: 9 of 27; so 27 - 9 - 4 - 2 = 12. 日 and its like take two columns.
     */
    assert_draws(
        "SELECT column1 AS k, column2 AS n FROM (VALUES ('日本語日本語', 1), ('a' || char(27) || 'b', 1),"
        " (NULL, NULL), ('', 1))",
        27, true,
        "n by k\n日本語日…    1 ████████████\na\\x1bb       1 ████████████\n"
        "NULL      NULL\n             1 ████████████\n(4 rows)\n");
    assert_draws("SELECT 'é' AS k, 1 AS n", 20, false, "n by k\n? 1 ################\n(1 row)\n");
}

/* A number in front is a label, as ids are; the sum of nothing else is drawn without one. */
static void test_columns(void **state)
{
    (void)state;
    assert_draws("SELECT 7 AS user_id, 'x' AS y, 2 AS n, 3 AS m", 40, true,
                 "n by user_id, y\n7  x 2 █████████████████████████████████\n(1 row; --column draws m)\n");
    assert_draws("SELECT 5 AS n", 20, true, "n\n5 ██████████████████\n(1 row)\n");
    assert_draws("SELECT 5 AS n WHERE 0", 20, true, "(0 rows)\n");
    assert_draws("SELECT 9e999 AS n", 20, true, "n\nInfinity ███████████\n(1 row)\n");
}

static void test_nothing_to_draw(void **state)
{
    struct result result;
    struct error error = {0};
    struct chart_plan plan;
    (void)state;
    read_result("SELECT 'a' AS stock, 7 AS user_id", 10, &result);
    assert_int_equal(chart_plan(&result, NULL, &plan, &error), -1);
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_non_null(strstr(error.text, "stock, user_id"));
    assert_int_equal(chart_plan(&result, "stock", &plan, &error), -1);
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_int_equal(chart_plan(&result, "none", &plan, &error), -1);
    assert_int_equal(chart_plan(&result, "user_id", &plan, &error), 0);
    assert_int_equal(plan.value, 1);
    result_free(&result);
}

static void test_many_rows(void **state)
{
    struct result result;
    struct error error = {0};
    struct chart_style style = {40, true};
    char *text = NULL;
    size_t size, lines = 0;
    (void)state;
    FILE *out = open_memstream(&text, &size);
    read_result("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) SELECT 'x' "
                "|| i, i FROM n",
                1000, &result);
    assert_int_equal(result.rows, 1000);
    assert_int_equal(result.count, 2000);
    assert_int_equal(chart_draw(&result, NULL, &style, out, &error), 0);
    fclose(out);
    for (const char *at = text; (at = strchr(at, '\n')); at++) lines++;
    assert_int_equal(lines, 1 + 200 + 1 + 1);
    assert_non_null(strstr(text, "\n… 1,800 more\n(2,000 rows)\n"));
    free(text);
    result_free(&result);
}

#define DAYS                                                                               \
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 24) SELECT " \
    "date('2025-01-01', i || "                                                             \
    "' days') AS day, "

/* 25 days in 29 columns: margin 2, axis 2, a day a column. Row of v: 9 x (24 - v) / 24, rounded. */
static void test_line(void **state)
{
    (void)state;
    assert_draws(DAYS "i AS n FROM n", 29, false,
                 "n by day\n"
                 "24 +                       **\n"
                 "   |                     **\n"
                 "   |                  ***\n"
                 "   |               ***\n"
                 "   |             **\n"
                 "   |          ***\n"
                 "   |       ***\n"
                 "   |     **\n"
                 "   |  ***\n"
                 " 0 +**\n"
                 "   +-------------------------\n"
                 "    2025-01-01     2025-01-25\n"
                 "first     0  2025-01-01\n"
                 "last     24  2025-01-25\n"
                 "least     0  2025-01-01\n"
                 "greatest 24  2025-01-25\n"
                 "(25 rows)\n");
    /* All the same: dots 1 and 4 of each character at the top. Newest first is the same picture. */
    assert_draws(DAYS "5 AS n FROM n ORDER BY day DESC", 25, true,
                 "n by day\n5 ┤⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉\n  │\n  │\n  │\n  │\n  │\n  │\n  │\n  │\n0 ┤\n"
                 "  └──────────────────────\n   2025-01-01  2025-01-25\n"
                 "first    5  2025-01-01\nlast     5  2025-01-25\nleast    5  2025-01-25\n"
                 "greatest 5  2025-01-25\n(25 rows)\n");
}

/* What is NULL leaves a gap, here all but the first and the last day. */
static void test_gaps(void **state)
{
    (void)state;
    assert_draws(
        DAYS "iif(i IN (0, 24), -i, NULL) AS n FROM n", 30, false,
        "n by day\n"
        "  0 +*\n    |\n    |\n    |\n    |\n    |\n    |\n    |\n    |\n-24 +                        *\n"
        "    +-------------------------\n"
        "     2025-01-01     2025-01-25\n"
        "first      0  2025-01-01\nlast     -24  2025-01-25\nleast    -24  2025-01-25\n"
        "greatest   0  2025-01-01\n(25 rows)\n");
}

static void test_bars_or_line(void **state)
{
    static const struct {
        const char *sql;
        bool line;
    } cases[] = {
        {DAYS "i FROM n", true},
        {DAYS "i FROM n WHERE i < 24", false},                               /* few */
        {DAYS "i FROM n UNION ALL SELECT '2025-01-01', 1", false},           /* not in order */
        {"WITH t AS (" DAYS "i FROM n) SELECT day || 'x', i FROM t", false}, /* no moment */
        {"WITH t AS (" DAYS "i FROM n) SELECT day || 'T10:00:00Z', i FROM t", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct result result;
        struct chart_plan plan;
        struct error error;
        read_result(cases[i].sql, 1000, &result);
        assert_int_equal(chart_plan(&result, NULL, &plan, &error), 0);
        assert_int_equal(plan.is_line, cases[i].line);
        result_free(&result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bars),
        cmocka_unit_test(test_negative),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_nothing_to_draw),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_bars_or_line),
    };
    return cmocka_run_group_tests(tests, open_db, close_db);
}
