#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/progress.h"
#include "html.h"
#include "report_parts.h"

/* Lengths along the page are in percent and heights in pixels, so that text keeps its size on a phone. */
enum {
    MOST_BARS = 12,
    MOST_PERIODS = 400,
    BAR_HEIGHT = 36,
    PLOT_TOP = 22,
    PLOT_HEIGHT = 150,
    LABEL_WIDTH = 24,
    WIDEST = 7
};

/* One bar or column: the row that names it, and its numbers. */
struct mark {
    size_t row;
    double numbers[MOST_SERIES], sum;
};

struct marks {
    struct mark *all;
    size_t count, greatest;
    bool cut; /* there are more rows than are drawn */
    double totals[MOST_SERIES];
};

static bool is_same_label(const struct result *rows, size_t a, size_t b)
{
    struct slice x = result_text(rows, a, 0), y = result_text(rows, b, 0);
    return x.size == y.size && memcmp(x.at, y.at, x.size) == 0;
}

static void add_row(struct mark *mark, struct marks *marks, const struct result *rows, size_t row,
                    const struct picture *picture)
{
    for (size_t i = 0; i < picture->series_count; i++) {
        const struct result_cell *cell = result_cell(rows, row, picture->series[i]);
        double number = cell->type == VALUE_INTEGER || cell->type == VALUE_REAL ? fmax(cell->number, 0) : 0;
        mark->numbers[i] += number;
        mark->sum += number;
        marks->totals[i] += number;
    }
}

/* False when memory ran out. */
static bool gather(const struct result *rows, const struct picture *picture, struct marks *marks)
{
    size_t most = picture->over_time ? MOST_PERIODS : MOST_BARS;
    marks->all = calloc(most + 1, sizeof *marks->all);
    if (!marks->all) return false;
    for (size_t i = 0; i < rows->rows; i++) {
        bool joins = picture->over_time && picture->labels == 1 && i && is_same_label(rows, i, i - 1);
        if (!joins && marks->count == most) {
            marks->cut = true;
            break;
        }
        if (!joins) marks->all[marks->count++].row = i;
        add_row(&marks->all[marks->count - 1], marks, rows, i, picture);
    }
    if ((int64_t)rows->rows < rows->count) marks->cut = true;
    for (size_t i = 0; i < marks->count; i++)
        if (marks->all[i].sum > marks->all[marks->greatest].sum) marks->greatest = i;
    return true;
}

static void append_label(struct buffer *out, const struct result *rows, size_t row, size_t labels)
{
    struct buffer label = {0};
    for (size_t i = 0; i < labels; i++) {
        buffer_text(&label, i ? " " : "");
        if (result_cell(rows, row, i)->type == VALUE_NULL)
            buffer_text(&label, "NULL");
        else
            buffer_slice(&label, result_text(rows, row, i));
    }
    html_clipped(out, buffer_view(&label), LABEL_WIDTH);
    out->failed |= buffer_failed(&label);
    buffer_free(&label);
}

/* As the table has it where it is one value; sums are of whole numbers. */
static void append_number(struct buffer *out, const struct result *rows, const struct picture *picture,
                          const struct mark *mark)
{
    char text[32];
    if (fabs(mark->sum) < 9e15 && mark->sum == floor(mark->sum))
        buffer_text(out, number_text((int64_t)mark->sum, text));
    else if (picture->series_count == 1)
        html_text(out, result_text(rows, mark->row, picture->series[0]));
    else
        buffer_printf(out, "%g", mark->sum);
}

static void append_words(struct report *report, const struct result *rows, const struct picture *picture,
                         const struct marks *marks)
{
    struct buffer *out = report->out;
    const struct mark *greatest = &marks->all[marks->greatest];
    unsigned title = ++report->ids, about = ++report->ids;
    buffer_printf(out, " role=\"img\" aria-labelledby=\"i%u i%u\">\n<title id=\"i%u\">", title, about, title);
    html_text(out, slice_of(picture->title));
    buffer_printf(out, "</title>\n<desc id=\"i%u\">%zu %s", about, marks->count,
                  picture->over_time ? (marks->count == 1 ? "period" : "periods")
                                     : (marks->count == 1 ? "bar" : "bars"));
    buffer_text(out, ", the greatest ");
    append_number(out, rows, picture, greatest);
    buffer_text(out, " (");
    append_label(out, rows, greatest->row, picture->labels);
    buffer_text(out, "). The table below has the numbers.</desc>\n");
}

static void append_mark_title(struct report *report, const struct result *rows, const struct picture *picture,
                              const struct mark *mark)
{
    buffer_text(report->out, "<title>");
    append_label(report->out, rows, mark->row, picture->labels);
    buffer_text(report->out, ": ");
    append_number(report->out, rows, picture, mark);
    buffer_text(report->out, "</title>");
}

