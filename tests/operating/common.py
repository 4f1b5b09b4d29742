"""What the tests of operating share: events, a loader that is fed in step with the test, a small disk."""
import argparse
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
from harness import DATA, Place  # noqa: E402

FAILURE, USAGE, SOURCE, STORAGE = 1, 2, 3, 4
given = None


def event(number, op='c', table='holding', stock='A'):
    row = {'holding_id': number, 'user_id': 1, 'holding_stock': stock, 'holding_quantity': 1}
    source = {'name': 's', 'schema': 'bank_data', 'table': table, 'ts_ms': 1738317600000 + number, 'txId': number,
              'lsn': 1000 + number}
    return (recording.compact({'before': row if op in 'ud' else None, 'after': None if op in 'dt' else row,
                               'source': source, 'op': op}) + '\n').encode()


class Loading:
    """A loader of a pipe."""

    def __init__(self, place, *words):
        self.place = place
        self.loader = subprocess.Popen([given.cdclite, 'load', '--input', '-', *words], cwd=place.folder.name,
                                       stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.said = []
        self.listener = threading.Thread(target=lambda: self.said.extend(self.loader.stderr), daemon=True)
        self.listener.start()

    def give(self, *events):
        self.loader.stdin.write(b''.join(events))
        self.loader.stdin.flush()

    def end(self):
        """The exit code and what was said."""
        self.loader.stdin.close()
        code = self.loader.wait(60)
        self.listener.join(10)
        self.loader.stderr.close()
        return code, b''.join(self.said).decode()

    def kill(self):
        self.loader.kill()
        self.loader.wait(60)
        if not self.loader.stdin.closed:
            try:
                self.loader.stdin.close()
            except BrokenPipeError:
                pass
        self.listener.join(10)
        self.loader.stderr.close()


class OperatingTest(unittest.TestCase):
    def setUp(self):
        self.place = self.enterContext(Place(given.cdclite))

    def begin(self, *words):
        loading = Loading(self.place, *words)
        self.addCleanup(loading.kill)
        return loading

    def until(self, is_so, what, seconds=20):
        end = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > end:
                self.fail(f'not within {seconds} s: {what}')
            time.sleep(0.01)

    def changes(self, db=None):
        """How many are committed; 0 before there is a table."""
        try:
            with sqlite3.connect(f'file:{db or self.place.db}?mode=ro', uri=True) as connection:
                return connection.execute('SELECT coalesce(sum(changes), 0) FROM batch').fetchone()[0]
        except sqlite3.OperationalError:
            return 0

    def succeeds(self, *words, stdin=None):
        done = self.place.run(*words, stdin=stdin)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def files(self):
        """What stands here, but for what SQLite keeps beside a database."""
        return sorted(name for name in os.listdir(self.place.folder.name) if not name.endswith(('-wal', '-shm')))

    def fails(self, code, *words, says=()):
        before = self.files()
        done = self.place.run(*words)
        said = done.stderr.decode()
        self.assertEqual((done.returncode, done.stdout, len(said.splitlines())), (code, b'', 1), (words, said))
        for text in says:
            self.assertIn(text, said)
        self.assertEqual(self.files(), before)
        return said

    def small_disk(self, size):
        """A folder on a disk of its own; skips where mounting is not allowed."""
        disk = self.place.path('disk')
        os.mkdir(disk)
        if subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={size}', 'cdclite-test', disk],
                          stderr=subprocess.PIPE, check=False).returncode:
            self.skipTest('mounting a tmpfs is not allowed here')
        self.addCleanup(subprocess.run, ['umount', '--lazy', disk], check=True)
        return disk


def main(module):
    global given
    parser = argparse.ArgumentParser()
    parser.add_argument('--cdclite', required=True)
    parser.add_argument('--host', help='a mock cluster, filled')
    parser.add_argument('--data', default=DATA)
    given, rest = parser.parse_known_args()
    unittest.main(module=module, argv=[sys.argv[0], *rest], verbosity=2)
