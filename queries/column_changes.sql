-- column_changes: how often each column of a table changed.
-- A change is an update with another value than before, as far as both are known. An update of the key itself comes as
-- a delete and an insert where the source has a key, and is none.
--
-- Parameters (unset = the default):
--   :table  table  the captured table (required)
--   :from   time   from this time on: 2025-01-31 or 2025-01-31T10:00:00.123456Z, UTC (default: all)
--   :to     time   before this time (default: all)
--
-- Columns:
--   column_name   each column of the source, at last those that it no longer has
--   changes       updates that changed it
--   unknown       updates of which the events do not tell whether they did
--   first_change  commit time of the first of the changes
--   last_change   and of the last
--
-- In the sqlite3 shell:
--   .shell cdclite query column_changes table=holding --sql > column_changes.sql
--   .parameter set :from "'2025-01-31'"
--   .read column_changes.sql
WITH
  -- No row where a bound is not a time: the query then selects nothing instead of everything.
  wanted(first, last) AS MATERIALIZED (
    SELECT first, last
    FROM (SELECT iif(:from IS NULL, -9223372036854775808, {time :from}) AS first,
                 iif(:to IS NULL, 9223372036854775807, {time :to} - 1) AS last)
    WHERE first IS NOT NULL AND last IS NOT NULL
  ),
  field(place, name, old, new) AS (
    SELECT row_number() OVER (), * FROM (VALUES {each_ever, ({name}, {before_name}, {after_name})})
  ),
  -- For each update and column whether it changed, NULL where that is not known.
  changed AS (
    SELECT field.place, changed_at,
           iif(unavailable IS NULL OR NOT EXISTS (
                 SELECT 1 FROM unknown_value AS u, json_each(coalesce(u.columns, unavailable))
                 WHERE u.change_id = history.change_id AND value IN (field.old, field.new)),
               CASE field.name {each_ever WHEN {name} THEN {before} IS NOT {after}} END, NULL) AS is_changed
    FROM wanted CROSS JOIN {T_history} AS history CROSS JOIN field
    WHERE op = 'u' AND changed_at BETWEEN wanted.first AND wanted.last
  ),
  counted AS (
    SELECT place, sum(is_changed) AS changes, sum(is_changed IS NULL) AS unknown,
           min(iif(is_changed, changed_at, NULL)) AS first_at, max(iif(is_changed, changed_at, NULL)) AS last_at
    FROM changed
    GROUP BY place
  )
SELECT field.name AS column_name, coalesce(changes, 0) AS changes, coalesce(unknown, 0) AS unknown,
       {iso first_at} AS first_change, {iso last_at} AS last_change
FROM wanted CROSS JOIN field LEFT JOIN counted USING (place)
ORDER BY place;
