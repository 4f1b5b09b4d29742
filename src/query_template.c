#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "cdclite/history_ddl.h"
#include "query_fragment.h"
#include "query_parts.h"
#include "time_sql.h"

struct expansion {
    struct sqlite3 *db;
    const struct query *query;
    const struct catalog *catalog;
    const struct captured_table *table;
    const struct captured_column *column; /* in {each …}, else NULL */
    struct buffer *out;
    struct error *error;
};

/* One placeholder: {word argument} or {word, argument}. */
struct placeholder {
    const char *at; /* its brace */
    struct slice word, argument;
    bool comma;
};

__attribute__((format(printf, 3, 4))) static int wrong(const struct expansion *x, const char *at,
                                                       const char *format, ...)
{
    char text[256];
    size_t line = 1;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (const char *c = x->query->sql; c < at; c++) line += *c == '\n';
    return error_set(x->error, ERROR_USAGE, "%s:%zu: %s", x->query->file, line, text);
}

static int refused(const struct expansion *x, const char *why)
{
    return error_set(x->error, ERROR_USAGE, "%s: %.300s %s", x->query->name, x->table->name, why);
}

/* Reads the one that begins at `at`, before `end`; its size, or 0 where the brace is not closed. */
static size_t read_placeholder(const char *at, const char *end, struct placeholder *placeholder)
{
    const char *close = at;
    int depth = 0;
    do {
        depth += *close == '{' ? 1 : *close == '}' ? -1 : 0;
        close += query_token(close);
    } while (depth > 0 && close < end);
    if (depth > 0 || close > end) return 0;
    size_t size = 0;
    *placeholder = (struct placeholder){.at = at};
    while (isalnum((unsigned char)at[1 + size]) || at[1 + size] == '_') size++;
    placeholder->word = (struct slice){at + 1, size};
    placeholder->comma = at[1 + size] == ',';
    const char *argument = at + 1 + size + placeholder->comma;
    placeholder->argument = query_trimmed((struct slice){argument, (size_t)(close - 1 - argument)});
    return (size_t)(close - at);
}

static int expand(struct expansion *x, struct slice text);

/* The argument with its own placeholders replaced. */
static int expand_apart(struct expansion *x, struct slice text, struct buffer *apart)
{
    struct buffer *out = x->out;
    x->out = apart;
    int result = expand(x, text);
    x->out = out;
    return result;
}

static void append_rows(const struct expansion *x, const char *at)
{
    buffer_char(x->out, '(');
    table_rows_at(x->table, *at ? at : NULL, x->out);
    buffer_char(x->out, ')');
}

static void append_name(const struct expansion *x, const char *image)
{
    struct buffer name = {0};
    buffer_printf(&name, "%s_%s", image, x->column->column_name);
    buffer_literal(x->out, buffer_string(&name));
    x->out->failed |= name.failed;
    buffer_free(&name);
}

/* What stands in {each …} only. false: it is none. */
static bool append_of_column(const struct expansion *x, struct slice word)
{
    static const char *const images[] = {"before", "after", "old", "new"};
    if (slice_is(word, "column")) {
        buffer_identifier(x->out, x->column->column_name);
        return true;
    }
    if (slice_is(word, "name")) {
        buffer_literal(x->out, x->column->name);
        return true;
    }
    for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
        size_t size = strlen(images[i]);
        if (!slice_starts(word, images[i])) continue;
        struct slice rest = {word.at + size, word.size - size};
        if (rest.size == 0) {
            buffer_image_name(x->out, images[i], x->column->column_name);
        } else if (i < 2 && slice_is(rest, "_text")) {
            fragment_text(x->table, (size_t)(x->column - x->table->columns), images[i], x->out);
        } else if (i < 2 && slice_is(rest, "_name")) {
            append_name(x, images[i]);
        } else {
            return false;
        }
        return true;
    }
    return false;
}

enum columns { COLUMNS_PRESENT, COLUMNS_KEY, COLUMNS_EVER };

/* Whether the column is meant, at its turn: first those that the source has, in its order, then the others.
 */
static bool is_meant(const struct captured_table *table, const struct captured_column *column,
                     enum columns columns, size_t turn)
{
    if (columns == COLUMNS_KEY && table_has_key(table))
        return turn == (size_t)(column - table->columns) && column->key;
    if (turn < table->present_count) return column->present && column->place == turn;
    return columns == COLUMNS_EVER && !column->present &&
           turn - table->present_count == (size_t)(column - table->columns);
}

