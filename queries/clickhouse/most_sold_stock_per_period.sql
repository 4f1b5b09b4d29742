-- most_sold_stock_per_period: the most sold stock of each day, week, month or year.
-- The same question as queries/most_sold_stock_per_period.sql, which says what parameters and columns mean, put to ClickHouse.
SELECT cdc_day(first_day) AS period, stock, times_sold, units_sold
FROM (
  SELECT *, row_number() OVER (PARTITION BY first_day ORDER BY times_sold DESC, units_sold DESC, stock) AS place
  FROM (
    SELECT cdc_first_day(moment, {period:Nullable(String)}) AS first_day, stock, count() AS times_sold,
           sum(units) AS units_sold
    FROM (
      SELECT if({time:Nullable(String)} = 'row', row_updated_at, changed_at) AS moment, stock, units
      FROM holding_sale_events
      WHERE ({user:Nullable(Int64)} IS NULL OR user_id = {user:Nullable(Int64)})
        AND cdc_in_period(changed_at, row_updated_at, {from:Nullable(String)}, {to:Nullable(String)}, {time:Nullable(String)})
    )
    WHERE moment IS NOT NULL AND NOT cdc_infinite(moment) AND cdc_is_period({period:Nullable(String)})
    GROUP BY first_day, stock
  )
)
WHERE {limit:Nullable(Int64)} = 0 OR place <= ifNull({limit:Nullable(Int64)}, 1)
ORDER BY first_day, place;
