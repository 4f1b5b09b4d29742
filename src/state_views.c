#include <strings.h>

#include "cdclite/history_ddl.h"
#include "lineage_sql.h"
#include "table_views.h"
#include "time_sql.h"

/*
 * The views on states name columns of the source beside their own: theirs are quoted with a prefix, "cdc.n",
 * that no table is expected to use.
 */
static const char place_columns[] = "change_id AS \"cdc.change_id\", changed_at AS \"cdc.changed_at\", tx_id "
                                    "AS \"cdc.tx_id\", lsn AS \"cdc.lsn\"";

/* Rows of one key are in order within a partition; others are where there is one partition only. */
static bool arrival_orders(const struct captured_table *table)
{
    return !table->many_partitions || table->key_enforced;
}

static const char *order_of(const struct captured_table *table)
{
    return arrival_orders(table) ? "\"cdc.change_id\""
                                 : "\"cdc.changed_at\", \"cdc.tx_id\", \"cdc.lsn\", \"cdc.change_id\"";
}

/* Where a row of the relation stands among all events: "cdc.PREFIX…" are its place's columns. */
static void place(struct buffer *out, const struct captured_table *table, const char *relation,
                  const char *prefix, const char *id)
{
    if (!table->many_partitions) {
        buffer_printf(out, "%s.\"cdc.%s%s\"", relation, prefix, id);
        return;
    }
    buffer_printf(out,
                  "(%s.\"cdc.%schanged_at\", coalesce(%s.\"cdc.%stx_id\", 0), coalesce(%s.\"cdc.%slsn\", 0), "
                  "%s.\"cdc.%s%s\")",
                  relation, prefix, relation, prefix, relation, prefix, relation, prefix, id);
}

/* "a is later than b", for two relations of these names. */
static void later(struct buffer *out, const struct captured_table *table, const char *a, const char *b)
{
    place(out, table, a, "", "change_id");
    buffer_text(out, " > ");
    place(out, table, b, "", "change_id");
}

/* AND changed_at <= AT, where there is one. */
static void until(struct buffer *out, const char *at)
{
    if (at) buffer_printf(out, " AND changed_at <= %s", at);
}

static void history_name(struct buffer *out, const struct captured_table *table)
{
    buffer_family_name(out, table->name, "history");
}

/* reset: when the table is known to have been emptied, by a truncate, or by a whole snapshot, whose own rows
 * follow until "cdc.last_id". */
static void resets(struct buffer *out, const struct captured_table *table, const char *at)
{
    buffer_printf(out, "reset AS MATERIALIZED (\n  SELECT %s, change_id AS \"cdc.last_id\" FROM ",
                  place_columns);
    history_name(out, table);
    buffer_text(out, " WHERE op = 't'");
    until(out, at);
    buffer_printf(out,
                  "\n  UNION ALL\n  SELECT first_change_id, changed_at, tx_id, lsn, last_change_id"
                  " FROM source_snapshot WHERE table_id = %lld AND complete",
                  (long long)table->table_id);
    until(out, at);
    buffer_text(out, "\n)");
}

/* The key columns as the source has them now, under names of our own. */
static void key_values(struct buffer *out, const struct captured_table *table, const char *image)
{
    int n = 0;
    for (size_t i = 0; i < table->count; i++) {
        if (!table->columns[i].key) continue;
        buffer_text(out, ", ");
        lineage_value(table, i, image, out);
        buffer_printf(out, " AS \"cdc.key_%d\"", ++n);
    }
}

static void key_names(struct buffer *out, const struct captured_table *table)
{
    int n = 0;
    for (size_t i = 0; i < table->count; i++)
        if (table->columns[i].key) {
            n++;
            buffer_printf(out, "%s\"cdc.key_%d\"", n > 1 ? ", " : "", n);
        }
}

