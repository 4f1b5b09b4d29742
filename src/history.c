#include "cdclite/history.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "cdclite/database.h"
#include "cdclite/history_ddl.h"
#include "cdclite/missing_value.h"

enum {
    ROWS = 8,               /* of one INSERT: a fifth faster than one by one */
    MOST_PARAMETERS = 4096, /* of one INSERT; tables with more columns get their rows one by one */
    TEXT_ROOM = 16 << 10,   /* bytes of texts that rows wait with */
};

/* An INSERT of so many rows, and what its parameters are bound to. */
struct insert {
    sqlite3_stmt *statement;
    size_t rows;
    struct value *bound;
};

struct history_writer {
    struct insert one, several;
    size_t columns;
    size_t waiting;       /* rows in `values`, their texts in `texts` */
    struct value *values; /* ROWS times `columns` */
    size_t used;
    char texts[TEXT_ROOM];
};

void history_writer_close(struct history_writer *writer)
{
    if (!writer) return;
    sqlite3_finalize(writer->one.statement);
    sqlite3_finalize(writer->several.statement);
    free(writer->one.bound);
    free(writer->several.bound);
    free(writer->values);
    free(writer);
}

static int prepare_insert(sqlite3 *db, const struct captured_table *table, size_t rows, struct insert *insert,
                          struct error *error)
{
    struct buffer sql = {0};
    size_t columns = HISTORY_OWN_COLUMNS + 2 * table->count;
    /* OR FAIL, like the trigger's FAIL: SQLite would journal each INSERT by itself for ABORT, at half its
     * cost again. */
    buffer_text(&sql, "INSERT OR FAIL INTO ");
    buffer_family_name(&sql, table->name, "history");
    buffer_char(&sql, '(');
    history_ddl_columns(table, &sql);
    buffer_text(&sql, ") VALUES");
    for (size_t row = 0; row < rows; row++) {
        buffer_text(&sql, row ? ", (?" : "(?");
        for (size_t i = 1; i < columns; i++) buffer_text(&sql, ", ?");
        buffer_char(&sql, ')');
    }
    insert->rows = rows;
    insert->bound = calloc(rows * columns + 1, sizeof *insert->bound);
    int result = buffer_failed(&sql) || !insert->bound
                     ? error_memory(error)
                     : database_prepare(db, buffer_string(&sql), &insert->statement, error);
    buffer_free(&sql);
    return result;
}

static int open_writer(sqlite3 *db, struct captured_table *table, struct error *error)
{
    struct history_writer *writer = table->writer = calloc(1, sizeof *writer);
    if (!writer) return error_memory(error);
    writer->columns = HISTORY_OWN_COLUMNS + 2 * table->count;
    size_t rows = writer->columns * ROWS <= MOST_PARAMETERS ? ROWS : 1;
    writer->values = calloc(rows * writer->columns, sizeof *writer->values);
    if (!writer->values) return error_memory(error);
    return prepare_insert(db, table, 1, &writer->one, error) ||
                   prepare_insert(db, table, rows, &writer->several, error)
               ? -1
               : 0;
}

/* Binds a value, unless the parameter has it already: binding costs more than looking. */
static int bind(struct insert *insert, size_t parameter, const struct value *value)
{
    struct value *bound = &insert->bound[parameter];
    if (bound->type == value->type &&
        (value->type == VALUE_NULL || (value->type == VALUE_INTEGER && bound->integer == value->integer)))
        return SQLITE_OK;
    *bound = *value;
    return value_bind(insert->statement, (int)parameter + 1, value);
}

/* Inserts as many rows as the statement takes. */
static int insert_rows(sqlite3 *db, const struct history_writer *writer, struct insert *insert,
                       const struct value *values, struct error *error)
{
    int code = SQLITE_OK;
    for (size_t i = 0; i < insert->rows * writer->columns; i++) code |= bind(insert, i, &values[i]);
    return code ? database_fail(db, error, "history") : database_step(db, insert->statement, error);
}

int history_flush(sqlite3 *db, struct captured_table *table, struct error *error)
{
    struct history_writer *writer = table->writer;
    size_t rows = writer ? writer->waiting : 0;
    if (rows == 0) return 0;
    writer->waiting = writer->used = 0;
    if (rows == writer->several.rows) return insert_rows(db, writer, &writer->several, writer->values, error);
    for (size_t i = 0; i < rows; i++)
        if (insert_rows(db, writer, &writer->one, writer->values + i * writer->columns, error)) return -1;
    return 0;
}

static struct value integer(int64_t number)
{
    return (struct value){.type = VALUE_INTEGER, .integer = number};
}

static struct value text(struct slice text)
{
    return (struct value){.type = text.size ? VALUE_TEXT : VALUE_NULL, .bytes = text};
}

static bool has_bytes(const struct value *value)
{
    return value->type == VALUE_TEXT || value->type == VALUE_BLOB;
}

/* Moves the texts of a row to where they stay until it is written. */
static void keep_texts(struct history_writer *writer, struct value *row)
{
    for (size_t i = 0; i < writer->columns; i++) {
        if (!has_bytes(&row[i]) || row[i].bytes.size == 0) continue;
        char *to = writer->texts + writer->used;
        memcpy(to, row[i].bytes.at, row[i].bytes.size);
        row[i].bytes.at = to;
        writer->used += row[i].bytes.size;
    }
}

