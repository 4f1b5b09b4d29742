"""The command line as a user meets it: exit codes, messages (one line that says what, where and what to do), nothing
left behind by what failed, signals, closed pipes, and that following input is visible at once."""
import base64
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'recordings'))

import recording  # noqa: E402
from harness import Place, arguments  # noqa: E402

FAILURE, USAGE, SOURCE, STORAGE = 1, 2, 3, 4
NOBODY = 65534
COMMANDS = ('load', 'query', 'status', 'rejected', 'backup', 'verify', 'export', 'schema', 'shell', 'datasette', 'report', 'demo', 'completion', 'man')
given = None
messages = []


def event(number, stock='A'):
    """An insert of a holding."""
    row = {'holding_id': number, 'user_id': 1, 'holding_stock': stock, 'holding_quantity': 1, 'datetime_created': None,
           'datetime_updated': None}
    source = {'name': 's', 'schema': 'bank_data', 'table': 'holding', 'ts_ms': 1738317600000 + number, 'txId': number,
              'lsn': 1000 + number}
    return (recording.compact({'before': None, 'after': row, 'source': source, 'op': 'c'}) + '\n').encode()


class CliTest(unittest.TestCase):
    def setUp(self):
        self.place = self.enterContext(Place(given.cdclite))
        self.run_here = self.place.run

    def files(self):
        """What stands here, but for what SQLite and the lock keep beside a database."""
        names = os.listdir(self.place.folder.name)
        beside = {name + suffix for name in names for suffix in ('-wal', '-shm', '.lock')}
        return sorted(set(names) - beside)

    def fails(self, code, *words, says=(), stdin=None, timeout=60):
        """Exit code, nothing on stdout, one line on stderr with these texts in it, no new file."""
        before = self.files()
        done = self.run_here(*words, stdin=stdin, timeout=timeout)
        said = done.stderr.decode()
        self.assertEqual((done.returncode, done.stdout, len(said.splitlines())), (code, b'', 1), (words, said))
        self.assertTrue(said.startswith('cdclite: '), said)
        for text in says:
            self.assertIn(text, said)
        self.assertEqual(self.files(), before, words)
        return said

    def succeeds(self, *words, stdin=None):
        done = self.run_here(*words, stdin=stdin)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def load_some(self, *words):
        """A recording of the seed's table in history.db and output_data.txt."""
        self.place.write('events.jsonl', recording.joined(messages, recording.recorded_line))
        return self.succeeds('load', '--input', 'events.jsonl', *words)

    def follow(self, *words):
        """A load that follows a pipe; ended at the test's end whatever happens."""
        running = subprocess.Popen([given.cdclite, 'load', '--input', '-', *words], cwd=self.place.folder.name,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.end, running)
        return running

    @staticmethod
    def end(running):
        if running.poll() is None:
            running.kill()
        for pipe in (running.stdin, running.stdout, running.stderr):
            pipe.close()
        running.wait()

    def give(self, running, data):
        running.stdin.write(data)
        running.stdin.flush()

    def wait_for(self, sql, want, seconds=10.0):
        """Asks until the answer is there; gives the seconds it took."""
        began = time.monotonic()
        while True:
            try:
                if self.place.rows(sql) == want:
                    return time.monotonic() - began
            except sqlite3.OperationalError:
                pass  # no such file or table yet
            if time.monotonic() - began > seconds:
                self.fail(f'{sql} did not give {want} within {seconds} s')
            time.sleep(0.01)


class Input(CliTest):
    def test_missing(self):
        self.fails(SOURCE, 'load', '--input', 'nowhere.jsonl', says=['nowhere.jsonl', 'No such file'])

    def test_missing_with_a_database(self):
        self.load_some()
        content = self.place.content()
        self.fails(SOURCE, 'load', '--input', 'nowhere.jsonl', says=['nowhere.jsonl', 'No such file'])
        self.assertEqual(self.place.content(), content)

    def test_directory(self):
        os.mkdir(self.place.path('folder'))
        self.fails(SOURCE, 'load', '--input', 'folder', says=['folder', 'directory'])

    def test_gzip(self):
        shutil.copy(os.path.join(given.data, 'h-old-1.1.jsonl.gz'), self.place.path('h.jsonl.gz'))
        self.fails(SOURCE, 'load', '--input', 'h.jsonl.gz', says=['h.jsonl.gz', 'gzip', 'gunzip -c'])

    def test_unreadable(self):
        self.place.write('secret.jsonl', event(1))
        os.chmod(self.place.path('secret.jsonl'), 0)
        self.as_nobody()
        self.fails(SOURCE, 'load', '--input', 'secret.jsonl', says=['secret.jsonl', 'ermission denied'])

    def as_nobody(self):
        """Root may read and write everything: run the program as another user."""
        if os.geteuid() == 0:
            os.chown(self.place.folder.name, NOBODY, NOBODY)
            program = self.place.path('program')
            shutil.copy(given.cdclite, program)
            os.chmod(program, 0o755)

            def run_as_nobody(*words, stdin=None, timeout=60):
                return subprocess.run([program, *words], cwd=self.place.folder.name, user=NOBODY, group=NOBODY,
                                      extra_groups=[], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, timeout=timeout, check=False)
            self.run_here = run_as_nobody
            tried = run_as_nobody('--version')
            if tried.returncode != 0 or tried.stderr:  # a build that counts coverage cannot write its counts
                self.skipTest('the program does not run as another user here')

    def test_unreachable_broker(self):
        began = time.monotonic()
        self.fails(SOURCE, 'load', '--brokers', '127.0.0.1:1', '--topic', 't', says=['127.0.0.1:1', '--brokers'])
        self.assertLess(time.monotonic() - began, 15)

    def test_silent_broker(self):
        """Something listens and never answers."""
        with socket.socket() as listener:
            listener.bind(('127.0.0.1', 0))
            listener.listen()
            address = '127.0.0.1:%d' % listener.getsockname()[1]
            began = time.monotonic()
            done = self.run_here('load', '--brokers', address, '--topic', 't', '--verbose')
            self.assertEqual((done.returncode, done.stdout), (SOURCE, b''))
            self.assertIn(address.encode(), done.stderr.splitlines()[-1])
            self.assertEqual(self.files(), [])
            self.assertLess(time.monotonic() - began, 20)

    def test_empty_file(self):
        self.place.write('empty.jsonl', b'')
        done = self.succeeds('load', '--input', 'empty.jsonl')
        self.assertIn(b' 0 changes', done.stderr)

    def test_binary_file(self):
        """Not a line of it is an event: said, and no failure."""
        self.place.write('noise.bin', bytes(range(256)) * 40)
        done = self.succeeds('load', '--input', 'noise.bin')
        self.assertIn(b'not JSON objects', done.stderr)
        self.assertNotIn(b'\x1b', done.stderr)

    def test_device(self):
        done = self.succeeds('load', '--input', '/dev/null')
        self.assertIn(b' 0 changes', done.stderr)


