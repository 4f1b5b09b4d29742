#include "cdclite/history_ddl.h"

#include <string.h>

#include "cdclite/embedded.h"

void history_ddl_table(const struct captured_table *table, const char *as, struct buffer *out)
{
    buffer_text(out, "CREATE TABLE ");
    buffer_identifier(out, as);
    buffer_text(out, "(\n"
                     "  -- The change history of ");
    /* The name comes from an event: no line end in it may end the comment. */
    for (const char *c = table->source_name; *c; c++) buffer_char(out, *c == '\n' || *c == '\r' ? ' ' : *c);
    buffer_text(
        out,
        ": one row an event, append-only.\n"
        "  change_id INTEGER PRIMARY KEY,  -- order of arrival, over all tables\n"
        "  op TEXT NOT NULL,               -- c insert, u update, d delete, r snapshot read, t truncate\n"
        "  changed_at INTEGER NOT NULL,    -- commit time at the source, microseconds since 1970 UTC\n"
        "  lsn ANY, tx_id ANY,             -- position and transaction at the source\n"
        "  kafka_partition INTEGER, kafka_offset INTEGER,  -- where the event stood in its topic or input\n"
        "  unavailable TEXT");
    for (int after = 0; after <= 1; after++)
        for (size_t i = 0; i < table->count; i++) {
            buffer_text(out, ",\n  ");
            buffer_image_name(out, after ? "after" : "before", table->columns[i].column_name);
            buffer_printf(out, " %s", storage_name(table->columns[i].storage));
        }
    buffer_text(out, "\n) STRICT;\n");
}

void history_ddl_columns(const struct captured_table *table, struct buffer *out)
{
    buffer_text(out, "change_id, op, changed_at, lsn, tx_id, kafka_partition, kafka_offset, unavailable");
    for (int after = 0; after <= 1; after++)
        for (size_t i = 0; i < table->count; i++) {
            buffer_text(out, ", ");
            buffer_image_name(out, after ? "after" : "before", table->columns[i].column_name);
        }
}

void history_ddl_triggers(const struct captured_table *table, struct buffer *out)
{
    static const struct {
        const char *suffix, *when, *condition;
    } triggers[] = {
        {"history_no_update", "BEFORE UPDATE", ""},
        {"history_no_delete", "BEFORE DELETE", ""},
        /* REPLACE deletes without firing a delete trigger, so an id that exists is refused before. By FAIL:
         * ABORT would make SQLite journal each INSERT by itself, which doubles its cost. */
        {"history_no_replace", "BEFORE INSERT", " WHERE change_id = NEW.change_id"},
    };
    for (size_t i = 0; i < sizeof triggers / sizeof *triggers; i++) {
        buffer_text(out, "CREATE TRIGGER ");
        buffer_family_name(out, table->name, triggers[i].suffix);
        buffer_printf(out, " %s ON ", triggers[i].when);
        buffer_family_name(out, table->name, "history");
        buffer_printf(out, "\nBEGIN\n  SELECT raise(%s, 'the change history is append-only')",
                      *triggers[i].condition ? "FAIL" : "ABORT");
        if (*triggers[i].condition) {
            buffer_text(out, " FROM ");
            buffer_family_name(out, table->name, "history");
            buffer_text(out, triggers[i].condition);
        }
        buffer_text(out, ";\nEND;\n");
    }
}

/* Seconds in 400 years, after which the calendar repeats. */
#define CYCLE "12622780800"

/*
 * A day or timestamp outside the years 1 to 9999, which SQLite's date functions do not cover: the date in its
 * 400-year cycle from 1970 on, with the cycles added to the year again.
 */
static void far_time(struct buffer *out, const char *seconds, const char *format, const char *fraction,
                     const char *zone)
{
    buffer_printf(
        out,
        "(SELECT printf('%%04d', CASE WHEN y > 0 THEN y ELSE 1 - y END) || strftime('%s', r, 'unixepoch')%s%s"
        " || CASE WHEN y > 0 THEN '' ELSE ' BC' END"
        " FROM (SELECT r, strftime('%%Y', r, 'unixepoch') + 400 * c AS y"
        " FROM (SELECT c, s - c * " CYCLE " AS r"
        " FROM (SELECT s, s / " CYCLE " - (s %% " CYCLE " < 0) AS c FROM (SELECT %s AS s)))))",
        format, fraction, zone, seconds);
}

