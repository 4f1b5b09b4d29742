#include <ctype.h>

#include "cdclite/color.h"
#include "display_text.h"
#include "query_parts.h"

/* A user's own files are shown here: nothing in them steers the terminal. */
static void append_safely(struct buffer *out, const char *text)
{
    display_append(out, slice_of(text), &(struct display){.marked = "", .kept = "\n"});
}

static const char *placeholder(const struct query_parameter *parameter)
{
    switch (parameter->type) {
    case PARAMETER_INTEGER: return "INTEGER";
    case PARAMETER_TIME: return "TIME";
    case PARAMETER_TEXT: return "TEXT";
    case PARAMETER_CHOICE: return parameter->choices;
    case PARAMETER_TABLE: return "TABLE";
    case PARAMETER_KEY: return "KEY";
    case PARAMETER_ANY: break;
    }
    return "VALUE";
}

static size_t parameter_width(const struct query_parameter *parameter)
{
    return strlen(parameter->name) + 1 + strlen(placeholder(parameter));
}

static void append_parameters(struct buffer *out, const struct query *query, const char *indent)
{
    size_t widest = 0;
    for (size_t i = 0; i < query->parameter_count; i++)
        if (parameter_width(&query->parameters[i]) > widest) widest = parameter_width(&query->parameters[i]);
    for (size_t i = 0; i < query->parameter_count; i++) {
        const struct query_parameter *parameter = &query->parameters[i];
        buffer_text(out, indent);
        append_safely(out, parameter->name);
        buffer_char(out, '=');
        append_safely(out, placeholder(parameter));
        if (parameter->description[0]) {
            buffer_printf(out, "%*s", (int)(widest - parameter_width(parameter) + 2), "");
            append_safely(out, parameter->description);
        }
        buffer_char(out, '\n');
    }
}

static void append_indented(struct buffer *out, const char *lines)
{
    for (size_t size; *lines; lines += size) {
        size = strcspn(lines, "\n") + 1;
        buffer_text(out, "  ");
        display_append(out, (struct slice){lines, size}, &(struct display){.marked = "", .kept = "\n"});
    }
}

static void print(struct buffer *out, FILE *stream)
{
    fwrite(buffer_view(out).at, 1, out->size, stream);
    buffer_free(out);
}

static void append_heading(struct buffer *out, const char *text, FILE *stream)
{
    buffer_text(out, color_begin(COLOR_BOLD, stream));
    append_safely(out, text);
    buffer_text(out, color_end(stream));
}

void query_list(const struct query_set *set, FILE *stream)
{
    struct buffer out = {0};
    buffer_text(&out, "cdclite query NAME [PARAMETER=VALUE]… answers one of these; NAME --help says more.\n");
    for (size_t i = 0; i < query_count(set); i++) {
        const struct query *query = query_at(set, i);
        buffer_char(&out, '\n');
        append_heading(&out, query->name, stream);
        if (!query->built_in) {
            buffer_text(&out, "  (");
            append_safely(&out, query->file);
            buffer_char(&out, ')');
        }
        buffer_char(&out, '\n');
        if (query->purpose[0]) {
            buffer_text(&out, "  ");
            append_safely(&out, query->purpose);
            buffer_char(&out, '\n');
        }
        append_parameters(&out, query, "    ");
    }
    print(&out, stream);
}

void query_names(const struct query_set *set, FILE *stream)
{
    struct buffer out = {0};
    buffer_char(&out, '\n');
    append_heading(&out, "Queries:", stream);
    buffer_char(&out, '\n');
    for (size_t i = 0; i < query_count(set); i++) {
        const struct query *query = query_at(set, i);
        size_t size = strlen(query->name);
        buffer_text(&out, "  ");
        append_safely(&out, query->name);
        if (query->purpose[0]) {
            buffer_printf(&out, "%*s", size < 27 ? (int)(28 - size) : 1, "");
            append_safely(&out, query->purpose);
        }
        buffer_char(&out, '\n');
    }
    buffer_text(&out, "cdclite help query NAME says more about one.\n");
    print(&out, stream);
}

/* A word as the shell reads it. */
static void append_shell_word(struct buffer *out, struct slice text)
{
    bool plain = text.size > 0;
    for (size_t i = 0; i < text.size && plain; i++)
        plain = isalnum((unsigned char)text.at[i]) || (text.at[i] && strchr("_-.:/+,%@", text.at[i]));
    if (!plain) buffer_char(out, '\'');
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '\'') {
            buffer_text(out, "'\\''");
        } else {
            buffer_char(out, text.at[i]);
        }
    }
    if (!plain) buffer_char(out, '\'');
}

