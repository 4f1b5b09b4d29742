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
    WHERE op = 'u'
  )
SELECT before_user_id AS user_id,
       sum(stock_changed) AS stock_changes,
       sum(quantity_changed) AS quantity_changes,
       count(*) AS changed_events
FROM wanted CROSS JOIN changed
WHERE (stock_changed OR quantity_changed)
  AND (:user IS NULL OR before_user_id = :user)
  AND changed_at BETWEEN commit_first AND commit_last
  -- A row time that is NULL or one of the spellings of infinity is in no range.
  AND (row_first IS NULL
       OR (after_datetime_updated BETWEEN row_first AND row_last
           AND after_datetime_updated NOT IN
               (9223372036854775807, 9223372036825200000, -9223372036854775808, -9223372036832400000)))
GROUP BY before_user_id
ORDER BY changed_events DESC, user_id IS NULL, user_id;
