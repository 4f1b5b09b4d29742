-- activity: what happened to a table per day, week, month or year of the commit time.
-- The same question as queries/activity.sql, which says what parameters and columns mean, put to ClickHouse about a table:
-- a template for deploy/clickhouse/table.py --query.
SELECT cdc_day(first_day) AS period, {text T} AS table_name, countIf(op = 'c') AS inserts, countIf(op = 'u') AS updates,
       countIf(op = 'd') AS deletes, countIf(op = 'r') AS snapshots, countIf(op = 't') AS truncates
FROM (
  SELECT op, cdc_first_day(changed_at, {period:Nullable(String)}) AS first_day
  FROM {T_history}
  WHERE cdc_in_period(changed_at, NULL, {from:Nullable(String)}, {to:Nullable(String)}, NULL)
    AND cdc_is_period({period:Nullable(String)})
)
GROUP BY first_day
ORDER BY first_day;
