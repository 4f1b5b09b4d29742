"""What README.md and docs/connect.md say of one's own database, done as it stands there: the SQL, the commands, with
PostgreSQL, Connect and Kafka at other ports."""
import json
import os
import re
import subprocess
import sys
import time
import unittest

import artifacts
import broker
import pipeline
import stack

ROOT = os.path.normpath(os.path.join(pipeline.HERE, '..', '..'))
sys.path.append(os.path.join(ROOT, 'tests', 'docs'))
from page import Page  # noqa: E402

ARRIVE_SECONDS = 60
EDITED = {'database.hostname': '127.0.0.1', 'database.user': 'debezium', 'database.password': 'secret', 'database.dbname': 'shop',
          'topic.prefix': 'shop', 'table.include.list': 'public.orders', 'slot.name': 'shop', 'publication.name': 'shop'}


def block(page):
    """The block of a page that says it is run here."""
    page = Page(os.path.join(ROOT, page))
    found = [one for one in page.blocks if one.markers.get('run by') == 'tests/stack/test_docs.py']
    assert len(found) == 1, found
    return found[0].text(page)


class OwnDatabase(stack.StackTest):
    def setUp(self):
        super().setUp()
        pipeline.reachable('Debezium', artifacts.debezium, pipeline.NEWEST)
        self.postgres, self.connect = pipeline.running_postgres(), pipeline.running_connect(pipeline.NEWEST)
        self.addCleanup(self.postgres.ask, 'DROP ROLE IF EXISTS debezium; ALTER SYSTEM RESET ALL', 'postgres')
        self.postgres.make_database('shop')
        self.addCleanup(self.postgres.drop_database, 'shop')
        self.postgres.ask("CREATE TABLE orders (id int PRIMARY KEY, item text, amount int); INSERT INTO orders VALUES (1, 'tea', 1)",
                          'shop')
        self.tools = os.path.join(self.directory, 'bin')
        os.mkdir(self.tools)
        os.symlink(stack.given.cdclite, os.path.join(self.tools, 'cdclite'))
        os.symlink(os.path.join(ROOT, 'deploy'), os.path.join(self.directory, 'deploy'))
        self.environment = self.postgres.environment | {
            'PGHOST': '127.0.0.1', 'PGPORT': str(self.postgres.port), 'PGUSER': self.postgres.user,
            'PATH': self.tools + os.pathsep + os.environ['PATH']}

    def start(self, command):
        return subprocess.Popen(['sh', '-c', 'exec ' + command], cwd=self.directory, env=self.environment, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                preexec_fn=broker.die_with_parent)

    def edit(self):
        """What the comment behind `cp` asks for."""
        path = os.path.join(self.directory, 'shop.json')
        with open(path) as file:
            connector = json.load(file)
        connector['name'] = 'shop'
        connector['config'] |= EDITED | {'database.port': str(self.postgres.port), 'topic.creation.default.partitions': '1',
                                         'topic.creation.default.replication.factor': '1'}
        with open(path, 'w') as file:
            json.dump(connector, file, indent=2)
        self.addCleanup(self.connect.delete, 'shop')

    def wait_for_update(self):
        """A change after the loader began, so that both it and the snapshot come."""
        self.postgres.ask('UPDATE orders SET amount = 2', 'shop')
        count = ['sqlite3', '-readonly', self.db, "SELECT count(*) FROM orders_history WHERE op = 'u'"]
        until = time.monotonic() + ARRIVE_SECONDS
        while subprocess.run(count, capture_output=True, text=True).stdout.strip() != '1':
            self.assertLess(time.monotonic(), until, 'the update does not come')
            time.sleep(0.1)

    def test_own_database(self):
        self.postgres.ask(block('docs/connect.md'), 'shop')
        answers = []
        for line in block('README.md').splitlines():
            command = re.sub(r'\s+#.*', '', line).replace('localhost:8083', f'127.0.0.1:{self.connect.port}')
            command = command.replace('localhost:9092', stack.kafka.address())
            process = self.start(command.rstrip('& '))
            if command.endswith('&'):
                self.addCleanup(self.stop, process)
                self.wait_for_update()
                continue
            answers.append(process.communicate(timeout=120)[0])
            self.assertEqual(process.returncode, 0, f'{command}: {answers[-1]}')
            if command.startswith('cp '):
                self.edit()
        activity, history = (answer.splitlines() for answer in answers[-2:])
        self.assertRegex(activity[1], r'^\d{4}-\d\d-01,orders,0,1,0,1,0$')
        self.assertEqual([line.split(',')[2] for line in history[1:]], ['snapshot', 'update'])
        self.assertRegex(history[2], r',1,1,tea,tea,1,2,')


if __name__ == '__main__':
    unittest.main()