static void append_period(struct report *report, const struct result *rows, const struct mark *mark,
                          const char *x, const char *anchor)
{
    buffer_printf(report->out, "<text class=\"soft\" x=\"%s\" y=\"%d\" text-anchor=\"%s\">", x,
                  PLOT_TOP + PLOT_HEIGHT + 18, anchor);
    append_label(report->out, rows, mark->row, 1);
    buffer_text(report->out, "</text>\n");
}

static void draw_columns(struct report *report, const struct result *rows, const struct picture *picture,
                         const struct marks *marks)
{
    struct buffer *out = report->out;
    double slot = 100.0 / (double)marks->count, width = fmin(slot * 0.8, WIDEST);
    double greatest = marks->all[marks->greatest].sum;
    int floor_y = PLOT_TOP + PLOT_HEIGHT;
    buffer_printf(out, "<svg height=\"%d\"", floor_y + 24);
    append_words(report, rows, picture, marks);
    buffer_printf(out, "<line x1=\"0\" x2=\"100%%\" y1=\"%d\" y2=\"%d\"/>\n", PLOT_TOP, PLOT_TOP);
    buffer_printf(out, "<line x1=\"0\" x2=\"100%%\" y1=\"%d\" y2=\"%d\"/>\n", floor_y, floor_y);
    buffer_text(out, "<text class=\"soft\" x=\"0\" y=\"14\">");
    append_number(out, rows, picture, &marks->all[marks->greatest]);
    buffer_text(out, "</text>\n");
    for (size_t i = 0; i < marks->count; i++) {
        double y = floor_y;
        buffer_text(out, "<g>");
        append_mark_title(report, rows, picture, &marks->all[i]);
        for (size_t k = 0; k < picture->series_count; k++) {
            double height = greatest > 0 ? marks->all[i].numbers[k] / greatest * PLOT_HEIGHT : 0;
            if (height <= 0) continue;
            y -= height;
            buffer_printf(out,
                          "<rect class=\"s%zu\" x=\"%.3f%%\" y=\"%.2f\" width=\"%.3f%%\" height=\"%.2f\"/>",
                          k + 1, slot * (double)i + (slot - width) / 2, y, width, height);
        }
        buffer_text(out, "</g>\n");
    }
    append_period(report, rows, &marks->all[0], marks->count > 1 ? "0" : "50%",
                  marks->count > 1 ? "start" : "middle");
    if (marks->count > 1) append_period(report, rows, &marks->all[marks->count - 1], "100%", "end");
    buffer_text(out, "</svg>\n");
}

static void draw_bars(struct report *report, const struct result *rows, const struct picture *picture,
                      const struct marks *marks)
{
    struct buffer *out = report->out;
    double greatest = marks->all[marks->greatest].sum;
    buffer_printf(out, "<svg height=\"%zu\"", marks->count * BAR_HEIGHT);
    append_words(report, rows, picture, marks);
    for (size_t i = 0; i < marks->count; i++) {
        double x = 0;
        size_t y = i * BAR_HEIGHT;
        buffer_printf(out, "<g><text x=\"0\" y=\"%zu\">", y + 16);
        append_label(out, rows, marks->all[i].row, picture->labels);
        buffer_printf(out, "</text><text class=\"soft\" x=\"100%%\" y=\"%zu\" text-anchor=\"end\">", y + 16);
        append_number(out, rows, picture, &marks->all[i]);
        buffer_text(out, "</text>");
        for (size_t k = 0; k < picture->series_count; k++) {
            double width = greatest > 0 ? marks->all[i].numbers[k] / greatest * 100 : 0;
            if (width <= 0) continue;
            buffer_printf(out, "<rect class=\"s%zu\" x=\"%.3f%%\" y=\"%zu\" width=\"%.3f%%\" height=\"8\"/>",
                          k + 1, x, y + 23, width);
            x += width;
        }
        buffer_text(out, "</g>\n");
    }
    buffer_text(out, "</svg>\n");
}

static void append_legend(struct report *report, const struct result *rows, const struct picture *picture,
                          const struct marks *marks)
{
    buffer_text(report->out, "<ul class=\"legend\">");
    for (size_t i = 0; i < picture->series_count; i++) {
        if (marks->totals[i] <= 0) continue;
        buffer_printf(report->out, "<li><span class=\"s%zu\" aria-hidden=\"true\"></span>", i + 1);
        html_text(report->out, result_name(rows, picture->series[i]));
        buffer_text(report->out, "</li>");
    }
    buffer_text(report->out, "</ul>\n");
}

void report_picture(struct report *report, const struct result *rows, const struct picture *picture)
{
    struct marks marks = {0};
    if (!gather(rows, picture, &marks)) {
        report->out->failed = true;
        return;
    }
    buffer_text(report->out, "<figure>\n");
    if (picture->series_count > 1) append_legend(report, rows, picture, &marks);
    (picture->over_time ? draw_columns : draw_bars)(report, rows, picture, &marks);
    if (marks.cut) buffer_printf(report->out, "<p class=\"cost\">Drawn: the first %zu.</p>\n", marks.count);
    buffer_text(report->out, "</figure>\n");
    free(marks.all);
}