/* The expression that spells the integer column `x` (an SQL expression) as time_format does. */
static void time_expression(struct buffer *out, const char *x, enum time_unit unit, bool zulu)
{
    static const struct {
        const char *per_second;
        int digits;
        bool of_day;
    } units[] = {
        [UNIT_DAYS] = {"1", 0, false},
        [UNIT_TIMESTAMP_MS] = {"1000", 3, false},
        [UNIT_TIMESTAMP_US] = {"1000000", 6, false},
        [UNIT_TIMESTAMP_NS] = {"1000000000", 9, false},
        [UNIT_TIME_MS] = {"1000", 3, true},
        [UNIT_TIME_US] = {"1000000", 6, true},
        [UNIT_TIME_NS] = {"1000000000", 9, true},
    };
    const char *p = units[unit].per_second, *zone = zulu ? " || 'Z'" : "";
    struct buffer seconds = {0}, fraction = {0};

    buffer_printf(out, "CASE WHEN typeof(%s) <> 'integer' THEN %s", x, x);
    if (units[unit].of_day) {
        buffer_printf(out,
                      " ELSE iif(%s < 0, '-', '') || printf('%%02d:%%02d:%%02d.%%0%dd', abs(%s / %s / 3600),"
                      " abs(%s / %s / 60 %% 60), abs(%s / %s %% 60), abs(%s %% %s)) END",
                      x, units[unit].digits, x, p, x, p, x, p, x, p);
        return;
    }
    if (unit == UNIT_DAYS) {
        buffer_printf(out, " WHEN %s = 2146033979 THEN 'infinity' WHEN %s = -2147472691 THEN '-infinity'", x,
                      x);
        buffer_printf(out,
                      " WHEN %s NOT BETWEEN -2147483648 AND 2147483647 THEN %s"
                      " WHEN %s BETWEEN -719162 AND 2932896 THEN date(%s * 86400, 'unixepoch') ELSE ",
                      x, x, x, x);
        buffer_printf(&seconds, "%s * 86400", x);
        far_time(out, buffer_string(&seconds), "-%m-%d", "", zone);
    } else {
        buffer_printf(&seconds, "%s / %s - (%s %% %s < 0)", x, p, x, p);
        buffer_printf(&fraction, " || printf('.%%0%dd', (%s %% %s + %s) %% %s)", units[unit].digits, x, p, p,
                      p);
        buffer_printf(out,
                      " WHEN %s IN (9223372036854775807, 9223372036825200000) THEN 'infinity'"
                      " WHEN %s IN (-9223372036854775808, -9223372036832400000) THEN '-infinity'"
                      " WHEN %s BETWEEN -62135596800 * %s AND 253402300800 * %s - 1"
                      " THEN strftime('%%Y-%%m-%%dT%%H:%%M:%%S', %s, 'unixepoch')%s%s ELSE ",
                      x, x, x, p, p, buffer_string(&seconds), buffer_string(&fraction), zone);
        far_time(out, buffer_string(&seconds), "-%m-%dT%H:%M:%S", buffer_string(&fraction), zone);
    }
    buffer_text(out, " END");
    out->failed |= seconds.failed || fraction.failed;
    buffer_free(&seconds);
    buffer_free(&fraction);
}

/* `name` (an identifier) as people read it: times spelled out, everything else as it is. */
static void readable(struct buffer *out, const char *name, const struct captured_column *column)
{
    if (column->type.unit == UNIT_NONE) {
        buffer_text(out, name);
    } else {
        time_expression(out, name, column->type.unit, false);
    }
}

static void readable_image(struct buffer *out, const char *image, const struct captured_column *column)
{
    struct buffer name = {0};
    buffer_image_name(&name, image, column->column_name);
    readable(out, buffer_string(&name), column);
    out->failed |= name.failed;
    buffer_free(&name);
}

static void column_list(struct buffer *out, const struct captured_table *table, const char *image)
{
    for (size_t i = 0; i < table->count; i++) {
        if (i) buffer_text(out, ", ");
        if (image) {
            buffer_image_name(out, image, table->columns[i].column_name);
            buffer_text(out, " AS ");
        }
        buffer_identifier(out, table->columns[i].column_name);
    }
}

static void view_head(struct buffer *out, const struct captured_table *table, const char *suffix,
                      const char *comment)
{
    buffer_text(out, "CREATE VIEW ");
    buffer_family_name(out, table->name, suffix);
    buffer_printf(out, " AS\n-- %s\n", comment);
}

static void op_in_words(struct buffer *out)
{
    buffer_text(out, "CASE op WHEN 'c' THEN 'insert' WHEN 'u' THEN 'update' WHEN 'd' THEN 'delete'"
                     " WHEN 'r' THEN 'snapshot' WHEN 't' THEN 'truncate' END AS op");
}

