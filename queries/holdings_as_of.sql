-- holdings_as_of: the rows of the holding table as they were at a commit time.
-- The source has no key and may hold equal rows, so this is a multiset: new rows minus old rows since the last truncate
-- or the start of the last full snapshot.
--
-- Parameters (unset = the default):
--   :at    time     the commit time, inclusive; a date is its midnight, UTC (default: all that is loaded)
--   :user  integer  only rows of this owner (default: all)
--
-- Columns:
--   holding_id        as in the source
--   user_id           as in the source
--   holding_stock     as in the source
--   holding_quantity  as in the source
--   datetime_created  ISO time without zone, infinity or -infinity
--   datetime_updated  the same
--
-- In the sqlite3 shell:
--   .parameter set :at "'2025-01-31T10:00:00Z'"
--   .read queries/holdings_as_of.sql
WITH
  -- :at in microseconds since 1970 UTC, converted once. strftime is given whole seconds only, as it rounds
  -- fractions to milliseconds; the digits of the fraction come from the text. What is not a time gives no row.
  given(name, value) AS (VALUES ('at', :at)),
  split(name, seconds, fraction) AS (
    SELECT name,
           iif(length(value) = 10, value || ' 00:00:00', replace(substr(value, 1, 19), 'T', ' ')),
           iif(value GLOB '*Z', substr(value, 20, length(value) - 20), substr(value, 20))
    FROM given
  ),
  bound(name, microseconds) AS (
    SELECT name, strftime('%s', seconds) * 1000000 + substr(fraction || '000000', 2, 6)
    FROM split
    WHERE strftime('%Y-%m-%d %H:%M:%S', seconds, '+0 days') = seconds -- '+0 days' turns February 30 into March
      AND (fraction = '' OR (fraction GLOB '.[0-9]*' AND fraction NOT GLOB '.*[^0-9]*' AND length(fraction) <= 7))
  ),
  -- One row, or none where :at is not a time: the query then selects nothing.
  wanted(last) AS MATERIALIZED (
    SELECT last
    FROM (SELECT iif(:at IS NULL, 9223372036854775807, (SELECT microseconds FROM bound)) AS last)
    WHERE last IS NOT NULL
  ),
  -- What the summaries cover is found by them, up to the last change folded: truncates, snapshots, and the rows of one
  -- user. Where they cannot tell (0) all of the history is read. Events arrive in commit order within a partition;
  -- between partitions only their times and positions tell.
  plan(last, folded, folded_by_user, several) AS MATERIALIZED (
    SELECT last, folded, folded_by_user,
           (SELECT min(least) IS NOT max(greatest)
            FROM (SELECT least_partition AS least, greatest_partition AS greatest FROM summary_step WHERE folded > 0
                  UNION ALL
                  SELECT min(kafka_partition), max(kafka_partition) FROM holding_history WHERE change_id > folded))
    FROM (SELECT last, iif(usable, folded_through, 0) AS folded,
                 iif(usable AND typeof(:user) = 'integer', folded_through, 0) AS folded_by_user
          FROM wanted LEFT JOIN summary_state)
  ),
  -- Where the table was empty for certain: after a truncate, and before the first row of a snapshot. All rows of one
  -- snapshot share their lsn.
  reset(op, lsn, first_change_id, last_change_id, place_1, place_2, place_3) AS MATERIALIZED (
    SELECT op, lsn, first_change_id, last_change_id,
           iif(several, changed_at, 0), iif(several, coalesce(tx_id, 0), 0), iif(several, coalesce(lsn, 0), 0)
    FROM plan CROSS JOIN summary_reset
    WHERE folded > 0 AND changed_at <= last
    UNION ALL
    SELECT op, lsn, change_id, change_id,
           iif(several, changed_at, 0), iif(several, coalesce(tx_id, 0), 0), iif(several, coalesce(lsn, 0), 0)
    FROM plan CROSS JOIN holding_history
    WHERE change_id > folded AND op IN ('r', 't') AND changed_at <= last
  ),
  last_snapshot(lsn) AS (
    SELECT lsn FROM reset WHERE op = 'r' ORDER BY place_1 DESC, place_2 DESC, place_3 DESC, last_change_id DESC LIMIT 1
  ),
  first_of_snapshot AS (
    SELECT * FROM reset WHERE op = 'r' AND lsn IS (SELECT lsn FROM last_snapshot)
    ORDER BY place_1, place_2, place_3, first_change_id LIMIT 1
  ),
  beginning(place_1, place_2, place_3, begin_id) AS MATERIALIZED (
    SELECT place_1, place_2, place_3, first_change_id FROM first_of_snapshot
    UNION ALL
    SELECT place_1, place_2, place_3, first_change_id FROM reset WHERE op = 't'
    UNION ALL
    SELECT -9223372036854775808, 0, 0, 0
    ORDER BY 1 DESC, 2 DESC, 3 DESC, 4 DESC LIMIT 1
  ),
  -- The rows to read: from one change to another. One scan gives those not folded and, a step each, those that are.
  piece(last, several, place_1, place_2, place_3, begin_id, first_id, last_id) AS MATERIALIZED (
    SELECT last, several, place_1, place_2, place_3, begin_id,
           iif(step IS NULL, max(folded_by_user + 1, iif(several, 0, begin_id)), first_change_id + offset),
           iif(step IS NULL, 9223372036854775807, first_change_id + offset)
    FROM plan CROSS JOIN beginning CROSS JOIN (
      SELECT NULL AS step, NULL AS first_change_id, NULL AS offset
      UNION ALL
      SELECT s.step, s.first_change_id, value
      FROM summary_step AS s CROSS JOIN summary_user_list AS u CROSS JOIN json_each(u.changes)
      WHERE u.step = s.step AND u.user_id = :user
    )
    WHERE step IS NULL OR (folded_by_user > 0 AND (several OR first_change_id + offset >= begin_id))
  ),
  -- Each event's new row counts one, its old row minus one; what is left over stands in the table.
  image(holding_id, user_id, holding_stock, holding_quantity, created_us, updated_us, number) AS (
    SELECT iif(number > 0, after_holding_id, before_holding_id),
           iif(number > 0, after_user_id, before_user_id),
           iif(number > 0, after_holding_stock, before_holding_stock),
           iif(number > 0, after_holding_quantity, before_holding_quantity),
           iif(number > 0, after_datetime_created, before_datetime_created),
           iif(number > 0, after_datetime_updated, before_datetime_updated),
           number
    FROM piece AS p CROSS JOIN holding_history AS h CROSS JOIN (SELECT 1 AS number UNION ALL SELECT -1)
    WHERE h.change_id BETWEEN first_id AND last_id
      AND h.changed_at <= last
      AND (NOT several
           OR (h.changed_at, coalesce(h.tx_id, 0), coalesce(h.lsn, 0), h.change_id)
              >= (place_1, place_2, place_3, begin_id))
      AND iif(number > 0, op IN ('c', 'u', 'r') AND (:user IS NULL OR after_user_id = :user),
                          op IN ('u', 'd') AND (:user IS NULL OR before_user_id = :user))
  ),
  -- Grouped by the columns that tell most rows apart first, which sorts faster.
  standing AS MATERIALIZED (
    SELECT holding_id, user_id, holding_stock, holding_quantity, created_us, updated_us, sum(number) AS copies
    FROM image
    GROUP BY updated_us, holding_id, holding_quantity, holding_stock, created_us, user_id
    HAVING sum(number) > 0
  ),
  -- As many rows as there are copies.
  copy AS (
    SELECT * FROM standing
    UNION ALL
    SELECT holding_id, user_id, holding_stock, holding_quantity, created_us, updated_us, copies - 1
    FROM copy
    WHERE copies > 1
  ),
  -- ISO times. The calendar repeats every 400 years (12622780800 seconds), so strftime, which ends at year 9999, is
  -- asked about the same second in 1970 to 2369; the divisions round down, also before 1970.
  dated AS (
    SELECT *,
           (created_seconds % 12622780800 + 12622780800) % 12622780800 AS created_in_cycle,
           (updated_seconds % 12622780800 + 12622780800) % 12622780800 AS updated_in_cycle
    FROM (SELECT *,
                 created_us / 1000000 - (created_us % 1000000 < 0) AS created_seconds,
                 updated_us / 1000000 - (updated_us % 1000000 < 0) AS updated_seconds
          FROM copy)
  ),
  spelled AS (
    SELECT *,
           strftime('%Y', created_in_cycle, 'unixepoch')
             + 400 * ((created_seconds - created_in_cycle) / 12622780800) AS created_year,
           strftime('%Y', updated_in_cycle, 'unixepoch')
             + 400 * ((updated_seconds - updated_in_cycle) / 12622780800) AS updated_year
    FROM dated
  )
