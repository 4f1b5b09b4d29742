#!/usr/bin/env python3
"""Prints the statements that make a captured table on ClickHouse, for clickhouse-client: its tables, how messages become
rows, and its views. Its columns are read from a SQLite history or a backup of one; those of holding, the tutorial's
table, are known without."""
import argparse
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
QUERIES = os.path.normpath(os.path.join(HERE, '..', '..', 'queries', 'clickhouse'))
sys.path.insert(0, HERE)

import description  # noqa: E402
import template  # noqa: E402

TABLE, ALTER, QUEUE, MOVE = ('tables', 'decode', 'views'), ('alter', 'decode', 'views'), ('queue',), ('move',)


def read(name, folder=HERE):
    with open(os.path.join(folder, name + '.sql'), encoding='utf-8') as file:
        return file.read()


def words(table, cluster, brokers, copy):
    keyed = any(column.key for column in table.columns)
    here = '_here' if cluster else ''
    return {
        'here': here, 'arrived_here': template.identifier(f'{table.name}_arrived{here}'),
        'cluster': template.identifier(cluster) if cluster else '',
        'on_cluster': f' ON CLUSTER {template.identifier(cluster)}' if cluster else '',
        'replicated': 'Replicated' if cluster else '',
        'brokers': template.literal(brokers), 'topic': template.literal(table.topic), 'copy': template.literal(copy),
        'keyed': keyed, 'one_key': sum(column.key for column in table.columns) == 1,
        'key_enforced': keyed and table.key_enforced,
        'comma': ',' if any(column.identifying for column in table.columns) else '',
        'tracked': any(column.tracked for column in table.columns),
        # What came, each event once, is the history itself where events are whole.
        'events': template.identifier(table.name + ('_events' if table.filled else '_history')),
        **template.of_events(table)}


def statements(table, parts=TABLE, cluster='', brokers='localhost:9092', copy='copy.db'):
    """The text of some of this folder's files for a table."""
    filler = template.Template(table, words(table, cluster, brokers, copy))
    filler.given['filled'] = filler.fill(read('filled')) if table.filled else ''
    text = '\n'.join(filler.fill(read(part)) for part in parts)
    return text + ('\n' + read('holding') if table.bundled and parts in (TABLE, ALTER) else '')


def query(table, name):
    """The text of a query of queries/clickhouse for a table."""
    if name == 'row_history' and not any(column.key for column in table.columns):
        raise LookupError(f'{table.name} has no key that tells a row')
    return template.Template(table, words(table, '', '', '')).fill(read(name, QUERIES))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('table', help='its name in the history')
    parser.add_argument('--db', help='the history, or a backup of it')
    parser.add_argument('--cluster', default='', help='replicated and distributed tables on this cluster')
    parser.add_argument('--topic', help='instead of the topic of its first event')
    parser.add_argument('--brokers', default='localhost:9092')
    what = parser.add_mutually_exclusive_group()
    what.add_argument('--alter', action='store_true', help='adds columns to a table that is there')
    what.add_argument('--queue', action='store_true', help='what reads the topic')
    what.add_argument('--move', metavar='COPY', help='brings a backup here, as ClickHouse finds it in its user_files')
    what.add_argument('--query', metavar='NAME', help='activity, as_of, column_changes, diff or row_history')
    given = parser.parse_args()
    if not given.db and given.table != description.HOLDING.name:
        parser.error(f'--db: a history that has {given.table}')
    try:
        table = description.read(given.db, given.table) if given.db else description.HOLDING
        if given.topic:
            table = description.dataclasses.replace(table, topic=given.topic)
        if given.query:
            text = query(table, given.query)
        else:
            parts = QUEUE if given.queue else MOVE if given.move else ALTER if given.alter else TABLE
            text = statements(table, parts, given.cluster, given.brokers, given.move or '')
    except (LookupError, OSError, description.sqlite3.Error) as why:
        sys.exit(f'table.py: {why}')
    print(text)


if __name__ == '__main__':
    main()
