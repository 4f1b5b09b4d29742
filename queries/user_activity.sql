-- user_activity: what each user did: inserts, updates, deletes and sales, busiest first.
-- The user is the owner before the change, for an insert the new row's owner. Users without a change are absent.
--
-- Parameters (unset = the default):
--   :user   integer     only this owner (default: all)
--   :from   time        from this time on: 2025-01-31 or 2025-01-31T10:00:00.123456Z, UTC (default: all)
--   :to     time        before this time (default: all)
--   :time   commit|row  by commit time, or by the row's own datetime_updated (default: commit)
--   :limit  integer     at most so many rows, 0 = all (default: 10)
--
-- Columns:
--   user_id     the owner; NULL where the row had none
--   inserts     holdings inserted
--   updates     holdings updated, also where nothing changed
--   deletes     holdings deleted
--   times_sold  number of sales (see the view holding_sale_events)
--   units_sold  units in those sales
--
-- In the sqlite3 shell:
--   .parameter set :from "'2025-01-31'"
--   .parameter set :limit 20
--   .read queries/user_activity.sql
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
  activity(user_id, inserts, updates, deletes, times_sold, units_sold) AS (
    SELECT user_id, sum(op = 'c'), sum(op = 'u'), sum(op = 'd'), 0, 0
    FROM wanted
         CROSS JOIN (SELECT op, changed_at,
                            iif(op = 'd', before_datetime_updated, after_datetime_updated) AS row_updated_at,
                            iif(op = 'c', after_user_id, before_user_id) AS user_id
                     FROM holding_history)
    WHERE op IN ('c', 'u', 'd')
      AND (:user IS NULL OR user_id = :user)
      AND changed_at BETWEEN commit_first AND commit_last
      -- A row time that is NULL or one of the spellings of infinity is in no range.
      AND (row_first IS NULL
           OR (row_updated_at BETWEEN row_first AND row_last
               AND row_updated_at NOT IN
                   (9223372036854775807, 9223372036825200000, -9223372036854775808, -9223372036832400000)))
    GROUP BY user_id
    UNION ALL
    SELECT user_id, 0, 0, 0, count(*), sum(units)
    FROM wanted CROSS JOIN holding_sale_events
    WHERE (:user IS NULL OR user_id = :user)
      AND changed_at BETWEEN commit_first AND commit_last
      -- A row time that is NULL or one of the spellings of infinity is in no range.
      AND (row_first IS NULL
           OR (row_updated_at BETWEEN row_first AND row_last
               AND row_updated_at NOT IN
                   (9223372036854775807, 9223372036825200000, -9223372036854775808, -9223372036832400000)))
    GROUP BY user_id
  )
SELECT user_id,
       sum(inserts) AS inserts,
       sum(updates) AS updates,
       sum(deletes) AS deletes,
       sum(times_sold) AS times_sold,
       sum(units_sold) AS units_sold
FROM activity
GROUP BY user_id
ORDER BY sum(inserts + updates + deletes) DESC, user_id IS NULL, user_id
LIMIT iif(:limit = 0, -1, max(coalesce(:limit, 10), 0));
