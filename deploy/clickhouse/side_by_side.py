#!/usr/bin/env python3
"""The same recording into SQLite and into ClickHouse, and both answers side by side, of all its tables:
side_by_side.py RECORDING.jsonl[.gz] [--cdclite PROGRAM]. Needs chdb (pip install chdb). Exits with 1
where an answer differs."""
import argparse
import gzip
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import node  # noqa: E402

QUESTIONS = (
    ('stock_change_counts', {}),
    ('most_sold_stocks', {}),
    ('most_sold_stocks', {'from': '2025-02-01', 'to': '2025-07-08T09:10:11.5Z', 'time': 'row'}),
    ('most_sold_stock_per_period', {}),
    ('most_sold_stock_per_period', {'period': 'day', 'limit': 3, 'time': 'row'}),
    ('user_activity', {'limit': 0}),
    ('stock_switches', {'limit': 0}),
    ('change_activity', {'period': 'week'}),
    ('sales', {'limit': 1000}),
    ('recent_changes', {}),
    ('holdings_as_of', {}),
)
# Of the tables that are not the tutorial's.
ANY_TABLE = (('activity', {'period': 'day'}), ('as_of', {}), ('column_changes', {}))
SHOWN = 5


def timed(ask, *arguments):
    began = time.perf_counter()
    found = ask(*arguments)
    return found, time.perf_counter() - began


def of_sqlite(program, database, name, parameters):
    done = subprocess.run([program, 'query', name, *(f'{key}={value}' for key, value in parameters.items()),
                           '--db', database, '--format', 'jsonl'], check=True, stdout=subprocess.PIPE)
    return [json.loads(line) for line in done.stdout.splitlines()]


def load_sqlite(program, recording, database):
    with tempfile.NamedTemporaryFile(suffix='.jsonl') as plain:
        with (gzip.open if recording.endswith('.gz') else open)(recording, 'rb') as given:
            shutil.copyfileobj(given, plain)
        plain.flush()
        began = time.perf_counter()
        subprocess.run([program, 'load', '--input', plain.name, '--db', database, '--no-text', '--quiet'], check=True)
        return time.perf_counter() - began


def show(title, sqlite, clickhouse, took):
    equal = sqlite == clickhouse
    print(f'\n{title}: {len(sqlite)} rows in {took[0] * 1000:.0f} ms, {len(clickhouse)} in {took[1] * 1000:.0f} ms: '
          f'{"equal" if equal else "DIFFERENT"}')
    lines = [[' | '.join('' if value is None else str(value) for value in row.values()) for row in rows[:SHOWN]]
             for rows in (sqlite, clickhouse)]
    width = min(58, max((len(line) for line in lines[0]), default=0))
    for nth in range(max(map(len, lines))):
        left, right = (side[nth] if nth < len(side) else '' for side in lines)
        print(f'  {left[:width]:{width}}   {right[:width]}')
    return equal


def tables(database):
    with sqlite3.connect(f'file:{database}?mode=ro', uri=True) as db:
        return [name for name, in db.execute('SELECT name FROM captured_table WHERE changes > 0 ORDER BY table_id')]


def both(given, database, clickhouse, name, place):
    """A table's answers: for each whether they are equal."""
    table = node.description.read(database, name)
    clickhouse.database(place, table)
    messages = list(node.messages(given.recording, table.topic))
    _, took = timed(clickhouse.feed, messages)
    print(f'\n{name}: {len(messages)} messages into ClickHouse in {took:.1f} s (by way of a file)')
    equal = []
    for query, parameters in QUESTIONS if table.bundled else ANY_TABLE:
        of_table = parameters if table.bundled else {'table': name, **parameters}
        ours, first = timed(of_sqlite, given.cdclite, database, query, of_table)
        theirs, second = timed(clickhouse.ask, query, parameters)
        title = ' '.join([query, *(f'{key}={value}' for key, value in of_table.items())])
        equal.append(show(title + '   (SQLite | ClickHouse)', ours, theirs, (first, second)))
    return equal


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('recording')
    parser.add_argument('--cdclite', default='cdclite')
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix='cdclite-both-') as folder:
        database = os.path.join(folder, 'history.db')
        took = load_sqlite(given.cdclite, given.recording, database)
        print(f'loaded into SQLite in {took:.1f} s')
        clickhouse = node.Node(os.path.join(folder, 'clickhouse'))
        equal = []
        for nth, name in enumerate(tables(database)):
            equal += both(given, database, clickhouse, name, f'cdc_{nth}')
        clickhouse.close()
    print(f'\n{sum(equal)} of {len(equal)} answers are equal')
    return 0 if all(equal) else 1


if __name__ == '__main__':
    sys.exit(main())
