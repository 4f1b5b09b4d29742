"""Kafka Connect with Debezium's JDBC sink into SQLite: jdbc_peer.py load BROKERS/TOPIC DATABASE JARS ROWS EVENTS. It
stores the new rows alone, none for a delete. What it takes begins with the first rows that can be seen, since the
worker takes seconds to start, and ends with the last; the events are those between."""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time

import common

WORKER = {
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'listeners': 'http://127.0.0.1:0',
    'plugin.discovery': 'service_load',
    'consumer.auto.offset.reset': 'earliest',
    'consumer.max.poll.records': 5000,
    'consumer.fetch.max.bytes': 52428800,
    'consumer.max.partition.fetch.bytes': 16777216,
}
SINK = {
    'name': 'sink',
    'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
    'tasks.max': 1,
    'connection.username': 'none',
    'connection.password': 'none',
    'insert.mode': 'insert',
    'primary.key.mode': 'none',
    'schema.evolution': 'basic',
    'batch.size': 5000,
    'table.name.format': 'holding_history',
    'hibernate.dialect': 'org.hibernate.community.dialect.SQLiteDialect',
}


def write(path, properties):
    with open(path, 'w', encoding='utf-8') as file:
        file.writelines(f'{key}={value}\n' for key, value in properties.items())
    return path


def stored(target):
    try:
        database = sqlite3.connect(f'file:{target}?mode=ro', uri=True)
        try:
            return database.execute('SELECT coalesce(max(rowid), 0) FROM holding_history').fetchone()[0]
        finally:
            database.close()
    except sqlite3.OperationalError:  # not there yet
        return 0


def wait_for(rows, target, worker, until):
    while (have := stored(target)) < rows:
        if time.monotonic() > until or worker.poll() is not None:
            raise RuntimeError(f'the sink stores {have} of {rows} rows and no more')
        time.sleep(0.05)
    return have


def main():
    _, given, target, jars, rows, events = sys.argv[1:]
    brokers, topic = given.split('/')
    with tempfile.TemporaryDirectory() as folder:
        url = f'jdbc:sqlite:{target}?journal_mode=WAL&synchronous=FULL'
        files = {'bootstrap.servers': brokers, 'offset.storage.file.filename': os.path.join(folder, 'offsets')}
        worker = subprocess.Popen(
            ['java', '-Xmx1g', '-cp', os.path.join(jars, '*'), 'org.apache.kafka.connect.cli.ConnectStandalone']
            + [write(os.path.join(folder, 'worker.properties'), WORKER | files)]
            + [write(os.path.join(folder, 'sink.properties'), SINK | {'topics': topic, 'connection.url': url})],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            first = wait_for(1, target, worker, time.monotonic() + 60)
            began, before = time.perf_counter(), cpu_of(worker.pid)
            wait_for(int(rows), target, worker, time.monotonic() + 120)
            took = time.perf_counter() - began
            cpu, peak = cpu_of(worker.pid) - before, common.peak_kib(worker.pid)
        finally:
            worker.kill()
            worker.wait()
    share = (int(rows) - first) / int(rows)
    json.dump({'seconds': took, 'cpu': cpu, 'rss_kib': peak, 'events': round(int(events) * share)}, sys.stdout)


def cpu_of(pid):
    with open(f'/proc/{pid}/stat') as file:
        fields = file.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


if __name__ == '__main__':
    main()
