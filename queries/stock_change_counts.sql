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
  -- Days and hours count from 1970. What the summaries cover is taken from them: the days that the period has most of,
  -- up to the last change folded. The rest is read from the history: what the period has more or less than these days
  -- (sign -1), and the changes not folded yet. All of it is, where the summaries cannot tell (folded is 0). Each
  -- reference to plan costs SQLite time, so there are few.
  plan(folded, first, last, row_first, row_last, day_first, day_end, from_total, to_total) AS MATERIALIZED (
    SELECT folded, first, last, row_first, row_last, day_first, day_end,
           iif(day_end - day_first > 4, (SELECT max(day) FROM summary_user_total WHERE day <= day_first), NULL),
           iif(day_end - day_first > 4, (SELECT max(day) FROM summary_user_total WHERE day <= day_end), NULL)
    FROM (SELECT iif(usable AND row_first IS NULL AND typeof(:user) IN ('null', 'integer'), folded_through, 0)
                   AS folded,
                 commit_first AS first, commit_last AS last, row_first, row_last,
                 iif(commit_first = -9223372036854775808, commit_first,
                     (commit_first + 43200000000) / 86400000000 - ((commit_first + 43200000000) % 86400000000 < 0))
                   AS day_first,
                 iif(commit_last = 9223372036854775807, commit_last,
                     iif(commit_first > commit_last - 86399999999, -9223372036854775808,
                         (commit_last + 43200000001) / 86400000000
                           - ((commit_last + 43200000001) % 86400000000 < 0))) AS day_end
          FROM wanted LEFT JOIN summary_state)
  ),
  -- A period shorter than a day is read by its rows.
  edge(sign, first, last) AS (
    SELECT *
    FROM (SELECT CASE WHEN NOT whole OR iif(behind, day_end * 86400000000 <= last, day_first * 86400000000 > first)
                      THEN 1 ELSE -1 END,
                 CASE WHEN NOT whole THEN first
                      WHEN behind THEN min(last + 1, day_end * 86400000000)
                      ELSE min(first, day_first * 86400000000) END AS edge_first,
                 CASE WHEN NOT whole THEN last
                      WHEN behind THEN max(last + 1, day_end * 86400000000) - 1
                      ELSE max(first, day_first * 86400000000) - 1 END AS edge_last
          FROM (SELECT *, day_first < day_end AS whole
                FROM plan CROSS JOIN (SELECT 0 AS behind UNION ALL SELECT 1))
          WHERE folded > 0 AND first <= last
            AND iif(whole, iif(behind, last < 9223372036854775807, first > -9223372036854775808), NOT behind))
    WHERE edge_first <= edge_last
  ),
  -- The rows to read: from one change to another, those of this time.
  piece(sign, first_change_id, last_change_id, first, last, row_first, row_last) AS MATERIALIZED (
    SELECT 1, folded + 1, 9223372036854775807, first, last, row_first, row_last FROM plan
    UNION ALL
    SELECT sign, first_change_id, last_change_id,
           max(first, hour * 3600000000), min(last, hour * 3600000000 + 3599999999), NULL, NULL
    FROM edge CROSS JOIN summary_hour
    WHERE :user IS NULL
      AND hour BETWEEN first / 3600000000 - (first % 3600000000 < 0) AND last / 3600000000 - (last % 3600000000 < 0)
    UNION ALL
    SELECT sign, first_change_id + value, first_change_id + value, first, last, NULL, NULL
    FROM edge CROSS JOIN summary_step AS s CROSS JOIN summary_user_list AS u CROSS JOIN json_each(u.changes)
    WHERE s.least_changed_at <= last AND s.greatest_changed_at >= first AND u.step = s.step AND u.user_id = :user
  ),
  -- What neither an event nor the history before it tells is not known to have changed.
  changed AS NOT MATERIALIZED (
    SELECT *,
           before_holding_stock IS NOT after_holding_stock
             AND iif(unavailable IS NULL, 1, NOT EXISTS (
               SELECT 1 FROM unknown_value AS u, json_each(coalesce(u.columns, unavailable))
               WHERE u.change_id = holding_history.change_id
                 AND value IN ('before_holding_stock', 'after_holding_stock'))) AS stock_changed,
           before_holding_quantity IS NOT after_holding_quantity
             AND iif(unavailable IS NULL, 1, NOT EXISTS (
               SELECT 1 FROM unknown_value AS u, json_each(coalesce(u.columns, unavailable))
               WHERE u.change_id = holding_history.change_id
                 AND value IN ('before_holding_quantity', 'after_holding_quantity'))) AS quantity_changed
    FROM holding_history
    WHERE +op = 'u' -- the plus keeps SQLite from making an index for it
  ),
  counted(user_id, stock_changes, quantity_changes, changed_events) AS (
    -- Many days are the difference of two totals, each that of the days before some day and of the days from there on;
    -- few, or those within one such stretch, are the days themselves.
    SELECT nullif(t.user_id, x''), t.stock_changes - coalesce(f.stock_changes, 0),
           t.quantity_changes - coalesce(f.quantity_changes, 0), t.changed_events - coalesce(f.changed_events, 0)
    FROM plan CROSS JOIN summary_user_total AS t
         LEFT JOIN summary_user_total AS f ON f.day = from_total AND f.user_id = t.user_id
    WHERE folded > 0 AND day_first < day_end AND from_total IS NOT to_total AND t.day = to_total
      AND t.user_id BETWEEN coalesce(:user, -9223372036854775808) AND coalesce(:user, x'')
    UNION ALL
    SELECT nullif(user_id, x''), sign * stock_changes, sign * quantity_changes, sign * changed_events
    FROM plan CROSS JOIN (SELECT 1 AS sign UNION ALL SELECT -1) CROSS JOIN summary_user_day AS d
    WHERE folded > 0 AND day_first < day_end
      AND d.day >= CASE WHEN sign < 0 THEN coalesce(from_total, -9223372036854775808)
                        WHEN from_total IS to_total THEN day_first ELSE to_total END
      AND d.day < iif(sign > 0, day_end, iif(from_total IS to_total, -9223372036854775808, day_first))
      AND (:user IS NULL OR user_id = :user)
    UNION ALL
    SELECT before_user_id, sign * stock_changed, sign * quantity_changed, sign
    FROM (SELECT sign, before_user_id, stock_changed, quantity_changed
          FROM piece AS p CROSS JOIN changed
          WHERE change_id BETWEEN first_change_id AND last_change_id AND changed_at BETWEEN first AND last
            AND (:user IS NULL OR before_user_id = :user)
            -- A row time that is NULL or one of the spellings of infinity is in no range.
            AND (row_first IS NULL
                 OR (after_datetime_updated BETWEEN row_first AND row_last
                     AND after_datetime_updated NOT IN
                         (9223372036854775807, 9223372036825200000, -9223372036854775808, -9223372036832400000)))
          LIMIT -1) -- so that what changed is found once a row
    WHERE stock_changed OR quantity_changed
  )
SELECT user_id,
       sum(stock_changes) AS stock_changes,
       sum(quantity_changes) AS quantity_changes,
       sum(changed_events) AS changed_events
FROM counted
GROUP BY user_id
HAVING sum(changed_events) > 0
ORDER BY changed_events DESC, user_id IS NULL, user_id;
