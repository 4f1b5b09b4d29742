#include <ctype.h>
#include <string.h>

#include "cdclite/query.h"
#include "commands.h"
#include "display_text.h"
#include "option_table.h"

/* The manual page, in the macros of man(7), from the tables that --help prints. */

/* One character of a text, so that roff takes nothing in it for its own. */
static void append_character(struct buffer *out, struct slice text, size_t *size)
{
    static const struct {
        char plain;
        const char *roff;
    } escapes[] = {{'\\', "\\e"},  {'-', "\\-"},    {'^', "\\(ha"}, {'~', "\\(ti"},
                   {'`', "\\(ga"}, {'\'', "\\(aq"}, {'"', "\\(dq"}};
    int32_t code = utf8_at(text, size);
    if (code >= 0x80) {
        buffer_printf(out, "\\[u%04X]", (unsigned)code);
        return;
    }
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
        if (*text.at == escapes[i].plain) {
            buffer_text(out, escapes[i].roff);
            return;
        }
    buffer_char(out, *text.at);
}

static void append_escaped(struct buffer *out, struct slice text)
{
    if (text.size && *text.at == '.') buffer_text(out, "\\&");
    for (size_t size; text.size; text = (struct slice){text.at + size, text.size - size})
        append_character(out, text, &size);
}

static void append_text(struct buffer *out, const char *text)
{
    append_escaped(out, slice_of(text));
}

/* The lines as paragraphs' text, which roff fills; or, with the indent of two cut, as an example, as it is.
 */
static void append_lines(struct buffer *out, const char *lines)
{
    for (size_t size; *lines; lines += size + (lines[size] == '\n')) {
        size = strcspn(lines, "\n");
        size_t indent = strspn(lines, " ");
        if (indent > 2) indent = 2;
        if (size == 0) {
            buffer_text(out, ".PP\n");
            continue;
        }
        append_escaped(out, (struct slice){lines + indent, size - indent});
        buffer_char(out, '\n');
    }
}

static void append_example(struct buffer *out, const char *lines)
{
    buffer_text(out, ".PP\n.RS 4\n.EX\n");
    append_lines(out, lines);
    buffer_text(out, ".EE\n.RE\n");
}

/* "query, status": the commands that take it. */
static void append_commands(struct buffer *out, const struct option *option)
{
    const char *between = "";
    if ((option->commands & COMMAND_ALL) == COMMAND_ALL) {
        buffer_text(out, "all commands");
        return;
    }
    for (const struct command *command = commands; command->name; command++) {
        if (!(option->commands & command->bit)) continue;
        buffer_text(out, between);
        append_text(out, command->name);
        between = ", ";
    }
}

static void append_option(struct buffer *out, const struct option *option)
{
    char variable[OPTION_VARIABLE_SIZE];
    buffer_text(out, ".TP\n");
    if (option->letter) buffer_printf(out, "\\fB\\-%c\\fR, ", option->letter);
    buffer_text(out, "\\fB\\-\\-");
    append_text(out, option->name);
    buffer_text(out, "\\fR");
    if (option->argument) {
        buffer_text(out, " \\fI");
        append_text(out, option->argument);
        buffer_text(out, "\\fR");
    }
    buffer_char(out, '\n');
    append_text(out, option->help);
    if (option->otherwise) {
        buffer_text(out, " (default: ");
        append_text(out, option->otherwise);
        buffer_char(out, ')');
    }
    buffer_text(out, ".\nOf ");
    append_commands(out, option);
    if (option->commands & OPTION_LASTING)
        buffer_printf(out, "; \\fB%s\\fR in the environment", option_variable(option, variable));
    buffer_text(out, ".\n");
}

static void append_command(struct buffer *out, const struct command *command)
{
    buffer_text(out, ".SS cdclite ");
    append_text(out, command->name);
    if (*command->arguments) {
        buffer_char(out, ' ');
        append_text(out, command->arguments);
    }
    buffer_char(out, '\n');
    append_text(out, command->summary);
    buffer_text(out, ".\n.PP\n");
    append_lines(out, command->details);
    append_example(out, command->examples);
}

