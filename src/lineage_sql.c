#include "lineage_sql.h"

#include <string.h>

#include "time_sql.h"

/* SQL grows with the changes of a column. Of one that changed more often, what is older is shown as it came.
 */
enum { MOST_CHANGES = 32 };

/* How values of a column came: its type, and the schema block's word for it. */
struct sent_type {
    const struct column_type *type;
    const char *sent_as;
};

/* "the row stands before the change", as is_before of column_lineage.c. */
static void before_change(struct buffer *out, const struct captured_table *table,
                          const struct column_change *change)
{
    long long id = (long long)change->change_id, at = (long long)change->changed_at;
    if (table->many_partitions) {
        buffer_printf(out, "(changed_at < %lld OR changed_at = %lld AND change_id < %lld)", at, at, id);
    } else {
        buffer_printf(out, "change_id < %lld", id);
    }
}

/* The type a column had until changes[index] retyped it is old_type there; what it became stands in the next
 * retyping, or in the column itself. */
static struct sent_type type_after(const struct captured_table *table, size_t index)
{
    size_t column = table->changes[index].column;
    for (size_t i = index + 1; i < table->change_count; i++) {
        const struct column_change *change = &table->changes[i];
        if (change->column == column && change->event == COLUMN_RETYPED)
            return (struct sent_type){&change->old_type, change->old_sent_as};
    }
    return (struct sent_type){&table->columns[column].type, table->columns[column].sent_as};
}

static bool is_zoned(const struct sent_type *type)
{
    return type->sent_as && strstr(type->sent_as, "ZonedTimestamp");
}

static bool is_timestamp(enum time_unit unit)
{
    return unit == UNIT_TIMESTAMP_MS || unit == UNIT_TIMESTAMP_US || unit == UNIT_TIMESTAMP_NS;
}

static const char *per_second(enum time_unit unit)
{
    return unit == UNIT_TIMESTAMP_MS ? "1000" : unit == UNIT_TIMESTAMP_US ? "1000000" : "1000000000";
}

/* v, a time, as PostgreSQL prints it: a space for the T, no zeros behind the fraction. */
static void printed_time(struct buffer *out, enum time_unit unit)
{
    struct buffer spelled = {0};
    time_sql(&spelled, "v", unit, false);
    if (unit == UNIT_DAYS) {
        buffer_printf(out, "%s", buffer_string(&spelled));
    } else {
        buffer_printf(out, "rtrim(rtrim(replace(%s, 'T', ' '), '0'), '.')", buffer_string(&spelled));
    }
    out->failed |= spelled.failed;
    buffer_free(&spelled);
}

static void to_text(struct buffer *out, const struct sent_type *old, const struct sent_type *new)
{
    if (old->type->unit != UNIT_NONE && is_timestamp(old->type->unit) && is_zoned(new)) {
        time_sql(out, "v", old->type->unit, true);
    } else if (old->type->unit != UNIT_NONE) {
        printed_time(out, old->type->unit);
    } else if (old->type->kind == KIND_BOOLEAN) {
        buffer_text(out, "iif(v, 'true', 'false')");
    } else {
        buffer_text(out, "CAST(v AS TEXT)");
    }
}

/* Whole numbers and decimals to a decimal with `scale` digits behind the point; one with more of them stays.
 */
static void to_decimal(struct buffer *out, int scale)
{
    buffer_printf(
        out,
        "CASE WHEN instr(v, '.') = 0 THEN v || substr('.', 1, %d) || substr(hex(zeroblob(%d)), 1, %d)"
        " WHEN length(v) - instr(v, '.') <= %d"
        " THEN v || substr(hex(zeroblob(%d)), 1, %d - length(v) + instr(v, '.')) ELSE v END",
        scale > 0, scale, scale, scale, scale, scale);
}

static void to_integer(struct buffer *out)
{
    buffer_text(out,
                "CASE WHEN trim(v, '+-0123456789') = '' OR rtrim(rtrim(v, '0'), '.') = CAST(v AS INTEGER)"
                " THEN CAST(v AS INTEGER) ELSE v END");
}

