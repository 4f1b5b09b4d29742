/* What each format prints, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/render.h"

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

/* The output of a statement; *result what render_rows returned. For free. */
static char *rendered(const char *sql, enum render_format format, bool terminal, int *result,
                      struct error *error)
{
    char *text = NULL;
    size_t size;
    sqlite3_stmt *statement;
    FILE *out = open_memstream(&text, &size);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    *result = render_rows(statement, format, out, terminal, error);
    sqlite3_finalize(statement);
    fclose(out);
    return text;
}

static void assert_renders(const char *sql, enum render_format format, bool terminal, const char *expected)
{
    int result;
    struct error error = {0};
    char *text = rendered(sql, format, terminal, &result, &error);
    assert_string_equal(text, expected);
    assert_int_equal(result, 0);
    free(text);
}

static void test_names(void **state)
{
    (void)state;
    assert_int_equal(render_format_named("table"), RENDER_TABLE);
    assert_int_equal(render_format_named("csv"), RENDER_CSV);
    assert_int_equal(render_format_named("tsv"), RENDER_TSV);
    assert_int_equal(render_format_named("json"), RENDER_JSON);
    assert_int_equal(render_format_named("jsonl"), RENDER_JSONL);
    assert_int_equal(render_format_named("markdown"), RENDER_MARKDOWN);
    assert_int_equal(render_format_named("xml"), -1);
    assert_int_equal(render_format_named(""), -1);
}

#define STOCKS                                                                                             \
    "SELECT column1 AS stock, column2 AS times, column3 AS note FROM (VALUES ('AAPL', 3, 'x'), ('F', 12, " \
    "NULL),"                                                                                               \
    " (NULL, NULL, 'last'))"

static void test_table(void **state)
{
    (void)state;
    assert_renders(STOCKS, RENDER_TABLE, true,
                   " stock | times | note\n"
                   "-------+-------+------\n"
                   " AAPL  |     3 | x\n"
                   " F     |    12 |\n"
                   "       |       | last\n"
                   "(3 rows)\n");
    assert_renders("SELECT 1 AS a WHERE 0", RENDER_TABLE, false, " a\n---\n(0 rows)\n");
    assert_renders("SELECT 1234 AS a", RENDER_TABLE, false, "    a\n------\n 1234\n(1 row)\n");
    /* A column with a text in it is no column of numbers. */
    assert_renders("SELECT column1 AS a FROM (VALUES ('wide'), (7))", RENDER_TABLE, false,
                   " a\n------\n wide\n 7\n(2 rows)\n");
}

static void test_table_widths(void **state)
{
    (void)state;
    /* Wide (two columns), combining (none), accented (one). */
    assert_renders(
        "SELECT column1 AS a, 1 AS b FROM (VALUES ('株式'), ('e' || char(0x301)), ('né'), ('abcd'))",
        RENDER_TABLE, true,
        " a    | b\n"
        "------+---\n"
        " 株式 | 1\n"
        " e\xcc\x81    | 1\n"
        " né   | 1\n"
        " abcd | 1\n"
        "(4 rows)\n");
}

static void test_table_is_bounded(void **state)
{
    (void)state;
    int result;
    struct error error;
    char *text = rendered("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10003)"
                          " SELECT iif(i = 10001, 'long text', i % 10002) AS a, 'b' AS b FROM n",
                          RENDER_TABLE, false, &result, &error);
    assert_int_equal(result, 0);
    /* Measured over the first 10,000: five digits, to the right; what comes later does not move the lines
     * after it. */
    assert_memory_equal(text, "     a | b\n-------+---\n     1 | b\n     2 | b\n", 42);
    assert_string_equal(strstr(text, " 10000 |"),
                        " 10000 | b\n long text | b\n     0 | b\n     1 | b\n(10003 rows)\n");
    free(text);

    /* A very wide value does not pad all the others: 200 columns at most. */
    text = rendered("SELECT printf('%.*c', 5000, 'x') AS a, 1 AS b UNION ALL SELECT 'y', 2", RENDER_TABLE,
                    false, &result, &error);
    assert_int_equal(strlen(text),
                     (1 + 200 + 3 + 2) + (202 + 1 + 3 + 1) + (1 + 5000 + 3 + 2) + (1 + 200 + 3 + 2) + 9);
    free(text);
}

