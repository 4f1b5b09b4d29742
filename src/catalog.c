#include "cdclite/catalog.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "cdclite/database.h"
#include "cdclite/history.h"
#include "cdclite/log.h"
#include "cdclite/table_key.h"
#include "cdclite/table_shape.h"
#include "cdclite/table_snapshot.h"
#include "cdclite/transaction.h"

struct catalog {
    sqlite3 *db;
    const struct table_choices *choices;
    struct captured_table **tables;
    size_t count;
    struct captured_table *last; /* the one found last: events of a table come in stretches, */
    uint64_t last_names;         /* of this change.names_number */
};

void catalog_close(struct catalog *catalog)
{
    if (!catalog) return;
    for (size_t i = 0; i < catalog->count; i++) table_free(catalog->tables[i]);
    free(catalog->tables);
    free(catalog);
}

struct captured_table *catalog_named(const struct catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->count; i++)
        if (strcasecmp(catalog->tables[i]->name, name) == 0) return catalog->tables[i];
    return NULL;
}

static struct captured_table *append_table(struct catalog *catalog, const char *name, const char *source_name,
                                           struct slice topic)
{
    struct captured_table **tables = realloc(catalog->tables, (catalog->count + 1) * sizeof *tables);
    if (!tables) return NULL;
    catalog->tables = tables;
    struct captured_table *table = table_new(name, source_name, topic);
    if (!table) return NULL;
    table->type_choices = catalog->choices ? catalog->choices->types : NULL;
    return tables[catalog->count++] = table;
}

static int load_tables(struct catalog *catalog, struct error *error)
{
    sqlite3_stmt *statement;
    int code, result = -1;
    if (database_prepare(
            catalog->db,
            "SELECT name, source_name, topic, table_id, key_enforced, many_partitions, bundled, key_declared,"
            " flattened, old_values, keeps_state FROM captured_table ORDER BY table_id",
            &statement, error))
        return -1;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct captured_table *table =
            append_table(catalog, database_text(statement, 0), database_text(statement, 1),
                         slice_of(database_text(statement, 2)));
        if (!table) {
            error_memory(error);
            goto done;
        }
        table->table_id = sqlite3_column_int64(statement, 3);
        table->key_enforced = sqlite3_column_int(statement, 4) != 0;
        table->many_partitions = sqlite3_column_int(statement, 5) != 0;
        table->bundled = sqlite3_column_int(statement, 6) != 0;
        table->key_declared = sqlite3_column_int(statement, 7) != 0;
        table->flattened = sqlite3_column_int(statement, 8) != 0;
        if (sqlite3_column_type(statement, 9) != SQLITE_NULL)
            table->old_values = sqlite3_column_int(statement, 9) ? OLD_VALUES_CARRIED : OLD_VALUES_LEFT_OUT;
        table->keeps_state = sqlite3_column_int(statement, 10) != 0;
        if (table_load_columns(catalog->db, table, error) || snapshot_load(catalog->db, table, error))
            goto done;
    }
    result = code == SQLITE_DONE ? 0 : database_fail(catalog->db, error, "captured_table");
done:
    sqlite3_finalize(statement);
    return result;
}

int catalog_open(sqlite3 *db, const struct table_choices *choices, struct catalog **catalog,
                 struct error *error)
{
    *catalog = calloc(1, sizeof **catalog);
    if (!*catalog) return error_memory(error);
    (*catalog)->db = db;
    (*catalog)->choices = choices;
    return load_tables(*catalog, error);
}

/* SQLite keeps names that begin with sqlite_ for itself: T, and T_history and the others of its family. */
static bool is_reserved(const char *name)
{
    return strncasecmp(name, "sqlite", 6) == 0 && (name[6] == '_' || name[6] == '\0');
}

/* Whether T or a name of its family stands for something else already. -1: failure. */
static int name_taken(struct catalog *catalog, const char *name, struct error *error)
{
    sqlite3_stmt *statement;
    if (catalog_named(catalog, name) || is_reserved(name)) return 1;
    if (database_prepare(catalog->db,
                         "SELECT count(*) FROM sqlite_schema WHERE lower(name) IN (lower(?1 || '_history'),"
                         " lower(?1 || '_changes'), lower(?1 || '_field_changes'), lower(?1 || '_current'),"
                         " lower(?1 || '_versions'))",
                         &statement, error))
        return -1;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    int result = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int(statement, 0) > 0
                                                       : database_fail(catalog->db, error, "sqlite_schema");
    sqlite3_finalize(statement);
    return result;
}

/* The table's name here: the user's choice, else the source's; where taken, with schema, then server in
 * front, then a number behind, and _ in front where it is reserved even so. */
