-- The table's events leave out old values (replica identity default): here they are the last that are known of a row's
-- key, since the last truncate or delete, as in SQLite. Where nothing tells, they are NULL and listed in `unknown`; so is
-- what an event with a changed key lacks, which SQLite knows by its old key.
CREATE OR REPLACE VIEW {T_history} AS
WITH
  came AS (
    SELECT *, if(op = 'd', tuple({each_key {before}}), tuple({each_key {after}})) AS row_key,
           -- What was moved here is filled in already; an update from Kafka that lacks something has nothing before.
           unavailable IS NOT NULL AND (op <> 'u' OR coalesce({each toString({before})}) IS NOT NULL) AS moved,
           countIf(op = 't') OVER arrival AS truncates, countIf(op = 'u') OVER arrival AS updates,
           argMaxIf(unavailable IS NOT NULL, change_id, op = 'u') OVER arrival AS leaves_out,
           op = 'c' AND NOT (leaves_out = 0 AND updates > 0)
             AND lagInFrame((toString(op), lsn, tx_id)) OVER arrival = ('d', lsn, tx_id) AS ends_key_change
    FROM {T_events}
    WINDOW arrival AS (ORDER BY change_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
  ),
  -- What each event lacks, column by column: of an update all that it does not bring, of a delete all but the key, and
  -- what PostgreSQL did not have at hand (TOAST), for which a placeholder stands.
  lacking AS (
    SELECT *,
           countIf(op = 'd') OVER (PARTITION BY row_key, truncates ORDER BY change_id
                                   ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - (op = 'd') AS life,
           [{each NOT moved AND ((op = 'u' AND position(ifNull(unavailable, ''), {json before}) > 0)
                                 OR (op = 'd' AND leaves_out AND NOT {is_key}))}] AS lacks_before,
           [{each NOT moved AND ((op = 'u' AND unavailable IS NOT NULL) OR ends_key_change) AND {is_placeholder {after}}}]
             AS lacks_after,
           [{each op IN ('c', 'u', 'r') AND NOT has([{each_key {after} IS NULL}], 1) AND NOT lacks_after[{nth}]
                  AND NOT (moved AND position(ifNull(unknown, ''), {json after}) > 0)}] AS tells
    FROM came
  ),
  known AS (
    SELECT *, {each argMaxIf(tuple({after}), change_id, tells[{nth}]) OVER earlier AS known_{nth}},
           [{each countIf(tells[{nth}]) OVER earlier > 0}] AS is_known
    FROM lacking
    WINDOW earlier AS (PARTITION BY row_key, truncates, life ORDER BY change_id
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  )
SELECT
  change_id, op, changed_at, lsn, tx_id, kafka_partition, kafka_offset,
  if(moved, k.unavailable, cdc_list(arrayFilter(c -> c.2, [{each
    ({json before}, lacks_before[{nth}]), ({json after}, lacks_after[{nth}])}]))) AS unavailable,
  {each if(lacks_before[{nth}], if(op = 'u' AND {is_key}, k.{after}, known_{nth}.1), k.{before}) AS {before}},
  {each if(lacks_after[{nth}], known_{nth}.1, k.{after}) AS {after}},
  if(moved, k.unknown, cdc_list(arrayFilter(c -> c.2 AND NOT c.3, [{each
    ({json before}, lacks_before[{nth}], is_known[{nth}] OR (op = 'u' AND {is_key})),
    ({json after}, lacks_after[{nth}], is_known[{nth}])}]))) AS unknown
FROM known AS k;

