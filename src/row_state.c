#include "cdclite/row_state.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "cdclite/database.h"
#include "cdclite/history.h"
#include "cdclite/log.h"
#include "cdclite/missing_value.h"
#include "cdclite/row_reader.h"
#include "cdclite/table_key.h"
#include "lineage_sql.h"

struct row_states {
    sqlite3 *db;
    sqlite3_stmt *find, *put, *remove, *clear, *unknown, *note_unknown;
    struct buffer key;
};

/* An entry of row_state. */
struct state {
    int64_t change_id; /* 0: there is none */
    bool deleted;
};

/* The state that a row was in. */
struct previous {
    const struct captured_table *table;
    struct value *values; /* in the arena, `table->count` of them; NULL: not known */
    bool *unknown;
};

int row_states_open(sqlite3 *db, struct row_states **opened, struct error *error)
{
    struct row_states *states = *opened = calloc(1, sizeof *states);
    if (!states) return error_memory(error);
    states->db = db;
    if (database_prepare(db, "SELECT change_id, deleted FROM row_state WHERE table_id = ?1 AND \"key\" = ?2",
                         &states->find, error) ||
        database_prepare(db, "REPLACE INTO row_state VALUES(?1, ?2, ?3, ?4)", &states->put, error) ||
        database_prepare(db, "DELETE FROM row_state WHERE table_id = ?1 AND \"key\" = ?2", &states->remove,
                         error) ||
        database_prepare(db, "DELETE FROM row_state WHERE table_id = ?1", &states->clear, error))
        return -1;
    if (database_prepare(db, "SELECT coalesce(columns, ?2) FROM unknown_value WHERE change_id = ?1",
                         &states->unknown, error))
        return -1;
    return database_prepare(db, "INSERT INTO unknown_value VALUES(?1, nullif(?2, ?3))", &states->note_unknown,
                            error);
}

void row_states_close(struct row_states *states)
{
    if (!states) return;
    sqlite3_finalize(states->find);
    sqlite3_finalize(states->put);
    sqlite3_finalize(states->remove);
    sqlite3_finalize(states->clear);
    sqlite3_finalize(states->unknown);
    sqlite3_finalize(states->note_unknown);
    buffer_free(&states->key);
    free(states);
}

/* Spells the row's key in states->key, unambiguously; false for a row without one. */
static bool spell_key(struct row_states *states, const struct captured_table *table,
                      const struct value *values)
{
    struct buffer *key = &states->key;
    buffer_clear(key);
    for (size_t i = 0; i < table->count; i++) {
        const struct value *value = &values[i];
        if (!table->columns[i].key) continue;
        if (value->type == VALUE_NULL) return false;
        buffer_char(key, (char)('0' + value->type));
        if (value->type == VALUE_INTEGER) {
            buffer_append(key, &value->integer, sizeof value->integer);
        } else if (value->type == VALUE_REAL) {
            buffer_append(key, &value->real, sizeof value->real);
        } else {
            uint64_t size = value->bytes.size;
            buffer_append(key, &size, sizeof size);
            buffer_slice(key, value->bytes);
        }
    }
    return key->size > 0;
}

static void bind_key(const struct row_states *states, sqlite3_stmt *statement,
                     const struct captured_table *table)
{
    sqlite3_bind_int64(statement, 1, table->table_id);
    sqlite3_bind_blob64(statement, 2, states->key.at, states->key.size, SQLITE_STATIC);
}

static int find(struct row_states *states, const struct captured_table *table, const struct value *values,
                struct state *state, struct error *error)
{
    *state = (struct state){0};
    if (!spell_key(states, table, values)) return buffer_failed(&states->key) ? error_memory(error) : 0;
    bind_key(states, states->find, table);
    int code = sqlite3_step(states->find);
    if (code == SQLITE_ROW)
        *state =
            (struct state){sqlite3_column_int64(states->find, 0), sqlite3_column_int(states->find, 1) != 0};
    int result =
        code == SQLITE_ROW || code == SQLITE_DONE ? 0 : database_fail(states->db, error, "row_state");
    sqlite3_reset(states->find);
    return result;
}

