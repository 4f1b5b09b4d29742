#include "cdclite/history_ddl.h"
#include "lineage_sql.h"
#include "table_views.h"
#include "time_sql.h"

void view_head(struct buffer *out, const struct captured_table *table, const char *suffix,
               const char *comment)
{
    buffer_text(out, "CREATE VIEW ");
    buffer_family_name(out, table->name, suffix);
    buffer_printf(out, " AS\n-- %s\n", comment);
}

static void event_head(struct buffer *out)
{
    buffer_text(out, "SELECT change_id,\n  ");
    time_sql(out, "changed_at", UNIT_TIMESTAMP_US, true);
    buffer_text(out, " AS changed_at,\n"
                     "  CASE op WHEN 'c' THEN 'insert' WHEN 'u' THEN 'update' WHEN 'd' THEN 'delete'"
                     " WHEN 'r' THEN 'snapshot' WHEN 't' THEN 'truncate' END AS op");
}

static void changes_view(struct buffer *out, const struct captured_table *table)
{
    view_head(out, table, "changes",
              "One row an event, old and new values side by side.\n"
              "--   change_id    order of arrival, over all tables\n"
              "--   changed_at   commit time at the source, UTC\n"
              "--   op           insert, update, delete, snapshot or truncate\n"
              "--   lsn, tx_id   position and transaction at the source\n"
              "--   before_X     each column X of the source as it was before the event, times spelled out\n"
              "--   after_X      and as it was after it\n"
              "--   unavailable  JSON list of the columns here that the event did not carry; they hold what "
              "was known");
    event_head(out);
    buffer_text(out, ",\n  lsn, tx_id");
    for (size_t i = 0; i < table->count; i++)
        for (int after = 0; after <= 1; after++) {
            const char *image = after ? "after" : "before";
            buffer_text(out, ",\n  ");
            lineage_spelled(table, i, image, out);
            if (!lineage_is_spelled(table, i)) continue; /* it is its own name */
            buffer_text(out, " AS ");
            buffer_image_name(out, image, table->columns[i].column_name);
        }
    buffer_text(out, ",\n  unavailable\nFROM ");
    buffer_family_name(out, table->name, "history");
    buffer_text(out, ";\n");
}

/* CASE field.name WHEN 'X' THEN … END over the tracked columns; `image` NULL compares before with after. */
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
            lineage_spelled(table, i, image, out);
        } else {
            buffer_image_name(out, "before", column->column_name);
            buffer_text(out, " IS NOT ");
            buffer_image_name(out, "after", column->column_name);
        }
    }
    buffer_text(out, " END");
}

/* The tracked columns as a relation: their names at the source and here, and the first change that had them.
 */
static void field_list(struct buffer *out, const struct captured_table *table)
{
    const char *separator = "WITH field(name, stored, since) AS (VALUES ";
    for (size_t i = 0; i < table->count; i++) {
        const struct captured_column *column = &table->columns[i];
        if (!column->tracked) continue;
        buffer_text(out, separator);
        buffer_char(out, '(');
        buffer_literal(out, column->name);
        buffer_text(out, ", ");
        buffer_literal(out, column->column_name);
        buffer_printf(out, ", %lld)", (long long)column->first_change_id);
        separator = ", ";
    }
    buffer_text(out, ")\n");
}

static void field_changes_view(struct buffer *out, const struct captured_table *table)
{
    bool any = false;
    for (size_t i = 0; i < table->count; i++) any |= table->columns[i].tracked;
    if (!any) return;
    view_head(out, table, "field_changes",
              "One row a changed column, as a line of the text log; inserts and deletes give "
              "each tracked column.\n"
              "--   change_id     the event in T_history\n"
              "--   changed_at    its commit time at the source, UTC\n"
              "--   op            insert, update or delete\n"
              "--   X             each column X of the source that tells the row: of the key, of holding its "
              "two ids\n"
              "--   change_field  the column that changed\n"
              "--   old_value     its value before, NULL for an insert\n"
              "--   new_value     and after, NULL for a delete");
    field_list(out, table);
    event_head(out);
    for (size_t i = 0; i < table->count; i++) {
        const struct captured_column *column = &table->columns[i];
        if (!column->identifying) continue;
        buffer_text(out, ",\n  CASE op WHEN 'd' THEN ");
        lineage_spelled(table, i, "before", out);
        buffer_text(out, " ELSE ");
        lineage_spelled(table, i, "after", out);
        buffer_text(out, " END AS ");
        buffer_identifier(out, column->column_name);
    }
    buffer_text(out, ",\n  field.name AS change_field,\n  ");
    by_field(out, table, "before");
    buffer_text(out, " AS old_value,\n  ");
    by_field(out, table, "after");
    buffer_text(out, " AS new_value\nFROM ");
    buffer_family_name(out, table->name, "history");
    buffer_text(out, " AS history CROSS JOIN field\nWHERE change_id >= field.since AND (op IN ('c', 'd') OR "
                     "op = 'u' AND ");
    by_field(out, table, NULL);
    /* What is not known is not known to have changed. */
    buffer_text(out, "\n  AND (unavailable IS NULL OR NOT EXISTS (\n"
                     "    SELECT 1 FROM unknown_value AS u, json_each(coalesce(u.columns, unavailable))\n"
                     "    WHERE u.change_id = history.change_id"
                     " AND value IN ('before_' || field.stored, 'after_' || field.stored))));\n");
}

void event_views(const struct captured_table *table, struct buffer *out)
{
    changes_view(out, table);
    field_changes_view(out, table);
}