static void changes_view(struct buffer *out, const struct captured_table *table)
{
    view_head(out, table, "changes", "One row an event, old and new values side by side.");
    buffer_text(out, "SELECT change_id,\n  ");
    time_expression(out, "changed_at", UNIT_TIMESTAMP_US, true);
    buffer_text(out, " AS changed_at,\n  ");
    op_in_words(out);
    buffer_text(out, ",\n  lsn, tx_id");
    for (size_t i = 0; i < table->count; i++)
        for (int after = 0; after <= 1; after++) {
            const char *image = after ? "after" : "before";
            buffer_text(out, ",\n  ");
            readable_image(out, image, &table->columns[i]);
            if (table->columns[i].type.unit == UNIT_NONE) continue; /* it is its own name */
            buffer_text(out, " AS ");
            buffer_image_name(out, image, table->columns[i].column_name);
        }
    buffer_text(out, ",\n  unavailable\nFROM ");
    buffer_family_name(out, table->name, "history");
    buffer_text(out, ";\n");
}

/* CASE field WHEN 'X' THEN … END over the tracked columns; `image` NULL compares before with after. */
static void by_field(struct buffer *out, const struct captured_table *table, const char *image)
{
    buffer_text(out, "CASE field.name");
    for (size_t i = 0; i < table->count; i++) {
        const struct captured_column *column = &table->columns[i];
        if (!column->tracked) continue;
        buffer_text(out, "\n      WHEN ");
        buffer_literal(out, column->name);
        buffer_text(out, " THEN ");
        if (image) {
            readable_image(out, image, column);
        } else {
            buffer_image_name(out, "before", column->column_name);
            buffer_text(out, " IS NOT ");
            buffer_image_name(out, "after", column->column_name);
        }
    }
    buffer_text(out, " END");
}

static void field_changes_view(struct buffer *out, const struct captured_table *table)
{
    bool any = false;
    for (size_t i = 0; i < table->count; i++) any |= table->columns[i].tracked;
    if (!any) return;
    view_head(out, table, "field_changes",
              "One row a changed column, as a line of the text log; inserts and deletes give "
              "each tracked column.");
    buffer_text(out, "SELECT change_id,\n  ");
    time_expression(out, "changed_at", UNIT_TIMESTAMP_US, true);
    buffer_text(out, " AS changed_at,\n  ");
    op_in_words(out);
    for (size_t i = 0; i < table->count; i++) {
        const struct captured_column *column = &table->columns[i];
        if (!column->identifying) continue;
        buffer_text(out, ",\n  CASE op WHEN 'd' THEN ");
        readable_image(out, "before", column);
        buffer_text(out, " ELSE ");
        readable_image(out, "after", column);
        buffer_text(out, " END AS ");
        buffer_identifier(out, column->column_name);
    }
    buffer_text(out, ",\n  field.name AS change_field,\n  ");
    by_field(out, table, "before");
    buffer_text(out, " AS old_value,\n  ");
    by_field(out, table, "after");
    buffer_text(out, " AS new_value\nFROM ");
    buffer_family_name(out, table->name, "history");
    buffer_text(out, " CROSS JOIN (");
    const char *separator = "SELECT ";
    for (size_t i = 0; i < table->count; i++) {
        const struct captured_column *column = &table->columns[i];
        if (!column->tracked) continue;
        if (*separator == 'S') {
            buffer_text(out, "SELECT ");
            buffer_literal(out, column->name);
            buffer_text(out, " AS name");
            separator = " UNION ALL VALUES (";
        } else {
            buffer_text(out, separator);
            buffer_literal(out, column->name);
            buffer_char(out, ')');
            separator = ", (";
        }
    }
    buffer_text(out, ") AS field\nWHERE op IN ('c', 'd') OR op = 'u' AND ");
    by_field(out, table, NULL);
    /* What an event did not carry is not known to have changed. */
    buffer_text(out, "\n  AND (unavailable IS NULL OR NOT EXISTS (SELECT 1 FROM json_each(unavailable)\n"
                     "    WHERE value IN ('before_' || field.name, 'after_' || field.name)));\n");
}

/*
 * The views on states name columns of the source beside their own: theirs are quoted with a prefix, "cdc.n",
 * that no table is expected to use.
 */
static const char step_columns[] = "change_id AS \"cdc.change_id\", changed_at AS \"cdc.changed_at\", tx_id "
                                   "AS \"cdc.tx_id\", lsn AS \"cdc.lsn\"";

/* The order of a table's events: arrival, unless they came from several partitions. */
static const char *order_of(const struct captured_table *table)
{
    return table->many_partitions ? "\"cdc.changed_at\", \"cdc.tx_id\", \"cdc.lsn\", \"cdc.change_id\""
                                  : "\"cdc.change_id\"";
}

