-- stock_change_counts: how many times each user changed the stock or the quantity of a holding.
-- The same question as queries/stock_change_counts.sql, which says what parameters and columns mean, put to ClickHouse.
SELECT before_user_id AS user_id, countIf(stock_changed) AS stock_changes,
       countIf(quantity_changed) AS quantity_changes,
       count() AS changed_events
FROM (
  SELECT before_user_id, changed_at, after_datetime_updated,
         before_holding_stock IS DISTINCT FROM after_holding_stock AND cdc_known(unknown, 'holding_stock')
           AS stock_changed,
         before_holding_quantity IS DISTINCT FROM after_holding_quantity AND cdc_known(unknown, 'holding_quantity')
           AS quantity_changed
  FROM holding_history
  WHERE op = 'u' AND ({user:Nullable(Int64)} IS NULL OR before_user_id = {user:Nullable(Int64)})
)
WHERE (stock_changed OR quantity_changed)
  AND cdc_in_period(changed_at, after_datetime_updated, {from:Nullable(String)}, {to:Nullable(String)}, {time:Nullable(String)})
GROUP BY user_id
ORDER BY changed_events DESC, user_id NULLS LAST;
