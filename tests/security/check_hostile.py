"""Query files and database files that mean harm: they are refused or answered, and do nothing else. Nothing is written,
no other file is opened, nothing crashes, and what runs for ever can be stopped."""
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'recordings'))

import recording  # noqa: E402
from harness import Place, arguments  # noqa: E402

FAILURE, USAGE, STORAGE = 1, 2, 4
READERS = (['status'], ['rejected', 'list'], ['rejected', 'show', '1'], ['status', '--format', 'json'], ['schema'],
           ['export', 'text'], ['query', 'stock_change_counts'], ['query', 'activity'], ['query', 'row_history', 'table=holding', 'key=1'])
ENDLESS = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n'
given = None


def holding(number):
    row = {'holding_id': number, 'user_id': number % 7, 'holding_stock': 'A', 'holding_quantity': number,
           'datetime_created': None, 'datetime_updated': None}
    source = {'name': 's', 'schema': 'bank_data', 'table': 'holding', 'ts_ms': 1738317600000 + number, 'txId': number,
              'lsn': 1000 + number}
    return (recording.compact({'before': None, 'after': row, 'source': source, 'op': 'c'}) + '\n').encode()


class Hostile(unittest.TestCase):
    def setUp(self):
        self.place = self.enterContext(Place(given.cdclite))
        self.place.write('events.jsonl', b''.join(holding(number) for number in range(1, 200)))
        self.assertEqual(self.place.load('events.jsonl').returncode, 0)
        os.mkdir(self.place.path('mine'))

    def digest(self):
        """Every file here, by its name and bytes; but for what SQLite keeps beside the database."""
        found = {}
        for folder, _, names in os.walk(self.place.folder.name):
            for name in names:
                if not name.endswith(('-wal', '-shm')):
                    with open(os.path.join(folder, name), 'rb') as file:
                        found[os.path.join(folder, name)] = file.read()
        return found

    def ask(self, sql, *words):
        self.place.write('mine/q.sql', sql.encode())
        return self.place.run('query', 'q', '--queries', 'mine', *words)


