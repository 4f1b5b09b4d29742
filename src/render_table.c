#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/color.h"
#include "display_text.h"
#include "render_parts.h"

/* How much is kept to measure before the first line is printed, and the widest column that others are padded
 * to. */
enum { MEASURED_ROWS = 10000, MEASURED_BYTES = 8 << 20, WIDEST = 200 };

struct cell {
    size_t at, size; /* in grid.text */
    size_t width;    /* in columns of the screen */
};

struct column {
    size_t width;
    bool has_number, has_text;
};

/* The rows being measured; the first is the header. */
struct grid {
    sqlite3_stmt *statement;
    FILE *out;
    bool markdown;
    bool is_header; /* the row being printed is the header of a table */
    bool measured;  /* widths and sides stand: what is wider now moves its own line only */
    size_t columns, rows, capacity;
    struct column *column;
    struct cell *cells;
    struct buffer text, value, line;
};

static void add_cell(struct grid *grid, size_t column, struct slice text)
{
    static const struct display plain = {.marked = "", .kept = ""},
                                marked = {.marked = "\\|<*[&", .kept = ""};
    struct cell *cell = &grid->cells[grid->rows * grid->columns + column];
    cell->at = grid->text.size;
    cell->width = display_append(&grid->text, text, grid->markdown ? &marked : &plain);
    cell->size = grid->text.size - cell->at;
    if (!grid->measured && cell->width > grid->column[column].width)
        grid->column[column].width = cell->width < WIDEST ? cell->width : WIDEST;
}

static int reserve_row(struct grid *grid, struct error *error)
{
    if (grid->rows < grid->capacity) return 0;
    size_t capacity = grid->capacity ? grid->capacity * 2 : 64;
    struct cell *cells = reallocarray(grid->cells, capacity, grid->columns * sizeof *cells);
    if (!cells) return error_memory(error);
    grid->cells = cells;
    grid->capacity = capacity;
    return 0;
}

/* The columns, and the header as the first row. */
static int begin(struct grid *grid, struct error *error)
{
    grid->columns = (size_t)sqlite3_column_count(grid->statement);
    grid->column = calloc(grid->columns + 1, sizeof *grid->column);
    if (!grid->column) return error_memory(error);
    if (reserve_row(grid, error)) return -1;
    for (size_t i = 0; i < grid->columns; i++) {
        const char *name = sqlite3_column_name(grid->statement, (int)i);
        grid->column[i].width = grid->markdown ? 3 : 0; /* Markdown's rule has three dashes at least */
        add_cell(grid, i, slice_of(name ? name : ""));
    }
    grid->rows++;
    return 0;
}

static int add_row(struct grid *grid, struct error *error)
{
    struct value value;
    if (reserve_row(grid, error)) return -1;
    for (size_t i = 0; i < grid->columns; i++) {
        if (render_value(grid->statement, (int)i, &value, &grid->value, error)) return -1;
        add_cell(grid, i, buffer_view(&grid->value));
        bool number = value.type == VALUE_INTEGER || value.type == VALUE_REAL;
        if (grid->measured) continue;
        if (number) grid->column[i].has_number = true;
        if (!number && value.type != VALUE_NULL) grid->column[i].has_text = true;
    }
    grid->rows++;
    return buffer_failed(&grid->text) ? error_memory(error) : 0;
}

static bool is_right(const struct column *column)
{
    return column->has_number && !column->has_text;
}

static void append_repeated(struct buffer *out, char c, size_t count)
{
    if (!buffer_reserve(out, count)) return;
    memset(out->at + out->size, c, count);
    out->size += count;
}

static int print_row(struct grid *grid, size_t row, struct error *error)
{
    struct buffer *line = &grid->line;
    if (grid->is_header) buffer_text(line, color_begin(COLOR_BOLD, grid->out));
    buffer_text(line, grid->markdown ? "| " : " ");
    for (size_t i = 0; i < grid->columns; i++) {
        const struct cell *cell = &grid->cells[row * grid->columns + i];
        const struct column *column = &grid->column[i];
        size_t padding = cell->width < column->width ? column->width - cell->width : 0;
        bool last = i + 1 == grid->columns;
        if (is_right(column)) append_repeated(line, ' ', padding);
        buffer_append(line, grid->text.at + cell->at, cell->size);
        if (!is_right(column) && (grid->markdown || !last)) append_repeated(line, ' ', padding);
        if (!last) buffer_text(line, " | ");
    }
    if (grid->markdown) buffer_text(line, " |");
    while (line->size > 0 && line->at[line->size - 1] == ' ') line->size--;
    if (grid->is_header) buffer_text(line, color_end(grid->out));
    buffer_char(line, '\n');
    return render_write(grid->out, line, error);
}

static int print_rule(struct grid *grid, struct error *error)
{
    for (size_t i = 0; i < grid->columns; i++) {
        const struct column *column = &grid->column[i];
        if (grid->markdown) {
            buffer_text(&grid->line, "| ");
            append_repeated(&grid->line, '-', column->width - is_right(column));
            buffer_text(&grid->line, is_right(column) ? ": " : " ");
        } else {
            if (i) buffer_char(&grid->line, '+');
            append_repeated(&grid->line, '-', column->width + 2);
        }
    }
    buffer_text(&grid->line, grid->markdown ? "|\n" : "\n");
    return render_write(grid->out, &grid->line, error);
}

static int print_measured(struct grid *grid, struct error *error)
{
    grid->measured = true;
    grid->is_header = !grid->markdown;
    if (print_row(grid, 0, error) || print_rule(grid, error)) return -1;
    grid->is_header = false;
    for (size_t i = 1; i < grid->rows; i++)
        if (print_row(grid, i, error)) return -1;
    return 0;
}

static bool is_full(const struct grid *grid)
{
    return grid->rows > MEASURED_ROWS || grid->text.size >= MEASURED_BYTES;
}

static int print_grid(struct grid *grid, struct error *error)
{
    /* The first step may prepare the statement anew and change its columns. */
    int more = render_step(grid->statement, error);
    long long count = 0;
    if (more < 0 || begin(grid, error)) return -1;
    for (; more > 0 && !is_full(grid); more = render_step(grid->statement, error), count++)
        if (add_row(grid, error)) return -1;
    if (more < 0 || print_measured(grid, error)) return -1;
    for (; more > 0; more = render_step(grid->statement, error), count++) {
        grid->rows = 0;
        buffer_clear(&grid->text);
        if (add_row(grid, error) || print_row(grid, 0, error)) return -1;
    }
    if (more < 0 || grid->markdown) return more;
    buffer_printf(&grid->line, "(%lld row%s)\n", count, count == 1 ? "" : "s");
    return render_write(grid->out, &grid->line, error);
}

int render_grid(sqlite3_stmt *statement, bool markdown, FILE *out, struct error *error)
{
    struct grid grid = {.statement = statement, .out = out, .markdown = markdown};
    int result = print_grid(&grid, error);
    free(grid.column);
    free(grid.cells);
    buffer_free(&grid.text);
    buffer_free(&grid.value);
    buffer_free(&grid.line);
    return result;
}
