/* The lines of output_data.txt, written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cdclite/captured_table.h"
#include "cdclite/text_log.h"

#define COMMITTED INT64_C(1738317600123456) /* 2025-01-31T10:00:00.123456Z */
#define LOADED INT64_C(1738317605000000)    /* 2025-01-31T10:00:05.000000Z */
#define CREATED INT64_C(1735736892952539)   /* 2025-01-01T13:08:12.952539 */
#define COMMITTED_TEXT "2025-01-31T10:00:00.123456Z"
#define LOADED_TEXT "2025-01-31T10:00:05.000000Z"
#define CREATED_TEXT "2025-01-01T13:08:12.952539"

static struct captured_table *table;
static struct buffer out;

static void add_column(const char *name, enum column_kind kind, enum time_unit unit, bool key)
{
    struct error error;
    const struct column_type type = {.kind = kind, .unit = unit};
    assert_int_equal(table_add_column(table, slice_of(name), &type, NULL, &error), 0);
    table_column(table, name)->key = key;
}

static int begin_holding(void **state)
{
    (void)state;
    table = table_new("holding", "bankserver1.bank_data.holding", slice_of("topic"));
    add_column("holding_id", KIND_INTEGER, UNIT_NONE, false);
    add_column("user_id", KIND_INTEGER, UNIT_NONE, false);
    add_column("holding_stock", KIND_TEXT, UNIT_NONE, false);
    add_column("holding_quantity", KIND_INTEGER, UNIT_NONE, false);
    add_column("datetime_created", KIND_INTEGER, UNIT_TIMESTAMP_US, false);
    add_column("datetime_updated", KIND_INTEGER, UNIT_TIMESTAMP_US, false);
    table_set_roles(table);
    return 0;
}

static int end(void **state)
{
    (void)state;
    table_free(table);
    buffer_free(&out);
    return 0;
}

static struct value integer(int64_t number)
{
    return (struct value){.type = VALUE_INTEGER, .integer = number};
}

static struct value text(const char *bytes)
{
    return bytes ? (struct value){.type = VALUE_TEXT, .bytes = slice_of(bytes)} : (struct value){0};
}

/* A row of holding; all zero is the row that is not there. */
static void fill(struct value *row, int64_t id, int64_t user, const char *stock, int64_t quantity)
{
    row[0] = integer(id);
    row[1] = integer(user);
    row[2] = text(stock);
    row[3] = integer(quantity);
    row[4] = row[5] = integer(CREATED);
}

/* The lines of the rows that stand in the table; `unknown` says which columns are not known (NULL: all are).
 */
static void assert_lines_of(char op, int64_t change_id, const bool *unknown, const char *expected)
{
    struct history_row row = {.change_id = change_id, .changed_at = COMMITTED, .op = op};
    row.unknown = unknown;
    row.before = table->before;
    row.after = table->after;
    buffer_clear(&out);
    struct text_times times = {0};
    time_text_set(&times.inserted, LOADED);
    text_lines(table, &row, &times, &out);
    assert_false(buffer_failed(&out));
    assert_string_equal(buffer_string(&out), expected);
}

static void assert_lines(char op, const char *expected)
{
    assert_lines_of(op, 1, NULL, expected);
}

static void the_header_names_the_columns_of_the_seed_and_op(void **state)
{
    (void)state;
    text_header(table, &out);
    assert_string_equal(
        buffer_string(&out),
        "holding_id,user_id,change_field,old_value,new_value,datetime_created,datetime_updated,"
        "datetime_deleted,datetime_inserted,op\n");
}

static void an_insert_has_a_line_for_each_tracked_column(void **state)
{
    (void)state;
    fill(table->after, 1001, 7, "VFIAX", 10);
    assert_lines('c', "1001,7,holding_stock,,VFIAX," CREATED_TEXT ",,," LOADED_TEXT ",c\n"
                      "1001,7,holding_quantity,,10," CREATED_TEXT ",,," LOADED_TEXT ",c\n");
}

