-- sales: single sales, newest first.
-- A sale is a switch to another stock, a smaller quantity, or a delete: see the view holding_sale_events.
--
-- Parameters (unset = the default):
--   :from    time                     from this time on: 2025-01-31 or 2025-01-31T10:00:00.123456Z, UTC (default: all)
--   :to      time                     before this time (default: all)
--   :time    commit|row               by commit time, or by the row's own datetime_updated (default: commit)
--   :user    integer                  only this owner (default: all)
--   :stock   text                     only this stock, exact text (default: all)
--   :reason  switched|reduced|closed  only sales for this reason (default: all)
--   :limit   integer                  at most so many rows, 0 = all (default: 20)
--
-- Columns:
--   sold_at     when, by the chosen clock; the row's own time has no Z, and may be NULL or infinite
--   user_id     the owner before the change
--   holding_id  the holding
--   stock       the stock sold
--   units       units sold
--   reason      switched, reduced or closed
--
-- In the sqlite3 shell:
--   .parameter set :user 7
--   .parameter set :reason "'closed'"
--   .read queries/sales.sql
WITH
  -- :from and :to in microseconds since 1970 UTC, converted once. strftime is given whole seconds only, as it rounds
  -- fractions to milliseconds; the digits of the fraction come from the text. What is not a time gives no row.
  given(name, value) AS (VALUES ('from', :from), ('to', :to)),
  split(name, seconds, fraction) AS (
    SELECT name,
           iif(length(value) = 10, value || ' 00:00:00', replace(substr(value, 1, 19), 'T', ' ')),
           iif(value GLOB '*Z', substr(value, 20, length(value) - 20), substr(value, 20))
    FROM given
  ),
  bound(name, microseconds) AS (
    SELECT name, strftime('%s', seconds) * 1000000 + substr(fraction || '000000', 2, 6)
    FROM split
    WHERE strftime('%Y-%m-%d %H:%M:%S', seconds, '+0 days') = seconds -- '+0 days' turns February 30 into March
      AND (fraction = '' OR (fraction GLOB '.[0-9]*' AND fraction NOT GLOB '.*[^0-9]*' AND length(fraction) <= 7))
  ),
  -- One row, or none where a parameter has no meaning: the query then selects nothing instead of everything.
  -- The bounds stand on the commit time or on the row's time; row_first is NULL where the row's time does not matter.
  wanted(by_row, commit_first, commit_last, row_first, row_last) AS MATERIALIZED (
    SELECT by_row,
           iif(by_row, -9223372036854775808, first),
           iif(by_row, 9223372036854775807, last),
           iif(by_row AND (:from IS NOT NULL OR :to IS NOT NULL), first, NULL),
           last
    FROM (SELECT coalesce(:time, 'commit') = 'row' AS by_row,
                 iif(:from IS NULL, -9223372036854775808,
                     (SELECT microseconds FROM bound WHERE name = 'from')) AS first,
                 iif(:to IS NULL, 9223372036854775807,
                     (SELECT microseconds - 1 FROM bound WHERE name = 'to')) AS last)
    WHERE first IS NOT NULL AND last IS NOT NULL AND coalesce(:time, 'commit') IN ('commit', 'row')
  ),
  listed AS (
    SELECT change_id, by_row, iif(by_row, row_updated_at, changed_at) AS moment,
           user_id, holding_id, stock, units, reason
    FROM wanted CROSS JOIN holding_sale_events
    WHERE (:user IS NULL OR user_id = :user)
      AND (:stock IS NULL OR stock = :stock)
      AND (:reason IS NULL OR reason = :reason)
      AND changed_at BETWEEN commit_first AND commit_last
      -- A row time that is NULL or one of the spellings of infinity is in no range.
      AND (row_first IS NULL
           OR (row_updated_at BETWEEN row_first AND row_last
               AND row_updated_at NOT IN
                   (9223372036854775807, 9223372036825200000, -9223372036854775808, -9223372036832400000)))
    ORDER BY moment DESC, change_id DESC
    LIMIT iif(:limit = 0, -1, max(coalesce(:limit, 20), 0))
  ),
  -- ISO times. The calendar repeats every 400 years (12622780800 seconds), so strftime, which ends at year 9999, is
  -- asked about the same second in 1970 to 2369; the divisions round down, also before 1970.
  dated AS (
    SELECT *, (seconds % 12622780800 + 12622780800) % 12622780800 AS in_cycle
    FROM (SELECT *, moment / 1000000 - (moment % 1000000 < 0) AS seconds FROM listed)
  ),
  spelled AS (
    SELECT *, strftime('%Y', in_cycle, 'unixepoch') + 400 * ((seconds - in_cycle) / 12622780800) AS year FROM dated
  )
SELECT CASE
         WHEN moment IN (9223372036854775807, 9223372036825200000) THEN 'infinity'
         WHEN moment IN (-9223372036854775808, -9223372036832400000) THEN '-infinity'
         WHEN typeof(moment) = 'integer' THEN
           printf('%04d', iif(year > 0, year, 1 - year)) || strftime('-%m-%dT%H:%M:%S', in_cycle, 'unixepoch')
             || printf('.%06d', (moment % 1000000 + 1000000) % 1000000)
             || iif(by_row, '', 'Z') || iif(year > 0, '', ' BC')
         ELSE moment
       END AS sold_at,
       user_id, holding_id, stock, units, reason
FROM spelled
ORDER BY moment DESC, change_id DESC;
