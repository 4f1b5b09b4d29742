"""What the tests of the whole pipeline share: PostgreSQL, Debezium on Kafka Connect, the broker and the loader, set up
by the files of deploy/ with other hosts and ports, and PostgreSQL's own account of the changes (audit.sql)."""
import contextlib
import functools
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
import unittest

import artifacts
import connect
import postgres
import stack

HERE = os.path.dirname(os.path.abspath(__file__))
DEPLOY = os.path.join(HERE, '..', '..', 'deploy')
NEWEST = '3.7.0.Final'
DATABASE = 'bank'
ARRIVE_SECONDS = 60
CHANGE, READ = "op <> 'r'", "op = 'r'"

servers = contextlib.ExitStack()  # run.py closes it


def connector_file():
    with open(os.path.join(DEPLOY, 'connector.json')) as file:
        return json.load(file)


@functools.cache
def running_postgres():
    config = connector_file()['config']
    return servers.enter_context(postgres.Postgres(config['database.user'], config['database.password']))


@functools.cache
def running_connect(debezium):
    directory = tempfile.mkdtemp(prefix='cdclite-connect-')
    servers.callback(shutil.rmtree, directory, ignore_errors=True)
    return servers.enter_context(connect.Connect(directory, stack.kafka.address(), debezium))


def reachable(what, fetch, *arguments):
    """Fetches it; skips the test where that cannot be, and fails it with CI=true."""
    try:
        fetch(*arguments)
    except artifacts.NotReachable as why:
        text = f'{what} cannot be fetched from Maven Central: {why}'
        if os.environ.get('CI') == 'true':
            raise AssertionError(text) from None
        raise unittest.SkipTest(text) from None


class PipelineTest(stack.StackTest):
    """`bank` is made anew by deploy/bank.sql, with its audit; nothing is captured before start_capture()."""

    debezium = NEWEST

    def setUp(self):
        super().setUp()
        reachable(f'Debezium {self.debezium}', artifacts.debezium, self.debezium)
        self.postgres = running_postgres()
        self.connect = self.worker()
        self.postgres.make_database(DATABASE)
        self.addCleanup(self.postgres.drop_database, DATABASE)
        self.run_file(os.path.join(HERE, 'audit.sql'))
        self.make_tables()
        self.capture_as(self._testMethodName)
        self.text = os.path.join(self.directory, 'output_data.txt')
        self.properties = os.path.join(self.directory, 'loader.properties')
        with open(os.path.join(DEPLOY, 'loader.properties')) as given, open(self.properties, 'w') as file:
            file.write(given.read().replace('kafka:9092', stack.kafka.address()))

    def worker(self):
        return running_connect(self.debezium)

    def capture_as(self, prefix):
        self.prefix = prefix
        self.topic = fr'^{prefix}\.bank_data\.'

    def make_tables(self):
        self.run_file(os.path.join(DEPLOY, 'bank.sql'))
        self.watch('holding')

    def watch(self, *tables):
        self.sql(''.join(f"CALL audit.watch('bank_data.{table}');" for table in tables))

    def run_file(self, path):
        with open(path) as file:
            self.sql(file.read())

    def sql(self, statements):
        return self.postgres.ask(statements, DATABASE)

    def ask(self, select):
        """The rows of a SELECT in PostgreSQL, as JSON would have them."""
        return [json.loads(line) for line in self.sql(
            f"SELECT json_build_array(VARIADIC ARRAY(SELECT value FROM json_each(row_to_json(r)))) FROM ({select}) r"
        ).split('\n') if line]

    def connector(self, **changes):
        """deploy/connector.json, but for where things are; `changes` with _ for the dots, None to leave one out."""
        connector = connector_file()
        config = connector['config']
        config |= {
            'database.hostname': '127.0.0.1',
            'database.port': str(self.postgres.port),
            'topic.prefix': self.prefix,
            'topic.creation.default.partitions': '1',
            'topic.creation.default.replication.factor': '1',
        }
        for key, value in changes.items():
            config[key.replace('_', '.')] = value
        connector['config'] = {key: value for key, value in config.items() if value is not None}
        return connector

    def start_capture(self, **changes):
        connector = self.connector(**changes)
        self.connect.register(connector)
        self.addCleanup(self.connect.delete, connector['name'])

    def command(self, *more, listener='PLAINTEXT'):
        return [stack.given.cdclite, 'load', '-F', self.properties, '--topic', self.topic, '--db', self.db, '--text',
                self.text, *more]

    def select(self, sql, *parameters):
        """Rows of the history; none while there is no such table yet."""
        if not os.path.exists(self.db):
            return []
        with contextlib.closing(sqlite3.connect(f'file:{self.db}?mode=ro', uri=True, timeout=10)) as db:
            try:
                return db.execute(sql, parameters).fetchall()
            except sqlite3.OperationalError as error:
                if 'no such table' in str(error):
                    return []
                raise

    def count(self, where, table='holding'):
        found = self.select(f'SELECT count(*) FROM {table}_history WHERE {where}')
        return found[0][0] if found else 0

    def follow(self, *more):
        self.follower = super().follow(*more)
        return self.follower

    def wait_for(self, count, where=CHANGE, table='holding'):
        until = time.monotonic() + ARRIVE_SECONDS
        while (found := self.count(where, table)) < count:
            if self.follower.poll() is not None:
                self.fail(f'the loader ended: {self.stop(self.follower)}')
            if time.monotonic() > until:
                self.fail(f'{found} of {count} changes came')
            time.sleep(0.02)

    def query(self, name, *parameters):
        """What the program answers: a list a row."""
        done = subprocess.run([stack.given.cdclite, 'query', name, *parameters, '--db', self.db, '--format', 'jsonl'],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [list(json.loads(line).values()) for line in done.stdout.splitlines()]
