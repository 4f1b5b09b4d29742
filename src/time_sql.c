#include "time_sql.h"

/* Seconds in 400 years, after which the calendar repeats. */
#define CYCLE "12622780800"

/*
 * A day or timestamp outside the years 1 to 9999, which SQLite's date functions do not cover: the date in its
 * 400-year cycle from 1970 on, with the cycles added to the year again.
 */
static void far_time(struct buffer *out, const char *seconds, const char *format, const char *fraction,
                     const char *zone)
{
    buffer_printf(out,
                  "(SELECT printf('%%04d', CASE WHEN y > 0 THEN y ELSE 1 - y END)"
                  "\n      || strftime('%s', r, 'unixepoch')%s%s"
                  "\n      || CASE WHEN y > 0 THEN '' ELSE ' BC' END"
                  "\n      FROM (SELECT r, strftime('%%Y', r, 'unixepoch') + 400 * c AS y"
                  "\n        FROM (SELECT c, s - c * " CYCLE " AS r"
                  "\n          FROM (SELECT s, s / " CYCLE " - (s %% " CYCLE " < 0) AS c"
                  "\n            FROM (SELECT %s AS s)))))",
                  format, fraction, zone, seconds);
}

void time_sql(struct buffer *out, const char *x, enum time_unit unit, bool zulu)
{
    static const struct {
        const char *per_second;
        int digits;
        bool of_day;
    } units[] = {
        [UNIT_DAYS] = {"1", 0, false},
        [UNIT_TIMESTAMP_MS] = {"1000", 3, false},
        [UNIT_TIMESTAMP_US] = {"1000000", 6, false},
        [UNIT_TIMESTAMP_NS] = {"1000000000", 9, false},
        [UNIT_TIME_MS] = {"1000", 3, true},
        [UNIT_TIME_US] = {"1000000", 6, true},
        [UNIT_TIME_NS] = {"1000000000", 9, true},
    };
    const char *p = units[unit].per_second, *zone = zulu ? " || 'Z'" : "";
    struct buffer seconds = {0}, fraction = {0};

    buffer_printf(out, "CASE WHEN typeof(%s) <> 'integer' THEN %s", x, x);
    if (units[unit].of_day) {
        buffer_printf(
            out,
            "\n    ELSE iif(%s < 0, '-', '') || printf('%%02d:%%02d:%%02d.%%0%dd', abs(%s / %s / 3600),"
            " abs(%s / %s / 60 %% 60), abs(%s / %s %% 60), abs(%s %% %s)) END",
            x, units[unit].digits, x, p, x, p, x, p, x, p);
        return;
    }
    if (unit == UNIT_DAYS) {
        buffer_printf(
            out, "\n    WHEN %s = 2146033979 THEN 'infinity'\n    WHEN %s = -2147472691 THEN '-infinity'", x,
            x);
        buffer_printf(
            out,
            "\n    WHEN %s NOT BETWEEN -2147483648 AND 2147483647 THEN %s"
            "\n    WHEN %s BETWEEN -719162 AND 2932896 THEN date(%s * 86400, 'unixepoch')\n    ELSE ",
            x, x, x, x);
        buffer_printf(&seconds, "%s * 86400", x);
        far_time(out, buffer_string(&seconds), "-%m-%d", "", zone);
    } else {
        buffer_printf(&seconds, "%s / %s - (%s %% %s < 0)", x, p, x, p);
        buffer_printf(&fraction, " || printf('.%%0%dd', (%s %% %s + %s) %% %s)", units[unit].digits, x, p, p,
                      p);
        buffer_printf(out,
                      "\n    WHEN %s IN (9223372036854775807, 9223372036825200000) THEN 'infinity'"
                      "\n    WHEN %s IN (-9223372036854775808, -9223372036832400000) THEN '-infinity'"
                      "\n    WHEN %s BETWEEN -62135596800 * %s AND 253402300800 * %s - 1"
                      "\n      THEN strftime('%%Y-%%m-%%dT%%H:%%M:%%S', %s, 'unixepoch')%s%s\n    ELSE ",
                      x, x, x, p, p, buffer_string(&seconds), buffer_string(&fraction), zone);
        far_time(out, buffer_string(&seconds), "-%m-%dT%H:%M:%S", buffer_string(&fraction), zone);
    }
    buffer_text(out, " END");
    out->failed |= seconds.failed || fraction.failed;
    buffer_free(&seconds);
    buffer_free(&fraction);
}
