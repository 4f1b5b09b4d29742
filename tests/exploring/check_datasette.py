"""check_datasette.py --cdclite PROGRAM --data DIR --environment DIR
A real Datasette from PyPI with the metadata that cdclite writes: there is a form for every canned query and table, with
its parameters; and the rows that it gives for many values are those of `cdclite query --format json`."""
import argparse
import gzip
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
import pypi  # noqa: E402

QUERIES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'queries')
RECORDINGS = ('demo.jsonl', 'c-pk-default-identity.jsonl.gz')
given = None


def canned():
    """The queries by name: their parameters, with type, and whether they are required; read from the files."""
    found = {}
    for file in sorted(file for file in os.listdir(QUERIES) if file.endswith('.sql')):
        with open(os.path.join(QUERIES, file), encoding='utf-8') as text:
            rows = re.findall(r'^--   :(\w+) +(\S+) +(.*)$', text.read(), re.M)
        found[file[:-4]] = {name: (kind, '(required)' in about) for name, kind, about in rows}
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Datasette(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        for name in RECORDINGS:
            path = os.path.join(given.data, name)
            events = os.path.join(cls.folder, 'events.jsonl')
            with (gzip.open if name.endswith('.gz') else open)(path, 'rb') as source, open(events, 'wb') as out:
                out.write(source.read())
            cls.run_here('load', '--no-text', '--quiet', '--input', 'events.jsonl')
        cls.run_here('datasette', '--output', 'metadata.json', '--quiet')
        with open(os.path.join(cls.folder, 'metadata.json'), encoding='utf-8') as text:
            cls.metadata = json.load(text)['databases']['history']
        cls.db = sqlite3.connect(f'file:{cls.folder}/history.db?mode=ro', uri=True)
        cls.addClassCleanup(cls.db.close)
        cls.serve()

    @classmethod
    def run_here(cls, *words):
        done = subprocess.run([given.cdclite, *words], cwd=cls.folder, capture_output=True, text=True)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    @classmethod
    def serve(cls):
        port = free_port()
        cls.url = f'http://127.0.0.1:{port}'
        log = open(os.path.join(cls.folder, 'log'), 'wb')
        cls.addClassCleanup(log.close)
        running = subprocess.Popen([os.path.join(given.programs, 'datasette'), 'history.db', '--metadata', 'metadata.json',
                                    '--port', str(port), '--setting', 'sql_time_limit_ms', '60000',
                                    '--setting', 'max_returned_rows', '1000000'], cwd=cls.folder, stdout=log, stderr=log)
        cls.addClassCleanup(running.wait)
        cls.addClassCleanup(running.terminate)
        for _ in range(600):
            try:
                cls.get('/-/versions.json')
                return
            except urllib.error.URLError:
                assert running.poll() is None, 'datasette ended'
                time.sleep(0.1)
        raise AssertionError('datasette does not answer')

    @classmethod
    def get(cls, path):
        with urllib.request.urlopen(cls.url + path, timeout=90) as answer:
            return answer.read().decode()

    def tables(self):
        return self.db.execute('SELECT table_id, name FROM captured_table ORDER BY table_id').fetchall()

    def key_of(self, table_id, table):
        """One row's key as key= takes it; None for a table without a key."""
        columns = [row[0] for row in self.db.execute('SELECT column_name FROM captured_column WHERE table_id = ? AND is_key '
                                                     'ORDER BY position', (table_id,))]
        if not columns:
            return None
        names = ', '.join(f'"after_{name}"' for name in columns)
        row = self.db.execute(f'SELECT {names} FROM "{table}_history" WHERE op IN (\'c\', \'r\') LIMIT 1').fetchone()
        return ','.join(str(value) for value in row)

    def forms(self):
        """Every form there should be: its name, query, table, parameters and a key."""
        for name, parameters in canned().items():
            rest = {p: kind for p, (kind, _) in parameters.items() if kind != 'table'}
            required = any(kind == 'table' and must for kind, must in parameters.values())
            if not required:
                yield name, name, None, rest, None
            if any(kind == 'table' for kind, _ in parameters.values()):
                for table_id, table in self.tables():
                    key = self.key_of(table_id, table)
                    if 'key' not in rest or key is not None:
                        yield f'{name}-{table}', name, table, rest, key

    def values(self, parameter, kind, key):
        """What to fill in."""
        if '|' in kind:
            return kind.split('|')
        if kind == 'time':
            low, high = self.db.execute("SELECT min(changed_at), max(changed_at) FROM holding_history").fetchone()
            spelled = self.db.execute("SELECT strftime('%Y-%m-%dT%H:%M:%S', ?, 'unixepoch')",
                                      ((low + high) // 2000000,)).fetchone()[0]
            return [spelled + '.123456Z', spelled[:10]]
        if kind == 'key':
            return [key]
        user, stock, holding = self.db.execute('SELECT user_id, stock, holding_id FROM holding_sales LIMIT 1').fetchone()
        return {'user': [str(user), '999999'], 'holding': [str(holding)], 'stock': [stock, "'"], 'limit': ['3', '0']}[parameter]

    def compare(self, form, query, table, chosen):
        words = [f'{name}={value}' for name, value in chosen.items()] + ([f'table={table}'] if table else [])
        want = json.loads(self.run_here('query', query, *words, '--format', 'json'))
        path = '/history/' + urllib.parse.quote(form) + '.json?' + urllib.parse.urlencode({'_shape': 'array', **chosen})
        got = json.loads(self.get(path))
        self.assertEqual(got, want, (form, chosen))
        return len(want)

    def test_a_form_for_each(self):
        forms = list(self.forms())
        self.assertEqual(sorted(self.metadata['queries']), sorted(form[0] for form in forms))
        for form, _, _, parameters, _ in forms:
            page = self.get('/history/' + urllib.parse.quote(form))
            fields = re.findall(r'<input type="text" id="qp\d+" name="(\w+)"', page)
            self.assertEqual(fields, list(parameters), form)

    def test_rows(self):
        rows = asked = 0
        for form, query, table, parameters, key in self.forms():
            must = {name: self.values(name, parameters[name], key)[0] for name, (_, required) in canned()[query].items()
                    if required and name in parameters}
            choices = [must]
            for name, kind in parameters.items():
                choices += [{**must, name: value} for value in self.values(name, kind, key)]
            choices.append({name: self.values(name, kind, key)[0] for name, kind in parameters.items()})
            for chosen in choices:
                rows += self.compare(form, query, table, chosen)
                asked += 1
        print(f'{asked} answers, {rows} rows')
        self.assertGreater(asked, 100)
        self.assertGreater(rows, 2000)

    def test_empty_fields_are_not_set(self):
        want = json.loads(self.run_here('query', 'most_sold_stocks', '--format', 'json'))
        got = json.loads(self.get('/history/most_sold_stocks.json?_shape=array&from=&to=&time=&user=&limit='))
        self.assertEqual(got, want)

    def test_what_is_no_value_gives_no_rows(self):
        for chosen in ('user=x', 'user=1x', 'from=2025-02-30', 'time=neither'):
            self.assertEqual(self.get('/history/most_sold_stocks.json?_shape=array&' + chosen), '[]', chosen)

    def test_tables_are_described(self):
        page = self.get('/history/holding_changes')
        self.assertIn('One row an event, old and new values side by side.', page)

    def test_own_queries(self):
        folder = os.path.join(self.folder, 'own')
        os.mkdir(folder)
        with open(os.path.join(folder, 'mine.sql'), 'w', encoding='utf-8') as sql:
            sql.write('-- mine: <b>"own"</b>\nSELECT :word AS word, @number + 1 AS more, \':word\' AS text -- :word\n')
        with open(os.path.join(folder, 'broken.sql'), 'w', encoding='utf-8') as sql:
            sql.write('SELECT * FROM nowhere')
        done = subprocess.run([given.cdclite, 'datasette', '--queries', 'own'], cwd=self.folder, capture_output=True, text=True)
        self.assertIn('left out broken: no such table: nowhere', done.stderr)
        queries = json.loads(done.stdout)['databases']['history']['queries']
        self.assertNotIn('broken', queries)
        self.assertIn('&lt;b&gt;&quot;own&quot;&lt;/b&gt;', queries['mine']['description_html'])
        self.assertEqual(queries['mine']['params'], ['word', 'number'])
        row = self.db.execute(queries['mine']['sql'], {'word': 'x', 'number': '41'}).fetchone()
        self.assertEqual(row, ('x', 42, ':word'))


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--cdclite', required=True, type=os.path.abspath)
    parser.add_argument('--data', required=True, type=os.path.abspath)
    parser.add_argument('--environment', required=True, type=os.path.abspath)
    given, left = parser.parse_known_args()
    given.programs = pypi.environment(given.environment, ['datasette'])
    unittest.main(argv=[sys.argv[0], *left], verbosity=2)
