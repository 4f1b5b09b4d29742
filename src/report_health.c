#include <sys/stat.h>

#include "html.h"
#include "report_parts.h"

/* What `cdclite status` shows, a table each. */
static const struct {
    const char *title, *name, *sql;
} figures[] = {
    {"What was loaded", "totals",
     "SELECT count(*) AS batches, coalesce(sum(changes), 0) AS changes, coalesce(sum(tombstones), 0) AS "
     "tombstones,\n"
     "       coalesce(sum(bookkeeping), 0) AS bookkeeping, coalesce(sum(rejected), 0) AS rejected,\n"
     "       coalesce(sum(redelivered), 0) AS redelivered\n"
     "FROM batch;\n"},
    {"Positions, and the lag seen with the last batch", "positions",
     "SELECT topic, partition, next_offset, end_offset, max(end_offset - next_offset, 0) AS lag\n"
     "FROM position\n"
     "ORDER BY topic, partition;\n"},
    {"Tables", "tables",
     "SELECT name AS \"table\", source_name AS source, changes\nFROM captured_table\nORDER BY table_id;\n"},
    {"Text logs", "texts",
     "SELECT name AS \"table\", path, committed_length AS bytes\nFROM text_log\nORDER BY name;\n"},
    {"Rejected events, by reason", "rejected",
     "SELECT reason, count(*) AS events\nFROM rejected_event\nGROUP BY reason\nORDER BY count(*) DESC, "
     "reason;\n"},
};

static long long size_of(const char *path, const char *suffix)
{
    struct stat status;
    struct buffer name = {0};
    buffer_printf(&name, "%s%s", path, suffix);
    long long size = stat(buffer_string(&name), &status) == 0 ? (long long)status.st_size : 0;
    buffer_free(&name);
    return size;
}

int report_health(struct report *report)
{
    struct buffer *out = report->out;
    int result = 0;
    buffer_text(out, "<section id=\"health\" aria-labelledby=\"health-title\">\n<h2 id=\"health-title\">Load "
                     "health</h2>\n");
    buffer_printf(
        out,
        "<p>As <code>cdclite status</code> shows it. The file has <span id=\"bytes\">%lld</span> bytes, its "
        "write-ahead log <span id=\"wal-bytes\">%lld</span>.</p>\n",
        size_of(report->database->path, ""), size_of(report->database->path, "-wal"));
    for (size_t i = 0; i < sizeof figures / sizeof *figures && result == 0; i++) {
        struct answer answer;
        result = report_ask_sql(report, figures[i].name, figures[i].sql, "cdclite status", &answer);
        if (result == 0) {
            buffer_printf(out, "<div id=\"%s\"><h3>%s</h3>\n", figures[i].name, figures[i].title);
            result = report_answer(report, &answer, NULL, figures[i].title);
            buffer_text(out, "</div>\n");
        }
        answer_free(&answer);
    }
    buffer_text(out, "</section>\n");
    return result;
}