class Storage(CliTest):
    def setUp(self):
        super().setUp()
        self.place.write('events.jsonl', event(1))

    def test_not_sqlite(self):
        for content in (b'no database, but long enough to look at\n' * 40, b'SQLite format 3\0' + b'x' * 600):
            self.place.write('history.db', content)
            self.fails(STORAGE, 'load', '--input', 'events.jsonl', says=['history.db', '--db'])
            with open(self.place.db, 'rb') as file:
                self.assertEqual(file.read(), content)
            for command in (['status'], ['verify'], ['export', 'text'], ['schema']):
                self.fails(STORAGE, *command, says=['history.db'])

    def test_another_programs(self):
        with sqlite3.connect(self.place.db) as db:
            db.execute('CREATE TABLE notes(text)')
        db.close()
        with open(self.place.db, 'rb') as file:
            content = file.read()
        self.fails(STORAGE, 'load', '--input', 'events.jsonl', says=['history.db', 'another program', '--db'])
        for command in (['status'], ['verify'], ['export', 'text'], ['schema']):
            self.fails(STORAGE, *command, says=['another program'])
        with open(self.place.db, 'rb') as file:
            self.assertEqual(file.read(), content)

    def test_newer(self):
        self.succeeds('load', '--input', 'events.jsonl')
        db = sqlite3.connect(self.place.db)
        db.execute('PRAGMA user_version = 999')
        db.close()
        self.place.write('more.jsonl', event(2))
        self.fails(STORAGE, 'load', '--input', 'more.jsonl', says=['history.db', 'newer', 'upgrade'])
        self.fails(STORAGE, 'status', says=['newer'])
        self.assertEqual(self.place.rows('SELECT count(*) FROM holding_history'), [(1,)])

    def test_missing_directory(self):
        self.fails(STORAGE, 'load', '--input', 'events.jsonl', '--db', 'nowhere/history.db', says=['nowhere'])
        self.fails(STORAGE, 'load', '--input', 'events.jsonl', '--text', 'nowhere/text.txt', says=['nowhere'])

    def test_directory_as_database(self):
        os.mkdir(self.place.db)
        self.fails(STORAGE, 'load', '--input', 'events.jsonl', says=['history.db'])

    def test_read_only_directory(self):
        Input.as_nobody(self)
        os.chmod(self.place.folder.name, 0o555)
        self.addCleanup(os.chmod, self.place.folder.name, 0o755)
        self.fails(STORAGE, 'load', '--input', 'events.jsonl', says=['history.db', 'ermission denied', '--db'])

    def test_read_only_database(self):
        self.succeeds('load', '--input', 'events.jsonl')
        self.place.write('more.jsonl', event(2))
        os.chmod(self.place.db, 0o444)
        Input.as_nobody(self)
        for name in ('history.db.lock', 'output_data.txt'):
            os.chmod(self.place.path(name), 0o666)
        self.fails(STORAGE, 'load', '--input', 'more.jsonl', says=['history.db'])
        self.assertEqual(self.place.rows('SELECT count(*) FROM holding_history'), [(1,)])

    def test_locked_by_another_loader(self):
        fifo = self.place.path('fifo')
        os.mkfifo(fifo)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        writer = open(fifo, 'wb', buffering=0)
        first = subprocess.Popen([given.cdclite, 'load', '--input', '-', '--quiet'], cwd=self.place.folder.name,
                                 stdin=reader)
        os.close(reader)
        self.addCleanup(lambda: (writer.close(), first.kill(), first.wait()))
        writer.write(event(1))
        self.wait_for('SELECT count(*) FROM holding_history', [(1,)])
        began = time.monotonic()
        self.fails(STORAGE, 'load', '--input', 'events.jsonl', '--text', 'other.txt',
                   says=['history.db', 'another cdclite'])
        self.assertLess(time.monotonic() - began, 1)
        writer.write(event(2))
        self.wait_for('SELECT count(*) FROM holding_history', [(2,)])
        writer.close()
        self.assertEqual(first.wait(10), 0)
        self.succeeds('load', '--input', 'events.jsonl')

    def test_no_database_to_read(self):
        for command in (['status'], ['export', 'text'], ['query', 'stock_change_counts']):
            self.fails(STORAGE, *command, '--db', 'nowhere.db', says=['nowhere.db', 'cdclite load'])

    def test_an_empty_file_becomes_a_database(self):
        self.place.write('history.db', b'')
        self.fails(STORAGE, 'status', says=['history.db'])
        self.succeeds('load', '--input', 'events.jsonl')
        self.assertEqual(self.place.rows('SELECT count(*) FROM holding_history'), [(1,)])


