"""What one writes in Python: orjson and sqlite3, 10,000 rows a transaction, durable as cdclite is; from Kafka with
confluent-kafka. python_peer.py load INPUT DATABASE [schema] | sums DATABASE."""

import json
import sqlite3
import sys

import orjson

import common

ROWS = 10000
TABLE = (
    'CREATE TABLE holding_history (op TEXT, changed_at INTEGER, lsn INTEGER, tx_id INTEGER, '
    + ', '.join(
        f'{image}_{name} {"TEXT" if name == "holding_stock" else "INTEGER"}'
        for image in ('before', 'after')
        for name in common.IMAGE
    )
    + ')'
)
NOTHING = dict.fromkeys(common.IMAGE)


def row(line, with_schema):
    event = orjson.loads(line)
    if with_schema:
        event = event['payload']
    source, before, after = event['source'], event['before'] or NOTHING, event['after'] or NOTHING
    return (
        event['op'],
        source['ts_us'],
        source['lsn'],
        source['txId'],
        *(before[name] for name in common.IMAGE),
        *(after[name] for name in common.IMAGE),
    )


def batches_of_file(path):
    with open(path, 'rb') as file:
        while batch := [line for _, line in zip(range(ROWS), file)]:
            yield batch


def batches_of_topic(brokers, topic):
    import confluent_kafka as kafka

    consumer = kafka.Consumer(
        {
            'bootstrap.servers': brokers,
            'group.id': 'bench',
            'enable.auto.commit': False,
            'queued.max.messages.kbytes': 524288,
            'queued.min.messages': 1000000,
        }
    )
    partition = kafka.TopicPartition(topic, 0, 0)
    end = consumer.get_watermark_offsets(partition)[1]
    consumer.assign([partition])
    last = -1
    while last + 1 < end:
        messages = [message for message in consumer.consume(ROWS, 1.0) if not message.error()]
        if messages:
            last = messages[-1].offset()
            yield [message.value() for message in messages]


def main():
    action, *rest = sys.argv[1:]
    if action == 'sums':
        database = sqlite3.connect(rest[0])
        json.dump(common.sums(lambda sql: database.execute(sql).fetchall(), integer='INTEGER'), sys.stdout)
        return
    given, path, *more = rest

    def load_directly(source):
        batches = (
            batches_of_topic(source.brokers, source.topic)
            if given.startswith('kafka:')
            else batches_of_file(source.path)
        )
        database = sqlite3.connect(path, isolation_level=None)
        database.execute('PRAGMA journal_mode=WAL')
        database.execute('PRAGMA synchronous=FULL')
        database.execute(TABLE)
        insert = f'INSERT INTO holding_history VALUES ({", ".join("?" * len(common.COLUMNS))})'
        for batch in batches:
            database.execute('BEGIN IMMEDIATE')
            database.executemany(insert, (row(line, 'schema' in more) for line in batch))
            database.execute('COMMIT')
        database.close()

    common.run(given, load_directly)


if __name__ == '__main__':
    main()
