"""query --chart on terminals of several widths, locales and colors, and into a pipe: no line is wider than the terminal, the
numbers are those of --format json, and each bar is as long as its number says."""
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import unicodedata
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'recordings'))

from harness import Place, arguments  # noqa: E402

given = None
PLAIN = {name: value for name, value in os.environ.items()
         if name not in ('COLUMNS', 'LC_ALL', 'LC_CTYPE', 'LANG', 'NO_COLOR')}
UTF8 = {**PLAIN, 'LANG': 'de_DE.UTF-8', 'TERM': 'xterm'}
ASCII = {**PLAIN, 'LANG': 'C', 'TERM': 'xterm'}
PARTS = ' ▏▎▍▌▋▊▉█'
HOSTILE = """SELECT column1 AS label, column2 AS number FROM (VALUES
  ('a' || char(27) || '[31mred' || char(13, 10, 7) || char(0x202e) || 'x', 3), (replace(hex(zeroblob(5000)), '00', '長い名前'), 2),
  (x'ff00', -1.5), (NULL, NULL), ('e' || char(0x301), 9223372036854775807))"""


def width_of(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in line)


def plain(text):
    return re.sub(r'\x1b\[[0-9;]*m', '', text)


class Chart(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Place(given.cdclite)
        os.mkdir(cls.place.path('queries'))
        cls.place.write('queries/hostile.sql', HOSTILE.encode())
        cls.place.load(os.path.join(given.data, 'demo.jsonl'))

    @classmethod
    def tearDownClass(cls):
        cls.place.folder.cleanup()

    def shown(self, width, surroundings, *words):
        """What stands on a terminal of that width."""
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.place.folder.name)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 40, width, 0, 0))
            os.execve(given.cdclite, [given.cdclite, 'query', *words], surroundings)
        text = b''
        while True:
            try:
                piece = os.read(terminal, 65536)
            except OSError:
                break
            if not piece:
                break
            text += piece
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(terminal)
        self.assertEqual(code, 0, text)
        return text.decode().replace('\r\n', '\n')

    def piped(self, surroundings, *words):
        return subprocess.run([given.cdclite, 'query', *words], cwd=self.place.folder.name, env=surroundings,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def answer(self, *words):
        return json.loads(self.piped(UTF8, *words, '--format', 'json').stdout)

    def test_bars(self):
        rows = self.answer('most_sold_stocks')
        label = max(len(row['stock']) for row in rows)
        number = max(len(str(row['times_sold'])) for row in rows)
        for width in (20, 33, 80, 200):
            lines = plain(self.shown(width, UTF8, 'most_sold_stocks', '--chart')).splitlines()
            self.assertEqual(lines[0], 'times_sold by stock'[:width])
            room = width - label - number - 2
            for line, row in zip(lines[1:], rows):
                length = max(1, int(row['times_sold'] / rows[0]['times_sold'] * room * 8 + 0.5))
                bar = '█' * (length // 8) + PARTS[length % 8].strip()
                self.assertEqual(line, f"{row['stock']:{label}} {row['times_sold']:{number}} {bar}")
            self.assertIn(f'({len(rows)} rows', lines[-1])
            self.assertEqual(len(lines), len(rows) + 2)

    def test_fits(self):
        for surroundings in (UTF8, ASCII):
            for width in (25, 40, 80, 132):
                for words in (['most_sold_stocks'], ['recent_changes', 'limit=60'], ['hostile', '--queries', 'queries'],
                              ['column_changes', 'table=holding'], ['stock_change_counts']):
                    text = self.shown(width, surroundings, *words, '--chart')
                    self.assertTrue(text)
                    lines = plain(text).splitlines()
                    self.assertNotRegex(''.join(lines), '[\x00-\x1f\x7f-\x9f\u202a-\u202e]')
                    for line in lines:
                        # Where a number alone is wider than the terminal, it is whole all the same.
                        self.assertLessEqual(width_of(line), max(width, 30 if 'hostile' in words else 0), (width, words, line))
                    if surroundings is ASCII:
                        self.assertTrue(text.isascii(), text)

    def test_exact(self):
        text = self.piped(UTF8, 'hostile', '--queries', 'queries', '--chart').stdout.decode()
        for number in ('9223372036854775807', '-1.5', 'NULL'):
            self.assertIn(f' {number} ', text + ' ')
        self.assertIn('\\x1b', text)

    def test_line(self):
        rows = self.answer('recent_changes', 'limit=60')
        text = plain(self.shown(80, UTF8, 'recent_changes', 'limit=60', '--chart', '--column', 'new_quantity'))
        self.assertIn('new_quantity by changed_at', text.splitlines()[0])
        self.assertEqual(len({row['changed_at'] for row in rows}), 60)
        known = [row for row in rows if row['new_quantity'] is not None]
        numbers = [row['new_quantity'] for row in known]
        self.assertEqual(re.findall(r'^(first|last|least|greatest) +(\d+)  (\S+)Z', text, re.M), [
            (name, str(row['new_quantity']), row['changed_at'].rstrip('Z')) for name, row in (
                ('first', known[-1]), ('last', known[0]), ('least', known[numbers.index(min(numbers))]),
                ('greatest', known[numbers.index(max(numbers))]))])
        self.assertEqual(len(text.splitlines()), 1 + 10 + 2 + 4 + 1)

    def test_width(self):
        """COLUMNS counts more than the terminal; without both it is 80."""
        longest = {}
        for name, text in (('terminal', self.shown(50, UTF8, 'most_sold_stocks', '--chart')),
                           ('COLUMNS', self.shown(50, {**UTF8, 'COLUMNS': '60'}, 'most_sold_stocks', '--chart')),
                           ('pipe', self.piped(UTF8, 'most_sold_stocks', '--chart').stdout.decode())):
            longest[name] = max(map(width_of, plain(text).splitlines()[1:-1]))
        self.assertEqual(longest, {'terminal': 50, 'COLUMNS': 60, 'pipe': 80})

    def test_color(self):
        words = ['most_sold_stocks', '--chart']
        self.assertIn('\x1b[36m', self.shown(80, UTF8, *words))
        for surroundings, more in (({**UTF8, 'NO_COLOR': '1'}, []), ({**UTF8, 'TERM': 'dumb'}, []), (UTF8, ['--color', 'never'])):
            self.assertNotIn('\x1b', self.shown(80, surroundings, *words, *more))
        self.assertNotIn(b'\x1b', self.piped(UTF8, *words).stdout)
        self.assertIn(b'\x1b[36m', self.piped(UTF8, *words, '--color', 'always').stdout)

    def test_locale(self):
        words = ['most_sold_stocks', '--chart']
        for more, unicode in (({'LANG': 'en_US.utf8'}, True), ({'LC_ALL': 'C', 'LANG': 'C.UTF-8'}, False),
                              ({'LC_CTYPE': 'C.UTF-8', 'LANG': 'C'}, True), ({}, False)):
            text = self.piped({**PLAIN, **more}, *words).stdout.decode()
            self.assertEqual('█' in text, unicode, more)
            self.assertEqual('#' in text, not unicode, more)

    def test_usage(self):
        for words, says in ((['most_sold_stocks', '--chart', '--format', 'csv'], '--format'),
                            (['most_sold_stocks', '--chart', '--sql'], '--sql'),
                            (['most_sold_stocks', '--column', 'units_sold'], '--chart'),
                            (['most_sold_stocks', '--chart', '--column', 'stock'], 'there are stock, times_sold'),
                            (['most_sold_stocks', '--chart', '--column', 'x'], 'x')):
            done = self.piped(UTF8, *words)
            self.assertEqual((done.returncode, done.stdout), (2, b''), words)
            self.assertIn(says, done.stderr.decode())
        none = self.piped(UTF8, 'most_sold_stocks', 'from=2050-01-01', '--chart')
        self.assertEqual((none.returncode, none.stdout), (0, b'(0 rows)\n'))


if __name__ == '__main__':
    given = arguments(__doc__)
    unittest.main(argv=[sys.argv[0], *given.names], verbosity=2)