static int append_each(struct expansion *x, const struct placeholder *placeholder, enum columns columns)
{
    bool any = false;
    if (x->column) return wrong(x, placeholder->at, "an {each …} stands in another");
    for (size_t turn = 0; turn < x->table->present_count + x->table->count; turn++)
        for (size_t i = 0; i < x->table->count; i++) {
            if (!is_meant(x->table, &x->table->columns[i], columns, turn)) continue;
            if (any) buffer_text(x->out, placeholder->comma ? ", " : " ");
            any = true;
            x->column = &x->table->columns[i];
            int result = expand(x, placeholder->argument);
            x->column = NULL;
            if (result) return -1;
        }
    return any ? 0 : refused(x, "has no columns yet: none of its rows has been loaded");
}

static int append_family(const struct expansion *x, const struct placeholder *placeholder)
{
    static const char *const suffixes[] = {"history", "changes", "field_changes", "current", "versions"};
    struct slice suffix = {placeholder->word.at + 2, placeholder->word.size - 2};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        if (!slice_is(suffix, suffixes[i])) continue;
        buffer_family_name(x->out, x->table->name, suffixes[i]);
        return 0;
    }
    return wrong(x, placeholder->at,
                 "{%.*s}: no view of a table; there are {T_history}, {T_changes}, "
                 "{T_field_changes}, {T_current}, {T_versions}",
                 (int)placeholder->word.size, placeholder->word.at);
}

/* Those that take an SQL expression. */
static int append_of_value(struct expansion *x, const struct placeholder *placeholder)
{
    struct slice word = placeholder->word;
    struct buffer value = {0};
    int result = expand_apart(x, placeholder->argument, &value);
    const char *sql = buffer_string(&value);
    if (result == 0 && !*sql && !slice_is(word, "rows")) {
        result = wrong(x, placeholder->at, "{%.*s}: of what?", (int)word.size, word.at);
    } else if (result == 0 && slice_is(word, "time")) {
        fragment_time(sql, x->out);
    } else if (result == 0 && slice_is(word, "iso")) {
        time_sql(x->out, sql, UNIT_TIMESTAMP_US, true);
    } else if (result == 0 && slice_is(word, "key")) {
        fragment_key(x->table, sql, x->out);
    } else if (result == 0) {
        append_rows(x, sql);
    }
    x->out->failed |= value.failed;
    buffer_free(&value);
    return result;
}

static int append_placeholder(struct expansion *x, const struct placeholder *placeholder)
{
    static const struct {
        const char *word;
        enum columns columns;
    } loops[] = {{"each", COLUMNS_PRESENT}, {"each_key", COLUMNS_KEY}, {"each_ever", COLUMNS_EVER}};
    static const char *const values[] = {"rows", "time", "iso", "key"};
    struct slice word = placeholder->word;
    if (x->column && append_of_column(x, word)) return 0;
    if (slice_is(word, "events")) {
        fragment_events(x->db, x->catalog, x->table, x->out);
        return 0;
    }
    if (!x->table && !slice_is(word, "time") && !slice_is(word, "iso"))
        return error_set(x->error, ERROR_USAGE, "%s: %s= is missing: only {events} is there without a table",
                         x->query->name, query_table_parameter(x->query)->name);
    if (slice_is(word, "table")) {
        buffer_literal(x->out, x->table->name);
        return 0;
    }
    if ((slice_is(word, "key") || slice_is(word, "T_versions")) && !table_has_key(x->table))
        return error_set(
            x->error, ERROR_USAGE,
            "%s: %.200s has no key; load with --key %.200s=COLUMN,… to say which columns tell its "
            "rows apart",
            x->query->name, x->table->name, x->table->name);
    if (slice_starts(word, "T_")) return append_family(x, placeholder);
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++)
        if (slice_is(word, loops[i].word)) return append_each(x, placeholder, loops[i].columns);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (slice_is(word, values[i])) return append_of_value(x, placeholder);
    return wrong(x, placeholder->at, "{%.*s}: no placeholder of that name", (int)word.size, word.at);
}

static int expand(struct expansion *x, struct slice text)
{
    const char *end = text.at + text.size;
    size_t size;
    for (const char *at = text.at; at < end; at += size) {
        struct placeholder placeholder;
        if (*at != '{') {
            size = query_token(at);
            if (size > (size_t)(end - at)) size = (size_t)(end - at);
            buffer_append(x->out, at, size);
            continue;
        }
        size = read_placeholder(at, end, &placeholder);
        if (size == 0) return wrong(x, at, "a { without its }");
        if (append_placeholder(x, &placeholder)) return -1;
    }
    return 0;
}

int query_template_expand(struct sqlite3 *db, const struct query *query, const struct catalog *catalog,
                          const struct captured_table *table, struct buffer *out, struct error *error)
{
    struct expansion x = {
        .db = db, .query = query, .catalog = catalog, .table = table, .out = out, .error = error};
    if (expand(&x, slice_of(query->sql))) return -1;
    return buffer_failed(out) ? error_memory(error) : 0;
}
