-- diff: which rows of a table were added, removed or changed between two commit times.
-- The same question as queries/diff.sql, which says what parameters and columns mean, put to ClickHouse: a template for
-- deploy/clickhouse/table.py --query.
WITH
  -- Rows that stood at both times cancel each other.
  left_over AS (
    SELECT image AS row, sum(n) AS number
    FROM (
      SELECT tuple({each_now {spelled row.{nth}}}) AS image, -1 AS n
      FROM {rows changed_at <= cdc_micros({from:Nullable(String)})}
      UNION ALL
      SELECT tuple({each_now {spelled row.{nth}}}) AS image, 1 AS n
      FROM {rows {to:Nullable(String)} IS NULL OR changed_at <= cdc_micros({to:Nullable(String)})}
    )
    WHERE cdc_micros({from:Nullable(String)}) IS NOT NULL
      AND ({to:Nullable(String)} IS NULL OR cdc_micros({to:Nullable(String)}) IS NOT NULL)
    GROUP BY image
    HAVING number <> 0
  ),
  -- The old and the new rows of a key, each numbered. Without a key all columns tell a row apart, and none has both.
  numbered AS (
    SELECT row, number, tuple({each_telling row.{now}}) AS id,
           row_number() OVER (PARTITION BY number > 0, id ORDER BY {each_now {ordered row.{nth}}}) AS of_key
    FROM left_over
    ARRAY JOIN range(toUInt64(abs(number))) AS copy
  ),
  paired AS (
    SELECT argMaxIf((1, row), of_key, number < 0) AS old, argMaxIf((1, row), of_key, number > 0) AS new,
           multiIf(old.1 = 0, 'added', new.1 = 0, 'removed', 'changed') AS change
    FROM numbered
    GROUP BY id, of_key
  )
SELECT change, copies,
       {each_now if(old.1 = 1, old.2.{nth}, NULL) AS {old}, if(new.1 = 1, new.2.{nth}, NULL) AS {new}}
FROM (SELECT change, count() AS copies, old, new, if(change = 'added', new.2, old.2) AS shown
      FROM paired
      GROUP BY change, old, new)
ORDER BY {each_telling {ordered shown.{now}}}, {each_now {ordered shown.{nth}}}, change;