static int choose_name(struct catalog *catalog, const struct message *message, const struct change *change,
                       struct buffer *name, struct error *error)
{
    const struct table_name *chosen = catalog->choices ? catalog->choices->names : NULL;
    for (; chosen && chosen->topic; chosen++) {
        if (!slice_is(message->topic, chosen->topic)) continue;
        int taken = name_taken(catalog, chosen->name, error);
        if (taken < 0) return -1;
        if (taken)
            return error_set(error, ERROR_USAGE, "--table %s=%s: the name %s is taken; choose another",
                             chosen->topic, chosen->name, chosen->name);
        buffer_text(name, chosen->name);
        return buffer_failed(name) ? error_memory(error) : 0;
    }
    const char *front = "";
    for (int attempt = 0;; attempt++) {
        buffer_clear(name);
        buffer_text(name, front);
        if (attempt >= 2 && change->server.size) {
            buffer_slice(name, change->server);
            buffer_char(name, '_');
        }
        if (attempt >= 1 && change->schema.size) {
            buffer_slice(name, change->schema);
            buffer_char(name, '_');
        }
        buffer_slice(name, change->table);
        if (attempt > 2) buffer_printf(name, "_%d", attempt - 1);
        if (buffer_failed(name)) return error_memory(error);
        int taken = name_taken(catalog, buffer_string(name), error);
        if (taken <= 0) return taken;
        if (attempt >= 2 && is_reserved(buffer_string(name))) front = "_";
    }
}

static int save_table(struct catalog *catalog, struct captured_table *table, struct slice topic,
                      struct error *error)
{
    sqlite3_stmt *statement;
    if (database_prepare(
            catalog->db,
            "INSERT INTO captured_table(name, source_name, topic, key_enforced, bundled, many_partitions,"
            " changes) VALUES(?1, ?2, ?3, 0, 0, 0, 0)",
            &statement, error))
        return -1;
    sqlite3_bind_text(statement, 1, table->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, table->source_name, -1, SQLITE_STATIC);
    database_bind_slice(statement, 3, topic);
    int result = database_step(catalog->db, statement, error);
    table->table_id = sqlite3_last_insert_rowid(catalog->db);
    sqlite3_finalize(statement);
    return result;
}

static const char *key_choice(const struct catalog *catalog, const char *name)
{
    const struct table_key_choice *choice = catalog->choices ? catalog->choices->keys : NULL;
    for (; choice && choice->table; choice++)
        if (strcasecmp(choice->table, name) == 0) return choice->columns;
    return NULL;
}

static int make_table(struct catalog *catalog, const struct message *message, const struct change *change,
                      const char *source_name, struct captured_table **made, struct error *error)
{
    struct buffer name = {0};
    int result = -1;
    if (choose_name(catalog, message, change, &name, error)) goto done;
    struct captured_table *table = append_table(catalog, buffer_string(&name), source_name, message->topic);
    if (!table) {
        error_memory(error);
        goto done;
    }
    table->key_choice = key_choice(catalog, table->name);
    if (save_table(catalog, table, message->topic, error)) goto done;
    log_write(LOG_INFO, "new table %s: history in %s_history", source_name, table->name);
    *made = table;
    result = 0;
done:
    buffer_free(&name);
    return result;
}

/* server.schema.table, without what the source does not say. */
static void source_name_of(const struct change *change, struct buffer *name)
{
    const struct slice parts[] = {change->server, change->schema, change->table};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!parts[i].size) continue;
        if (name->size) buffer_char(name, '.');
        buffer_slice(name, parts[i]);
    }
}

/* Whether `name` is exactly server.schema.table of the change, compared in place. */
static bool is_source_name(const char *name, const struct change *change)
{
    const struct slice parts[] = {change->server, change->schema, change->table};
    const char *at = name;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!parts[i].size) continue;
        if (at != name && *at++ != '.') return false;
        if (strlen(at) < parts[i].size || memcmp(at, parts[i].at, parts[i].size) != 0) return false;
        at += parts[i].size;
    }
    return *at == '\0';
}

int catalog_table_for(struct catalog *catalog, const struct message *message, const struct change *change,
                      struct captured_table **table, struct error *error)
{
    bool known = change->names_number && change->names_number == catalog->last_names;
    if (catalog->last && (known || is_source_name(catalog->last->source_name, change))) {
        catalog->last_names = change->names_number;
        *table = catalog->last;
        return 0;
    }
    catalog->last_names = 0;
    for (size_t i = 0; i < catalog->count; i++) {
        if (!is_source_name(catalog->tables[i]->source_name, change)) continue;
        *table = catalog->last = catalog->tables[i];
        catalog->last_names = change->names_number;
        return 0;
    }
    const struct slice parts[] = {change->server, change->schema, change->table};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].size && memchr(parts[i].at, '\0', parts[i].size)) {
            error_set(error, ERROR_SOURCE, "the table's name holds a zero byte");
            return 1;
        }
    struct buffer name = {0};
    source_name_of(change, &name);
    int result = buffer_failed(&name)
                     ? error_memory(error)
                     : make_table(catalog, message, change, buffer_string(&name), table, error);
    if (result == 0) {
        catalog->last = *table;
        catalog->last_names = change->names_number;
    }
    buffer_free(&name);
    return result;
}

