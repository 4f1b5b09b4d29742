-- recent_changes: the last changes that were loaded, newest first.
-- Snapshot reads are not changes and are left out.
--
-- Parameters (unset = the default):
--   :user   integer  only rows owned by this user, before or after (default: all)
--   :limit  integer  at most so many rows, 0 = all (default: 20)
--
-- Columns:
--   changed_at      commit time
--   op              insert, update, delete or truncate
--   old_holding_id  the holding's id before
--   new_holding_id  and after
--   old_user_id     the owner before
--   new_user_id     and after
--   old_stock       the stock before
--   new_stock       and after
--   old_quantity    the quantity before
--   new_quantity    and after
--
-- In the sqlite3 shell:
--   .parameter set :limit 50
--   .read queries/recent_changes.sql
WITH
  listed AS (
    SELECT *
    FROM holding_history
    WHERE op IN ('c', 'u', 'd', 't')
      AND (:user IS NULL OR before_user_id = :user OR after_user_id = :user)
    ORDER BY change_id DESC
    LIMIT iif(:limit = 0, -1, max(coalesce(:limit, 20), 0))
  ),
  -- ISO times. The calendar repeats every 400 years (12622780800 seconds), so strftime, which ends at year 9999, is
  -- asked about the same second in 1970 to 2369; the divisions round down, also before 1970.
  dated AS (
    SELECT *, (seconds % 12622780800 + 12622780800) % 12622780800 AS in_cycle
    FROM (SELECT *, changed_at / 1000000 - (changed_at % 1000000 < 0) AS seconds FROM listed)
  ),
  spelled AS (
    SELECT *, strftime('%Y', in_cycle, 'unixepoch') + 400 * ((seconds - in_cycle) / 12622780800) AS year FROM dated
  )
SELECT printf('%04d', iif(year > 0, year, 1 - year)) || strftime('-%m-%dT%H:%M:%S', in_cycle, 'unixepoch')
         || printf('.%06dZ', (changed_at % 1000000 + 1000000) % 1000000) || iif(year > 0, '', ' BC') AS changed_at,
       CASE op WHEN 'c' THEN 'insert' WHEN 'u' THEN 'update' WHEN 'd' THEN 'delete' WHEN 't' THEN 'truncate' END AS op,
       before_holding_id AS old_holding_id,
       after_holding_id AS new_holding_id,
       before_user_id AS old_user_id,
       after_user_id AS new_user_id,
       before_holding_stock AS old_stock,
       after_holding_stock AS new_stock,
       before_holding_quantity AS old_quantity,
       after_holding_quantity AS new_quantity
FROM spelled
ORDER BY change_id DESC;
