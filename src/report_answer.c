#include <sqlite3.h>
#include <string.h>

#include "cdclite/progress.h"
#include "html.h"
#include "report_parts.h"

/* Rows that are read, and of them those in the table; what a cell shows of a long text. */
enum { MOST_READ = 200000, MOST_SHOWN = 100, CELL_WIDTH = 160, LONG = 40 };

static int take_rows(void *context, sqlite3_stmt *statement, struct error *error)
{
    return result_read(statement, MOST_READ, context, error);
}

static bool takes(const struct query *query, const char *argument)
{
    for (size_t i = 0; i < query->parameter_count; i++) {
        size_t size = strlen(query->parameters[i].name);
        if (strncmp(argument, query->parameters[i].name, size) == 0 && argument[size] == '=') return true;
    }
    return false;
}

static void add_argument(struct answer *answer, const char *argument)
{
    if (argument && *argument && answer->count < MOST_ARGUMENTS && takes(&answer->query, argument))
        answer->arguments[answer->count++] = argument;
}

static int ask(struct report *report, struct answer *answer)
{
    return query_read(report->database->handle, &answer->query, answer->arguments, answer->count, take_rows,
                      &answer->rows, report->error);
}

int report_ask(struct report *report, const char *name, const char *more, struct answer *answer)
{
    const struct query *query;
    *answer = (struct answer){0};
    if (query_find(report->set, name, &query, report->error)) return -1;
    answer->query = *query;
    add_argument(answer, more);
    add_argument(answer, report->period);
    for (size_t i = 0; i < report->count; i++)
        if (strncmp(report->arguments[i], "period=", 7) != 0) add_argument(answer, report->arguments[i]);
    return ask(report, answer);
}

int report_ask_sql(struct report *report, const char *name, const char *sql, const char *command,
                   struct answer *answer)
{
    *answer = (struct answer){.query = {.name = name, .file = name, .sql = sql}, .command = command};
    return ask(report, answer);
}

void answer_free(struct answer *answer)
{
    result_free(&answer->rows);
}

static void append_cell(struct report *report, const struct result *rows, size_t row, size_t column)
{
    struct buffer *out = report->out;
    const struct result_cell *cell = result_cell(rows, row, column);
    const char *tag = column == 0 ? "th" : "td", *class = cell->size > LONG ? " class=\"long\"" : "";
    if (cell->type == VALUE_INTEGER || cell->type == VALUE_REAL) class = " class=\"n\"";
    if (cell->type == VALUE_NULL) class = " class=\"null\"";
    buffer_printf(out, "<%s%s%s>", tag, column == 0 ? " scope=\"row\"" : "", class);
    if (cell->type == VALUE_NULL)
        buffer_text(out, "NULL");
    else
        html_clipped(out, result_text(rows, row, column), CELL_WIDTH);
    buffer_printf(out, "</%s>", tag);
}

static void append_table(struct report *report, const struct result *rows, const char *caption)
{
    char number[32];
    struct buffer *out = report->out;
    size_t shown = rows->rows < MOST_SHOWN ? rows->rows : MOST_SHOWN;
    unsigned id = ++report->ids;
    buffer_printf(
        out, "<div class=\"scroll\" role=\"region\" aria-labelledby=\"i%u\" tabindex=\"0\">\n<table>\n", id);
    buffer_printf(out, "<caption id=\"i%u\">", id);
    html_text(out, slice_of(caption));
    if ((int64_t)shown < rows->count)
        buffer_printf(out, ": the first %zu of %s rows", shown, number_text(rows->count, number));
    buffer_text(out, "</caption>\n<thead><tr>");
    for (size_t i = 0; i < rows->columns; i++) {
        buffer_printf(out, "<th scope=\"col\"%s>",
                      result_is_numeric(rows, i)         ? " class=\"n\""
                      : result_name(rows, i).size > LONG ? " class=\"long\""
                                                         : "");
        html_clipped(out, result_name(rows, i), CELL_WIDTH);
        buffer_text(out, "</th>");
    }
    buffer_text(out, "</tr></thead>\n<tbody>\n");
    for (size_t row = 0; row < shown; row++) {
        buffer_text(out, "<tr>");
        for (size_t i = 0; i < rows->columns; i++) append_cell(report, rows, row, i);
        buffer_text(out, "</tr>\n");
    }
    buffer_text(out, "</tbody>\n</table>\n</div>\n");
}

/* A word of a command line, in quotes where a shell would read more in it. */
static void append_word(struct buffer *line, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+,@=:";
    bool quoted = !*word || word[strspn(word, plain)];
    buffer_text(line, quoted ? " '" : " ");
    for (; *word; word++) {
        if (*word == '\'')
            buffer_text(line, "'\\''");
        else
            buffer_char(line, *word);
    }
    buffer_text(line, quoted ? "'" : "");
}

static int append_query(struct report *report, const struct answer *answer)
{
    struct buffer *out = report->out, sql = {0}, line = {0};
    unsigned id = ++report->ids;
    if (query_expand(report->database->handle, &answer->query, answer->arguments, answer->count, &sql,
                     report->error)) {
        buffer_free(&sql);
        return -1;
    }
    buffer_text(&line, answer->command ? answer->command : "cdclite query ");
    if (!answer->command) buffer_text(&line, answer->query.name);
    for (size_t i = 0; i < answer->count; i++) append_word(&line, answer->arguments[i]);
    if (strcmp(report->path, "history.db") != 0) {
        buffer_text(&line, " --db");
        append_word(&line, report->path);
    }
    buffer_text(out, "<details>\n<summary>The query, to copy</summary>\n<p class=\"command\"><code>");
    html_text(out, buffer_view(&line));
    buffer_printf(
        out, "</code></p>\n<p><button type=\"button\" hidden data-text=\"i%u\">Copy SQL</button></p>\n", id);
    buffer_printf(out, "<pre tabindex=\"0\" role=\"region\" aria-label=\"SQL\"><code id=\"i%u\">", id);
    html_lines(out, buffer_view(&sql));
    buffer_text(out, "</code></pre>\n</details>\n");
    out->failed |= buffer_failed(&sql) || buffer_failed(&line);
    buffer_free(&sql);
    buffer_free(&line);
    return 0;
}

int report_answer(struct report *report, const struct answer *answer, const struct picture *picture,
                  const char *caption)
{
    buffer_text(report->out, "<div class=\"answer\">\n");
    if (answer->rows.rows == 0) {
        buffer_text(report->out, "<p class=\"none\">Nothing.</p>\n");
    } else {
        if (picture) report_picture(report, &answer->rows, picture);
        append_table(report, &answer->rows, caption);
    }
    int result = append_query(report, answer);
    buffer_text(report->out, "</div>\n");
    return result;
}