static const char *order_descending(const struct captured_table *table)
{
    return table->many_partitions
               ? "\"cdc.changed_at\" DESC, \"cdc.tx_id\" DESC, \"cdc.lsn\" DESC, \"cdc.change_id\" DESC"
               : "\"cdc.change_id\" DESC";
}

/* "a is later than b" in that order, for two relations of these names. */
static void later(struct buffer *out, const struct captured_table *table, const char *a, const char *b)
{
    if (!table->many_partitions) {
        buffer_printf(out, "%s.\"cdc.change_id\" > %s.\"cdc.change_id\"", a, b);
        return;
    }
    for (int side = 0; side <= 1; side++) {
        const char *r = side ? b : a;
        buffer_printf(out,
                      "%s(%s.\"cdc.changed_at\", coalesce(%s.\"cdc.tx_id\", 0), coalesce(%s.\"cdc.lsn\", 0),"
                      " %s.\"cdc.change_id\")",
                      side ? " > " : "", r, r, r, r);
    }
}

static void key_list(struct buffer *out, const struct captured_table *table)
{
    const char *separator = "";
    for (size_t i = 0; i < table->count; i++) {
        if (!table->columns[i].key) continue;
        buffer_text(out, separator);
        buffer_identifier(out, table->columns[i].column_name);
        separator = ", ";
    }
}

static bool has_key(const struct captured_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->columns[i].key) return true;
    return false;
}

/* The source's columns as people read them, each under its name. */
static void readable_columns(struct buffer *out, const struct captured_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        struct buffer name = {0};
        if (i) buffer_text(out, ",\n  ");
        buffer_identifier(&name, table->columns[i].column_name);
        readable(out, buffer_string(&name), &table->columns[i]);
        if (table->columns[i].type.unit != UNIT_NONE) buffer_printf(out, " AS %s", buffer_string(&name));
        out->failed |= name.failed;
        buffer_free(&name);
    }
}

/* WITH … state: each state a row has had by its key, and when the next one or a truncate ended it. */
static void states(struct buffer *out, const struct captured_table *table)
{
    buffer_printf(out, "WITH step AS (\n  SELECT %s, 1 AS \"cdc.alive\", ", step_columns);
    column_list(out, table, "after");
    buffer_text(out, " FROM ");
    buffer_family_name(out, table->name, "history");
    buffer_printf(out, " WHERE op IN ('c', 'u', 'r')\n  UNION ALL\n  SELECT %s, 0, ", step_columns);
    column_list(out, table, "before");
    buffer_text(out, " FROM ");
    buffer_family_name(out, table->name, "history");
    buffer_text(out, " WHERE op = 'd'");
    if (!table->key_enforced) {
        buffer_text(out, " OR op = 'u' AND unavailable IS NULL AND (");
        const char *separator = "";
        for (size_t i = 0; i < table->count; i++) {
            if (!table->columns[i].key) continue;
            buffer_text(out, separator);
            buffer_image_name(out, "before", table->columns[i].column_name);
            buffer_text(out, " IS NOT ");
            buffer_image_name(out, "after", table->columns[i].column_name);
            separator = " OR ";
        }
        buffer_char(out, ')');
    }
    buffer_printf(out, "\n), truncated AS MATERIALIZED (\n  SELECT %s FROM ", step_columns);
    buffer_family_name(out, table->name, "history");
    buffer_text(out,
                " WHERE op = 't'\n), ending AS (\n  SELECT *, lead(\"cdc.changed_at\") OVER (PARTITION BY ");
    key_list(out, table);
    buffer_printf(
        out,
        " ORDER BY %s) AS \"cdc.replaced_at\",\n    (SELECT min(\"cdc.changed_at\") FROM truncated WHERE ",
        order_of(table));
    later(out, table, "truncated", "step");
    buffer_text(out, ") AS \"cdc.truncated_at\"\n  FROM step\n), state AS (\n"
                     "  SELECT *, min(coalesce(\"cdc.replaced_at\", \"cdc.truncated_at\"),\n"
                     "    coalesce(\"cdc.truncated_at\", \"cdc.replaced_at\")) AS \"cdc.ended_at\"\n"
                     "  FROM ending\n)\n");
}

