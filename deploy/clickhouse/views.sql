-- What people and queries read: the same views as in SQLite, exact at every moment.

-- Each event once, as T_history. A position counts once (FINAL). Debezium sends events again at new positions after a
-- crash; as in SQLite the k-th event of an identity (source position, commit time, op, old and new row) within one run of
-- the connector repeats the k-th of another run. Only runs that share positions at the source can hold such events, and
-- only what stands in the shared stretch is looked at. Without the header that names the run (Debezium before 3)
-- nothing is told apart here: see docs/scaling.md.
CREATE OR REPLACE VIEW holding_history AS
WITH
  -- From where to where two runs have reached the same positions.
  (SELECT groupArray((least_lsn, least(greatest_lsn, reached))) FROM (
     SELECT least_lsn, greatest_lsn,
            max(greatest_lsn) OVER (ORDER BY least_lsn, greatest_lsn
                                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached,
            row_number() OVER (ORDER BY least_lsn, greatest_lsn) AS place
     FROM (SELECT min(ifNull(lsn, 0)) AS least_lsn, max(ifNull(lsn, 0)) AS greatest_lsn
           FROM holding_arrived WHERE run_id <> '' GROUP BY kafka_topic, run_id))
   WHERE place > 1 AND reached >= least_lsn) AS shared,
  -- Debezium 3.7 goes on amid the rows of one position that a COPY wrote: where a run began where the one before it
  -- ended, the inserts of this position are of that one: (run, position, the run that they are of).
  (SELECT groupArray((run_id, first.3, of_run)) FROM (
     SELECT *, first_value(run_before) OVER (PARTITION BY chain ORDER BY began) AS of_run
     FROM (
       SELECT *, sum(NOT (resumes AND resumed_before AND first.3 = first_before.3)) OVER (ORDER BY began) AS chain
       FROM (
         SELECT *, lagInFrame(resumes) OVER runs AS resumed_before
         FROM (
           SELECT *, lagInFrame(run_id) OVER runs AS run_before, lagInFrame(last) OVER runs AS last_before,
                  lagInFrame(first) OVER runs AS first_before,
                  row_number() OVER runs > 1 AND first.1 = 'c' AND first.2 = last_before.1 AND first.3 = last_before.2
                    AS resumes
           FROM (
             SELECT run_id, min(kafka_offset) AS began,
                    argMin((toString(op), ifNull(tx_id, -1), ifNull(lsn, -1)), kafka_offset) AS first,
                    argMax((ifNull(tx_id, -1), ifNull(lsn, -1)), kafka_offset) AS last
             FROM holding_arrived WHERE length(shared) > 0 AND run_id <> '' GROUP BY run_id)
           WINDOW runs AS (ORDER BY began ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))
         WINDOW runs AS (ORDER BY began ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))))
   WHERE resumes AND (SELECT uniqExact(kafka_partition) FROM holding_arrived WHERE length(shared) > 0) = 1) AS resumed
SELECT
  change_id, op, changed_at, lsn, tx_id, kafka_partition, kafka_offset, unavailable,
  before_holding_id, before_user_id, before_holding_stock, before_holding_quantity, before_datetime_created,
  before_datetime_updated,
  after_holding_id, after_user_id, after_holding_stock, after_holding_quantity, after_datetime_created,
  after_datetime_updated,
  unknown
FROM holding_arrived FINAL
WHERE NOT (run_id <> '' AND arrayExists(s -> ifNull(lsn, 0) BETWEEN s.1 AND s.2, shared))
UNION ALL
SELECT
  change_id, op, changed_at, lsn, tx_id, kafka_partition, kafka_offset, unavailable,
  before_holding_id, before_user_id, before_holding_stock, before_holding_quantity, before_datetime_created,
  before_datetime_updated,
  after_holding_id, after_user_id, after_holding_stock, after_holding_quantity, after_datetime_created,
  after_datetime_updated,
  unknown
FROM (
  SELECT *,
         if(op = 'c', arrayFirst(r -> r.1 = run_id AND r.2 = ifNull(lsn, 0), resumed).3, '') AS earlier,
         if(earlier = '', toString(run_id), earlier) AS run,
         row_number() OVER (
    PARTITION BY kafka_topic, lsn, tx_id, changed_at, op, before_holding_id, before_user_id, before_holding_stock,
                 before_holding_quantity, before_datetime_created, before_datetime_updated, after_holding_id,
                 after_user_id, after_holding_stock, after_holding_quantity, after_datetime_created,
                 after_datetime_updated, run
    ORDER BY change_id) AS nth
  FROM holding_arrived FINAL
  WHERE length(shared) > 0 AND run_id <> '' AND arrayExists(s -> ifNull(lsn, 0) BETWEEN s.1 AND s.2, shared)
  ORDER BY kafka_timestamp_ms, change_id
  LIMIT 1 BY kafka_topic, lsn, tx_id, changed_at, op, before_holding_id, before_user_id, before_holding_stock,
             before_holding_quantity, before_datetime_created, before_datetime_updated, after_holding_id,
             after_user_id, after_holding_stock, after_holding_quantity, after_datetime_created,
             after_datetime_updated, nth
);

CREATE OR REPLACE VIEW rejected_event AS
SELECT * FROM rejected_arrived FINAL;

-- One row a sale: see schema/holding_views.sql, which says what a sale is.
CREATE OR REPLACE VIEW holding_sale_events AS
SELECT change_id, changed_at,
       if(op = 'u', after_datetime_updated, before_datetime_updated) AS row_updated_at,
       before_user_id AS user_id, before_holding_id AS holding_id, assumeNotNull(before_holding_stock) AS stock,
       assumeNotNull(if(op = 'u' AND before_holding_stock IS NOT DISTINCT FROM after_holding_stock,
                        before_holding_quantity - after_holding_quantity, before_holding_quantity)) AS units,
       multiIf(op = 'd', 'closed',
               before_holding_stock IS DISTINCT FROM after_holding_stock, 'switched', 'reduced') AS reason,
       after_holding_stock
FROM holding_history
WHERE op IN ('u', 'd') AND before_holding_stock IS NOT NULL
  AND ifNull(if(op = 'u' AND before_holding_stock IS NOT DISTINCT FROM after_holding_stock,
                before_holding_quantity - after_holding_quantity, before_holding_quantity), 0) > 0;

CREATE OR REPLACE VIEW holding_sales AS
SELECT cdc_instant(changed_at) AS sold_at, user_id, holding_id, stock, units, reason
FROM holding_sale_events;

CREATE OR REPLACE VIEW holding_changes AS
SELECT change_id, cdc_instant(h.changed_at) AS changed_at,
       transform(h.op, ['c', 'u', 'd', 'r', 't'], ['insert', 'update', 'delete', 'snapshot', 'truncate'], '') AS op,
       lsn, tx_id,
       before_holding_id, after_holding_id, before_user_id, after_user_id, before_holding_stock, after_holding_stock,
       before_holding_quantity, after_holding_quantity,
       cdc_local(h.before_datetime_created) AS before_datetime_created,
       cdc_local(h.after_datetime_created) AS after_datetime_created,
       cdc_local(h.before_datetime_updated) AS before_datetime_updated,
       cdc_local(h.after_datetime_updated) AS after_datetime_updated,
       unavailable
FROM holding_history AS h;

CREATE OR REPLACE VIEW holding_field_changes AS
SELECT change_id, cdc_instant(h.changed_at) AS changed_at,
       transform(h.op, ['c', 'u', 'd'], ['insert', 'update', 'delete'], '') AS op,
       if(h.op = 'd', before_holding_id, after_holding_id) AS holding_id,
       if(h.op = 'd', before_user_id, after_user_id) AS user_id,
       field.1 AS change_field, field.2 AS old_value, field.3 AS new_value
FROM holding_history AS h
ARRAY JOIN [('holding_stock', before_holding_stock, after_holding_stock),
            ('holding_quantity', toString(before_holding_quantity), toString(after_holding_quantity))] AS field
WHERE h.op IN ('c', 'd') OR (h.op = 'u' AND field.2 IS DISTINCT FROM field.3 AND cdc_known(unknown, field.1));

-- In the order of the source: events arrive in commit order within a partition; between partitions only their times and
-- positions tell.
CREATE OR REPLACE VIEW holding_placed AS
WITH (SELECT uniqExact(kafka_partition) > 1 FROM holding_arrived) AS several
SELECT *, if(several, (changed_at, ifNull(tx_id, 0), ifNull(lsn, 0), change_id),
                      (toInt64(0), toInt64(0), toInt64(0), change_id)) AS place
FROM holding_history;

-- The snapshots: all rows of one share their position at the source. One is whole when a change came after it.
CREATE OR REPLACE VIEW holding_snapshots AS
WITH (SELECT max(place) FROM holding_placed WHERE op <> 'r') AS last_change
SELECT lsn, tx_id, min(place) AS first_place, max(place) AS last_place, argMin(changed_at, place) AS changed_at,
       last_place < last_change AS complete
FROM holding_placed
WHERE op = 'r'
GROUP BY lsn, tx_id;

-- The source's rows as they stand after the last event: new rows minus old ones since the last truncate or snapshot.
CREATE OR REPLACE VIEW holding_current AS
WITH
  (SELECT (count() > 0, argMax((lsn, tx_id, first_place), (complete, first_place))) FROM holding_snapshots) AS snapshot,
  (SELECT max(place) FROM (
     SELECT place FROM holding_placed WHERE op = 't'
     UNION ALL
     SELECT first_place FROM holding_snapshots WHERE snapshot.1 AND first_place = snapshot.2.3
     UNION ALL
     SELECT tuple(toInt64(-9223372036854775808), toInt64(0), toInt64(0), toInt64(0)))) AS start
SELECT row.1 AS holding_id, row.2 AS user_id, row.3 AS holding_stock, row.4 AS holding_quantity,
       cdc_local(row.5) AS datetime_created, cdc_local(row.6) AS datetime_updated
FROM (
  SELECT image.2 AS row, sum(image.1) AS copies
  FROM holding_placed
  ARRAY JOIN arrayConcat(
    if(op IN ('c', 'u') AND place > start
         OR op = 'r' AND place >= start AND (lsn, tx_id) IS NOT DISTINCT FROM (snapshot.2.1, snapshot.2.2),
       [(1, (after_holding_id, after_user_id, after_holding_stock,
             after_holding_quantity, after_datetime_created, after_datetime_updated))], []),
    if(op IN ('u', 'd') AND place > start,
       [(-1, (before_holding_id, before_user_id, before_holding_stock,
              before_holding_quantity, before_datetime_created, before_datetime_updated))], [])) AS image
  GROUP BY row
  HAVING copies > 0
)
ARRAY JOIN range(toUInt64(copies)) AS copy;

-- Each state of each row, by holding_id, and from when to when it stood.
CREATE OR REPLACE VIEW holding_versions AS
WITH
  -- Where the table was empty for certain: (place, time, last place).
  (SELECT groupArray((p, t, l)) FROM (
     SELECT place AS p, changed_at AS t, place AS l FROM holding_placed WHERE op = 't'
     UNION ALL
     SELECT first_place, changed_at, last_place FROM holding_snapshots WHERE complete)) AS resets,
  -- A row of a snapshot that only says again what stood already is no new state.
  step AS (
    SELECT step.1 AS alive, step.2 AS id, place, changed_at, op, change_id,
           (after_holding_id, after_user_id, after_holding_stock, after_holding_quantity, after_datetime_created,
            after_datetime_updated) AS row
    FROM holding_placed
    ARRAY JOIN arrayConcat(
      if(op IN ('c', 'u', 'r'), [(1, after_holding_id)], []),
      if(op = 'd' OR (op = 'u' AND unavailable IS NULL AND before_holding_id IS DISTINCT FROM after_holding_id),
         [(0, before_holding_id)], [])) AS step
  ),
  linked AS (
    SELECT *, row_number() OVER life AS nth, lagInFrame(alive) OVER around AS was_alive,
           lagInFrame(row) OVER around AS former, leadInFrame(place) OVER around AS next_place,
           count() OVER (PARTITION BY id) AS states
    FROM step
    WINDOW life AS (PARTITION BY id ORDER BY place),
           around AS (PARTITION BY id ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
  ),
  placed AS (
    SELECT *, arrayFilter(r -> r.1 > place AND (nth = states OR r.3 < next_place), resets) AS passed,
           if(empty(passed), NULL, arrayMin(arrayMap(r -> r.2, passed))) AS gone_at
    FROM linked
  ),
  marked AS (
    SELECT *, lagInFrame(gone_at) OVER around AS was_gone_at,
           min(gone_at) OVER (PARTITION BY id ORDER BY place ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
             AS emptied_at
    FROM placed
    WINDOW around AS (PARTITION BY id ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
  ),
  told AS (
    SELECT * FROM marked
    WHERE op <> 'r' OR nth = 1 OR NOT was_alive OR was_gone_at IS NOT NULL OR row IS DISTINCT FROM former
  ),
  state AS (
    SELECT *, leadInFrame(toNullable(changed_at)) OVER (
             PARTITION BY id ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS replaced_at,
           least(ifNull(emptied_at, replaced_at), ifNull(replaced_at, emptied_at)) AS ended_at
    FROM told
  )
SELECT row.1 AS holding_id, row.2 AS user_id, row.3 AS holding_stock, row.4 AS holding_quantity,
       cdc_local(row.5) AS datetime_created, cdc_local(row.6) AS datetime_updated,
       cdc_instant(changed_at) AS valid_from, cdc_instant(ended_at) AS valid_to, change_id
FROM state
WHERE alive = 1;
