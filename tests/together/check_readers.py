"""One loader and its readers: a second loader is refused at once, readers never stop the loader nor the loader them,
and the write-ahead log stays bounded, or `status` and the loader say why it does not. What is loaded is compared with
what was given, event by event."""
import argparse
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'recordings'))

import recording  # noqa: E402
from harness import Place  # noqa: E402

STORAGE = 4
WAL_LIMIT = 64 << 20
# A commit may add a batch to a log that is just below its limit.
WAL_BOUND = WAL_LIMIT + (48 << 20)
given = None
figures = []


def event(number, size):
    row = {'note_id': number, 'note': f'{number}:'.ljust(size, 'x')}
    source = {'name': 's', 'schema': 'bank_data', 'table': 'note', 'ts_ms': 1738317600000 + number, 'txId': number,
              'lsn': 1000 + number}
    return (recording.compact({'before': None, 'after': row, 'source': source, 'op': 'c'}) + '\n').encode()


class Loading:
    """A loader that is fed as fast as it takes, or in step with the test."""

    def __init__(self, place, size):
        self.place, self.size, self.given = place, size, 0
        self.loader = subprocess.Popen(
            [given.cdclite, 'load', '--input', '-', '--db', place.db, '--no-text'], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.said = []
        self.listener = threading.Thread(target=lambda: self.said.extend(self.loader.stderr), daemon=True)
        self.listener.start()

    def give(self, count):
        for number in range(self.given, self.given + count):
            self.loader.stdin.write(event(number, self.size))
        self.given += count
        self.loader.stdin.flush()

    def loaded(self):
        return self.place.rows('SELECT coalesce(sum(changes), 0) FROM batch')[0][0]

    def wait_until(self, is_so, what, seconds=60):
        until = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > until:
                raise AssertionError(f'not within {seconds} s: {what}')
            time.sleep(0.02)

    def catch_up(self):
        self.wait_until(lambda: os.path.exists(self.place.db) and self.loaded() == self.given, 'all is loaded')

    def wal(self):
        return os.path.getsize(self.place.db + '-wal')

    def finish(self):
        self.loader.stdin.close()
        code = self.loader.wait(60)
        self.listener.join(10)
        self.loader.stderr.close()
        return code, b''.join(self.said).decode()


class ReadersTest(unittest.TestCase):
    def setUp(self):
        self.place = self.enterContext(Place(given.cdclite))

    def begin(self, size):
        loading = Loading(self.place, size)
        self.addCleanup(loading.loader.kill)
        loading.give(1)
        loading.wait_until(lambda: os.path.exists(self.place.db), 'the database is there')
        loading.wait_until(lambda: self.tables(), 'its first table is there')
        return loading

    def tables(self):
        try:
            return self.place.rows("SELECT 1 FROM sqlite_schema WHERE name = 'note_history'")
        except sqlite3.OperationalError:
            return []

    def holds_all(self, loading):
        code, said = loading.finish()
        self.assertEqual(code, 0, said)
        rows = self.place.rows('SELECT after_note_id, after_note FROM note_history ORDER BY change_id')
        self.assertEqual(len(rows), loading.given)
        for number, (note_id, note) in enumerate(rows):
            self.assertEqual((note_id, note), (number, f'{number}:'.ljust(loading.size, 'x')))
        return said

    def status(self):
        return json.loads(self.place.run('status', '--db', self.place.db, '--format', 'json').stdout)

    def test_second_loader_is_refused_at_once(self):
        loading = self.begin(100)
        started = time.monotonic()
        second = self.place.run('load', '--input', '-', '--db', self.place.db, '--no-text', stdin=event(7, 10))
        took = time.monotonic() - started
        self.assertEqual((second.returncode, second.stdout), (STORAGE, b''))
        self.assertIn('another cdclite is loading into it', second.stderr.decode())
        self.assertLess(took, 2)
        self.holds_all(loading)

    def test_readers_and_the_loader_do_not_stop_each_other(self):
        loading = self.begin(1000)
        done, failures, slowest = threading.Event(), [], {}
        commands = {
            'activity': [given.cdclite, 'query', 'activity', 'table=note', '--db', self.place.db],
            'status': [given.cdclite, 'status', '--db', self.place.db],
            'shell': ['sqlite3', '-readonly', self.place.db, 'SELECT count(*), sum(length(after_note)) FROM note_history'],
        }

        def ask(name):
            while not done.is_set():
                started = time.monotonic()
                asked = subprocess.run(commands[name], capture_output=True, timeout=120, check=False)
                slowest[name] = max(slowest.get(name, 0), time.monotonic() - started)
                if asked.returncode:
                    failures.append((name, asked.stderr.decode()))

        readers = [threading.Thread(target=ask, args=(name,)) for name in commands]
        for reader in readers:
            reader.start()
        try:
            for _ in range(30):
                loading.give(1000)
                loading.catch_up()
        finally:
            done.set()
            for reader in readers:
                reader.join()
        self.assertEqual(failures, [])
        self.assertEqual(set(slowest), set(commands))
        self.holds_all(loading)
        figures.append('slowest answer while loading: ' +
                       ', '.join(f'{name} {seconds:.2f} s' for name, seconds in sorted(slowest.items())))

    def test_loader_goes_on_while_a_reader_stays_on_an_old_snapshot(self):
        loading = self.begin(10000)
        reader = self.place.connect()
        reader.execute('BEGIN')
        seen = reader.execute('SELECT count(*) FROM note_history').fetchone()
        while loading.wal() <= WAL_LIMIT + (8 << 20):
            loading.give(1000)
            loading.catch_up()
        loading.wait_until(lambda: any(b'because a reader holds' in line for line in list(loading.said)), 'it is said')
        self.assertEqual(reader.execute('SELECT count(*) FROM note_history').fetchone(), seen)
        self.assertTrue(self.status()['wal_held'])
        text = self.place.run('status', '--db', self.place.db).stdout.decode()
        self.assertIn('cannot shrink while a reader holds an old snapshot', text)
        largest = loading.wal()
        # Nothing more arrives: it shrinks by itself when the reader ends.
        reader.close()
        started = time.monotonic()
        loading.wait_until(lambda: loading.wal() <= WAL_LIMIT, 'the log is small again', 20)
        figures.append(f'held: {largest >> 20} MiB, small again {time.monotonic() - started:.1f} s after the reader ended')
        self.assertFalse(self.status()['wal_held'])
        said = self.holds_all(loading)
        self.assertEqual(said.count('because a reader holds an old snapshot'), 1, said)

    def test_log_stays_bounded_while_readers_follow_one_another_without_a_gap(self):
        loading = self.begin(10000)
        done, failures, read = threading.Event(), [], []

        def reader(first):
            held = self.place.connect()
            time.sleep(first)
            while not done.is_set():
                try:
                    held.execute('BEGIN')
                    read.append(held.execute('SELECT count(*) FROM batch').fetchone())
                    time.sleep(0.03)
                    held.execute('COMMIT')
                except sqlite3.Error as error:
                    failures.append(error)
            held.close()

        readers = [threading.Thread(target=reader, args=(i * 0.011,)) for i in range(3)]
        for thread in readers:
            thread.start()
        largest = 0
        try:
            while loading.given < 40000:
                loading.give(1000)
                loading.catch_up()
                largest = max(largest, loading.wal())
        finally:
            done.set()
            for thread in readers:
                thread.join()
        self.assertEqual(failures, [])
        self.assertGreater(len(read), 100)
        self.assertGreater(os.path.getsize(self.place.db), 3 * WAL_BOUND)
        self.assertLess(largest, WAL_BOUND)
        self.holds_all(loading)
        figures.append(f'{len(read)} overlapping reads while {os.path.getsize(self.place.db) >> 20} MiB were loaded: '
                       f'the log reached {largest >> 20} MiB')


def main():
    global given
    parser = argparse.ArgumentParser()
    parser.add_argument('--cdclite', required=True)
    given, rest = parser.parse_known_args()
    outcome = unittest.main(argv=[sys.argv[0], *rest], exit=False).result
    print(*figures, sep='\n')
    sys.exit(not outcome.wasSuccessful())


if __name__ == '__main__':
    main()