/* A time of another unit; the infinities stay what they are. */
static void to_time(struct buffer *out, enum time_unit old, enum time_unit new)
{
    static const char infinite[] = "v IN (9223372036854775807, 9223372036825200000, -9223372036854775808, "
                                   "-9223372036832400000)";
    if (old == UNIT_DAYS) {
        buffer_printf(out, "v * 86400 * %s", per_second(new));
    } else if (new == UNIT_DAYS) {
        buffer_printf(out,
                      "CASE WHEN %s THEN v ELSE (v - (v %% (86400 * %s) + 86400 * %s) %% (86400 * %s)) / "
                      "(86400 * %s) END",
                      infinite, per_second(old), per_second(old), per_second(old), per_second(old));
    } else {
        const char *p = per_second(old), *q = per_second(new);
        bool finer = strlen(q) > strlen(p);
        buffer_printf(
            out,
            "CASE WHEN %s THEN v WHEN %d THEN v * (%s / %s) ELSE v / (%s / %s) - (v %% (%s / %s) < 0) END",
            infinite, finer, q, p, finer ? "1" : p, finer ? "1" : q, finer ? "1" : p, finer ? "1" : q);
    }
}

/* The value v of the old type as one of the new. */
static void convert(struct buffer *out, const struct sent_type *old, const struct sent_type *new)
{
    enum time_unit from = old->type->unit, to = new->type->unit;
    bool number = old->type->kind == KIND_INTEGER && from == UNIT_NONE;
    bool decimal = old->type->kind == KIND_DECIMAL || old->type->kind == KIND_VARIABLE_DECIMAL;
    bool text = old->type->kind == KIND_TEXT;
    if (new->type->kind == KIND_TEXT && old->type->kind != KIND_TEXT && old->type->kind != KIND_BYTES) {
        to_text(out, old, new);
    } else if (new->type->kind == KIND_DECIMAL && (number || decimal || text)) {
        to_decimal(out, (int)new->type->scale);
    } else if (new->type->kind == KIND_INTEGER && to == UNIT_NONE && (decimal || text)) {
        to_integer(out);
    } else if (from != to && (is_timestamp(from) || from == UNIT_DAYS) &&
               (is_timestamp(to) || to == UNIT_DAYS)) {
        to_time(out, from, to);
    } else {
        buffer_char(out, 'v');
    }
}

/* The changes that a column came through, newest first: its own, then those of the one that it was renamed
 * from. */
struct descent {
    const struct captured_table *table;
    size_t changes[MOST_CHANGES], count;
    size_t oldest; /* the column that it was at first */
};

static struct descent descent_of(const struct captured_table *table, size_t column)
{
    struct descent descent = {.table = table, .oldest = column};
    for (size_t i = table->change_count; i > 0 && descent.count < MOST_CHANGES; i--) {
        const struct column_change *change = &table->changes[i - 1];
        if (change->column != descent.oldest || change->event == COLUMN_VANISHED) continue;
        descent.changes[descent.count++] = i - 1;
        if (change->event != COLUMN_APPEARED) continue;
        if (change->renamed_from == NO_COLUMN) break;
        descent.oldest = change->renamed_from;
    }
    return descent;
}

/* The value behind a change; that before it is `v`. */
static void value_behind(const struct descent *descent, size_t index, const char *image, struct buffer *out)
{
    const struct captured_table *table = descent->table;
    const struct column_change *change = &table->changes[index];
    buffer_text(out, "CASE WHEN ");
    before_change(out, table, change);
    buffer_text(out, " THEN ");
    if (change->event == COLUMN_RETYPED) {
        struct sent_type old = {&change->old_type, change->old_sent_as}, new = type_after(table, index);
        /* Bytes to text as PostgreSQL casts them; to no other type it casts them. */
        buffer_printf(out, "CASE WHEN v IS NULL THEN NULL WHEN typeof(v) = 'blob' THEN %s ELSE ",
                      new.type->kind == KIND_TEXT ? "'\\x' || lower(hex(v))" : "v");
        convert(out, &old, &new);
        buffer_text(out, " END");
    } else if (change->renamed_from != NO_COLUMN) {
        buffer_text(out, "v");
    } else {
        buffer_text(out, change->default_sql ? change->default_sql : "NULL");
    }
    buffer_text(out, " ELSE ");
    buffer_image_name(out, image, table->columns[change->column].column_name);
    buffer_text(out, " END");
}

