"""ClickHouse by chdb: clickhouse_peer.py load INPUT DIRECTORY [schema|schema-cut] | sums DIRECTORY | size DIRECTORY |
engine BROKERS/TOPIC COUNT DIRECTORY [schema]."""

import json
import subprocess
import sys
import time

from chdb import session

import common

TYPES = dict(zip(common.IMAGE, ('Int32', 'Int32', 'String', 'Int32', 'Int64', 'Int64')))
IMAGE = 'Tuple(' + ', '.join(f'{name} Nullable({kind})' for name, kind in TYPES.items()) + ')'
EVENT = f'Tuple(op String, before {IMAGE}, after {IMAGE}, source Tuple(ts_us Int64, lsn Int64, txId Int64))'
# pread, since a mapped file would count as its memory; it is as fast.
SETTINGS = "SETTINGS max_threads=2, max_insert_threads=2, storage_file_read_method='pread'"
TABLE = (
    'CREATE TABLE IF NOT EXISTS holding_history (op LowCardinality(String), changed_at Int64, lsn Int64, tx_id Int64, '
    + ', '.join(f'{image}_{name} Nullable({kind})' for image in ('before', 'after') for name, kind in TYPES.items())
    + ') ENGINE = MergeTree ORDER BY changed_at'
)


def connect(directory):
    database = session.Session(directory)
    database.query('CREATE DATABASE IF NOT EXISTS bench')
    database.query('USE bench')
    return database


def rows(database, sql):
    text = database.query(f'{sql} SETTINGS max_threads=2', 'JSONCompactEachRow').bytes().decode()
    return [json.loads(line) for line in text.splitlines()]


def event(line, how):
    """A line as a tuple. `schema-cut` begins at the text of the payload's key, which is right only as long as no
    schema block holds that text."""
    if how == 'schema':
        return f"JSONExtract({line}, 'payload', '{EVENT}')"
    if how == 'schema-cut':
        start = f"position({line}, '\"payload\":') + 10"
        return f"JSONExtract(substring({line}, {start}, length({line}) - ({start})), '{EVENT}')"
    return f"JSONExtract({line}, '{EVENT}')"


def fields():
    return ', '.join(
        ['event.op', 'event.source.ts_us', 'event.source.lsn', 'event.source.txId']
        + [f'event.{image}.{name}' for image in ('before', 'after') for name in common.IMAGE]
    )


def named_fields():
    return ', '.join(f'{field} AS {name}' for field, name in zip(fields().split(', '), common.COLUMNS))


def load(given, directory, how):
    database = connect(directory)
    database.query(TABLE)

    def load_lines(source):
        # LineAsString and JSONExtract are faster here than JSONAsString and JSONEachRow.
        database.query(
            f'INSERT INTO holding_history SELECT {fields()} FROM (SELECT {event("line", how)} AS event '
            f"FROM file('{source.path}', 'LineAsString', 'line String')) {SETTINGS}"
        )
        database.close()

    common.run(given, load_lines)


def make_queue(database, given):
    """chdb has no threads for message brokers and says so by an error, yet the table is there and works."""
    brokers, topic = given.split('/')
    try:
        database.query(
            f"CREATE TABLE queue (line String) ENGINE = Kafka SETTINGS kafka_broker_list = '{brokers}', "
            f"kafka_topic_list = '{topic}', kafka_group_name = 'bench-{time.time_ns()}', "
            "kafka_format = 'LineAsString', kafka_num_consumers = 1, kafka_flush_interval_ms = 1000"
        )
    except RuntimeError as why:
        if 'Shutdown was called' not in str(why):
            raise


def load_by_engine(given, count, directory, how):
    """ClickHouse's own Kafka engine with a materialized view. What it takes begins with the first messages that it has
    read, since it takes seconds to join its group, and ends when all rows can be seen."""
    database = connect(directory)
    database.query(TABLE)
    make_queue(database, given)
    database.query(
        f'CREATE MATERIALIZED VIEW reader TO holding_history AS SELECT {named_fields()} '
        f'FROM (SELECT {event("line", how)} AS event FROM queue)'
    )

    def wait_for(number, sql, until):
        while (have := int(database.query(sql).bytes())) < number:
            if time.monotonic() > until:
                raise RuntimeError(f'the engine has {have} of {count} events and no more')
            time.sleep(0.02)

    wait_for(1, 'SELECT sum(num_messages_read) FROM system.kafka_consumers', time.monotonic() + 30)
    began, before = time.perf_counter(), common.cpu()
    wait_for(count, 'SELECT count() FROM holding_history', time.monotonic() + 120)
    took = {'seconds': time.perf_counter() - began, 'cpu': common.cpu() - before, 'rss_kib': common.peak_kib()}
    database.query('DROP TABLE reader')
    database.query('DROP TABLE queue')
    database.close()
    json.dump(took, sys.stdout)


def main():
    action, *rest = sys.argv[1:]
    if action == 'load':
        load(rest[0], rest[1], rest[2] if len(rest) > 2 else '')
    elif action == 'engine':
        load_by_engine(rest[0], int(rest[1]), rest[2], rest[3] if len(rest) > 3 else '')
    elif action == 'sums':
        database = connect(rest[0])
        json.dump(
            common.sums(
                lambda sql: rows(database, sql), integer='Nullable(Int64)', stock='CAST({} AS Nullable(String))'
            ),
            sys.stdout,
        )
    elif action == 'size':
        print(subprocess.run(['du', '-sb', rest[0]], capture_output=True, text=True, check=True).stdout.split()[0])


if __name__ == '__main__':
    main()