class TextLog(CliTest):
    def setUp(self):
        super().setUp()
        self.place.write('events.jsonl', event(1))

    def test_not_ours(self):
        self.place.write('output_data.txt', b'my diary\n')
        self.fails(STORAGE, 'load', '--input', 'events.jsonl', says=['output_data.txt', '--text'])
        self.assertEqual(self.place.text_bytes(), b'my diary\n')
        self.succeeds('load', '--input', 'events.jsonl', '--text', 'other.txt')

    def test_another_for_a_database_that_has_one(self):
        self.succeeds('load', '--input', 'events.jsonl')
        content = self.place.content()
        self.fails(STORAGE, 'load', '--input', 'events.jsonl', '--text', 'other.txt',
                   says=['other.txt', 'output_data.txt'])
        self.assertEqual(self.place.content(), content)

    def test_of_another_database(self):
        self.succeeds('load', '--input', 'events.jsonl')
        text = self.place.text_bytes()
        self.fails(STORAGE, 'load', '--input', 'events.jsonl', '--db', 'second.db', says=['output_data.txt', '--text'])
        self.assertEqual(self.place.text_bytes(), text)

    def test_the_same_by_another_name(self):
        self.succeeds('load', '--input', 'events.jsonl')
        self.succeeds('load', '--input', 'events.jsonl', '--text', './output_data.txt')
        self.succeeds('load', '--input', 'events.jsonl', '--text', 'holding=' + self.place.text)

    def test_lost_or_shortened(self):
        self.load_some()
        text, content = self.place.text_bytes(), self.place.content()
        for size in (None, 0, 1, 200, len(text) - 1):
            os.truncate(self.place.text, size) if size is not None else os.remove(self.place.text)
            done = self.succeeds('load', '--input', 'events.jsonl')
            self.assertIn(b'rebuil', done.stderr)
            self.assertIn(b'output_data.txt', done.stderr)
            self.assertEqual(self.place.text_bytes(), text)
            self.assertEqual(self.place.content(), content)

    def test_longer_than_committed(self):
        """What a crash left behind the committed lines goes."""
        self.load_some()
        text = self.place.text_bytes()
        with open(self.place.text, 'ab') as out:
            out.write(b'1001,2,half a li')
        self.succeeds('load', '--input', 'events.jsonl')
        self.assertEqual(self.place.text_bytes(), text)

    def test_none_then_one(self):
        """A log that is wanted later begins with what was loaded before."""
        self.load_some('--no-text')
        self.assertNotIn('output_data.txt', self.files())
        self.load_some()
        self.assertEqual(self.succeeds('export', 'text').stdout, self.place.text_bytes())
        self.assertGreater(len(self.place.text_bytes().splitlines()), 50)

    def test_one_then_none_then_it_again(self):
        parts = [self.place.write(f'{i}.jsonl', event(i)) for i in (1, 2, 3)]
        for part, words in zip(parts, ([], ['--no-text'], [])):
            self.succeeds('load', '--input', part, *words)
        self.assertEqual([line[:1] for line in self.place.text_bytes().splitlines()],
                         [b'h', b'1', b'1', b'2', b'2', b'3', b'3'])
        self.assertEqual(self.succeeds('export', 'text').stdout, self.place.text_bytes())

    def test_two_for_one_table_or_one_for_two(self):
        self.fails(USAGE, 'load', '--input', 'events.jsonl', '--text', 'a.txt', '--text', 'holding=b.txt',
                   says=['--text'])
        self.fails(USAGE, 'load', '--input', 'events.jsonl', '--text', 'a.txt', '--text', 'other=a.txt', says=['a.txt'])
        self.fails(STORAGE, 'load', '--input', 'events.jsonl', '--text', 'events.jsonl', says=['events.jsonl'])

    def test_export_of_an_unknown_table(self):
        self.load_some()
        self.fails(USAGE, 'export', 'text', 'nothing', says=['nothing', 'history.db'])
        self.fails(USAGE, 'export', says=['export text'])
        self.fails(USAGE, 'export', 'csv', says=['export text'])


