"""The commands of deploy/clickhouse/README.md, one after the other, with a stand-in for clickhouse-client that asks chdb:
check_readme.py --cdclite PROGRAM --data FOLDER. Then a column that comes later."""
import dataclasses
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..', '..', 'deploy', 'clickhouse'), os.path.join(HERE, '..', 'recordings')]

import arguments  # noqa: E402
import node  # noqa: E402
from harness import Checks  # noqa: E402

ROOT = os.path.normpath(os.path.join(HERE, '..', '..'))
RECORDING = 'c-pk-default-identity'
# Without a broker the Kafka engine's statements are parsed only.
CLIENT = """#!{python} -B
import sys
sys.path.insert(0, {folder!r})
import node
from chdb import session
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
text = given.get('--query') or (open(given['--queries-file']) if '--queries-file' in given else sys.stdin).read()
asked = session.Session({data!r})
if '--database' in given:
    asked.query('USE ' + given['--database'])
parsed = 'EXPLAIN AST ' if 'ENGINE = Kafka' in text else ''
for sql in node.statements(text):
    found = asked.query(parsed + sql, 'JSONEachRow').bytes()
    if not parsed:
        sys.stdout.buffer.write(found)
asked.close()
"""


class Place:
    """A folder in which the page's commands find what they name."""

    def __init__(self, folder, program, data):
        self.folder = folder
        programs = os.path.join(folder, 'bin')
        os.mkdir(programs)
        os.symlink(program, os.path.join(programs, 'cdclite'))
        for name in ('deploy', 'queries'):
            os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))
        client = os.path.join(programs, 'clickhouse-client')
        with open(client, 'w', encoding='utf-8') as file:
            file.write(CLIENT.format(python=sys.executable, folder=node.tables.HERE, data=os.path.join(folder, 'data')))
        os.chmod(client, 0o755)
        self.environment = {**os.environ, 'PATH': programs + os.pathsep + os.environ['PATH'], 'PYTHONDONTWRITEBYTECODE': '1'}
        self.recording = os.path.join(folder, 'events.jsonl')
        with gzip.open(os.path.join(data, RECORDING + '.jsonl.gz')) as lines, open(self.recording, 'wb') as out:
            out.write(lines.read())
        self.run('cdclite load --input events.jsonl --db history.db --no-text --quiet')

    def run(self, command):
        done = subprocess.run(['sh', '-ec', command.replace('/var/lib/clickhouse/user_files/', 'copied.db')],
                              cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        if done.returncode or 'Traceback' in done.stderr:
            sys.exit(f'{command}\n{done.stdout[-500:]}{done.stderr[-2000:]}')
        return done.stdout

    def feed(self, table):
        """As the queue would."""
        with open(os.path.join(self.folder, 'rows'), 'w', encoding='utf-8') as file:
            file.writelines(json.dumps(row) + '\n' for row in node.messages(self.recording, '.' + table))
        self.run(f"clickhouse-client --database cdc --query \"INSERT INTO {table}_message SELECT * FROM "
                 f"file('{self.folder}/rows', 'JSONEachRow', '{node.MESSAGE}')\"")

    def count(self, table):
        found = self.run(f'clickhouse-client --database cdc --query "SELECT toInt32(count()) AS n FROM {table}_history"')
        return json.loads(found)['n']


def page_blocks():
    with open(os.path.join(ROOT, 'deploy', 'clickhouse', 'README.md'), encoding='utf-8') as page:
        return re.findall(r'^```sh\n(.*?)^```', page.read(), re.M | re.S)


def check_page(checks, place):
    node_block, table_block, alter_block, asking_block, any_block, move_block = page_blocks()
    place.run(node_block)
    place.run(table_block)
    place.feed('holding')
    place.feed('account')
    checks.equal('the tables are there, and messages become rows', [place.count('holding'), place.count('account')], [8, 21])
    place.run(alter_block)
    checks.equal('columns are added', place.count('account'), 21)
    place.run(asking_block)
    ours = place.run('cdclite query row_history table=account key=1 --db history.db --format jsonl').splitlines()
    theirs = place.run(any_block).splitlines()
    checks.equal('a query for any table', [json.loads(row)['lsn'] for row in theirs], [json.loads(row)['lsn'] for row in ours])
    checks.check('which has rows', len(ours) > 1)
    place.run('rm -r data copy.db')
    place.run(node_block)
    place.run(move_block)
    checks.equal('a history is moved', place.count('holding'), 8)
    for words, said in (('nothing --db history.db', "no table 'nothing'"), ('nothing', '--db'),
                        ('holding --db absent.db', 'unable to open'), ('holding --query none', 'none.sql')):
        done = subprocess.run(f'python3 deploy/clickhouse/table.py {words}', shell=True, cwd=place.folder,
                              env=place.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        checks.check(f'table.py {words}', done.returncode and said in done.stderr and 'Traceback' not in done.stderr,
                     done.stderr)


def check_alter(checks, database, recording):
    """Events with a column that is not there are rejected, and taken in when it is."""
    table = node.description.read(database, 'account')
    clickhouse = node.Node()
    clickhouse.database('altered', dataclasses.replace(table, columns=table.columns[:-1]))
    clickhouse.feed(node.messages(recording, '.account'))
    rejected = clickhouse.values('SELECT reason FROM rejected_event')
    checks.check('a column that is not there', len(rejected) > 10 and len(set(rejected)) == 1, rejected[:1])
    clickhouse.run(node.tables.statements(table, node.tables.ALTER))
    clickhouse.run("INSERT INTO account_message SELECT topic, partition, offset, kafka_timestamp_ms, run_id, key, value, '' "
                   'FROM rejected_event')
    whole = clickhouse.values('SELECT * FROM account_history ORDER BY change_id')
    clickhouse.database('unaltered', table)
    clickhouse.feed(node.messages(recording, '.account'))
    checks.equal('and its events, when it is', whole, clickhouse.values('SELECT * FROM account_history ORDER BY change_id'))
    clickhouse.close()


def main():
    given = arguments.read(__doc__)
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix='cdclite-readme-') as folder:
        place = Place(folder, given.cdclite, given.data)
        check_page(checks, place)
        check_alter(checks, os.path.join(folder, 'history.db'), place.recording)
    checks.exit()


if __name__ == '__main__':
    main()
