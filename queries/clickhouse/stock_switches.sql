-- stock_switches: which stock owners switched to when they gave one up by a switch.
-- The same question as queries/stock_switches.sql, which says what parameters and columns mean, put to ClickHouse.
SELECT stock AS from_stock, after_holding_stock AS to_stock, count() AS times_switched, sum(units) AS units_sold
FROM holding_sale_events
WHERE reason = 'switched'
  AND ({user:Nullable(Int64)} IS NULL OR user_id = {user:Nullable(Int64)})
  AND ({stock:Nullable(String)} IS NULL OR stock = {stock:Nullable(String)})
  AND cdc_in_period(changed_at, row_updated_at, {from:Nullable(String)}, {to:Nullable(String)}, {time:Nullable(String)})
GROUP BY from_stock, to_stock
ORDER BY times_switched DESC, units_sold DESC, from_stock, to_stock NULLS FIRST
LIMIT if({limit:Nullable(Int64)} = 0, 9223372036854775807, greatest(ifNull({limit:Nullable(Int64)}, 10), 0));
