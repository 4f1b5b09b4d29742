/* Rows that are made in pages are in the table as they were given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "cdclite/database.h"
#include "row_transfer.h"

enum { COLUMNS = 5, MOST_TEXT = ROW_PAGE + 1000 };

static sqlite3 *db;
static struct row_transfer transfer;
static struct row_pages pages;
static char letters[MOST_TEXT];

static int64_t number_of(const char *sql)
{
    int64_t number;
    struct error error;
    assert_int_equal(database_integer(db, sql, -1, &number, &error), 0);
    return number;
}

static void run(const char *sql)
{
    struct error error;
    assert_int_equal(database_run(db, sql, &error), 0);
}

static enum row_pages_outcome add_row(int64_t id, const struct value *columns, size_t count)
{
    const struct row_part parts[] = {{columns, 1}, {columns + 1, count - 1}};
    return row_pages_add(&pages, id, parts, 2);
}

static int open_table(void **state)
{
    struct error error;
    (void)state;
    for (size_t i = 0; i < MOST_TEXT; i++) letters[i] = (char)('a' + i % 26);
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    run("CREATE TABLE \"a \"\"table\"\"\"(id INTEGER PRIMARY KEY, a ANY, b ANY, c ANY, d ANY) STRICT");
    assert_int_equal(row_transfer_open(&transfer, db, "a \"table\"", &error), 0);
    pages.front = transfer.size;
    return 0;
}

static int close_table(void **state)
{
    (void)state;
    row_transfer_close(&transfer);
    row_pages_free(&pages);
    return sqlite3_close(db);
}

static void transfer_rows(void)
{
    struct error error;
    run("BEGIN");
    assert_int_equal(row_transfer_insert(&transfer, &pages, &error), 0);
    run("COMMIT");
    assert_int_equal(number_of("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
                     1);
}

static struct value integer(int64_t number)
{
    return (struct value){.type = VALUE_INTEGER, .integer = number};
}

static struct value text(size_t size)
{
    return (struct value){.type = VALUE_TEXT, .bytes = {letters, size}};
}

static void add(int64_t id, const struct value *values)
{
    struct value row[COLUMNS] = {{0}};
    memcpy(row + 1, values, (COLUMNS - 1) * sizeof *values);
    enum row_pages_outcome outcome = add_row(id, row, COLUMNS);
    if (outcome == ROW_PAGES_FULL) {
        transfer_rows();
        outcome = add_row(id, row, COLUMNS);
    }
    assert_int_equal(outcome, ROW_ADDED);
}

/* Looks at the row with this id: each value as it was given. */
static void assert_row(int64_t id, const struct value *values)
{
    sqlite3_stmt *select;
    struct value found;
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT a, b, c, d FROM \"a \"\"table\"\"\" WHERE id = ?1", -1, &select, NULL),
        SQLITE_OK);
    sqlite3_bind_int64(select, 1, id);
    assert_int_equal(sqlite3_step(select), SQLITE_ROW);
    for (int i = 0; i < COLUMNS - 1; i++) {
        value_from_column(select, i, &found);
        assert_true(value_equals(&found, &values[i]));
    }
    sqlite3_finalize(select);
}

/* Around each power of two, where the bytes of an integer grow in number. */
static void integers_of_every_size(void **state)
{
    struct value values[COLUMNS - 1];
    (void)state;
    for (int pass = 0; pass < 2; pass++)
        for (int bit = 0; bit < 63; bit++) {
            int64_t power = INT64_C(1) << bit, id = bit * 3 + 1;
            for (int64_t more = -1; more <= 1; more++) {
                for (int i = 0; i < COLUMNS - 1; i++)
                    values[i] = integer((power + more) * (i % 2 ? -1 : 1) + i / 2);
                if (pass == 0)
                    add(id + more + 1, values);
                else
                    assert_row(id + more + 1, values);
            }
            if (pass == 0 && bit == 62) transfer_rows();
        }
    const struct value ends[] = {integer(INT64_MIN), integer(INT64_MAX), integer(-1), integer(0)};
    add(INT64_C(1) << 40, ends);
    add(INT64_MAX - 1, ends);
    add(INT64_MAX, ends);
    transfer_rows();
    assert_row(INT64_C(1) << 40, ends);
    assert_row(INT64_MAX, ends);
}

static void reals_texts_and_blobs(void **state)
{
    static const double reals[] = {0.1, -1e300, 5e-324, 1e15, 3.0};
    (void)state;
    for (size_t size = 0; size < 600; size++) {
        const struct value values[] = {text(size),
                                       {.type = VALUE_BLOB, .bytes = {letters, size / 2}},
                                       {.type = VALUE_REAL, .real = reals[size % 5]},
                                       {0}};
        add((int64_t)size + 1, values);
    }
    transfer_rows();
    for (size_t size = 0; size < 600; size++) {
        const struct value values[] = {text(size),
                                       {.type = VALUE_BLOB, .bytes = {letters, size / 2}},
                                       {.type = VALUE_REAL, .real = reals[size % 5]},
                                       {0}};
        assert_row((int64_t)size + 1, values);
    }
    assert_int_equal(number_of("SELECT count(*) FROM \"a \"\"table\"\"\""), 600);
}

