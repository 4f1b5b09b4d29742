/* Canned queries: what their files say of them, their parameters, and that they only read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdclite/embedded.h"
#include "cdclite/query.h"

struct world {
    char directory[64];
    sqlite3 *db; /* may be written: what refuses to is the program */
    struct query_set *set;
    struct error error;
};

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    snprintf(world->directory, sizeof world->directory, "/tmp/cdclite-query-XXXXXX");
    assert_non_null(mkdtemp(world->directory));
    assert_int_equal(sqlite3_open(":memory:", &world->db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(world->db,
                     "CREATE TABLE sale(stock TEXT, units INTEGER, at TEXT);"
                     "INSERT INTO sale VALUES ('AAPL', 5, '2025-01-31'), ('007', 7, '2025-02-01')",
                     NULL, NULL, NULL),
        SQLITE_OK);
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    char command[128];
    query_set_close(world->set);
    sqlite3_close(world->db);
    snprintf(command, sizeof command, "rm -rf %s", world->directory);
    free(world);
    return system(command);
}

static void write_query(struct world *world, const char *name, const char *text)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", world->directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Opens the set anew with the files written so far, and finds one. */
static const struct query *found(struct world *world, const char *name)
{
    const struct query *query = NULL;
    query_set_close(world->set);
    if (query_set_open(world->directory, &world->set, &world->error) ||
        query_find(world->set, name, &query, &world->error))
        fail_msg("%s", world->error.text);
    return query;
}

static const struct query *built_in(struct world *world, const char *name)
{
    const struct query *query;
    query_set_close(world->set);
    assert_int_equal(query_set_open(NULL, &world->set, &world->error), 0);
    assert_int_equal(query_find(world->set, name, &query, &world->error), 0);
    return query;
}

/* Runs it as CSV; "name=value" arguments end with NULL. Returns the output, for free. */
static char *run(struct world *world, const struct query *query, const char *const *arguments, int *result)
{
    char *text = NULL;
    size_t size, count = 0;
    FILE *out = open_memstream(&text, &size);
    while (arguments[count]) count++;
    world->error = (struct error){0};
    *result = query_run(world->db, query, arguments, count, RENDER_CSV, out, &world->error);
    fclose(out);
    return text;
}

#define ARGUMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NONE ((const char *const[]){NULL})

static void assert_gives(struct world *world, const struct query *query, const char *const *arguments,
                         const char *expected)
{
    int result;
    char *text = run(world, query, arguments, &result);
    assert_string_equal(world->error.text, "");
    assert_string_equal(text, expected);
    assert_int_equal(result, 0);
    free(text);
}

static void assert_refuses(struct world *world, const struct query *query, const char *const *arguments,
                           enum error_kind kind, const char *expected)
{
    int result;
    char *text = run(world, query, arguments, &result);
    assert_string_equal(world->error.text, expected);
    assert_int_equal(result, -1);
    assert_int_equal(world->error.kind, kind);
    assert_string_equal(text, "");
    free(text);
}

static void assert_parameter(const struct query *query, size_t index, const char *name,
                             enum parameter_type type, const char *choices, bool required,
                             const char *description)
{
    assert_true(index < query->parameter_count);
    const struct query_parameter *parameter = &query->parameters[index];
    assert_string_equal(parameter->name, name);
    assert_int_equal(parameter->type, type);
    assert_string_equal(parameter->choices, choices);
    assert_int_equal(parameter->required, required);
    assert_string_equal(parameter->description, description);
}

static void test_built_in(void **state)
{
    struct world *world = *state;
    const struct query *query = built_in(world, "most_sold_stocks");
    assert_true(query->built_in);
    assert_string_equal(query->file, "queries/most_sold_stocks.sql");
    assert_string_equal(query->purpose, "which stocks were sold most often, and how many units.");
    assert_int_equal(query->parameter_count, 5);
    assert_parameter(query, 1, "to", PARAMETER_TIME, "", false, "before this time (default: all)");
    assert_parameter(query, 2, "time", PARAMETER_CHOICE, "commit|row", false,
                     "by commit time, or by the row's own datetime_updated (default: commit)");
    assert_parameter(query, 4, "limit", PARAMETER_INTEGER, "", false,
                     "at most so many rows, 0 = all (default: 10)");
    query = built_in(world, "holding_timeline");
    assert_int_equal(query->parameter_count, 1);
    assert_parameter(query, 0, "holding", PARAMETER_INTEGER, "", true, "the holding_id (required)");
    for (size_t i = 1; i < query_count(world->set); i++)
        assert_true(strcmp(query_at(world->set, i - 1)->name, query_at(world->set, i)->name) < 0);
}

