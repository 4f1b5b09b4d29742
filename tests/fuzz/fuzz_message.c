/*
 * The whole way of messages into a history: envelope, schemas, columns, keys, states, redelivery, text. The
 * first byte says what is looked at beside (see below), the rest is messages, each ended by RS, of fields
 * ended by US: topic, place, key, value, runId header, old key, new key. An empty field is absent, one of a
 * single STX empty.
 *
 * Whatever comes, the load goes on, every message is counted once, the text is that of the history, all that
 * is stored can be read, and a load in two parts gives the same history.
 */
#include <sqlite3.h>
#include <stdlib.h>

#include "cdclite/database.h"
#include "cdclite/hash.h"
#include "cdclite/log.h"
#include "loading.h"

enum {
    RECORD_SEPARATOR = 0x1e,
    FIELD_SEPARATOR = 0x1f,
    EMPTY = 0x02,
    MOST_MESSAGES = 64,
};

static struct slice read_field(struct slice *record)
{
    struct slice field = next_field(record, FIELD_SEPARATOR);
    if (field.size == 0) return (struct slice){0};
    return copy_of(field.size == 1 && *field.at == EMPTY ? (struct slice){field.at, 0} : field);
}

/* Offsets rise, as they do in a partition, with gaps. */
static size_t read_messages(struct slice rest, struct message *messages)
{
    size_t count = 0;
    int64_t offset = 0;
    while (rest.size && count < MOST_MESSAGES) {
        struct slice record = next_field(&rest, RECORD_SEPARATOR);
        struct message *message = &messages[count];
        *message = (struct message){.topic = read_field(&record)};
        struct slice place = next_field(&record, FIELD_SEPARATOR);
        unsigned char bits = place.size ? (unsigned char)*place.at : 0;
        offset += 1 + (bits >> 2 & 1);
        /* Each topic has partitions of its own: of a table that comes from two topics with equal ones and
         * without runId headers, the history does not tell whose a row is, and runs are told otherwise after
         * a restart. */
        uint64_t hash =
            message->topic.size ? hash_bytes(HASH_START, message->topic.at, message->topic.size) : 0;
        message->partition = (int32_t)((hash & 0xffff) << 2 | (bits & 3));
        message->offset = offset;
        message->next_offset = offset + 1;
        message->timestamp_ms = bits & 8 ? -1 : INT64_C(1738317600000) + offset;
        message->key = read_field(&record);
        message->value = read_field(&record);
        message->run_id = read_field(&record);
        message->old_key = read_field(&record);
        message->new_key = read_field(&record);
        /* No source gives a topic without a name, or one that is no text. */
        if (message->topic.size && is_utf8(message->topic) &&
            !memchr(message->topic.at, '\0', message->topic.size)) {
            count++;
            continue;
        }
        free((char *)message->topic.at);
        free((char *)message->key.at);
        free((char *)message->value.at);
        free((char *)message->run_id.at);
        free((char *)message->old_key.at);
        free((char *)message->new_key.at);
    }
    return count;
}

static void free_messages(struct message *messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((char *)messages[i].topic.at);
        free((char *)messages[i].key.at);
        free((char *)messages[i].value.at);
        free((char *)messages[i].run_id.at);
        free((char *)messages[i].old_key.at);
        free((char *)messages[i].new_key.at);
    }
}

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names && strcmp(*names, name) != 0) names++;
    return *names;
}

/* Appends all rows of a table or view, without what depends on when it was loaded. */
static void append_rows(sqlite3 *db, const char *name, struct buffer *out)
{
    static const char *const of_load[] = {"batch_id", "rejected_id", "loaded_at", "path", NULL};
    struct buffer sql = {0};
    sqlite3_stmt *statement;
    struct value value;
    int code;
    buffer_text(&sql, "SELECT * FROM ");
    buffer_identifier(&sql, name);
    if (sqlite3_prepare_v2(db, buffer_string(&sql), -1, &statement, NULL) != SQLITE_OK)
        found("%s cannot be read: %s", name, sqlite3_errmsg(db));
    buffer_printf(out, "-- %s\n", name);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        for (int column = 0; column < sqlite3_column_count(statement); column++) {
            const char *column_name = sqlite3_column_name(statement, column);
            value_from_column(statement, column, &value);
            if (value.type == VALUE_TEXT && !is_utf8(value.bytes))
                found("%s.%s is no UTF-8: %.*s", name, column_name, (int)value.bytes.size, value.bytes.at);
            if (is_one_of(column_name, of_load)) continue;
            value_literal(&value, out);
            buffer_char(out, column + 1 < sqlite3_column_count(statement) ? ',' : '\n');
        }
    }
    if (code != SQLITE_DONE) found("%s cannot be read: %s", name, sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    buffer_free(&sql);
}

/* The rows of all tables, and the definitions of tables and views; the rows of views are looked at. */
static void append_history(sqlite3 *db, struct buffer *out)
{
    struct buffer of_views = {0};
    sqlite3_stmt *statement;
    struct error error;
    MUST_HOLD(
        database_prepare(db,
                         "SELECT name, sql, type = 'view' FROM sqlite_schema WHERE type IN ('table', 'view')"
                         " AND name NOT IN ('batch', 'text_log') ORDER BY rowid",
                         &statement, &error) == 0);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        buffer_printf(out, "%s\n", database_text(statement, 1));
        append_rows(db, database_text(statement, 0), sqlite3_column_int(statement, 2) ? &of_views : out);
    }
    sqlite3_finalize(statement);
    buffer_free(&of_views);
}

