#include "cdclite/catalog.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "cdclite/database.h"
#include "cdclite/history_ddl.h"
#include "cdclite/log.h"
#include "cdclite/message_key.h"

struct catalog {
    sqlite3 *db;
    const struct table_name *names;
    struct captured_table **tables;
    size_t count;
    struct captured_table *last; /* the one found last: events of a table come in stretches */
};

static const char *const kind_names[] = {
    [KIND_ANY] = "any",         [KIND_INTEGER] = "integer", [KIND_BOOLEAN] = "boolean",
    [KIND_FLOAT] = "float",     [KIND_TEXT] = "text",       [KIND_BYTES] = "bytes",
    [KIND_DECIMAL] = "decimal", [KIND_JSON] = "json",       [KIND_VARIABLE_DECIMAL] = "variable_decimal",
};

static enum column_kind kind_named(const char *name)
{
    for (size_t i = 0; name && i < sizeof kind_names / sizeof *kind_names; i++)
        if (strcmp(kind_names[i], name) == 0) return (enum column_kind)i;
    return KIND_ANY;
}

static enum column_storage storage_named(const char *name)
{
    for (int i = STORAGE_INTEGER; name && i <= STORAGE_BLOB; i++)
        if (strcmp(storage_name((enum column_storage)i), name) == 0) return (enum column_storage)i;
    return STORAGE_ANY;
}

static void forget_statements(struct captured_table *table)
{
    sqlite3_finalize(table->insert);
    sqlite3_finalize(table->select);
    table->insert = table->select = NULL;
}

static void table_free(struct captured_table *table)
{
    if (!table) return;
    for (size_t i = 0; i < table->count; i++) {
        free(table->columns[i].name);
        free(table->columns[i].column_name);
        free(table->columns[i].sent_as);
    }
    for (char **key = table->keys; key && *key; key++) free(*key);
    free(table->keys);
    forget_statements(table);
    free(table->columns);
    free(table->before);
    free(table->after);
    free(table->plan);
    free(table->name);
    free(table->source_name);
    free(table);
}

void catalog_close(struct catalog *catalog)
{
    if (!catalog) return;
    for (size_t i = 0; i < catalog->count; i++) table_free(catalog->tables[i]);
    free(catalog->tables);
    free(catalog);
}

size_t catalog_count(const struct catalog *catalog)
{
    return catalog->count;
}

struct captured_table *catalog_at(const struct catalog *catalog, size_t index)
{
    return catalog->tables[index];
}

struct captured_table *catalog_named(const struct catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->count; i++)
        if (strcasecmp(catalog->tables[i]->name, name) == 0) return catalog->tables[i];
    return NULL;
}

struct captured_column *table_column(const struct captured_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->columns[i].name, name) == 0) return &table->columns[i];
    return NULL;
}

/* Appends a column to the description in memory; takes neither string. */
static struct captured_column *append_column(struct captured_table *table, const char *name, const char *column_name,
                                             struct error *error)
{
    size_t count = table->count + 1;
    struct captured_column *columns = realloc(table->columns, count * sizeof *columns);
    if (columns) table->columns = columns;
    struct value *before = realloc(table->before, count * sizeof *before);
    if (before) table->before = before;
    struct value *after = realloc(table->after, count * sizeof *after);
    if (after) table->after = after;
    if (!columns || !before || !after) {
        error_memory(error);
        return NULL;
    }
    struct captured_column *column = &columns[table->count];
    *column = (struct captured_column){.name = strdup(name), .column_name = strdup(column_name)};
    if (!column->name || !column->column_name) {
        free(column->name);
        free(column->column_name);
        error_memory(error);
        return NULL;
    }
    before[table->count] = after[table->count] = (struct value){0};
    table->count = count;
    return column;
}

static struct captured_table *append_table(struct catalog *catalog, const char *name, const char *source_name)
{
    struct captured_table **tables = realloc(catalog->tables, (catalog->count + 1) * sizeof *tables);
    if (!tables) return NULL;
    catalog->tables = tables;
    struct captured_table *table = calloc(1, sizeof *table);
    if (!table) return NULL;
    table->name = strdup(name);
    table->source_name = strdup(source_name);
    table->last_partition = -1;
    if (!table->name || !table->source_name) {
        table_free(table);
        return NULL;
    }
    tables[catalog->count++] = table;
    return table;
}