/* Every built-in file describes all of its parameters, and nothing else. */
static void test_built_in_describe_themselves(void **state)
{
    struct world *world = *state;
    built_in(world, "most_sold_stocks");
    for (size_t i = 0; i < query_count(world->set); i++) {
        const struct query *query = query_at(world->set, i);
        assert_true(query->purpose[0] && query->columns[0] && query->shell[0]);
        for (size_t k = 0; k < query->parameter_count; k++) {
            char name[64];
            snprintf(name, sizeof name, ":%s", query->parameters[k].name);
            assert_int_not_equal(query->parameters[k].type, PARAMETER_ANY);
            assert_true(query->parameters[k].description[0] != '\0');
            if (query->parameters[k].type != PARAMETER_TABLE)
                assert_non_null(strstr(strstr(query->sql, "\nWITH"), name));
        }
    }
}

static void test_header(void **state)
{
    struct world *world = *state;
    write_query(
        world, "mine.sql",
        "\xef\xbb\xbf\n-- mine: what I sold\n-- And more\n-- of it.\n--\n-- Parameters:\n"
        "--   :stock  text  the stock (required)\n--   @kind a|b|c which kind,\n--           of three\n"
        "--   :low number at least\n--\n"
        "-- Columns:\r\n--   units  how many\r\n-- In the sqlite3 shell:\n--   .read mine.sql\n-- Not "
        "indented.\n"
        "SELECT units -- :not_this\n FROM sale WHERE stock = :stock AND ':nor_that' <> @kind /* :nor_this "
        "*/\n"
        " AND units > $low AND \":x\" IS NULL AND [:y] AND `:z` AND :more;\n-- :behind\n");
    const struct query *query = found(world, "mine");
    assert_string_equal(query->purpose, "what I sold");
    assert_string_equal(query->notes, "And more\nof it.\nNot indented.\n");
    assert_string_equal(query->columns, "units  how many\n");
    assert_string_equal(query->shell, ".read mine.sql\n");
    assert_int_equal(query->parameter_count, 4);
    assert_parameter(query, 0, "stock", PARAMETER_TEXT, "", true, "the stock (required)");
    assert_parameter(query, 1, "kind", PARAMETER_CHOICE, "a|b|c", false, "which kind, of three");
    assert_parameter(query, 2, "low", PARAMETER_ANY, "", false, "number at least");
    assert_parameter(query, 3, "more", PARAMETER_ANY, "", false, "");
}

static void test_no_header(void **state)
{
    struct world *world = *state;
    write_query(world, "bare.sql",
                "SELECT units, typeof(:v) AS t, :v AS v FROM sale WHERE stock = :stock OR :stock IS NULL");
    const struct query *query = found(world, "bare");
    assert_false(query->built_in);
    assert_string_equal(query->purpose, "");
    assert_int_equal(query->parameter_count, 2);
    assert_parameter(query, 0, "v", PARAMETER_ANY, "", false, "");
    assert_gives(world, query, NONE, "units,t,v\n5,null,\n7,null,\n");
    assert_gives(world, query, ARGUMENTS("v=-42", "stock=AAPL"), "units,t,v\n5,integer,-42\n");
    assert_gives(world, query, ARGUMENTS("stock=007", "v="), "units,t,v\n7,text,\"\"\n");
    assert_gives(world, query, ARGUMENTS("stock=007", "v=a=b"), "units,t,v\n7,text,a=b\n");
    assert_gives(world, query, ARGUMENTS("stock=007", "v=9223372036854775808"),
                 "units,t,v\n7,text,9223372036854775808\n");
    write_query(world, "bare.sql", "-- just a remark\nSELECT 1 AS a");
    assert_string_equal(found(world, "bare")->purpose, "just a remark");
}

