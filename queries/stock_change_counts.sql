-- stock_change_counts: how many times each user changed the stock or the quantity of a holding.
-- An update in which both changed counts once in each, and once in changed_events. The user is the owner before the
-- change. Users without a change are absent. NULL is a value: to or from NULL is a change.
--
-- Parameters (unset = the default):
--   :user  integer     only this owner (default: all)
--   :from  time        from this time on: 2025-01-31 or 2025-01-31T10:00:00.123456Z, UTC (default: all)
--   :to    time        before this time (default: all)
--   :time  commit|row  by commit time, or by the row's own datetime_updated (default: commit)
--
-- Columns:
--   user_id           the owner before the change; NULL where the row had none
--   stock_changes     updates in which holding_stock changed
--   quantity_changes  updates in which holding_quantity changed
--   changed_events    updates in which either changed
--
-- In the sqlite3 shell:
--   .parameter set :user 7
--   .parameter set :from "'2025-01-31'"
--   .read queries/stock_change_counts.sql
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
  -- Days and hours count from 1970. What the summaries cover is taken from them: the whole days of the period, up to the
  -- last change folded. The rest is read from the history: at both ends of the period, where a day is not whole, and
  -- the changes not folded yet. All of it is, where the summaries cannot tell (folded is 0).
  plan(commit_first, commit_last, row_first, row_last, folded, day_first, day_end) AS MATERIALIZED (
    SELECT commit_first, commit_last, row_first, row_last, iif(summed, folded_through, 0),
           iif(commit_first = -9223372036854775808, -9223372036854775808,
               1 + (commit_first - 1) / 86400000000 - ((commit_first - 1) % 86400000000 < 0)),
           iif(commit_last = 9223372036854775807, 9223372036854775807,
               (commit_last + 1) / 86400000000 - ((commit_last + 1) % 86400000000 < 0))
    FROM (SELECT *, usable AND row_first IS NULL AND typeof(:user) IN ('null', 'integer') AS summed
          FROM wanted CROSS JOIN summary_state)
  ),
  -- Its ends that are no whole days.
  edge(first, last) AS (
    SELECT commit_first, iif(day_first <= day_end, day_first * 86400000000 - 1, commit_last)
    FROM plan
    WHERE folded > 0 AND commit_first <= commit_last
      AND (day_first > day_end OR day_first * 86400000000 > commit_first)
    UNION ALL
    SELECT day_end * 86400000000, commit_last
    FROM plan
    WHERE folded > 0 AND day_first <= day_end AND day_end * 86400000000 <= commit_last
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
  ),
  -- What neither an event nor the history before it tells is not known to have changed.
  changed AS NOT MATERIALIZED (
    SELECT *,
           before_holding_stock IS NOT after_holding_stock
             AND (unavailable IS NULL OR NOT EXISTS (
               SELECT 1 FROM unknown_value AS u, json_each(coalesce(u.columns, unavailable))
               WHERE u.change_id = holding_history.change_id
                 AND value IN ('before_holding_stock', 'after_holding_stock'))) AS stock_changed,
           before_holding_quantity IS NOT after_holding_quantity
             AND (unavailable IS NULL OR NOT EXISTS (
               SELECT 1 FROM unknown_value AS u, json_each(coalesce(u.columns, unavailable))
               WHERE u.change_id = holding_history.change_id
                 AND value IN ('before_holding_quantity', 'after_holding_quantity'))) AS quantity_changed
    FROM holding_history
    WHERE +op = 'u' -- the plus keeps SQLite from making an index for it
  ),
  -- Whole days are the difference of two totals, each that of the days before some day and of the days from there on;
  -- within one such stretch, the days themselves.
  total(from_day, to_day) AS MATERIALIZED (
    SELECT (SELECT max(day) FROM summary_user_total WHERE day <= day_first),
           (SELECT max(day) FROM summary_user_total WHERE day <= day_end)
    FROM plan
  ),
  term(sign, total_day, day_first, day_end) AS MATERIALIZED (
    SELECT 1, iif(to_day IS from_day, NULL, to_day), iif(to_day IS from_day, day_first, to_day), day_end
    FROM plan CROSS JOIN total
    WHERE folded > 0 AND day_first < day_end
    UNION ALL
    SELECT -1, from_day, coalesce(from_day, -9223372036854775808), day_first
    FROM plan CROSS JOIN total
    WHERE folded > 0 AND day_first < day_end AND to_day IS NOT from_day
  ),
  counted(user_id, stock_changes, quantity_changes, changed_events) AS (
    SELECT nullif(user_id, x''), sign * stock_changes, sign * quantity_changes, sign * changed_events
    FROM term CROSS JOIN summary_user_total AS t
    WHERE t.day = total_day AND user_id BETWEEN coalesce(:user, -9223372036854775808) AND coalesce(:user, x'')
    UNION ALL
    SELECT nullif(user_id, x''), sign * stock_changes, sign * quantity_changes, sign * changed_events
    FROM term CROSS JOIN summary_user_day AS d
    WHERE d.day >= day_first AND d.day < day_end AND (:user IS NULL OR user_id = :user)
    UNION ALL
    SELECT before_user_id, stock_changed, quantity_changed, 1
    FROM plan CROSS JOIN piece AS p CROSS JOIN changed
    WHERE change_id BETWEEN first_change_id AND last_change_id AND changed_at BETWEEN p.first AND p.last
      AND (stock_changed OR quantity_changed)
      AND (:user IS NULL OR before_user_id = :user)
      -- A row time that is NULL or one of the spellings of infinity is in no range.
      AND (row_first IS NULL
           OR (after_datetime_updated BETWEEN row_first AND row_last
               AND after_datetime_updated NOT IN
                   (9223372036854775807, 9223372036825200000, -9223372036854775808, -9223372036832400000)))
  )
SELECT user_id,
       sum(stock_changes) AS stock_changes,
       sum(quantity_changes) AS quantity_changes,
       sum(changed_events) AS changed_events
FROM counted
GROUP BY user_id
HAVING sum(changed_events) > 0
ORDER BY changed_events DESC, user_id IS NULL, user_id;