SELECT holding_id, user_id, holding_stock, holding_quantity,
       CASE
         WHEN created_us IN (9223372036854775807, 9223372036825200000) THEN 'infinity'
         WHEN created_us IN (-9223372036854775808, -9223372036832400000) THEN '-infinity'
         WHEN typeof(created_us) = 'integer' THEN
           printf('%04d', iif(created_year > 0, created_year, 1 - created_year))
             || strftime('-%m-%dT%H:%M:%S', created_in_cycle, 'unixepoch')
             || printf('.%06d', (created_us % 1000000 + 1000000) % 1000000) || iif(created_year > 0, '', ' BC')
         ELSE created_us
       END AS datetime_created,
       CASE
         WHEN updated_us IN (9223372036854775807, 9223372036825200000) THEN 'infinity'
         WHEN updated_us IN (-9223372036854775808, -9223372036832400000) THEN '-infinity'
         WHEN typeof(updated_us) = 'integer' THEN
           printf('%04d', iif(updated_year > 0, updated_year, 1 - updated_year))
             || strftime('-%m-%dT%H:%M:%S', updated_in_cycle, 'unixepoch')
             || printf('.%06d', (updated_us % 1000000 + 1000000) % 1000000) || iif(updated_year > 0, '', ' BC')
         ELSE updated_us
       END AS datetime_updated
FROM spelled
ORDER BY holding_id IS NULL, holding_id, user_id, holding_stock, holding_quantity, created_us, updated_us;