static void test_table_escapes(void **state)
{
    (void)state;
    const char *expected = " a\n"
                           "-----------------------------------\n"
                           " x\\n\\t\\r\\x1b[31m\\x7f\\x00\\xc2\\x9b\\\\\n"
                           "(1 row)\n";
    const char *sql = "SELECT 'x' || char(10, 9, 13, 27) || '[31m' || char(127, 0, 0x9b, 92, 92) AS a";
    assert_renders(sql, RENDER_TABLE, true, expected);
    assert_renders(sql, RENDER_TABLE, false, expected);
    /* Directional overrides, and bytes that are not UTF-8 (a lone C1 byte, a cut character). */
    assert_renders("SELECT char(0x202e) || CAST(x'9be282' AS TEXT) AS \"a\tb\"", RENDER_TABLE, false,
                   " a\\tb\n--------------------------\n \\xe2\\x80\\xae\\x9b\\xe2\\x82\n(1 row)\n");
}

static void test_csv(void **state)
{
    (void)state;
    assert_renders("SELECT 1 AS id, NULL AS \"a,b\", '' AS e, 'x,y' AS c, 'say \"hi\"' AS q, 'l1' || "
                   "char(10) || 'l2' AS n,"
                   " 'c' || char(13) AS r, ' plain ' AS p, 1.5 AS f, x'00Ff' AS b",
                   RENDER_CSV, false,
                   "id,\"a,b\",e,c,q,n,r,p,f,b\n"
                   "1,,\"\",\"x,y\",\"say \"\"hi\"\"\",\"l1\nl2\",\"c\r\", plain ,1.5,00ff\n");
    assert_renders("SELECT 1 AS a WHERE 0", RENDER_CSV, false, "a\n");
    const char *sql = "SELECT char(27) || '[2J' AS a, 'x' || char(10, 9, 13, 0x85) AS b, 'é' AS c";
    assert_renders(sql, RENDER_CSV, false, "a,b,c\n\x1b[2J,\"x\n\t\r\xc2\x85\",é\n");
    assert_renders(sql, RENDER_CSV, true, "a,b,c\n\\x1b[2J,\"x\n\\t\\r\\xc2\\x85\",é\n");
}

/* What spreadsheets would run; numbers are none, by their type or by what they are. */
static void test_csv_safe(void **state)
{
    (void)state;
    assert_renders("SELECT '=1+1' AS a, '+cmd|x' AS b, '-2+3' AS c, '@SUM(1)' AS d, char(9) || '=1' AS e,"
                   " char(13) || 'x' AS f, char(10) || 'x' AS g, '=\"x\",1' AS h",
                   RENDER_CSV_SAFE, false,
                   "a,b,c,d,e,f,g,h\n"
                   "'=1+1,'+cmd|x,'-2+3,'@SUM(1),'\t=1,\"'\rx\",\"'\nx\",\"'=\"\"x\"\",1\"\n");
    assert_renders("SELECT -5 AS a, -1.5 AS b, '-12.50' AS c, '-0' AS d, 'a=b' AS e, '' AS f, NULL AS g,"
                   " ' =1' AS h, '-' AS i, '-.' AS j, '-1.2.3' AS k, '+49' AS l, x'3d31' AS m",
                   RENDER_CSV_SAFE, false,
                   "a,b,c,d,e,f,g,h,i,j,k,l,m\n"
                   "-5,-1.5,-12.50,-0,a=b,\"\",, =1,'-,'-.,'-1.2.3,'+49,3d31\n");
    assert_renders("SELECT 1 AS \"=a\", 2 AS \"-1\"", RENDER_CSV_SAFE, false, "'=a,-1\n1,2\n");
    assert_renders("SELECT char(9, 27) || 'x' AS a", RENDER_CSV_SAFE, true, "a\n'\\t\\x1bx\n");
    assert_renders("SELECT '=1+1' AS a, '-2+3' AS b", RENDER_CSV, false, "a,b\n=1+1,-2+3\n");
}

static void test_tsv(void **state)
{
    (void)state;
    const char *sql =
        "SELECT NULL AS a, '' AS b, 'x' || char(9, 10, 13, 92, 8, 11, 12) AS c, char(27, 0x9b) AS d, 7 AS e";
    assert_renders(sql, RENDER_TSV, false,
                   "a\tb\tc\td\te\n\\N\t\tx\\t\\n\\r\\\\\\b\\v\\f\t\x1b\xc2\x9b\t7\n");
    assert_renders(sql, RENDER_TSV, true,
                   "a\tb\tc\td\te\n\\N\t\tx\\t\\n\\r\\\\\\b\\v\\f\t\\x1b\\xc2\\x9b\t7\n");
    /* The text \N is not NULL. */
    assert_renders("SELECT '\\N' AS a", RENDER_TSV, false, "a\n\\\\N\n");
}

