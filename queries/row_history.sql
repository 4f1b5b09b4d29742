-- row_history: everything that happened to one row of any table, oldest first.
-- A changed key is followed, both ways: Debezium sends the delete of the old key and the insert of the new one at one
-- position (lsn) of one transaction. Of the truncates those are listed that removed the row.
--
-- Parameters (unset = the default):
--   :table  table  the captured table (required)
--   :key    key    of a key of one column its value; of several 1,AAPL or JSON where a value holds a comma (required)
--
-- Columns:
--   change_id    the event in T_history
--   changed_at   commit time
--   op           insert, update, delete, snapshot or truncate
--   lsn          position at the source
--   tx_id        transaction at the source
--   before_X     each column of the source before
--   after_X      and after
--   unavailable  what the event did not carry
--
-- In the sqlite3 shell:
--   .shell cdclite query row_history table=holding --sql > row_history.sql
--   .parameter set :key 1001
--   .read row_history.sql
WITH RECURSIVE
  asked(key) AS MATERIALIZED (SELECT {key :key}),
  facts(several, enforced) AS MATERIALIZED (
    SELECT many_partitions, key_enforced FROM captured_table WHERE name = {table}
  ),
  -- The key before and after each event, as a JSON list of texts.
  event AS MATERIALIZED (
    SELECT change_id, op, changed_at, tx_id, lsn,
           iif(op IN ('u', 'd'), json_array({each_key, {before_text}}), NULL) AS old_key,
           iif(op IN ('c', 'u', 'r'), json_array({each_key, {after_text}}), NULL) AS new_key,
           unavailable IS NULL AS whole
    FROM {T_history}
  ),
  -- Where a row went from one key to another: in one update, or in a delete with the insert behind it.
  moved(old_id, old_key, new_id, new_key) AS MATERIALIZED (
    SELECT change_id, old_key, change_id, new_key FROM event WHERE op = 'u' AND whole AND old_key <> new_key
    UNION ALL
    SELECT former_id, former_key, change_id, new_key
    FROM (SELECT change_id, op, new_key,
                 lag(change_id) OVER at_once AS former_id, lag(old_key) OVER at_once AS former_key,
                 lag(op) OVER at_once AS former_op, several,
                 count(*) OVER (PARTITION BY lsn, tx_id) AS events
          FROM facts CROSS JOIN event
          WHERE op IN ('c', 'd') AND lsn IS NOT NULL
          -- The two keys may stand in two partitions, and then arrive in any order.
          WINDOW at_once AS (PARTITION BY lsn, tx_id ORDER BY iif(several, op = 'c', 0), change_id))
    WHERE op = 'c' AND former_op = 'd' AND (NOT several OR events = 2)
  ),
  known(key) AS MATERIALIZED (
    SELECT key FROM asked
    UNION
    SELECT iif(moved.old_key = known.key, moved.new_key, moved.old_key)
    FROM known JOIN moved ON known.key IN (moved.old_key, moved.new_key)
  ),
  -- The steps of those keys: an event that leaves a row of the key, or ends one.
  step AS (
    SELECT event.*, new_key AS key, 1 AS alive, old_key IS NOT new_key AS number FROM event WHERE new_key IN known
    UNION ALL
    SELECT event.*, old_key, 0, -1 FROM event
    WHERE old_key IN known AND (op = 'd' OR (op = 'u' AND whole AND old_key <> new_key))
    UNION ALL
    SELECT event.*, known.key, 0, 0 FROM event CROSS JOIN known WHERE op = 't'
  ),
  -- Events of a key arrive in commit order; those of several keys, and truncates, only within a partition.
  placed AS (
    SELECT *, dense_rank() OVER (ORDER BY iif(several, changed_at, 0), iif(several, tx_id, 0), iif(several, lsn, 0),
                                          iif(several, op = 'c', 0), change_id) AS place
    FROM facts CROSS JOIN step
  ),
  -- Each row that the key has named, one after the other: a new one begins with an insert, and behind an end.
  lived AS (
    SELECT *, lag(alive) OVER life AS was_alive,
           total(NOT alive) OVER life - (NOT alive) + total(op = 'c') OVER life AS nth,
           total(op = 't') OVER life - (op = 't') AS truncates
    FROM placed
    WINDOW life AS (PARTITION BY key ORDER BY place)
  ),
  -- Where the source does not keep the key unique, rows of it may be left when one has gone.
  counted AS MATERIALIZED (
    SELECT *, was_alive OR (NOT enforced AND total(number) OVER (PARTITION BY key, truncates ORDER BY place) > 0)
                AS was_there
    FROM lived
  ),
  link(key, nth, other_key, other_nth) AS MATERIALIZED (
    SELECT old.key, old.nth, new.key, new.nth
    FROM moved JOIN counted AS old ON old.change_id = old_id AND old.key = moved.old_key AND NOT old.alive
               JOIN counted AS new ON new.change_id = new_id AND new.key = moved.new_key AND new.alive
  ),
  life(key, nth) AS (
    SELECT key, nth FROM counted WHERE key = (SELECT key FROM asked)
    UNION
    SELECT iif(link.key = life.key AND link.nth = life.nth, other_key, link.key),
           iif(link.key = life.key AND link.nth = life.nth, other_nth, link.nth)
    FROM life JOIN link ON (link.key = life.key AND link.nth = life.nth)
                           OR (other_key = life.key AND other_nth = life.nth)
  ),
  listed(change_id, place) AS (
    SELECT change_id, min(place) FROM counted
    WHERE (key, nth) IN (SELECT key, nth FROM life) AND (op <> 't' OR was_there)
    GROUP BY change_id
  )
SELECT told.*
FROM listed JOIN {T_changes} AS told USING (change_id)
ORDER BY place;