static void check_count(sqlite3 *db, const char *sql, int64_t expected)
{
    struct error error;
    int64_t count;
    MUST_HOLD(database_integer(db, sql, 0, &count, &error) == 0);
    if (count != expected) found("%s: %lld, not %lld", sql, (long long)count, (long long)expected);
}

static int add_piece(void *context, struct slice text, struct error *error)
{
    (void)error;
    buffer_slice(context, text);
    return 0;
}

static int64_t changes_of(sqlite3 *db, const struct captured_table *table)
{
    struct buffer sql = {0};
    struct error error;
    int64_t changes = 0;
    buffer_text(&sql, "SELECT count(*) FROM ");
    buffer_family_name(&sql, table->name, "history");
    /* One whose first event was refused has none. */
    int result = database_integer(db, buffer_string(&sql), 0, &changes, &error);
    buffer_free(&sql);
    return result ? 0 : changes;
}

static void check_text(const struct database *database, struct catalog *catalog,
                       const struct text_choice *choice)
{
    struct captured_table *table = catalog_named(catalog, choice->table);
    struct buffer rebuilt = {0};
    struct error error;
    struct slice text = read_file(choice->path);
    /* Before its first change, or while its columns are not known, a table has no text, and no header either.
     */
    if (table && table->count && changes_of(database->handle, table) &&
        text_rebuild(database->handle, table, 0, INT64_MAX, 0, add_piece, &rebuilt, &error))
        found("text cannot be rebuilt: %s", error.text);
    if (!slice_equals(text, buffer_view(&rebuilt)))
        found("%s: the text is\n%.*s\n, rebuilt it is\n%s", choice->table, (int)text.size, text.at,
              buffer_string(&rebuilt));
    MUST_HOLD(is_utf8(text));
    free((char *)text.at);
    buffer_free(&rebuilt);
}

/* Looks at the history as a reader does; appends it to `out`. */
static void check_history(const struct place *place, unsigned bits, const struct load_counts *counts,
                          struct buffer *out)
{
    struct database database;
    struct catalog *catalog;
    struct error error;
    int64_t stored = 0;
    if (database_open_reader(&database, place->db, &error)) found("cannot be read: %s", error.text);
    append_history(database.handle, out);
    check_count(database.handle, "SELECT sum(changes) FROM batch", counts->changes);
    check_count(database.handle, "SELECT sum(changes) FROM captured_table", counts->changes);
    check_count(database.handle, "SELECT count(*) FROM rejected_event", counts->rejected);
    check_count(database.handle, "SELECT count(*) FROM redelivered_event", counts->redelivered);
    if (catalog_open(database.handle, NULL, &catalog, &error)) found("catalog: %s", error.text);
    for (size_t i = 0; i < catalog_count(catalog); i++) {
        const struct captured_table *table = catalog_at(catalog, i);
        int64_t changes = changes_of(database.handle, table), any;
        struct buffer sql = {0};
        stored += changes;
        buffer_text(&sql, "SELECT EXISTS (SELECT * FROM ");
        buffer_family_name(&sql, table->name, "changes");
        buffer_text(&sql, ")");
        /* There is nothing to show while the columns are not known: a truncate came first. */
        if (changes && table->count &&
            database_integer(database.handle, buffer_string(&sql), 0, &any, &error))
            found("it has no views: %s", error.text);
        buffer_free(&sql);
    }
    MUST_HOLD(stored == counts->changes);
    if (!(bits & WITHOUT_TEXT)) {
        check_text(&database, catalog, &place->texts[0]);
        check_text(&database, catalog, &place->texts[1]);
    }
    catalog_close(catalog);
    database_close(&database);
}

/* Ends with the lines that differ first. */
static void check_same(struct buffer *a, struct buffer *b)
{
    struct slice whole = buffer_view(a), parts = buffer_view(b);
    while (whole.size && parts.size) {
        struct slice line = next_field(&whole, '\n'), other = next_field(&parts, '\n');
        if (!slice_equals(line, other))
            found("loaded in two parts it is\n%.*s\nat once\n%.*s", (int)other.size, other.at, (int)line.size,
                  line.at);
    }
    MUST_HOLD(whole.size == parts.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct place at_once, in_parts;
    static struct buffer whole, parts;
    static struct message messages[MOST_MESSAGES];
    struct load_counts counts = {0}, counts_of_parts = {0};
    if (!at_once.db) {
        log_set_level(LOG_ERROR);
        at_once = make_place("a");
        in_parts = make_place("b");
    }
    if (size < 2) return 0;
    unsigned bits = data[0];
    size_t count = read_messages((struct slice){(const char *)data + 1, size - 1}, messages);
    buffer_clear(&whole);
    empty_place(&at_once);
    load(&at_once, bits, messages, count, &counts);
    MUST_HOLD(counts.messages == (int64_t)count && counts.skipped == 0);
    MUST_HOLD(counts.messages ==
              counts.changes + counts.tombstones + counts.bookkeeping + counts.rejected + counts.redelivered);
    check_history(&at_once, bits, &counts, &whole);
    if (bits & IN_TWO_PARTS && count) {
        size_t first = bits / 16 % count;
        empty_place(&in_parts);
        buffer_clear(&parts);
        load(&in_parts, bits, messages, first, &counts_of_parts);
        /* The second part has the messages before it too, as a file read from its beginning. */
        if (load(&in_parts, bits, messages, count, &counts_of_parts)) {
            MUST_HOLD(counts_of_parts.skipped == (int64_t)first);
            check_history(&in_parts, bits, &counts_of_parts, &parts);
            check_same(&whole, &parts);
        }
    }
    free_messages(messages, count);
    return 0;
}
