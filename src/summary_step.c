#include "summary_step.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "cdclite/database.h"
#include "cdclite/time_text.h"

static const int64_t hour_us = INT64_C(3600000000);
enum { DAY_HOURS = 24 };

int summary_step_open(struct summary_step *step, struct sqlite3 *db, struct error *error)
{
    return database_prepare(db, "INSERT INTO summary_step VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                            &step->insert_step, error) ||
                   database_prepare(db, "INSERT INTO summary_hour VALUES(?1, ?2, ?3, ?4)", &step->insert_hour,
                                    error)
               ? -1
               : 0;
}

void summary_step_close(struct summary_step *step)
{
    sqlite3_finalize(step->insert_step);
    sqlite3_finalize(step->insert_hour);
    summary_keys_free(&step->hours);
    free(step->spans);
}

static uint32_t date_of(int64_t days)
{
    int64_t year;
    int month, day;
    time_civil_date(days, &year, &month, &day);
    return year < 1970 || year > LAST_YEAR ? NO_DATE : (uint32_t)(((year - 1970) << 4 | month) << 5 | day);
}

static bool enter_hour(struct summary_step *step, int64_t changed_at, int64_t change_id)
{
    const struct value hour = {.type = VALUE_INTEGER, .integer = floor_divide(changed_at, hour_us)};
    size_t known = step->hours.count;
    step->hour = summary_keys_number(&step->hours, &hour);
    if (step->hour == SUMMARY_NO_KEY) return false;
    step->hour_begin = hour.integer * hour_us;
    step->day = floor_divide(hour.integer, DAY_HOURS);
    step->date = date_of(step->day);
    if (step->hour < known) return true;
    if (step->span_capacity < step->hours.capacity) {
        struct hour_span *spans = reallocarray(step->spans, step->hours.capacity, sizeof *spans);
        if (!spans) return false;
        step->spans = spans;
        step->span_capacity = step->hours.capacity;
    }
    step->spans[step->hour].first = change_id;
    return true;
}

bool summary_step_add(struct summary_step *step, const struct history_row *row)
{
    const int64_t changed_at = row->changed_at;
    /* Nearly always the hour of the change before. */
    if ((step->changes == 0 || changed_at < step->hour_begin || changed_at - step->hour_begin >= hour_us) &&
        !enter_hour(step, changed_at, row->change_id))
        return false;
    step->spans[step->hour].last = row->change_id;
    if (step->changes++ == 0) {
        step->first_change_id = row->change_id;
        step->least_changed_at = step->greatest_changed_at = changed_at;
        step->least_partition = step->greatest_partition = row->partition;
    }
    step->last_change_id = row->change_id;
    if (changed_at < step->least_changed_at) step->least_changed_at = changed_at;
    if (changed_at > step->greatest_changed_at) step->greatest_changed_at = changed_at;
    if (row->partition < step->least_partition) step->least_partition = row->partition;
    if (row->partition > step->greatest_partition) step->greatest_partition = row->partition;
    return true;
}

int summary_step_write(const struct summary_step *step, sqlite3 *db, int64_t number, const uint32_t *sorted,
                       struct error *error)
{
    sqlite3_stmt *insert = step->insert_step;
    sqlite3_bind_int64(insert, 1, number);
    sqlite3_bind_int64(insert, 2, step->first_change_id);
    sqlite3_bind_int64(insert, 3, step->last_change_id);
    sqlite3_bind_int64(insert, 4, step->least_changed_at);
    sqlite3_bind_int64(insert, 5, step->greatest_changed_at);
    sqlite3_bind_int(insert, 6, step->least_partition);
    sqlite3_bind_int(insert, 7, step->greatest_partition);
    if (database_step(db, insert, error)) return -1;
    insert = step->insert_hour;
    sqlite3_bind_int64(insert, 2, number);
    for (size_t i = 0; i < step->hours.count; i++) {
        const struct hour_span *span = &step->spans[sorted[i]];
        sqlite3_bind_int64(insert, 1, summary_keys_value(&step->hours, sorted[i]).integer);
        sqlite3_bind_int64(insert, 3, span->first);
        sqlite3_bind_int64(insert, 4, span->last);
        if (database_step(db, insert, error)) return -1;
    }
    return 0;
}

size_t summary_step_size(const struct summary_step *step)
{
    return step->hours.count * sizeof *step->spans + summary_keys_size(&step->hours);
}

void summary_step_clear(struct summary_step *step)
{
    step->changes = 0;
    summary_keys_clear(&step->hours);
}
