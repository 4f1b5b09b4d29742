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
  -- Days and hours count from 1970. What the summaries cover is taken from them: the whole days of the period and, for all
  -- users, the whole hours before and behind these, up to the last change folded. The rest is read from the history: at
  -- both ends of the period, and the changes not folded yet. All of it is, where the summaries cannot tell (folded is 0).
  plan(by_row, commit_first, commit_last, row_first, row_last, folded, day_first, day_end, unit, whole_first, whole_end)
  AS MATERIALIZED (
    SELECT by_row, commit_first, commit_last, row_first, row_last, iif(summed, folded_through, 0),
           iif(commit_first = -9223372036854775808, commit_first,
               1 + (commit_first - 1) / 86400000000 - ((commit_first - 1) % 86400000000 < 0)),
           iif(commit_last = 9223372036854775807, commit_last,
               (commit_last + 1) / 86400000000 - ((commit_last + 1) % 86400000000 < 0)),
           unit,
           iif(commit_first = -9223372036854775808, commit_first,
               1 + (commit_first - 1) / unit - ((commit_first - 1) % unit < 0)),
           iif(commit_last = 9223372036854775807, commit_last,
               (commit_last + 1) / unit - ((commit_last + 1) % unit < 0))
    FROM (SELECT *, usable AND row_first IS NULL AND typeof(:user) IN ('null', 'integer') AS summed,
                 iif(:user IS NULL, 3600000000, 86400000000) AS unit
          FROM wanted CROSS JOIN summary_state)
  ),
  -- Its ends that are no whole hours or, for one user, days.
  edge(first, last) AS (
    SELECT commit_first, iif(whole_first <= whole_end, whole_first * unit - 1, commit_last)
    FROM plan
    WHERE folded > 0 AND commit_first <= commit_last
      AND (whole_first > whole_end OR whole_first * unit > commit_first)
    UNION ALL
    SELECT whole_end * unit, commit_last
    FROM plan
    WHERE folded > 0 AND whole_first <= whole_end AND whole_end * unit <= commit_last
  ),
  -- The sales of one user on whole days: each an integer, laid out as schema/004_summaries.sql says.
  user_sale(change_id, day, stock_no, units, reason) AS (
    SELECT iif(value & 3 = 3, s.first_change_id + (value >> 2), NULL),
           iif(value & 3 < 3, s.first_day + (value >> 16 & 16383) - 8192, NULL),
           value >> 2 & 16383, value >> 30, value & 3
    FROM plan CROSS JOIN summary_step AS s CROSS JOIN summary_user_changes AS u CROSS JOIN json_each(u.sales)
    WHERE folded > 0 AND :user IS NOT NULL AND day_first < day_end
      AND s.least_changed_at <= commit_last AND s.greatest_changed_at >= commit_first
      AND u.step = s.step AND u.user_id = :user
  ),
  -- The rows to read: from one change to another, those of this time.
  piece(first_change_id, last_change_id, first, last) AS MATERIALIZED (
    SELECT folded + 1, 9223372036854775807, commit_first, commit_last FROM plan
    UNION ALL
    SELECT first_change_id, last_change_id, max(first, hour * 3600000000), min(last, hour * 3600000000 + 3599999999)
    FROM edge CROSS JOIN summary_hour
    WHERE :user IS NULL
      AND hour BETWEEN first / 3600000000 - (first % 3600000000 < 0) AND last / 3600000000 - (last % 3600000000 < 0)
    UNION ALL
    SELECT first_change_id + value, first_change_id + value, first, last
    FROM edge CROSS JOIN summary_step AS s CROSS JOIN summary_user_changes AS u CROSS JOIN json_each(u.changes)
    WHERE s.least_changed_at <= last AND s.greatest_changed_at >= first AND u.step = s.step AND u.user_id = :user
    UNION ALL
    SELECT change_id, change_id,
           iif(commit_first = -9223372036854775808, commit_first, day_first * 86400000000),
           iif(commit_last = 9223372036854775807, commit_last, day_end * 86400000000 - 1)
    FROM plan CROSS JOIN user_sale
    WHERE change_id IS NOT NULL
  ),
  -- Whole hours before and behind whole days.
  hours(hour_first, hour_end) AS (
    SELECT whole_first, iif(day_first <= day_end, day_first * 24, whole_end)
    FROM plan
    WHERE folded > 0 AND :user IS NULL
    UNION ALL
    SELECT day_end * 24, whole_end
    FROM plan
    WHERE folded > 0 AND :user IS NULL AND day_first <= day_end
  ),
  -- Whole days are the difference of two totals, each that of the days before some day and of the days from there on;
  -- within one such stretch, the days themselves.
  total(from_day, to_day) AS MATERIALIZED (
    SELECT (SELECT max(day) FROM summary_stock_total WHERE day <= day_first),
           (SELECT max(day) FROM summary_stock_total WHERE day <= day_end)
    FROM plan
  ),
  term(sign, total_day, day_first, day_end) AS MATERIALIZED (
    SELECT 1, iif(to_day IS from_day, NULL, to_day), iif(to_day IS from_day, day_first, to_day), day_end
    FROM plan CROSS JOIN total
    WHERE folded > 0 AND :user IS NULL AND day_first < day_end
    UNION ALL
    SELECT -1, from_day, coalesce(from_day, -9223372036854775808), day_first
    FROM plan CROSS JOIN total
    WHERE folded > 0 AND :user IS NULL AND day_first < day_end AND to_day IS NOT from_day
  ),
  sold(stock, units, switched, reduced, closed) AS (
    SELECT stock, sign * units, sign * switched, sign * reduced, sign * closed
    FROM term CROSS JOIN summary_stock_total AS t
    WHERE t.day = total_day
    UNION ALL
    SELECT stock, sign * units, sign * switched, sign * reduced, sign * closed
    FROM term CROSS JOIN summary_stock_day AS d
    WHERE d.day >= day_first AND d.day < day_end
    UNION ALL
    SELECT stock, units, switched, reduced, closed
    FROM hours CROSS JOIN summary_stock_hour
    WHERE hour >= hour_first AND hour < hour_end
    UNION ALL
    SELECT (SELECT stock FROM summary_stock AS n WHERE n.stock_no = u.stock_no), sum(units),
           sum(reason = 0), sum(reason = 1), sum(reason = 2)
    FROM plan CROSS JOIN user_sale AS u
    WHERE u.day >= day_first AND u.day < day_end
    GROUP BY u.stock_no
    UNION ALL
    SELECT stock, units, reason = 'switched', reason = 'reduced', reason = 'closed'
    FROM plan CROSS JOIN piece AS p CROSS JOIN holding_sale_events
    WHERE change_id BETWEEN first_change_id AND last_change_id AND changed_at BETWEEN p.first AND p.last
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
