#ifndef SUMMARY_STEP_H
#define SUMMARY_STEP_H

#include "cdclite/error.h"
#include "cdclite/history.h"
#include "summary_keys.h"

struct sqlite3;
struct sqlite3_stmt;

/* Where the rows of an hour, by commit time, stand in this step. */
struct hour_span {
    int64_t first, last;
};

/* A date in 16 bits: year - 1970 (7 bits), month (4), day (5). */
enum { DATE_BITS = 16, NO_DATE = 0, LAST_YEAR = 1970 + 127 };

/* Of days and hours before 1970, too. */
static inline int64_t floor_divide(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

/* What the changes gathered for the next step span. All zero has none. */
struct summary_step {
    int64_t changes;
    int64_t first_change_id, last_change_id;
    int64_t least_changed_at, greatest_changed_at;
    int32_t least_partition, greatest_partition;
    struct summary_keys hours; /* since 1970 */
    struct hour_span *spans;   /* of each */
    size_t span_capacity;
    uint32_t hour; /* the last change's */
    int64_t hour_begin, day;
    uint32_t date; /* the day, as summary_user_list.sales has it; NO_DATE where it has none */
    struct sqlite3_stmt *insert_step, *insert_hour;
};

int summary_step_open(struct summary_step *step, struct sqlite3 *db, struct error *error);
void summary_step_close(struct summary_step *step);

/* False when memory ran out. */
bool summary_step_add(struct summary_step *step, const struct history_row *row);

/* Writes summary_step and summary_hour, within the open transaction; `sorted` has the hours in their order.
 */
int summary_step_write(const struct summary_step *step, struct sqlite3 *db, int64_t number,
                       const uint32_t *sorted, struct error *error);

/* Bytes in use. */
size_t summary_step_size(const struct summary_step *step);
void summary_step_clear(struct summary_step *step);

#endif
