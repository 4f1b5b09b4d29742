#include "cdclite/table_key.h"

#include <sqlite3.h>
#include <string.h>

#include "cdclite/buffer.h"
#include "cdclite/database.h"
#include "cdclite/history.h"
#include "cdclite/log.h"
#include "cdclite/message_key.h"

enum { MOST_KEY_COLUMNS = 64 };

/* The table's columns that the key names; 0 for a null key, one that is no struct, and one that names others
 * too. */
static size_t columns_of(const struct captured_table *table, struct slice key, struct arena *arena,
                         size_t columns[MOST_KEY_COLUMNS])
{
    struct json_reader json;
    struct slice name;
    size_t count = 0;
    int more;
    if (!message_key_open(key, arena, &json)) return 0;
    while ((more = json_member(&json, arena, &name)) == 1) {
        const struct captured_column *column = table_column_of(table, name);
        if (!column || count == MOST_KEY_COLUMNS || json_skip(&json, NULL)) return 0;
        columns[count++] = (size_t)(column - table->columns);
    }
    return more == 0 ? count : 0;
}

static bool is_the_key(const struct captured_table *table, const size_t *columns, size_t count)
{
    if (table_key_size(table) != count) return false;
    for (size_t i = 0; i < count; i++)
        if (!table->columns[columns[i]].key) return false;
    return true;
}

/* Whether the columns are those of the key under new names. */
static bool is_renamed(const struct captured_table *table, const size_t *columns, size_t count)
{
    size_t origins[MOST_KEY_COLUMNS];
    for (size_t i = 0; i < count; i++) {
        origins[i] = columns[i];
        for (size_t k = table->change_count; k > 0 && !table->columns[columns[i]].key; k--) {
            const struct column_change *change = &table->changes[k - 1];
            if (change->event != COLUMN_APPEARED || change->column != columns[i]) continue;
            origins[i] = change->renamed_from == NO_COLUMN ? columns[i] : change->renamed_from;
            break;
        }
    }
    return is_the_key(table, origins, count);
}

static void set_key(struct captured_table *table, const size_t *columns, size_t count)
{
    for (size_t i = 0; i < table->count; i++) {
        table->columns[i].key = false;
        table->columns[i].unsaved = true;
    }
    for (size_t i = 0; i < count; i++) table->columns[columns[i]].key = true;
    table->views_stale = table->facts_unsaved = true;
}

static int has_rows(sqlite3 *db, struct captured_table *table, bool *there, struct error *error)
{
    int64_t exists = 0;
    struct buffer sql = {0};
    *there = false;
    if (!table->stored) return 0;
    if (history_flush(db, table, error)) return -1;
    buffer_text(&sql, "SELECT EXISTS (SELECT 1 FROM ");
    buffer_family_name(&sql, table->name, "history");
    buffer_text(&sql, " WHERE op <> 't')");
    int result = buffer_failed(&sql) ? error_memory(error)
                                     : database_integer(db, buffer_string(&sql), 0, &exists, error);
    buffer_free(&sql);
    *there = exists;
    return result;
}

/* The columns that text lines and T_field_changes name first follow the key, unless the table's text log has
 * begun with those it had. */
static int follow_identity(sqlite3 *db, struct captured_table *table, bool renamed, struct error *error)
{
    int64_t begun;
    struct buffer sql = {0};
    buffer_text(&sql, "SELECT EXISTS (SELECT 1 FROM text_log WHERE name = ");
    buffer_literal(&sql, table->name);
    buffer_text(&sql, " COLLATE NOCASE)");
    int result = buffer_failed(&sql) ? error_memory(error)
                                     : database_integer(db, buffer_string(&sql), 0, &begun, error);
    buffer_free(&sql);
    for (size_t i = 0; i < table->count && result == 0 && !begun; i++)
        table->columns[i].identifying = table->columns[i].key || (renamed && table->columns[i].identifying);
    return result;
}

static int follow_keyless(struct captured_table *table)
{
    if (table->key_enforced) {
        table->key_enforced = false;
        table->views_stale = table->facts_unsaved = true;
    } else if (table->stored_count == 0 && strcmp(table->name, "holding") == 0) {
        const struct captured_column *declared = table_column(table, "holding_id");
        if (declared && !declared->key) set_key(table, &(size_t){(size_t)(declared - table->columns)}, 1);
    }
    return TABLE_KEY_SAME;
}

int table_key_follow(sqlite3 *db, struct captured_table *table, struct slice message_key, struct arena *arena,
                     struct error *error)
{
    size_t columns[MOST_KEY_COLUMNS];
    bool rows;
    if (table->key_choice && table->stored_count == 0 &&
        table_key_declare(table, table->key_choice, error) < 0) {
        if (error->kind != ERROR_USAGE) return -1;
        log_write(LOG_WARNING, "%s", error->text);
        table->key_choice = NULL;
    }
    if (table->key_declared) return TABLE_KEY_SAME;
    size_t count = columns_of(table, message_key, arena, columns);
    if (count == 0) return follow_keyless(table);
    if (is_the_key(table, columns, count)) return TABLE_KEY_SAME;
    bool renamed = is_renamed(table, columns, count);
    if (has_rows(db, table, &rows, error)) return -1;
    set_key(table, columns, count);
    if (table->stored_count > 0 && follow_identity(db, table, renamed, error)) return -1;
    if (renamed) return TABLE_KEY_SAME;
    table->key_enforced = !rows;
    return rows ? TABLE_KEY_OTHER : TABLE_KEY_SAME;
}

bool table_key_tells(const struct captured_table *table, const struct message *message)
{
    return (table->key_declared || message->key.at) && table_has_key(table);
}

static bool is_listed(const char *columns, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = columns; *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == size && memcmp(at, name, size) == 0) return true;
    return false;
}

int table_key_declare(struct captured_table *table, const char *columns, struct error *error)
{
    bool other = false;
    for (size_t i = 0; i < table->count; i++)
        other |= table->columns[i].key != is_listed(columns, table->columns[i].name);
    for (const char *at = columns; *at; at += strcspn(at, ","), at += *at == ',') {
        size_t size = strcspn(at, ",");
        if (!table_column_of(table, (struct slice){at, size}))
            return error_set(error, ERROR_USAGE, "--key %s=%s: %s has no column %.*s", table->name, columns,
                             table->source_name, (int)size, at);
    }
    if (table->key_declared && !other) return TABLE_KEY_SAME;
    for (size_t i = 0; i < table->count; i++) {
        table->columns[i].key = is_listed(columns, table->columns[i].name);
        table->columns[i].unsaved = true;
    }
    table->key_declared = table->facts_unsaved = table->views_stale = true;
    table->key_enforced = false;
    return other ? TABLE_KEY_OTHER : TABLE_KEY_SAME;
}
