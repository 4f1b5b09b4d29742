-- holding_timeline: everything that happened to one holding, oldest first.
-- The same question as queries/holding_timeline.sql, which says what parameters and columns mean, put to ClickHouse.
WITH
  touching AS (
    SELECT *, min(kafka_partition) OVER () <> max(kafka_partition) OVER () AS several,
           if(several, (changed_at, ifNull(tx_id, 0), ifNull(lsn, 0), change_id),
                       (toInt64(0), toInt64(0), toInt64(0), change_id)) AS place
    FROM holding_history
    WHERE before_holding_id = {holding:Nullable(Int64)} OR after_holding_id = {holding:Nullable(Int64)}
      OR (op = 't' AND {holding:Nullable(Int64)} IS NOT NULL)
  ),
  -- A truncate removed the holding where rows with its id were left, or where the event before left one (the history
  -- may have begun with a row it never saw inserted).
  counted AS (
    SELECT *, countIf(op = 't') OVER (ORDER BY place) - (op = 't') AS truncates_before,
           lagInFrame(after_holding_id) OVER (ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS left
    FROM touching
  ),
  lived AS (
    SELECT *,
           sum(toInt64(ifNull(after_holding_id = {holding:Nullable(Int64)}, false))
               - toInt64(ifNull(before_holding_id = {holding:Nullable(Int64)}, false)))
             OVER (PARTITION BY truncates_before ORDER BY place) > 0
             OR ifNull(left = {holding:Nullable(Int64)}, false) AS was_there
    FROM counted
  )
SELECT cdc_instant(h.changed_at) AS changed_at,
       transform(h.op, ['c', 'u', 'd', 'r', 't'], ['insert', 'update', 'delete', 'snapshot', 'truncate'],
                 '') AS op,
       before_holding_id AS old_holding_id, after_holding_id AS new_holding_id,
       before_user_id AS old_user_id, after_user_id AS new_user_id,
       before_holding_stock AS old_stock, after_holding_stock AS new_stock,
       before_holding_quantity AS old_quantity, after_holding_quantity AS new_quantity
FROM lived AS h
WHERE h.op <> 't' OR was_there
ORDER BY place;
