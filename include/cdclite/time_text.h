#ifndef CDCLITE_TIME_TEXT_H
#define CDCLITE_TIME_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "cdclite/slice.h"

/* How the integer of a time column is to be read. The names are stored in captured_column.unit. */
enum time_unit {
    UNIT_NONE,
    UNIT_DAYS,         /* io.debezium.time.Date, org.apache.kafka.connect.data.Date: days since 1970 */
    UNIT_TIMESTAMP_MS, /* io.debezium.time.Timestamp, …connect.data.Timestamp: since 1970, without a zone */
    UNIT_TIMESTAMP_US, /* io.debezium.time.MicroTimestamp */
    UNIT_TIMESTAMP_NS, /* io.debezium.time.NanoTimestamp */
    UNIT_TIME_MS,      /* io.debezium.time.Time, …connect.data.Time: since midnight */
    UNIT_TIME_US,      /* io.debezium.time.MicroTime */
    UNIT_TIME_NS,      /* io.debezium.time.NanoTime */
};

/* "days", "timestamp_us", …; NULL for UNIT_NONE. */
const char *time_unit_name(enum time_unit unit);
/* The unit of a stored name; UNIT_NONE for NULL and for a name that is none. */
enum time_unit time_unit_named(const char *name);

/* Enough for any time_format result. */
enum { TIME_TEXT_SIZE = 48 };

/*
 * Writes the time as people and the text log read it: 2025-01-31T10:00:00.123456 (with `zulu` a Z behind it),
 * 2025-01-31 for days, 10:00:00.123456 for times of day; years beyond 9999 with all their digits, BC as
 * PostgreSQL writes it ("0044-03-15T00:00:00.000000 BC"); Debezium's infinities as "infinity" and
 * "-infinity". Milliseconds get three digits of fraction, microseconds six, nanoseconds nine. Ends it
 * with a NUL and returns its length.
 */
size_t time_format(int64_t value, enum time_unit unit, bool zulu, char text[TIME_TEXT_SIZE]);

/*
 * Reads `2025-01-31`, `2025-01-31T10:00:00Z` or `2025-01-31 10:00:00.123456` (UTC; T or a space, Z or none,
 * one to six digits of fraction) into microseconds since 1970. Returns -1 for anything else, also for days
 * that do not exist.
 */
int time_parse(const char *text, int64_t *microseconds);

/* A time with its text, as UNIT_TIMESTAMP_US with Z. All zero is none. */
struct time_text {
    int64_t microseconds, day; /* since 1970 */
    size_t size, date_size;    /* the date's; 0: there is none */
    char text[TIME_TEXT_SIZE];
};
/* Makes it that of another time, unless it is that of this one. */
void time_text_set(struct time_text *time, int64_t microseconds);

/* Days since 1970 to a civil date (the year 0 is 1 BC), for any day that is not within 2^20 of the limits. */
void time_civil_date(int64_t days, int64_t *year, int *month, int *day);

/* Microseconds since 1970 UTC, now. */
int64_t time_now(void);

/* Milliseconds that pass evenly, to measure with; exact to a few of them, and cheap enough for every message.
 */
int64_t time_passing_ms(void);

#endif