static void test_json(void **state)
{
    (void)state;
    assert_renders("SELECT 1 AS a WHERE 0", RENDER_JSON, false, "[]\n");
    assert_renders("SELECT column1 AS a, column2 AS a FROM (VALUES (9223372036854775807, NULL),"
                   " (-9223372036854775808, 'x'))",
                   RENDER_JSON, false,
                   "[\n"
                   "{\"a\":9223372036854775807,\"a\":null},\n"
                   "{\"a\":-9223372036854775808,\"a\":\"x\"}\n"
                   "]\n");
    assert_renders("SELECT 1 AS a WHERE 0", RENDER_JSONL, false, "");
    assert_renders("SELECT 1 AS a UNION ALL SELECT 2", RENDER_JSONL, true, "{\"a\":1}\n{\"a\":2}\n");
}

static void test_json_values(void **state)
{
    (void)state;
    assert_renders(
        "SELECT 0.1 AS a, 1.0 AS b, 1e300 AS c, 0.1 + 0.2 AS d, 9e999 AS e, -9e999 AS f, x'0aff' AS g,"
        " x'' AS h",
        RENDER_JSONL, false,
        "{\"a\":0.1,\"b\":1.0,\"c\":1e+300,\"d\":0.30000000000000004,\"e\":\"Infinity\",\"f\":\"-Infinity\","
        "\"g\":\"0aff\",\"h\":\"\"}\n");
    assert_renders(
        "SELECT 'q\"b\\é株' AS \"k\"\"e\", char(0, 10, 31, 127, 128, 159, 160) AS t,"
        " char(0x2028, 0x2029, 0x202e, 0x1f600) AS u, CAST(x'61ff62' AS TEXT) AS v",
        RENDER_JSONL, false,
        "{\"k\\\"e\":\"q\\\"b\\\\é株\",\"t\":\"\\u0000\\u000a\\u001f\\u007f\\u0080\\u009f\xc2\xa0\","
        "\"u\":\"\\u2028\\u2029\\u202e😀\",\"v\":\"a\\ufffdb\"}\n");
}

static void test_markdown(void **state)
{
    (void)state;
    assert_renders(STOCKS, RENDER_MARKDOWN, false,
                   "| stock | times | note |\n"
                   "| ----- | ----: | ---- |\n"
                   "| AAPL  |     3 | x    |\n"
                   "| F     |    12 |      |\n"
                   "|       |       | last |\n");
    assert_renders("SELECT 'a|b\\' || char(10, 27) || '<i>*' AS a, 1 AS b", RENDER_MARKDOWN, false,
                   "| a                  |   b |\n"
                   "| ------------------ | --: |\n"
                   "| a\\|b\\\\\\n\\x1b\\<i>\\* |   1 |\n");
}

static void test_failures(void **state)
{
    (void)state;
    int result;
    struct error error;
    sqlite3_stmt *statement;
    /* A row, then a failure: the row stays, the failure is told. */
    char *text = rendered("SELECT abs(column1) AS a FROM (VALUES (1), (-9223372036854775808))", RENDER_CSV,
                          false, &result, &error);
    assert_int_equal(result, -1);
    assert_int_equal(error.kind, ERROR_STORAGE);
    assert_string_equal(error.text, "integer overflow");
    assert_string_equal(text, "a\n1\n");
    free(text);

    FILE *full = fopen("/dev/full", "w");
    for (enum render_format format = RENDER_TABLE; format <= RENDER_MARKDOWN; format++) {
        assert_int_equal(sqlite3_prepare_v2(db, "SELECT 1 AS a", -1, &statement, NULL), SQLITE_OK);
        error = (struct error){0};
        assert_int_equal(render_rows(statement, format, full, false, &error), -1);
        assert_int_equal(error.kind, ERROR_FAILURE);
        assert_string_equal(error.text, "cannot write the result: No space left on device");
        sqlite3_finalize(statement);
        clearerr(full);
    }
    /* A long result ends at the first write that fails, not when all is computed. */
    assert_int_equal(
        sqlite3_prepare_v2(db,
                           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
                           -1, &statement, NULL),
        SQLITE_OK);
    assert_int_equal(render_rows(statement, RENDER_JSON, full, false, &error), -1);
    assert_string_equal(error.text, "cannot write the result: No space left on device");
    sqlite3_finalize(statement);
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),         cmocka_unit_test(test_table),
        cmocka_unit_test(test_table_widths),  cmocka_unit_test(test_table_is_bounded),
        cmocka_unit_test(test_table_escapes), cmocka_unit_test(test_csv),
        cmocka_unit_test(test_csv_safe),      cmocka_unit_test(test_tsv),
        cmocka_unit_test(test_json),          cmocka_unit_test(test_json_values),
        cmocka_unit_test(test_markdown),      cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, open_db, close_db);
}
