"""What a ClickHouse node makes of a topic, by its own Kafka engine: from_kafka.py BROKERS TOPIC ROWS [COPY.db]. Waits
until ROWS positions are there, and whether there are more; with a copy of a history, that is moved first. Prints JSON:
the history, what was rejected, and answers. It runs in an environment that has chdb, away from the tests that ask."""
import dataclasses
import json
import os
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', '..', 'deploy', 'clickhouse'))

import node  # noqa: E402

COLUMNS = ('holding_id', 'user_id', 'holding_stock', 'holding_quantity', 'datetime_created', 'datetime_updated')
HISTORY = ', '.join(['op', 'changed_at', 'lsn', 'tx_id', 'unavailable', 'kafka_partition', 'kafka_offset']
                    + [f'{side}_{column}' for side in ('before', 'after') for column in COLUMNS])
SECONDS = 90


def take(clickhouse, brokers, topic):
    """chdb has no threads for message brokers and says so by an error, yet the table is there and works."""
    table = dataclasses.replace(clickhouse.table, topic=topic)
    queue, view = node.statements(node.tables.statements(table, node.tables.QUEUE, brokers=brokers))
    try:
        clickhouse.session.query(queue.replace("'clickhouse'", f"'clickhouse-{time.time_ns()}'"))
    except RuntimeError as why:
        if 'Shutdown was called' not in str(why):
            raise
    clickhouse.session.query(view)


def wait_for(clickhouse, count):
    until = time.monotonic() + SECONDS
    have = -1
    while have < count:
        time.sleep(0.2)
        (have,), = clickhouse.values('SELECT (SELECT count() FROM holding_arrived FINAL) + '
                                     '(SELECT count() FROM rejected_event) AS n')
        if time.monotonic() > until:
            sys.exit(f'{have} of {count} events came')
    time.sleep(2)


def main():
    brokers, topic, count, *copy = sys.argv[1:]
    clickhouse = node.Node()
    clickhouse.database('cdc')
    if copy:
        clickhouse.move(copy[0])
    moved = clickhouse.values('SELECT count() AS n FROM holding_arrived')[0][0]
    take(clickhouse, brokers, topic)
    wait_for(clickhouse, int(count))
    json.dump({
        'moved': moved,
        'history': clickhouse.values(f'SELECT {HISTORY} FROM holding_history ORDER BY kafka_partition, kafka_offset'),
        'rejected': clickhouse.values('SELECT offset, reason, value FROM rejected_event ORDER BY offset'),
        'current': clickhouse.values(f'SELECT {", ".join(COLUMNS)} FROM holding_current'),
        'answers': {name: clickhouse.ask(name, parameters) for name, parameters in (
            ('most_sold_stocks', {'limit': 0}), ('stock_change_counts', {}), ('user_activity', {'limit': 0}),
            ('most_sold_stock_per_period', {'period': 'day', 'limit': 0}))},
    }, sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # chdb may wait for its consumer for long


if __name__ == '__main__':
    main()