static int put(struct row_states *states, const struct captured_table *table, const struct value *values,
               int64_t change_id, bool deleted, struct error *error)
{
    if (!spell_key(states, table, values)) return buffer_failed(&states->key) ? error_memory(error) : 0;
    bind_key(states, states->put, table);
    sqlite3_bind_int64(states->put, 3, change_id);
    sqlite3_bind_int(states->put, 4, deleted);
    return database_step(states->db, states->put, error);
}

static int remove_state(struct row_states *states, const struct captured_table *table,
                        const struct value *values, struct error *error)
{
    if (!spell_key(states, table, values)) return buffer_failed(&states->key) ? error_memory(error) : 0;
    bind_key(states, states->remove, table);
    return database_step(states->db, states->remove, error);
}

static int clear(struct row_states *states, const struct captured_table *table, struct error *error)
{
    sqlite3_bind_int64(states->clear, 1, table->table_id);
    return database_step(states->db, states->clear, error);
}

static bool same_key(const struct captured_table *table, const struct value *a, const struct value *b)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->columns[i].key && !value_equals(&a[i], &b[i])) return false;
    return true;
}

/* What an event does to the states. */
static int apply(struct row_states *states, const struct captured_table *table, char op,
                 const struct value *before, const struct value *after, int64_t change_id,
                 bool begins_key_change, struct error *error)
{
    switch (op) {
    case 't': return clear(states, table, error);
    case 'd':
        return begins_key_change ? put(states, table, before, change_id, true, error)
                                 : remove_state(states, table, before, error);
    case 'u':
        if (!same_key(table, before, after) && remove_state(states, table, before, error)) return -1;
        break;
    default: break;
    }
    return put(states, table, after, change_id, false, error);
}

struct rebuilding {
    struct row_states *states;
    struct captured_table *table;
};

static int apply_row(void *context, const struct history_row *row, struct error *error)
{
    const struct rebuilding *rebuilding = context;
    return apply(rebuilding->states, rebuilding->table, row->op, row->before, row->after, row->change_id,
                 false, error);
}

int row_states_rebuild(struct row_states *states, struct captured_table *table, struct error *error)
{
    struct rebuilding rebuilding = {states, table};
    if (!table->keeps_state) return 0;
    if (clear(states, table, error)) return -1;
    return history_scan(states->db, table, INT64_MIN, INT64_MAX, HISTORY_FILLED, apply_row, &rebuilding,
                        error);
}

/* From now on the table's rows are followed. */
static int begin(struct row_states *states, struct captured_table *table, struct error *error)
{
    if (table->keeps_state) return 0;
    table->keeps_state = table->facts_unsaved = true;
    return row_states_rebuild(states, table, error);
}

int row_states_is_known(struct row_states *states, struct captured_table *table, const struct value *values,
                        struct error *error)
{
    struct state state;
    if (!table_has_key(table)) return 0;
    if (begin(states, table, error) || find(states, table, values, &state, error)) return -1;
    return state.change_id && !state.deleted;
}

/* The table's last change, if it is a delete of the same position and transaction: its id, else 0. */
static int paired_delete(struct row_states *states, struct captured_table *table, const struct change *change,
                         int64_t *change_id, struct error *error)
{
    sqlite3_stmt *statement;
    struct buffer sql = {0};
    struct value lsn, tx_id;
    *change_id = 0;
    if (change->lsn.type == VALUE_NULL || !table->stored) return 0;
    if (history_flush(states->db, table, error)) return -1;
    buffer_text(&sql, "SELECT change_id, op, lsn, tx_id FROM ");
    buffer_family_name(&sql, table->name, "history");
    buffer_text(&sql, " ORDER BY change_id DESC LIMIT 1");
    int result = buffer_failed(&sql) ? error_memory(error)
                                     : database_prepare(states->db, buffer_string(&sql), &statement, error);
    buffer_free(&sql);
    if (result) return -1;
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        value_from_column(statement, 2, &lsn);
        value_from_column(statement, 3, &tx_id);
        if (strcmp(database_text(statement, 1), "d") == 0 && value_equals(&lsn, &change->lsn) &&
            value_equals(&tx_id, &change->tx_id))
            *change_id = sqlite3_column_int64(statement, 0);
    } else if (code != SQLITE_DONE) {
        result = database_fail(states->db, error, table->name);
    }
    sqlite3_finalize(statement);
    return result;
}

