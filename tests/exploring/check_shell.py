"""check_shell.py --cdclite PROGRAM --data DIR
`cdclite shell` as a user meets it: what the sqlite3 shell is set up with, that it cannot write, what a person at a terminal
is told, what happens without sqlite3, and that values and names are nothing but that."""
import argparse
import hashlib
import json
import os
import pty
import re
import select
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

QUERIES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'queries')
given = None


def query_files():
    for file in sorted(file for file in os.listdir(QUERIES) if file.endswith('.sql')):
        with open(os.path.join(QUERIES, file), encoding='utf-8') as text:
            yield file[:-4], re.findall(r'^--   :(\w+) +(\S+)', text.read(), re.M)


class Shell(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        os.mkdir(os.path.join(self.folder, 'tmp'))
        # A ~/.sqliterc is not read: what the shell is set up with is said by the command alone.
        self.surroundings = {**os.environ, 'TMPDIR': os.path.join(self.folder, 'tmp'), 'HOME': self.folder, 'TERM': 'dumb'}
        with open(os.path.join(self.folder, '.sqliterc'), 'w', encoding='utf-8') as own:
            own.write('.mode csv\n')
        self.run_here('load', '--no-text', '--quiet', '--input', os.path.join(given.data, 'demo.jsonl'))

    def run_here(self, *words, stdin='', code=0, **more):
        done = subprocess.run([given.cdclite, *words], cwd=self.folder, env={**self.surroundings, **more}, input=stdin,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, (words, done.stdout, done.stderr))
        self.assertEqual(os.listdir(os.path.join(self.folder, 'tmp')), [])
        return done

    def content(self):
        with open(os.path.join(self.folder, 'history.db'), 'rb') as file:
            return hashlib.sha256(file.read()).hexdigest()

    def test_headers_and_boxes(self):
        db = sqlite3.connect(os.path.join(self.folder, 'history.db'))
        count = str(db.execute('SELECT count(*) FROM holding_history').fetchone()[0])
        db.close()
        out = self.run_here('shell', stdin='SELECT count(*) AS changes FROM holding_history;').stdout
        self.assertEqual(out.splitlines(), ['┌─────────┐', '│ changes │', '├─────────┤', f'│ {count.ljust(7)} │', '└─────────┘'])

    def test_parameters(self):
        names = sorted({':' + name for _, rows in query_files() for name, kind in rows if kind != 'table'})
        out = self.run_here('shell', 'from=2025-01-31', 'user=7', stdin='.parameter list\n').stdout
        listed = dict(line.split(None, 1) for line in out.splitlines())
        self.assertEqual(sorted(listed), names)
        want = {name: 'NULL' for name in names} | {':from': "'2025-01-31'", ':user': '7'}
        self.assertEqual(listed, want)

    def test_cannot_write(self):
        before = self.content()
        for sql in ('CREATE TABLE x(y);', 'DELETE FROM batch;', "UPDATE text_log SET path = '';", 'VACUUM;'):
            said = self.run_here('shell', stdin=sql, code=1).stderr
            self.assertIn('readonly', said, sql)
        self.assertEqual(self.content(), before)

    def test_canned_queries_by_pipe(self):
        for name, rows in query_files():
            words = ['table=holding'] if any(kind == 'table' for _, kind in rows) else []
            chosen = {'key': ['key=100301'], 'at': ['at=2026-11-24'], 'holding': ['holding=100301']}
            set_to = [word for parameter, _ in rows for word in chosen.get(parameter, [])]
            if name == 'diff':
                set_to = ['from=2026-11-23T16:53:25Z']
            command = ' '.join([given.cdclite, 'query', name, *words, '--sql'])
            want = json.loads(self.run_here('query', name, *words, *set_to, '--format', 'json').stdout)
            got = self.run_here('shell', *set_to, stdin=f".mode json\n.read '|{command}'\n").stdout
            self.assertEqual(json.loads(got or '[]'), want, name)
            self.assertTrue(want, name)

    def test_values_are_values(self):
        value = "a'b\n.shell touch pwned\n'); SELECT 1; --\"\\"
        out = self.run_here('shell', 'stock=' + value, stdin='.mode json\nSELECT :stock AS stock;\n').stdout
        self.assertEqual(json.loads(out), [{'stock': value}])
        self.assertNotIn('pwned', os.listdir(self.folder))

    def test_comments_in_schema(self):
        for name, comment in (('holding_changes', 'One row an event, old and new values side by side.'),
                              ('holding_history', 'order of arrival, over all tables'),
                              ('batch', 'One row a transaction of the loader'),
                              ('captured_table', '1: the key is one said by --key')):  # of a column that was added
            out = self.run_here('shell', stdin=f'.schema {name}\n').stdout
            self.assertIn(comment, out)
            self.assertLess(max(len(line) for line in out.splitlines() if not line.startswith('/*')), 240, out)

    def test_own_queries(self):
        os.mkdir(os.path.join(self.folder, 'own'))
        with open(os.path.join(self.folder, 'own', 'mine.sql'), 'w', encoding='utf-8') as sql:
            sql.write('SELECT :mine AS mine')
        out = self.run_here('shell', '--queries', 'own', 'mine=3', stdin='.mode json\nSELECT :mine AS mine;\n').stdout
        self.assertEqual(json.loads(out), [{'mine': 3}])

    def test_mistakes(self):
        for words, code, says in ((['form=3'], 2, 'did you mean from=?'), (['from'], 2, 'write name=value'),
                                  (['user=x'], 2, 'not a whole number'), (['from=yesterday'], 2, 'not a time'),
                                  (['--db', 'nowhere.db'], 4, 'no such file'), (['--queries', 'nowhere'], 2, 'nowhere')):
            said = self.run_here('shell', *words, code=code).stderr
            self.assertIn(says, said)
            self.assertEqual(len(said.splitlines()), 1)

    def test_without_sqlite3(self):
        said = self.run_here('shell', code=1, PATH=os.path.join(self.folder, 'tmp')).stderr
        self.assertIn('sqlite3 is not installed', said)
        self.assertEqual(len(said.splitlines()), 1)

    def at_terminal(self, *words):
        """What is shown until the prompt."""
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            os.execve(given.cdclite, [given.cdclite, 'shell', *words], self.surroundings)
        shown, end = b'', time.monotonic() + 20
        while b'sqlite> ' not in shown and time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                shown += os.read(terminal, 65536)
        os.write(terminal, b'.quit\n')
        os.waitpid(child, 0)
        os.close(terminal)
        return shown.decode().replace('\r\n', '\n')

    def test_list_at_a_terminal(self):
        shown = self.at_terminal()
        self.assertIn('sqlite> ', shown)
        self.assertIn('holding_history (626 changes), holding_changes, holding_field_changes, holding_versions, '
                      'holding_current, holding_sales\n', shown)
        for name, _ in query_files():
            self.assertRegex(shown, rf'\b{name}\b')
        self.assertNotIn('holding_history', self.at_terminal('--quiet'))
        self.assertNotIn('holding_history', self.run_here('shell', stdin='SELECT 1;').stdout)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--cdclite', required=True, type=os.path.abspath)
    parser.add_argument('--data', required=True, type=os.path.abspath)
    given, left = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *left], verbosity=2)
