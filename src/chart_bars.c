#include <math.h>

#include "cdclite/color.h"
#include "cdclite/progress.h"
#include "chart_parts.h"

enum { MOST_BARS = 200, LEAST_LABEL = 4, LEAST_BAR = 4, EIGHTHS = 8, LONGEST_LABEL = 400 };

/* How the columns of the terminal are shared: label, number, bar; below zero to the left of the axis. */
struct layout {
    size_t label, number, negative, bar;
    double scale; /* columns for one */
    bool has_axis;
};

static struct slice number_of(const struct chart *chart, size_t row)
{
    if (result_cell(chart->result, row, chart->plan.value)->type == VALUE_NULL) return slice_of("NULL");
    return result_text(chart->result, row, chart->plan.value);
}

static void measure(struct chart *chart, size_t rows, struct layout *layout)
{
    double least = 0, greatest = 0;
    for (size_t i = 0; i < rows; i++) {
        buffer_clear(&chart->label);
        chart_label(chart, i, &chart->label);
        /* Into the line, which is thrown away: how wide it would be. */
        size_t label = chart_fit(chart, buffer_view(&chart->label), LONGEST_LABEL, &chart->line);
        buffer_clear(&chart->line);
        if (label > layout->label) layout->label = label;
        if (number_of(chart, i).size > layout->number) layout->number = number_of(chart, i).size;
        if (!chart_has_number(chart, i)) continue;
        double number = result_cell(chart->result, i, chart->plan.value)->number;
        least = fmin(least, number);
        greatest = fmax(greatest, number);
    }
    size_t third = chart->style->width / 3, spaces = layout->label ? 2 : 1;
    if (layout->label > third) layout->label = third;
    while (layout->label > LEAST_LABEL &&
           layout->label + layout->number + spaces + LEAST_BAR > chart->style->width)
        layout->label--;
    layout->has_axis = least < 0;
    size_t taken = layout->label + layout->number + spaces + layout->has_axis;
    size_t free = chart->style->width > taken ? chart->style->width - taken : 0;
    /* Halves, so that numbers from one end of the doubles to the other do not overflow. */
    double range = greatest / 2 - least / 2;
    if (range > 0) layout->negative = (size_t)ceil(-least / 2 / range * (double)free);
    layout->bar = free - layout->negative;
    if (range > 0) {
        layout->scale = (double)free / range / 2;
        if (layout->negative && greatest > 0 && greatest * layout->scale > (double)layout->bar)
            layout->scale = (double)layout->bar / greatest;
    }
}

/* So many eighths of a column, 1 at least for what is not 0. */
static size_t eighths(double number, double scale, size_t room)
{
    if (number == 0) return 0;
    if (isinf(number)) return room * EIGHTHS;
    double length = round(fabs(number) * scale * EIGHTHS);
    if (!(length >= 1)) return room ? 1 : 0;
    return length < (double)(room * EIGHTHS) ? (size_t)length : room * EIGHTHS;
}

static void append_bar(struct chart *chart, size_t length)
{
    bool unicode = chart->style->unicode;
    size_t whole = unicode ? length / EIGHTHS : (length + EIGHTHS / 2) / EIGHTHS, part = length % EIGHTHS;
    if (!unicode && length && !whole) whole = 1;
    buffer_text(&chart->line, color_begin(COLOR_BAR, chart->out));
    for (size_t i = 0; i < whole; i++) buffer_text(&chart->line, unicode ? "█" : "#");
    /* U+2588 is the full block, U+258F its left eighth. */
    if (unicode && part) buffer_append(&chart->line, (char[]){'\xe2', '\x96', (char)(0x90 - part)}, 3);
    buffer_text(&chart->line, color_end(chart->out));
}

/* Unicode has the right half of a block, no other part of it. */
static void append_negative(struct chart *chart, size_t room, size_t length)
{
    bool unicode = chart->style->unicode;
    size_t halves = (length + 2) / 4, whole = unicode ? halves / 2 : (length + EIGHTHS / 2) / EIGHTHS;
    bool half = unicode && halves % 2;
    if (length && !whole && !half) {
        half = unicode;
        whole = !unicode;
    }
    chart_spaces(&chart->line, room - whole - half);
    buffer_text(&chart->line, color_begin(COLOR_BAR, chart->out));
    buffer_text(&chart->line, half ? "▐" : "");
    for (size_t i = 0; i < whole; i++) buffer_text(&chart->line, unicode ? "█" : "#");
    buffer_text(&chart->line, color_end(chart->out));
}

static int print_bar(struct chart *chart, const struct layout *layout, size_t row, struct error *error)
{
    const struct result_cell *cell = result_cell(chart->result, row, chart->plan.value);
    struct slice number = number_of(chart, row);
    double value = cell->type == VALUE_NULL ? 0 : cell->number;
    buffer_clear(&chart->label);
    chart_label(chart, row, &chart->label);
    size_t taken = chart_fit(chart, buffer_view(&chart->label), layout->label, &chart->line);
    chart_spaces(&chart->line, layout->label - taken + (layout->label > 0) + layout->number - number.size);
    buffer_slice(&chart->line, number);
    buffer_char(&chart->line, ' ');
    if (layout->has_axis) {
        append_negative(chart, layout->negative,
                        value < 0 ? eighths(value, layout->scale, layout->negative) : 0);
        buffer_text(&chart->line, chart->style->unicode ? "│" : "|");
    }
    if (value > 0) append_bar(chart, eighths(value, layout->scale, layout->bar));
    return chart_print(chart, error);
}

int chart_bars(struct chart *chart, struct error *error)
{
    char number[32];
    struct layout layout = {0};
    size_t rows = chart->result->rows < MOST_BARS ? chart->result->rows : MOST_BARS;
    measure(chart, rows, &layout);
    for (size_t i = 0; i < rows; i++)
        if (print_bar(chart, &layout, i, error)) return -1;
    if ((int64_t)rows == chart->result->count) return 0;
    buffer_printf(&chart->line, "%s %s more", chart->style->unicode ? "…" : "...",
                  number_text(chart->result->count - (int64_t)rows, number));
    return chart_print(chart, error);
}
