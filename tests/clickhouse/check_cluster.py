"""The DDL for a cluster, as far as one process goes: check_cluster.py --data FOLDER. Every statement is parsed by the
engine. Without ON CLUSTER and replication, which need ClickHouse Keeper, the Distributed tables run on a cluster of one
shard, and give what one node gives."""
import argparse
import glob
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..', '..', 'deploy', 'clickhouse'), os.path.join(HERE, '..', 'recordings')]

import node  # noqa: E402
from harness import Checks  # noqa: E402

CONFIGURATION = """<clickhouse>
  <tcp_port>9000</tcp_port>
  <remote_servers><cdc><shard><replica><host>localhost</host><port>9000</port></replica></shard></cdc></remote_servers>
</clickhouse>
"""
RECORDINGS = ('a-seed-schema', 'm-crash-duplicates', 'redelivered/partitions-3.7')


def alone(sql):
    return re.sub(r'\bReplicated(\w*MergeTree)', r'\1', sql.replace(' ON CLUSTER cdc', ''))


def texts():
    """All that is there, by its name."""
    holding, tables = node.description.HOLDING, node.tables
    yield from ((name, tables.read(name)) for name in ('functions', 'grants'))
    yield 'the cluster', tables.statements(holding, cluster='cdc')
    yield from ((part, tables.statements(holding, (part,))) for part in ('tables', 'decode', 'views', 'move', 'queue'))
    for path in sorted(glob.glob(os.path.join(tables.QUERIES, '*.sql'))):
        name = os.path.basename(path)[:-len('.sql')]
        yield name, tables.query(holding, name)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', required=True)
    parser.add_argument('--cdclite', help='not needed')
    given = parser.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix='cdclite-cluster-') as folder:
        with open(os.path.join(folder, 'config.xml'), 'w', encoding='utf-8') as file:
            file.write(CONFIGURATION)
        clickhouse = node.Node(f'{folder}/data?config-file={folder}/config.xml')
        for name, text in texts():
            wrong = []
            for sql in node.statements(text):
                try:
                    clickhouse.session.query('EXPLAIN AST ' + sql if not sql.strip().startswith('SET ') else sql)
                except RuntimeError as why:
                    wrong.append(f'{sql[:60]}: {str(why)[:200]}')
            checks.check(f'{name} is parsed', not wrong and node.statements(text), wrong)
        for name in RECORDINGS:
            rows = list(node.messages(os.path.join(given.data, name + '.jsonl.gz')))
            found = []
            for kind, cluster in (('node', ''), ('cluster', 'cdc')):
                clickhouse.database(kind + re.sub(r'\W', '_', name), change=alone, cluster=cluster)
                clickhouse.feed(rows)
                clickhouse.feed(rows[len(rows) // 2:])
                found.append([clickhouse.values(f'SELECT * FROM {view} ORDER BY ALL') for view in (
                    'holding_history', 'holding_current', 'holding_versions', 'holding_field_changes')])
                found[-1].append(clickhouse.ask('most_sold_stocks', {'limit': 0}))
                found[-1].append(clickhouse.ask('holdings_as_of', {}))
            (engine,), = clickhouse.values("SELECT engine FROM system.tables WHERE database = currentDatabase() "
                                           "AND name = 'holding_arrived'")
            checks.equal(f'{name}: it is a Distributed table', engine, 'Distributed')
            checks.equal(f'{name}: {len(found[0][0])} events, the same by the cluster\'s tables', found[1], found[0])
        clickhouse.close()
    checks.exit()


if __name__ == '__main__':
    main()
