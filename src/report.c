#include "cdclite/report.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "cdclite/embedded.h"
#include "cdclite/progress.h"
#include "cdclite/time_text.h"
#include "html.h"
#include "report_parts.h"

/* No browser runs or fetches anything but these two texts: their SHA-256, which tests/report compares. */
static const char style_hash[] = "gyaNwGtP90Mv+h4asI0cx7x/FzewuunSFLw1lf9Va8w=",
                  script_hash[] = "uoSz2hRjwVr24yX3I4iGdHuvbsL3W/SBqzvuJ9rLztI=";

static const struct query_parameter parameters[] = {
    {"from", PARAMETER_TIME, "", false, "from this time on (default: all)"},
    {"to", PARAMETER_TIME, "", false, "before this time (default: all)"},
    {"period", PARAMETER_CHOICE, "day|week|month|year", false, "what to count by (default: what fits)"},
    {"time", PARAMETER_CHOICE, "commit|row", false,
     "by commit time, or by the row's own datetime_updated (default: commit)"},
};
const struct query report_arguments = {.name = "report",
                                       .file = "report",
                                       .parameters = parameters,
                                       .parameter_count = sizeof parameters / sizeof *parameters};

static const char *argument_of(const struct report *report, const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < report->count; i++)
        if (strncmp(report->arguments[i], name, size) == 0 && report->arguments[i][size] == '=')
            return report->arguments[i] + size + 1;
    return NULL;
}

static int bound(const struct report *report, const char *name, const char *sql, int64_t *moment)
{
    const char *given = argument_of(report, name);
    if (given && time_parse(given, moment) == 0) return 0;
    return database_integer(report->database->handle, sql, 0, moment, report->error);
}

/* The given period, or the shortest that comes to no more than MOST; by the rows' own times a month. */
static int choose_period(struct report *report)
{
    enum { MOST = 62 };
    int64_t from, to;
    const char *given = argument_of(report, "period"), *time = argument_of(report, "time"), *chosen = "year";
    if (bound(report, "from", "SELECT min(least_changed_at) FROM batch", &from) ||
        bound(report, "to", "SELECT max(greatest_changed_at) FROM batch", &to))
        return -1;
    /* Of the rows' own times nothing is known without reading them. */
    bool by_row = time && strcmp(time, "row") == 0;
    double days = ((double)to - (double)from) / 86400e6;
    if (by_row || days <= MOST * 30.4) chosen = "month";
    if (!by_row && days <= MOST * 7) chosen = "week";
    if (!by_row && days <= MOST) chosen = "day";
    snprintf(report->period, sizeof report->period, "period=%s", given ? given : chosen);
    return 0;
}