class Limits(CliTest):
    LIMIT = ['--max-event-bytes', '2K', '--no-text']

    @staticmethod
    def of_item(number, fields, row):
        """An insert into a table of its own, with its schema block."""
        row_schema = {'type': 'struct', 'fields': fields, 'optional': True, 'field': 'after'}
        source = {'name': 's', 'schema': 'public', 'table': 'item', 'ts_ms': 1738317600000 + number, 'txId': number,
                  'lsn': 1000 + number}
        payload = {'before': None, 'after': row, 'source': source, 'op': 'c'}
        return (recording.compact({'schema': {'type': 'struct', 'fields': [row_schema], 'name': 's.public.item.Envelope'},
                                   'payload': payload}) + '\n').encode()

    def test_more_columns_than_a_table_can_have(self):
        """The event is rejected with the reason; what comes before and behind it is loaded."""
        few, more, many = ([{'type': 'int32', 'optional': True, 'field': f'{"d" if count == 989 else "c"}{i}'}
                            for i in range(count)] for count in (1, 989, 1600))
        more = few + more  # 990 with those from before
        rows = [{field['field']: i for i, field in enumerate(fields)} for fields in (few, many, more, few)]
        self.place.write('events.jsonl', event(1) + self.of_item(1, few, rows[0]) + self.of_item(2, many, rows[1]) +
                         event(2) + self.of_item(3, more, rows[2]) + self.of_item(4, few, rows[3]))
        self.succeeds('load', '--input', 'events.jsonl', '--no-text')
        self.assertEqual(self.place.rows('SELECT count(*) FROM holding_history'), [(2,)])
        self.assertEqual(self.place.rows('SELECT after_c0, after_d988 FROM item_history ORDER BY change_id'),
                         [(0, None), (0, 989), (0, None)])
        (reason, size), = self.place.rows('SELECT reason, value_size FROM rejected_event')
        self.assertIn('990', reason)
        self.assertEqual(size, len(self.of_item(2, many, rows[1])) - 1)
        self.assertEqual(self.place.rows('SELECT count(*), sum(c0) FROM item_current'), [(3, 0)])

    def test_a_large_value_is_stored_whole(self):
        text, data = ('\u00e4\n"\\' + 12 * 'x') * (10 << 16), os.urandom(3) * (1 << 20)
        fields = [{'type': 'string', 'optional': True, 'field': 't'}, {'type': 'bytes', 'optional': True, 'field': 'b'}]
        self.place.write('events.jsonl', self.of_item(1, fields, {'t': text, 'b': None}) +
                         self.of_item(2, fields, {'t': 'x', 'b': base64.b64encode(data).decode()}))
        self.succeeds('load', '--input', 'events.jsonl', '--text', 'item=item.txt')
        self.assertGreater(len(text.encode()), 10 << 20)
        self.assertTrue(self.place.rows('SELECT t FROM item_current WHERE b IS NULL') == [(text,)])
        self.assertTrue(self.place.rows('SELECT after_b FROM item_history WHERE change_id = 2') == [(data,)])
        spelled = text.replace('\\', '\\\\').replace('\n', '\\n').replace('"', '""')
        with open(self.place.path('item.txt'), encoding='utf-8', newline='') as lines:
            line = lines.read().split('\n')[1]
        self.assertTrue(line.startswith(f't,,"{spelled}",,,,20'), line[:100])

    def test_a_type_never_heard_of_is_named_once(self):
        fields = [{'type': 'tensor', 'optional': True, 'field': 'a'}]
        others = fields + [{'type': 'int32', 'optional': True, 'field': 'n'}]
        self.place.write('events.jsonl', b''.join(self.of_item(i, others if i > 2 else fields, {'a': [i]})
                                                  for i in range(5)))
        said = self.succeeds('load', '--input', 'events.jsonl', '--no-text').stderr
        self.assertEqual(said.count(b'tensor'), 1, said)
        self.assertEqual(self.place.rows('SELECT a FROM item_current ORDER BY a'), [(f'[{i}]',) for i in range(5)])

    def test_a_line_too_long_to_be_held(self):
        """Its beginning, its length and its hash are kept, and its neighbours are loaded."""
        long, other = event(2, 'X' * 3000000), event(2, 'X' * 2999999 + 'Y')
        for end in (b'\n', b'\r\n'):
            with self.subTest(end=end):
                self.place.db = self.place.path(f'{len(end)}.db')
                self.place.write('events.jsonl', event(1) + long[:-1] + end + event(3) + other[:-1] + end)
                self.succeeds('load', '--input', 'events.jsonl', '--db', self.place.db, *self.LIMIT)
                self.assertEqual(self.place.rows('SELECT after_holding_id FROM holding_history'), [(1,), (3,)])
                rejected = self.place.rows('SELECT "offset", value_size, CAST(value AS BLOB) FROM rejected_event')
                self.assertEqual([row[0] for row in rejected],
                                 [len(event(1)), len(event(1) + long[:-1] + end + event(3))])
                self.assertEqual({row[2] for row in rejected}, {long[:1024]})
                self.assertLessEqual({row[1] - len(long[:-1]) for row in rejected}, {0, len(end) - 1})
                self.assertEqual(self.place.rows('SELECT count(DISTINCT value_hash) FROM rejected_event'), [(2,)])
                content = self.place.content()
                self.succeeds('load', '--input', 'events.jsonl', '--db', self.place.db, *self.LIMIT)
                self.assertEqual(self.place.content(), content)

    def test_a_line_too_long_to_be_held_that_is_still_being_written(self):
        long = event(2, 'X' * 300000)
        self.place.write('events.jsonl', event(1) + long[:200000])
        done = self.succeeds('load', '--input', 'events.jsonl', *self.LIMIT)
        self.assertIn(b'left for the next load', done.stderr)
        self.assertEqual(self.place.rows('SELECT count(*) FROM rejected_event'), [(0,)])
        self.place.write('events.jsonl', event(1) + long + event(3))
        self.succeeds('load', '--input', 'events.jsonl', *self.LIMIT)
        self.assertEqual(self.place.rows('SELECT value_size FROM rejected_event'), [(len(long) - 1,)])
        self.assertEqual(self.place.rows('SELECT after_holding_id FROM holding_history'), [(1,), (3,)])

    def test_columns(self):
        """990 are held, in the history and its views; more are refused with the reason, and the load goes on."""
        def wide(table, count):
            return event(1).replace(b'"table":"holding"', b'"table":"%s"' % table).replace(
                b'"holding_id":1', b','.join(b'"c%d":%d' % (i, i) for i in range(count - 5)))
        self.place.write('events.jsonl', wide(b'most', 990) + wide(b'many', 991) + event(2))
        self.succeeds('load', '--input', 'events.jsonl')
        self.assertEqual(self.place.rows('SELECT c984, holding_quantity FROM most_current'), [(984, 1)])
        self.assertEqual(self.place.rows('SELECT after_c984 FROM most_changes'), [(984,)])
        self.assertEqual(self.place.rows('SELECT count(*) FROM most_field_changes'), [(990,)])
        self.assertIn('990 columns', self.place.rows('SELECT reason FROM rejected_event')[0][0])
        self.assertEqual(self.place.rows('SELECT after_holding_id FROM holding_history'), [(2,)])


