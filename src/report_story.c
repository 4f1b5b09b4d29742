#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/progress.h"
#include "html.h"
#include "report_parts.h"

/* How many tables have their columns shown: each is read from its first change to its last. */
enum { MOST_TABLES = 12 };

#define FROM_SUMS "Answered from the sums that the loader keeps."
#define FROM_ALL "Counted by reading all changes."

struct section {
    const char *id, *title, *words, *cost, *query, *more;
    bool of_holding;
    struct picture picture;
};

static const struct section sections[] = {
    {"changes",
     "Changes over time",
     "What happened to all tables, by the commit time at the source. A period without an event is absent.",
     FROM_ALL,
     "activity",
     NULL,
     false,
     {"Inserts, updates, deletes and rows of snapshots over time", 1, {2, 3, 4, 5}, 4, true}},
    {"sold-per-period",
     "The most sold stock of each period",
     "How often the stock that was sold most often was sold. A period without a sale is absent.",
     FROM_SUMS,
     "most_sold_stock_per_period",
     NULL,
     true,
     {"Sales of the most sold stock over time", 2, {2}, 1, true}},
    {"sold",
     "Most sold stocks",
     "How often each was sold. A sale is a switch to another stock, a smaller quantity, or a delete.",
     FROM_SUMS,
     "most_sold_stocks",
     NULL,
     true,
     {"Sales of each stock", 1, {1}, 1, false}},
    {"users",
     "Busiest users",
     "Inserts, updates and deletes of each user's holdings.",
     FROM_ALL,
     "user_activity",
     NULL,
     true,
     {"Changes of each user", 1, {1, 2, 3}, 3, false}},
    {"stock-changes",
     "Who changes stock or quantity",
     "Updates in which a user's stock or quantity changed.",
     FROM_SUMS,
     "stock_change_counts",
     NULL,
     true,
     {"Updates of each user that changed stock or quantity", 1, {3}, 1, false}},
};

static void begin_section(struct report *report, const char *id, const char *title, const char *words,
                          const char *cost)
{
    buffer_printf(report->out,
                  "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s</h2>\n", id, id,
                  id, title);
    buffer_printf(report->out, "<p>%s <span class=\"cost\">%s</span></p>\n", words, cost);
}

static int tell(struct report *report, const struct section *section)
{
    struct answer answer;
    int result = report_ask(report, section->query, section->more, &answer);
    if (result == 0) {
        begin_section(report, section->id, section->title, section->words, section->cost);
        result = report_answer(report, &answer, &section->picture, section->picture.title);
        buffer_text(report->out, "</section>\n");
    }
    answer_free(&answer);
    return result;
}

static int tell_columns(struct report *report, const char *table)
{
    static const struct picture picture = {"Changes of each column", 1, {1}, 1, false};
    struct answer answer = {0};
    struct buffer argument = {0}, caption = {0};
    buffer_printf(&argument, "table=%s", table);
    buffer_printf(&caption, "Changes of each column of %s", table);
    int result = buffer_failed(&argument)
                     ? error_memory(report->error)
                     : report_ask(report, "column_changes", buffer_string(&argument), &answer);
    if (result == 0) {
        buffer_text(report->out, "<h3>");
        html_clipped(report->out, slice_of(table), 120);
        buffer_text(report->out, "</h3>\n");
        result = report_answer(report, &answer, &picture, buffer_string(&caption));
    }
    report->out->failed |= buffer_failed(&argument) || buffer_failed(&caption);
    answer_free(&answer);
    buffer_free(&argument);
    buffer_free(&caption);
    return result;
}

/* The tables with the most changes. */
static int tell_tables(struct report *report)
{
    struct answer tables;
    size_t count = catalog_count(report->catalog);
    int result = report_ask_sql(report, "tables",
                                "SELECT name FROM captured_table ORDER BY changes DESC, table_id LIMIT 12",
                                NULL, &tables);
    if (result == 0) {
        begin_section(report, "columns", "How each column changes",
                      "Updates that changed it, with the first and the last of them.", FROM_ALL);
        if (count > MOST_TABLES)
            buffer_printf(report->out, "<p>The %d tables with the most changes, of %zu.</p>\n", MOST_TABLES,
                          count);
    }
    for (size_t i = 0; i < tables.rows.rows && result == 0; i++) {
        struct buffer name = {0};
        buffer_slice(&name, result_text(&tables.rows, i, 0));
        result = tell_columns(report, buffer_string(&name));
        buffer_free(&name);
    }
    if (result == 0) buffer_text(report->out, "</section>\n");
    answer_free(&tables);
    return result;
}

int report_story(struct report *report)
{
    const struct captured_table *holding = catalog_named(report->catalog, "holding");
    if (catalog_count(report->catalog) == 0) {
        buffer_text(report->out, "<p class=\"none\">No change has been loaded yet.</p>\n");
        return 0;
    }
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        if (sections[i].of_holding && !(holding && holding->sale_views)) continue;
        if (tell(report, &sections[i])) return -1;
    }
    return tell_tables(report);
}