static void test_directory(void **state)
{
    struct world *world = *state;
    const struct query *query;
    char path[128];
    built_in(world, "most_sold_stocks");
    size_t built_in_count = query_count(world->set);
    write_query(world, "most_sold_stocks.sql", "SELECT 'mine' AS whose");
    write_query(world, "zz.sql", "SELECT 1 AS one");
    write_query(world, ".hidden.sql", "SELECT 1");
    write_query(world, "notes.txt", "SELECT 1");
    write_query(world, ".sql", "SELECT 1");
    snprintf(path, sizeof path, "%s/directory.sql", world->directory);
    assert_int_equal(mkdir(path, 0777), 0);
    query = found(world, "most_sold_stocks");
    assert_int_equal(query_count(world->set), built_in_count + 1);
    assert_string_equal(query_at(world->set, built_in_count)->name, "zz");
    assert_gives(world, query, NONE, "whose\nmine\n");

    snprintf(path, sizeof path, "%s/missing", world->directory);
    query_set_close(world->set);
    assert_int_equal(query_set_open(path, &world->set, &world->error), -1);
    assert_null(world->set);
    assert_int_equal(world->error.kind, ERROR_USAGE);
    assert_non_null(strstr(world->error.text, "/missing: No such file or directory"));

    snprintf(path, sizeof path, "%s/broken.sql", world->directory);
    assert_int_equal(symlink("nowhere", path), 0);
    assert_int_equal(query_set_open(world->directory, &world->set, &world->error), -1);
    assert_non_null(strstr(world->error.text, "/broken.sql: cannot be read: No such file or directory"));
}

static void test_unknown_name(void **state)
{
    struct world *world = *state;
    const struct query *query;
    built_in(world, "most_sold_stocks");
    assert_int_equal(query_find(world->set, "most_sold_stock", &query, &world->error), -1);
    assert_int_equal(world->error.kind, ERROR_USAGE);
    assert_string_equal(
        world->error.text,
        "no query 'most_sold_stock'; did you mean most_sold_stocks? cdclite query lists them");
    assert_int_equal(query_find(world->set, "xyz", &query, &world->error), -1);
    assert_string_equal(world->error.text, "no query 'xyz'; cdclite query lists them");
}

