-- column_changes: how often each column of a table changed.
-- The same question as queries/column_changes.sql, which says what parameters and columns mean, put to ClickHouse: a
-- template for deploy/clickhouse/table.py --query.
SELECT field.1 AS column_name, field.2 AS changes, field.3 AS unknown, cdc_instant(field.4) AS first_change,
       cdc_instant(field.5) AS last_change
FROM (
  SELECT [{each_ever (
    {name}, countIf(known[{nth}] AND {before} IS DISTINCT FROM {after}), countIf(NOT known[{nth}]),
    minOrNullIf(changed_at, known[{nth}] AND {before} IS DISTINCT FROM {after}),
    maxOrNullIf(changed_at, known[{nth}] AND {before} IS DISTINCT FROM {after}))}] AS fields
  FROM (
    SELECT *, [{each_ever cdc_known(unknown, {text column})}] AS known
    FROM {T_history}
    WHERE op = 'u' AND cdc_in_period(changed_at, NULL, {from:Nullable(String)}, {to:Nullable(String)}, NULL)
  )
)
ARRAY JOIN fields AS field, arrayEnumerate(fields) AS place
WHERE ({from:Nullable(String)} IS NULL OR cdc_micros({from:Nullable(String)}) IS NOT NULL)
  AND ({to:Nullable(String)} IS NULL OR cdc_micros({to:Nullable(String)}) IS NOT NULL)
ORDER BY place;
