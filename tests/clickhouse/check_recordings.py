"""ClickHouse against SQLite on the same events: check_recordings.py --cdclite PROGRAM --data FOLDER. Every recording of
the table holding is loaded into both; the histories, the views and the canned queries give equal rows, and the queries
also those that plain Python computes from the recording."""
import collections
import glob
import gzip
import json
import os
import sqlite3
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..', 'queries'), os.path.join(HERE, '..', '..', 'deploy', 'clickhouse'),
                os.path.join(HERE, '..', 'recordings')]

import build_history  # noqa: E402
import check_queries  # noqa: E402
import arguments  # noqa: E402
import node  # noqa: E402
from harness import Checks, difference  # noqa: E402

COLUMNS = ('holding_id', 'user_id', 'holding_stock', 'holding_quantity', 'datetime_created', 'datetime_updated')
HISTORY = ', '.join(['op', 'changed_at', 'lsn', 'tx_id', 'unavailable']
                    + [f'{side}_{column}' for side in ('before', 'after') for column in COLUMNS])
PLACES = 'kafka_partition, kafka_offset'


def places(messages):
    """Where an event stood; with several partitions which of its deliveries is the first depends on who reads them."""
    several = len({message['kafka_partition'] for message in messages}) > 1
    return "0 AS kafka_partition, 0 AS kafka_offset" if several else PLACES


def alike(rows):
    return sorted(rows, key=repr)


# Views in SQLite's columns without the order of arrival, which counts from another start.
VIEWS = {
    'holding_changes': 'changed_at, op, lsn, tx_id, before_holding_id, after_holding_id, before_user_id, '
                       'after_user_id, before_holding_stock, after_holding_stock, before_holding_quantity, '
                       'after_holding_quantity, before_datetime_created, after_datetime_created, '
                       'before_datetime_updated, after_datetime_updated, unavailable',
    'holding_field_changes': 'changed_at, op, holding_id, user_id, change_field, CAST(old_value AS TEXT), '
                             'CAST(new_value AS TEXT)',
    'holding_sale_events': 'changed_at, row_updated_at, user_id, holding_id, stock, units, reason',
    'holding_sales': 'sold_at, user_id, holding_id, stock, units, reason',
    'holding_current': ', '.join(COLUMNS),
    'holding_versions': ', '.join(COLUMNS) + ', valid_from, valid_to',
}
IN_CLICKHOUSE = {'CAST(old_value AS TEXT)': 'old_value', 'CAST(new_value AS TEXT)': 'new_value'}


def recordings(data):
    """Those that hold the tutorial's table, as it is: no other column, whole events."""
    for path in sorted(glob.glob(os.path.join(data, '**', '*.jsonl.gz'), recursive=True)):
        if not path.endswith('.audit.jsonl.gz') and suits(path):
            yield os.path.relpath(path, data)[:-len('.jsonl.gz')], path


def suits(path):
    with gzip.open(path, 'rt', encoding='utf-8') as lines:
        images = set()
        for line in lines:
            message = json.loads(line)
            if message['value'] is None or not message['topic'].endswith('.holding'):
                continue
            value = json.loads(message['value'])
            payload = value.get('payload', value)
            if not isinstance(payload, dict) or 'op' not in payload:
                return False
            if payload['op'] == 'u' and payload['before'] is None:
                return False
            images.update(tuple(payload[side]) for side in ('before', 'after') if payload[side] is not None)
    return images == {COLUMNS}


def expected_differences(db):
    """Without the header that names the connector's run, SQLite tells by their order which events came again."""
    named, = db.execute('SELECT count(run_id) > 0 FROM connector_run').fetchone()
    if named:
        return []
    return db.execute('SELECT partition, "offset" FROM redelivered_event ORDER BY 1, 2').fetchall()


