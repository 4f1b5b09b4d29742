#ifndef CDCLITE_CHART_H
#define CDCLITE_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cdclite/error.h"
#include "cdclite/result.h"

/* What a chart draws of a result. */
struct chart_plan {
    size_t value;       /* the column of the numbers */
    size_t label_count; /* the columns in front, that say what each is of; 0 for a single number */
    bool is_line;       /* else bars */
};

/*
 * Decides what to draw. The numbers: the column called `column`, or where that is NULL the first one of
 * numbers that is no id (id, …_id) and not the first of all, unless it is the only one. The labels: the
 * columns in front of it that are no numbers, or ids, up to the first other; where there are none, the first
 * column. A line: many rows, each with its own moment (2025-01-31, also with a time of day), oldest or newest
 * first; else bars. ERROR_USAGE where there are rows and nothing to draw.
 */
int chart_plan(const struct result *result, const char *column, struct chart_plan *plan, struct error *error);

/* How it is drawn: columns of the terminal, and whether with Unicode's blocks and Braille dots or ASCII only.
 */
struct chart_style {
    size_t width;
    bool unicode;
};

/* Draws the result: horizontal bars, each with its number as it is, or a line with the numbers at its ends,
 * the least and the greatest. Nothing in the result steers a terminal. ERROR_FAILURE when `out` cannot be
 * written. */
int chart_draw(const struct result *result, const char *column, const struct chart_style *style, FILE *out,
               struct error *error);

#endif