/* now.after_X IS last.after_X for all columns, in groups: SQLite bounds the depth of an expression. */
static void same_row(struct buffer *out, const struct captured_table *table)
{
    enum { GROUP = 30 };
    for (size_t i = 0; i < table->count; i++) {
        buffer_text(out, i % GROUP == 0 ? (i ? ") AND (" : "(") : " AND ");
        for (int side = 0; side <= 1; side++) {
            buffer_text(out, side ? " IS last." : "now.");
            buffer_image_name(out, "after", table->columns[i].column_name);
        }
    }
    buffer_char(out, ')');
}

/* The first half of `state`: step, one row each time an event made a row, or ended one, by its key. */
static void steps(struct buffer *out, const struct captured_table *table, const char *at)
{
    buffer_printf(out, "step AS (\n  SELECT %s, op AS \"cdc.op\", 1 AS \"cdc.alive\"", place_columns);
    key_values(out, table, "after");
    buffer_text(out, " FROM ");
    history_name(out, table);
    buffer_text(out, " WHERE op IN ('c', 'u', 'r')");
    until(out, at);
    buffer_printf(out, "\n  UNION ALL\n  SELECT %s, op, 0", place_columns);
    key_values(out, table, "before");
    buffer_text(out, " FROM ");
    history_name(out, table);
    buffer_text(out, " WHERE (op = 'd' OR op = 'u' AND unavailable IS NULL AND (");
    const char *separator = "";
    for (size_t i = 0; i < table->count; i++) {
        if (!table->columns[i].key) continue;
        buffer_text(out, separator);
        buffer_image_name(out, "before", table->columns[i].column_name);
        buffer_text(out, " IS NOT ");
        buffer_image_name(out, "after", table->columns[i].column_name);
        separator = " OR ";
    }
    buffer_text(out, "))");
    until(out, at);
    buffer_text(out, "\n)");
}

/* WINDOW life: the steps of one key in their order. */
static void life(struct buffer *out, const struct captured_table *table)
{
    buffer_text(out, " WINDOW life AS (PARTITION BY ");
    key_names(out, table);
    buffer_printf(out, " ORDER BY %s)", order_of(table));
}

/*
 * WITH … state: each state a row has had by its key, and when the next one, a delete, a truncate, or a
 * snapshot that no longer met the row, ended it. A row that a snapshot read as it was known is no state of
 * its own.
 */
static void states(struct buffer *out, const struct captured_table *table, const char *at)
{
    static const char *const places[] = {"changed_at", "tx_id", "lsn"};
    buffer_text(out, "WITH ");
    resets(out, table, at);
    buffer_text(out, ", ");
    steps(out, table, at);
    buffer_text(out, ", linked AS (\n  SELECT *, lag(\"cdc.change_id\") OVER life AS \"cdc.former_id\","
                     " lag(\"cdc.alive\") OVER life AS \"cdc.was_alive\",\n"
                     "    lead(\"cdc.change_id\") OVER life AS \"cdc.next_change_id\"");
    for (size_t i = 0; i < sizeof places / sizeof *places && table->many_partitions; i++)
        buffer_printf(out, ", lead(\"cdc.%s\") OVER life AS \"cdc.next_%s\"", places[i], places[i]);
    buffer_text(out, "\n  FROM step");
    life(out, table);
    buffer_text(out, "\n), placed AS (\n  SELECT *, (SELECT min(reset.\"cdc.changed_at\") FROM reset WHERE ");
    later(out, table, "reset", "linked");
    buffer_text(out, "\n    AND (\"cdc.next_change_id\" IS NULL OR ");
    place(out, table, "reset", "", "last_id");
    buffer_text(out, " < ");
    place(out, table, "linked", "next_", "change_id");
    buffer_text(
        out, ")) AS \"cdc.gone_at\" FROM linked\n"
             "), marked AS (\n"
             "  SELECT *, lag(\"cdc.gone_at\") OVER life AS \"cdc.was_gone_at\", min(\"cdc.gone_at\") OVER"
             " (life ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS \"cdc.emptied_at\"\n  FROM placed");
    life(out, table);
    buffer_text(out,
                "\n), told AS (\n"
                "  SELECT * FROM marked\n"
                "  WHERE \"cdc.op\" <> 'r' OR \"cdc.was_alive\" IS NOT 1 OR \"cdc.was_gone_at\" IS NOT NULL\n"
                "    OR NOT EXISTS (SELECT 1 FROM ");
    history_name(out, table);
    buffer_text(out, " AS now, ");
    history_name(out, table);
    buffer_text(out, " AS last\n      WHERE now.change_id = \"cdc.change_id\" AND last.change_id = "
                     "\"cdc.former_id\" AND ");
    same_row(out, table);
    buffer_text(out, ")\n), state AS (\n  SELECT *, min(coalesce(\"cdc.emptied_at\", \"cdc.replaced_at\"),"
                     " coalesce(\"cdc.replaced_at\", \"cdc.emptied_at\")) AS \"cdc.ended_at\"\n"
                     "  FROM (SELECT *, lead(\"cdc.changed_at\") OVER life AS \"cdc.replaced_at\" FROM told");
    life(out, table);
    buffer_text(out, ")\n)\n");
}

