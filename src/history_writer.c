#include "cdclite/history.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "cdclite/database.h"
#include "cdclite/history_ddl.h"
#include "row_transfer.h"

enum {
    FEW_ROWS = 8,         /* are inserted one by one, more of them are transferred */
    TEXT_ROOM = 16 << 10, /* bytes of texts that few rows wait with */
};

/* Rows wait to be written together: few of them as values, as a reader of the history may want them written
 * at once; from then on in pages. */
struct history_writer {
    sqlite3_stmt *insert;
    struct value *bound; /* what its parameters are bound to */
    struct row_transfer transfer;
    struct row_pages pages;
    size_t columns;
    /* Columns that were added later stand behind all others in the file: which of a row's is at each place
     * there, and room for a row, as it is and in that order. NULL where all are in order. */
    size_t *order;
    const struct value **unordered;
    struct value *ordered;
    bool by_name;         /* rows cannot be transferred */
    size_t waiting;       /* rows in `values`, their texts in `texts`; none while rows are in pages */
    struct value *values; /* FEW_ROWS times `columns` */
    size_t used;
    char texts[TEXT_ROOM];
};

void history_writer_close(struct history_writer *writer)
{
    if (!writer) return;
    if (writer->transfer.db) database_wait(writer->transfer.db); /* its rows may be under way */
    sqlite3_finalize(writer->insert);
    row_transfer_close(&writer->transfer);
    row_pages_free(&writer->pages);
    free(writer->order);
    free(writer->unordered);
    free(writer->ordered);
    free(writer->bound);
    free(writer->values);
    free(writer);
}

static int prepare_insert(sqlite3 *db, const struct captured_table *table, struct history_writer *writer,
                          struct error *error)
{
    struct buffer sql = {0};
    /* OR FAIL, like the trigger's FAIL: SQLite would journal each INSERT by itself for ABORT, at half its
     * cost again. */
    buffer_text(&sql, "INSERT OR FAIL INTO ");
    buffer_family_name(&sql, table->name, "history");
    buffer_char(&sql, '(');
    history_ddl_columns(table, &sql);
    buffer_text(&sql, ") VALUES(?");
    for (size_t i = 1; i < writer->columns; i++) buffer_text(&sql, ", ?");
    buffer_char(&sql, ')');
    int result = buffer_failed(&sql) ? error_memory(error)
                                     : database_prepare(db, buffer_string(&sql), &writer->insert, error);
    buffer_free(&sql);
    return result;
}

static sqlite3_stmt *prepare_columns(sqlite3 *db, const struct captured_table *table, bool as_in_file,
                                     struct error *error)
{
    sqlite3_stmt *statement = NULL;
    struct buffer sql = {0};
    buffer_text(&sql, "SELECT ");
    if (as_in_file)
        buffer_char(&sql, '*');
    else
        history_ddl_columns(table, &sql);
    buffer_text(&sql, " FROM ");
    buffer_family_name(&sql, table->name, "history");
    if (buffer_failed(&sql))
        error_memory(error);
    else
        database_prepare(db, buffer_string(&sql), &statement, error);
    buffer_free(&sql);
    return statement;
}

/* Which of the columns has the name, guessed to be this one; `columns` for none. */
static size_t column_named(sqlite3_stmt *statement, const char *name, size_t guess, size_t columns)
{
    for (size_t k = 0; k < columns; k++) {
        size_t i = (guess + k) % columns;
        if (strcmp(sqlite3_column_name(statement, (int)i), name) == 0) return i;
    }
    return columns;
}

/* Finds out in which order the columns stand in the file. Somebody else may have added others: then rows are
 * inserted by the columns' names. */
static int find_order(sqlite3 *db, const struct captured_table *table, struct history_writer *writer,
                      struct error *error)
{
    sqlite3_stmt *row = prepare_columns(db, table, false, error);
    sqlite3_stmt *file = row ? prepare_columns(db, table, true, error) : NULL;
    bool in_order = true;
    writer->order = calloc(writer->columns, sizeof *writer->order);
    writer->unordered = calloc(writer->columns, sizeof *writer->unordered);
    writer->ordered = calloc(writer->columns, sizeof *writer->ordered);
    bool failed = !writer->order || !writer->unordered || !writer->ordered;
    int result = !file ? -1 : failed ? error_memory(error) : 0;
    writer->by_name = result || (size_t)sqlite3_column_count(file) != writer->columns;
    for (size_t i = 0; i < writer->columns && !writer->by_name; i++) {
        writer->order[i] = column_named(row, sqlite3_column_name(file, (int)i), i, writer->columns);
        in_order = in_order && writer->order[i] == i;
        writer->by_name = writer->order[i] == writer->columns;
    }
    sqlite3_finalize(row);
    sqlite3_finalize(file);
    if (!in_order) return result;
    free(writer->order);
    free(writer->unordered);
    free(writer->ordered);
    writer->order = NULL;
    writer->unordered = NULL;
    writer->ordered = NULL;
    return result;
}