/* To the second. */
static void append_moment(struct buffer *out, int64_t moment)
{
    char text[TIME_TEXT_SIZE];
    time_format(moment, UNIT_TIMESTAMP_US, false, text);
    char *fraction = strchr(text, '.'), *behind = strchr(text, ' ');
    if (fraction) *fraction = '\0';
    buffer_printf(out, "<time>%sZ%s</time>", text, behind ? " BC" : "");
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void append_head(struct report *report)
{
    struct buffer *out = report->out;
    buffer_text(out, REPORT_START CDCLITE_VERSION "\">\n");
    buffer_printf(
        out,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-%s'; "
        "script-src 'sha256-%s'; base-uri 'none'; form-action 'none'\">\n",
        style_hash, script_hash);
    buffer_text(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<meta name=\"referrer\" content=\"no-referrer\">\n<title>What happened: ");
    html_text(out, slice_of(name_of(report->path)));
    buffer_printf(out, "</title>\n<style>%s</style>\n</head>\n", embedded_find("report/report.css")->text);
}

static int append_span(struct report *report)
{
    sqlite3_stmt *row;
    char number[32];
    struct buffer *out = report->out;
    if (database_prepare(report->database->handle,
                         "SELECT coalesce(sum(changes), 0), min(least_changed_at), max(greatest_changed_at), "
                         "max(loaded_at)"
                         " FROM batch",
                         &row, report->error))
        return -1;
    int code = sqlite3_step(row);
    size_t tables = catalog_count(report->catalog);
    buffer_printf(out, "<p>%s changes", number_text(sqlite3_column_int64(row, 0), number));
    buffer_printf(out, " of %s table%s", number_text((int64_t)tables, number), tables == 1 ? "" : "s");
    if (sqlite3_column_type(row, 1) == SQLITE_INTEGER) {
        buffer_text(out, ", committed from ");
        append_moment(out, sqlite3_column_int64(row, 1));
        buffer_text(out, " to ");
        append_moment(out, sqlite3_column_int64(row, 2));
    }
    if (sqlite3_column_type(row, 3) == SQLITE_INTEGER) {
        buffer_text(out, " and loaded until ");
        append_moment(out, sqlite3_column_int64(row, 3));
    }
    buffer_text(out, ".</p>\n");
    sqlite3_finalize(row);
    return code == SQLITE_ROW ? 0 : database_fail(report->database->handle, report->error, report->path);
}

static int append_header(struct report *report)
{
    struct buffer *out = report->out;
    buffer_text(out, "<body>\n<header>\n<h1>What happened in ");
    html_text(out, slice_of(name_of(report->path)));
    buffer_text(out, "</h1>\n");
    if (append_span(report)) return -1;
    if (report->count) {
        buffer_text(out, "<p>Asked with");
        for (size_t i = 0; i < report->count; i++) {
            buffer_text(out, " <code>");
            html_text(out, slice_of(report->arguments[i]));
            buffer_text(out, "</code>");
        }
        buffer_text(out, ", where a question takes it.</p>\n");
    }
    return 0;
}

/* To each section that there is. */
static void append_links(struct buffer *out, const struct buffer *body)
{
    static const char begin[] = "<section id=\"", title[] = "-title\">";
    const char *at = body->at ? body->at : "";
    buffer_text(out, "<nav aria-label=\"Sections\"><ul>\n");
    while ((at = strstr(at, begin))) {
        at += sizeof begin - 1;
        int size = (int)strcspn(at, "\"");
        const char *text = strstr(strstr(at, "<h2"), title) + sizeof title - 1;
        buffer_printf(out, "<li><a href=\"#%.*s\">%.*s</a></li>\n", size, at, (int)strcspn(text, "<"), text);
    }
    buffer_text(out, "</ul></nav>\n</header>\n");
}

static void append_footer(struct buffer *out)
{
    buffer_text(out, "</main>\n<footer>\n<p>Written ");
    append_moment(out, time_now());
    buffer_printf(out,
                  " by cdclite %s. Times are UTC. This page holds all that it shows, and loads nothing.</p>\n"
                  "<p id=\"said\" class=\"unseen\" "
                  "role=\"status\"></p>\n</footer>\n<script>%s</script>\n</body>\n</html>\n",
                  CDCLITE_VERSION, embedded_find("report/report.js")->text);
}

static int write_page(struct report *report)
{
    struct buffer *out = report->out, body = {0};
    append_head(report);
    if (append_header(report)) return -1;
    report->out = &body;
    int result = report_story(report);
    if (result == 0) result = report_health(report);
    report->out = out;
    if (result == 0) buffer_string(&body);
    if (result == 0 && buffer_failed(&body)) result = error_memory(report->error);
    if (result == 0) {
        append_links(out, &body);
        buffer_text(out, "<main>\n");
        buffer_slice(out, buffer_view(&body));
        append_footer(out);
        if (buffer_failed(out)) result = error_memory(report->error);
    }
    buffer_free(&body);
    return result;
}

int report_page(struct database *database, const char *path, const char *const *arguments, size_t count,
                struct buffer *out, struct error *error)
{
    struct report report = {.database = database,
                            .path = path,
                            .arguments = arguments,
                            .count = count,
                            .out = out,
                            .error = error};
    if (query_check(&report_arguments, arguments, count, error)) return -1;
    int result = database_run(database->handle, "BEGIN", error);
    if (result == 0) result = query_set_open(NULL, &report.set, error);
    if (result == 0) result = catalog_open(database->handle, NULL, &report.catalog, error);
    if (result == 0) result = choose_period(&report);
    if (result == 0) result = write_page(&report);
    catalog_close(report.catalog);
    query_set_close(report.set);
    return result;
}
