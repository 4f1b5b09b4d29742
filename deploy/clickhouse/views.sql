-- What people and queries read: the same views as in SQLite, exact at every moment.

-- Each event once, as T_history. A position counts once (FINAL). Debezium sends events again at new positions after a
-- crash; as in SQLite the k-th event of an identity (source position, commit time, op, old and new row) within one run of
-- the connector repeats the k-th of another run. Only runs that share positions at the source can hold such events, and
-- only what stands in the shared stretch is looked at. Without the header that names the run (Debezium before 3)
-- nothing is told apart here: see docs/scaling.md.
CREATE OR REPLACE VIEW {events} AS
WITH
  -- From where to where two runs have reached the same positions.
  (SELECT groupArray((least_lsn, least(greatest_lsn, reached))) FROM (
     SELECT least_lsn, greatest_lsn,
            max(greatest_lsn) OVER (ORDER BY least_lsn, greatest_lsn
                                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached,
            row_number() OVER (ORDER BY least_lsn, greatest_lsn) AS place
     FROM (SELECT min(ifNull(lsn, 0)) AS least_lsn, max(ifNull(lsn, 0)) AS greatest_lsn
           FROM {T_arrived} WHERE run_id <> '' GROUP BY kafka_topic, run_id))
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
             FROM {T_arrived} WHERE length(shared) > 0 AND run_id <> '' GROUP BY run_id)
           WINDOW runs AS (ORDER BY began ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))
         WINDOW runs AS (ORDER BY began ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))))
   WHERE resumes AND (SELECT uniqExact(kafka_partition) FROM {T_arrived} WHERE length(shared) > 0) = 1) AS resumed
SELECT
  change_id, op, changed_at, lsn, tx_id, kafka_partition, kafka_offset, unavailable, {each {before}}, {each {after}}, unknown
FROM {T_arrived} FINAL
WHERE NOT (run_id <> '' AND arrayExists(s -> ifNull(lsn, 0) BETWEEN s.1 AND s.2, shared))
UNION ALL
SELECT
  change_id, op, changed_at, lsn, tx_id, kafka_partition, kafka_offset, unavailable, {each {before}}, {each {after}}, unknown
FROM (
  SELECT *,
         if(op = 'c', arrayFirst(r -> r.1 = run_id AND r.2 = ifNull(lsn, 0), resumed).3, '') AS earlier,
         if(earlier = '', toString(run_id), earlier) AS run,
         row_number() OVER (
    PARTITION BY kafka_topic, lsn, tx_id, changed_at, op, {each {before}}, {each {after}}, run
    ORDER BY change_id) AS nth
  FROM {T_arrived} FINAL
  WHERE length(shared) > 0 AND run_id <> '' AND arrayExists(s -> ifNull(lsn, 0) BETWEEN s.1 AND s.2, shared)
  ORDER BY kafka_timestamp_ms, change_id
  LIMIT 1 BY kafka_topic, lsn, tx_id, changed_at, op, {each {before}}, {each {after}}, nth
);

CREATE OR REPLACE VIEW rejected_event AS
SELECT * FROM rejected_arrived FINAL;

{filled}CREATE OR REPLACE VIEW {T_changes} AS
SELECT change_id, cdc_instant(h.changed_at) AS changed_at,
       transform(h.op, ['c', 'u', 'd', 'r', 't'], ['insert', 'update', 'delete', 'snapshot', 'truncate'], '') AS op,
       lsn, tx_id, {each {spelled h.{before}} AS {before}, {spelled h.{after}} AS {after}}, unavailable
FROM {T_history} AS h;

{if tracked}
CREATE OR REPLACE VIEW {T_field_changes} AS
SELECT h.change_id AS change_id, cdc_instant(h.changed_at) AS changed_at,
       transform(h.op, ['c', 'u', 'd'], ['insert', 'update', 'delete'], '') AS op,
       {each_identifying if(h.op = 'd', {spelled h.{before}}, {spelled h.{after}}) AS {column}}{comma}
       field.1 AS change_field, field.2 AS old_value, field.3 AS new_value
FROM {T_history} AS h
ARRAY JOIN [{each_tracked ({name}, {field h.{before}}, {field h.{after}}, h.{before} IS DISTINCT FROM h.{after},
                           {text column})}] AS field
WHERE h.op IN ('c', 'd') OR (h.op = 'u' AND field.4 AND cdc_known(h.unknown, field.5));
{end}

-- In the order of the source: events arrive in commit order within a partition; between partitions only their times and
-- positions tell.
CREATE OR REPLACE VIEW {T_placed} AS
WITH (SELECT uniqExact(kafka_partition) > 1 FROM {T_arrived}) AS several
SELECT *, if(several, (changed_at, ifNull(tx_id, 0), ifNull(lsn, 0), change_id),
                      (toInt64(0), toInt64(0), toInt64(0), change_id)) AS place
FROM {T_history};

-- The snapshots: all rows of one share their position at the source. One is whole when a change came after it.
CREATE OR REPLACE VIEW {T_snapshots} AS
WITH (SELECT max(place) FROM {T_placed} WHERE op <> 'r') AS last_change
SELECT lsn, tx_id, min(place) AS first_place, max(place) AS last_place, argMin(changed_at, place) AS changed_at,
       last_place < last_change AS complete
FROM {T_placed}
WHERE op = 'r'
GROUP BY lsn, tx_id;

-- The source's rows as they stand after the last event.
CREATE OR REPLACE VIEW {T_current} AS
SELECT {each_now {spelled r.row.{nth}} AS {column}}
FROM {rows true} AS r;

{if keyed}
-- Each state of each row, by its key, and from when to when it stood.
CREATE OR REPLACE VIEW {T_versions} AS
WITH
  -- Where the table was empty for certain: (place, time, last place).
  (SELECT groupArray((p, t, l)) FROM (
     SELECT place AS p, changed_at AS t, place AS l FROM {T_placed} WHERE op = 't'
     UNION ALL
     SELECT first_place, changed_at, last_place FROM {T_snapshots} WHERE complete)) AS resets,
  -- A row of a snapshot that only says again what stood already is no new state.
  step AS (
    SELECT step.1 AS alive, step.2 AS id, place, changed_at, op, change_id,
           tuple({each {after}}) AS row
    FROM {T_placed}
    ARRAY JOIN arrayConcat(
      if(op IN ('c', 'u', 'r'), [(1, tuple({each_key {after}}))], []),
      if(op = 'd' OR (op = 'u' AND unavailable IS NULL
                      AND tuple({each_key {before}}) IS DISTINCT FROM tuple({each_key {after}})),
         [(0, tuple({each_key {before}}))], [])) AS step
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
SELECT {each {spelled s.row.{nth}} AS {version}},
       cdc_instant(s.changed_at) AS valid_from, cdc_instant(s.ended_at) AS valid_to, s.change_id AS change_id
FROM state AS s
WHERE s.alive = 1;
{end}
