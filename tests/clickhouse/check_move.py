"""Moving a history to ClickHouse: check_move.py --cdclite PROGRAM --data FOLDER. A recording is loaded into SQLite up to
some place, moved by deploy/clickhouse/move.sql, and ClickHouse gets the whole topic from its start again: it then has
what SQLite has of the whole recording, with every re-delivery over the seam recognised."""
import gzip
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..', '..', 'deploy', 'clickhouse'), os.path.join(HERE, '..', 'recordings')]

import arguments  # noqa: E402
import node  # noqa: E402
from check_recordings import HISTORY, alike, places  # noqa: E402
from harness import Checks  # noqa: E402

RECORDINGS = ('a-seed-schema', 'm-crash-duplicates', 'bulk-tenth', 'redelivered/partitions-3.7', 'redelivered/twice-3.7')
BAD = '{"op":"c","after":{"holding_id":"no number"},"source":{"ts_us":1,"lsn":1,"txId":1}}'


def load(program, lines, folder, name):
    source, database = os.path.join(folder, name + '.jsonl'), os.path.join(folder, name + '.db')
    with open(source, 'w', encoding='utf-8') as file:
        file.writelines(lines)
    subprocess.run([program, 'load', '--input', source, '--db', database, '--no-text', '--quiet'], check=True)
    return database


def history(database, columns):
    with sqlite3.connect(f'file:{database}?mode=ro', uri=True) as db:
        return alike(db.execute(f'SELECT {columns} FROM holding_history').fetchall())


def check(checks, clickhouse, program, data, name, part):
    path = os.path.join(data, name + '.jsonl.gz')
    with gzip.open(path, 'rt', encoding='utf-8', newline='\n') as file:
        lines = [line for line in file if json.loads(line)['topic'].endswith('.holding')]
    seam = int(len(lines) * part)
    with tempfile.TemporaryDirectory(prefix='cdclite-move-') as folder:
        columns = f'{HISTORY}, {places(node.messages(path))}'
        whole = history(load(program, lines, folder, 'whole'), columns)
        first = load(program, lines[:seam], folder, 'first')
        copy = os.path.join(folder, 'copy.db')
        subprocess.run([program, 'backup', '--db', first, copy], check=True, stdout=subprocess.DEVNULL)
        clickhouse.database(f'move_{name}_{seam}'.replace('-', '_').replace('/', '_').replace('.', '_'))
        clickhouse.move(copy)
        moved = alike(clickhouse.values(f'SELECT {columns} FROM holding_history'))
        checks.equal(f'{name}: {len(moved)} rows moved at message {seam} of {len(lines)}', moved, history(first, columns))
        before = clickhouse.values('SELECT count() AS n FROM holding_arrived')[0][0]
        clickhouse.feed(node.messages(path))
        checks.equal(f'{name}: after the seam as one history', alike(clickhouse.values(
            f'SELECT {columns} FROM holding_history')), whole)
        later = clickhouse.values('SELECT count() AS n FROM holding_arrived')[0][0] - before
        offsets = [(m['partition'], m['offset']) for m in map(json.loads, lines[seam:]) if m['value']]
        checks.equal(f'{name}: only what stands behind the seam was taken', later, len(offsets))


def check_refused(checks, clickhouse, program, data):
    """A history of a file and one of two topics are not moved."""
    with gzip.open(os.path.join(data, 'b-seed-noschema.jsonl.gz'), 'rt', encoding='utf-8') as file:
        lines = list(file)
    with tempfile.TemporaryDirectory(prefix='cdclite-move-') as folder:
        database = load(program, lines, folder, 'first')
        again = [line.replace('"topic":"bankserver1.bank_data.holding"', '"topic":"another"').replace(
            '\\"lsn\\":3', '\\"lsn\\":4') for line in lines]
        assert again != lines
        source = os.path.join(folder, 'again.jsonl')
        with open(source, 'w', encoding='utf-8') as file:
            file.writelines(again)
        subprocess.run([program, 'load', '--input', source, '--db', database, '--no-text', '--quiet'], check=True)
        copy = shutil.copy(database, os.path.join(folder, 'copy.db'))
        clickhouse.database('refused')
        try:
            clickhouse.move(copy)
            said = 'moved'
        except RuntimeError as why:
            said = str(why)
        checks.check('a history of two topics is refused', 'not of one Kafka topic' in said, said)
        checks.equal('and nothing of it is moved', clickhouse.values('SELECT op FROM holding_arrived'), [])