class Usage(CliTest):
    def test_mistakes(self):
        for words, says in (
                ([], ['no command', '--help']),
                (['laod'], ['laod', 'load']),
                (['frobnicate'], ['frobnicate', '--help']),
                (['load', '--inptu', 'x'], ['--inptu', '--input']),
                (['load', '--zzzzzzzz'], ['--zzzzzzzz', '--help']),
                (['load', '-z'], ['-z']),
                (['load', '--input'], ['--input needs a value']),
                (['load', '--max-messages'], ['--max-messages needs a value']),
                (['load'], ['--topic', '--input']),
                (['load', 'events.jsonl'], ['events.jsonl', '--input']),
                (['load', '--input', 'x', '--topic', 't'], ['--input', '--topic']),
                (['load', '--input', 'x', '--text', 'a', '--no-text'], ['--text', '--no-text']),
                (['load', '--input', 'x', '--text', ''], ['--text']),
                (['load', '--input', 'x', '--text', 'holding='], ['--text', 'TABLE=FILE']),
                (['load', '--input', 'x', '--table', 'x'], ['--table', 'TOPIC=NAME']),
                (['load', '--input', 'x', '--input-format', 'xml'], ['xml', 'kcat']),
                (['load', '--topic', 't', '--brokers', 'b', '--restart-at', 'middle'], ['middle', 'beginning']),
                (['load', '--topic', 't'], ['--brokers']),
                (['load', '--topic', '^t(', '-b', 'b'], ["'^t('", 'character 3']),
                (['load', '--topic', '', '-b', 'b'], ['--topic']),
                (['load', '--input', 'x', '--quiet=yes'], ['--quiet', 'no value']),
                (['load', '--input', 'x', '--format', 'csv'], ['--format', 'load']),
                (['status', '--format', 'xml'], ['xml', 'json']),
                (['status', 'now'], ['now']),
                (['load', '--topic', 't', '-b', 'b', '-X', 'nonsense'], ['key=value']),
                (['load', '--topic', 't', '-b', 'b', '-X', 'no.such.property=1'], ['no.such.property']),
                (['load', '--topic', 't', '-b', 'b', '-X', 'enable.auto.commit=true'], ['enable.auto.commit']),
                (['load', '--topic', 't', '-b', 'b', '-X', 'plugin.library.paths=/tmp/x.so'], ['plugin']),
                (['load', '--topic', 't', '-b', 'b', '-F', 'nowhere.properties'], ['nowhere.properties'])):
            with self.subTest(words=words):
                self.fails(USAGE, *words, says=says)

    def test_sizes_and_counts(self):
        for value in ('0', '-1', '', 'x', '1x', '16MB', '1.5M', '99999999999999999999', '9999999999G', ' 5', '+5',
                      '0x10'):
            with self.subTest(value=value):
                self.fails(USAGE, 'load', '--input', 'x', '--max-event-bytes', value, says=['--max-event-bytes', value])
                self.fails(USAGE, 'load', '--input', 'x', '--max-messages=' + value, says=['--max-messages', value])
        self.fails(USAGE, 'load', '--input', 'x', '--max-messages=1K', says=['--max-messages', '1K'])

    def test_options_stand_anywhere(self):
        self.place.write('events.jsonl', event(1) + event(2))
        self.succeeds('--db=a.db', '-i', 'events.jsonl', 'load', '--no-text', '-c1', '-q')
        self.succeeds('-q', 'load', '-d', 'a.db', '-ievents.jsonl', '--no-text', '--max-event-bytes', '1M')
        self.place.db = self.place.path('a.db')
        self.assertEqual(self.place.rows('SELECT count(*) FROM holding_history'), [(2,)])

    def test_control_characters_in_names_do_not_reach_the_terminal(self):
        said = self.fails(SOURCE, 'load', '--input', 'a\x1b[31mb', says=['31m'])
        self.assertNotIn('\x1b', said)


class Help(CliTest):
    def test_all(self):
        for words in (['--help'], ['-h'], ['help']):
            done = self.succeeds(*words)
            self.assertEqual(done.stderr, b'')
            for command in COMMANDS:
                self.assertIn(f'\n  {command}', done.stdout.decode())
            self.assertIn(b'Exit codes', done.stdout)

    def test_each_command(self):
        for command in COMMANDS:
            helps = [self.succeeds(*words).stdout
                     for words in ([command, '--help'], ['help', command], ['-h', command])]
            self.assertEqual(helps[0], helps[1])
            self.assertEqual(helps[0], helps[2])
            self.assertTrue(helps[0].startswith(f'cdclite {command}: '.encode()), helps[0])
            for text in (b'Usage:', b'Options:', b'--quiet', b'Examples:', b'\n  cdclite ' + command.encode(), b'Exit codes: '):
                self.assertIn(text, helps[0])
            self.assertEqual(self.files(), [])

    def test_queries(self):
        """help query lists them all; help query NAME is query NAME --help."""
        names = sorted(name[:-4] for name in os.listdir(os.path.join(given.data, '..', '..', 'queries'))
                       if name.endswith('.sql'))
        listed = self.succeeds('help', 'query').stdout.decode().partition('\nQueries:\n')[2]
        self.assertEqual([line.split()[0] for line in listed.splitlines()[:-1]], names)
        os.mkdir(self.place.path('folder'))
        self.place.write('folder/mine.sql', b'-- mine: what I ask.\nSELECT 1;')
        self.assertRegex(self.succeeds('help', 'query', '--queries', 'folder').stdout, rb'\n  mine +what I ask\.\n')
        for name in names:
            said = self.succeeds('help', 'query', name).stdout
            self.assertEqual(said, self.succeeds('query', name, '--help').stdout)
            self.assertTrue(said.startswith(f'cdclite query {name}'.encode()))
            self.assertIn(b'\nExample:\n', said)

    def test_the_help_names_every_option(self):
        known = self.succeeds('load', '--help').stdout
        for option in (b'--brokers', b'--topic', b'--input', b'--until-end', b'--max-messages', b'--max-event-bytes',
                       b'--text', b'--no-text', b'--db', b'--input-format', b'-X', b'-F'):
            self.assertIn(option, known)

    def test_help_of_what_is_not_there(self):
        self.fails(USAGE, 'help', 'laod', says=['laod', 'load'])

    def test_version(self):
        for words in (['--version'], ['-V'], ['load', '--version']):
            self.assertRegex(self.succeeds(*words).stdout.decode(),
                             r'^cdclite \d+\.\d+\.\d+ \(librdkafka [\d.]+.*, SQLite 3[\d.]+, json-c [\d.]+\)\n$')

    def test_help_on_a_full_disk(self):
        for words in (['--help'], ['load', '--help'], ['--version']):
            with open('/dev/full', 'wb') as full:
                done = subprocess.run([given.cdclite, *words], stdout=full, stderr=subprocess.PIPE, check=False)
            self.assertEqual(done.returncode, FAILURE, words)


