-- activity: what happened to any table, or to all, per day, week, month or year of the commit time.
-- Periods without an event are absent.
--
-- Parameters (unset = the default):
--   :table   table                one captured table (default: all)
--   :period  day|week|month|year  what to count by (default: month)
--   :from    time                 from this time on: 2025-01-31 or 2025-01-31T10:00:00.123456Z, UTC (default: all)
--   :to      time                 before this time (default: all)
--
-- Columns:
--   period      the first day of the period (of a week its Monday)
--   table_name  the table
--   inserts     rows inserted
--   updates     rows updated, also where nothing changed
--   deletes     rows deleted
--   snapshots   rows read by snapshots
--   truncates   times the table was truncated
--
-- In the sqlite3 shell:
--   .shell cdclite query activity table=holding --sql > activity.sql
--   .parameter set :period "'day'"
--   .read activity.sql
WITH
  -- No row where a bound is not a time: the query then selects nothing instead of everything.
  wanted(first, last) AS MATERIALIZED (
    SELECT first, last
    FROM (SELECT iif(:from IS NULL, -9223372036854775808, {time :from}) AS first,
                 iif(:to IS NULL, 9223372036854775807, {time :to} - 1) AS last)
    WHERE first IS NOT NULL AND last IS NOT NULL
  ),
  happened(day, table_name, inserts, updates, deletes, snapshots, truncates) AS MATERIALIZED (
    SELECT changed_at / 86400000000 - (changed_at % 86400000000 < 0) AS day, table_name,
           sum(op = 'c'), sum(op = 'u'), sum(op = 'd'), sum(op = 'r'), sum(op = 't')
    FROM wanted CROSS JOIN {events}
    WHERE changed_at BETWEEN first AND last
    GROUP BY day, table_name
  ),
  -- The first day of each day's period, as days since 1970. The calendar repeats every 400 years (146097 days, whole
  -- weeks), so strftime, which ends at year 9999, is asked about the same day in 1970 to 2369.
  day_date(day, seconds) AS (
    SELECT day, ((day % 146097 + 146097) % 146097) * 86400 FROM (SELECT DISTINCT day FROM happened)
  ),
  day_period(day, first_day) AS (
    SELECT day,
           day - CASE coalesce(:period, 'month')
                   WHEN 'day' THEN 0
                   WHEN 'week' THEN (strftime('%w', seconds, 'unixepoch') + 6) % 7
                   WHEN 'month' THEN strftime('%d', seconds, 'unixepoch') - 1
                   WHEN 'year' THEN strftime('%j', seconds, 'unixepoch') - 1
                 END
    FROM day_date
    WHERE coalesce(:period, 'month') IN ('day', 'week', 'month', 'year')
  ),
  -- The same days spelled out: years beyond 9999 with all their digits, year 0 and before as BC.
  label(first_day, text) AS (
    SELECT first_day,
           printf('%04d', iif(year > 0, year, 1 - year)) || strftime('-%m-%d', seconds, 'unixepoch')
             || iif(year > 0, '', ' BC')
    FROM (SELECT first_day, seconds,
                 strftime('%Y', seconds, 'unixepoch') + 400 * ((first_day * 86400 - seconds) / (146097 * 86400)) AS year
          FROM (SELECT DISTINCT first_day, ((first_day % 146097 + 146097) % 146097) * 86400 AS seconds
                FROM day_period))
  )
SELECT text AS period, table_name, sum(inserts) AS inserts, sum(updates) AS updates, sum(deletes) AS deletes,
       sum(snapshots) AS snapshots, sum(truncates) AS truncates
FROM happened JOIN day_period USING (day) JOIN label USING (first_day)
GROUP BY first_day, table_name
ORDER BY first_day, table_name;
