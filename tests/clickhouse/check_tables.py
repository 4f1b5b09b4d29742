"""Any table on ClickHouse against SQLite: check_tables.py --cdclite PROGRAM --data FOLDER [RECORDING…]. Every table of every
recording, of other types, keys, and names, with and without old values: the history, the views, and the queries for any
table give equal rows. What differs is listed here by name, and is checked to differ."""
import collections
import glob
import gzip
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..', '..', 'deploy', 'clickhouse'), os.path.join(HERE, '..', 'recordings')]

import arguments  # noqa: E402
import node  # noqa: E402
from description import quoted  # noqa: E402
from harness import Checks, difference  # noqa: E402

# Recordings of which every event is rejected, whole.
REJECTED = dict.fromkeys(('e-unwrapped-rewrite', 'e2-unwrapped-pk-noschema', 'flat-rewrite'), 'flattened records')
# Recordings that would take long, or are like others here.
SKIPPED = ('wide', 'd-types-string', 'f2-schema-evolution-paced', 'flat-default', 'flat-default-noschema',
           'flat-rewrite-noschema')
# Recordings of which the tables are moved as well.
MOVED = ('c-pk-default-identity', 'd-types-precise')
# Recordings in which rows of a table with a key were sent again.
SENT_AGAIN = ('twice-3.7', 'partitions-3.7')
# What differs, and why: how many events are rejected, and how many other rows of the history are not SQLite's.
KEY_CHANGED = 'what an event with a changed key lacks is not known'
ALTERED = 'the table was altered: rows stand as they came, and deletes name all columns'
DIGITS = 'numbers of more than 74 digits are rejected'
DIFFERENT = {
    'c-pk-default-identity: account': (0, 2, KEY_CHANGED),
    'f-schema-evolution: holding': (14, 1, ALTERED),
    'rename: keyed': (0, 10, ALTERED),
    'rename: keyless': (0, 0, ALTERED),
    'retype: anew': (3, 1, ALTERED),
    'retype: keyed': (13, 3, ALTERED),
    'retype: keyless': (13, 0, ALTERED),
    'toast: toast': (3, 18, DIGITS),
    'toast-modes: toast': (0, 4, KEY_CHANGED),
    'toast-more: toast_more': (4, 1, DIGITS),
    'toast-noschema: toast': (0, 4, KEY_CHANGED),
}
EVENT = ['op', 'changed_at', 'lsn', 'tx_id', 'unavailable']