class Queries(Hostile):
    def test_only_reads(self):
        victim = self.place.path('victim')
        statements = (
            f"ATTACH '{victim}' AS other", f"VACUUM INTO '{victim}'", 'PRAGMA writable_schema = 1', 'PRAGMA user_version',
            'PRAGMA journal_mode = DELETE', f"PRAGMA temp_store_directory = '{victim}'", 'PRAGMA wal_checkpoint(TRUNCATE)',
            'INSERT INTO batch SELECT * FROM batch', 'DELETE FROM holding_history', 'UPDATE position SET next_offset = 0',
            'REPLACE INTO position SELECT * FROM position', 'DROP TABLE holding_history', 'ALTER TABLE batch RENAME TO b',
            'CREATE TABLE t(a)', 'CREATE TEMP TABLE t(a)', 'CREATE TEMP VIEW v AS SELECT 1',
            'CREATE VIRTUAL TABLE temp.t USING fts5(a)', 'CREATE TEMP TRIGGER t AFTER INSERT ON batch BEGIN SELECT 1; END',
            'BEGIN', 'SAVEPOINT a', 'REINDEX', 'ANALYZE', 'DETACH main', 'EXPLAIN DELETE FROM batch',
            "SELECT load_extension('/tmp/x.so')", "SELECT writefile('" + victim + "', 'x')", "SELECT readfile('/etc/passwd')",
            "SELECT edit('x', 'touch " + victim + "')", "SELECT fts3_tokenizer('simple')",
            "SELECT fts3_tokenizer('simple', x'4141414141414141')", 'SELECT * FROM sqlite_dbpage', 'SELECT * FROM dbstat',
            "SELECT * FROM fsdir('/')", 'SELECT 1; DELETE FROM batch', 'SELECT 1; SELECT 2',
            "SELECT * FROM pragma_journal_mode('DELETE')", "SELECT * FROM pragma_user_version",
            "WITH a AS (SELECT 1) DELETE FROM batch RETURNING *")
        before = self.digest()
        for statement in statements:
            with self.subTest(statement=statement):
                done = self.ask(statement)
                self.assertIn(done.returncode, (USAGE, STORAGE), done)
                self.assertEqual(done.stdout, b'')
                os.remove(self.place.path('mine/q.sql'))
                self.assertEqual(self.digest(), before)

    def test_what_queries_need_works(self):
        done = self.ask("WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 3) "
                        "SELECT sum(i) AS s, (SELECT sum(value) FROM json_each('[4,5]')) AS j, "
                        "(SELECT count(*) FROM json_tree('[1,[2]]')) AS t, (SELECT count(*) FROM holding_changes) AS n, "
                        "(SELECT max(units) OVER () FROM holding_sales LIMIT 1) AS w FROM n")
        self.assertEqual(done.stdout, b's,j,t,n,w\n6,9,4,199,\n', done.stderr)

    def test_a_value_without_measure(self):
        for sql in ('SELECT randomblob(1000000000)', 'SELECT hex(zeroblob(900000000))',
                    "SELECT replace(printf('%.*c', 100000000, 'x'), 'x', 'yyyyyyyyyy')"):
            with self.subTest(sql=sql):
                began = time.monotonic()
                done = self.ask(sql)
                self.assertEqual((done.returncode, done.stdout), (STORAGE, b''))
                self.assertIn(b'too big', done.stderr)
                self.assertLess(time.monotonic() - began, 20)

    def test_without_end(self):
        """Ctrl-C ends it at once; the database goes on to be loaded."""
        self.place.write('mine/q.sql', ENDLESS.encode())
        running = subprocess.Popen([given.cdclite, 'query', 'q', '--queries', 'mine'], cwd=self.place.folder.name,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(0.5)
        self.assertIsNone(running.poll())
        running.send_signal(signal.SIGINT)
        try:
            running.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            running.kill()
            running.communicate()
            self.fail('it went on')
        self.assertEqual(running.returncode, -signal.SIGINT)
        self.place.write('more.jsonl', holding(1000))
        self.assertEqual(self.place.load('more.jsonl').returncode, 0)

    def test_files_that_are_none(self):
        """A pipe that would hang, a folder, a link to nowhere, an unreadable giant."""
        os.mkfifo(self.place.path('mine/fifo.sql'))
        os.mkdir(self.place.path('mine/folder.sql'))
        self.assertEqual(self.ask('SELECT 1 AS a').stdout, b'a\n1\n')
        self.place.write('mine/giant.sql', b'SELECT 1 -- ' + b'x' * 1000000)
        self.assertEqual(self.ask('SELECT 1 AS a').returncode, USAGE)


class Databases(Hostile):
    def sql(self, *statements):
        """Changes the database behind the program's back, as who made the file could."""
        db = sqlite3.connect(self.place.db)
        db.execute('PRAGMA writable_schema = ON')
        for statement in statements:
            db.execute(statement)
        db.commit()
        db.close()

    def all_read(self, codes=(0, FAILURE, USAGE, STORAGE), timeout=20):
        """Runs every command that reads, within 1 GiB of memory; gives what they said."""
        before = self.digest()
        said = b''
        for words in READERS:
            done = subprocess.run([given.cdclite, *words], cwd=self.place.folder.name, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, check=False,
                                  preexec_fn=limited)
            self.assertIn(done.returncode, codes, (words, done.stderr[-2000:]))
            said += done.stdout + done.stderr
        self.assertEqual(self.digest(), before)
        return said

    def test_views_in_place_of_tables(self):
        victim = self.place.path('victim')
        self.sql('DROP TABLE position')
        for function in (f"load_extension('{victim}')", f"writefile('{victim}', 'x')", "fts3_tokenizer('simple')",
                         "zeroblob(1000000000)", f"edit('x', 'touch {victim}')"):
            with self.subTest(function=function):
                self.sql('DROP VIEW IF EXISTS position',
                         f'CREATE VIEW position AS SELECT {function} AS topic, 0 AS partition, 0 AS next_offset, '
                         '0 AS end_offset, 0 AS anchor')
                self.all_read()

    def test_virtual_tables_are_not_used(self):
        self.sql('DROP TABLE position')
        self.sql('CREATE VIRTUAL TABLE position USING fts5(topic, partition, next_offset, end_offset)')
        self.assertIn(b'no such module: fts5', self.all_read())

    def test_expressions_in_the_schema(self):
        self.sql("CREATE INDEX hostile ON batch(abs(-9223372036854775807 - loaded_at))",
                 "ALTER TABLE batch ADD COLUMN x GENERATED ALWAYS AS (json('{')) VIRTUAL")
        self.all_read()

    def test_names_are_only_names(self):
        name = 'x" UNION SELECT sql FROM sqlite_schema; DROP TABLE batch; --'
        quoted = name.replace("'", "''")
        self.sql(f"UPDATE captured_table SET name = '{quoted}', source_name = '{quoted}'",
                 f"UPDATE captured_column SET name = name || '{quoted}'",
                 f"UPDATE position SET topic = '{quoted}'")
        self.all_read()
        done = self.place.run('query', 'row_history', 'table=' + name, 'key=1')
        self.assertIn(done.returncode, (USAGE, STORAGE))

    def test_a_schema_that_says_nonsense(self):
        for sql in ("'CREATE TABLE batch('", "'CREATE VIEW batch AS SELECT * FROM batch'", "'not SQL'", 'NULL',
                    "'CREATE TABLE batch(a, b, c) WITHOUT ROWID'"):
            with self.subTest(sql=sql):
                shutil.copy(self.place.db, self.place.path('kept'))
                self.sql(f"UPDATE sqlite_schema SET sql = {sql} WHERE name = 'batch'")
                self.all_read()
                shutil.copy(self.place.path('kept'), self.place.db)
                os.remove(self.place.path('kept'))

    def test_broken_bytes(self):
        """Single bytes and whole pages changed at random, and a file cut short: answered or refused."""
        chance = random.Random(5)
        with open(self.place.db, 'rb') as file:
            whole = file.read()
        self.assertGreater(len(whole), 8 * 16384)
        for turn in range(given.turns):
            broken = bytearray(whole)
            # The first hundred bytes are the file's header, which hides the rest from being read when it is broken.
            for _ in range(chance.choice((1, 3, 30, 300))):
                broken[chance.randrange(100, len(broken))] = chance.choice((0, 1, 0x7f, 0x80, 0xff, chance.randrange(256)))
            if turn % 10 == 9:
                broken = broken[:chance.randrange(len(broken))]
            self.place.write('history.db', broken)
            with self.subTest(turn=turn):
                self.all_read()


def limited():
    if not given.sanitized:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))


def is_sanitized():
    """A program with AddressSanitizer takes terabytes of address space."""
    with open(given.cdclite, 'rb') as file:
        return b'__asan_init' in file.read()


if __name__ == '__main__':
    given = arguments(__doc__)
    given.turns = int(os.environ.get('CDCLITE_TURNS', '40'))
    given.sanitized = is_sanitized()
    unittest.main(argv=[sys.argv[0], *given.names], verbosity=2)