static void an_insert_of_nulls_has_its_lines_too(void **state)
{
    (void)state;
    fill(table->after, 1001, 7, NULL, 0);
    table->after[3] = table->after[4] = (struct value){0};
    assert_lines('c', "1001,7,holding_stock,,,,,," LOADED_TEXT ",c\n"
                      "1001,7,holding_quantity,,,,,," LOADED_TEXT ",c\n");
}

static void an_update_has_a_line_for_what_changed(void **state)
{
    (void)state;
    fill(table->before, 1001, 7, "VFIAX", 10);
    fill(table->after, 1001, 8, "TSLA", 25);
    assert_lines('u', "1001,8,holding_stock,VFIAX,TSLA,," COMMITTED_TEXT ",," LOADED_TEXT ",u\n"
                      "1001,8,holding_quantity,10,25,," COMMITTED_TEXT ",," LOADED_TEXT ",u\n");
    fill(table->after, 1001, 8, "VFIAX", 25);
    assert_lines('u', "1001,8,holding_quantity,10,25,," COMMITTED_TEXT ",," LOADED_TEXT ",u\n");
    fill(table->after, 1002, 8, "VFIAX", 10);
    table->after[5] = integer(CREATED + 1);
    assert_lines('u', "");
}

static void null_is_a_value_and_no_empty_string(void **state)
{
    (void)state;
    fill(table->before, 1, 7, NULL, 10);
    fill(table->after, 1, 7, "", 10);
    assert_lines('u', "1,7,holding_stock,,\"\",," COMMITTED_TEXT ",," LOADED_TEXT ",u\n");
    fill(table->before, 1, 7, "A", 10);
    fill(table->after, 1, 7, NULL, 10);
    table->after[3] = (struct value){0};
    assert_lines('u', "1,7,holding_stock,A,,," COMMITTED_TEXT ",," LOADED_TEXT ",u\n"
                      "1,7,holding_quantity,10,,," COMMITTED_TEXT ",," LOADED_TEXT ",u\n");
    fill(table->before, 1, 7, NULL, 10);
    fill(table->after, 1, 7, NULL, 10);
    assert_lines('u', "");
}

static void a_delete_has_all_columns_of_the_row_that_was(void **state)
{
    (void)state;
    fill(table->before, 1001, 7, "VFIAX", 10);
    assert_lines('d', "1001,7,holding_stock,VFIAX,,,," COMMITTED_TEXT "," LOADED_TEXT ",d\n"
                      "1001,7,holding_quantity,10,,,," COMMITTED_TEXT "," LOADED_TEXT ",d\n");
}

static void a_truncate_is_one_line_without_a_row(void **state)
{
    (void)state;
    assert_lines('t', ",,,,,,," COMMITTED_TEXT "," LOADED_TEXT ",t\n");
}

static void a_snapshot_read_is_no_change(void **state)
{
    (void)state;
    fill(table->after, 1001, 7, "VFIAX", 10);
    assert_lines('r', "");
}

static void an_unknown_owner_is_empty(void **state)
{
    (void)state;
    fill(table->before, 1001, 7, "A", 10);
    table->before[0] = table->before[1] = (struct value){0};
    assert_lines('d', ",,holding_stock,A,,,," COMMITTED_TEXT "," LOADED_TEXT ",d\n"
                      ",,holding_quantity,10,,,," COMMITTED_TEXT "," LOADED_TEXT ",d\n");
}