def normal(value):
    """Numbers by their value, bytes as digits, and as ClickHouse spells what is no number in JSON."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and value == value and abs(value) != float('inf') and value == int(value):
        return int(value)
    text = str(value)
    return {'-0.0': 0, 'nan': 'nan', 'infinity': 'inf', '-infinity': '-inf'}.get(text.lower(), text.lower() if isinstance(
        value, float) else value)


def text(value):
    """Of T_field_changes, whose values are texts there."""
    found = 0 if value == '-0' else normal(value)
    if isinstance(found, str):
        try:
            found = normal(float(found)) if '.' in found or 'e' in found else found
        except ValueError:
            pass
    return None if value is None else str(found)


def rows(found, spell=normal):
    return [tuple(map(spell, row)) for row in found]


class Comparison:
    def __init__(self, program, database, clickhouse, table):
        self.program, self.database, self.clickhouse, self.table = program, database, clickhouse, table
        self.db = sqlite3.connect(f'file:{database}?mode=ro', uri=True)
        self.spell = (lambda value: str(normal(value))) if any(
            c.kind == 'mixed' or c.sent_as for c in table.columns) else normal
        self.wrong = {}
        self.compared = 0

    def close(self):
        self.db.close()

    def equal(self, name, theirs, ours):
        self.compared += len(ours)
        self.missing = (collections.Counter(theirs) - collections.Counter(ours)).total()
        if theirs != ours:
            self.wrong[name] = difference(theirs, ours)

    def relation(self, suffix, columns, spell):
        """Without their order, and SQLite's own numbers."""
        name = f'{self.table.name}_{suffix}'
        ours = self.db.execute(f'SELECT {", ".join(map(quoted, columns))} FROM {quoted(name)}').fetchall()
        bare = {c.column_name for c in self.table.columns if c.kind == 'bytes' and not c.sent_as}
        there = [f'lower(hex({node.identifier(c)})) AS {node.identifier(c)}' if suffix == 'history' and
                 c.partition('_')[2] in bare else node.identifier(c) for c in columns]
        theirs = self.clickhouse.values(f'SELECT {", ".join(there)} FROM {node.identifier(name)}')
        self.equal(suffix, sorted(rows(theirs, spell), key=repr), sorted(rows(ours, spell), key=repr))

    def columns(self, suffix):
        """Of a view in SQLite; none where there is none."""
        return [name for _, name, *_ in self.db.execute(f'PRAGMA table_info({quoted(self.table.name + "_" + suffix)})')
                if suffix == 'current' or not name.startswith('change_id')]

    def history(self, messages):
        """Its columns; with several partitions which of its deliveries is the first depends on who reads them."""
        several = len({message['kafka_partition'] for message in messages}) > 1
        return EVENT + ([] if several else ['kafka_partition', 'kafka_offset']) + [
            f'{side}_{c.column_name}' for c in self.table.columns for side in ('before', 'after')]

    def views(self, history):
        self.relation('history', history, self.spell)
        for suffix in ('changes', 'field_changes', 'current', 'versions'):
            columns = self.columns(suffix)
            if columns:
                self.relation(suffix, columns, text if suffix == 'field_changes' else self.spell)

    def query(self, name, parameters):
        done = subprocess.run([self.program, 'query', name, f'table={self.table.name}',
                               *(f'{key}={value}' for key, value in parameters.items()), '--db', self.database,
                               '--format', 'jsonl'], stdout=subprocess.PIPE, check=True)
        ours = [json.loads(line) for line in done.stdout.splitlines()]
        theirs = self.clickhouse.ask(name, parameters)
        for row in ours + theirs if name == 'row_history' else []:
            del row['change_id']
        self.equal(f'{name} {parameters}', rows((row.values() for row in theirs), self.spell),
                   rows((row.values() for row in ours), self.spell))
        if ours and theirs and list(ours[0]) != list(theirs[0]):
            self.wrong[name + ' columns'] = f'{list(theirs[0])} instead of {list(ours[0])}'

    def times(self):
        """A tenth, a half and nine tenths of the way."""
        history = quoted(self.table.name + '_changes')
        found = [at for at, in self.db.execute(f'SELECT changed_at FROM {history} ORDER BY change_id')]
        return [found[len(found) * part // 10] for part in (1, 5, 9)]

    def keys(self):
        history = quoted(self.table.name + '_changes')
        columns = ', '.join(quoted(f'{{}}_{c.column_name}') for c in self.table.columns if c.key)
        found = self.db.execute(' UNION '.join(f'SELECT {columns.format(*[side] * columns.count("{}"))} FROM {history}'
                                               for side in ('before', 'after'))).fetchall()
        keys = sorted((key for key in found if None not in key), key=repr)
        keys = keys[::max(1, len(keys) // 2)][:2]
        return [str(key[0]) if len(key) == 1 else json.dumps(key) for key in keys]

    def queries(self, nth):
        """Each with one of its sets of parameters, every other table with another one."""
        first, middle, last = self.times()
        other = nth % 2
        self.query('activity', ({'from': first, 'to': last}, {'period': 'day'})[other])
        self.query('as_of', ({'at': middle}, {})[other])
        self.query('diff', ({'from': middle, 'to': last}, {'from': first})[other])
        self.query('column_changes', ({}, {'from': first, 'to': last})[other])
        if any(c.key for c in self.table.columns):
            for key in self.keys()[:1 + other]:
                self.query('row_history', {'key': key})


def check_move(checks, title, comparison, messages):
    """A history that is moved is SQLite's as it is, whatever differs otherwise; the topic read again adds nothing."""
    comparison.clickhouse.database(f'moved_{time.time_ns()}', comparison.table)
    comparison.clickhouse.move(comparison.database)
    comparison.clickhouse.feed(messages)
    comparison.wrong = {}
    comparison.relation('history', comparison.history(messages), comparison.spell)
    checks.equal(f'{title}: moved', comparison.wrong, {})


def compare(checks, name, path, clickhouse, program, folder):
    database, plain = os.path.join(folder, 'history.db'), os.path.join(folder, 'events.jsonl')
    with gzip.open(path, 'rb') as lines, open(plain, 'wb') as out:
        out.write(lines.read())
    subprocess.run([program, 'load', '--input', plain, '--db', database, '--no-text', '--quiet'], check=True,
                   stderr=subprocess.DEVNULL)
    with sqlite3.connect(f'file:{database}?mode=ro', uri=True) as db:
        named = db.execute('SELECT name, topic FROM captured_table WHERE changes > 0 ORDER BY name').fetchall()
    for nth, (table, topic) in enumerate(named):
        if name in SENT_AGAIN and table == 'holding':
            continue  # as check_recordings.py compares it
        known = node.description.read(database, table)
        clickhouse.database(f'tables_{"".join(c if c.isalnum() else "_" for c in name)}_{nth}', known)
        messages = [message for message in node.messages(path, topic) if message['kafka_topic'] == topic]
        clickhouse.feed(messages)
        clickhouse.feed(messages[len(messages) // 3:])  # some of it again, as a queue may deliver it
        title = f'{name}: {table}'
        rejected = clickhouse.values('SELECT reason, count() AS n FROM rejected_event GROUP BY reason')
        if name in REJECTED:
            checks.equal(f'{title}: {REJECTED[name]}', sum(n for _, n in rejected),
                         sum(bool(message['value']) for message in messages))
            continue
        comparison = Comparison(program, database, clickhouse, known)
        if title in DIFFERENT:
            *numbers, why = DIFFERENT[title]
            comparison.relation('history', comparison.history(messages), comparison.spell)
            checks.equal(f'{title}: {why}', [sum(n for _, n in rejected), comparison.missing], numbers)
        else:
            if rejected:
                comparison.wrong['rejected'] = rejected
            if not known.bundled or known.filled:  # check_recordings.py compares the others
                comparison.views(comparison.history(messages))
            if name != 'names' or nth % 6 == 4:
                comparison.queries(nth)
            checks.equal(f'{title}, {comparison.compared} rows', comparison.wrong, {})
        if title in DIFFERENT or name in MOVED:
            check_move(checks, title, comparison, messages)
        comparison.close()


def main():
    given = arguments.read(__doc__, names=True)
    checks = Checks()
    clickhouse = node.Node()
    clickhouse.session.query('SET output_format_json_quote_denormals = 1, compile_expressions = 0, '
                             'compile_aggregate_expressions = 0, compile_sort_description = 0')
    for path in sorted(glob.glob(os.path.join(given.data, 'tables', '*.jsonl.gz'))) + [
            os.path.join(given.data, 'redelivered', f'{name}.jsonl.gz') for name in SENT_AGAIN]:
        name = os.path.basename(path)[:-len('.jsonl.gz')]
        if path.endswith('.audit.jsonl.gz') or name in SKIPPED or (given.names and name not in given.names):
            continue
        with tempfile.TemporaryDirectory(prefix='cdclite-tables-') as folder:
            compare(checks, name, path, clickhouse, given.cdclite, folder)
    clickhouse.close()
    checks.exit()


if __name__ == '__main__':
    main()
