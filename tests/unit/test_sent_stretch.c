/* Stretches of events that were sent without a pause. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "cdclite/database.h"
#include "cdclite/sent_stretch.h"

static const struct sent_stretch stretch = {
    .known = true, .first_sent_ms = 10000, .last_sent_ms = 20000, .last_made_ms = 19900};

static bool pauses(int64_t made_ms, int64_t sent_ms)
{
    return sent_after_pause(&stretch, &(struct sent_clocks){.made_ms = made_ms, .sent_ms = sent_ms});
}

static void a_pause_is_one_of_both_clocks(void **state)
{
    (void)state;
    assert_true(pauses(21901, 22001));
    assert_false(pauses(21900, 22001));
    assert_false(pauses(21901, 22000));
    assert_false(pauses(19901, 90000)); /* the broker did not answer */
    assert_false(pauses(90000, 20001)); /* the connector's queue was full */
    assert_false(pauses(100, 100));     /* a clock was set back */
}

static struct sent_stretch between(int64_t first_sent_ms, int64_t last_sent_ms)
{
    return (struct sent_stretch){.known = true, .first_sent_ms = first_sent_ms, .last_sent_ms = last_sent_ms};
}

static void stretches_are_apart_on_either_side(void **state)
{
    static const struct {
        int64_t first, last;
        bool apart;
    } others[] = {{22001, 30000, true}, {22000, 30000, false}, {0, 7999, true},      {0, 8000, false},
                  {0, 90000, false},    {12000, 13000, false}, {20000, 99000, false}};
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct sent_stretch other = between(others[i].first, others[i].last);
        assert_int_equal(sent_apart(&stretch, &other), others[i].apart);
        assert_int_equal(sent_apart(&other, &stretch), others[i].apart);
    }
}

static void a_stretch_grows_to_both_sides(void **state)
{
    struct sent_stretch grown = stretch;
    (void)state;
    sent_stretch_extend(&grown, &(struct sent_clocks){.made_ms = 20050, .sent_ms = 20100});
    sent_stretch_extend(&grown, &(struct sent_clocks){.made_ms = 15000, .sent_ms = 9000});
    assert_int_equal(grown.first_sent_ms, 9000);
    assert_int_equal(grown.last_sent_ms, 20100);
    assert_int_equal(grown.last_made_ms, 20050);
}

static void clocks_are_read_as_far_as_they_are_told(void **state)
{
    static const struct {
        int64_t made, timestamp, want_made, want_sent;
    } told[] = {
        {1738317601200, 1738317601300, 1738317601200, 1738317601300},
        {1738317601200, -1, 1738317601200, 1738317601200}, /* a line of a file */
        {-1, 1738317601300, 1738317601300, 1738317601300}, /* a flattened record */
        {0, 0, 0, 0},
    };
    struct sent_clocks clocks;
    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        struct message message = {.timestamp_ms = told[i].timestamp};
        struct change change = {0};
        change.made = told[i].made >= 0;
        change.made_ms = told[i].made;
        assert_true(sent_clocks_read(&message, &change, &clocks));
        assert_int_equal(clocks.made_ms, told[i].want_made);
        assert_int_equal(clocks.sent_ms, told[i].want_sent);
    }
    assert_false(sent_clocks_read(&(struct message){.timestamp_ms = -1}, &(struct change){0}, &clocks));
}

static int64_t integer(sqlite3 *db, const char *sql)
{
    int64_t value;
    struct error error;
    assert_int_equal(database_integer(db, sql, -1, &value, &error), 0);
    return value;
}

static void open_tables(sqlite3 **db, struct sent_stretches *stretches)
{
    struct error error;
    assert_int_equal(sqlite3_open(":memory:", db), SQLITE_OK);
    assert_int_equal(
        database_run(
            *db,
            "CREATE TABLE sent_stretch(run, first_offset, first_sent_ms, last_sent_ms, last_made_ms,"
            " PRIMARY KEY (run, first_offset)) WITHOUT ROWID;"
            "CREATE TABLE sent_stretch_list(run, first_offset, stretches,"
            " PRIMARY KEY (run, first_offset)) WITHOUT ROWID;"
            /* All of them, as the lists say. */
            "CREATE VIEW listed AS WITH numbers AS (SELECT run, l.first_offset, e.key / 4 AS i,"
            " max(e.value) FILTER (WHERE e.key % 4 = 0) AS n0,"
            " max(e.value) FILTER (WHERE e.key % 4 = 1) AS n1,"
            " max(e.value) FILTER (WHERE e.key % 4 = 2) AS n2,"
            " max(e.value) FILTER (WHERE e.key % 4 = 3) AS n3"
            " FROM sent_stretch_list AS l, json_each(stretches) AS e GROUP BY 1, 2, 3),"
            " sums AS (SELECT run, sum(n0) OVER list AS first_offset, sum(n1) OVER list AS first_sent_ms,"
            " n2, n3 FROM numbers WINDOW list AS (PARTITION BY run, first_offset ORDER BY i))"
            " SELECT run, first_offset, first_sent_ms, first_sent_ms + n2 AS last_sent_ms,"
            " first_sent_ms + n3 AS last_made_ms FROM sums"
            " UNION ALL SELECT * FROM sent_stretch",
            &error),
        0);
    assert_int_equal(sent_stretches_open(stretches, *db, &error), 0);
}

/* 1,000 stretches at offsets 0, 10, 20, ..., the one that is open saved now and then: each is written once,
 * as far as it reached. */
