#include <stdio.h>
#include <string.h>

#include "cdclite/buffer.h"
#include "cdclite/database.h"
#include "cdclite/log.h"
#include "cdclite/progress.h"
#include "cdclite/terminal.h"
#include "cdclite/time_text.h"
#include "cdclite/verify.h"
#include "commands.h"

enum { TERMINAL_MS = 250, LOG_MS = 10000 };

struct report {
    bool quiet, terminal, json, no_texts;
    int64_t shown_ms;
    struct buffer findings; /* of JSON, which is printed when it is whole */
};

/* `name` is put in front of the value. */
static void append_json(struct buffer *out, const char *name, const char *text)
{
    buffer_printf(out, "%s: ", name);
    buffer_json(out, slice_of(text));
}

static void print_finding(void *context, const struct finding *finding)
{
    struct report *report = context;
    if (report->json) {
        buffer_text(&report->findings, report->findings.size ? ",\n  {" : "\n  {");
        append_json(&report->findings, "\"check\"", finding->check);
        append_json(&report->findings, ", \"where\"", finding->where);
        append_json(&report->findings, ", \"what\"", finding->what);
        buffer_char(&report->findings, '}');
        return;
    }
    if (report->terminal) log_progress(NULL);
    printf("%s: ", finding->check);
    terminal_write(finding->where, stdout);
    fputs(": ", stdout);
    terminal_write(finding->what, stdout);
    putchar('\n');
    fflush(stdout);
}

static void show_progress(void *context, const char *doing, int64_t done, int64_t of)
{
    struct report *report = context;
    int64_t now = time_passing_ms();
    char line[256], percent[32] = "";
    if (report->quiet || now - report->shown_ms < (report->terminal ? TERMINAL_MS : LOG_MS)) return;
    report->shown_ms = now;
    if (of > 0) snprintf(percent, sizeof percent, ": %.0f%%", 100.0 * (double)done / (double)of);
    snprintf(line, sizeof line, "verifying %s%s", doing, percent);
    if (report->terminal)
        log_progress(line);
    else
        log_write(LOG_INFO, "%s", line);
}

static void print_json(const struct database *database, const struct report *report,
                       const struct verify_totals *totals)
{
    struct buffer out = {0};
    append_json(&out, "{\"database\"", database->path);
    buffer_printf(&out, ", \"tables\": %lld, \"changes\": %lld, \"text_bytes\": %lld,\n \"findings\": [",
                  (long long)totals->tables, (long long)totals->changes, (long long)totals->text_bytes);
    buffer_slice(&out, buffer_view(&report->findings));
    buffer_text(&out, "]}\n");
    fwrite(out.at, 1, out.size, stdout);
    buffer_free(&out);
}

static void print_verified(const struct database *database, const struct verify_totals *totals)
{
    char tables[32], changes[32], bytes[32];
    terminal_write(database->path, stdout);
    printf(": verified: %s tables, %s changes, %s bytes of text\n", number_text(totals->tables, tables),
           number_text(totals->changes, changes), number_text(totals->text_bytes, bytes));
}

static int verify(struct database *database, struct report *report, struct error *error)
{
    struct verify_totals totals;
    const struct verify_watch watch = {print_finding, show_progress, report, report->no_texts};
    char number[32];
    int result = verify_database(database, &watch, &totals, error);
    if (report->terminal && !report->quiet) log_progress(NULL);
    if (result) return -1;
    if (report->json)
        print_json(database, report, &totals);
    else if (totals.findings == 0)
        print_verified(database, &totals);
    if (check_output(stdout, error)) return -1;
    if (totals.findings == 0) return 0;
    return error_set(error, ERROR_FAILURE, "%s: %s finding%s: not all is as it was loaded", database->path,
                     number_text(totals.findings, number), totals.findings == 1 ? "" : "s");
}

int command_verify(const struct options *options, struct error *error)
{
    struct database database = {.lock_fd = -1};
    struct report report = {
        .quiet = options->quiet, .terminal = log_can_redraw(), .no_texts = options->no_text};
    if (options->arguments.count)
        return error_set(error, ERROR_USAGE, "'%s': verify takes options only; name a database with --db",
                         options->arguments.all[0]);
    report.json = options->format && strcmp(options->format, "json") == 0;
    if (options->format && !report.json && strcmp(options->format, "text") != 0)
        return error_set(error, ERROR_USAGE, "--format %s: verify is text or json", options->format);
    report.shown_ms = time_passing_ms();
    int result = database_open_reader(&database, options->db, error);
    if (result == 0) result = verify(&database, &report, error);
    buffer_free(&report.findings);
    database_close(&database);
    return result;
}