static void one_line_stays_one_change_whatever_the_value(void **state)
{
    static const struct {
        const char *value, *field;
    } cases[] = {
        {"a,b", "\"a,b\""},
        {",", "\",\""},
        {"\"", "\"\"\"\""},
        {"say \"hi\"", "\"say \"\"hi\"\"\""},
        {"a\nb", "a\\nb"},
        {"\r\n", "\\r\\n"},
        {"a\\nb", "a\\\\nb"},
        {"\\", "\\\\"},
        {",\\\n\"\r", "\",\\\\\\n\"\"\\r\""},
        {" a ", " a "},
        {"NULL", "NULL"},
        {"'", "'"},
        {"a\tb;c|d", "a\tb;c|d"},
        {"caf\xc3\xa9 \xf0\x9f\x98\x80\xe2\x80\xa8", "caf\xc3\xa9 \xf0\x9f\x98\x80\xe2\x80\xa8"},
    };
    (void)state;
    struct buffer expected = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fill(table->before, 1, 7, NULL, 10);
        fill(table->after, 1, 7, cases[i].value, 10);
        buffer_clear(&expected);
        buffer_printf(&expected, "1,7,holding_stock,,%s,,%s,,%s,u\n", cases[i].field, COMMITTED_TEXT,
                      LOADED_TEXT);
        assert_lines('u', buffer_string(&expected));
    }
    buffer_free(&expected);
}

/* Another table than the tutorial's: the key in front, everything else tracked, times by their unit. */
static int begin_other(void **state)
{
    (void)state;
    table = table_new("t", "s.b.t", slice_of("topic"));
    add_column("at, \"there\"", KIND_INTEGER, UNIT_DAYS, true);
    add_column("id", KIND_TEXT, UNIT_NONE, true);
    add_column("price", KIND_FLOAT, UNIT_NONE, false);
    add_column("raw", KIND_BYTES, UNIT_NONE, false);
    add_column("seen,\nlast", KIND_INTEGER, UNIT_TIMESTAMP_MS, false);
    table_set_roles(table);
    return 0;
}

static void another_table_has_its_key_in_front(void **state)
{
    (void)state;
    text_header(table, &out);
    assert_string_equal(buffer_string(&out),
                        "\"at, \"\"there\"\"\",id,change_field,old_value,new_value,datetime_created,"
                        "datetime_updated,datetime_deleted,datetime_inserted,op\n");
}

static void another_table_has_all_other_columns_tracked(void **state)
{
    (void)state;
    table->after[0] = table->before[0] = integer(20119);
    table->after[1] = table->before[1] = text("a,b");
    table->after[2] = (struct value){.type = VALUE_REAL, .real = 0.1};
    table->after[3] = (struct value){.type = VALUE_BLOB, .bytes = {"\x00\xff", 2}};
    table->after[4] = integer(INT64_MAX);
    assert_lines('u',
                 "2025-01-31,\"a,b\",price,,0.1,," COMMITTED_TEXT ",," LOADED_TEXT ",u\n"
                 "2025-01-31,\"a,b\",raw,,00ff,," COMMITTED_TEXT ",," LOADED_TEXT ",u\n"
                 "2025-01-31,\"a,b\",\"seen,\\nlast\",,infinity,," COMMITTED_TEXT ",," LOADED_TEXT ",u\n");
    assert_lines('t', ",,,,,,," COMMITTED_TEXT "," LOADED_TEXT ",t\n");
}

/* NULL is empty: nothing else may be. */
static void empty_bytes_are_not_null(void **state)
{
    (void)state;
    table->after[0] = table->before[0] = integer(0);
    table->after[1] = table->before[1] = text("k");
    table->after[3] = (struct value){.type = VALUE_BLOB, .bytes = {"", 0}};
    assert_lines('u', "1970-01-01,k,raw,,\"\",," COMMITTED_TEXT ",," LOADED_TEXT ",u\n");
}

static int begin_keyless(void **state)
{
    (void)state;
    table = table_new("log", "s.b.log", slice_of("topic"));
    add_column("x", KIND_INTEGER, UNIT_NONE, false);
    table_set_roles(table);
    return 0;
}

static void a_table_without_a_key_has_none_in_front(void **state)
{
    (void)state;
    text_header(table, &out);
    assert_string_equal(buffer_string(&out),
                        "change_field,old_value,new_value,datetime_created,datetime_updated,"
                        "datetime_deleted,datetime_inserted,op\n");
    table->before[0] = integer(1);
    assert_lines('d', "x,1,,,," COMMITTED_TEXT "," LOADED_TEXT ",d\n");
    assert_lines('t', ",,,,," COMMITTED_TEXT "," LOADED_TEXT ",t\n");
}

