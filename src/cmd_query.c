#include <unistd.h>

#include "cdclite/chart.h"
#include "cdclite/database.h"
#include "cdclite/query.h"
#include "cdclite/terminal.h"
#include "commands.h"

static int read_format(const struct options *options, enum render_format *format, struct error *error)
{
    *format = isatty(STDOUT_FILENO) == 1 ? RENDER_TABLE : RENDER_CSV;
    if (!options->format) return 0;
    int named = render_format_named(options->format);
    if (named < 0)
        return error_set(error, ERROR_USAGE,
                         "--format %s: table, csv, csv-safe, tsv, json, jsonl or markdown", options->format);
    *format = (enum render_format)named;
    return 0;
}

/* How a chart is drawn of the rows that a query gives. */
static int draw_chart(void *context, struct sqlite3_stmt *statement, struct error *error)
{
    enum { MOST_ROWS = 100000 };
    const struct options *options = context;
    struct chart_style style = {.width = terminal_width(stdout), .unicode = terminal_is_utf8()};
    struct result rows;
    int result = result_read(statement, MOST_ROWS, &rows, error);
    if (result == 0) result = chart_draw(&rows, options->column, &style, stdout, error);
    result_free(&rows);
    return result;
}

static int check_chart(const struct options *options, struct error *error)
{
    if (options->column && !options->chart)
        return error_set(error, ERROR_USAGE, "--column says what --chart draws");
    if (options->chart && (options->format || options->sql))
        return error_set(error, ERROR_USAGE, "--chart draws the answer; leave out --%s",
                         options->sql ? "sql" : "format");
    return 0;
}

static int answer(const struct options *options, const struct query *query, struct error *error)
{
    enum render_format format;
    struct database database = {.lock_fd = -1};
    const char *const *parameters = options->arguments.all + 1;
    size_t count = options->arguments.count - 1;
    if (read_format(options, &format, error) || query_check(query, parameters, count, error)) return -1;
    int result = database_open_reader(&database, options->db, error);
    if (result == 0 && options->chart)
        result = query_read(database.handle, query, parameters, count, draw_chart, (void *)options, error);
    else if (result == 0)
        result = query_run(database.handle, query, parameters, count, format, stdout, error);
    database_close(&database);
    return result;
}

/* The query itself; a template filled in where its table is named. */
static int print_sql(const struct options *options, const struct query *query, struct error *error)
{
    struct database database = {.lock_fd = -1};
    const char *const *parameters = options->arguments.all + 1;
    size_t count = options->arguments.count - 1;
    struct buffer sql = {0};
    int result = 0;
    if (query_names_table(query, parameters, count)) {
        result = database_open_reader(&database, options->db, error);
        if (result == 0) result = query_expand(database.handle, query, parameters, count, &sql, error);
    } else {
        buffer_text(&sql, query->sql);
    }
    if (result == 0) terminal_copy(buffer_view(&sql), stdout);
    database_close(&database);
    buffer_free(&sql);
    return result;
}

int command_query(const struct options *options, struct error *error)
{
    struct query_set *set = NULL;
    const struct query *query;
    int result = check_chart(options, error);
    if (result == 0) result = query_set_open(options->queries, &set, error);
    if (result == 0 && options->arguments.count == 0 && options->help) {
        options_command_help(options->command, stdout);
        query_names(set, stdout);
    } else if (result == 0 && options->arguments.count == 0) {
        query_list(set, stdout);
    } else if (result == 0) {
        result = query_find(set, options->arguments.all[0], &query, error);
        if (result == 0 && options->help) {
            query_help(query, stdout);
        } else if (result == 0 && options->sql) {
            result = print_sql(options, query, error);
        } else if (result == 0) {
            result = answer(options, query, error);
        }
    }
    query_set_close(set);
    return result ? result : check_output(stdout, error);
}
