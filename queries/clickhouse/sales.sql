-- sales: single sales, newest first.
-- The same question as queries/sales.sql, which says what parameters and columns mean, put to ClickHouse.
SELECT if({time:Nullable(String)} = 'row', cdc_local(row_updated_at), cdc_instant(changed_at)) AS sold_at,
       user_id, holding_id, stock, units, reason
FROM holding_sale_events
WHERE ({user:Nullable(Int64)} IS NULL OR user_id = {user:Nullable(Int64)})
  AND ({stock:Nullable(String)} IS NULL OR stock = {stock:Nullable(String)})
  AND ({reason:Nullable(String)} IS NULL OR reason = {reason:Nullable(String)})
  AND cdc_in_period(changed_at, row_updated_at, {from:Nullable(String)}, {to:Nullable(String)}, {time:Nullable(String)})
ORDER BY if({time:Nullable(String)} = 'row', row_updated_at, changed_at) DESC NULLS LAST, change_id DESC
LIMIT if({limit:Nullable(Int64)} = 0, 9223372036854775807, greatest(ifNull({limit:Nullable(Int64)}, 20), 0));
