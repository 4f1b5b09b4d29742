-- Moves a SQLite history here, once, before queue.sql: to a node that has the file (in its user_files), made
-- while the loader is stopped or running by
--   cdclite backup --db history.db copy.db
-- The move ends where the history's positions stand, and what Kafka gives from before them is not taken
-- (moved_position), so that no row comes twice and none is missing however often the topic is read again. It says so
-- where the file cannot be moved: of one topic, with a position of its own for each row.

SELECT throwIf(topics <> 1 OR rows <> positions OR outside > 0, 'this history is not of one Kafka topic from its start')
FROM (
  SELECT count() AS rows, uniqExact(h.kafka_partition, h.kafka_offset) AS positions,
         (SELECT count() FROM sqlite({copy}, 'captured_table') WHERE name = {text T}) AS topics,
         countIf(h.kafka_offset >= p.next_offset) AS outside
  FROM sqlite({copy}, {text T_history}) AS h
  LEFT JOIN (
    SELECT partition, next_offset FROM sqlite({copy}, 'position')
    WHERE topic IN (SELECT topic FROM sqlite({copy}, 'captured_table') WHERE name = {text T})
  ) AS p ON p.partition = h.kafka_partition
);

INSERT INTO moved_position
SELECT topic, partition, next_offset
FROM sqlite({copy}, 'position')
WHERE topic IN (SELECT topic FROM sqlite({copy}, 'captured_table') WHERE name = {text T});

-- A row is of the last run that began before it. What came again of a run that is named is moved as well, as the row
-- that it repeats: then what comes again later is told apart as if all had come here.
INSERT INTO {T_arrived} (
  op, changed_at, lsn, tx_id, kafka_partition, kafka_offset, unavailable,
  {each {before}}, {each {after}}, unknown, kafka_topic, kafka_timestamp_ms, run_id)
WITH
  run AS (
    SELECT assumeNotNull(run) AS run, assumeNotNull(partition) AS partition, assumeNotNull(first_offset) AS first_offset,
           run_id
    FROM sqlite({copy}, 'connector_run')
    WHERE table_id IN (SELECT table_id FROM sqlite({copy}, 'captured_table') WHERE name = {text T})
  ),
  delivered AS (
    SELECT assumeNotNull(change_id) AS change_id, assumeNotNull(kafka_partition) AS partition,
           assumeNotNull(kafka_offset) AS offset, run_id
    FROM sqlite({copy}, {text T_history}) AS h
    ASOF LEFT JOIN run ON run.partition = assumeNotNull(h.kafka_partition)
                          AND assumeNotNull(h.kafka_offset) >= run.first_offset
    UNION ALL
    SELECT assumeNotNull(change_id), assumeNotNull(partition), assumeNotNull(offset), run.run_id
    FROM sqlite({copy}, 'redelivered_event') AS again
    INNER JOIN run ON run.run = assumeNotNull(again.run)
    WHERE run.run_id IS NOT NULL
  )
SELECT
  h.op, h.changed_at, CAST(h.lsn AS Nullable(Int64)), CAST(h.tx_id AS Nullable(Int64)),
  toInt32(d.partition), d.offset, h.unavailable,
  {each CAST({before} AS {type})}, {each CAST({after} AS {type})},
  if(u.change_id IS NULL, NULL, coalesce(u.columns, h.unavailable)),
  (SELECT topic FROM sqlite({copy}, 'captured_table') WHERE name = {text T}), 0, ifNull(d.run_id, '')
FROM delivered AS d
INNER JOIN sqlite({copy}, {text T_history}) AS h ON assumeNotNull(h.change_id) = d.change_id
LEFT JOIN sqlite({copy}, 'unknown_value') AS u ON u.change_id = h.change_id;

INSERT INTO rejected_arrived
SELECT topic, toInt32(assumeNotNull(partition)), assumeNotNull(offset), reason, key, ifNull(value, ''), 0, ''
FROM sqlite({copy}, 'rejected_event')
WHERE topic IN (SELECT topic FROM sqlite({copy}, 'captured_table') WHERE name = {text T})
  AND rejected_id NOT IN (SELECT rejected_id FROM sqlite({copy}, 'retried_event'));
