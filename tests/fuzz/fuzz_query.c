/*
 * What people type and write for `cdclite query`: arguments of the built-in queries, query files of their
 * own, and names of tables and columns that no database should have. Fields are ended by US.
 *
 * Whatever comes is answered or refused as a usage error, nothing is ever written, and a name is only ever a
 * name.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cdclite/database.h"
#include "cdclite/embedded.h"
#include "cdclite/input_line.h"
#include "cdclite/log.h"
#include "loading.h"
#include "query_parts.h"

enum { FIELD_SEPARATOR = 0x1f, MOST_ARGUMENTS = 16, MOST_STEPS = 2000, OPERATIONS = 1000 };

static struct query_set *queries;
static struct arena arena;
static int steps;

/* A query that runs for too long is none that a fuzzer has time for. */
static int is_too_long(void *context)
{
    (void)context;
    return ++steps > MOST_STEPS;
}

/* What must stay as it is: the schemas, the databases attached, the rows written. */
static void describe(sqlite3 *db, struct buffer *out)
{
    static const char sql[] =
        "SELECT (SELECT group_concat(name || coalesce(sql, '')) FROM sqlite_schema) || "
        "(SELECT count(*) FROM sqlite_temp_schema) || "
        "(SELECT count(*) FROM pragma_database_list) || (SELECT * FROM pragma_user_version)";
    sqlite3_stmt *statement;
    struct error error;
    if (database_prepare(db, sql, &statement, &error)) found("%s", error.text);
    MUST_HOLD(sqlite3_step(statement) == SQLITE_ROW);
    buffer_printf(out, "%s %lld", database_text(statement, 0), (long long)sqlite3_total_changes64(db));
    sqlite3_finalize(statement);
}

static void check_output(struct slice text, enum render_format format)
{
    struct json_reader json;
    if (format == RENDER_JSON) {
        json_start(&json, text);
        if (json_skip(&json, NULL) || json_finish(&json))
            found("no JSON, %s: %.*s", json.problem, (int)text.size, text.at);
    }
    while (format == RENDER_JSONL && text.size) {
        json_start(&json, next_field(&text, '\n'));
        if (json_skip(&json, NULL) || json_finish(&json)) found("no JSON: %s", json.problem);
    }
}

/* Runs it; gives the error's kind, 0 for none, and what was printed for free(). */
static int run(sqlite3 *db, const struct query *query, const char *const *arguments, size_t count,
               enum render_format format, char **text, struct error *error)
{
    struct buffer before = {0}, after = {0};
    size_t size;
    FILE *out = open_memstream(text, &size);
    MUST_HOLD(out);
    describe(db, &before);
    *error = (struct error){0};
    steps = 0;
    int result = query_run(db, query, arguments, count, format, out, error);
    fclose(out);
    describe(db, &after);
    MUST_HOLD(slice_equals(buffer_view(&before), buffer_view(&after)));
    if (result == 0) check_output((struct slice){*text, size}, format);
    if (result) MUST_HOLD(*error->text);
    buffer_free(&before);
    buffer_free(&after);
    return result ? (int)error->kind : 0;
}

static size_t read_arguments(struct slice rest, const char **arguments)
{
    size_t count = 0;
    /* What stands behind a NUL never reaches a program. */
    while (rest.size && count < MOST_ARGUMENTS) {
        arguments[count] = query_keep(&arena, next_field(&rest, FIELD_SEPARATOR));
        MUST_HOLD(arguments[count++]);
    }
    return count;
}

static void check_built_in(sqlite3 *db, unsigned which, enum render_format format, struct slice rest)
{
    const char *arguments[MOST_ARGUMENTS];
    struct error error;
    char *text = NULL;
    size_t count = read_arguments(rest, arguments);
    const struct query *query = query_at(queries, which % query_count(queries));
    int kind = run(db, query, arguments, count, format, &text, &error);
    if (kind && kind != ERROR_USAGE && !strstr(error.text, "interrupted"))
        found("%s: %s", query->name, error.text);
    free(text);
}

