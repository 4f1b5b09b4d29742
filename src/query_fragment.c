#include "query_fragment.h"

#include <sqlite3.h>

#include "lineage_sql.h"

/* The same reading of times as in the queries that are no templates: strftime is given whole seconds only,
 * and
 * '+0 days' turns February 30 into March. */
void fragment_time(const char *value, struct buffer *out)
{
    buffer_text(out, "(SELECT strftime('%s', seconds) * 1000000 + substr(fraction || '000000', 2, 6)\n"
                     "    FROM (SELECT iif(length(value) = 10, value || ' 00:00:00',"
                     " replace(substr(value, 1, 19), 'T', ' ')) AS seconds,\n"
                     "                 iif(value GLOB '*Z', substr(value, 20, length(value) - 20),"
                     " substr(value, 20)) AS fraction\n"
                     "          FROM (SELECT ");
    buffer_text(out, value);
    buffer_text(out, " AS value))\n"
                     "    WHERE strftime('%Y-%m-%d %H:%M:%S', seconds, '+0 days') = seconds\n"
                     "      AND (fraction = '' OR fraction GLOB '.[0-9]*' AND fraction NOT GLOB '.*[^0-9]*'"
                     " AND length(fraction) <= 7))");
}

static bool has_history(sqlite3 *db, const struct captured_table *table)
{
    struct buffer name = {0};
    buffer_printf(&name, "%s_history", table->name);
    bool there = sqlite3_table_column_metadata(db, "main", buffer_string(&name), NULL, NULL, NULL, NULL, NULL,
                                               NULL) == SQLITE_OK;
    buffer_free(&name);
    return there;
}

/* In groups, as SQLite bounds the terms of one compound SELECT. */
void fragment_events(sqlite3 *db, const struct catalog *catalog, const struct captured_table *only,
                     struct buffer *out)
{
    enum { GROUP = 400 };
    size_t count = 0;
    for (size_t i = 0; i < catalog_count(catalog); i++) {
        const struct captured_table *table = catalog_at(catalog, i);
        if ((only && only != table) || !has_history(db, table)) continue;
        if (count % GROUP == 0) buffer_text(out, count ? ") UNION ALL SELECT * FROM (" : "(SELECT * FROM (");
        if (count % GROUP) buffer_text(out, "\n    UNION ALL ");
        buffer_text(out, "SELECT ");
        buffer_literal(out, table->name);
        buffer_text(out, " AS table_name, change_id, op, changed_at, lsn, tx_id, kafka_partition, "
                         "kafka_offset, unavailable FROM ");
        buffer_family_name(out, table->name, "history");
        count++;
    }
    buffer_text(out, count ? "))"
                           : "(SELECT NULL AS table_name, NULL AS change_id, NULL AS op, NULL AS changed_at,"
                             " NULL AS lsn, NULL AS tx_id, NULL AS kafka_partition, NULL AS kafka_offset,"
                             " NULL AS unavailable WHERE 0)");
}

/* :x as a JSON list of texts; of several columns it is "1,AAPL", a JSON list or a JSON object. */
void fragment_key(const struct captured_table *table, const char *value, struct buffer *out)
{
    size_t n = 0;
    if (table_key_size(table) == 1) {
        buffer_printf(out, "json_array(CAST(%s AS TEXT))", value);
        return;
    }
    buffer_text(out, "(SELECT json_array(");
    for (size_t i = 0; i < table->count; i++) {
        if (!table->columns[i].key) continue;
        buffer_printf(out, "%s\n    (SELECT CAST(value AS TEXT) FROM json_each(list) WHERE key IN (%zu, ",
                      n ? "," : "", n);
        buffer_literal(out, table->columns[i].name);
        buffer_text(out, "))");
        n++;
    }
    buffer_printf(out,
                  ")\n    FROM (SELECT CASE WHEN %s GLOB '[[{]*' THEN %s"
                  " ELSE '[' || replace(json_quote(CAST(%s AS TEXT)), ',', '\",\"') || ']' END AS list))",
                  value, value, value);
}

/* The value as the source has the column now, as a text. */
void fragment_text(const struct captured_table *table, size_t column, const char *image, struct buffer *out)
{
    struct buffer value = {0};
    bool bytes = table->columns[column].storage == STORAGE_BLOB;
    lineage_value(table, column, image, &value);
    buffer_text(out, bytes ? "('\\x' || lower(hex(" : "CAST(");
    lineage_readable(&table->columns[column], buffer_string(&value), out);
    buffer_text(out, bytes ? ")))" : " AS TEXT)");
    out->failed |= value.failed;
    buffer_free(&value);
}