def check_rejected(checks, clickhouse, program):
    """What could not be stored is moved too, and what ClickHouse cannot store is kept whole."""
    def line(offset, value):
        return {'topic': 't.holding', 'partition': 0, 'offset': offset, 'timestamp_ms': 1, 'key': None, 'value': value,
                'headers': []}
    good = ('{"before":null,"after":{"holding_id":1,"user_id":2,"holding_stock":"X","holding_quantity":3,'
            '"datetime_created":4,"datetime_updated":5},"source":{"name":"s","schema":"s","table":"holding","ts_us":1,'
            '"lsn":1,"txId":1},"op":"c"}')
    bad = ['no JSON', '{"op":"c"', '[]', '3', '"text"', '{}', '{"op":"x"}', good.replace('"ts_us":1,', ''), BAD,
           good.replace('"holding_id":1', '"holding_id":9223372036854775808'), good.replace('"user_id":2', '"user_id":2.5'),
           good.replace('"X"', '7'), good.replace('"X"', '{"a":1}'),
           good.replace('"user_id"', '"owner"'), good.replace('"op":"c"', '"op":"d"'), good.replace('"lsn":1', '"lsn":"a"'),
           good.replace('"after":{', '"after":[{').replace('5}', '5}]'), '{"schema":{},"payload":null}',
           good.replace('"holding_id":1', '"holding_id":true'), good.replace('"op":"c"', '"op":"m"')]
    with tempfile.TemporaryDirectory(prefix='cdclite-move-') as folder:
        lines = [json.dumps(line(i, value)) + '\n' for i, value in enumerate(
            [good, 'no JSON', good.replace('"op":"c"', '"op":"?"').replace('"lsn":1', '"lsn":2')])]
        copy = load(program, lines, folder, 'copy')
        # The last one is rejected, then mended, and stored after all.
        with sqlite3.connect(copy) as db:
            db.execute("UPDATE rejected_event SET value = CAST(replace(CAST(value AS TEXT), '?', 'c') AS BLOB)"
                       " WHERE rejected_id = 2")
        db.close()
        subprocess.run([program, 'rejected', 'retry', '2', '--db', copy, '--no-text', '--quiet'], check=True)
        clickhouse.database('rejected')
        clickhouse.move(copy)
        checks.equal('rejected before, and moved',
                     clickhouse.values('SELECT topic, partition, offset, value FROM rejected_event'),
                     [('t.holding', 0, 1, 'no JSON')])
        recording = os.path.join(folder, 'more.jsonl')
        with open(recording, 'w', encoding='utf-8') as file:
            file.writelines(json.dumps(line(10 + i, value)) + '\n' for i, value in enumerate(bad + [None, '', good]))
        clickhouse.feed(node.messages(recording))
        got = clickhouse.values('SELECT offset, reason, value FROM rejected_event WHERE offset >= 10 ORDER BY offset')
        checks.equal(f'{len(bad)} bad messages are kept, tombstones are not', [(row[0], row[2]) for row in got],
                     [(10 + i, value) for i, value in enumerate(bad)])
        checks.check('each with its reason', all(reason for _, reason, _ in got))
        checks.equal('and the good ones are stored', clickhouse.values(
            'SELECT kafka_offset FROM holding_history ORDER BY kafka_offset'), [(0,), (2,), (12 + len(bad),)])


def check_unavailable(checks, clickhouse):
    """An update without its old row (replica identity default) says so; nothing is counted as changed."""
    image = ('{"holding_id":1,"user_id":2,"holding_stock":"X","holding_quantity":3,"datetime_created":4,'
             '"datetime_updated":5}')
    clickhouse.database('unavailable')
    clickhouse.feed([{'kafka_topic': 't.holding', 'kafka_partition': 0, 'kafka_offset': 0, 'kafka_timestamp_ms': 1,
                      'run_id': 'a', 'key': None, 'error': '', 'value':
                      f'{{"before":null,"after":{image},"source":{{"ts_ms":1,"lsn":1,"txId":1}},"op":"u"}}'}])
    checks.equal('an update without its old row', clickhouse.values(
        'SELECT op, changed_at, before_user_id, after_user_id, length(JSONExtract(assumeNotNull(unavailable), '
        "'Array(String)')) AS n FROM holding_history"), [('u', 1000, None, 2, 6)])
    for name in ('stock_change_counts', 'most_sold_stocks'):
        checks.equal(f'is none in {name}', clickhouse.ask(name, {}), [])
    checks.equal('and in holding_field_changes', clickhouse.values('SELECT * FROM holding_field_changes'), [])


def main():
    given = arguments.read(__doc__)
    checks = Checks()
    clickhouse = node.Node()
    for name in RECORDINGS:
        for part in (0.1, 0.5, 0.9):
            check(checks, clickhouse, given.cdclite, given.data, name, part)
    check_refused(checks, clickhouse, given.cdclite, given.data)
    check_rejected(checks, clickhouse, given.cdclite)
    check_unavailable(checks, clickhouse)
    clickhouse.close()
    checks.exit()


if __name__ == '__main__':
    main()
