#include "summary_step.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "cdclite/database.h"

int summary_step_open(struct summary_step *step, sqlite3 *db, struct error *error)
{
    return database_prepare(db, "INSERT INTO summary_step VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
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
    free(step->hours);
}

/* Where the hour stands, or belongs, in their order. */
static size_t hour_place(const struct summary_step *step, int64_t hour)
{
    size_t low = 0, high = step->hour_count;
    /* Nearly always the last one. */
    if (high && step->hours[high - 1].hour <= hour) low = high - (step->hours[high - 1].hour == hour);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (step->hours[middle].hour < hour)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool note_hour(struct summary_step *step, int64_t hour, int64_t change_id)
{
    size_t place = hour_place(step, hour);
    if (place < step->hour_count && step->hours[place].hour == hour) {
        step->hours[place].last = change_id;
        return true;
    }
    if (step->hour_count == step->hour_capacity) {
        size_t capacity = step->hour_capacity ? step->hour_capacity * 2 : 64;
        struct hour_span *hours = reallocarray(step->hours, capacity, sizeof *hours);
        if (!hours) return false;
        step->hours = hours;
        step->hour_capacity = capacity;
    }
    memmove(step->hours + place + 1, step->hours + place, (step->hour_count++ - place) * sizeof *step->hours);
    step->hours[place] = (struct hour_span){hour, change_id, change_id};
    return true;
}

bool summary_step_add(struct summary_step *step, const struct history_row *row, int64_t day, int64_t hour)
{
    if (step->changes++ == 0) {
        step->first_change_id = row->change_id;
        step->first_day = day;
        step->least_changed_at = step->greatest_changed_at = row->changed_at;
        step->least_partition = step->greatest_partition = row->partition;
    }
    step->last_change_id = row->change_id;
    if (row->changed_at < step->least_changed_at) step->least_changed_at = row->changed_at;
    if (row->changed_at > step->greatest_changed_at) step->greatest_changed_at = row->changed_at;
    if (row->partition < step->least_partition) step->least_partition = row->partition;
    if (row->partition > step->greatest_partition) step->greatest_partition = row->partition;
    return note_hour(step, hour, row->change_id);
}

int summary_step_write(const struct summary_step *step, sqlite3 *db, int64_t number, struct error *error)
{
    sqlite3_stmt *insert = step->insert_step;
    sqlite3_bind_int64(insert, 1, number);
    sqlite3_bind_int64(insert, 2, step->first_change_id);
    sqlite3_bind_int64(insert, 3, step->last_change_id);
    sqlite3_bind_int64(insert, 4, step->first_day);
    sqlite3_bind_int64(insert, 5, step->least_changed_at);
    sqlite3_bind_int64(insert, 6, step->greatest_changed_at);
    sqlite3_bind_int(insert, 7, step->least_partition);
    sqlite3_bind_int(insert, 8, step->greatest_partition);
    if (database_step(db, insert, error)) return -1;
    insert = step->insert_hour;
    sqlite3_bind_int64(insert, 2, number);
    for (size_t i = 0; i < step->hour_count; i++) {
        sqlite3_bind_int64(insert, 1, step->hours[i].hour);
        sqlite3_bind_int64(insert, 3, step->hours[i].first);
        sqlite3_bind_int64(insert, 4, step->hours[i].last);
        if (database_step(db, insert, error)) return -1;
    }
    return 0;
}

size_t summary_step_size(const struct summary_step *step)
{
    return step->hour_count * sizeof *step->hours;
}

void summary_step_clear(struct summary_step *step)
{
    step->changes = 0;
    step->hour_count = 0;
}
