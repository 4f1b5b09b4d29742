-- diff: which rows of a table were added, removed or changed between two commit times.
-- The rows as they stood at one time against those at the other, whatever happened between. With a key, an old and a
-- new row of one key are one changed row; without, rows are added and removed, and equal ones counted.
--
-- Parameters (unset = the default):
--   :table  table  the captured table (required)
--   :from   time   the rows as they stood at this commit time, inclusive (required)
--   :to     time   against those at this commit time, inclusive (default: the last event's)
--
-- Columns:
--   change  added, removed or changed
--   copies  how many equal rows; 1 where the source has a key
--   old_X   each column of the source before, NULL for an added row
--   new_X   and after, NULL for a removed row
--
-- In the sqlite3 shell:
--   .shell cdclite query diff table=holding --sql > diff.sql
--   .parameter set :from "'2025-01-31'"
--   .read diff.sql
WITH RECURSIVE
  -- What is not a time gives no row.
  wanted(first, last) AS MATERIALIZED (
    SELECT first, last
    FROM (SELECT {time :from} AS first, iif(:to IS NULL, 9223372036854775807, {time :to}) AS last)
    WHERE first IS NOT NULL AND last IS NOT NULL
  ),
  -- Each by itself: what a column that was altered often is made of is nested almost as deep as SQLite can parse.
  at_first AS (SELECT *, -1 AS "cdc.number" FROM {rows (SELECT first FROM wanted)}),
  at_last AS (SELECT *, 1 AS "cdc.number" FROM {rows (SELECT last FROM wanted)}),
  -- Rows that stood at both times cancel each other.
  left_over AS MATERIALIZED (
    SELECT {each, {column}}, sum("cdc.number") AS "cdc.number"
    FROM (SELECT * FROM at_first UNION ALL SELECT * FROM at_last)
    GROUP BY {each, {column}}
    HAVING sum("cdc.number") <> 0
  ),
  copy("cdc.nth") AS (
    SELECT 1
    UNION ALL
    SELECT "cdc.nth" + 1 FROM copy WHERE "cdc.nth" < (SELECT max(abs("cdc.number")) FROM left_over)
  ),
  -- The old and the new rows of a key, each numbered. Without a key all columns tell a row apart, and none has both.
  numbered AS (
    SELECT *, row_number() OVER (PARTITION BY "cdc.number" > 0, {each_key, {column}}
                                 ORDER BY {each, {column}}) AS "cdc.of_key"
    FROM left_over JOIN copy ON "cdc.nth" <= abs("cdc.number")
  ),
  paired AS (
    SELECT {each, max(iif("cdc.number" < 0, {column}, NULL)) AS {old},
                  max(iif("cdc.number" > 0, {column}, NULL)) AS {new}},
           CASE WHEN min("cdc.number") > 0 THEN 'added'
                WHEN max("cdc.number") < 0 THEN 'removed'
                ELSE 'changed' END AS change
    FROM numbered
    GROUP BY {each_key, {column}}, "cdc.of_key"
  )
SELECT change, count(*) AS copies, {each, {old}, {new}}
FROM paired
GROUP BY change, {each, {old}, {new}}
ORDER BY {each_key, iif(change = 'added', {new}, {old})}, {each, iif(change = 'added', {new}, {old})}, change;
