-- change_activity: inserts, updates and deletes per day, week, month or year.
-- The same question as queries/change_activity.sql, which says what parameters and columns mean, put to ClickHouse.
SELECT cdc_day(first_day) AS period, countIf(op = 'c') AS inserts, countIf(op = 'u') AS updates,
       countIf(op = 'd') AS deletes
FROM (
  SELECT op, cdc_first_day(moment, {period:Nullable(String)}) AS first_day
  FROM (
    SELECT op, changed_at, if(op = 'd', before_datetime_updated, after_datetime_updated) AS row_updated_at,
           if({time:Nullable(String)} = 'row', row_updated_at, changed_at) AS moment
    FROM holding_history
    WHERE op IN ('c', 'u', 'd')
      AND ({user:Nullable(Int64)} IS NULL OR if(op = 'c', after_user_id, before_user_id) = {user:Nullable(Int64)})
  )
  WHERE cdc_in_period(changed_at, row_updated_at, {from:Nullable(String)}, {to:Nullable(String)}, {time:Nullable(String)})
    AND moment IS NOT NULL AND NOT cdc_infinite(moment) AND cdc_is_period({period:Nullable(String)})
)
GROUP BY first_day
ORDER BY first_day;
