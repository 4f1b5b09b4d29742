#include <sqlite3.h>

#include "cdclite/column_lineage.h"
#include "cdclite/database.h"
#include "cdclite/text_log.h"

/* A value of the row in column `index`; a time is spelled by the unit that it came in. */
static void append_value(struct buffer *out, const struct captured_table *table,
                         const struct history_row *row, size_t index, const struct value *value)
{
    if (value->type == VALUE_NULL) return;
    if (value->type == VALUE_TEXT) {
        buffer_field(out, value->bytes);
        return;
    }
    if (value->type == VALUE_BLOB && value->bytes.size == 0) {
        buffer_field(out, (struct slice){"", 0});
        return;
    }
    /* Numbers, times and hex need no quotes. */
    value_text(value, lineage_type_at(table, index, row->changed_at, row->change_id)->unit, out);
}

static void append_time(struct buffer *out, const struct time_text *time)
{
    buffer_append(out, time->text, time->size);
}

void text_header(const struct captured_table *table, struct buffer *out)
{
    for (size_t i = 0; i < table->count; i++) {
        if (!table->columns[i].identifying) continue;
        buffer_slice(out, buffer_view(&table->columns[i].text_name));
        buffer_char(out, ',');
    }
    buffer_text(out, "change_field,old_value,new_value,datetime_created,datetime_updated,datetime_deleted,"
                     "datetime_inserted,op\n");
}

/* How a line begins: whose row it is. A truncate has none. */
static void append_identity(struct buffer *out, const struct captured_table *table,
                            const struct history_row *row)
{
    const struct value *own = row->op == 'd' ? row->before : row->after;
    for (size_t i = 0; i < table->count; i++) {
        if (!table->columns[i].identifying) continue;
        if (row->op != 't') append_value(out, table, row, i, &own[i]);
        buffer_char(out, ',');
    }
}

static void append_change(struct buffer *out, const struct captured_table *table,
                          const struct history_row *row, size_t field)
{
    buffer_slice(out, buffer_view(&table->columns[field].text_name));
    buffer_char(out, ',');
    append_value(out, table, row, field, &row->before[field]);
    buffer_char(out, ',');
    append_value(out, table, row, field, &row->after[field]);
    buffer_char(out, ',');
}

/* How it ends: when, and by what. */
static void append_end(struct buffer *out, const struct captured_table *table, const struct history_row *row,
                       struct text_times *times)
{
    if (row->op != 'c') time_text_set(&times->changed, row->changed_at);
    if (row->op == 'c' && table->created < table->count)
        append_value(out, table, row, table->created, &row->after[table->created]);
    buffer_char(out, ',');
    if (row->op == 'u') append_time(out, &times->changed);
    buffer_char(out, ',');
    if (row->op == 'd' || row->op == 't') append_time(out, &times->changed);
    buffer_char(out, ',');
    append_time(out, &times->inserted);
    buffer_char(out, ',');
    buffer_char(out, row->op);
    buffer_char(out, '\n');
}

/* A part of a line, by where it stands in the buffer. */
struct shared {
    size_t at, size;
};

static bool append_again(struct buffer *out, const struct shared *part)
{
    if (part->size == 0) return false;
    if (buffer_reserve(out, part->size)) {
        memcpy(out->at + out->size, out->at + part->at, part->size);
        out->size += part->size;
    }
    return true;
}

void text_lines(const struct captured_table *table, const struct history_row *row, struct text_times *times,
                struct buffer *out)
{
    if (row->op == 'r') return;
    if (row->op == 't') {
        append_identity(out, table, row);
        buffer_text(out, ",,,");
        append_end(out, table, row, times);
        return;
    }
    struct shared identity = {0}, end = {0}; /* all lines of a change begin and end alike */
    for (size_t i = 0; i < table->count; i++) {
        if (!table->columns[i].tracked) continue;
        if (row->op == 'u' && value_equals(&row->before[i], &row->after[i])) continue;
        /* What is not known is not known to have changed; what came later was not there to be told. */
        if ((row->op == 'u' && row->unknown && row->unknown[i]) ||
            row->change_id < table->columns[i].first_change_id)
            continue;
        if (!append_again(out, &identity)) {
            identity.at = out->size;
            append_identity(out, table, row);
            identity.size = out->size - identity.at;
        }
        append_change(out, table, row, i);
        if (!append_again(out, &end)) {
            end.at = out->size;
            append_end(out, table, row, times);
            end.size = out->size - end.at;
        }
    }
}

struct rebuilding {
    struct captured_table *table;
    sqlite3_stmt *batches; /* in the order of their changes, as the rows come */
    int64_t last_change_id, loaded_at, open_batch_at;
    struct text_times times; /* `inserted` is that time */
    struct buffer text;
    int (*write)(void *context, struct slice text, struct error *error);
    void *context;
};

static int flush(struct rebuilding *rebuilding, size_t at_least, struct error *error)
{
    if (buffer_failed(&rebuilding->text)) return error_memory(error);
    if (rebuilding->text.size < at_least || rebuilding->text.size == 0) return 0;
    int result = rebuilding->write(rebuilding->context, buffer_view(&rebuilding->text), error);
    buffer_clear(&rebuilding->text);
    return result;
}

static int rebuild_row(void *context, const struct history_row *row, struct error *error)
{
    enum { PIECE = 1 << 20 };
    struct rebuilding *rebuilding = context;
    while (row->change_id > rebuilding->last_change_id) {
        if (sqlite3_step(rebuilding->batches) == SQLITE_ROW) {
            rebuilding->last_change_id = sqlite3_column_int64(rebuilding->batches, 0);
            rebuilding->loaded_at = sqlite3_column_int64(rebuilding->batches, 1);
        } else if (rebuilding->open_batch_at) {
            rebuilding->last_change_id = INT64_MAX;
            rebuilding->loaded_at = rebuilding->open_batch_at;
        } else {
            return error_set(error, ERROR_STORAGE, "batch: no row says when change %lld was loaded",
                             (long long)row->change_id);
        }
    }
    time_text_set(&rebuilding->times.inserted, rebuilding->loaded_at);
    text_lines(rebuilding->table, row, &rebuilding->times, &rebuilding->text);
    return flush(rebuilding, PIECE, error);
}

int text_rebuild(sqlite3 *db, struct captured_table *table, int64_t after_id, int64_t through_id,
                 int64_t open_batch_at, int (*write)(void *context, struct slice text, struct error *error),
                 void *context, struct error *error)
{
    struct rebuilding rebuilding = {.table = table,
                                    .last_change_id = INT64_MIN,
                                    .open_batch_at = open_batch_at,
                                    .write = write,
                                    .context = context};
    if (database_prepare(db,
                         "SELECT last_change_id, loaded_at FROM batch WHERE last_change_id > ?1"
                         " ORDER BY batch_id",
                         &rebuilding.batches, error))
        return -1;
    sqlite3_bind_int64(rebuilding.batches, 1, after_id);
    if (after_id == 0) text_header(table, &rebuilding.text);
    int result =
        history_scan(db, table, after_id + 1, through_id, HISTORY_FILLED, rebuild_row, &rebuilding, error);
    if (result == 0) result = flush(&rebuilding, 0, error);
    sqlite3_finalize(rebuilding.batches);
    buffer_free(&rebuilding.text);
    return result;
}
