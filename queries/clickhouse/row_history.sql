-- row_history: everything that happened to one row of a table, oldest first.
-- The same question as queries/row_history.sql, which says what parameters and columns mean, put to ClickHouse: a template
-- for deploy/clickhouse/table.py --query.
WITH
  event AS (
    SELECT change_id, op, place, tx_id, lsn, unavailable IS NULL AS whole,
           if(op IN ('u', 'd'), [{each_key {plain {before}}}], []) AS old_key,
           if(op IN ('c', 'u', 'r'), [{each_key {plain {after}}}], []) AS new_key
    FROM {T_placed}
  ),
  -- Where a row went from one key to another: in one update, or in a delete with the insert behind it.
  (SELECT arraySort(groupArray((new_id, old_id, old_key, new_key))) FROM (
     SELECT change_id AS old_id, old_key, change_id AS new_id, new_key
     FROM event WHERE op = 'u' AND whole AND old_key <> new_key
     UNION ALL
     SELECT former.1, former.2, change_id, new_key
     FROM (
       SELECT *, lagInFrame((change_id, old_key, toString(op))) OVER at_once AS former,
              count() OVER (PARTITION BY lsn, tx_id) AS events
       FROM event
       WHERE op IN ('c', 'd') AND lsn IS NOT NULL
       -- The two keys may stand in two partitions, and then arrive in any order.
       WINDOW at_once AS (PARTITION BY lsn, tx_id ORDER BY if(several, op = 'c', false), change_id
                          ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))
     WHERE op = 'c' AND former.3 = 'd' AND (NOT several OR events = 2))) AS moved,
  (SELECT uniqExact(kafka_partition) > 1 FROM {T_arrived}) AS several,
  {if one_key}
  [{key:Nullable(String)}] AS asked,
  {end}
  {unless one_key}
  if(match(ifNull({key:Nullable(String)}, ''), '^[[{]'),
     [{each_key cdc_text_of(nullIf(if(startsWith(ifNull({key:Nullable(String)}, ''), '['),
                                      JSONExtractRaw(ifNull({key:Nullable(String)}, ''), {nth}),
                                      JSONExtractRaw(ifNull({key:Nullable(String)}, ''), {name})), ''))}],
     arrayMap(part -> toNullable(part), splitByChar(',', ifNull({key:Nullable(String)}, '')))) AS asked,
  {end}
  -- All keys that the row has had: along the moves in their order and back, and once more.
  arrayFold((found, move) -> if(has(found, move.3) <> has(found, move.4),
                                arrayPushBack(found, if(has(found, move.3), move.4, move.3)), found),
            arrayConcat(moved, arrayReverse(moved), moved, arrayReverse(moved)), [asked]) AS known,
  -- The steps of those keys: an event that leaves a row of the key, or ends one.
  step AS (
    SELECT change_id, op, if(several, place, (toInt64(0), toInt64(0), toInt64(0), change_id)) AS place,
           step.1 AS key, step.2 AS alive, step.3 AS number
    FROM event
    ARRAY JOIN arrayConcat(
      if(op IN ('c', 'u', 'r') AND has(known, new_key), [(new_key, 1, toInt64(old_key <> new_key))], []),
      if((op = 'd' OR (op = 'u' AND whole AND old_key <> new_key)) AND has(known, old_key), [(old_key, 0, toInt64(-1))], []),
      if(op = 't', arrayMap(k -> (k, 0, toInt64(0)), known), [])) AS step
  ),
  -- Each row that the key has named, one after the other: a new one begins with an insert, and behind an end.
  lived AS (
    SELECT *, lagInFrame(alive) OVER life AS was_alive,
           countIf(alive = 0) OVER life - (alive = 0) + countIf(op = 'c') OVER life AS nth,
           countIf(op = 't') OVER life - (op = 't') AS truncates
    FROM step
    WINDOW life AS (PARTITION BY key ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
  ),
  -- Where the source does not keep the key unique, rows of it may be left when one has gone.
  counted AS (
    SELECT *, was_alive = 1{unless key_enforced} OR sum(number) OVER (PARTITION BY key, truncates ORDER BY place
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) > 0{end} AS was_there
    FROM lived
  ),
  -- The lives that one row has had under different keys, as pairs of (key, nth).
  (SELECT arraySort(groupArray((new_id, ends[1], begins[1]))) FROM (
     SELECT move.1 AS new_id,
            groupArrayIf((key, nth), change_id = move.2 AND key = move.3 AND alive = 0) AS ends,
            groupArrayIf((key, nth), change_id = move.1 AND key = move.4 AND alive = 1) AS begins
     FROM counted
     ARRAY JOIN moved AS move
     WHERE change_id IN (move.1, move.2) AND has(known, move.3)
     GROUP BY move)
   WHERE notEmpty(ends) AND notEmpty(begins)) AS link,
  (SELECT groupUniqArray((key, nth)) FROM counted WHERE key = asked) AS first_lives,
  arrayFold((found, l) -> if(has(found, l.2) <> has(found, l.3),
                             arrayPushBack(found, if(has(found, l.2), l.3, l.2)), found),
            arrayConcat(link, arrayReverse(link), link, arrayReverse(link)), first_lives) AS lives,
  listed AS (
    SELECT change_id, min(place) AS first_place
    FROM counted
    WHERE has(lives, (key, nth)) AND (op <> 't' OR was_there)
    GROUP BY change_id
  )
SELECT told.*
FROM {T_changes} AS told
INNER JOIN listed ON listed.change_id = told.change_id
ORDER BY listed.first_place;