static void test_arguments(void **state)
{
    struct world *world = *state;
    const struct query *query = built_in(world, "most_sold_stocks");
    static const struct {
        const char *argument, *more, *expected;
    } wrong[] = {
        {"from=2025-13-01", NULL,
         "most_sold_stocks: from=2025-13-01: not a time; write 2025-01-31, 2025-01-31T10:00:00Z or"
         " 2025-01-31 10:00:00.123456 (UTC)"},
        {"from=", NULL,
         "most_sold_stocks: from=: not a time; write 2025-01-31, 2025-01-31T10:00:00Z or"
         " 2025-01-31 10:00:00.123456 (UTC)"},
        {"form=2025-01-01", NULL,
         "most_sold_stocks: 'form' is no parameter, did you mean from?"
         " (it takes from, to, time, user, limit)"},
        {"=1", NULL, "most_sold_stocks: '' is no parameter (it takes from, to, time, user, limit)"},
        {"7", NULL, "most_sold_stocks: '7' is not PARAMETER=VALUE (it takes from, to, time, user, limit)"},
        {"user=7x", NULL, "most_sold_stocks: user=7x: not a whole number of 64 bits"},
        {"user=", NULL, "most_sold_stocks: user=: not a whole number of 64 bits"},
        {"user= 7", NULL, "most_sold_stocks: user= 7: not a whole number of 64 bits"},
        {"user=7.0", NULL, "most_sold_stocks: user=7.0: not a whole number of 64 bits"},
        {"user=9223372036854775808", NULL,
         "most_sold_stocks: user=9223372036854775808: not a whole number of 64 bits"},
        {"limit=-1", NULL, "most_sold_stocks: limit=-1: not a number of rows; write 0 for all"},
        {"time=rows", NULL, "most_sold_stocks: time=rows: not one of commit|row"},
        {"time=", NULL, "most_sold_stocks: time=: not one of commit|row"},
        {"time=commit|row", NULL, "most_sold_stocks: time=commit|row: not one of commit|row"},
        {"user=7", "user=8", "most_sold_stocks: user=8: user is given twice"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *const arguments[] = {wrong[i].argument, wrong[i].more};
        world->error = (struct error){0};
        assert_int_equal(query_check(query, arguments, wrong[i].more ? 2 : 1, &world->error), -1);
        assert_string_equal(world->error.text, wrong[i].expected);
        assert_int_equal(world->error.kind, ERROR_USAGE);
    }
    assert_int_equal(query_check(query,
                                 ARGUMENTS("from=2025-01-31", "to=2025-01-31T10:00:00Z", "time=row",
                                           "user=-9223372036854775808", "limit=0"),
                                 5, &world->error),
                     0);
    query = built_in(world, "holding_timeline");
    assert_int_equal(query_check(query, NULL, 0, &world->error), -1);
    assert_string_equal(world->error.text,
                        "holding_timeline: holding= is missing: the holding_id (required)");
    /* Checked before anything is read. */
    assert_refuses(world, query, ARGUMENTS("holding=x"), ERROR_USAGE,
                   "holding_timeline: holding=x: not a whole number of 64 bits");
}

static void test_binding(void **state)
{
    struct world *world = *state;
    write_query(
        world, "q.sql",
        "-- Parameters:\n--   :from time x\n--   :n integer x\n--   :t text x\n--   :c one|two x\n"
        "SELECT :from AS a, typeof(:from) AS b, :n AS c, typeof(@n) AS d, :t AS e, typeof(:t) AS f, :c AS g");
    const struct query *query = found(world, "q");
    assert_gives(world, query,
                 ARGUMENTS("t=7", "from=2025-01-31 10:00:00.123456", "c=two", "n=9007199254740993"),
                 "a,b,c,d,e,f,g\n2025-01-31 10:00:00.123456,text,9007199254740993,integer,7,text,two\n");
    assert_gives(world, query, NONE, "a,b,c,d,e,f,g\n,null,,null,,null,\n");
    write_query(world, "q.sql", "-- x\n-- Parameters:\n--   :gone text x\nSELECT 1");
    query = found(world, "q");
    int result;
    char *text = run(world, query, ARGUMENTS("gone=1"), &result);
    assert_int_equal(world->error.kind, ERROR_USAGE);
    assert_non_null(
        strstr(world->error.text, "q.sql: its comment names the parameter gone, its SQL does not"));
    free(text);
    write_query(world, "q.sql", "SELECT 1");
    assert_refuses(world, found(world, "q"), ARGUMENTS("a=1"), ERROR_USAGE,
                   "q: 'a' is no parameter (it takes no parameters)");
}

/* The message of a refused file, behind the directory's path. */
static void assert_file_refused(struct world *world, const char *sql, enum error_kind kind,
                                const char *expected)
{
    int result;
    write_query(world, "q.sql", sql);
    const struct query *query = found(world, "q");
    char *text = run(world, query, NONE, &result);
    assert_int_equal(result, -1);
    assert_memory_equal(world->error.text, query->file, strlen(query->file));
    assert_string_equal(world->error.text + strlen(query->file), expected);
    assert_int_equal(world->error.kind, kind);
    assert_string_equal(text, "");
    free(text);
}

static void test_only_reads(void **state)
{
    struct world *world = *state;
    const char *denied = ": not authorized: a query may only read";
    assert_file_refused(world, "DELETE FROM sale", ERROR_USAGE, denied);
    assert_file_refused(world, "WITH x AS (SELECT 1) INSERT INTO sale SELECT 1, 2, 3", ERROR_USAGE, denied);
    assert_file_refused(world, "UPDATE sale SET units = 1 RETURNING units", ERROR_USAGE, denied);
    assert_file_refused(world, "UPDATE sqlite_master SET sql = ''", ERROR_USAGE,
                        ": table sqlite_master may not be modified");
    assert_file_refused(world, "CREATE TEMP TABLE t AS SELECT 1", ERROR_USAGE, denied);
    assert_file_refused(world, "ATTACH ':memory:' AS other", ERROR_USAGE, denied);
    assert_file_refused(world, "PRAGMA user_version", ERROR_USAGE, denied);
    assert_file_refused(world, "BEGIN", ERROR_USAGE, denied);
    assert_file_refused(world, "VACUUM INTO '/tmp/x'", ERROR_USAGE, ": not a SELECT: a query may only read");
    assert_file_refused(world, "SELECT load_extension('x')", ERROR_USAGE,
                        ":1: not authorized to use function: load_extension");
    assert_file_refused(world, "", ERROR_USAGE, ": holds no statement");
    assert_file_refused(world, "-- nothing\n;", ERROR_USAGE, ": holds no statement");
    assert_file_refused(world, "SELECT 1; DELETE FROM sale", ERROR_USAGE,
                        ": more than one statement; a query is one SELECT");
    assert_file_refused(world, "SELECT 1; gibberish", ERROR_USAGE,
                        ": more than one statement; a query is one SELECT");
    assert_file_refused(world, "SELECT ?", ERROR_USAGE, ": a parameter has no name: write :name, not ?");
    assert_file_refused(world, "SELECT ?1", ERROR_USAGE, ": a parameter has no name: write :name, not ?");
    write_query(world, "q.sql", "SELECT count(*) AS n, sum(units) AS u FROM sale; ; -- done\n/* really */");
    assert_gives(world, found(world, "q"), NONE, "n,u\n2,12\n");
    write_query(world, "q.sql",
                "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 3)"
                " SELECT sum(i) AS s, (SELECT sum(value) FROM json_each('[4,5]')) AS j FROM n");
    assert_gives(world, found(world, "q"), NONE, "s,j\n6,9\n");
    /* The connection is as it was: its owner may write. */
    assert_int_equal(sqlite3_exec(world->db, "DELETE FROM sale", NULL, NULL, NULL), SQLITE_OK);
}

/* What is written on standard error while a refused file runs. */
static void assert_shows(struct world *world, const char *sql, const char *message, const char *expected)
{
    char shown[1024];
    FILE *file = tmpfile();
    fflush(stderr);
    int kept = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    assert_file_refused(world, sql, ERROR_USAGE, message);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(file);
    shown[fread(shown, 1, sizeof shown - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(shown, expected);
}

static void test_wrong_sql(void **state)
{
    struct world *world = *state;
    assert_shows(world, "-- x\nSELECT stock,\n\tunitz FROM sale", ":3: no such column: unitz",
                 "cdclite:    unitz FROM sale\n"
                 "cdclite:    ^\n");
    assert_shows(world, "SELECT '株', stock FORM sale", ":1: near \"sale\": syntax error",
                 "cdclite:   SELECT '株', stock FORM sale\n"
                 "cdclite:                           ^\n");
    /* A long line is cut around the place; nothing in it steers the terminal. */
    assert_shows(
        world,
        "SELECT 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, '\x1b', nope, 2, 2, 2, 2, "
        "2,"
        " 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2",
        ":1: no such column: nope",
        "cdclite:    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, '\\x1b', nope, 2, 2, 2, 2, 2,"
        " 2, 2, 2, 2, 2, 2, 2\n"
        "cdclite:                                                                  ^\n");
}

static void test_missing_tables(void **state)
{
    struct world *world = *state;
    assert_int_equal(
        sqlite3_exec(world->db, embedded_find("schema/004_summaries.sql")->text, NULL, NULL, NULL),
        SQLITE_OK);
    assert_refuses(
        world, built_in(world, "holding_timeline"), ARGUMENTS("holding=1"), ERROR_STORAGE,
        "holding_timeline: no such table: holding_history; no event of that table has been loaded yet"
        " (cdclite load)");
    assert_refuses(world, built_in(world, "sales"), NONE, ERROR_STORAGE,
                   "sales: no such table: holding_sale_events; no event of that table has been loaded yet"
                   " (cdclite load)");
    assert_file_refused(world, "SELECT * FROM prices", ERROR_USAGE, ": no such table: prices");
    write_query(world, "q.sql", "SELECT sum(abs(:x)) AS s");
    assert_refuses(world, found(world, "q"), ARGUMENTS("x=-9223372036854775808"), ERROR_STORAGE,
                   "q: integer overflow");
}

static char *printed(struct world *world, const struct query *query)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (query) {
        query_help(query, out);
    } else {
        query_list(world->set, out);
    }
    fclose(out);
    return text;
}

static void test_help(void **state)
{
    struct world *world = *state;
    char *text = printed(world, built_in(world, "holding_timeline"));
    assert_string_equal(text, "cdclite query holding_timeline [PARAMETER=VALUE]…\n"
                              "\n"
                              "everything that happened to one holding, oldest first.\n"
                              "Every event whose old or new holding_id is the given one, and the truncates "
                              "that removed it. Several rows"
                              " may share\n"
                              "the id: the source has no key.\n"
                              "\n"
                              "Parameters (unset = the default):\n"
                              "  holding=INTEGER  the holding_id (required)\n"
                              "\n"
                              "Columns:\n"
                              "  changed_at      commit time\n"
                              "  op              insert, update, delete, snapshot or truncate\n"
                              "  old_holding_id  the holding's id before\n"
                              "  new_holding_id  and after\n"
                              "  old_user_id     the owner before\n"
                              "  new_user_id     and after\n"
                              "  old_stock       the stock before\n"
                              "  new_stock       and after\n"
                              "  old_quantity    the quantity before\n"
                              "  new_quantity    and after\n"
                              "\n"
                              "Example:\n"
                              "  cdclite query holding_timeline holding=1001\n"
                              "\n"
                              "In the sqlite3 shell (sqlite3 -readonly history.db):\n"
                              "  .parameter set :holding 1001\n"
                              "  .read queries/holding_timeline.sql\n");
    free(text);
    text = printed(world, built_in(world, "holdings_as_of"));
    assert_non_null(strstr(text, "\n  cdclite query holdings_as_of at=2025-01-31T10:00:00Z\n"));
    free(text);
}

static void test_list(void **state)
{
    struct world *world = *state;
    char expected[256], file[128];
    /* A file with what steers a terminal in it, and one that is not described. */
    write_query(world, "zz_mine.sql",
                "-- zz_mine: my \x1b[31mred one\n-- Parameters:\n--   :a integer first (required)\n"
                "--   :long_name x|y\nSELECT :a, :long_name, :b");
    const struct query *query = found(world, "zz_mine");
    char *text = printed(world, NULL);
    assert_non_null(strstr(text, "\n\n"
                                 "holding_timeline\n"
                                 "  everything that happened to one holding, oldest first.\n"
                                 "    holding=INTEGER  the holding_id (required)\n"
                                 "\n"
                                 "holdings_as_of\n"));
    snprintf(file, sizeof file, "%s/zz_mine.sql", world->directory);
    snprintf(expected, sizeof expected,
             "zz_mine  (%s)\n"
             "  my \\x1b[31mred one\n"
             "    a=INTEGER      first (required)\n"
             "    long_name=x|y\n"
             "    b=VALUE\n",
             file);
    assert_string_equal(strstr(text, "zz_mine  ("), expected);
    free(text);

    snprintf(expected, sizeof expected,
             "Example:\n  cdclite query zz_mine a=INTEGER\n\n"
             "In the sqlite3 shell (sqlite3 -readonly history.db):\n  .read %s\n",
             file);
    text = printed(world, query);
    assert_string_equal(strstr(text, "Example:"), expected);
    free(text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        TEST(test_built_in),       TEST(test_built_in_describe_themselves),
        TEST(test_header),         TEST(test_no_header),
        TEST(test_directory),      TEST(test_unknown_name),
        TEST(test_arguments),      TEST(test_binding),
        TEST(test_only_reads),     TEST(test_wrong_sql),
        TEST(test_missing_tables), TEST(test_help),
        TEST(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