/* Settles what depends on all columns together. */
static void set_roles(struct captured_table *table)
{
    static const char *const holding[] = {"holding_id",       "user_id",          "holding_stock",
                                          "holding_quantity", "datetime_created", "datetime_updated"};
    const struct captured_column *created = table_column(table, "datetime_created");
    table->created = created ? (size_t)(created - table->columns) : table->count;
    table->bundled_holding = strcmp(table->name, "holding") == 0;
    for (size_t i = 0; i < sizeof holding / sizeof *holding; i++)
        table->bundled_holding = table->bundled_holding && table_column(table, holding[i]);
    for (size_t i = 0; i < table->count; i++) {
        struct captured_column *column = &table->columns[i];
        column->identifying = table->bundled_holding
                                  ? strcmp(column->name, holding[0]) == 0 || strcmp(column->name, holding[1]) == 0
                                  : column->key;
        column->tracked = table->bundled_holding
                              ? strcmp(column->name, holding[2]) == 0 || strcmp(column->name, holding[3]) == 0
                              : !column->key;
    }
}

/* Copies the schema block's word for the column's type (NULL for none). */
static int set_sent_as(struct captured_column *column, const char *sent_as, struct error *error)
{
    free(column->sent_as);
    column->sent_as = sent_as ? strdup(sent_as) : NULL;
    return sent_as && !column->sent_as ? error_memory(error) : 0;
}

static const char *column_text(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text ? text : "";
}

static int load_columns(struct catalog *catalog, struct captured_table *table, struct error *error)
{
    sqlite3_stmt *statement;
    int code, result = -1;
    if (database_prepare(catalog->db,
                         "SELECT name, column_name, storage, kind, unit, scale, is_key, sent_as FROM captured_column"
                         " WHERE table_id = ?1 ORDER BY position",
                         &statement, error))
        return -1;
    sqlite3_bind_int64(statement, 1, table->table_id);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct captured_column *column =
            append_column(table, column_text(statement, 0), column_text(statement, 1), error);
        if (!column) goto done;
        column->storage = storage_named(column_text(statement, 2));
        column->type.kind = kind_named(column_text(statement, 3));
        column->type.unit = time_unit_named((const char *)sqlite3_column_text(statement, 4));
        column->type.scale = sqlite3_column_int(statement, 5);
        column->key = sqlite3_column_int(statement, 6) != 0;
        if (set_sent_as(column, (const char *)sqlite3_column_text(statement, 7), error)) goto done;
    }
    table->stored = true;
    table->stored_count = table->count;
    set_roles(table);
    result = code == SQLITE_DONE ? 0 : database_fail(catalog->db, error, "captured_column");
done:
    sqlite3_finalize(statement);
    return result;
}

static int load_tables(struct catalog *catalog, struct error *error)
{
    sqlite3_stmt *statement;
    int code, result = -1;
    if (database_prepare(catalog->db,
                         "SELECT name, source_name, table_id, key_enforced, many_partitions FROM captured_table"
                         " ORDER BY table_id",
                         &statement, error))
        return -1;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct captured_table *table = append_table(catalog, column_text(statement, 0), column_text(statement, 1));
        if (!table) {
            error_memory(error);
            goto done;
        }
        table->table_id = sqlite3_column_int64(statement, 2);
        table->key_enforced = sqlite3_column_int(statement, 3) != 0;
        table->many_partitions = sqlite3_column_int(statement, 4) != 0;
        if (load_columns(catalog, table, error)) goto done;
    }
    result = code == SQLITE_DONE ? 0 : database_fail(catalog->db, error, "captured_table");
done:
    sqlite3_finalize(statement);
    return result;
}

int catalog_open(sqlite3 *db, const struct table_name *names, struct catalog **catalog, struct error *error)
{
    *catalog = calloc(1, sizeof **catalog);
    if (!*catalog) return error_memory(error);
    (*catalog)->db = db;
    (*catalog)->names = names;
    return load_tables(*catalog, error);
}

