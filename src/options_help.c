#include <string.h>

#include "cdclite/buffer.h"
#include "cdclite/color.h"
#include "option_table.h"

enum { LEFT = 34, WIDTH = 110 };

const char options_exit_codes[] =
    "0 done, 1 failure (of verify: findings), 2 usage, 3 source (Kafka, input), 4 "
    "storage (database, text log).";

static void heading(const char *text, FILE *out)
{
    fprintf(out, "\n%s%s%s\n", color_begin(COLOR_BOLD, out), text, color_end(out));
}

/* Words from `column` on, the lines after the first begin at `indent`. */
static void print_wrapped(const char *text, size_t column, size_t indent, FILE *out)
{
    for (bool first = true; *text; first = false) {
        size_t size = strcspn(text, " ");
        if (!first && column + 1 + size > WIDTH) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            fputc(' ', out);
            column++;
        }
        fwrite(text, 1, size, out);
        column += size;
        text += size;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static void print_option(const struct option *option, FILE *out)
{
    char left[128], variable[OPTION_VARIABLE_SIZE];
    struct buffer text = {0};
    int size = snprintf(left, sizeof left, "  %c%c%s--%s%s%s", option->letter ? '-' : ' ',
                        option->letter ? option->letter : ' ', option->letter ? ", " : "  ", option->name,
                        option->argument ? " " : "", option->argument ? option->argument : "");
    buffer_text(&text, option->help);
    if (option->otherwise) buffer_printf(&text, " (default: %s)", option->otherwise);
    if (option->commands & OPTION_LASTING) buffer_printf(&text, " [%s]", option_variable(option, variable));
    /* One that is too long for its place has a line of its own. */
    if (size < LEFT)
        fprintf(out, "%-*s", LEFT, left);
    else
        fprintf(out, "%s\n%*s", left, LEFT, "");
    print_wrapped(buffer_string(&text), LEFT, LEFT, out);
    buffer_free(&text);
}

void options_help(FILE *out)
{
    fputs("cdclite loads Debezium change events into a text log and an append-only SQLite history, and "
          "answers\n"
          "questions on them.\n\n"
          "Usage: cdclite COMMAND [OPTIONS]\n",
          out);
    heading("Commands:", out);
    for (const struct command *command = commands; command->name; command++)
        fprintf(out, "  %-10s %s\n", command->name, command->summary);
    heading("Examples:", out);
    fputs("  cdclite demo\n"
          "  cdclite load --brokers localhost:9092 --topic bankserver1.bank_data.holding\n"
          "  cdclite load --input events.jsonl\n"
          "  cdclite query stock_change_counts\n"
          "  cdclite query most_sold_stocks from=2025-01-01 to=2025-02-01 --format csv\n"
          "  sqlite3 -readonly history.db\n\n"
          "cdclite COMMAND --help says more about one command, cdclite help query NAME about one query.\n\n",
          out);
    fputs("Exit codes: ", out);
    print_wrapped(options_exit_codes, strlen("Exit codes: "), 0, out);
}

void options_command_help(const struct command *command, FILE *out)
{
    fprintf(out, "cdclite %s: %s\n\nUsage: cdclite %s%s%s [OPTIONS]\n\n%s", command->name, command->summary,
            command->name, *command->arguments ? " " : "", command->arguments, command->details);
    heading("Options:", out);
    for (const struct option *option = option_table; option->name; option++)
        if (option->commands & command->bit) print_option(option, out);
    fputs("\nWhat stands in [brackets] sets the option in the environment", out);
    fputs(command->bit & COMMAND_DATA ? ", a line cdclite.NAME=VALUE in a file for -F;\nthe command line "
                                        "counts most, then the file.\n"
                                      : "; the command line counts more.\n",
          out);
    heading("Examples:", out);
    fputs(command->examples, out);
    fputs("\nExit codes: ", out);
    print_wrapped(options_exit_codes, strlen("Exit codes: "), 0, out);
}
