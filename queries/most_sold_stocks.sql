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
  ),
  -- Days and hours count from 1970. What the summaries cover is taken from them: the whole days of the period and, for
  -- all users, the whole hours before and behind these, up to the last change folded. The rest is read from the
  -- history: at both ends of the period, and the changes not folded yet. All of it is, where the summaries cannot tell
  -- (folded is 0). Each reference to plan costs SQLite time, so there are few.
  plan(folded, first, last, row_first, row_last, unit, day_first, day_end, whole_first, whole_end, from_total, to_total)
  AS MATERIALIZED (
    SELECT *,
           iif(commit_first = -9223372036854775808, commit_first,
               1 + (commit_first - 1) / unit - ((commit_first - 1) % unit < 0)),
           iif(commit_last = 9223372036854775807, commit_last,
               (commit_last + 1) / unit - ((commit_last + 1) % unit < 0)),
           (SELECT max(day) FROM summary_stock_total WHERE day <= day_first),
           (SELECT max(day) FROM summary_stock_total WHERE day <= day_end)
    FROM (SELECT iif(usable AND row_first IS NULL AND typeof(:user) IN ('null', 'integer'), folded_through, 0),
                 commit_first, commit_last, row_first, row_last, iif(:user IS NULL, 3600000000, 86400000000) AS unit,
                 iif(commit_first = -9223372036854775808, commit_first,
                     1 + (commit_first - 1) / 86400000000 - ((commit_first - 1) % 86400000000 < 0)) AS day_first,
                 iif(commit_last = 9223372036854775807, commit_last,
                     (commit_last + 1) / 86400000000 - ((commit_last + 1) % 86400000000 < 0)) AS day_end
          FROM wanted LEFT JOIN summary_state)
  ),
  -- One user's sales are integers in lists, which have the commit's date from the 17th bit on: year - 1970, month and day
  -- in 7, 4 and 5 bits (see schema/005_sale_dates.sql). 46752 is 2098-01-01, behind the last date.
  date_range(date_first, date_last) AS MATERIALIZED (
    SELECT (strftime('%Y', first_s, 'unixepoch') - 1970 << 9) + (strftime('%m', first_s, 'unixepoch') << 5)
             + strftime('%d', first_s, 'unixepoch'),
           (strftime('%Y', end_s, 'unixepoch') - 1970 << 9) + (strftime('%m', end_s, 'unixepoch') << 5)
             + strftime('%d', end_s, 'unixepoch') - 1
    FROM (SELECT min(max(day_first, 0), 46752) * 86400 AS first_s, min(max(day_end, 0), 46752) * 86400 AS end_s
          FROM plan)
  ),
  user_sales(first_change_id, sales, other_sales, whole, date_first, date_last) AS MATERIALIZED (
    SELECT first_change_id, sales, other_sales,
           least_changed_at >= day_first * 86400000000 AND greatest_changed_at < day_end * 86400000000,
           date_first, date_last
    FROM plan CROSS JOIN date_range CROSS JOIN summary_step AS s CROSS JOIN summary_user_list AS u
    WHERE folded > 0 AND day_first < day_end AND s.least_changed_at <= last AND s.greatest_changed_at >= first
      AND u.step = s.step AND u.user_id = :user
  ),
  -- The ends of the period that are no whole hours or, for one user, days.
  edge(first, last) AS (
    SELECT iif(behind, whole_end * unit, first),
           iif(behind OR whole_first > whole_end, last, whole_first * unit - 1)
    FROM plan CROSS JOIN (SELECT 0 AS behind UNION ALL SELECT 1)
    WHERE folded > 0 AND first <= last
      AND CASE WHEN whole_first > whole_end THEN NOT behind
               WHEN behind THEN whole_end * unit <= last
               ELSE whole_first * unit > first END
  ),
  -- The rows to read: from one change to another, those of this time. Of one user's sales on whole days only those that
  -- summary_user_list has no room for (other_sales).
  piece(first_change_id, last_change_id, first, last, row_first, row_last) AS MATERIALIZED (
    SELECT folded + 1, 9223372036854775807, first, last, row_first, row_last FROM plan
    UNION ALL
    SELECT first_change_id, last_change_id, max(first, hour * 3600000000), min(last, hour * 3600000000 + 3599999999),
           NULL, NULL
    FROM edge CROSS JOIN summary_hour
    WHERE :user IS NULL
      AND hour BETWEEN first / 3600000000 - (first % 3600000000 < 0) AND last / 3600000000 - (last % 3600000000 < 0)
    UNION ALL
    SELECT first_change_id + value, first_change_id + value, first, last, NULL, NULL
    FROM edge CROSS JOIN summary_step AS s CROSS JOIN summary_user_list AS u CROSS JOIN json_each(u.changes)
    WHERE s.least_changed_at <= last AND s.greatest_changed_at >= first AND u.step = s.step AND u.user_id = :user
    UNION ALL
    SELECT first_change_id + value, first_change_id + value,
           iif(first = -9223372036854775808, first, day_first * 86400000000),
           iif(last = 9223372036854775807, last, day_end * 86400000000 - 1), NULL, NULL
    FROM plan CROSS JOIN user_sales CROSS JOIN json_each(other_sales)
    WHERE other_sales <> '[]'
  ),
  sold(stock, units, switched, reduced, closed) AS (
    -- Whole days are the difference of two totals, each that of the days before some day and of the days from there on;
    -- within one such stretch, the days themselves.
    SELECT stock,
           iif(t.day = to_total, units, -units), iif(t.day = to_total, switched, -switched),
           iif(t.day = to_total, reduced, -reduced), iif(t.day = to_total, closed, -closed)
    FROM plan CROSS JOIN summary_stock_total AS t
    WHERE folded > 0 AND :user IS NULL AND day_first < day_end
      AND from_total IS NOT to_total AND t.day IN (from_total, to_total)
    UNION ALL
    SELECT stock, sign * units, sign * switched, sign * reduced, sign * closed
    FROM plan CROSS JOIN (SELECT 1 AS sign UNION ALL SELECT -1) CROSS JOIN summary_stock_day AS d
    WHERE folded > 0 AND :user IS NULL AND day_first < day_end
      AND d.day >= CASE WHEN sign < 0 THEN coalesce(from_total, -9223372036854775808)
                        WHEN from_total IS to_total THEN day_first ELSE to_total END
      AND d.day < iif(sign > 0, day_end, iif(from_total IS to_total, -9223372036854775808, day_first))
    UNION ALL
    SELECT stock, units, switched, reduced, closed
    FROM plan CROSS JOIN (SELECT 0 AS behind UNION ALL SELECT 1) CROSS JOIN summary_stock_hour
    WHERE folded > 0 AND :user IS NULL AND NOT (behind AND day_first > day_end)
      AND hour >= iif(behind, day_end * 24, whole_first)
      AND hour < iif(behind OR day_first > day_end, whole_end, day_first * 24)
    UNION ALL
    -- One user's: the lowest 16 bits are the stock's number and, in two of them, the reason; the units begin at the 33rd.
    SELECT (SELECT stock FROM summary_stock AS n WHERE n.stock_no = sold_as >> 2), units,
           iif(sold_as & 3 = 0, times, 0), iif(sold_as & 3 = 1, times, 0), iif(sold_as & 3 = 2, times, 0)
    FROM (SELECT value & 65535 AS sold_as, count(*) AS times, sum(value >> 32) AS units
          FROM user_sales CROSS JOIN json_each(sales)
          WHERE whole OR value >> 16 & 65535 BETWEEN date_first AND date_last
          GROUP BY sold_as)
    UNION ALL
    SELECT stock, units, reason = 'switched', reason = 'reduced', reason = 'closed'
    FROM piece AS p CROSS JOIN holding_sale_events
    WHERE change_id BETWEEN first_change_id AND last_change_id AND changed_at BETWEEN first AND last
      AND (:user IS NULL OR user_id = :user)
      -- A row time that is NULL or one of the spellings of infinity is in no range.
      AND (row_first IS NULL
           OR (row_updated_at BETWEEN row_first AND row_last
               AND row_updated_at NOT IN
                   (9223372036854775807, 9223372036825200000, -9223372036854775808, -9223372036832400000)))
  )
SELECT stock,
       sum(switched + reduced + closed) AS times_sold,
       sum(units) AS units_sold,
       sum(switched) AS switched,
       sum(reduced) AS reduced,
       sum(closed) AS closed
FROM sold
GROUP BY stock
HAVING sum(switched + reduced + closed) > 0
ORDER BY times_sold DESC, units_sold DESC, stock
LIMIT iif(:limit = 0, -1, max(coalesce(:limit, 10), 0));