int row_states_ends_key_change(struct row_states *states, struct captured_table *table,
                               const struct message *message, const struct change *change,
                               struct error *error)
{
    int64_t pair;
    if (message->old_key.at) return 1;
    if (paired_delete(states, table, change, &pair, error)) return -1;
    return pair != 0;
}

static void note_unknown(void *context, size_t column, bool after)
{
    struct previous *previous = context;
    if (after) previous->unknown[column] = true;
}

/* Which values of the history row `change_id` are not known. */
static int read_unknown(struct row_states *states, int64_t change_id, struct slice unavailable,
                        struct previous *previous, struct error *error)
{
    if (!unavailable.size) return 0;
    sqlite3_bind_int64(states->unknown, 1, change_id);
    database_bind_slice(states->unknown, 2, unavailable);
    int code = sqlite3_step(states->unknown);
    int result =
        code == SQLITE_ROW || code == SQLITE_DONE ? 0 : database_fail(states->db, error, "unknown_value");
    if (code == SQLITE_ROW)
        result = missing_values_read(previous->table, slice_of(database_text(states->unknown, 0)),
                                     note_unknown, previous, error);
    sqlite3_reset(states->unknown);
    return result;
}

/* Reads a state as the source has it now: columns renamed, added and retyped since are shown so. */
static int prepare_state(struct row_states *states, struct captured_table *table, bool after,
                         struct error *error)
{
    struct buffer sql = {0};
    if (table->state[after]) return 0;
    buffer_text(&sql, "SELECT unavailable");
    for (size_t i = 0; i < table->count; i++) {
        buffer_text(&sql, ", ");
        lineage_value(table, i, after ? "after" : "before", &sql);
    }
    buffer_text(&sql, " FROM ");
    buffer_family_name(&sql, table->name, "history");
    buffer_text(&sql, " WHERE change_id = ?1");
    int result = buffer_failed(&sql)
                     ? error_memory(error)
                     : database_prepare(states->db, buffer_string(&sql), &table->state[after], error);
    buffer_free(&sql);
    return result;
}

static int copy_value(struct arena *arena, struct value *value, struct error *error)
{
    if (value->type != VALUE_TEXT && value->type != VALUE_BLOB) return 0;
    char *bytes = arena_alloc(arena, value->bytes.size ? value->bytes.size : 1);
    if (!bytes) return error_memory(error);
    if (value->bytes.size) memcpy(bytes, value->bytes.at, value->bytes.size);
    value->bytes.at = bytes;
    return 0;
}

static int read_state(struct row_states *states, struct captured_table *table, struct state state,
                      struct arena *arena, struct previous *previous, struct error *error)
{
    bool after = !state.deleted;
    *previous = (struct previous){.table = table};
    if (!state.change_id) return 0;
    if (history_flush(states->db, table, error) || prepare_state(states, table, after, error)) return -1;
    previous->unknown = arena_zeroed(arena, table->count * sizeof *previous->unknown + 1);
    struct value *values = arena_alloc(arena, table->count * sizeof *values + 1);
    if (!previous->unknown || !values) return error_memory(error);
    sqlite3_stmt *select = table->state[after];
    sqlite3_bind_int64(select, 1, state.change_id);
    int code = sqlite3_step(select), result = 0;
    if (code == SQLITE_ROW) {
        previous->values = values;
        for (size_t i = 0; i < table->count && result == 0; i++) {
            value_from_column(select, 1 + (int)i, &values[i]);
            result = copy_value(arena, &values[i], error);
        }
        if (result == 0)
            result = read_unknown(states, state.change_id,
                                  slice_of((const char *)sqlite3_column_text(select, 0)), previous, error);
    } else if (code != SQLITE_DONE) {
        result = database_fail(states->db, error, table->name);
    }
    sqlite3_reset(select);
    return result;
}

/* Whether the event left something out. */
static bool is_incomplete(const struct captured_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->columns[i].missing_before || table->columns[i].missing_after) return true;
    return false;
}