static void append_queries(struct buffer *out, const struct query_set *set)
{
    buffer_text(out, ".SH QUERIES\n");
    for (size_t i = 0; i < query_count(set); i++) {
        const struct query *query = query_at(set, i);
        buffer_text(out, ".TP\n\\fB");
        append_text(out, query->name);
        buffer_text(out, "\\fR");
        for (size_t k = 0; k < query->parameter_count; k++) {
            buffer_text(out, query->parameters[k].required ? " " : " [");
            append_text(out, query->parameters[k].name);
            buffer_text(out, query->parameters[k].required ? "=\\fIVALUE\\fR" : "=\\fIVALUE\\fR]");
        }
        buffer_char(out, '\n');
        append_text(out, query->purpose);
        buffer_char(out, '\n');
    }
}

static void append_page(struct buffer *out, const struct query_set *set)
{
    buffer_printf(out, ".TH CDCLITE 1 \"\" \"cdclite %s\" \"User Commands\"\n", CDCLITE_VERSION);
    buffer_text(out,
                ".SH NAME\ncdclite \\- Debezium change events into a text log and an append\\-only SQLite "
                "history\n.SH SYNOPSIS\n\\fBcdclite\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n"
                ".SH DESCRIPTION\nLoads Debezium change events, from Kafka, files and pipes, into a text log "
                "and an\nappend\\-only change history in one SQLite file, each exactly once, and answers "
                "questions on it.\n.SH COMMANDS\n"
                "Options may stand anywhere.\n");
    for (const struct command *command = commands; command->name; command++) append_command(out, command);
    buffer_text(out, ".SH OPTIONS\n");
    for (const struct option *option = option_table; option->name; option++) append_option(out, option);
    append_queries(out, set);
    buffer_text(out,
                ".SH ENVIRONMENT\n"
                "Options that name a variable are set by it, too; the command line counts most, then the\n"
                "files of \\fB\\-\\-property\\-file\\fR, then the environment.\n"
                ".TP\n\\fBCDCLITE_KAFKA_\\fR...\n"
                "Properties of librdkafka: \\fBCDCLITE_KAFKA_SASL_PASSWORD\\fR is sasl.password.\n"
                ".TP\n\\fBNO_COLOR\\fR\nWhen set and not empty: no color, unless \\fB\\-\\-color\\fR says "
                "otherwise.\n");
    buffer_text(out,
                ".SH FILES\n.TP\n\\fIhistory.db\\fR\nThe change history, an SQLite database.\n"
                ".TP\n\\fIoutput_data.txt\\fR\nThe text log: a line a changed field.\n"
                ".TP\nproperty files (\\fB\\-F\\fR)\n"
                "A line \\fIkey\\fR=\\fIvalue\\fR sets a property of librdkafka, a line\n"
                "cdclite.\\fINAME\\fR=\\fIVALUE\\fR an option that the environment may set, too; true or "
                "false for\none without a value. Repeated lines of an option that repeats add up. Empty "
                "lines and lines\nthat begin with # are passed over.\n");
    append_example(
        out, "  # cdclite.properties\n  bootstrap.servers=kafka:9093\n  security.protocol=SASL_SSL\n"
             "  cdclite.topic=bankserver1.bank_data.holding\n  cdclite.db=/var/lib/cdclite/history.db\n");
    buffer_text(out, ".SH EXIT STATUS\n");
    append_text(out, options_exit_codes);
    buffer_text(out, "\n.SH SEE ALSO\n\\fBsqlite3\\fR(1), \\fBkcat\\fR(1)\n");
}

int command_man(const struct options *options, struct error *error)
{
    struct query_set *set = NULL;
    struct buffer page = {0};
    int result = -1;
    if (options->arguments.count)
        return error_set(error, ERROR_USAGE, "'%s': man takes options only", options->arguments.all[0]);
    if (query_set_open(NULL, &set, error)) return -1;
    append_page(&page, set);
    if (buffer_failed(&page)) {
        error_memory(error);
        goto done;
    }
    fwrite(buffer_view(&page).at, 1, page.size, stdout);
    result = check_output(stdout, error);
done:
    buffer_free(&page);
    query_set_close(set);
    return result;
}