static void versions_view(struct buffer *out, const struct captured_table *table)
{
    view_head(out, table, "versions",
              "Each state of each row, by its key, and from when to when it stood (valid_to NULL: still).");
    states(out, table);
    buffer_text(out, "SELECT ");
    readable_columns(out, table);
    buffer_text(out, ",\n  ");
    time_expression(out, "\"cdc.changed_at\"", UNIT_TIMESTAMP_US, true);
    buffer_text(out, " AS valid_from,\n  ");
    time_expression(out, "\"cdc.ended_at\"", UNIT_TIMESTAMP_US, true);
    buffer_text(out, " AS valid_to,\n  \"cdc.change_id\" AS change_id\nFROM state WHERE \"cdc.alive\";\n");
}

/* WITH … counted: after-images minus before-images since the last truncate or snapshot, as a multiset. */
static void counts(struct buffer *out, const struct captured_table *table)
{
    const char *descending = order_descending(table);
    buffer_printf(out, "WITH history AS (SELECT *, %s FROM ", step_columns);
    buffer_family_name(out, table->name, "history");
    buffer_printf(out,
                  "), start AS MATERIALIZED (\n"
                  "  -- the last truncate, or the first row of the last snapshot, whichever is later\n"
                  "  SELECT * FROM (\n"
                  "    SELECT * FROM (SELECT * FROM history WHERE op = 't' ORDER BY %s LIMIT 1)\n"
                  "    UNION ALL\n"
                  "    SELECT * FROM (SELECT * FROM history WHERE op = 'r' AND lsn IS"
                  " (SELECT lsn FROM history WHERE op = 'r' ORDER BY %s LIMIT 1) ORDER BY %s LIMIT 1)\n"
                  "  ) ORDER BY %s LIMIT 1\n"
                  "), counted AS (\n"
                  "  SELECT *, sum(\"cdc.n\") AS \"cdc.copies\" FROM (\n"
                  "    SELECT 1 AS \"cdc.n\", ",
                  descending, descending, order_of(table), descending);
    for (int after = 1; after >= 0; after--) {
        if (!after) buffer_text(out, "\n    UNION ALL\n    SELECT -1, ");
        for (size_t i = 0; i < table->count; i++) {
            if (i) buffer_text(out, ", ");
            buffer_text(out, "history.");
            buffer_image_name(out, after ? "after" : "before", table->columns[i].column_name);
            buffer_text(out, " AS ");
            buffer_identifier(out, table->columns[i].column_name);
        }
        buffer_printf(
            out, " FROM history LEFT JOIN start WHERE history.op IN (%s) AND (start.change_id IS NULL OR ",
            after ? "'c', 'u', 'r'" : "'u', 'd'");
        later(out, table, "history", "start");
        /* A snapshot's first row belongs to the state. */
        buffer_text(out, after ? " OR history.change_id = start.change_id)" : ")");
    }
    buffer_text(out, "\n  ) GROUP BY ");
    column_list(out, table, NULL);
    buffer_text(out, " HAVING sum(\"cdc.n\") > 0\n), copy(\"cdc.i\") AS (\n"
                     "  SELECT 1 UNION ALL SELECT \"cdc.i\" + 1 FROM copy\n"
                     "  WHERE \"cdc.i\" < (SELECT max(\"cdc.copies\") FROM counted)\n)\n");
}

/* Where the key is the source's own, the last state of each key; else what the counts leave. */
static void current_view(struct buffer *out, const struct captured_table *table)
{
    bool by_key = table->key_enforced && has_key(table);
    view_head(out, table, "current", "The source's rows as they stand after the last event loaded.");
    if (by_key) {
        states(out, table);
    } else {
        counts(out, table);
    }
    buffer_text(out, "SELECT ");
    readable_columns(out, table);
    buffer_text(out, by_key ? "\nFROM state WHERE \"cdc.alive\" AND \"cdc.ended_at\" IS NULL;\n"
                            : "\nFROM counted JOIN copy ON \"cdc.i\" <= \"cdc.copies\";\n");
}

void history_ddl_drop_views(const struct captured_table *table, struct buffer *out)
{
    static const char *const suffixes[] = {"changes", "field_changes", "versions", "current"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        buffer_text(out, "DROP VIEW IF EXISTS ");
        buffer_family_name(out, table->name, suffixes[i]);
        buffer_text(out, ";\n");
    }
    if (table->bundled)
        buffer_text(out, "DROP VIEW IF EXISTS holding_sales;\nDROP VIEW IF EXISTS holding_sale_events;\n");
}

void history_ddl_views(const struct captured_table *table, struct buffer *out)
{
    /* A table made before its first row image arrived (a truncate without schemas) has no columns to show
     * yet. */
    if (table->count == 0) return;
    changes_view(out, table);
    field_changes_view(out, table);
    if (has_key(table)) versions_view(out, table);
    current_view(out, table);
    if (table->sale_views) buffer_text(out, embedded_find("schema/holding_views.sql")->text);
}
