#include <string.h>

#include "cdclite/time_text.h"
#include "chart_parts.h"

/* From so many rows on a line says more than bars. */
enum { MANY = 25 };

static bool is_id(struct slice name)
{
    static const char ending[] = "_id";
    size_t size = sizeof ending - 1;
    return (name.size == 2 && memcmp(name.at, "id", 2) == 0) ||
           (name.size > size && memcmp(name.at + name.size - size, ending, size) == 0);
}

static bool is_measure(const struct result *result, size_t column)
{
    return result_is_numeric(result, column) && !is_id(result_name(result, column));
}

bool chart_moment(const struct result *result, size_t row, size_t column, int64_t *moment)
{
    char text[TIME_TEXT_SIZE];
    struct slice cell = result_text(result, row, column);
    if (result_cell(result, row, column)->type != VALUE_TEXT || cell.size >= sizeof text) return false;
    memcpy(text, cell.at, cell.size);
    text[cell.size] = '\0';
    return strlen(text) == cell.size && time_parse(text, moment) == 0;
}

/* Each row's moment is behind the one before, or each before it. */
static bool has_times(const struct result *result, size_t column)
{
    int64_t last = 0, moment;
    int direction = 0;
    for (size_t i = 0; i < result->rows; i++, last = moment) {
        if (!chart_moment(result, i, column, &moment)) return false;
        if (i == 0) continue;
        int now = (moment > last) - (moment < last);
        if (now == 0 || (direction && now != direction)) return false;
        direction = now;
    }
    return result->rows > 0;
}

static void append_names(const struct result *result, struct buffer *out)
{
    for (size_t i = 0; i < result->columns && out->size < 400; i++) {
        buffer_text(out, i ? ", " : "");
        buffer_slice(out, result_name(result, i));
    }
}

static int no_numbers(const struct result *result, const char *column, struct error *error)
{
    struct buffer names = {0};
    append_names(result, &names);
    if (column)
        error_set(error, ERROR_USAGE, "--column %.100s: no column of numbers (there are %s)", column,
                  buffer_string(&names));
    else
        error_set(error, ERROR_USAGE, "--chart: no column of numbers to draw (there are %s)%s",
                  buffer_string(&names), "; --column NAME draws one of ids");
    buffer_free(&names);
    return -1;
}

static bool find_value(const struct result *result, const char *column, size_t *value)
{
    if (column) {
        for (size_t i = 0; i < result->columns; i++) {
            struct slice name = result_name(result, i);
            if (name.size != strlen(column) || memcmp(name.at, column, name.size) != 0) continue;
            *value = i;
            return result->rows == 0 || result_is_numeric(result, i);
        }
        return false;
    }
    for (size_t i = 1; i < result->columns; i++) {
        if (!is_measure(result, i)) continue;
        *value = i;
        return true;
    }
    *value = 0;
    return result->rows == 0 || is_measure(result, 0);
}

int chart_plan(const struct result *result, const char *column, struct chart_plan *plan, struct error *error)
{
    *plan = (struct chart_plan){0};
    if (!find_value(result, column, &plan->value)) return no_numbers(result, column, error);
    if (result->rows == 0) return 0;
    while (plan->label_count < plan->value && !is_measure(result, plan->label_count)) plan->label_count++;
    if (plan->label_count == 0 && plan->value > 0) plan->label_count = 1;
    plan->is_line = plan->label_count && result->rows >= MANY && has_times(result, 0);
    return 0;
}