/* The source's columns as it has them now, read in `image` (NULL: they stand there under their names). */
static void source_columns(struct buffer *out, const struct captured_table *table, const char *image,
                           bool readable)
{
    struct buffer x = {0};
    for (size_t at = 0; at < table->present_count; at++) {
        size_t i = table_column_at(table, at);
        if (i == NO_COLUMN) continue;
        buffer_clear(&x);
        if (image) {
            lineage_value(table, i, image, &x);
        } else {
            buffer_identifier(&x, table->columns[i].column_name);
        }
        if (at) buffer_text(out, ",\n  ");
        if (readable) {
            lineage_readable(&table->columns[i], buffer_string(&x), out);
        } else {
            buffer_text(out, buffer_string(&x));
        }
        buffer_text(out, " AS ");
        buffer_identifier(out, table->columns[i].column_name);
        out->failed |= x.failed;
    }
    buffer_free(&x);
}

/* A column's name in T_versions, where valid_from and valid_to are ours: behind one like them stands a
 * number. */
static void version_name(struct buffer *out, const struct captured_column *column)
{
    static const char *const own[] = {"valid_from", "valid_to"};
    struct buffer name = {0};
    buffer_text(&name, column->column_name);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcasecmp(column->column_name, own[i]) == 0) buffer_text(&name, "_2");
    buffer_identifier(out, buffer_string(&name));
    out->failed |= name.failed;
    buffer_free(&name);
}

static void versions_view(struct buffer *out, const struct captured_table *table)
{
    view_head(out, table, "versions",
              "Each state of each row, by its key, and from when to when it stood.\n"
              "--   X           each column X of the source, also those that it no longer has\n"
              "--   valid_from  commit time of the event that made it so, UTC\n"
              "--   valid_to    and of the one that ended it; NULL: it still stands\n"
              "--   change_id   the event that made it so, in T_history");
    states(out, table, NULL);
    buffer_text(out, "SELECT ");
    for (size_t i = 0; i < table->count; i++) {
        lineage_spelled(table, i, "after", out);
        buffer_text(out, " AS ");
        version_name(out, &table->columns[i]);
        buffer_text(out, ",\n  ");
    }
    time_sql(out, "\"cdc.changed_at\"", UNIT_TIMESTAMP_US, true);
    buffer_text(out, " AS valid_from,\n  ");
    time_sql(out, "\"cdc.ended_at\"", UNIT_TIMESTAMP_US, true);
    buffer_text(out, " AS valid_to,\n  \"cdc.change_id\" AS change_id\nFROM state JOIN ");
    history_name(out, table);
    buffer_text(out, " ON change_id = \"cdc.change_id\" WHERE \"cdc.alive\";\n");
}

/*
 * WITH … counted: after-images minus before-images since the last truncate or snapshot, as a multiset. Rows
 * read one by one beside a snapshot stood in the table before.
 */
