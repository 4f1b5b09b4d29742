/* Totals before some days: the same whether they are added up in memory or by SQLite, and what the days give.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "cdclite/database.h"
#include "cdclite/embedded.h"
#include "summary_totals.h"

/* Days with 3 to 40 users each: integers, texts and none (an empty BLOB), half of whom come again. */
static const char days[] = "WITH day(day) AS (VALUES(-3) UNION ALL SELECT day + 1 FROM day WHERE day < 60),"
                           " nth(n) AS (VALUES(0) UNION ALL SELECT n + 1 FROM nth WHERE n < 39) "
                           "INSERT INTO summary_user_day SELECT day, user_id, day + 5, n, day * n + 200 "
                           "FROM (SELECT *, CASE WHEN n % 13 = 5 THEN 'user ' || n WHEN n % 17 = 9 THEN x'' "
                           "WHEN n % 2 THEN n * 1000 - 7 ELSE 100 * day + n END AS user_id FROM day, nth "
                           "WHERE n < 3 + (day * day % 37)) "
                           "GROUP BY day, user_id";

static void fill(sqlite3 **db)
{
    struct error error;
    assert_int_equal(sqlite3_open(":memory:", db), SQLITE_OK);
    assert_int_equal(database_run(*db, embedded_find("schema/004_summaries.sql")->text, &error), 0);
    assert_int_equal(database_run(*db, days, &error), 0);
}

static int64_t number(sqlite3 *db, const char *sql)
{
    int64_t value;
    struct error error;
    assert_int_equal(database_integer(db, sql, -1, &value, &error), 0);
    return value;
}

/* Extends the totals with so many keys in memory, and twice, as the steps of a load do. */
static void extend(sqlite3 *db, size_t most_keys)
{
    struct summary_rows *rows;
    struct summary_totals totals = {0};
    struct error error;
    assert_int_equal(summary_rows_open(db, &rows, &error), 0);
    assert_int_equal(summary_totals_open(&totals, &summary_user_day, db, rows, &error), 0);
    totals.most_keys = most_keys;
    assert_int_equal(database_run(db,
                                  "CREATE TEMP TABLE late AS SELECT * FROM summary_user_day WHERE day > 30;"
                                  "DELETE FROM summary_user_day WHERE day > 30",
                                  &error),
                     0);
    assert_int_equal(summary_totals_extend(&totals, &error), 0);
    assert_int_equal(database_run(db, "INSERT INTO summary_user_day SELECT * FROM late", &error), 0);
    assert_int_equal(summary_totals_extend(&totals, &error), 0);
    summary_totals_close(&totals);
    summary_rows_close(rows);
}

static void check(size_t most_keys)
{
    sqlite3 *db;
    fill(&db);
    assert_true(number(db, "SELECT count(DISTINCT user_id) FROM summary_user_day") > 500);
    extend(db, most_keys);
    assert_true(number(db, "SELECT count(DISTINCT day) FROM summary_user_total") > 4);
    assert_int_equal(
        number(db, "SELECT count(*) FROM (SELECT * FROM summary_user_total EXCEPT "
                   "SELECT t.day, user_id, sum(stock_changes), sum(quantity_changes), sum(changed_events) "
                   "FROM (SELECT DISTINCT day FROM summary_user_total) AS t "
                   "JOIN summary_user_day AS d ON d.day < t.day GROUP BY t.day, user_id)"),
        0);
    assert_int_equal(
        number(db, "SELECT count(*) FROM summary_user_total"),
        number(db, "SELECT count(*) FROM (SELECT 1 FROM (SELECT DISTINCT day FROM summary_user_total) AS t "
                   "JOIN summary_user_day AS d ON d.day < t.day GROUP BY t.day, user_id)"));
    sqlite3_close(db);
}

static void test_in_memory(void **state)
{
    (void)state;
    check(1 << 15);
}

static void test_by_sqlite(void **state)
{
    (void)state;
    check(0);
}

static void test_more_keys_than_are_kept(void **state)
{
    (void)state;
    check(200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_memory),
        cmocka_unit_test(test_by_sqlite),
        cmocka_unit_test(test_more_keys_than_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