static void check_own(sqlite3 *db, enum render_format format, struct slice rest)
{
    const char *arguments[MOST_ARGUMENTS];
    struct error error;
    char *text = NULL;
    struct slice sql = next_field(&rest, FIELD_SEPARATOR);
    if (memchr(sql.size ? sql.at : "", '\0', sql.size)) return; /* refused as a file is read */
    struct query query = {.name = "own", .file = "own.sql", .sql = query_keep(&arena, sql)};
    size_t count = read_arguments(rest, arguments);
    MUST_HOLD(query_read_header(&query, &arena, &error) == 0);
    for (size_t i = 0; i < query.parameter_count; i++)
        MUST_HOLD(query.parameters[i].name && query.parameters[i].choices && query.parameters[i].description);
    int kind = run(db, &query, arguments, count, format, &text, &error);
    MUST_HOLD(kind == 0 || kind == ERROR_USAGE || kind == ERROR_STORAGE);
    free(text);
}

/* A row with its two columns named and filled as the fields say. */
static void append_row(struct buffer *out, const char *const *names, const char *const *values)
{
    for (int i = 0; i < 2; i++) {
        buffer_char(out, i ? ',' : '{');
        buffer_json(out, slice_of(names[i]));
        buffer_char(out, ':');
        buffer_json(out, slice_of(values[i]));
    }
    buffer_char(out, '}');
}

static struct message make_event(struct buffer *value, const char *table, char op, struct slice row)
{
    buffer_printf(value, "{\"op\":\"%c\",\"%s\":%.*s", op, op == 'd' ? "before" : "after", (int)row.size,
                  row.at);
    buffer_text(value, ",\"source\":{\"ts_ms\":1738317600000,\"name\":\"s\",\"schema\":\"n\",\"table\":");
    buffer_json(value, slice_of(table));
    buffer_text(value, "}}");
    return (struct message){.topic = slice_of("s.n.t"),
                            .offset = op,
                            .next_offset = op + 1,
                            .timestamp_ms = -1,
                            .value = buffer_view(value)};
}

/* The value of each parameter that the template has. */
static size_t fill_arguments(const struct query *query, const char *table, const char *key,
                             struct buffer *texts, const char **arguments)
{
    size_t count = 0;
    for (size_t i = 0; i < query->parameter_count; i++) {
        const struct query_parameter *parameter = &query->parameters[i];
        const char *value = parameter->type == PARAMETER_TABLE  ? table
                            : parameter->type == PARAMETER_KEY  ? key
                            : parameter->type == PARAMETER_TIME ? "2025-01-31"
                                                                : NULL;
        if (!value) continue;
        buffer_printf(&texts[count], "%s=%s", parameter->name, value);
        arguments[count] = buffer_string(&texts[count]);
        count++;
    }
    return count;
}

static void check_templates(sqlite3 *db, const char *table, const char *key, bool keyed)
{
    for (size_t i = 0; i < query_count(queries); i++) {
        const struct query *query = query_at(queries, i);
        const char *arguments[MOST_ARGUMENTS];
        struct buffer texts[MOST_ARGUMENTS] = {{0}};
        struct error error;
        char *text = NULL;
        size_t lines = 0;
        if (!query_table_parameter(query)) continue;
        size_t count = fill_arguments(query, table, key, texts, arguments);
        int kind = run(db, query, arguments, count, RENDER_JSONL, &text, &error);
        bool needs_key = strstr(error.text, " has no key; ") != NULL;
        if (kind && !(kind == ERROR_USAGE && needs_key && !keyed)) found("%s: %s", query->name, error.text);
        for (const char *c = text; *c; c++) lines += *c == '\n';
        /* Its insert and its delete. */
        if (keyed && strcmp(query->name, "row_history") == 0) MUST_HOLD(lines == 2);
        for (size_t k = 0; k < MOST_ARGUMENTS; k++) buffer_free(&texts[k]);
        free(text);
    }
}