static void counts(struct buffer *out, const struct captured_table *table, const char *at)
{
    buffer_printf(out,
                  "WITH snapshot AS MATERIALIZED (\n"
                  "  -- the last whole one, or the one that is being read where there is none yet\n"
                  "  SELECT * FROM source_snapshot WHERE table_id = %lld",
                  (long long)table->table_id);
    until(out, at);
    buffer_printf(out,
                  " ORDER BY complete DESC, %sfirst_change_id DESC LIMIT 1\n"
                  "), history AS (SELECT *, %s FROM ",
                  table->many_partitions ? "changed_at DESC, tx_id DESC, lsn DESC, " : "", place_columns);
    history_name(out, table);
    buffer_text(out, " WHERE 1");
    until(out, at);
    buffer_text(
        out, "), start AS MATERIALIZED (\n"
             "  -- the last truncate, or the first row of that snapshot, whichever is later\n"
             "  SELECT * FROM history WHERE op = 't' OR change_id = (SELECT first_change_id FROM snapshot)\n"
             "  ORDER BY ");
    if (table->many_partitions) {
        buffer_text(out, "\"cdc.changed_at\" DESC, \"cdc.tx_id\" DESC, \"cdc.lsn\" DESC, ");
    }
    buffer_text(out, "\"cdc.change_id\" DESC LIMIT 1\n"
                     "), counted AS (\n"
                     "  SELECT *, sum(\"cdc.n\") AS \"cdc.copies\" FROM (\n"
                     "    SELECT 1 AS \"cdc.n\", ");
    for (int after = 1; after >= 0; after--) {
        if (!after) buffer_text(out, "\n    UNION ALL\n    SELECT -1, ");
        source_columns(out, table, after ? "after" : "before", false);
        buffer_printf(out,
                      "\n    FROM history WHERE (op IN (%s)%s)\n      AND (NOT EXISTS (SELECT 1 FROM start) "
                      "OR EXISTS (SELECT 1 FROM start WHERE ",
                      after ? "'c', 'u'" : "'u', 'd'",
                      after ? " OR op = 'r' AND EXISTS (SELECT 1 FROM snapshot"
                              " WHERE change_id BETWEEN first_change_id AND last_change_id"
                              " AND history.lsn IS snapshot.lsn AND history.tx_id IS snapshot.tx_id)"
                            : "");
        later(out, table, "history", "start");
        /* A snapshot's first row belongs to the state. */
        buffer_text(out, after ? " OR history.change_id = start.change_id))" : "))");
    }
    buffer_text(out, "\n  ) GROUP BY ");
    for (size_t n = 0; n < table->present_count; n++) {
        size_t i = table_column_at(table, n);
        if (i == NO_COLUMN) continue;
        if (n) buffer_text(out, ", ");
        buffer_identifier(out, table->columns[i].column_name);
    }
    buffer_text(out, " HAVING sum(\"cdc.n\") > 0\n), copy(\"cdc.i\") AS (\n"
                     "  SELECT 1 UNION ALL SELECT \"cdc.i\" + 1 FROM copy\n"
                     "  WHERE \"cdc.i\" < (SELECT max(\"cdc.copies\") FROM counted)\n)\n");
}

void table_rows_at(const struct captured_table *table, const char *at, struct buffer *out)
{
    /* Where the key is the source's own, the last state of each key; else what the counts leave. */
    if (table->key_enforced && table_has_key(table)) {
        states(out, table, at);
        buffer_text(out, "SELECT ");
        source_columns(out, table, "after", true);
        buffer_text(out, "\nFROM state JOIN ");
        history_name(out, table);
        buffer_text(out,
                    " ON change_id = \"cdc.change_id\" WHERE \"cdc.alive\" AND \"cdc.ended_at\" IS NULL");
    } else {
        counts(out, table, at);
        buffer_text(out, "SELECT ");
        source_columns(out, table, NULL, true);
        buffer_text(out, "\nFROM counted JOIN copy ON \"cdc.i\" <= \"cdc.copies\"");
    }
}

void state_views(const struct captured_table *table, struct buffer *out)
{
    /* A table whose rows were all refused has no state. */
    if (table->present_count == 0) return;
    if (table_has_key(table)) versions_view(out, table);
    view_head(out, table, "current",
              "The source's rows as they stand after the last event loaded.\n"
              "--   X  each column X that the source has now, times spelled out");
    table_rows_at(table, NULL, out);
    buffer_text(out, ";\n");
}
