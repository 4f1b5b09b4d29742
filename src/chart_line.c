#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/color.h"
#include "chart_parts.h"

enum { HEIGHT = 10, LONGEST_LABEL = 40 };

/* What is drawn on: dots, of which a character has two by four in Braille, one in ASCII. */
struct canvas {
    size_t width, across, down; /* characters; dots of one */
    size_t dots_across, dots_down;
    unsigned char *cells; /* a bit a dot, as Braille counts them */
};

/* What the axes span. */
struct span {
    size_t first, last, least, greatest; /* rows */
    int64_t from, to;
    double low, high;
    size_t drawn;
};

static double number_at(const struct chart *chart, size_t row)
{
    return result_cell(chart->result, row, chart->plan.value)->number;
}

static void measure(const struct chart *chart, struct span *span)
{
    int64_t moment, from = 0, to = 0;
    for (size_t i = 0; i < chart->result->rows; i++) {
        if (!chart_has_number(chart, i)) continue;
        chart_moment(chart->result, i, 0, &moment);
        if (!span->drawn || moment < from) {
            from = moment;
            span->first = i;
        }
        if (!span->drawn || moment > to) {
            to = moment;
            span->last = i;
        }
        if (!span->drawn || number_at(chart, i) < number_at(chart, span->least)) span->least = i;
        if (!span->drawn || number_at(chart, i) > number_at(chart, span->greatest)) span->greatest = i;
        span->drawn++;
    }
    span->from = from;
    span->to = to;
    if (!span->drawn) return;
    span->low = fmin(0, number_at(chart, span->least));
    span->high = fmax(0, number_at(chart, span->greatest));
}

static void set_dot(struct canvas *canvas, size_t x, size_t y)
{
    static const unsigned char bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    canvas->cells[y / canvas->down * canvas->width + x / canvas->across] |=
        bits[y % canvas->down][x % canvas->across];
}

static void draw_stroke(struct canvas *canvas, double x0, double y0, double x1, double y1)
{
    size_t steps = (size_t)fmax(fabs(x1 - x0), fabs(y1 - y0));
    for (size_t i = 0; i <= steps; i++) {
        double part = steps ? (double)i / (double)steps : 0;
        set_dot(canvas, (size_t)round(x0 + (x1 - x0) * part), (size_t)round(y0 + (y1 - y0) * part));
    }
}

static void draw(const struct chart *chart, const struct span *span, struct canvas *canvas)
{
    double last_x = 0, last_y = 0, range = span->high / 2 - span->low / 2;
    double across = (double)(canvas->dots_across - 1), down = (double)(canvas->dots_down - 1);
    bool is_down = false;
    for (size_t i = 0; i < chart->result->rows; i++) {
        int64_t moment;
        if (!chart_has_number(chart, i)) {
            is_down = false;
            continue;
        }
        chart_moment(chart->result, i, 0, &moment);
        double x = span->to > span->from
                       ? round((double)(moment - span->from) / (double)(span->to - span->from) * across)
                       : 0;
        double y = range > 0 ? round((span->high / 2 - number_at(chart, i) / 2) / range * down) : down;
        draw_stroke(canvas, is_down ? last_x : x, is_down ? last_y : y, x, y);
        last_x = x;
        last_y = y;
        is_down = true;
    }
}

static void append_cell(struct chart *chart, unsigned char dots)
{
    if (!chart->style->unicode)
        buffer_char(&chart->line, dots ? '*' : ' ');
    else if (dots)
        buffer_append(&chart->line,
                      (char[]){'\xe2', (char)(0xa0 + (dots >> 6)), (char)(0x80 + (dots & 0x3f))}, 3);
    else
        buffer_char(&chart->line, ' ');
}

/* A number of the axis: of a row, or 0 where no row goes as far. */
static struct slice tick(const struct chart *chart, size_t row, bool is_zero)
{
    return is_zero ? slice_of("0") : result_text(chart->result, row, chart->plan.value);
}

