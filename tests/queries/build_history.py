"""build_history.py [--typed] RECORDING OUT.db
Builds holding_history and its views from a recording (.jsonl, .jsonl.gz) with Python alone, so that the canned
queries can be tested without the loader. Columns are ANY, as for a topic without schemas, or (--typed) INTEGER and
TEXT."""
import collections
import gzip
import json
import os
import sqlite3
import sys

COLUMNS = ('holding_id', 'user_id', 'holding_stock', 'holding_quantity', 'datetime_created', 'datetime_updated')
SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'schema')

Event = collections.namedtuple('Event', 'op changed_at lsn tx_id partition offset before after')
NOTHING = (None,) * len(COLUMNS)


def open_text(path):
    return gzip.open(path, 'rt', encoding='utf-8') if path.endswith('.gz') else open(path, encoding='utf-8')


def read_recording(path):
    """The change events of the holding table in order of arrival, without what a restarted connector sent again: an
    event's k-th occurrence in one run is a re-delivery if an earlier run already gave k of it."""
    events, runs, seen = [], [], collections.defaultdict(collections.Counter)
    with open_text(path) as lines:
        for line in lines:
            message = json.loads(line)
            if message['value'] is None or not message['topic'].endswith('.holding'):
                continue
            value = json.loads(message['value'])
            payload = value.get('payload', value)
            if payload.get('op') not in ('c', 'u', 'd', 'r', 't'):
                continue
            source, images = payload['source'], []
            for image in (payload['before'], payload['after']):
                images.append(tuple(image.get(c) for c in COLUMNS) if image else NOTHING)
            run = dict(message.get('headers') or []).get('__debezium.context.runId')
            if run not in runs:
                runs.append(run)
            identity = (source.get('lsn'), source.get('txId'), payload['op'], *images)
            seen[run][identity] += 1
            if any(seen[earlier][identity] >= seen[run][identity] for earlier in runs[:runs.index(run)]):
                continue
            micros = source.get('ts_us')
            events.append(Event(payload['op'], source['ts_ms'] * 1000 if micros is None else micros, source.get('lsn'),
                                source.get('txId'), message['partition'], message['offset'], *images))
    return events


def build(events, path, typed=False):
    if os.path.exists(path):
        os.remove(path)
    db = sqlite3.connect(path)
    images = [f'{side}_{column} ' + (('TEXT' if column == 'holding_stock' else 'INTEGER') if typed else 'ANY')
              for side in ('before', 'after') for column in COLUMNS]
    db.execute('CREATE TABLE holding_history(change_id INTEGER PRIMARY KEY, op TEXT NOT NULL, '
               'changed_at INTEGER NOT NULL, lsn ANY, tx_id ANY, kafka_partition INTEGER, kafka_offset INTEGER, '
               + ', '.join(images) + ', unavailable TEXT) STRICT')
    marks = ', '.join('?' * (6 + len(images)))
    names = ', '.join(['op', 'changed_at', 'lsn', 'tx_id', 'kafka_partition', 'kafka_offset']
                      + [image.split()[0] for image in images])
    db.executemany(f'INSERT INTO holding_history({names}) VALUES ({marks})',
                   ((*event[:6], *event.before, *event.after) for event in events))
    for name in ('holding_views.sql', '004_summaries.sql', '005_sale_dates.sql'):
        with open(os.path.join(SCHEMA, name), encoding='utf-8') as sql:
            db.executescript(sql.read())
    db.commit()
    db.close()


if __name__ == '__main__':
    paths = [argument for argument in sys.argv[1:] if argument != '--typed']
    if len(paths) != 2:
        sys.exit(__doc__)
    build(read_recording(paths[0]), paths[1], typed=len(paths) < len(sys.argv) - 1)