class Status(CliTest):
    def test_text(self):
        self.load_some()
        text = self.succeeds('status').stdout.decode()
        changes = len(recording.change_events(messages))
        for part in (self.place.db, r'changes +%d\n' % changes, r'tombstones +%d\n' % (len(messages) - changes),
                     r'rejected +0\n', r're-delivered +0\n', r'last batch +20\d\d-\d\d-\d\dT[\d:.]+Z\n',
                     r'bankserver1\.bank_data\.holding, partition 0: next offset %d' % len(messages),
                     r'holding: %d changes of bankserver1\.bank_data\.holding' % changes,
                     r'holding: .*output_data\.txt, [\d,]+ bytes'):
            self.assertRegex(text, part)

    def test_json(self):
        self.load_some()
        status = json.loads(self.succeeds('status', '--format', 'json').stdout)
        changes = len(recording.change_events(messages))
        self.assertEqual((status['database'], status['changes'], status['tombstones'], status['rejected']),
                         (self.place.db, changes, len(messages) - changes, 0))
        self.assertEqual([(p['topic'], p['partition'], p['next_offset']) for p in status['positions']],
                         [('bankserver1.bank_data.holding', 0, len(messages))])
        self.assertEqual(status['texts'], [{'table': 'holding', 'path': self.place.text,
                                            'bytes': len(self.place.text_bytes())}])
        self.assertEqual(status['bytes'], os.path.getsize(self.place.db))

    def test_rejected_are_shown(self):
        self.place.write('events.jsonl', b'{"op":"x"}\n{"op":"c","after":\n' + event(1))
        self.succeeds('load', '--input', 'events.jsonl')
        self.assertRegex(self.succeeds('status').stdout.decode(), r'rejected +2\n')
        self.assertIn('broken JSON', self.succeeds('status').stdout.decode())

    def test_full_disk(self):
        self.load_some()
        for words in (['status'], ['status', '--format', 'json'], ['verify'], ['export', 'text'], ['schema'],
                      ['export', 'text', '-o', '/dev/full']):
            with self.subTest(words=words), open('/dev/full', 'wb') as full:
                done = subprocess.run([given.cdclite, *words], cwd=self.place.folder.name, stdout=full,
                                      stderr=subprocess.PIPE, check=False)
                self.assertEqual((done.returncode, len(done.stderr.splitlines())), (FAILURE, 1), done.stderr)
                self.assertIn(b'No space left', done.stderr)

    def test_closed_pipe(self):
        """Who reads has had enough (| head): no message, but no success either."""
        self.load_some()
        for words in (['export', 'text'], ['schema'], ['status'], ['status', '--format', 'json'], ['verify'], ['--help']):
            with self.subTest(words=words):
                end, start = os.pipe()
                os.close(end)
                done = subprocess.run([given.cdclite, *words], cwd=self.place.folder.name, stdout=start,
                                      stderr=subprocess.PIPE, check=False)
                os.close(start)
                self.assertEqual((done.returncode, done.stderr), (-signal.SIGPIPE, b''))

    def test_export_into_a_folder_that_is_not_there(self):
        self.load_some()
        self.fails(FAILURE, 'export', 'text', '--output', 'nowhere/copy.txt', says=['nowhere/copy.txt'])


class Schema(CliTest):
    OBJECTS = {'holding_history', 'holding_changes', 'holding_field_changes', 'holding_current', 'holding_versions',
               'holding_sales', 'position', 'batch', 'rejected_event', 'text_log', 'captured_table', 'captured_column',
               'connector_run', 'redelivered_event'}

    def run_sql(self, sql):
        """The SQL in an empty database of SQLite's, and what it makes."""
        db = sqlite3.connect(':memory:')
        try:
            db.executescript(sql.decode())
            made = {name: sql for name, sql in db.execute('SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL')}
            for name, kind in db.execute(
                    "SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view')").fetchall():
                self.assertEqual(db.execute(f'SELECT * FROM "{name}"').fetchall(), [], (kind, name))
        finally:
            db.close()
        self.assertLessEqual(self.OBJECTS, set(made))
        return made

    def test_without_a_database(self):
        self.run_sql(self.succeeds('schema').stdout)
        self.assertEqual(self.files(), [])

    def test_of_a_database(self):
        self.load_some()
        made = self.run_sql(self.succeeds('schema').stdout)
        self.assertEqual(made, dict(self.place.rows('SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL')))

    def test_both_are_the_same(self):
        without = self.run_sql(self.succeeds('schema').stdout)
        self.load_some()
        self.assertEqual(self.run_sql(self.succeeds('schema').stdout), without)