/* The record: a header of 8 bytes (its size, three types of one byte, one of three, the rowid's) and the
 * text.
 */
static void what_a_page_cannot_hold_is_said(void **state)
{
    enum { HEADER = 8 };
    struct value row[COLUMNS] = {{0}, integer(0), {0}, {0}, text(ROW_PAGE_MOST - HEADER + 1)};
    (void)state;
    assert_int_equal(add_row(1, row, COLUMNS), ROW_TOO_LARGE);
    row[4] = text(MOST_TEXT);
    assert_int_equal(add_row(1, row, COLUMNS), ROW_TOO_LARGE);
    assert_int_equal(pages.count, 0);
    row[4] = text(ROW_PAGE_MOST - HEADER);
    for (int64_t id = 1; id <= 3; id++) add(id, row + 1);
    assert_int_equal(pages.count, 3);
    transfer_rows();
    for (int64_t id = 1; id <= 3; id++) assert_row(id, row + 1);
    struct value many[ROW_PAGE] = {{0}};
    assert_int_equal(add_row(4, many, ROW_PAGE), ROW_TOO_LARGE);
}

static void many_rows_in_several_transfers_of_a_transaction(void **state)
{
    enum { MANY = 200000 };
    struct error error;
    (void)state;
    run("BEGIN");
    for (int64_t id = 1; id <= MANY; id++) {
        const struct value row[] = {{0}, integer(id * 7), text((size_t)(id % 50)), integer(-id), {0}};
        if (add_row(id, row, COLUMNS) == ROW_ADDED) continue;
        assert_int_equal(pages.count, ROW_PAGES);
        assert_int_equal(row_transfer_insert(&transfer, &pages, &error), 0);
        assert_int_equal(add_row(id, row, COLUMNS), ROW_ADDED);
    }
    assert_int_equal(row_transfer_insert(&transfer, &pages, &error), 0);
    run("COMMIT");
    assert_int_equal(
        number_of("SELECT count(*) FROM \"a \"\"table\"\"\" WHERE a = id * 7 AND c = -id AND"
                  " d IS NULL AND b = substr('abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz',"
                  " 1, id % 50)"),
        MANY);
    assert_int_equal(number_of("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
                     1);
}

/* Where the header's own size takes a second byte. */
static void tables_of_more_than_a_hundred_columns(void **state)
{
    enum { FEWEST = 120, MOST = 135 };
    struct value row[MOST] = {{0}};
    (void)state;
    for (size_t count = FEWEST; count <= MOST; count++) {
        struct row_transfer wide;
        struct error error;
        struct buffer sql = {0}, sum = {0};
        char name[16];
        snprintf(name, sizeof name, "t%zu", count);
        buffer_printf(&sql, "CREATE TABLE %s(id INTEGER PRIMARY KEY", name);
        buffer_text(&sum, "SELECT id * 0");
        for (size_t i = 1; i < count; i++) {
            buffer_printf(&sql, ", c%zu INTEGER", i);
            buffer_printf(&sum, " + c%zu * %zu", i, i);
            row[i] = integer((int64_t)i + 1000);
        }
        buffer_text(&sql, ") STRICT");
        buffer_printf(&sum, " FROM %s", name);
        run(buffer_string(&sql));
        assert_int_equal(row_transfer_open(&wide, db, name, &error), 0);
        pages.front = wide.size;
        assert_int_equal(add_row(1, row, count), ROW_ADDED);
        assert_int_equal(row_transfer_insert(&wide, &pages, &error), 0);
        int64_t expected = 0;
        for (int64_t i = 1; i < (int64_t)count; i++) expected += (i + 1000) * i;
        assert_int_equal(number_of(buffer_string(&sum)), expected);
        row_transfer_close(&wide);
        buffer_free(&sql);
        buffer_free(&sum);
    }
    assert_int_equal(number_of("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
                     1);
}

static void a_rowid_that_is_there_already_is_refused(void **state)
{
    const struct value values[COLUMNS - 1] = {{0}};
    struct error error;
    (void)state;
    run("INSERT INTO \"a \"\"table\"\"\"(id) VALUES (2)");
    add(1, values);
    add(2, values);
    assert_int_equal(row_transfer_insert(&transfer, &pages, &error), -1);
    assert_int_equal(number_of("SELECT count(*) FROM \"a \"\"table\"\"\""), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(integers_of_every_size, open_table, close_table),
        cmocka_unit_test_setup_teardown(reals_texts_and_blobs, open_table, close_table),
        cmocka_unit_test_setup_teardown(what_a_page_cannot_hold_is_said, open_table, close_table),
        cmocka_unit_test_setup_teardown(many_rows_in_several_transfers_of_a_transaction, open_table,
                                        close_table),
        cmocka_unit_test_setup_teardown(tables_of_more_than_a_hundred_columns, open_table, close_table),
        cmocka_unit_test_setup_teardown(a_rowid_that_is_there_already_is_refused, open_table, close_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
