-- stock_switches: which stock owners switched to when they gave one up by a switch.
-- Counts the sales whose reason is switched: see the view holding_sale_events.
--
-- Parameters (unset = the default):
--   :from   time        from this time on: 2025-01-31 or 2025-01-31T10:00:00.123456Z, UTC (default: all)
--   :to     time        before this time (default: all)
--   :time   commit|row  by commit time, or by the row's own datetime_updated (default: commit)
--   :user   integer     only this owner (default: all)
--   :stock  text        only switches away from this stock, exact text (default: all)
--   :limit  integer     at most so many rows, 0 = all (default: 10)
--
-- Columns:
--   from_stock      the stock given up
--   to_stock        the stock held instead; NULL for none
--   times_switched  number of such switches
--   units_sold      units of from_stock given up
--
-- In the sqlite3 shell:
--   .parameter set :stock "'AAPL'"
--   .read queries/stock_switches.sql
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
SELECT sale.stock AS from_stock,
       change.after_holding_stock AS to_stock,
       count(*) AS times_switched,
       sum(sale.units) AS units_sold
FROM wanted
     CROSS JOIN holding_sale_events AS sale
     CROSS JOIN holding_history AS change ON change.change_id = sale.change_id
WHERE sale.reason = 'switched'
  AND (:user IS NULL OR sale.user_id = :user)
  AND (:stock IS NULL OR sale.stock = :stock)
  AND sale.changed_at BETWEEN commit_first AND commit_last
  -- A row time that is NULL or one of the spellings of infinity is in no range.
  AND (row_first IS NULL
       OR (sale.row_updated_at BETWEEN row_first AND row_last
           AND sale.row_updated_at NOT IN
               (9223372036854775807, 9223372036825200000, -9223372036854775808, -9223372036832400000)))
GROUP BY from_stock, to_stock
ORDER BY times_switched DESC, units_sold DESC, from_stock, to_stock
LIMIT iif(:limit = 0, -1, max(coalesce(:limit, 10), 0));