class Following(CliTest):
    def test_visible_within_a_second(self):
        running = self.follow()
        count = 'SELECT count(*) FROM holding_history'
        self.give(running, event(1))
        self.wait_for(count, [(1,)])
        for number in range(2, 7):
            self.give(running, event(number))
            self.assertLess(self.wait_for(count, [(number,)]), 1.0)
            self.assertIn(b'\n%d,1,holding_quantity,,1,' % number, self.place.text_bytes())

    def test_visible_within_a_second_in_a_steady_trickle(self):
        """A line every 20 ms: no pause ends the batch, the clock must."""
        running = self.follow()
        self.give(running, event(1))
        self.wait_for('SELECT count(*) FROM holding_history', [(1,)])
        began, worst, number = time.monotonic(), 0.0, 1
        given_at = {}
        while time.monotonic() - began < 3:
            number += 1
            given_at[number] = time.monotonic()
            self.give(running, event(number))
            time.sleep(0.02)
            seen = self.place.rows('SELECT max(after_holding_id) FROM holding_history')[0][0]
            behind = [at for n, at in given_at.items() if n > seen]
            worst = max([worst] + [time.monotonic() - at for at in behind[:1]])
        self.assertLess(worst, 1.0)

    def stopped_by(self, number):
        running = self.follow()
        for i in range(1, 51):
            self.give(running, event(i))
        self.wait_for('SELECT count(*) FROM holding_history', [(50,)])
        for i in range(51, 61):
            self.give(running, event(i))
        self.give(running, event(61)[:40])  # half a line
        time.sleep(0.05)
        running.send_signal(number)
        self.assertEqual(running.wait(10), 0)
        said = running.stderr.read().decode()
        size = sum(len(event(i)) for i in range(1, 61))
        self.assertRegex(said, r'stopped: stdin, partition 0: the next offset is %d\n' % size)
        self.assertEqual(self.place.rows('SELECT count(*), max(after_holding_id) FROM holding_history'), [(60, 60)])
        self.assertEqual(len(self.place.text_bytes().splitlines()), 1 + 120)
        self.assertEqual(self.succeeds('export', 'text').stdout, self.place.text_bytes())

    def test_sigterm(self):
        self.stopped_by(signal.SIGTERM)

    def test_sigint(self):
        self.stopped_by(signal.SIGINT)

    def test_what_only_reads_is_ended_at_once(self):
        self.load_some()
        os.mkdir(self.place.path('own'))
        self.place.write('own/endless.sql', b'-- Counts for ever.\nWITH RECURSIVE n(i) AS (SELECT 1 UNION ALL'
                         b' SELECT i + 1 FROM n)\nSELECT max(i) AS greatest FROM n;\n')
        running = subprocess.Popen([given.cdclite, 'query', 'endless', '--queries', 'own'], cwd=self.place.folder.name,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: (running.kill(), running.communicate()))
        time.sleep(0.3)
        self.assertIsNone(running.poll(), 'it runs')
        running.send_signal(signal.SIGINT)
        self.assertEqual(running.wait(5), -signal.SIGINT)

    def test_stopped_before_anything_came(self):
        running = self.follow()
        self.wait_for('SELECT count(*) FROM batch', [(0,)])
        time.sleep(0.2)
        running.send_signal(signal.SIGTERM)
        self.assertEqual(running.wait(10), 0)

    def test_nobody_reads_the_messages(self):
        """Whoever reads stderr may go; the load goes on."""
        running = self.follow()
        running.stderr.close()
        self.give(running, b'no event\n{"op":"x"}\n' + event(1))
        self.wait_for('SELECT count(*) FROM holding_history', [(1,)])
        self.give(running, b'{"op":"x"}\n' + event(2))
        self.wait_for('SELECT count(*) FROM holding_history', [(2,)])
        running.send_signal(signal.SIGTERM)
        self.assertEqual(running.wait(10), 0)

    def test_max_messages_ends_it(self):
        running = self.follow('--max-messages', '3')
        self.give(running, event(1) + event(2) + event(3) + event(4))
        self.assertEqual(running.wait(10), 0)
        self.assertEqual(self.place.rows('SELECT count(*) FROM holding_history'), [(3,)])

    def test_linger(self):
        """Events that keep coming are seen as soon as was asked for, and cost a commit each time."""
        batches = {}
        for linger in ('50', '60000'):
            running = self.follow('--linger', linger, '--db', f'linger-{linger}.db', '--no-text')
            for number in range(1, 61):
                self.give(running, event(number))
                time.sleep(0.02)
            running.stdin.close()
            self.assertEqual(running.wait(10), 0)
            with sqlite3.connect(self.place.path(f'linger-{linger}.db')) as db:
                batches[linger], changes = db.execute('SELECT count(*), sum(changes) FROM batch').fetchone()
            self.assertEqual(changes, 60)
        self.assertGreater(batches['50'], 3 * batches['60000'], batches)
        self.fails(USAGE, 'load', '--input', 'x', '--linger', '0', says=['--linger', 'above 0'])

    def test_end_of_input(self):
        running = self.follow()
        self.give(running, event(1))
        running.stdin.close()
        self.assertEqual(running.wait(10), 0)
        self.assertEqual(self.place.rows('SELECT count(*) FROM holding_history'), [(1,)])

    def test_a_named_pipe(self):
        os.mkfifo(self.place.path('fifo'))
        running = subprocess.Popen([given.cdclite, 'load', '--input', 'fifo', '--quiet'], cwd=self.place.folder.name)
        self.addCleanup(lambda: (running.kill(), running.wait()))
        with open(self.place.path('fifo'), 'wb', buffering=0) as fifo:
            fifo.write(event(1))
            self.wait_for('SELECT count(*) FROM holding_history', [(1,)])
        self.assertEqual(running.wait(10), 0)

    def test_a_named_pipe_again(self):
        """What comes through it the next time is new, though it stands at the bytes that the first load took."""
        os.mkfifo(self.place.path('fifo'))
        for lines in (event(1) + event(2), event(1000) + event(1001), event(3)):
            running = subprocess.Popen([given.cdclite, 'load', '--input', 'fifo', '--quiet'], cwd=self.place.folder.name)
            self.addCleanup(lambda running=running: (running.kill(), running.wait()))
            with open(self.place.path('fifo'), 'wb', buffering=0) as fifo:
                fifo.write(lines)
            self.assertEqual(running.wait(10), 0)
        self.assertEqual(self.place.rows('SELECT after_holding_id FROM holding_history ORDER BY change_id'),
                         [(1,), (2,), (1000,), (1001,), (3,)])
        self.succeeds('verify')

    def test_a_reader_is_not_blocked_and_does_not_block(self):
        """A read transaction sees one moment, the load goes on meanwhile, and the next read sees it."""
        running = self.follow()
        self.give(running, event(1))
        self.wait_for('SELECT count(*) FROM holding_history', [(1,)])
        reader = sqlite3.connect(f'file:{self.place.db}?mode=ro', uri=True, timeout=0, isolation_level=None)
        reader.execute('BEGIN')
        self.assertEqual(reader.execute('SELECT count(*) FROM holding_history').fetchall(), [(1,)])
        for number in range(2, 500):
            self.give(running, event(number))
        self.wait_for('SELECT count(*) FROM holding_history', [(499,)])
        self.assertEqual(reader.execute('SELECT count(*) FROM holding_history').fetchall(), [(1,)])
        reader.execute('COMMIT')
        self.assertEqual(reader.execute('SELECT count(*) FROM holding_history').fetchall(), [(499,)])
        reader.close()
        for command in (['status'], ['verify'], ['export', 'text'], ['schema']):
            self.succeeds(*command)

    def test_quiet_says_nothing(self):
        self.place.write('events.jsonl', recording.joined(messages, recording.value_line))
        done = self.succeeds('load', '--input', 'events.jsonl', '--quiet')
        self.assertEqual((done.stdout, done.stderr), (b'', b''))
        done = self.succeeds('load', '--input', '-', '--quiet', '--db', 'b.db', '--no-text', stdin=event(1))
        self.assertEqual((done.stdout, done.stderr), (b'', b''))

    def test_quiet_says_what_went_wrong(self):
        done = self.succeeds('load', '--input', '-', '--quiet', stdin=b'{"op":"x"}\n')
        self.assertIn(b'rejected', done.stderr)


