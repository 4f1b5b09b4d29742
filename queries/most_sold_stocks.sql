-- most_sold_stocks: which stocks were sold most often, and how many units.
-- A sale is a switch to another stock, a smaller quantity, or a delete: see the view holding_sale_events.
--
-- Parameters (unset = the default):
--   :from   time        from this time on: 2025-01-31 or 2025-01-31T10:00:00.123456Z, UTC (default: all)
--   :to     time        before this time (default: all)
--   :time   commit|row  by commit time, or by the row's own datetime_updated (default: commit)
--   :user   integer     only this owner (default: all)
--   :limit  integer     at most so many rows, 0 = all (default: 10)
--
-- Columns:
--   stock       the stock sold (exact text)
--   times_sold  number of sales
--   units_sold  units in those sales
--   switched    sales because the holding went to another stock or to none
--   reduced     sales because the quantity fell
--   closed      sales because the holding was deleted
--
-- In the sqlite3 shell:
--   .parameter set :from "'2025-01-01'"
--   .parameter set :to "'2025-02-01'"
--   .read queries/most_sold_stocks.sql
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
  )
SELECT stock,
       count(*) AS times_sold,
       sum(units) AS units_sold,
       sum(reason = 'switched') AS switched,
       sum(reason = 'reduced') AS reduced,
       sum(reason = 'closed') AS closed
FROM wanted CROSS JOIN holding_sale_events
WHERE (:user IS NULL OR user_id = :user)
  AND changed_at BETWEEN commit_first AND commit_last
  -- A row time that is NULL or one of the spellings of infinity is in no range.
  AND (row_first IS NULL
       OR (row_updated_at BETWEEN row_first AND row_last
           AND row_updated_at NOT IN
               (9223372036854775807, 9223372036825200000, -9223372036854775808, -9223372036832400000)))
GROUP BY stock
ORDER BY times_sold DESC, units_sold DESC, stock
LIMIT iif(:limit = 0, -1, max(coalesce(:limit, 10), 0));
