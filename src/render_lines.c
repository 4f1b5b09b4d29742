#include <math.h>
#include <sqlite3.h>

#include "display_text.h"
#include "render_parts.h"

/* One result on its way out. */
struct lines {
    sqlite3_stmt *statement;
    enum render_format format;
    bool terminal;
    struct buffer line, text, shown;
};

static bool is_csv(const struct lines *lines)
{
    return lines->format == RENDER_CSV || lines->format == RENDER_CSV_SAFE;
}

/* "-12.50" and the like: what exact decimals are stored as. */
static bool is_number(struct slice text)
{
    size_t digits = 0, points = 0;
    for (size_t i = text.size && text.at[0] == '-'; i < text.size; i++) {
        if (text.at[i] == '.') {
            points++;
        } else if (text.at[i] >= '0' && text.at[i] <= '9') {
            digits++;
        } else {
            return false;
        }
    }
    return digits && points <= 1;
}

static bool is_formula(struct slice text)
{
    return text.size && text.at[0] && strchr("=+-@\t\r\n", text.at[0]) && !is_number(text);
}

static void append_csv(struct lines *lines, struct slice text, bool is_text)
{
    static const struct display safely = {.marked = "", .kept = "\n"};
    bool quoted = text.size == 0, guarded = lines->format == RENDER_CSV_SAFE && is_text && is_formula(text);
    for (size_t i = 0; i < text.size && !quoted; i++) quoted = strchr(",\"\r\n", text.at[i]) && text.at[i];
    if (lines->terminal) {
        buffer_clear(&lines->shown);
        display_append(&lines->shown, text, &safely);
        if (buffer_failed(&lines->shown)) lines->line.failed = true;
        text = buffer_view(&lines->shown);
    }
    if (quoted) buffer_char(&lines->line, '"');
    if (guarded) buffer_char(&lines->line, '\'');
    if (!quoted) {
        buffer_slice(&lines->line, text);
        return;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '"') buffer_char(&lines->line, '"');
        buffer_char(&lines->line, text.at[i]);
    }
    buffer_char(&lines->line, '"');
}

static void append_tsv(struct lines *lines, struct slice text)
{
    display_append(&lines->line, text,
                   &(struct display){.marked = "\\", .kept = "", .raw = !lines->terminal});
}

static void append_json_value(struct lines *lines, const struct value *value)
{
    struct slice text = buffer_view(&lines->text);
    if (value->type == VALUE_NULL) {
        buffer_text(&lines->line, "null");
    } else if (value->type == VALUE_INTEGER || (value->type == VALUE_REAL && isfinite(value->real))) {
        buffer_slice(&lines->line, text);
    } else {
        display_json(&lines->line, text);
    }
}

static void append_value(struct lines *lines, const struct value *value)
{
    struct slice text = buffer_view(&lines->text);
    switch (lines->format) {
    case RENDER_CSV:
    case RENDER_CSV_SAFE:
        if (value->type != VALUE_NULL) append_csv(lines, text, value->type == VALUE_TEXT);
        break;
    case RENDER_TSV:
        if (value->type == VALUE_NULL) {
            buffer_text(&lines->line, "\\N");
        } else {
            append_tsv(lines, text);
        }
        break;
    default: append_json_value(lines, value);
    }
}

static struct slice column_name(sqlite3_stmt *statement, int column)
{
    const char *name = sqlite3_column_name(statement, column);
    return slice_of(name ? name : "");
}

static void append_header(struct lines *lines)
{
    int columns = sqlite3_column_count(lines->statement);
    for (int i = 0; i < columns; i++) {
        if (i) buffer_char(&lines->line, is_csv(lines) ? ',' : '\t');
        struct slice name = column_name(lines->statement, i);
        if (is_csv(lines)) {
            append_csv(lines, name, true);
        } else {
            append_tsv(lines, name);
        }
    }
    buffer_char(&lines->line, '\n');
}

static int append_row(struct lines *lines, struct error *error)
{
    struct value value;
    bool object = lines->format == RENDER_JSON || lines->format == RENDER_JSONL;
    int columns = sqlite3_column_count(lines->statement);
    if (object) buffer_char(&lines->line, '{');
    for (int i = 0; i < columns; i++) {
        if (i) buffer_char(&lines->line, lines->format == RENDER_TSV ? '\t' : ',');
        if (object) {
            display_json(&lines->line, column_name(lines->statement, i));
            buffer_char(&lines->line, ':');
        }
        if (render_value(lines->statement, i, &value, &lines->text, error)) return -1;
        append_value(lines, &value);
    }
    if (object) buffer_char(&lines->line, '}');
    /* Whether a comma follows is known with the next row. */
    if (lines->format != RENDER_JSON) buffer_char(&lines->line, '\n');
    return 0;
}

static int print_lines(struct lines *lines, FILE *out, struct error *error)
{
    /* The first step may prepare the statement anew and change its columns: it goes before the header. */
    int more = render_step(lines->statement, error);
    bool array = lines->format == RENDER_JSON, first = true;
    if (more < 0) return -1;
    if (is_csv(lines) || lines->format == RENDER_TSV) append_header(lines);
    if (array) buffer_char(&lines->line, '[');
    for (; more > 0; more = render_step(lines->statement, error)) {
        if (array) buffer_text(&lines->line, first ? "\n" : ",\n");
        first = false;
        if (append_row(lines, error) || render_write(out, &lines->line, error)) return -1;
    }
    if (more < 0) return -1;
    if (array) buffer_text(&lines->line, first ? "]\n" : "\n]\n");
    return render_write(out, &lines->line, error);
}

int render_lines(sqlite3_stmt *statement, enum render_format format, FILE *out, bool terminal,
                 struct error *error)
{
    struct lines lines = {.statement = statement, .format = format, .terminal = terminal};
    int result = print_lines(&lines, out, error);
    buffer_free(&lines.line);
    buffer_free(&lines.text);
    buffer_free(&lines.shown);
    return result;
}