/* One step after another, not one within another: SQLite's parser takes few levels. MATERIALIZED, because the
 * value stands in a step several times. */
void lineage_value(const struct captured_table *table, size_t column, const char *image, struct buffer *out)
{
    const struct descent descent = descent_of(table, column);
    const struct column_change *only = descent.count == 1 ? &table->changes[descent.changes[0]] : NULL;
    if (descent.count == 0) {
        buffer_image_name(out, image, table->columns[column].column_name);
        return;
    }
    if (only && only->event == COLUMN_APPEARED && only->renamed_from == NO_COLUMN) {
        value_behind(&descent, descent.changes[0], image, out);
        return;
    }
    buffer_text(out, "(WITH v0(v) AS (SELECT ");
    buffer_image_name(out, image, table->columns[descent.oldest].column_name);
    for (size_t step = 1; step <= descent.count; step++) {
        buffer_printf(out, "), v%zu(v) AS MATERIALIZED (SELECT ", step);
        value_behind(&descent, descent.changes[descent.count - step], image, out);
        buffer_printf(out, " FROM v%zu", step - 1);
    }
    buffer_printf(out, ") SELECT v FROM v%zu)", descent.count);
}

void lineage_readable(const struct captured_column *column, const char *x, struct buffer *out)
{
    if (column->type.unit == UNIT_NONE) {
        buffer_text(out, x);
    } else if (x[0] == '"') {
        time_sql(out, x, column->type.unit, false);
    } else {
        /* It may be long, so it is written once. */
        buffer_text(out, "(SELECT ");
        time_sql(out, "x", column->type.unit, false);
        buffer_printf(out, " FROM (SELECT %s AS x))", x);
    }
}

bool lineage_is_spelled(const struct captured_table *table, size_t column)
{
    if (table->columns[column].type.unit != UNIT_NONE) return true;
    for (size_t i = 0; i < table->change_count; i++)
        if (table->changes[i].column == column && table->changes[i].event == COLUMN_RETYPED &&
            table->changes[i].old_type.unit != UNIT_NONE)
            return true;
    return false;
}

/* The oldest retyping that is told. */
static size_t first_spelled(const struct captured_table *table, size_t column)
{
    size_t first = table->change_count, count = 0;
    for (size_t i = table->change_count; i > 0 && count < MOST_CHANGES; i--) {
        const struct column_change *change = &table->changes[i - 1];
        if (change->column != column || change->event != COLUMN_RETYPED) continue;
        first = i - 1;
        count++;
    }
    return first;
}

static void spelled_by(struct buffer *out, const char *name, enum time_unit unit)
{
    if (unit == UNIT_NONE) {
        buffer_text(out, name);
    } else {
        time_sql(out, name, unit, false);
    }
}

void lineage_spelled(const struct captured_table *table, size_t column, const char *image, struct buffer *out)
{
    enum time_unit unit = table->columns[column].type.unit;
    struct buffer name = {0};
    size_t cases = 0;
    buffer_image_name(&name, image, table->columns[column].column_name);
    for (size_t i = first_spelled(table, column); i < table->change_count; i++) {
        const struct column_change *change = &table->changes[i];
        if (change->column != column || change->event != COLUMN_RETYPED ||
            (change->old_type.unit == type_after(table, i).type->unit && cases == 0))
            continue;
        buffer_text(out, cases++ ? " WHEN " : "CASE WHEN ");
        before_change(out, table, change);
        buffer_text(out, " THEN ");
        spelled_by(out, buffer_string(&name), change->old_type.unit);
    }
    if (cases) buffer_text(out, " ELSE ");
    spelled_by(out, buffer_string(&name), unit);
    if (cases) buffer_text(out, " END");
    out->failed |= name.failed;
    buffer_free(&name);
}