/* Whether T or a name of its family stands for something else already. -1: failure. */
static int name_taken(struct catalog *catalog, const char *name, struct error *error)
{
    sqlite3_stmt *statement;
    if (catalog_named(catalog, name)) return 1;
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

/* The table's name here: the user's choice, else the source's; where taken, with schema, then server in front, then a
 * number behind. */
static int choose_name(struct catalog *catalog, const struct message *message, const struct change *change,
                       struct buffer *name, struct error *error)
{
    for (const struct table_name *chosen = catalog->names; chosen && chosen->topic; chosen++) {
        if (!slice_is(message->topic, chosen->topic)) continue;
        int taken = name_taken(catalog, chosen->name, error);
        if (taken < 0) return -1;
        if (taken)
            return error_set(error, ERROR_USAGE, "--table %s=%s: the name %s is taken; choose another", chosen->topic,
                             chosen->name, chosen->name);
        buffer_text(name, chosen->name);
        return 0;
    }
    for (int attempt = 0;; attempt++) {
        buffer_clear(name);
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
    }
}

/* What is known of the tutorial's table without a schema block: its times are microseconds. */
static void declare_type(const struct captured_table *table, struct captured_column *column)
{
    if (strcmp(table->name, "holding") == 0 && column->type.kind == KIND_ANY && column->type.unit == UNIT_NONE &&
        (strcmp(column->name, "datetime_created") == 0 || strcmp(column->name, "datetime_updated") == 0))
        column->type.unit = UNIT_TIMESTAMP_US;
}

/* The name here of a source column: SQLite's names differ by more than case, so `Id` beside `id` becomes `Id_2`. */
static void choose_column_name(const struct captured_table *table, const char *name, struct buffer *chosen)
{
    for (int attempt = 1;; attempt++) {
        bool taken = false;
        buffer_clear(chosen);
        buffer_text(chosen, name);
        if (attempt > 1) buffer_printf(chosen, "_%d", attempt);
        for (size_t i = 0; i < table->count && !buffer_failed(chosen); i++)
            taken |= strcasecmp(table->columns[i].column_name, buffer_string(chosen)) == 0;
        if (!taken) return;
    }
}

/* Describes a column not seen before; the file follows in store_shape. 1: refused. */
static int add_column(struct captured_table *table, struct slice name, const struct column_type *type,
                      const char *sent_as, struct error *error)
{
    if (name.size == 0 || memchr(name.at, '\0', name.size)) {
        error_set(error, ERROR_SOURCE, "a column's name is empty or holds a zero byte");
        return 1;
    }
    if (table->count == MOST_COLUMNS) {
        error_set(error, ERROR_SOURCE, "the table has more than %d columns, which SQLite cannot hold twice over",
                  MOST_COLUMNS);
        return 1;
    }
    struct buffer text = {0}, chosen = {0};
    struct captured_column *column = NULL;
    buffer_slice(&text, name);
    choose_column_name(table, buffer_string(&text), &chosen);
    if (buffer_failed(&text) || buffer_failed(&chosen)) {
        error_memory(error);
    } else {
        column = append_column(table, buffer_string(&text), buffer_string(&chosen), error);
    }
    buffer_free(&text);
    buffer_free(&chosen);
    if (!column) return -1;
    column->type = *type;
    column->storage = storage_of(type->kind);
    column->unsaved = true;
    for (char **key = table->keys; key && *key; key++) column->key |= strcmp(*key, column->name) == 0;
    declare_type(table, column);
    return set_sent_as(column, sent_as, error);
}

/* Widens a column to ANY, so that what no longer fits its type can stand beside what did. */
static void widen(struct captured_table *table, struct captured_column *column)
{
    if (column->storage == STORAGE_ANY) return;
    column->storage = STORAGE_ANY;
    column->unsaved = true;
    table->retyped = true;
    log_write(LOG_INFO, "%s: column %s changed its type; its history columns are now ANY", table->source_name,
              column->name);
}

static int save_columns(struct catalog *catalog, struct captured_table *table, struct error *error)
{
    sqlite3_stmt *statement;
    int result = 0;
    if (database_prepare(catalog->db, "REPLACE INTO captured_column VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                         &statement, error))
        return -1;
    for (size_t i = 0; i < table->count && result == 0; i++) {
        struct captured_column *column = &table->columns[i];
        if (!column->unsaved) continue;
        sqlite3_bind_int64(statement, 1, table->table_id);
        sqlite3_bind_int64(statement, 2, (sqlite3_int64)i);
        sqlite3_bind_text(statement, 3, column->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 4, column->column_name, -1, SQLITE_STATIC);
        sqlite3_bind_int(statement, 5, column->key);
        sqlite3_bind_text(statement, 6, storage_name(column->storage), -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 7, kind_names[column->type.kind], -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 8, time_unit_name(column->type.unit), -1, SQLITE_STATIC);
        sqlite3_bind_int(statement, 9, column->type.scale);
        sqlite3_bind_text(statement, 10, column->sent_as, -1, SQLITE_STATIC);
        result = database_step(catalog->db, statement, error);
        column->unsaved = false;
    }
    sqlite3_finalize(statement);
    return result;
}

static void column_names(const struct captured_table *table, const char *image, struct buffer *sql)
{
    for (size_t i = 0; i < table->count; i++) {
        buffer_text(sql, ", ");
        buffer_image_name(sql, image, table->columns[i].column_name);
    }
}

/* ALTER TABLE for each column that the history table does not have yet. */
static void add_columns_sql(const struct captured_table *table, const char *history, struct buffer *sql)
{
    for (size_t i = table->stored_count; i < table->count; i++)
        for (int after = 0; after <= 1; after++) {
            buffer_text(sql, "ALTER TABLE ");
            buffer_identifier(sql, history);
            buffer_text(sql, " ADD COLUMN ");
            buffer_image_name(sql, after ? "after" : "before", table->columns[i].column_name);
            buffer_printf(sql, " %s;\n", storage_name(table->columns[i].storage));
        }
}

/* A STRICT column's type cannot be altered: the table is made anew beside the old one and filled from it. */
static void rebuild_sql(const struct captured_table *table, const char *history, struct buffer *sql)
{
    static const char made[] = "cdclite retyped history";
    static const char own[] = "change_id, op, changed_at, lsn, tx_id, kafka_partition, kafka_offset, unavailable";
    history_ddl_table(table, made, sql);
    buffer_printf(sql, "INSERT INTO \"%s\"(%s", made, own);
    column_names(table, "before", sql);
    column_names(table, "after", sql);
    buffer_printf(sql, ")\nSELECT %s", own);
    column_names(table, "before", sql);
    column_names(table, "after", sql);
    buffer_text(sql, " FROM ");
    buffer_identifier(sql, history);
    buffer_text(sql, ";\nDROP TABLE ");
    buffer_identifier(sql, history);
    buffer_printf(sql, ";\nALTER TABLE \"%s\" RENAME TO ", made);
    buffer_identifier(sql, history);
    buffer_text(sql, ";\n");
    history_ddl_triggers(table, sql);
}

/* Brings the file to the table's description: the history table, its views, captured_column; all in the open
 * transaction. */
static int store_shape(struct catalog *catalog, struct captured_table *table, struct error *error)
{
    if (table->stored && !table->retyped && !table->views_stale && table->stored_count == table->count) return 0;
    struct buffer sql = {0}, history = {0};
    set_roles(table);
    buffer_printf(&history, "%s_history", table->name);
    /* Renaming a table fails while a view names a missing column, so the views go first and come back last. */
    history_ddl_drop_views(table, &sql);
    if (!table->stored) {
        history_ddl_table(table, buffer_string(&history), &sql);
        history_ddl_triggers(table, &sql);
    } else {
        add_columns_sql(table, buffer_string(&history), &sql);
        if (table->retyped) rebuild_sql(table, buffer_string(&history), &sql);
    }
    history_ddl_views(table, &sql);
    forget_statements(table);
    int result = buffer_failed(&sql) || buffer_failed(&history) ? error_memory(error)
                                                                : database_run(catalog->db, buffer_string(&sql), error);
    buffer_free(&sql);
    buffer_free(&history);
    if (result || save_columns(catalog, table, error)) return -1;
    table->stored = true;
    table->retyped = table->views_stale = false;
    table->stored_count = table->count;
    return 0;
}

static int save_table(struct catalog *catalog, struct captured_table *table, struct slice topic, struct error *error)
{
    sqlite3_stmt *statement;
    if (database_prepare(catalog->db, "INSERT INTO captured_table VALUES(NULL, ?1, ?2, ?3, ?4, 0, 0)", &statement, error))
        return -1;
    sqlite3_bind_text(statement, 1, table->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, table->source_name, -1, SQLITE_STATIC);
    database_bind_slice(statement, 3, topic);
    sqlite3_bind_int(statement, 4, table->key_enforced);
    int result = database_step(catalog->db, statement, error);
    table->table_id = sqlite3_last_insert_rowid(catalog->db);
    sqlite3_finalize(statement);
    return result;
}

/* Notes the names in the first message's key; the tutorial's table without one is declared by holding_id, which its
 * source does not enforce. */
static int set_keys(struct captured_table *table, struct slice message_key, struct error *error)
{
    struct arena arena = {0};
    struct slice *names, declared = slice_of("holding_id");
    size_t count;
    int result = -1;
    if (message_key_columns(message_key, &arena, &names, &count)) goto memory;
    table->key_enforced = count > 0;
    if (count == 0 && strcmp(table->name, "holding") == 0) {
        names = &declared;
        count = 1;
    }
    table->keys = calloc(count + 1, sizeof *table->keys);
    if (!table->keys) goto memory;
    for (size_t i = 0; i < count; i++) {
        table->keys[i] = strndup(names[i].at, names[i].size);
        if (!table->keys[i]) goto memory;
    }
    result = 0;
memory:
    if (result) error_memory(error);
    arena_free(&arena);
    return result;
}

static int make_table(struct catalog *catalog, const struct message *message, const struct change *change,
                      const char *source_name, struct captured_table **made, struct error *error)
{
    struct buffer name = {0};
    int result = -1;
    if (choose_name(catalog, message, change, &name, error)) goto done;
    struct captured_table *table = append_table(catalog, buffer_string(&name), source_name);
    if (!table) {
        error_memory(error);
        goto done;
    }
    if (set_keys(table, message->key, error) || save_table(catalog, table, message->topic, error)) goto done;
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
        if (strncmp(at, parts[i].at, parts[i].size) != 0) return false;
        at += parts[i].size;
    }
    return *at == '\0';
}

int catalog_table_for(struct catalog *catalog, const struct message *message, const struct change *change,
                      struct captured_table **table, struct error *error)
{
    if (catalog->last && is_source_name(catalog->last->source_name, change)) {
        *table = catalog->last;
        return 0;
    }
    for (size_t i = 0; i < catalog->count; i++) {
        if (!is_source_name(catalog->tables[i]->source_name, change)) continue;
        *table = catalog->last = catalog->tables[i];
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
    int result = make_table(catalog, message, change, buffer_string(&name), table, error);
    if (result == 0) catalog->last = *table;
    buffer_free(&name);
    return result;
}

/* Makes the plan from a schema block's columns to the table's, adding and widening columns on the way. */
static int apply_schema(struct captured_table *table, const struct table_schema *schema, struct error *error)
{
    size_t *plan = realloc(table->plan, (schema->count ? schema->count : 1) * sizeof *plan);
    if (!plan) return error_memory(error);
    table->plan = plan;
    table->schema_id = 0;
    for (size_t i = 0; i < schema->count; i++) {
        const struct schema_column *sent = &schema->columns[i];
        struct captured_column *column = table_column(table, sent->name);
        if (!column) {
            int result = add_column(table, slice_of(sent->name), &sent->type, sent->sent_as, error);
            if (result) return result;
            column = &table->columns[table->count - 1];
        }
        plan[i] = (size_t)(column - table->columns);
        if (column->sent_as && strcmp(column->sent_as, sent->sent_as) == 0) continue;
        if (column->storage != storage_of(sent->type.kind)) widen(table, column);
        column->type = sent->type;
        column->unsaved = true;
        table->views_stale = true; /* they spell times by their unit */
        if (set_sent_as(column, sent->sent_as, error)) return -1;
    }
    table->schema_id = schema->id;
    return 0;
}

/* One row image: `values` gets the columns that stand in `row`, the others stay NULL. */
struct row_reading {
    struct captured_table *table;
    const struct table_schema *schema;
    struct arena *arena;
    bool after;
};

/* The column of a member, guessed to stand where the schema (or the table) has its i-th. *type becomes how to read
 * it. 1: refused. */
static int find_column(const struct row_reading *reading, struct slice name, size_t i, size_t *index,
                       struct column_type *type, struct error *error)
{
    static const struct column_type any = {.kind = KIND_ANY};
    struct captured_table *table = reading->table;
    const struct table_schema *schema = reading->schema;
    *type = any;
    if (schema) {
        for (size_t k = 0; k < schema->count; k++) {
            size_t at = (i + k) % schema->count;
            if (!slice_is(name, schema->columns[at].name)) continue;
            *index = table->plan[at];
            *type = schema->columns[at].type;
            return 0;
        }
    }
    for (size_t k = 0; k < table->count; k++) {
        size_t at = (i + k) % table->count;
        if (!slice_is(name, table->columns[at].name)) continue;
        *index = at;
        return 0;
    }
    *index = table->count;
    return add_column(table, name, &any, NULL, error);
}

static int read_row(const struct row_reading *reading, struct slice row, struct error *error)
{
    struct captured_table *table = reading->table;
    struct json_reader json;
    struct slice name;
    struct column_type type;
    size_t index;
    int more;
    json_start(&json, row);
    if (json_open(&json, JSON_OBJECT)) goto refused;
    for (size_t i = 0; (more = json_member(&json, reading->arena, &name)) == 1; i++) {
        int result = find_column(reading, name, i, &index, &type, error);
        if (result) return result;
        struct value *value = &(reading->after ? table->after : table->before)[index];
        if (value_read(&json, &type, reading->arena, value)) {
            error_set(error, ERROR_SOURCE, "column %.*s: %s", (int)(name.size < 200 ? name.size : 200), name.at,
                      json.problem);
            return 1;
        }
        if (!storage_holds(table->columns[index].storage, value->type)) widen(table, &table->columns[index]);
    }
    if (more == 0) return 0;
refused:
    error_set(error, ERROR_SOURCE, "%s", json.problem);
    return 1;
}

int catalog_read_rows(struct catalog *catalog, struct captured_table *table, const struct change *change,
                      const struct table_schema *schema, struct arena *arena, struct error *error)
{
    struct row_reading reading = {.table = table, .schema = schema, .arena = arena};
    int result = schema && schema->id != table->schema_id ? apply_schema(table, schema, error) : 0;
    for (size_t i = 0; i < table->count; i++) table->before[i] = table->after[i] = (struct value){0};
    if (result == 0 && change->before.at) result = read_row(&reading, change->before, error);
    reading.after = true;
    if (result == 0 && change->after.at) result = read_row(&reading, change->after, error);
    /* Also for a refused event: the table and what it brought of columns are known from now on. */
    if (result >= 0 && store_shape(catalog, table, error)) return -1;
    return result;
}

int catalog_note_partition(struct catalog *catalog, struct captured_table *table, int32_t partition,
                           struct error *error)
{
    if (table->many_partitions || table->last_partition == partition) return 0;
    if (table->last_partition < 0) {
        /* After a restart the rows stored before tell. */
        struct buffer sql = {0};
        int64_t others = 0;
        buffer_text(&sql, "SELECT EXISTS (SELECT 1 FROM ");
        buffer_family_name(&sql, table->name, "history");
        buffer_printf(&sql, " WHERE kafka_partition <> %d)", (int)partition);
        int result = buffer_failed(&sql) ? error_memory(error)
                                         : database_integer(catalog->db, buffer_string(&sql), 0, &others, error);
        buffer_free(&sql);
        if (result) return -1;
        table->last_partition = partition;
        if (!others) return 0;
    }
    char sql[96];
    snprintf(sql, sizeof sql, "UPDATE captured_table SET many_partitions = 1 WHERE table_id = %lld",
             (long long)table->table_id);
    table->many_partitions = true;
    if (database_run(catalog->db, sql, error)) return -1;
    struct buffer views = {0};
    history_ddl_drop_views(table, &views);
    history_ddl_views(table, &views);
    int result =
        buffer_failed(&views) ? error_memory(error) : database_run(catalog->db, buffer_string(&views), error);
    buffer_free(&views);
    return result;
}

int catalog_save_counts(struct catalog *catalog, struct error *error)
{
    for (size_t i = 0; i < catalog->count; i++) {
        struct captured_table *table = catalog->tables[i];
        if (table->new_changes == 0) continue;
        char sql[128];
        snprintf(sql, sizeof sql, "UPDATE captured_table SET changes = changes + %lld WHERE table_id = %lld",
                 (long long)table->new_changes, (long long)table->table_id);
        if (database_run(catalog->db, sql, error)) return -1;
        table->new_changes = 0;
    }
    return 0;
}