class AppendOnly(CliTest):
    def test_in_the_sqlite3_shell(self):
        shell = shutil.which('sqlite3')
        if not shell:
            self.skipTest('the sqlite3 shell is not installed')
        self.load_some()
        content = self.place.content()
        columns = [name for _, name, *_ in self.place.rows('PRAGMA table_info(holding_history)')]
        for sql in ("UPDATE holding_history SET op = 'u'", 'UPDATE holding_history SET change_id = change_id + 1000',
                    'DELETE FROM holding_history', 'DELETE FROM holding_history WHERE change_id = 1',
                    'REPLACE INTO holding_history SELECT * FROM holding_history',
                    'INSERT OR REPLACE INTO holding_history SELECT * FROM holding_history WHERE change_id = 5',
                    'INSERT OR IGNORE INTO holding_history SELECT * FROM holding_history WHERE change_id = 5',
                    'INSERT INTO holding_history SELECT * FROM holding_history WHERE change_id = 5 '
                    'ON CONFLICT(change_id) DO UPDATE SET op = \'x\'',
                    "UPDATE OR REPLACE holding_history SET change_id = 1 WHERE change_id = 2"):
            with self.subTest(sql=sql):
                done = subprocess.run([shell, self.place.db, sql], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      stdin=subprocess.DEVNULL, check=False)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(b'append-only', done.stdout)
                self.assertEqual(self.place.content(), content)
        self.assertGreater(len(columns), 12)

    def test_it_opens_in_the_shell_while_nothing_runs(self):
        shell = shutil.which('sqlite3')
        if not shell:
            self.skipTest('the sqlite3 shell is not installed')
        self.load_some()
        done = subprocess.run([shell, '-readonly', self.place.db, 'SELECT count(*) FROM holding_changes'],
                              stdout=subprocess.PIPE, check=True)
        self.assertEqual(int(done.stdout), len(recording.change_events(messages)))


class Demo(CliTest):
    """`cdclite demo`, as scripts/demo.sh runs it."""

    def test_loads_and_answers_and_adds_nothing_again(self):
        with open(os.path.join(given.data, 'demo.jsonl'), encoding='utf-8') as file:
            events = [json.loads(line) for line in file]
        changes = [json.loads(event['value']) for event in events if event['value'] is not None]
        users = {}
        for change in changes:
            old, new = change['before'], change['after']
            if change['op'] == 'u':
                user = users.setdefault(new['user_id'], [0, 0])
                user[0] += old['holding_stock'] != new['holding_stock']
                user[1] += old['holding_quantity'] != new['holding_quantity']
        self.assertTrue(any(stocks for stocks, _ in users.values()))
        for _ in range(2):
            said = self.succeeds('demo', '--dir', 'shown').stdout.decode()
            self.assertIn(f'{len(events)} recorded messages', said)
            self.place.db = self.place.path('shown/history.db')
            self.assertEqual(self.place.rows('SELECT count(*) FROM holding_history'), [(len(changes),)])
            for user, (stocks, quantities) in users.items():
                if stocks or quantities:
                    self.assertRegex(said, rf'\n +{user} \| +{stocks} \| +{quantities} \|')
        self.succeeds('verify', '--db', 'shown/history.db')

    def test_a_place_that_cannot_be(self):
        self.fails(STORAGE, 'demo', '--dir', 'no/such/place', says=['no/such/place'])
        self.fails(USAGE, 'demo', '--dir', 'x' * 401, says=['too long'])


if __name__ == '__main__':
    given = arguments(__doc__)
    messages = recording.read(given.data, 'h-old-1.1')
    unittest.main(argv=[sys.argv[0], *given.names], verbosity=2)
