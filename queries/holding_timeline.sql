-- holding_timeline: everything that happened to one holding, oldest first.
-- Every event whose old or new holding_id is the given one, and the truncates that removed it. Several rows may share
-- the id: the source has no key.
--
-- Parameters (unset = the default):
--   :holding  integer  the holding_id (required)
--
-- Columns:
--   changed_at      commit time
--   op              insert, update, delete, snapshot or truncate
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
--   .parameter set :holding 1001
--   .read queries/holding_timeline.sql
WITH
  -- What the summaries cover is found by them, up to the last change folded. Where they cannot tell (0) all of the
  -- history is read.
  plan(folded) AS MATERIALIZED (
    SELECT iif(usable AND typeof(:holding) = 'integer', folded_through, 0) FROM (SELECT 1) LEFT JOIN summary_state
  ),
  -- The rows to read: from one change to another.
  piece(first_change_id, last_change_id) AS MATERIALIZED (
    SELECT folded + 1, 9223372036854775807 FROM plan
    UNION ALL
    SELECT first_change_id, last_change_id FROM plan CROSS JOIN summary_reset WHERE folded > 0 AND op = 't'
    UNION ALL
    SELECT s.first_change_id + value, s.first_change_id + value
    FROM plan CROSS JOIN summary_step AS s CROSS JOIN summary_holding_list AS c CROSS JOIN json_each(c.changes)
    WHERE folded > 0 AND c.step = s.step AND c.holding_id = :holding
  ),
  touching AS (
    SELECT h.*, min(kafka_partition) OVER () IS NOT max(kafka_partition) OVER () AS several_partitions
    FROM piece AS p CROSS JOIN holding_history AS h
    WHERE change_id BETWEEN p.first_change_id AND p.last_change_id
      AND (before_holding_id = :holding OR after_holding_id = :holding OR (op = 't' AND :holding IS NOT NULL))
  ),
  -- Events arrive in commit order within a partition; between partitions only their times and positions tell.
  placed AS (
    SELECT *,
           row_number() OVER (ORDER BY iif(several_partitions, changed_at, 0), iif(several_partitions, tx_id, 0),
                                       iif(several_partitions, lsn, 0), change_id) AS place
    FROM touching
  ),
  counted AS (
    SELECT *, sum(op = 't') OVER (ORDER BY place) - (op = 't') AS truncates_before FROM placed
  ),
  -- A truncate removed the holding where rows with its id were left, or where the event before left one (the history
  -- may have begun with a row it never saw inserted).
  lived AS (
    SELECT *,
           sum((after_holding_id IS :holding) - (before_holding_id IS :holding))
             OVER (PARTITION BY truncates_before ORDER BY place) > 0
             OR lag(after_holding_id) OVER (ORDER BY place) IS :holding AS was_there
    FROM counted
  ),
  listed AS (
    SELECT * FROM lived WHERE op <> 't' OR was_there
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
       CASE op WHEN 'c' THEN 'insert' WHEN 'u' THEN 'update' WHEN 'd' THEN 'delete'
               WHEN 'r' THEN 'snapshot' WHEN 't' THEN 'truncate' END AS op,
       before_holding_id AS old_holding_id,
       after_holding_id AS new_holding_id,
       before_user_id AS old_user_id,
       after_user_id AS new_user_id,
       before_holding_stock AS old_stock,
       after_holding_stock AS new_stock,
       before_holding_quantity AS old_quantity,
       after_holding_quantity AS new_quantity
FROM spelled
ORDER BY place;
