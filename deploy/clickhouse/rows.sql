(
-- The source's rows as they stood after the events of which the condition holds, as `row`.
{if key_enforced}
-- The last state of each key, unless the table was emptied since: by a truncate, or a whole snapshot without it.
WITH
  (SELECT max(place) FROM (
     SELECT place FROM {T_placed} WHERE op = 't' AND ({condition})
     UNION ALL
     SELECT first_place FROM {T_snapshots} WHERE complete AND ({condition})
     UNION ALL
     SELECT tuple(toInt64(-9223372036854775808), toInt64(0), toInt64(0), toInt64(0)))) AS start
SELECT argMax((step.1, place, step.3), place) AS last, last.3 AS row
FROM {T_placed}
ARRAY JOIN arrayConcat(
  if(op IN ('c', 'u', 'r'), [(1, tuple({each_key {after}}), tuple({each_now {after}}))], []),
  if(op = 'd' OR (op = 'u' AND unavailable IS NULL
                  AND tuple({each_key {before}}) IS DISTINCT FROM tuple({each_key {after}})),
     [(0, tuple({each_key {before}}), tuple({each_now {before}}))], [])) AS step
WHERE {condition}
GROUP BY step.2
HAVING last.1 = 1 AND last.2 >= start
{end}
{unless key_enforced}
-- New rows minus old ones since the last truncate or snapshot.
WITH
  (SELECT (count() > 0, argMax((lsn, tx_id, first_place), (complete, first_place)))
   FROM {T_snapshots} WHERE {condition}) AS snapshot,
  (SELECT max(place) FROM (
     SELECT place FROM {T_placed} WHERE op = 't' AND ({condition})
     UNION ALL
     SELECT first_place FROM {T_snapshots} WHERE snapshot.1 AND first_place = snapshot.2.3
     UNION ALL
     SELECT tuple(toInt64(-9223372036854775808), toInt64(0), toInt64(0), toInt64(0)))) AS start
SELECT row
FROM (
  SELECT image.2 AS row, sum(image.1) AS copies
  FROM {T_placed}
  ARRAY JOIN arrayConcat(
    if(op IN ('c', 'u') AND place > start
         OR op = 'r' AND place >= start AND (lsn, tx_id) IS NOT DISTINCT FROM (snapshot.2.1, snapshot.2.2),
       [(1, tuple({each_now {after}}))], []),
    if(op IN ('u', 'd') AND place > start, [(-1, tuple({each_now {before}}))], [])) AS image
  WHERE {condition}
  GROUP BY row
  HAVING copies > 0
)
ARRAY JOIN range(toUInt64(copies)) AS copy
{end}
)
