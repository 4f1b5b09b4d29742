"""A ClickHouse node in this process (chdb from PyPI), with the statements of this folder and of queries/clickhouse."""
import gzip
import json
import os
import re
import tempfile

from chdb import session

HERE = os.path.dirname(os.path.abspath(__file__))
QUERIES = os.path.join(HERE, '..', '..', 'queries', 'clickhouse')
RUN_ID = '__debezium.context.runId'
MESSAGE = ('kafka_topic String, kafka_partition Int32, kafka_offset Int64, kafka_timestamp_ms Int64, run_id String, '
           'key Nullable(String), value Nullable(String), error String')


def statements(path):
    """What stands between semicolons at the ends of lines, without lines of comment."""
    with open(path, encoding='utf-8') as file:
        text = re.sub(r'^\s*--.*\n', '', file.read(), flags=re.M)
    return [part for part in re.split(r';[ \t]*(?:\n|$)', text) if part.strip()]


def messages(path):
    """A recording as rows of holding_message: those of the table holding."""
    with (gzip.open if path.endswith('.gz') else open)(path, 'rt', encoding='utf-8', newline='\n') as lines:
        for line in lines:
            message = json.loads(line)
            if message['topic'].endswith('.holding'):
                yield {'kafka_topic': message['topic'], 'kafka_partition': message['partition'],
                       'kafka_offset': message['offset'], 'kafka_timestamp_ms': message['timestamp_ms'],
                       'run_id': dict(message['headers'] or []).get(RUN_ID, ''), 'key': message['key'],
                       'value': message['value'], 'error': ''}


class Node:
    """One database after another; all of them have the functions."""

    def __init__(self, directory=None):
        self.session = session.Session(directory) if directory else session.Session()
        self.run('functions.sql')

    def database(self, name, tables='one-node.sql', change=lambda sql: sql):
        self.session.query(f'CREATE DATABASE {name}')
        self.session.query(f'USE {name}')
        for file in (tables, 'decode.sql', 'views.sql'):
            self.run(file, change)

    def run(self, file, change=lambda sql: sql):
        for sql in statements(os.path.join(HERE, file)):
            self.session.query(change(sql))

    def feed(self, rows):
        """Messages into holding_message, as queue.sql's view would insert them."""
        with tempfile.NamedTemporaryFile('w', suffix='.jsonl', encoding='utf-8') as file:
            file.writelines(json.dumps(row) + '\n' for row in rows)
            file.flush()
            self.session.query(f"INSERT INTO holding_message SELECT * FROM file('{file.name}', 'JSONEachRow', "
                               f"'{MESSAGE}') SETTINGS max_insert_threads = 1")

    def rows(self, sql):
        """A list of dicts."""
        text = self.session.query(sql, 'JSONEachRow').bytes().decode()
        return [json.loads(line) for line in text.split('\n') if line]

    def values(self, sql):
        return [tuple(row.values()) for row in self.rows(sql)]

    def ask(self, name, parameters):
        """A canned query's rows."""
        for sql in statements(os.path.join(QUERIES, 'defaults.sql')):
            self.session.query(sql)
        for key, value in parameters.items():
            text = str(value).replace('\\', '\\\\').replace('\t', '\\t').replace('\n', '\\n')
            text = text.replace('\\', '\\\\').replace("'", "\\'")
            self.session.query(f"SET param_{key} = '{text}'")
        sql, = statements(os.path.join(QUERIES, name + '.sql'))
        return self.rows(sql)

    def close(self):
        self.session.close()