def compare(checks, name, path, clickhouse, program, folder, nth):
    database = os.path.join(folder, 'history.db')
    plain = os.path.join(folder, 'holding.jsonl')
    with gzip.open(path, 'rt', encoding='utf-8') as lines, open(plain, 'w', encoding='utf-8') as out:
        out.writelines(line for line in lines if json.loads(line)['topic'].endswith('.holding'))
    subprocess.run([program, 'load', '--input', plain, '--db', database, '--no-text', '--quiet'], check=True)
    clickhouse.database('of_' + ''.join(c if c.isalnum() else '_' for c in name))
    messages = list(node.messages(path))
    clickhouse.feed(messages)
    clickhouse.feed(messages[len(messages) // 3:])  # some of it again, as a queue may deliver it
    db = sqlite3.connect(f'file:{database}?mode=ro', uri=True)
    again = expected_differences(db)
    checks.equal(f'{name}: nothing rejected', clickhouse.values('SELECT reason, value FROM rejected_event'), [])
    if again:
        first = db.execute(f'SELECT {PLACES} FROM holding_history').fetchall()
        checks.equal(f'{name}: SQLite\'s events and, without the header, {len(again)} that came again',
                     clickhouse.values(f'SELECT {PLACES} FROM holding_history ORDER BY {PLACES}'),
                     sorted(first + again))
        return
    columns = f"{HISTORY}, {places(messages)}"
    want = alike(db.execute(f'SELECT {columns} FROM holding_history').fetchall())
    checks.equal(f'{name}: history, {len(want)} rows', alike(clickhouse.values(f'SELECT {columns} FROM holding_history')),
                 want)
    for view, columns in VIEWS.items():
        if view == 'holding_versions' and name.startswith('redelivered/partitions'):
            continue  # rows alike in one transaction over several partitions: nothing tells which came first
        theirs = columns
        for ours, other in IN_CLICKHOUSE.items():
            theirs = theirs.replace(ours, other)
        checks.equal(f'{name}: {view}', collections.Counter(clickhouse.values(f'SELECT {theirs} FROM {view}')),
                     collections.Counter(db.execute(f'SELECT {columns} FROM {view}').fetchall()))
    db.close()
    ask_all(checks, name, clickhouse, program, database, build_history.read_recording(plain), places(messages) != PLACES,
            nth)


def ask_all(checks, name, clickhouse, program, database, events, several, nth):
    """Every canned query with many parameters (of a recording with a sixth of them, each another one), as Python computes it, some of them as the program answers. What was sent
    again, and several partitions, Python reads otherwise: there the program answers all of them."""
    computed = not several and not name.startswith('redelivered')
    for query, compute in check_queries.QUERIES.items():
        if several and query in ('recent_changes', 'sales'):
            continue  # by the source's order there, by arrival in SQLite
        bad_sets = check_queries.bad_sets(query) if name == 'edge' else []
        tried = check_queries.parameter_sets(query, events, few=True) if len(events) > 20 else [{}]
        if not name.startswith('edge'):
            tried = tried[nth % 6::6]
        wrong = []
        for number, parameters in enumerate(tried + bad_sets):
            got = clickhouse.ask(query, parameters)
            if (not computed or number < 4) and parameters not in bad_sets and (parameters or query != 'holding_timeline'):
                answer = check_queries.in_program(database, program, query, parameters)
                if answer != got:
                    wrong.append(f'{parameters}: the program answers otherwise: {difference(got, answer)}')
            expected = (compute(events, parameters) if parameters not in bad_sets else []) if computed else got
            if expected != got:
                wrong.append(f'{parameters}: {difference(got, expected)}')
        checks.check(f'{name}: {query}, {len(tried)} sets of parameters', not wrong, ' '.join(wrong[:2]))


def main():
    given = arguments.read(__doc__, names=True)
    checks = Checks()
    clickhouse = node.Node()
    compared = 0
    with tempfile.TemporaryDirectory(prefix='cdclite-clickhouse-') as folder:
        made = os.path.join(folder, 'made')
        os.mkdir(made)
        for name, options in (('edge', []), ('edge-schemas', ['--schemas']), ('edge-3', ['--partitions', '3'])):
            with gzip.open(os.path.join(made, name + '.jsonl.gz'), 'wb') as out:
                out.write(subprocess.run([sys.executable, os.path.join(HERE, '..', 'queries', 'make_edge_events.py'),
                                          *options], stdout=subprocess.PIPE, check=True).stdout)
        for name, path in [*recordings(made), *recordings(given.data)]:
            if given.names and name not in given.names:
                continue
            compared += 1
            with tempfile.TemporaryDirectory(dir=folder) as own:
                compare(checks, name, path, clickhouse, given.cdclite, own, compared)
    checks.check(f'{compared} recordings', compared >= (1 if given.names else 20))
    clickhouse.close()
    checks.exit()


if __name__ == '__main__':
    main()
