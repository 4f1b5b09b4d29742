"""What the tests in Python share: running the program, reading what it left, and counting checks."""
import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, '..', 'data')


def arguments(description):
    """--cdclite PATH [--data DIR] [NAME…]: the program, the recordings, and which checks to run (all)."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('--cdclite', required=True, help='the program to test')
    parser.add_argument('--data', default=DATA, help='the folder of recordings')
    parser.add_argument('names', nargs='*', help='only these')
    given = parser.parse_args()
    given.cdclite = os.path.abspath(given.cdclite)
    return given


def stretches(db):
    """All of them, whichever share a row, which depends on the batches."""
    rows = db.execute('SELECT * FROM sent_stretch').fetchall()
    for run, _, numbers in db.execute('SELECT * FROM sent_stretch_list'):
        numbers = json.loads(numbers)
        offset = sent = 0
        for i in range(0, len(numbers), 4):
            offset += numbers[i]
            sent += numbers[i + 1]
            rows.append((run, offset, sent, sent + numbers[i + 2], sent + numbers[i + 3]))
    return sorted(rows)


class Checks:
    """Counts what held and what did not; a line each."""

    def __init__(self):
        self.held = self.failed = self.skipped = 0

    def check(self, name, condition, detail=''):
        name = name.replace('\n', '\\n')
        if condition:
            self.held += 1
            print(f'ok    {name}')
        else:
            self.failed += 1
            print(f'FAIL  {name}' + (f': {detail}' if detail else ''), flush=True)
        return bool(condition)

    def equal(self, name, got, want):
        return self.check(name, got == want, '' if got == want else difference(got, want))

    def skip(self, name, why):
        self.skipped += 1
        print(f'skip  {name}: {why}')

    def exit(self):
        print(f'{self.held} held, {self.failed} failed' + (f', {self.skipped} skipped' if self.skipped else ''))
        sys.exit(1 if self.failed or not self.held else 0)


def brief(value, most=400):
    text = repr(value)
    return text if len(text) <= most else text[:most] + f'… ({len(text)} characters)'


def difference(got, want):
    """Where two values part, in one line."""
    if isinstance(got, bytes) and isinstance(want, bytes) and b'\n' in got + want:
        got, want = got.split(b'\n'), want.split(b'\n')
    if isinstance(got, dict) and isinstance(want, dict):
        for key in {**want, **got}:
            if got.get(key) != want.get(key):
                return f'at {brief(key)}: {difference(got.get(key), want.get(key))}'
    if isinstance(got, (list, tuple)) and isinstance(want, (list, tuple)):
        for i, (g, w) in enumerate(zip(got, want)):
            if g != w:
                return f'at {i} of {len(want)}: {difference(g, w)}'
        longer, shorter = sorted((list(got), list(want)), key=len, reverse=True)
        return f'got {len(got)}, want {len(want)}; the next is {brief(longer[len(shorter):][:1])}'
    return f'got {brief(got)}, want {brief(want)}'


class Place:
    """A folder of its own with a database and a text log in it."""

    def __init__(self, cdclite):
        self.cdclite = cdclite
        self.folder = tempfile.TemporaryDirectory(prefix='cdclite-test-')
        self.db = self.path('history.db')
        self.text = self.path('output_data.txt')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, content):
        with open(self.path(name), 'wb') as out:
            out.write(content)
        return self.path(name)

    def run(self, *words, stdin=None, timeout=120):
        """Runs the program here; `stdin` is bytes, or nothing (/dev/null)."""
        given = {'input': stdin} if stdin is not None else {'stdin': subprocess.DEVNULL}
        return subprocess.run([self.cdclite, *words], cwd=self.folder.name, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=timeout, check=False, **given)

    def load(self, source, *words, stdin=None):
        """cdclite load of a file, or of bytes on standard input."""
        return self.run('load', '--input', source, '--db', self.db, '--text', self.text, *words, stdin=stdin)

    def connect(self):
        return sqlite3.connect(f'file:{self.db}?mode=ro', uri=True)

    def rows(self, sql, *values):
        db = self.connect()
        try:
            return db.execute(sql, values).fetchall()
        finally:
            db.close()

    def content(self):
        """All that the database and the text log hold: {table: rows}, and the text's bytes."""
        db = self.connect()
        try:
            tables = [name for name, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
            held = {table: db.execute('SELECT * FROM "' + table.replace('"', '""') + '"').fetchall()
                    for table in tables}
            held['sent_stretch'] = stretches(db)
            del held['sent_stretch_list']
            held['views and triggers'] = db.execute(
                "SELECT type, name, sql FROM sqlite_schema WHERE type <> 'table' ORDER BY name").fetchall()
        finally:
            db.close()
        held['text log'] = self.text_bytes()
        return held

    def text_bytes(self):
        if not os.path.exists(self.text):
            return b''
        with open(self.text, 'rb') as text:
            return text.read()
