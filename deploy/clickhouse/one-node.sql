-- The tables on one node. Nothing in them is ever changed: rows are added, and views.sql reads each position once.

-- One row an event that Kafka has delivered: the columns of T_history with their names and meaning, and where it stood.
-- A message that is delivered twice has the same position twice, and is one row for FINAL, at every moment.
CREATE TABLE IF NOT EXISTS holding_arrived (
  -- Order of arrival within a partition, unique over all of them.
  change_id Int64 DEFAULT bitShiftLeft(toInt64(kafka_partition), 44) + kafka_offset + 1 CODEC(Delta, ZSTD),
  op LowCardinality(String),
  changed_at Int64 CODEC(Delta, ZSTD),
  lsn Nullable(Int64) CODEC(ZSTD),
  tx_id Nullable(Int64) CODEC(ZSTD),
  kafka_partition Int32 CODEC(ZSTD),
  kafka_offset Int64 CODEC(Delta, ZSTD),
  unavailable Nullable(String) CODEC(ZSTD),
  before_holding_id Nullable(Int64) CODEC(ZSTD),
  before_user_id Nullable(Int64) CODEC(ZSTD),
  before_holding_stock Nullable(String) CODEC(ZSTD),
  before_holding_quantity Nullable(Int64) CODEC(ZSTD),
  before_datetime_created Nullable(Int64) CODEC(ZSTD),
  before_datetime_updated Nullable(Int64) CODEC(ZSTD),
  after_holding_id Nullable(Int64) CODEC(ZSTD),
  after_user_id Nullable(Int64) CODEC(ZSTD),
  after_holding_stock Nullable(String) CODEC(ZSTD),
  after_holding_quantity Nullable(Int64) CODEC(ZSTD),
  after_datetime_created Nullable(Int64) CODEC(ZSTD),
  after_datetime_updated Nullable(Int64) CODEC(ZSTD),
  unknown Nullable(String) CODEC(ZSTD), -- those of unavailable that nothing tells
  kafka_topic LowCardinality(String),
  kafka_timestamp_ms Int64 CODEC(Delta, ZSTD), -- 0 of rows moved here
  run_id LowCardinality(String),               -- of the connector, by its header; empty without one
  INDEX by_time changed_at TYPE minmax,
  INDEX by_lsn lsn TYPE minmax
) ENGINE = ReplacingMergeTree
ORDER BY (kafka_topic, kafka_partition, kafka_offset);

-- What could not be stored, whole, and why.
CREATE TABLE IF NOT EXISTS rejected_arrived (
  topic LowCardinality(String),
  partition Int32,
  offset Int64,
  reason String,
  key Nullable(String) CODEC(ZSTD),
  value String CODEC(ZSTD),
  kafka_timestamp_ms Int64,
  run_id String
) ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset);

-- Where a history that was moved here ended: what stands before is not taken from Kafka again.
CREATE TABLE IF NOT EXISTS moved_position (
  topic String,
  partition Int32,
  next_offset Int64
) ENGINE = MergeTree
ORDER BY (topic, partition);
