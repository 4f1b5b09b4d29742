-- holdings_as_of: the rows of the holding table as they were at a commit time.
-- The same question as queries/holdings_as_of.sql, which says what parameters and columns mean, put to ClickHouse.
WITH
  known AS (
    SELECT * FROM holding_placed
    WHERE {at:Nullable(String)} IS NULL OR changed_at <= cdc_micros({at:Nullable(String)})
  ),
  -- Where the table was empty for certain: after a truncate, and before the first row of the last snapshot.
  (SELECT argMax((toUInt8(1), lsn), place) FROM known WHERE op = 'r') AS snapshot,
  (SELECT argMax((toUInt8(1), place), at) FROM (
     SELECT place, place AS at FROM known WHERE op = 't'
     UNION ALL
     SELECT min(place) AS place, place AS at FROM known
     WHERE op = 'r' AND lsn IS NOT DISTINCT FROM snapshot.2
     HAVING count() > 0)) AS beginning
SELECT row.1 AS holding_id, row.2 AS user_id, row.3 AS holding_stock, row.4 AS holding_quantity,
       cdc_local(row.5) AS datetime_created, cdc_local(row.6) AS datetime_updated
FROM (
  SELECT image.2 AS row, sum(image.1) AS copies
  FROM known
  ARRAY JOIN arrayConcat(
    if(op IN ('c', 'u', 'r') AND ({user:Nullable(Int64)} IS NULL OR ifNull(after_user_id = {user:Nullable(Int64)}, false)),
       [(1, (after_holding_id, after_user_id, after_holding_stock, after_holding_quantity, after_datetime_created,
             after_datetime_updated))], []),
    if(op IN ('u', 'd') AND ({user:Nullable(Int64)} IS NULL OR ifNull(before_user_id = {user:Nullable(Int64)}, false)),
       [(-1, (before_holding_id, before_user_id, before_holding_stock, before_holding_quantity,
              before_datetime_created, before_datetime_updated))], [])) AS image
  WHERE beginning.1 = 0 OR place >= beginning.2
  GROUP BY row
  HAVING copies > 0
)
ARRAY JOIN range(toUInt64(copies)) AS copy
ORDER BY row.1 NULLS LAST, row.2 NULLS FIRST, row.3 NULLS FIRST, row.4 NULLS FIRST, row.5 NULLS FIRST,
         row.6 NULLS FIRST;
