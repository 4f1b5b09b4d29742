-- From Kafka: a message is taken as it is, whatever it holds. More settings in
-- https://clickhouse.com/docs/engines/table-engines/integrations/kafka. Tombstones give no row.
CREATE TABLE IF NOT EXISTS {T_queue} (value String)
ENGINE = Kafka
SETTINGS
  kafka_broker_list = {brokers},
  kafka_topic_list = {topic},
  kafka_group_name = 'clickhouse',
  kafka_format = 'RawBLOB',
  kafka_handle_error_mode = 'stream',
  kafka_num_consumers = 1;

-- What reads it is made last, when all that it feeds is there.
CREATE MATERIALIZED VIEW IF NOT EXISTS {T_take} TO {T_message} AS
SELECT _topic AS kafka_topic, toInt32(_partition) AS kafka_partition, toInt64(_offset) AS kafka_offset,
       ifNull(toUnixTimestamp64Milli(_timestamp_ms), -1) AS kafka_timestamp_ms,
       _headers.value[indexOf(_headers.name, '__debezium.context.runId')] AS run_id,
       nullIf(_key, '') AS key, if(_error = '', value, _raw_message) AS value, _error AS error
FROM {T_queue};