/* The value of a `.parameter set` line: "'2025-01-31'" is the text in it. */
static struct slice unquoted(struct slice value)
{
    static const char quotes[] = "\"'";
    for (const char *quote = quotes; *quote; quote++)
        if (value.size >= 2 && value.at[0] == *quote && value.at[value.size - 1] == *quote)
            value = (struct slice){value.at + 1, value.size - 2};
    return value;
}

/* `.parameter set :from "'2025-01-31'"` as from=2025-01-31 */
static void append_setting(struct buffer *out, struct slice line)
{
    static const char command[] = ".parameter set :";
    if (!slice_starts(line, command)) return;
    const char *name = line.at + sizeof command - 1, *end = line.at + line.size;
    const char *space = memchr(name, ' ', (size_t)(end - name));
    if (!space) return;
    buffer_char(out, ' ');
    buffer_append(out, name, (size_t)(space - name));
    buffer_char(out, '=');
    append_shell_word(out, unquoted((struct slice){space + 1, (size_t)(end - space) - 1}));
}

/* The table of `.shell cdclite query NAME table=holding --sql > FILE`, which fills the template in. */
static void append_table(struct buffer *out, const struct query *query)
{
    const char *parameter = query_table_parameter(query)->name;
    struct buffer given = {0};
    buffer_printf(&given, " %s=", parameter);
    const char *at = strstr(query->shell, buffer_string(&given));
    if (at) {
        buffer_text(out, buffer_string(&given));
        at += given.size;
        append_shell_word(out, (struct slice){at, strcspn(at, " \n")});
    }
    buffer_free(&given);
}

/* With the values that the file itself gives as an example, else with what cannot be left out. */
static void append_example(struct buffer *out, const struct query *query)
{
    struct buffer words = {0};
    append_shell_word(&words, slice_of(query->name));
    if (query->shell[0] && query_table_parameter(query)) append_table(&words, query);
    for (const char *line = query->shell; *line; line += strcspn(line, "\n") + 1)
        append_setting(&words, (struct slice){line, strcspn(line, "\n")});
    for (size_t i = 0; i < query->parameter_count && !query->shell[0]; i++) {
        if (!query->parameters[i].required) continue;
        buffer_printf(&words, " %s=", query->parameters[i].name);
        append_shell_word(&words, slice_of(placeholder(&query->parameters[i])));
    }
    buffer_text(out, "  cdclite query ");
    append_safely(out, buffer_string(&words));
    buffer_char(out, '\n');
    buffer_free(&words);
}

static void append_shell(struct buffer *out, const struct query *query)
{
    if (query->shell[0]) {
        append_indented(out, query->shell);
        return;
    }
    if (query_table_parameter(query)) {
        buffer_text(out, "  .shell cdclite query ");
        append_safely(out, query->name);
        buffer_printf(out, " %s=TABLE --sql > filled.sql\n  .read filled.sql\n",
                      query_table_parameter(query)->name);
        return;
    }
    buffer_text(out, "  .read ");
    append_safely(out, query->file);
    buffer_char(out, '\n');
}

void query_help(const struct query *query, FILE *stream)
{
    struct buffer out = {0};
    buffer_text(&out, "cdclite query ");
    append_safely(&out, query->name);
    buffer_printf(&out, "%s\n\n", query->parameter_count ? " [PARAMETER=VALUE]…" : "");
    if (query->purpose[0]) {
        append_safely(&out, query->purpose);
        buffer_char(&out, '\n');
    }
    append_safely(&out, query->notes);
    if (query->purpose[0] || query->notes[0]) buffer_char(&out, '\n');
    if (query->parameter_count) {
        append_heading(&out, "Parameters (unset = the default):", stream);
        buffer_char(&out, '\n');
        append_parameters(&out, query, "  ");
        buffer_char(&out, '\n');
    }
    if (query->columns[0]) {
        append_heading(&out, "Columns:", stream);
        buffer_char(&out, '\n');
        append_indented(&out, query->columns);
        buffer_char(&out, '\n');
    }
    append_heading(&out, "Example:", stream);
    buffer_char(&out, '\n');
    append_example(&out, query);
    buffer_char(&out, '\n');
    append_heading(&out, "In the sqlite3 shell (sqlite3 -readonly history.db):", stream);
    buffer_char(&out, '\n');
    append_shell(&out, query);
    print(&out, stream);
}