/* The state of the row that the change is of, before it. */
static int find_previous(struct row_states *states, struct captured_table *table,
                         const struct message *message, const struct change *change, struct arena *arena,
                         struct previous *previous, struct error *error)
{
    struct state state = {0};
    struct value *key = arena_zeroed(arena, table->count * sizeof *key + 1);
    if (!key) return error_memory(error);
    if (change->op == 'c') {
        if (paired_delete(states, table, change, &state.change_id, error)) return -1;
        state.deleted = true;
        if (!state.change_id && message->old_key.at && key_read(table, message->old_key, arena, key) &&
            find(states, table, key, &state, error))
            return -1;
    } else {
        for (size_t i = 0; i < table->count; i++) {
            const struct captured_column *column = &table->columns[i];
            if (column->key)
                key[i] = change->op == 'd' || !column->missing_before ? table->before[i] : table->after[i];
        }
        if (find(states, table, key, &state, error)) return -1;
        if (state.deleted) state = (struct state){0};
    }
    return read_state(states, table, state, arena, previous, error);
}

static struct value known(const struct previous *previous, size_t column, bool *unknown)
{
    *unknown = !previous->values || previous->unknown[column];
    return *unknown ? (struct value){0} : previous->values[column];
}

static void fill_column(struct captured_table *table, const struct change *change, size_t i, bool followed,
                        const struct previous *previous)
{
    struct captured_column *column = &table->columns[i];
    if (column->missing_before) {
        if (followed && column->key && change->op == 'u') {
            table->before[i] =
                table->after[i]; /* an update keeps the key: Debezium sends another as two events */
        } else {
            table->before[i] = known(previous, i, &column->unknown_before);
        }
    }
    if (column->missing_after && change->document) {
        column->unknown_after = true; /* it has changed, in a way that the event only describes */
    } else if (column->missing_after) {
        table->after[i] = known(previous, i, &column->unknown_after);
    }
}

int row_states_fill(struct row_states *states, struct captured_table *table, const struct message *message,
                    const struct change *change, struct arena *arena, struct error *error)
{
    struct previous previous = {.table = table};
    bool followed = table_key_tells(table, message);
    if (!is_incomplete(table)) return 0;
    if (followed && (begin(states, table, error) ||
                     find_previous(states, table, message, change, arena, &previous, error)))
        return -1;
    for (size_t i = 0; i < table->count; i++) fill_column(table, change, i, followed, &previous);
    return 0;
}

/* The state that waited for the second half of a key change has served. */
static int forget_old_key(struct row_states *states, struct captured_table *table,
                          const struct message *message, struct error *error)
{
    struct arena arena = {0};
    struct state state = {0};
    struct value *key = arena_zeroed(&arena, table->count * sizeof *key + 1);
    int result = key ? 0 : error_memory(error);
    if (result == 0 && key_read(table, message->old_key, &arena, key)) {
        result = find(states, table, key, &state, error);
        if (result == 0 && state.deleted) result = remove_state(states, table, key, error);
    }
    if (arena.failed) result = error_memory(error);
    arena_free(&arena);
    return result;
}

/* What nothing tells stands beside the history, as it is rare. */
static int store_unknown(struct row_states *states, const struct captured_table *table,
                         struct slice unavailable, int64_t change_id, struct error *error)
{
    struct buffer unknown = {0};
    int result = 0;
    if (!unavailable.size) return 0;
    missing_values_list(table, true, &unknown);
    if (buffer_failed(&unknown)) {
        result = error_memory(error);
    } else if (unknown.size) {
        sqlite3_bind_int64(states->note_unknown, 1, change_id);
        database_bind_slice(states->note_unknown, 2, buffer_view(&unknown));
        database_bind_slice(states->note_unknown, 3, unavailable);
        result = database_step(states->db, states->note_unknown, error);
    }
    buffer_free(&unknown);
    return result;
}

int row_states_follow(struct row_states *states, struct captured_table *table, const struct message *message,
                      const struct change *change, struct slice unavailable, int64_t change_id,
                      struct error *error)
{
    if (store_unknown(states, table, unavailable, change_id, error)) return -1;
    if (!table->keeps_state) return 0;
    if (change->op == 'c' && message->old_key.at && forget_old_key(states, table, message, error)) return -1;
    return apply(states, table, change->op, table->before, table->after, change_id,
                 message->new_key.at != NULL, error);
}
