-- as_of: the rows of a table as they stood at a commit time.
-- By the key that the source enforces; without one as a multiset: new rows minus old rows since the last truncate or
-- the start of the last full snapshot. The columns are those that the source has now.
--
-- Parameters (unset = the default):
--   :table  table  the captured table (required)
--   :at     time   the commit time, inclusive; a date is its midnight, UTC (default: the last event's)
--
-- Columns:
--   X  each column of the source as it is named there, times as in T_current
--
-- In the sqlite3 shell:
--   .shell cdclite query as_of table=holding --sql > as_of.sql
--   .parameter set :at "'2025-01-31T10:00:00Z'"
--   .read as_of.sql
WITH
  -- What is not a time gives no row.
  wanted(last) AS MATERIALIZED (SELECT iif(:at IS NULL, 9223372036854775807, {time :at}))
SELECT *
FROM {rows (SELECT last FROM wanted)}
ORDER BY {each_key, {column}}, {each, {column}};
