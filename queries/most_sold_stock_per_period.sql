-- most_sold_stock_per_period: the most sold stock of each day, week, month or year.
-- A sale is a switch to another stock, a smaller quantity, or a delete: see the view holding_sale_events.
-- Equal times_sold are ranked by units_sold, then by the stock's bytes. Periods without a sale are absent.
--
-- Parameters (unset = the default):
--   :period  day|week|month|year  what to count by (default: month)
--   :from    time                 from this time on: 2025-01-31 or 2025-01-31T10:00:00.123456Z, UTC (default: all)
--   :to      time                 before this time (default: all)
--   :limit   integer              at most so many rows a period, 0 = all (default: 1)
--   :time    commit|row           by commit time, or by the row's own datetime_updated (default: commit)
--   :user    integer              only this owner (default: all)
--
-- Columns:
--   period      the first day of the period (of a week its Monday)
--   stock       the stock sold (exact text)
--   times_sold  number of sales in the period
--   units_sold  units in those sales
--
-- In the sqlite3 shell:
--   .parameter set :period "'week'"
--   .parameter set :limit 3
--   .read queries/most_sold_stock_per_period.sql
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
  plan(by_row, folded, first, last, row_first, row_last, unit, day_first, day_end, whole_first, whole_end)
  AS MATERIALIZED (
    SELECT *,
           iif(commit_first = -9223372036854775808, commit_first,
               1 + (commit_first - 1) / unit - ((commit_first - 1) % unit < 0)),
           iif(commit_last = 9223372036854775807, commit_last,
               (commit_last + 1) / unit - ((commit_last + 1) % unit < 0))
    FROM (SELECT by_row, iif(usable AND NOT by_row AND typeof(:user) IN ('null', 'integer'), folded_through, 0),
                 commit_first, commit_last, row_first, row_last, iif(:user IS NULL, 3600000000, 86400000000) AS unit,
                 iif(commit_first = -9223372036854775808, commit_first,
                     1 + (commit_first - 1) / 86400000000 - ((commit_first - 1) % 86400000000 < 0)) AS day_first,
                 iif(commit_last = 9223372036854775807, commit_last,
                     (commit_last + 1) / 86400000000 - ((commit_last + 1) % 86400000000 < 0)) AS day_end
          FROM wanted LEFT JOIN summary_state)
  ),
  -- One user's sales are integers in lists, which have the commit's date from the 17th bit on: year - 1970, month and day
  -- in 7, 4 and 5 bits (see schema/005_sale_dates.sql). 46752 is 2098-01-01, behind the last date. Of a date only
  -- what tells periods apart is used, and of the rest of the lowest 16 bits the stock's number: mask.
  date_range(date_first, date_last) AS MATERIALIZED (
    SELECT (strftime('%Y', first_s, 'unixepoch') - 1970 << 9) + (strftime('%m', first_s, 'unixepoch') << 5)
             + strftime('%d', first_s, 'unixepoch'),
           (strftime('%Y', end_s, 'unixepoch') - 1970 << 9) + (strftime('%m', end_s, 'unixepoch') << 5)
             + strftime('%d', end_s, 'unixepoch') - 1
    FROM (SELECT min(max(day_first, 0), 46752) * 86400 AS first_s, min(max(day_end, 0), 46752) * 86400 AS end_s
          FROM plan)
  ),
  user_sales(first_change_id, sales, other_sales, whole, date_first, date_last, mask) AS MATERIALIZED (
    SELECT first_change_id, sales, other_sales,
           least_changed_at >= day_first * 86400000000 AND greatest_changed_at < day_end * 86400000000,
           date_first, date_last,
           65532 + CASE coalesce(:period, 'month') WHEN 'year' THEN 127 << 25 WHEN 'month' THEN 2047 << 21
                                                   ELSE 65535 << 16 END
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
  piece(by_row, first_change_id, last_change_id, first, last, row_first, row_last) AS MATERIALIZED (
    SELECT by_row, folded + 1, 9223372036854775807, first, last, row_first, row_last FROM plan
    UNION ALL
    SELECT 0, first_change_id, last_change_id, max(first, hour * 3600000000), min(last, hour * 3600000000 + 3599999999),
           NULL, NULL
    FROM edge CROSS JOIN summary_hour
    WHERE :user IS NULL
      AND hour BETWEEN first / 3600000000 - (first % 3600000000 < 0) AND last / 3600000000 - (last % 3600000000 < 0)
    UNION ALL
    SELECT 0, first_change_id + value, first_change_id + value, first, last, NULL, NULL
    FROM edge CROSS JOIN summary_step AS s CROSS JOIN summary_user_list AS u CROSS JOIN json_each(u.changes)
    WHERE s.least_changed_at <= last AND s.greatest_changed_at >= first AND u.step = s.step AND u.user_id = :user
    UNION ALL
    SELECT 0, first_change_id + value, first_change_id + value,
           iif(first = -9223372036854775808, first, day_first * 86400000000),
           iif(last = 9223372036854775807, last, day_end * 86400000000 - 1), NULL, NULL
    FROM plan CROSS JOIN user_sales CROSS JOIN json_each(other_sales)
    WHERE other_sales <> '[]'
  ),
  sold(day, stock, times_sold, units_sold) AS MATERIALIZED (
    SELECT day, stock, switched + reduced + closed, units
    FROM plan CROSS JOIN summary_stock_day
    WHERE folded > 0 AND :user IS NULL AND day >= day_first AND day < day_end
    UNION ALL
    SELECT hour / 24 - (hour % 24 < 0), stock, switched + reduced + closed, units
    FROM plan CROSS JOIN (SELECT 0 AS behind UNION ALL SELECT 1) CROSS JOIN summary_stock_hour
    WHERE folded > 0 AND :user IS NULL AND NOT (behind AND day_first > day_end)
      AND hour >= iif(behind, day_end * 24, whole_first)
      AND hour < iif(behind OR day_first > day_end, whole_end, day_first * 24)
    UNION ALL
    -- One user's, on some day of the period; the units begin at the 33rd bit.
    SELECT strftime('%s', printf('%d-%02d-%02d', (sold_as >> 25) + 1970, max(sold_as >> 21 & 15, 1),
                                 max(sold_as >> 16 & 31, 1))) / 86400,
           (SELECT stock FROM summary_stock AS n WHERE n.stock_no = sold_as >> 2 & 16383), times_sold, units_sold
    FROM (SELECT value & mask AS sold_as, count(*) AS times_sold, sum(value >> 32) AS units_sold
          FROM user_sales CROSS JOIN json_each(sales)
          WHERE whole OR value >> 16 & 65535 BETWEEN date_first AND date_last
          GROUP BY sold_as)
    UNION ALL
    SELECT moment / 86400000000 - (moment % 86400000000 < 0) AS day, stock, count(*), sum(units)
    FROM (SELECT iif(by_row, row_updated_at, changed_at) AS moment, stock, units
          FROM piece AS p CROSS JOIN holding_sale_events
          WHERE change_id BETWEEN first_change_id AND last_change_id AND changed_at BETWEEN first AND last
            AND (:user IS NULL OR user_id = :user)
            -- A row time that is NULL or one of the spellings of infinity is in no range.
            AND (row_first IS NULL
                 OR (row_updated_at BETWEEN row_first AND row_last
                     AND row_updated_at NOT IN
                         (9223372036854775807, 9223372036825200000, -9223372036854775808, -9223372036832400000))))
    WHERE typeof(moment) = 'integer'
      AND moment NOT IN (9223372036854775807, 9223372036825200000, -9223372036854775808, -9223372036832400000)
    GROUP BY day, stock
  ),
  -- The first day of each day's period, as days since 1970. The calendar repeats every 400 years (146097 days, whole
  -- weeks), so strftime, which ends at year 9999, is asked about the same day in 1970 to 2369.
  day_date(day, seconds) AS (
    SELECT day, ((day % 146097 + 146097) % 146097) * 86400 FROM (SELECT DISTINCT day FROM sold)
  ),
  day_period(day, first_day) AS MATERIALIZED (
    SELECT day,
           day - CASE coalesce(:period, 'month')
                   WHEN 'day' THEN 0
                   WHEN 'week' THEN (strftime('%w', seconds, 'unixepoch') + 6) % 7
                   WHEN 'month' THEN strftime('%d', seconds, 'unixepoch') - 1
                   WHEN 'year' THEN strftime('%j', seconds, 'unixepoch') - 1
                 END
    FROM day_date
  ),
  sold_in_period(first_day, stock, times_sold, units_sold) AS (
    SELECT first_day, stock, sum(times_sold), sum(units_sold)
    FROM sold JOIN day_period USING (day)
    WHERE first_day IS NOT NULL
    GROUP BY first_day, stock
  ),
  ranked AS (
    SELECT *, row_number() OVER (PARTITION BY first_day ORDER BY times_sold DESC, units_sold DESC, stock) AS place
    FROM sold_in_period
  ),
  -- The same days spelled out: years beyond 9999 with all their digits, year 0 and before as BC.
  dated AS (
    SELECT *, strftime('%Y', seconds, 'unixepoch') + 400 * ((first_day * 86400 - seconds) / (146097 * 86400)) AS year
    FROM (SELECT *, ((first_day % 146097 + 146097) % 146097) * 86400 AS seconds
          FROM ranked
          WHERE :limit = 0 OR place <= coalesce(:limit, 1))
  )
SELECT printf('%04d', iif(year > 0, year, 1 - year)) || strftime('-%m-%d', seconds, 'unixepoch')
         || iif(year > 0, '', ' BC') AS period,
       stock, times_sold, units_sold
FROM dated
ORDER BY first_day, place;
