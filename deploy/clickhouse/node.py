"""A ClickHouse node in this process (chdb from PyPI), with the statements of this folder and of queries/clickhouse."""
import gzip
import json
import os
import re
import sys
import tempfile

from chdb import session

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import description  # noqa: E402
import table as tables  # noqa: E402
from template import identifier  # noqa: E402

RUN_ID = '__debezium.context.runId'
MESSAGE = ('kafka_topic String, kafka_partition Int32, kafka_offset Int64, kafka_timestamp_ms Int64, run_id String, '
           'key Nullable(String), value Nullable(String), error String')


def statements(text):
    """What stands between semicolons at the ends of lines, without lines of comment."""
    text = re.sub(r'^\s*--.*\n', '', text, flags=re.M)
    return [part for part in re.split(r';[ \t]*(?:\n|$)', text) if part.strip()]


def messages(path, topic='.holding'):
    """A recording as rows of T_message: those of a topic that ends so."""
    with (gzip.open if path.endswith('.gz') else open)(path, 'rt', encoding='utf-8', newline='\n') as lines:
        for line in lines:
            message = json.loads(line)
            if message['topic'].endswith(topic):
                yield {'kafka_topic': message['topic'], 'kafka_partition': message['partition'],
                       'kafka_offset': message['offset'], 'kafka_timestamp_ms': message['timestamp_ms'],
                       'run_id': dict(message['headers'] or []).get(RUN_ID, ''), 'key': message['key'],
                       'value': message['value'], 'error': ''}


class Node:
    """One database after another; all of them have the functions."""

    def __init__(self, directory=None):
        self.session = session.Session(directory) if directory else session.Session()
        self.run(tables.read('functions'))

    def database(self, name, table=description.HOLDING, change=lambda sql: sql, **given):
        """A new one, with a table."""
        self.session.query(f'CREATE DATABASE {name}')
        self.session.query(f'USE {name}')
        self.table = table
        self.run(change(tables.statements(table, **given)))

    def move(self, copy):
        self.run(tables.statements(self.table, tables.MOVE, copy=copy))

    def run(self, text):
        for sql in statements(text):
            self.session.query(sql)

    def feed(self, rows):
        """Messages into T_message, as queue.sql's view would insert them."""
        with tempfile.NamedTemporaryFile('w', suffix='.jsonl', encoding='utf-8') as file:
            file.writelines(json.dumps(row) + '\n' for row in rows)
            file.flush()
            self.session.query(f"INSERT INTO {identifier(self.table.name + '_message')} SELECT * FROM file('{file.name}', "
                               f"'JSONEachRow', '{MESSAGE}') SETTINGS max_insert_threads = 1")

    def rows(self, sql):
        """A list of dicts."""
        text = self.session.query(sql, 'JSONEachRow').bytes().decode()
        return [json.loads(line) for line in text.split('\n') if line]

    def values(self, sql):
        return [tuple(row.values()) for row in self.rows(sql)]

    def ask(self, name, parameters):
        """A canned query's rows."""
        self.run(tables.read('defaults', tables.QUERIES))
        for key, value in parameters.items():
            text = str(value).replace('\\', '\\\\').replace('\t', '\\t').replace('\n', '\\n')
            text = text.replace('\\', '\\\\').replace("'", "\\'")
            self.session.query(f"SET param_{key} = '{text}'")
        sql, = statements(tables.query(self.table, name))
        return self.rows(sql)

    def close(self):
        self.session.close()
