-- The tables. Nothing in them is ever changed: rows are added, and views.sql reads each position once.
{if cluster}
-- Replicated on each shard by the macros shard and replica, and a Distributed table over them with the name that all else
-- here uses. A row's shard follows from its position, so that what is delivered twice meets on one shard, where FINAL
-- sees it. A topic of one partition is spread over the shards in stretches of 2^20 offsets.
{end}

-- One row an event that Kafka has delivered: the columns of T_history with their names and meaning, and where it stood.
-- A message that is delivered twice has the same position twice, and is one row for FINAL, at every moment.
CREATE TABLE IF NOT EXISTS {arrived_here}{on_cluster} (
  -- Order of arrival within a partition, unique over all of them.
  change_id Int64 DEFAULT bitShiftLeft(toInt64(kafka_partition), 44) + kafka_offset + 1 CODEC(Delta, ZSTD),
  op LowCardinality(String),
  changed_at Int64 CODEC(Delta, ZSTD),
  lsn Nullable(Int64) CODEC(ZSTD),
  tx_id Nullable(Int64) CODEC(ZSTD),
  kafka_partition Int32 CODEC(ZSTD),
  kafka_offset Int64 CODEC(Delta, ZSTD),
  unavailable Nullable(String) CODEC(ZSTD),
  {each {before} {type} CODEC(ZSTD)},
  {each {after} {type} CODEC(ZSTD)},
  unknown Nullable(String) CODEC(ZSTD), -- those of unavailable that nothing tells
  kafka_topic LowCardinality(String),
  kafka_timestamp_ms Int64 CODEC(Delta, ZSTD), -- 0 of rows moved here
  run_id LowCardinality(String),               -- of the connector, by its header; empty without one
  INDEX by_time changed_at TYPE minmax,
  INDEX by_lsn lsn TYPE minmax
) ENGINE = {replicated}ReplacingMergeTree
ORDER BY (kafka_topic, kafka_partition, kafka_offset);

-- What could not be stored, whole, and why.
CREATE TABLE IF NOT EXISTS rejected_arrived{here}{on_cluster} (
  topic LowCardinality(String),
  partition Int32,
  offset Int64,
  reason String,
  key Nullable(String) CODEC(ZSTD),
  value String CODEC(ZSTD),
  kafka_timestamp_ms Int64,
  run_id String
) ENGINE = {replicated}ReplacingMergeTree
ORDER BY (topic, partition, offset);

-- Where a history that was moved here ended: what stands before is not taken from Kafka again.
CREATE TABLE IF NOT EXISTS moved_position{here}{on_cluster} (
  topic String,
  partition Int32,
  next_offset Int64
) ENGINE = {replicated}MergeTree
ORDER BY (topic, partition);
{if cluster}

CREATE TABLE IF NOT EXISTS {T_arrived}{on_cluster} AS {arrived_here}
ENGINE = Distributed({cluster}, currentDatabase(), {arrived_here},
                     cityHash64(kafka_topic, kafka_partition, bitShiftRight(kafka_offset, 20)));

CREATE TABLE IF NOT EXISTS rejected_arrived{on_cluster} AS rejected_arrived_here
ENGINE = Distributed({cluster}, currentDatabase(), rejected_arrived_here,
                     cityHash64(topic, partition, bitShiftRight(offset, 20)));

CREATE TABLE IF NOT EXISTS moved_position{on_cluster} AS moved_position_here
ENGINE = Distributed({cluster}, currentDatabase(), moved_position_here, cityHash64(topic, partition));
{end}