static int open_writer(sqlite3 *db, struct captured_table *table, struct error *error)
{
    struct buffer name = {0};
    struct history_writer *writer = table->writer = calloc(1, sizeof *writer);
    if (!writer) return error_memory(error);
    writer->columns = HISTORY_OWN_COLUMNS + 2 * table->count;
    writer->values = calloc(FEW_ROWS * writer->columns, sizeof *writer->values);
    writer->bound = calloc(writer->columns, sizeof *writer->bound);
    buffer_printf(&name, "%s_history", table->name);
    int result = !writer->values || !writer->bound || buffer_failed(&name)
                     ? error_memory(error)
                     : row_transfer_open(&writer->transfer, db, buffer_string(&name), error);
    buffer_free(&name);
    writer->pages.front = writer->transfer.size;
    return result || prepare_insert(db, table, writer, error) || find_order(db, table, writer, error) ? -1
                                                                                                      : 0;
}

/* Binds a value, unless the parameter has it already: binding costs more than looking. */
static int bind(struct history_writer *writer, size_t parameter, const struct value *value)
{
    struct value *bound = &writer->bound[parameter];
    if (bound->type == value->type &&
        (value->type == VALUE_NULL || (value->type == VALUE_INTEGER && bound->integer == value->integer)))
        return SQLITE_OK;
    *bound = *value;
    return value_bind(writer->insert, (int)parameter + 1, value);
}

/* A row on its way: its columns but the first, which is the change_id, in parts that are borrowed. */
enum { ROW_PARTS = 3 };
struct row {
    int64_t change_id;
    struct row_part parts[ROW_PARTS];
};

static int insert_row(sqlite3 *db, struct history_writer *writer, const struct row *row, struct error *error)
{
    const struct value change_id = {.type = VALUE_INTEGER, .integer = row->change_id};
    int code = bind(writer, 0, &change_id);
    size_t column = 1;
    for (size_t i = 0; i < ROW_PARTS; i++)
        for (size_t k = 0; k < row->parts[i].count; k++)
            code |= bind(writer, column++, &row->parts[i].values[k]);
    return code ? database_fail(db, error, "history") : database_step(db, writer->insert, error);
}

/* A row that waits, of its `columns` values. */
static struct row waiting_row(const struct history_writer *writer, size_t i)
{
    const struct value *values = writer->values + i * writer->columns;
    return (struct row){values->integer, {{values + 1, writer->columns - 1}}};
}

int history_flush(sqlite3 *db, struct captured_table *table, struct error *error)
{
    struct history_writer *writer = table->writer;
    if (!writer) return 0;
    if (writer->pages.count) return row_transfer_insert(&writer->transfer, &writer->pages, error);
    size_t rows = writer->waiting;
    writer->waiting = writer->used = 0;
    for (size_t i = 0; i < rows; i++) {
        const struct row row = waiting_row(writer, i);
        if (insert_row(db, writer, &row, error)) return -1;
    }
    return 0;
}

int history_seal(sqlite3 *db, struct captured_table *table, struct sealed_rows *sealed, struct error *error)
{
    struct history_writer *writer = table->writer;
    if (!writer || !writer->pages.count) return history_flush(db, table, error);
    *sealed = (struct sealed_rows){&writer->transfer, writer->pages};
    writer->pages = (struct row_pages){.front = writer->transfer.size, .expected = sealed->pages.count + 1};
    return 1;
}

/* An empty one is NULL. */
static void set_text(struct value *value, struct slice text)
{
    value_set_text(value, text.at, text.size);
    if (text.size == 0) value->type = VALUE_NULL;
}

static bool has_bytes(const struct value *value)
{
    return value->type == VALUE_TEXT || value->type == VALUE_BLOB;
}

