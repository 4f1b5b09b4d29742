-- recent_changes: the last changes that were loaded, newest first.
-- The same question as queries/recent_changes.sql, which says what parameters and columns mean, put to ClickHouse.
SELECT cdc_instant(h.changed_at) AS changed_at,
       transform(h.op, ['c', 'u', 'd', 'r', 't'], ['insert', 'update', 'delete', 'snapshot', 'truncate'],
                 '') AS op,
       before_holding_id AS old_holding_id, after_holding_id AS new_holding_id,
       before_user_id AS old_user_id, after_user_id AS new_user_id,
       before_holding_stock AS old_stock, after_holding_stock AS new_stock,
       before_holding_quantity AS old_quantity, after_holding_quantity AS new_quantity
FROM holding_placed AS h
WHERE h.op IN ('c', 'u', 'd', 't')
  AND ({user:Nullable(Int64)} IS NULL OR before_user_id = {user:Nullable(Int64)} OR after_user_id = {user:Nullable(Int64)})
ORDER BY place DESC
LIMIT if({limit:Nullable(Int64)} = 0, 9223372036854775807, greatest(ifNull({limit:Nullable(Int64)}, 20), 0));