static int print_canvas(struct chart *chart, const struct span *span, const struct canvas *canvas,
                        size_t margin, struct error *error)
{
    bool unicode = chart->style->unicode;
    struct slice top = tick(chart, span->greatest, number_at(chart, span->greatest) <= 0);
    struct slice bottom = tick(chart, span->least, number_at(chart, span->least) >= 0);
    for (size_t row = 0; row < HEIGHT; row++) {
        struct slice text = row == 0 ? top : row == HEIGHT - 1 ? bottom : slice_of("");
        chart_spaces(&chart->line, margin - text.size);
        buffer_slice(&chart->line, text);
        buffer_text(&chart->line, unicode ? (text.size ? " ┤" : " │") : (text.size ? " +" : " |"));
        buffer_text(&chart->line, color_begin(COLOR_BAR, chart->out));
        size_t used = canvas->width;
        while (used && !canvas->cells[row * canvas->width + used - 1]) used--;
        for (size_t i = 0; i < used; i++) append_cell(chart, canvas->cells[row * canvas->width + i]);
        buffer_text(&chart->line, color_end(chart->out));
        if (chart_print(chart, error)) return -1;
    }
    return 0;
}

/* The axis, and under it the first and the last moment. */
static int print_axis(struct chart *chart, const struct span *span, const struct canvas *canvas,
                      size_t margin, struct error *error)
{
    bool unicode = chart->style->unicode;
    struct slice from = result_text(chart->result, span->first, 0),
                 to = result_text(chart->result, span->last, 0);
    chart_spaces(&chart->line, margin + 1);
    buffer_text(&chart->line, unicode ? "└" : "+");
    for (size_t i = 0; i < canvas->width; i++) buffer_text(&chart->line, unicode ? "─" : "-");
    if (chart_print(chart, error)) return -1;
    chart_spaces(&chart->line, margin + 2);
    if (from.size + to.size < canvas->width) {
        buffer_slice(&chart->line, from);
        chart_spaces(&chart->line, canvas->width - from.size - to.size);
        buffer_slice(&chart->line, to);
    } else {
        chart_fit(chart, from, canvas->width, &chart->line);
    }
    return chart_print(chart, error);
}

/* The exact numbers that the picture cannot tell. */
static int print_figures(struct chart *chart, const struct span *span, struct error *error)
{
    const struct {
        const char *word;
        size_t row;
    } figures[] = {
        {"first", span->first}, {"last", span->last}, {"least", span->least}, {"greatest", span->greatest}};
    size_t widest = 0;
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        size_t size = result_text(chart->result, figures[i].row, chart->plan.value).size;
        if (size > widest) widest = size;
    }
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        struct slice number = result_text(chart->result, figures[i].row, chart->plan.value);
        buffer_printf(&chart->line, "%-8s ", figures[i].word);
        chart_spaces(&chart->line, widest - number.size);
        buffer_slice(&chart->line, number);
        size_t taken = sizeof "greatest  " - 1 + 1 + widest;
        buffer_text(&chart->line, "  ");
        buffer_clear(&chart->label);
        chart_label(chart, figures[i].row, &chart->label);
        chart_fit(chart, buffer_view(&chart->label),
                  chart->style->width > taken ? chart->style->width - taken : 0, &chart->line);
        if (chart_print(chart, error)) return -1;
    }
    return 0;
}

int chart_line(struct chart *chart, struct error *error)
{
    struct span span = {0};
    struct canvas canvas = {.across = chart->style->unicode ? 2 : 1, .down = chart->style->unicode ? 4 : 1};
    measure(chart, &span);
    if (!span.drawn) return chart_bars(chart, error);
    size_t top = tick(chart, span.greatest, number_at(chart, span.greatest) <= 0).size;
    size_t bottom = tick(chart, span.least, number_at(chart, span.least) >= 0).size;
    size_t margin = top > bottom ? top : bottom;
    canvas.width = chart->style->width > margin + 4 ? chart->style->width - margin - 2 : 2;
    canvas.dots_across = canvas.width * canvas.across;
    canvas.dots_down = (size_t)HEIGHT * canvas.down;
    canvas.cells = calloc(canvas.width, HEIGHT);
    if (!canvas.cells) return error_memory(error);
    draw(chart, &span, &canvas);
    int result = print_canvas(chart, &span, &canvas, margin, error);
    if (result == 0) result = print_axis(chart, &span, &canvas, margin, error);
    if (result == 0) result = print_figures(chart, &span, error);
    free(canvas.cells);
    return result;
}