/* Moves the texts of a row to where they stay until it is written; false: there is no room. */
static bool keep_texts(struct history_writer *writer, struct value *row)
{
    size_t size = 0;
    for (size_t i = 0; i < writer->columns; i++) size += has_bytes(&row[i]) ? row[i].bytes.size : 0;
    if (size > TEXT_ROOM - writer->used) return false;
    for (size_t i = 0; i < writer->columns; i++) {
        if (!has_bytes(&row[i]) || row[i].bytes.size == 0) continue;
        char *to = writer->texts + writer->used;
        memcpy(to, row[i].bytes.at, row[i].bytes.size);
        row[i].bytes.at = to;
        writer->used += row[i].bytes.size;
    }
    return true;
}

/* The columns as they stand in the file. */
static const struct value *put_in_order(struct history_writer *writer, const struct row *row)
{
    const struct row_part *part = row->parts;
    for (size_t i = 1, first = 1; i < writer->columns; i++) {
        for (; i - first == part->count; part++) first = i;
        writer->unordered[i] = &part->values[i - first];
    }
    for (size_t i = 1; i < writer->columns; i++) writer->ordered[i] = *writer->unordered[writer->order[i]];
    return writer->ordered + 1;
}

static enum row_pages_outcome put_in_pages(struct history_writer *writer, const struct row *row)
{
    /* The change_id is the rowid, which stands outside of the record. */
    static const struct value rowid = {.type = VALUE_NULL};
    if (!writer->order) {
        const struct row_part parts[] = {{&rowid, 1}, row->parts[0], row->parts[1], row->parts[2]};
        return row_pages_add(&writer->pages, row->change_id, parts, sizeof parts / sizeof *parts);
    }
    const struct row_part parts[] = {{&rowid, 1}, {put_in_order(writer, row), writer->columns - 1}};
    return row_pages_add(&writer->pages, row->change_id, parts, sizeof parts / sizeof *parts);
}

/* Adds a row to those in pages; one that cannot stand there is inserted behind them. */
static int add_to_pages(sqlite3 *db, struct history_writer *writer, const struct row *row,
                        struct error *error)
{
    if (writer->by_name) return insert_row(db, writer, row, error);
    enum row_pages_outcome outcome = put_in_pages(writer, row);
    if (outcome == ROW_PAGES_FULL) {
        if (row_transfer_insert(&writer->transfer, &writer->pages, error)) return -1;
        outcome = put_in_pages(writer, row);
    }
    if (outcome == ROW_ADDED) return 0;
    if (outcome == ROW_NO_MEMORY) return error_memory(error);
    if (writer->pages.count && row_transfer_insert(&writer->transfer, &writer->pages, error)) return -1;
    return insert_row(db, writer, row, error);
}

/* The rows that wait go into pages. */
static int open_pages(sqlite3 *db, struct history_writer *writer, struct error *error)
{
    size_t rows = writer->waiting;
    writer->waiting = writer->used = 0;
    for (size_t i = 0; i < rows; i++) {
        const struct row row = waiting_row(writer, i);
        if (add_to_pages(db, writer, &row, error)) return -1;
    }
    return 0;
}

/* The row waits; false where there is no room for its texts. */
static bool keep_waiting(struct history_writer *writer, const struct row *row)
{
    struct value *values = writer->values + writer->waiting * writer->columns, *next = values + 1;
    value_set_integer(values, row->change_id);
    for (size_t i = 0; i < ROW_PARTS; i++) {
        const struct row_part *part = &row->parts[i];
        if (part->count) memcpy(next, part->values, part->count * sizeof *next);
        next += part->count;
    }
    if (!keep_texts(writer, values)) return false;
    writer->waiting++;
    return true;
}

int history_insert(sqlite3 *db, struct captured_table *table, const struct message *message,
                   const struct change *change, struct slice unavailable, int64_t change_id,
                   struct error *error)
{
    if (!table->writer && open_writer(db, table, error)) return -1;
    struct history_writer *writer = table->writer;
    struct value own[HISTORY_OWN_COLUMNS - 1], *next = own;
    set_text(next++, (struct slice){&change->op, 1});
    value_set_integer(next++, change->changed_at);
    *next++ = change->lsn;
    *next++ = change->tx_id;
    value_set_integer(next++, message->partition);
    value_set_integer(next++, message->offset);
    set_text(next++, unavailable);
    const struct row row = {
        change_id,
        {{own, HISTORY_OWN_COLUMNS - 1}, {table->before, table->count}, {table->after, table->count}}};
    if (writer->pages.count) return add_to_pages(db, writer, &row, error);
    if (!keep_waiting(writer, &row))
        return open_pages(db, writer, error) || add_to_pages(db, writer, &row, error) ? -1 : 0;
    return writer->waiting == FEW_ROWS ? open_pages(db, writer, error) : 0;
}