int history_insert(sqlite3 *db, struct captured_table *table, const struct message *message,
                   const struct change *change, struct slice unavailable, int64_t change_id,
                   struct error *error)
{
    if (!table->writer && open_writer(db, table, error)) return -1;
    struct history_writer *writer = table->writer;
    struct value *row = writer->values + writer->waiting * writer->columns, *next = row;
    *next++ = integer(change_id);
    *next++ = text((struct slice){&change->op, 1});
    *next++ = integer(change->changed_at);
    *next++ = change->lsn;
    *next++ = change->tx_id;
    *next++ = integer(message->partition);
    *next++ = integer(message->offset);
    *next++ = text(unavailable);
    if (table->count) {
        memcpy(next, table->before, table->count * sizeof *next);
        memcpy(next + table->count, table->after, table->count * sizeof *next);
    }
    size_t size = 0;
    for (size_t i = 0; i < writer->columns; i++) size += has_bytes(&row[i]) ? row[i].bytes.size : 0;
    writer->waiting++;
    if (writer->waiting == writer->several.rows || size > TEXT_ROOM - writer->used)
        return history_flush(db, table, error);
    keep_texts(writer, row);
    return 0;
}

static int prepare_select(sqlite3 *db, struct captured_table *table, struct error *error)
{
    struct buffer sql = {0};
    buffer_text(&sql, "SELECT ");
    history_ddl_columns(table, &sql);
    buffer_text(&sql, ", CASE WHEN unavailable IS NOT NULL THEN (SELECT coalesce(columns, unavailable) FROM "
                      "unknown_value AS u WHERE u.change_id = h.change_id) END FROM ");
    buffer_family_name(&sql, table->name, "history");
    buffer_text(&sql, " AS h WHERE change_id BETWEEN ?1 AND ?2 ORDER BY change_id");
    int result = buffer_failed(&sql) ? error_memory(error)
                                     : database_prepare(db, buffer_string(&sql), &table->select, error);
    buffer_free(&sql);
    return result;
}

/* The row of a scan, and what is known of its columns. */
struct scanned {
    struct value *images;
    bool *unknown;
    size_t count;
};

static void drop_value(void *context, size_t column, bool after)
{
    const struct scanned *scanned = context;
    scanned->images[column + (after ? scanned->count : 0)] = (struct value){0};
}

static void note_unknown(void *context, size_t column, bool after)
{
    const struct scanned *scanned = context;
    (void)after;
    scanned->unknown[column] = true;
}

static struct slice text_column(sqlite3_stmt *select, int column)
{
    return (struct slice){(const char *)sqlite3_column_text(select, column),
                          (size_t)sqlite3_column_bytes(select, column)};
}

static int read_stored(const struct captured_table *table, struct scanned *scanned,
                       enum history_values values, struct history_row *row, struct error *error)
{
    sqlite3_stmt *select = table->select;
    int columns = 2 * (int)table->count;
    const char *op = (const char *)sqlite3_column_text(select, 1);
    struct slice unknown = text_column(select, HISTORY_OWN_COLUMNS + columns);
    *row = (struct history_row){
        .change_id = sqlite3_column_int64(select, 0),
        .op = (char)(op ? *op : '\0'),
        .changed_at = sqlite3_column_int64(select, 2),
        .partition = sqlite3_column_int(select, 5),
        .offset = sqlite3_column_int64(select, 6),
        .unavailable = text_column(select, 7),
        .before = scanned->images,
        .after = scanned->images + table->count,
        .unknown = unknown.size ? scanned->unknown : NULL,
    };
    value_from_column(select, 3, &row->lsn);
    value_from_column(select, 4, &row->tx_id);
    for (int i = 0; i < columns; i++) value_from_column(select, HISTORY_OWN_COLUMNS + i, &scanned->images[i]);
    if (values == HISTORY_AS_SENT && missing_values_read(table, row->unavailable, drop_value, scanned, error))
        return -1;
    if (!unknown.size) return 0;
    memset(scanned->unknown, 0, table->count * sizeof *scanned->unknown);
    return missing_values_read(table, unknown, note_unknown, scanned, error);
}

int history_scan(sqlite3 *db, struct captured_table *table, int64_t from, int64_t to,
                 enum history_values values,
                 int (*each)(void *context, const struct history_row *row, struct error *error),
                 void *context, struct error *error)
{
    struct history_row row;
    if (history_flush(db, table, error) || (!table->select && prepare_select(db, table, error))) return -1;
    struct scanned scanned = {calloc(2 * table->count + 1, sizeof *scanned.images),
                              calloc(table->count + 1, sizeof *scanned.unknown), table->count};
    int result = scanned.images && scanned.unknown ? 0 : error_memory(error), code;
    sqlite3_bind_int64(table->select, 1, from);
    sqlite3_bind_int64(table->select, 2, to);
    while (result == 0 && (code = sqlite3_step(table->select)) != SQLITE_DONE) {
        if (code != SQLITE_ROW) {
            result = database_fail(db, error, "history");
            break;
        }
        result = read_stored(table, &scanned, values, &row, error);
        if (result == 0) result = each(context, &row, error);
    }
    sqlite3_reset(table->select);
    free(scanned.images);
    free(scanned.unknown);
    return result;
}
