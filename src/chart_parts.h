#ifndef CHART_PARTS_H
#define CHART_PARTS_H

#include "cdclite/chart.h"

/* What the files about charts share. */

/* One chart on its way out. */
struct chart {
    const struct result *result;
    const struct chart_style *style;
    struct chart_plan plan;
    FILE *out;
    struct buffer line, label, shown;
};

int chart_bars(struct chart *chart, struct error *error);
int chart_line(struct chart *chart, struct error *error);

/* Appends a text fit for the style: nothing that steers, at most `width` columns (what is cut off shows as …,
 * ~ in ASCII). Returns the columns it takes. */
size_t chart_fit(struct chart *chart, struct slice text, size_t width, struct buffer *out);

/* Appends what stands for a row: its labels, two spaces between them. */
void chart_label(const struct chart *chart, size_t row, struct buffer *out);

void chart_spaces(struct buffer *out, size_t count);
/* Prints and clears the line, without white space at its end. */
int chart_print(struct chart *chart, struct error *error);

/* Whether the row has a number that can be drawn: not NULL, and not infinite. */
bool chart_has_number(const struct chart *chart, size_t row);

/* The moment of a row, microseconds since 1970; false where it is none. */
bool chart_moment(const struct result *result, size_t row, size_t column, int64_t *moment);

#endif
