/* A transaction that is gone without a word, as SQLite may have it when memory runs out: what follows is
 * refused, not committed statement by statement. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <string.h>

#include "cdclite/database.h"
#include "cdclite/transaction.h"

static sqlite3 *db;
static struct error error;

static int open_table(void **state)
{
    (void)state;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    return database_run(db, "CREATE TABLE t(a)", &error);
}

static int close_table(void **state)
{
    (void)state;
    return sqlite3_close(db);
}

static int insert(void)
{
    return database_run(db, "INSERT INTO t VALUES(1)", &error);
}

static void check_rows(int64_t wanted)
{
    int64_t rows;
    assert_int_equal(database_integer(db, "SELECT count(*) FROM t", -1, &rows, &error), 0);
    assert_int_equal(rows, wanted);
}

static void check_refused(void)
{
    assert_int_equal(insert(), -1);
    assert_int_equal(error.kind, ERROR_FAILURE);
    assert_non_null(strstr(error.text, "out of memory"));
    check_rows(0);
}

static void what_follows_a_lost_transaction_is_refused(void **state)
{
    (void)state;
    assert_int_equal(transaction_begin(db, &error), 0);
    assert_int_equal(insert(), 0);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    check_refused();
    check_refused();
    assert_int_equal(transaction_commit(db, &error), -1);
    check_refused();
}

static void what_is_held_is_refused(void **state)
{
    (void)state;
    transaction_hold(db);
    check_refused();
}

static void what_is_committed_stays(void **state)
{
    (void)state;
    assert_int_equal(transaction_begin(db, &error), 0);
    assert_int_equal(insert(), 0);
    assert_int_equal(transaction_end(db, 0, &error), 0);
    assert_int_equal(insert(), 0);
    check_rows(2);
}

static void what_failed_is_rolled_back(void **state)
{
    (void)state;
    assert_int_equal(transaction_begin(db, &error), 0);
    assert_int_equal(insert(), 0);
    assert_int_equal(database_run(db, "no SQL", &error), -1);
    const struct error first = error;
    assert_int_equal(transaction_end(db, 1, &error), -1);
    assert_string_equal(error.text, first.text);
    check_rows(0);
    assert_int_equal(insert(), 0);
    check_rows(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_follows_a_lost_transaction_is_refused, open_table, close_table),
        cmocka_unit_test_setup_teardown(what_is_held_is_refused, open_table, close_table),
        cmocka_unit_test_setup_teardown(what_is_committed_stays, open_table, close_table),
        cmocka_unit_test_setup_teardown(what_failed_is_rolled_back, open_table, close_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
