#include "cdclite/history_ddl.h"

#include "cdclite/embedded.h"
#include "table_views.h"

void history_ddl_table(const struct captured_table *table, const char *as, struct buffer *out)
{
    buffer_text(out, "CREATE TABLE ");
    buffer_identifier(out, as);
    buffer_text(out, "(\n"
                     "  -- The change history of ");
    /* The name comes from an event: no line end in it may end the comment. */
    for (const char *c = table->source_name; *c; c++)
        buffer_char(out, (char)(*c == '\n' || *c == '\r' ? ' ' : *c));
    buffer_text(
        out,
        ": one row an event, append-only.\n"
        "  change_id INTEGER PRIMARY KEY,  -- order of arrival, over all tables\n"
        "  op TEXT NOT NULL,               -- c insert, u update, d delete, r snapshot read, t truncate\n"
        "  changed_at INTEGER NOT NULL,    -- commit time at the source, microseconds since 1970 UTC\n"
        "  lsn ANY, tx_id ANY,             -- position and transaction at the source\n"
        "  kafka_partition INTEGER, kafka_offset INTEGER,  -- where the event stood in its topic or input\n"
        "  -- JSON list of the before_ and after_ columns that the event did not carry: they hold what was "
        "known\n"
        "  unavailable TEXT");
    for (int after = 0; after <= 1; after++)
        for (size_t i = 0; i < table->count; i++) {
            buffer_text(out, ",\n  ");
            if (i == 0)
                buffer_text(
                    out, after ? "-- each column X of the source after it; NULL for a delete\n  "
                               : "-- each column X of the source before the event; NULL for an insert\n  ");
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
    event_views(table, out);
    state_views(table, out);
    if (table->sale_views) buffer_text(out, embedded_find("schema/holding_views.sql")->text);
}