size_t catalog_count(const struct catalog *catalog)
{
    return catalog->count;
}

struct captured_table *catalog_at(const struct catalog *catalog, size_t index)
{
    return catalog->tables[index];
}

struct captured_table *catalog_of_topic(const struct catalog *catalog, struct slice topic)
{
    for (size_t i = 0; i < catalog->count; i++)
        if (slice_is(topic, catalog->tables[i]->topic)) return catalog->tables[i];
    return NULL;
}

/* A type that is said of a known table must be of one of its columns, and of one that no schema has typed. */
static int check_types(const struct catalog *catalog, struct error *error)
{
    const struct table_type_choice *choice = catalog->choices ? catalog->choices->types : NULL;
    for (; choice && choice->table; choice++) {
        const struct captured_table *table = catalog_named(catalog, choice->table);
        const struct captured_column *column = table ? table_column(table, choice->column) : NULL;
        if (table && !column)
            return error_set(error, ERROR_USAGE, "--type %s.%s: %s has no column %s", choice->table,
                             choice->column, table->source_name, choice->column);
        if (column && column->sent_as)
            return error_set(error, ERROR_USAGE, "--type %s.%s: its events carry their schema, which says %s",
                             choice->table, choice->column, column->sent_as);
    }
    return 0;
}

/*
 * What version 1 did not note of a table: which values nothing told (it filled none), and, where rows
 * have no key, the snapshots that it counted from. Of a table with a key it did not tell single rows read
 * again from whole snapshots.
 */
static int note_past(sqlite3 *db, const struct captured_table *table, struct error *error)
{
    struct buffer sql = {0};
    buffer_text(&sql, "INSERT INTO unknown_value SELECT change_id, NULL FROM ");
    buffer_family_name(&sql, table->name, "history");
    buffer_text(&sql, " WHERE unavailable IS NOT NULL;\n");
    if (!table->key_enforced) {
        buffer_printf(
            &sql,
            "INSERT INTO source_snapshot SELECT %lld, min(change_id), max(change_id), min(changed_at), lsn,"
            " tx_id, 1 FROM ",
            (long long)table->table_id);
        buffer_family_name(&sql, table->name, "history");
        buffer_text(&sql, " WHERE op = 'r' GROUP BY lsn, tx_id;\n");
    }
    int result = buffer_failed(&sql) ? error_memory(error) : database_run(db, buffer_string(&sql), error);
    buffer_free(&sql);
    return result;
}

int catalog_renew(struct catalog *catalog, int64_t version, struct error *error)
{
    int result = transaction_begin(catalog->db, error);
    for (size_t i = 0; i < catalog->count && result == 0; i++) {
        struct captured_table *table = catalog->tables[i];
        table->views_stale = true;
        if (table->stored_count == 0) continue;
        result = (version < 2 && note_past(catalog->db, table, error)) ||
                         snapshot_load(catalog->db, table, error) ||
                         table_store_shape(catalog->db, table, 0, error)
                     ? -1
                     : 0;
    }
    return transaction_end(catalog->db, result, error);
}

int catalog_apply_choices(struct catalog *catalog,
                          int (*rekeyed)(void *context, struct captured_table *table, struct error *error),
                          void *context, struct error *error)
{
    if (check_types(catalog, error)) return -1;
    if (transaction_begin(catalog->db, error)) return -1;
    int failed = 0;
    for (size_t i = 0; i < catalog->count && !failed; i++) {
        struct captured_table *table = catalog->tables[i];
        const char *columns = key_choice(catalog, table->name);
        int outcome = columns ? table_key_declare(table, columns, error) : TABLE_KEY_SAME;
        for (size_t k = 0; k < table->count; k++) table_declare_type(table, &table->columns[k]);
        failed = outcome < 0 || table_store_shape(catalog->db, table, 0, error) ||
                 table_save_facts(catalog->db, table, error) ||
                 (outcome == TABLE_KEY_OTHER && rekeyed(context, table, error));
    }
    return transaction_end(catalog->db, failed, error);
}

int catalog_save(struct catalog *catalog, struct error *error)
{
    for (size_t i = 0; i < catalog->count; i++) {
        struct captured_table *table = catalog->tables[i];
        if (table_save_facts(catalog->db, table, error) || snapshot_save(catalog->db, table, error))
            return -1;
        if (table->new_changes == 0) continue;
        char sql[128];
        snprintf(sql, sizeof sql, "UPDATE captured_table SET changes = changes + %lld WHERE table_id = %lld",
                 (long long)table->new_changes, (long long)table->table_id);
        if (database_run(catalog->db, sql, error)) return -1;
        table->new_changes = 0;
    }
    return 0;
}
