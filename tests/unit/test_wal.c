/* The write-ahead log goes into the database file while others are written, and stays small. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "cdclite/database.h"
#include "cdclite/wal.h"

enum { MIB = 1 << 20 };

static char folder[] = "/tmp/cdclite-wal-XXXXXX";
static char path[64], log_path[80];
static sqlite3 *db;

static void run(const char *sql)
{
    struct error error;
    assert_int_equal(database_run(db, sql, &error), 0);
}

static int64_t size_of(const char *file)
{
    struct stat status;
    return stat(file, &status) ? -1 : (int64_t)status.st_size;
}

static int open_database(void **state)
{
    (void)state;
    strcpy(folder + sizeof folder - 7, "XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/h.db", folder);
    snprintf(log_path, sizeof log_path, "%s-wal", path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    run("PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;"
        "CREATE TABLE t(x)");
    return 0;
}

static int close_database(void **state)
{
    (void)state;
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    unlink(path);
    return rmdir(folder);
}

static void the_log_is_copied_on_another_connection(void **state)
{
    (void)state;
    struct checkpointer *checkpointer = checkpointer_open(path);
    assert_non_null(checkpointer);
    run("INSERT INTO t VALUES (zeroblob(5 << 20))");
    assert_in_range(size_of(path), 0, MIB);
    for (int times = 0; times < 3; times++) {
        checkpointer_begin(checkpointer);
        run("INSERT INTO t VALUES (1)");
        assert_true(checkpointer_wait(checkpointer));
        assert_in_range(size_of(path), 5 * MIB, 6 * MIB);
    }
    checkpointer_close(checkpointer);
    assert_true(size_of(log_path) > 5 * MIB);
}

static void what_cannot_be_copied_is_told(void **state)
{
    char other[80];
    (void)state;
    snprintf(other, sizeof other, "%s/none/h.db", folder);
    struct checkpointer *checkpointer = checkpointer_open(other);
    assert_non_null(checkpointer);
    assert_true(checkpointer_wait(checkpointer));
    checkpointer_begin(checkpointer);
    assert_false(checkpointer_wait(checkpointer));
    checkpointer_close(checkpointer);
    checkpointer_close(NULL);
}

/* 200 MiB in batches of 2: the log is in the file long before its limit, which it keeps. */
static void a_long_load_keeps_the_log_small(void **state)
{
    enum { BATCHES = 100, BEFORE_LIMIT = 20 };
    struct wal wal;
    struct error error;
    int64_t largest = 0;
    (void)state;
    assert_int_equal(wal_open(&wal, db, path, &error), 0);
    for (int i = 0; i < BATCHES; i++) {
        run("INSERT INTO t VALUES (zeroblob(2 << 20))");
        assert_int_equal(wal_tend(&wal, &error), 0);
        if (size_of(log_path) > largest) largest = size_of(log_path);
        if (i != BEFORE_LIMIT) continue;
        assert_true(checkpointer_wait(wal.checkpointer));
        assert_true(size_of(path) > (BEFORE_LIMIT * 2 - 8) * (int64_t)MIB);
    }
    assert_in_range(largest, 8 * MIB, WAL_LIMIT + 4 * MIB);
    assert_true(size_of(path) > (BATCHES * 2 - 64 - 4) * (int64_t)MIB);
    wal_close(&wal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_log_is_copied_on_another_connection, open_database,
                                        close_database),
        cmocka_unit_test_setup_teardown(what_cannot_be_copied_is_told, open_database, close_database),
        cmocka_unit_test_setup_teardown(a_long_load_keeps_the_log_small, open_database, close_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