/* Fields: the table, its two columns, their values. */
static void check_names(const struct place *place, struct slice rest, bool wide)
{
    const char *fields[5];
    struct buffer row = {0}, key = {0}, given = {0}, values[2] = {{0}};
    struct load_counts counts = {0};
    struct database database;
    struct catalog *catalog;
    struct error error;
    for (int i = 0; i < 5; i++) {
        struct slice field = next_field(&rest, FIELD_SEPARATOR);
        if (!is_utf8(field)) return;
        fields[i] = query_keep(&arena, field);
    }
    append_row(&row, fields + 1, fields + 3);
    /* A key of one column, or of both. */
    if (wide) {
        append_row(&key, fields + 1, fields + 3);
        buffer_char(&given, '[');
        buffer_json(&given, slice_of(fields[3]));
        buffer_char(&given, ',');
        buffer_json(&given, slice_of(fields[4]));
        buffer_char(&given, ']');
    } else {
        buffer_char(&key, '{');
        buffer_json(&key, slice_of(fields[1]));
        buffer_char(&key, ':');
        buffer_json(&key, slice_of(fields[3]));
        buffer_char(&key, '}');
        buffer_text(&given, fields[3]);
    }
    struct message messages[] = {make_event(&values[0], fields[0], 'c', buffer_view(&row)),
                                 make_event(&values[1], fields[0], 'd', buffer_view(&row))};
    messages[0].key = messages[1].key = buffer_view(&key);
    empty_place(place);
    load(place, WITHOUT_TEXT, messages, 2, &counts);
    MUST_HOLD(counts.changes == 2 || counts.rejected == 2);
    MUST_HOLD(database_open_reader(&database, place->db, &error) == 0);
    MUST_HOLD(catalog_open(database.handle, NULL, &catalog, &error) == 0);
    if (counts.changes) {
        const struct captured_table *table = catalog_at(catalog, 0);
        check_templates(database.handle, table->name, buffer_string(&given), table_has_key(table));
        MUST_HOLD(table_has_key(table));
    }
    catalog_close(catalog);
    database_close(&database);
    buffer_free(&row);
    buffer_free(&key);
    buffer_free(&given);
    buffer_free(&values[0]);
    buffer_free(&values[1]);
}

/* The first events of the demo's recording. */
static size_t read_demo(struct message *messages, size_t most)
{
    struct slice rest = slice_of(embedded_find("tests/data/demo.jsonl")->text);
    size_t count = 0;
    while (rest.size && count < most) {
        struct slice line = next_field(&rest, '\n');
        if (input_line_read(line, INPUT_AUTO, &arena, &messages[count])) continue;
        if (!messages[count].topic.at) {
            messages[count].topic = slice_of("demo");
            messages[count].offset = (int64_t)count;
            messages[count].next_offset = (int64_t)count + 1;
        }
        count++;
    }
    return count;
}

/* A history to ask, open for writing: what only reads must not depend on how it was opened. */
static sqlite3 *open_history(const struct place *place)
{
    static const char *const names[] = {"a\"b'c]{column}", "--;/*:x"}, *const values[] = {"1,2", "[\"{"};
    enum { EVENTS = 40 };
    static struct message messages[EVENTS + 1];
    struct buffer row = {0}, value = {0};
    struct load_counts counts = {0};
    sqlite3 *db;
    size_t count = read_demo(messages, EVENTS);
    append_row(&row, names, values);
    messages[count] = make_event(&value, "it's \"{rows}\" -- x", 'c', buffer_view(&row));
    messages[count].key = slice_of("{\"a\\\"b'c]{column}\":\"1,2\",\"--;/*:x\":\"[\\\"{\"}");
    empty_place(place);
    load(place, WITHOUT_TEXT, messages, count + 1, &counts);
    MUST_HOLD(counts.changes == (int64_t)count + 1);
    MUST_HOLD(sqlite3_open_v2(place->db, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    sqlite3_progress_handler(db, OPERATIONS, is_too_long, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 1 << 20);
    buffer_free(&row);
    buffer_free(&value);
    arena_reset(&arena);
    return db;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct place place, names;
    static sqlite3 *db;
    if (!db) {
        struct error error;
        log_set_level(LOG_ERROR);
        place = make_place("history");
        names = make_place("names");
        db = open_history(&place);
        MUST_HOLD(query_set_open(NULL, &queries, &error) == 0);
        /* Where SQL is wrong is shown on standard error, thousands of times a second. */
        stderr = fopen("/dev/null", "we");
    }
    if (size < 3) return 0;
    struct slice rest = copy_of((struct slice){(const char *)data + 3, size - 3});
    enum render_format format = (enum render_format)(data[2] % (RENDER_MARKDOWN + 1));
    switch (data[0] % 4) {
    case 0: check_built_in(db, data[1], format, rest); break;
    case 1: check_own(db, format, rest); break;
    case 2: check_names(&names, rest, data[1] & 1); break;
    default: break;
    }
    free((char *)rest.at);
    arena_reset(&arena);
    return 0;
}
