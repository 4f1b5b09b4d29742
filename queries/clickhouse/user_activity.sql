-- user_activity: what each user did: inserts, updates, deletes and sales, busiest first.
-- The same question as queries/user_activity.sql, which says what parameters and columns mean, put to ClickHouse.
SELECT user_id, countIf(op = 'c') AS inserts, countIf(op = 'u') AS updates, countIf(op = 'd') AS deletes,
       countIf(op = 'sale') AS times_sold, sumIf(units, op = 'sale') AS units_sold
FROM (
  SELECT toString(op) AS op, changed_at, if(op = 'd', before_datetime_updated, after_datetime_updated) AS row_updated_at,
         if(op = 'c', after_user_id, before_user_id) AS user_id, toInt64(0) AS units
  FROM holding_history
  WHERE op IN ('c', 'u', 'd')
  UNION ALL
  SELECT 'sale', changed_at, row_updated_at, user_id, units
  FROM holding_sale_events
)
WHERE ({user:Nullable(Int64)} IS NULL OR user_id = {user:Nullable(Int64)})
  AND cdc_in_period(changed_at, row_updated_at, {from:Nullable(String)}, {to:Nullable(String)}, {time:Nullable(String)})
GROUP BY user_id
ORDER BY inserts + updates + deletes DESC, user_id NULLS LAST
LIMIT if({limit:Nullable(Int64)} = 0, 9223372036854775807, greatest(ifNull({limit:Nullable(Int64)}, 10), 0));
