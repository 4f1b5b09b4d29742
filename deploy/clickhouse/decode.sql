-- From a message to a row: holding_message and holding_decoded keep nothing, the views pass on what is inserted.

CREATE TABLE IF NOT EXISTS holding_message (
  kafka_topic String,
  kafka_partition Int32,
  kafka_offset Int64,
  kafka_timestamp_ms Int64,
  run_id String,
  key Nullable(String),
  value Nullable(String),
  error String
) ENGINE = Null;

CREATE TABLE IF NOT EXISTS holding_decoded (
  kafka_topic String,
  kafka_partition Int32,
  kafka_offset Int64,
  kafka_timestamp_ms Int64,
  run_id String,
  key Nullable(String),
  value String,
  reason String,
  has_before Bool,
  changed_at Nullable(Int64),
  event Tuple(
    op String,
    before Tuple(holding_id Nullable(Int64), user_id Nullable(Int64), holding_stock Nullable(String),
                 holding_quantity Nullable(Int64), datetime_created Nullable(Int64), datetime_updated Nullable(Int64)),
    after Tuple(holding_id Nullable(Int64), user_id Nullable(Int64), holding_stock Nullable(String),
                holding_quantity Nullable(Int64), datetime_created Nullable(Int64), datetime_updated Nullable(Int64)),
    source Tuple(ts_ms Nullable(Int64), ts_us Nullable(Int64), lsn Nullable(Int64), txId Nullable(Int64)))
) ENGINE = Null;

-- The envelope is the value, or its payload where the value carries a schema. An event is stored only if all that its
-- rows hold has a column here and fits it; anything else is kept as it came. Tombstones say nothing new.
CREATE MATERIALIZED VIEW IF NOT EXISTS holding_decode TO holding_decoded AS
WITH
  x -> multiIf(x.1 IN ('holding_id', 'user_id', 'holding_quantity', 'datetime_created', 'datetime_updated'),
               x.2 = 'null' OR (match(x.2, '^-?[0-9]+$') AND toString(JSONExtractInt(x.2)) = x.2),
               x.1 = 'holding_stock', x.2 = 'null' OR startsWith(x.2, '"'),
               false) AS fits
SELECT
  kafka_topic, kafka_partition, kafka_offset, kafka_timestamp_ms, run_id, key, text AS value,
  multiIf(error <> '', error,
          NOT isValidUTF8(text), 'not UTF-8',
          NOT isValidJSON(text), 'not JSON',
          event.op NOT IN ('c', 'u', 'd', 'r', 't'), 'not an event of a row',
          changed_at IS NULL, 'no commit time',
          JSONType(payload, 'source', 'lsn') NOT IN ('Int64', 'Null')
            OR JSONType(payload, 'source', 'txId') NOT IN ('Int64', 'Null'), 'the position at the source is no number',
          event.op IN ('c', 'u', 'r') AND JSONType(payload, 'after') <> 'Object', 'no new row',
          event.op = 'd' AND NOT has_before, 'no old row',
          NOT arrayAll(fits, JSONExtractKeysAndValuesRaw(payload, 'before'))
            OR NOT arrayAll(fits, JSONExtractKeysAndValuesRaw(payload, 'after')),
          'a column that the history does not have, or a value that does not fit it',
          '') AS reason,
  JSONType(payload, 'before') = 'Object' AS has_before,
  ifNull(event.source.ts_us, event.source.ts_ms * 1000) AS changed_at,
  JSONExtract(payload, 'Tuple(
    op String,
    before Tuple(holding_id Nullable(Int64), user_id Nullable(Int64), holding_stock Nullable(String),
                 holding_quantity Nullable(Int64), datetime_created Nullable(Int64), datetime_updated Nullable(Int64)),
    after Tuple(holding_id Nullable(Int64), user_id Nullable(Int64), holding_stock Nullable(String),
                holding_quantity Nullable(Int64), datetime_created Nullable(Int64), datetime_updated Nullable(Int64)),
    source Tuple(ts_ms Nullable(Int64), ts_us Nullable(Int64), lsn Nullable(Int64), txId Nullable(Int64)))') AS event
FROM (
  SELECT *, ifNull(value, '') AS text,
         if(JSONHas(text, 'schema') AND JSONHas(text, 'payload'), JSONExtractRaw(text, 'payload'), text) AS payload
  FROM holding_message
  WHERE (value <> '' OR error <> '')
    -- What a history that was moved here had read already is not taken again: see move.sql.
    AND kafka_offset >= (SELECT maxMap(map(concat(topic, '/', toString(partition)), next_offset)) FROM moved_position)
                        [concat(kafka_topic, '/', toString(kafka_partition))]
) AS m;

CREATE MATERIALIZED VIEW IF NOT EXISTS holding_store TO holding_arrived AS
SELECT
  event.op AS op, assumeNotNull(d.changed_at) AS changed_at, event.source.lsn AS lsn, event.source.txId AS tx_id,
  kafka_partition, kafka_offset,
  -- Of an update without old row (replica identity default) nothing here tells what it was.
  if(op = 'u' AND NOT has_before,
     '["before_holding_id","before_user_id","before_holding_stock","before_holding_quantity","before_datetime_created","before_datetime_updated"]',
     NULL) AS unavailable,
  event.before.holding_id AS before_holding_id, event.before.user_id AS before_user_id,
  event.before.holding_stock AS before_holding_stock, event.before.holding_quantity AS before_holding_quantity,
  event.before.datetime_created AS before_datetime_created, event.before.datetime_updated AS before_datetime_updated,
  event.after.holding_id AS after_holding_id, event.after.user_id AS after_user_id,
  event.after.holding_stock AS after_holding_stock, event.after.holding_quantity AS after_holding_quantity,
  event.after.datetime_created AS after_datetime_created, event.after.datetime_updated AS after_datetime_updated,
  unavailable AS unknown, kafka_topic, kafka_timestamp_ms, run_id
FROM holding_decoded AS d
WHERE reason = '';

CREATE MATERIALIZED VIEW IF NOT EXISTS holding_reject TO rejected_arrived AS
SELECT kafka_topic AS topic, kafka_partition AS partition, kafka_offset AS offset, reason, key, value,
       kafka_timestamp_ms, run_id
FROM holding_decoded
WHERE reason <> '';
