#include "cdclite/chart.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "cdclite/color.h"
#include "cdclite/progress.h"
#include "chart_parts.h"
#include "display_text.h"
#include "render_parts.h"

enum { LEAST_WIDTH = 20 };

/* The text in ASCII, a ? for each column that another character takes. */
static void to_ascii(struct buffer *text)
{
    size_t size, kept = 0;
    for (size_t i = 0; i < text->size; i += size) {
        int32_t code = utf8_at((struct slice){text->at + i, text->size - i}, &size);
        size_t width = code < 0x80 ? 1 : display_width(code);
        const char shown = text->at[i];
        memset(text->at + kept, '?', width);
        if (code < 0x80) text->at[kept] = shown;
        kept += width;
    }
    text->size = kept;
}

size_t chart_fit(struct chart *chart, struct slice text, size_t width, struct buffer *out)
{
    static const struct display plain = {.marked = "", .kept = ""};
    /* Enough for what can be seen: a label may be of megabytes. */
    size_t most = (width + 1) * 16, size, taken = 0, at = 0, fits = 0, cut = 0;
    buffer_clear(&chart->shown);
    display_append(&chart->shown, (struct slice){text.at, text.size < most ? text.size : most}, &plain);
    if (!chart->style->unicode) to_ascii(&chart->shown);
    struct slice shown = buffer_view(&chart->shown);
    for (; at < shown.size; at += size) {
        int32_t code = utf8_at((struct slice){shown.at + at, shown.size - at}, &size);
        size_t wide = display_width(code);
        if (taken + wide > width) break;
        taken += wide;
        /* Where it would be cut off, with a column for the mark. */
        if (taken + 1 <= width) {
            fits = at + size;
            cut = taken;
        }
    }
    if (at == shown.size) {
        buffer_slice(out, shown);
        return taken;
    }
    if (width == 0) return 0;
    buffer_append(out, shown.at, fits);
    buffer_text(out, chart->style->unicode ? "…" : "~");
    return cut + 1;
}

void chart_label(const struct chart *chart, size_t row, struct buffer *out)
{
    for (size_t i = 0; i < chart->plan.label_count; i++) {
        buffer_text(out, i ? "  " : "");
        if (result_cell(chart->result, row, i)->type == VALUE_NULL)
            buffer_text(out, "NULL");
        else
            buffer_slice(out, result_text(chart->result, row, i));
    }
}

void chart_spaces(struct buffer *out, size_t count)
{
    if (!buffer_reserve(out, count)) return;
    memset(out->at + out->size, ' ', count);
    out->size += count;
}

int chart_print(struct chart *chart, struct error *error)
{
    while (chart->line.size > 0 && chart->line.at[chart->line.size - 1] == ' ') chart->line.size--;
    buffer_char(&chart->line, '\n');
    return render_write(chart->out, &chart->line, error);
}

bool chart_has_number(const struct chart *chart, size_t row)
{
    const struct result_cell *cell = result_cell(chart->result, row, chart->plan.value);
    return cell->type != VALUE_NULL && isfinite(cell->number);
}

/* "times_sold by stock" */
static int print_title(struct chart *chart, struct error *error)
{
    buffer_slice(&chart->label, result_name(chart->result, chart->plan.value));
    for (size_t i = 0; i < chart->plan.label_count; i++) {
        buffer_text(&chart->label, i ? ", " : " by ");
        buffer_slice(&chart->label, result_name(chart->result, i));
    }
    buffer_text(&chart->line, color_begin(COLOR_BOLD, chart->out));
    chart_fit(chart, buffer_view(&chart->label), chart->style->width, &chart->line);
    buffer_text(&chart->line, color_end(chart->out));
    return chart_print(chart, error);
}

/* "(5 rows)", and what else could be drawn. */
static int print_end(struct chart *chart, struct error *error)
{
    char number[32];
    const struct result *result = chart->result;
    const char *separator = "; --column draws ";
    buffer_clear(&chart->label);
    buffer_printf(&chart->label, "(%s row%s", number_text(result->count, number),
                  result->count == 1 ? "" : "s");
    if (chart->plan.is_line && (int64_t)result->rows < result->count)
        buffer_printf(&chart->label, ", the first %s drawn", number_text((int64_t)result->rows, number));
    for (size_t i = 0; i < result->columns; i++) {
        if (i == chart->plan.value || i < chart->plan.label_count || !result_is_numeric(result, i)) continue;
        buffer_text(&chart->label, separator);
        buffer_slice(&chart->label, result_name(result, i));
        separator = ", ";
    }
    buffer_char(&chart->label, ')');
    chart_fit(chart, buffer_view(&chart->label), chart->style->width, &chart->line);
    return chart_print(chart, error);
}

static int draw(struct chart *chart, struct error *error)
{
    if (chart->result->rows == 0) return print_end(chart, error);
    if (print_title(chart, error)) return -1;
    if ((chart->plan.is_line ? chart_line : chart_bars)(chart, error)) return -1;
    return print_end(chart, error);
}

int chart_draw(const struct result *result, const char *column, const struct chart_style *style, FILE *out,
               struct error *error)
{
    struct chart_style fit = *style;
    struct chart chart = {.result = result, .style = &fit, .out = out};
    if (fit.width < LEAST_WIDTH) fit.width = LEAST_WIDTH;
    if (chart_plan(result, column, &chart.plan, error)) return -1;
    int done = draw(&chart, error);
    if (done == 0 && (fflush(out) || ferror(out)))
        done = error_set(error, ERROR_FAILURE, "cannot write the chart: %s", strerror(errno));
    buffer_free(&chart.line);
    buffer_free(&chart.label);
    buffer_free(&chart.shown);
    return done;
}