/* What is not known is not known to have changed. */
static void values_that_nothing_tells_give_no_line(void **state)
{
    static const bool all[6] = {true, true, true, true, true, true}, none[6], stock[6] = {[2] = true};
    static const char quantity[] = "1001,7,holding_quantity,,10,," COMMITTED_TEXT ",," LOADED_TEXT ",u\n";
    (void)state;
    fill(table->after, 1001, 7, "VFIAX", 10);
    assert_lines_of('u', 1, all, "");
    assert_lines_of('u', 1, stock, quantity);
    assert_lines_of('u', 1, none,
                    "1001,7,holding_stock,,VFIAX,," COMMITTED_TEXT ",," LOADED_TEXT ",u\n"
                    "1001,7,holding_quantity,,10,," COMMITTED_TEXT ",," LOADED_TEXT ",u\n");
}

/* A time is spelled by the unit that it came in, also after the column was retyped. */
static void a_time_from_before_a_change_of_unit_keeps_its_own(void **state)
{
    struct error error;
    (void)state;
    struct column_change *change = table_append_change(table, NULL, NULL, &error);
    assert_non_null(change);
    change->event = COLUMN_RETYPED;
    change->column = 4; /* datetime_created, which an insert shows */
    change->change_id = 5;
    change->old_type = (struct column_type){KIND_INTEGER, UNIT_TIMESTAMP_MS, 0};
    fill(table->after, 1, 7, "A", 2);
    table->after[4] = integer(1500);
    assert_lines_of('c', 4, NULL,
                    "1,7,holding_stock,,A,1970-01-01T00:00:01.500,,," LOADED_TEXT ",c\n"
                    "1,7,holding_quantity,,2,1970-01-01T00:00:01.500,,," LOADED_TEXT ",c\n");
    assert_lines_of('c', 5, NULL,
                    "1,7,holding_stock,,A,1970-01-01T00:00:00.001500,,," LOADED_TEXT ",c\n"
                    "1,7,holding_quantity,,2,1970-01-01T00:00:00.001500,,," LOADED_TEXT ",c\n");
}

static void a_column_has_no_line_before_it_came(void **state)
{
    (void)state;
    table_column(table, "holding_stock")->first_change_id = 5;
    fill(table->before, 1001, 7, NULL, 10);
    assert_lines_of('d', 4, NULL, "1001,7,holding_quantity,10,,,," COMMITTED_TEXT "," LOADED_TEXT ",d\n");
    assert_lines_of('d', 5, NULL,
                    "1001,7,holding_stock,,,,," COMMITTED_TEXT "," LOADED_TEXT ",d\n"
                    "1001,7,holding_quantity,10,,,," COMMITTED_TEXT "," LOADED_TEXT ",d\n");
}

#define HOLDING(test) cmocka_unit_test_setup_teardown(test, begin_holding, end)
#define OTHER(test) cmocka_unit_test_setup_teardown(test, begin_other, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOLDING(the_header_names_the_columns_of_the_seed_and_op),
        HOLDING(an_insert_has_a_line_for_each_tracked_column),
        HOLDING(an_insert_of_nulls_has_its_lines_too),
        HOLDING(an_update_has_a_line_for_what_changed),
        HOLDING(null_is_a_value_and_no_empty_string),
        HOLDING(a_delete_has_all_columns_of_the_row_that_was),
        HOLDING(a_truncate_is_one_line_without_a_row),
        HOLDING(a_snapshot_read_is_no_change),
        HOLDING(an_unknown_owner_is_empty),
        HOLDING(one_line_stays_one_change_whatever_the_value),
        HOLDING(values_that_nothing_tells_give_no_line),
        HOLDING(a_time_from_before_a_change_of_unit_keeps_its_own),
        HOLDING(a_column_has_no_line_before_it_came),
        OTHER(another_table_has_its_key_in_front),
        OTHER(another_table_has_all_other_columns_tracked),
        OTHER(empty_bytes_are_not_null),
        cmocka_unit_test_setup_teardown(a_table_without_a_key_has_none_in_front, begin_keyless, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