static void stretches_that_end_are_written_and_found(void **state)
{
    enum { COUNT = 1000, SAVE_EVERY = 77, FIND_EVERY = 50 };
    sqlite3 *db;
    struct error error;
    struct sent_stretches stretches;
    struct sent_stretch current, found;
    (void)state;
    open_tables(&db, &stretches);
    for (int64_t i = 0; i < COUNT; i++) {
        struct sent_clocks clocks = {.made_ms = i * 5000, .sent_ms = i * 5000 + 1};
        current = sent_stretch_begin(i * 10, &clocks);
        if (i % SAVE_EVERY == 0) assert_int_equal(sent_stretches_save(&stretches, 3, &current, &error), 0);
        clocks.sent_ms += 7;
        sent_stretch_extend(&current, &clocks);
        if (i < COUNT - 1) assert_int_equal(sent_stretches_end(&stretches, 3, &current, &error), 0);
        if (i % FIND_EVERY) continue;
        assert_int_equal(sent_stretches_find(&stretches, 3, i * 10 + 9, &found, &error), 0);
        assert_true(found.known);
        assert_int_equal(found.first_offset, i * 10);
        assert_int_equal(found.last_sent_ms, i * 5000 + 8);
    }
    assert_int_equal(sent_stretches_save(&stretches, 3, &current, &error), 0);
    sent_stretches_seal(&stretches);
    assert_int_equal(sent_stretches_write(&stretches, &error), 0);
    assert_int_equal(integer(db, "SELECT count(*) FROM listed WHERE run = 3 AND first_offset % 10 = 0"
                                 " AND first_sent_ms = first_offset * 500 + 1"
                                 " AND last_sent_ms = first_sent_ms + 7"),
                     COUNT);
    sent_stretches_close(&stretches);
    sqlite3_close(db);
}

/* Runs that come by turns: each has its own lists. */
static void runs_by_turns_have_lists_of_their_own(void **state)
{
    enum { COUNT = 4000, RUNS = 3 };
    sqlite3 *db;
    struct error error;
    struct sent_stretches stretches;
    struct sent_stretch found;
    (void)state;
    open_tables(&db, &stretches);
    for (int64_t i = 0; i < COUNT; i++) {
        const struct sent_clocks clocks = {.made_ms = -i * i, .sent_ms = i * i - 1000};
        const struct sent_stretch over = sent_stretch_begin(i, &clocks);
        assert_int_equal(sent_stretches_end(&stretches, i % RUNS, &over, &error), 0);
    }
    sent_stretches_seal(&stretches);
    assert_int_equal(sent_stretches_write(&stretches, &error), 0);
    assert_int_equal(integer(db, "SELECT count(*) FROM listed WHERE run = first_offset % 3"
                                 " AND first_sent_ms = first_offset * first_offset - 1000"
                                 " AND last_sent_ms = first_sent_ms"
                                 " AND last_made_ms = -first_offset * first_offset"),
                     COUNT);
    assert_int_equal(integer(db, "SELECT count(*) FROM sent_stretch_list"), RUNS * (COUNT / RUNS / 500 + 1));
    for (int64_t i = RUNS; i < COUNT; i += 7) {
        assert_int_equal(sent_stretches_find(&stretches, (i + 1) % RUNS, i, &found, &error), 0);
        assert_int_equal(found.first_offset, i - 2);
        assert_int_equal(found.last_made_ms, -(i - 2) * (i - 2));
    }
    assert_int_equal(sent_stretches_find(&stretches, 2, 1, &found, &error), 0);
    assert_false(found.known);
    sent_stretches_close(&stretches);
    sqlite3_close(db);
}

/* As a damaged file may have them. */
static void what_is_no_list_of_stretches_is_said(void **state)
{
    static const char *const texts[] = {"",
                                        "[",
                                        "[1]",
                                        "[1,2,3]",
                                        "[1,2,3,4.5]",
                                        "[\"1\",2,3,4]",
                                        "[1,2,3,4,",
                                        "[1,2,3,4]x",
                                        "{\"a\":1}",
                                        "[1,2,3,null]",
                                        "[1,9223372036854775807,1,0]"};
    sqlite3 *db;
    struct sent_stretches stretches;
    (void)state;
    open_tables(&db, &stretches);
    for (int i = 0; i < (int)(sizeof texts / sizeof *texts); i++) {
        struct error error;
        struct sent_stretch found;
        sqlite3_stmt *insert;
        assert_int_equal(
            database_prepare(db, "INSERT INTO sent_stretch_list VALUES(?1, 1, ?2)", &insert, &error), 0);
        sqlite3_bind_int(insert, 1, i);
        sqlite3_bind_text(insert, 2, texts[i], -1, SQLITE_STATIC);
        assert_int_equal(database_step(db, insert, &error), 0);
        sqlite3_finalize(insert);
        assert_int_equal(sent_stretches_find(&stretches, i, 100, &found, &error), -1);
        assert_non_null(strstr(error.text, "not a list of stretches"));
    }
    sent_stretches_close(&stretches);
    sqlite3_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_is_one_of_both_clocks),
        cmocka_unit_test(stretches_are_apart_on_either_side),
        cmocka_unit_test(a_stretch_grows_to_both_sides),
        cmocka_unit_test(clocks_are_read_as_far_as_they_are_told),
        cmocka_unit_test(stretches_that_end_are_written_and_found),
        cmocka_unit_test(runs_by_turns_have_lists_of_their_own),
        cmocka_unit_test(what_is_no_list_of_stretches_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
