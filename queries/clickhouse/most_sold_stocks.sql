-- most_sold_stocks: which stocks were sold most often, and how many units.
-- The same question as queries/most_sold_stocks.sql, which says what parameters and columns mean, put to ClickHouse.
SELECT stock, count() AS times_sold, sum(units) AS units_sold,
       countIf(reason = 'switched') AS switched, countIf(reason = 'reduced') AS reduced,
       countIf(reason = 'closed') AS closed
FROM holding_sale_events
WHERE ({user:Nullable(Int64)} IS NULL OR user_id = {user:Nullable(Int64)})
  AND cdc_in_period(changed_at, row_updated_at, {from:Nullable(String)}, {to:Nullable(String)}, {time:Nullable(String)})
GROUP BY stock
ORDER BY times_sold DESC, units_sold DESC, stock
LIMIT if({limit:Nullable(Int64)} = 0, 9223372036854775807, greatest(ifNull({limit:Nullable(Int64)}, 10), 0));
