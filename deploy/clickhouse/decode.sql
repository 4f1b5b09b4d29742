-- From a message to a row: {T_message} and {T_decoded} keep nothing, the views pass on what is inserted.

CREATE TABLE IF NOT EXISTS {T_message} (
  kafka_topic String,
  kafka_partition Int32,
  kafka_offset Int64,
  kafka_timestamp_ms Int64,
  run_id String,
  key Nullable(String),
  value Nullable(String),
  error String
) ENGINE = Null;

CREATE TABLE IF NOT EXISTS {T_decoded} (
  kafka_topic String,
  kafka_partition Int32,
  kafka_offset Int64,
  kafka_timestamp_ms Int64,
  run_id String,
  key Nullable(String),
  value String,
  reason String,
  has_before Bool,
  columns Array(String), -- of an update without its old row those that it brings
  changed_at Nullable(Int64),
  event {event_type}
) ENGINE = Null;

-- The envelope is the value, or its payload where the value carries a schema. An event is stored only if all that its
-- rows hold has a column here and fits it; anything else is kept as it came. Tombstones say nothing new.
CREATE MATERIALIZED VIEW IF NOT EXISTS {T_decode} TO {T_decoded} AS
WITH
  x -> multiIf({fits},
               false) AS fits
SELECT
  kafka_topic, kafka_partition, kafka_offset, kafka_timestamp_ms, run_id, key, text AS value,
  multiIf(error <> '', error,
          NOT isValidUTF8(text), 'not UTF-8',
          NOT isValidJSON(text), 'not JSON',
          event.op NOT IN ('c', 'u', 'd', 'r', 't'), 'not an event of a row',
          changed_at IS NULL, 'no commit time',
          ifNull(event.source.connector, 'postgresql') <> 'postgresql', 'a connector whose positions are not read here',
          JSONType(payload, 'source', 'lsn') NOT IN ('Int64', 'Null')
            OR JSONType(payload, 'source', 'txId') NOT IN ('Int64', 'Null'), 'the position at the source is no number',
          event.op IN ('c', 'u', 'r') AND JSONType(payload, 'after') <> 'Object', 'no new row',
          event.op = 'd' AND NOT has_before, 'no old row',
          NOT arrayAll(fits, JSONExtractKeysAndValuesRaw(payload, 'before'))
            OR NOT arrayAll(fits, JSONExtractKeysAndValuesRaw(payload, 'after')),
          'a column that the history does not have, or a value that does not fit it',
          NOT {retyped}, 'from before a column changed its type',
          NOT ({read_raw}), 'a JSON value that cannot be told from another one',
          '') AS reason,
  JSONType(payload, 'before') = 'Object' AS has_before,
  if(event.op = 'u' AND NOT has_before, JSONExtractKeys(payload, 'after'), []) AS columns,
  ifNull(event.source.ts_us, event.source.ts_ms * 1000) AS changed_at,
  JSONExtract(payload, {event_type_text}) AS event
FROM (
  SELECT *, ifNull(value, '') AS text,
         if(JSONHas(text, 'schema') AND JSONHas(text, 'payload'), JSONExtractRaw(text, 'payload'), text) AS payload
  FROM {T_message}
  WHERE (value <> '' OR error <> '')
    -- What a history that was moved here had read already is not taken again: see move.sql.
    AND kafka_offset >= (SELECT maxMap(map(concat(topic, '/', toString(partition)), next_offset)) FROM moved_position)
                        [concat(kafka_topic, '/', toString(kafka_partition))]
) AS m;

CREATE MATERIALIZED VIEW IF NOT EXISTS {T_store} TO {T_arrived} AS
SELECT
  event.op AS op, assumeNotNull(d.changed_at) AS changed_at, event.source.lsn AS lsn, event.source.txId AS tx_id,
  kafka_partition, kafka_offset,
  -- Of an update without old row (replica identity default) nothing here tells what it was.
  if(op = 'u' AND NOT has_before,
     cdc_list(arrayFilter(c -> has(columns, c.2), [{each ({json before}, {name})}])), NULL) AS unavailable,
  {each {decoded before} AS {before}},
  {each {decoded after} AS {after}},
  unavailable AS unknown, kafka_topic, kafka_timestamp_ms, run_id
FROM {T_decoded} AS d
WHERE reason = '';

CREATE MATERIALIZED VIEW IF NOT EXISTS {T_reject} TO rejected_arrived AS
SELECT kafka_topic AS topic, kafka_partition AS partition, kafka_offset AS offset, reason, key, value,
       kafka_timestamp_ms, run_id
FROM {T_decoded}
WHERE reason <> '';
