"""check_browser.py --cdclite PROGRAM --data DIR
`cdclite report` in a real browser (headless Chromium): pages of several histories, light and dark, wide and on a phone. No
complaint in the console, no request, no sideways scrolling; names, headings, landmarks, tables and contrast as they should be;
the numbers are those of the queries, the pictures as long as they say, the SQL gives the same rows and can be copied."""
import json
import os
import re
import shlex
import shutil
import sqlite3
import sys
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'recordings'))

import browser  # noqa: E402
import recording  # noqa: E402
from harness import Place, arguments  # noqa: E402

SHOWN, BARS, CLIPPED = 100, 12, 160
EVIL = '<script>window.hacked = 1</script>"\'&amp;<img src=x onerror="window.hacked=2">'
given = None
with open(os.path.join(HERE, 'inspect.js'), encoding='utf-8') as file:
    INSPECT = file.read()
with open(os.path.join(HERE, 'answers.js'), encoding='utf-8') as file:
    ANSWERS = file.read()


def change(number, table, column='name', value='x', old=None):
    source = {'name': 's', 'schema': 'p', 'table': table, 'ts_ms': 1738317600000 + number * 3600000, 'txId': number,
              'lsn': 1000 + number}
    row = {'id': number, column: value}
    before = None if old is None else {'id': number, column: old}
    return (recording.compact({'before': before, 'after': row, 'source': source, 'op': 'u' if before else 'c'}) + '\n').encode()


def holding(number, stock, quantity, user, before=None):
    row = {'holding_id': 1, 'user_id': user, 'holding_stock': stock, 'holding_quantity': quantity, 'datetime_created': None,
           'datetime_updated': None}
    source = {'name': 's', 'schema': 'bank_data', 'table': 'holding', 'ts_ms': 1738317600000 + number, 'txId': number,
              'lsn': 9000 + number}
    line = recording.compact({'before': before, 'after': row, 'source': source, 'op': 'u' if before else 'c'}) + '\n'
    return line.encode(), row


def hostile_events():
    """Names and values that are markup, controls, very long."""
    lines = [change(1, EVIL, EVIL, EVIL), change(2, EVIL, EVIL, 'y', EVIL), change(3, 'long' + 'g' * 300, 'c' * 200, 'v' * 5000)]
    row = None
    for number, stock in enumerate((EVIL, 'a\x1b[31m\u202eb\r\n', 'W' * 400, '長' * 300, '', None, 'Z')):
        line, row = holding(number, stock, 100 - number, 7 + number % 3, row)
        lines.append(line)
    return b''.join(lines) + b'{"op": "<b>x"}\n'


def many_tables():
    return b''.join(change(i, f'table_{i % 150}', 'name', f'v{i}', f'w{i}' if i > 150 else None) for i in range(400))


HISTORIES = {
    'demo': (lambda: None, []),
    'row times': (lambda: None, ['period=month', 'time=row', 'from=2025-01-15', 'to=2025-03-01']),
    'empty': (lambda: b'', []),
    'without holding': (lambda: b''.join(change(i, 'orders', 'name', f'v{i}', 'w') for i in range(1, 40)), []),
    'hostile': (hostile_events, []),
    'many tables': (many_tables, []),
}


def shown(value):
    """A value of --format json as a cell of the page has it."""
    if value is None or isinstance(value, (int, float)):
        return None if value is None else str(value)
    clipped = value
    taken = 0
    for place, character in enumerate(value):
        taken += 2 if character == '長' else 1
        if taken > CLIPPED:
            clipped = value[:place] + '…'
            break
    names = {'\n': '\\n', '\r': '\\r', '\t': '\\t', '\x1b': '\\x1b', '\u202e': '\\xe2\\x80\\xae'}
    return ''.join(names.get(c, c) for c in clipped)


class Report(unittest.TestCase):
    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        cls.browser = browser.Browser()
        cls.places = {}
        for name, (events, words) in HISTORIES.items():
            place = cls.places[name] = Place(given.cdclite)
            data = events()
            if data is None:
                place.load(os.path.join(given.data, 'demo.jsonl'))
            else:
                place.load('-', stdin=data)
            done = place.run('report', '--html', 'report.html', *words)
            assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        for place in cls.places.values():
            place.folder.cleanup()

    def visit(self, name, width=1280, scheme='light', scripts=True):
        self.browser.visit('file://' + self.places[name].path('report.html'), width, 900, scheme, scripts)

    def asked(self, name, *words):
        done = self.places[name].run(*words, '--format', 'json')
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_looks(self):
        for name in HISTORIES:
            for width in (320, 390, 1280):
                for scheme in ('light', 'dark'):
                    with self.subTest(name=name, width=width, scheme=scheme):
                        self.visit(name, width, scheme)
                        paper = self.browser.run('getComputedStyle(document.body).backgroundColor')
                        self.assertEqual(max(map(int, re.findall(r'\d+', paper))) < 60, scheme == 'dark')
                        self.assertEqual(self.browser.run(INSPECT), [])
                        said, asked = self.browser.complaints()
                        self.assertEqual((said, asked), ([], ['file://' + self.places[name].path('report.html')]))

    def test_tells(self):
        """What each history has a section for."""
        rest = ['columns', 'health']
        of_holding = ['changes', 'sold-per-period', 'sold', 'users', 'stock-changes', *rest]
        for name, want in (('demo', of_holding), ('hostile', of_holding), ('empty', ['health']),
                           ('without holding', ['changes', *rest])):
            self.visit(name)
            self.assertEqual(self.browser.run("[...document.querySelectorAll('section')].map(s => s.id)"), want)
            links = self.browser.run("[...document.querySelectorAll('nav a')].map(a => a.getAttribute('href'))")
            self.assertEqual(links, ['#' + section for section in want])
        self.visit('many tables')
        text = self.browser.run('document.body.innerText')
        self.assertIn('The 12 tables with the most changes, of 150.', text)
        self.assertEqual(self.browser.run("document.querySelectorAll('#columns h3').length"), 12)

    def test_numbers(self):
        """Each table of the page is what its command answers, and its SQL gives the same."""
        for name in HISTORIES:
            self.visit(name)
            for answer in self.browser.run(ANSWERS):
                if answer['section'] == 'health':
                    continue
                words = shlex.split(answer['command'])
                self.assertEqual(words[:2], ['cdclite', 'query'])
                rows = self.asked(name, *words[1:])
                with self.subTest(name=name, command=answer['command']):
                    self.assertEqual(answer['rows'], [[shown(v) for v in row.values()] for row in rows[:SHOWN]])
                    self.assertEqual(answer['none'], not rows)
                    if rows:
                        self.assertEqual(answer['names'], [shown(key) for key in rows[0]])
                    if len(rows) > SHOWN:
                        self.assertIn(f'the first {SHOWN} of {len(rows):,} rows', answer['caption'])
                    self.check_sql(name, answer['sql'], words[3:], rows)

    def check_sql(self, name, sql, words, rows):
        values = dict(word.split('=', 1) for word in words)
        values = {**dict.fromkeys(re.findall(r':(\w+)', sql)), **values}
        with sqlite3.connect(f'file:{self.places[name].db}?mode=ro', uri=True) as db:
            got = db.execute(sql, values).fetchall()
        db.close()
        self.assertEqual([list(row) for row in got], [list(row.values()) for row in rows])

    def test_pictures(self):
        """Bars and columns are as long as the numbers in the table say."""
        series = {'changes': ('inserts', 'updates', 'deletes', 'snapshots'), 'sold-per-period': ('times_sold',),
                  'sold': ('times_sold',), 'users': ('inserts', 'updates', 'deletes'), 'stock-changes': ('changed_events',),
                  'columns': ('changes',)}
        seen = 0
        for name in HISTORIES:
            self.visit(name)
            for answer in self.browser.run(ANSWERS):
                if answer['section'] == 'health' or answer['none']:
                    continue
                rows = self.asked(name, *shlex.split(answer['command'])[1:])
                over_time = answer['section'] in ('changes', 'sold-per-period')
                marks = {} if over_time else []
                for row in rows if over_time else rows[:BARS]:
                    numbers = [row[column] for column in series[answer['section']]]
                    if over_time:
                        marks[row['period']] = [a + b for a, b in zip(marks.get(row['period'], [0] * 4), numbers)]
                    else:
                        marks.append(numbers)
                marks = list(marks.values()) if over_time else marks
                greatest = max(map(sum, marks)) or 1
                self.assertEqual(len(marks), len(answer['bars']))
                for numbers, bar in zip(marks, answer['bars']):
                    full = 150 if over_time else 100
                    want = [(f's{i + 1}', n / greatest * full) for i, n in enumerate(numbers) if n]
                    got = [(part[0], float(part[4] if over_time else part[3].rstrip('%'))) for part in bar['parts']]
                    self.assertEqual([w[0] for w in want], [g[0] for g in got])
                    for (_, a), (_, b) in zip(want, got):
                        self.assertAlmostEqual(a, b, delta=0.006)
                    words = bar['title'] if over_time else bar['text'][1]
                    self.assertTrue(words.endswith(f'{sum(numbers):,}'), words)
                    seen += 1
        self.assertGreater(seen, 100)

    def test_health(self):
        for name in HISTORIES:
            status = json.loads(self.places[name].run('status', '--format', 'json').stdout)
            self.visit(name)
            parts = {answer['part']: answer for answer in self.browser.run(ANSWERS) if answer['section'] == 'health'}
            totals = dict(zip(parts['totals']['names'], parts['totals']['rows'][0]))
            self.assertEqual(totals, {key: str(status[key]) for key in totals})
            self.assertEqual(len(totals), 6)
            for part, keys in (('positions', ('topic', 'partition', 'next_offset', 'end_offset', 'lag')),
                               ('tables', ('table', 'source', 'changes')), ('texts', ('table', 'path', 'bytes'))):
                self.assertEqual(parts[part]['rows'], [[shown(row[key]) for key in keys] for row in status[part][:SHOWN]])
            for element, key in (('bytes', 'bytes'), ('wal-bytes', 'wal_bytes')):
                self.assertEqual(self.browser.run(f"document.getElementById('{element}').textContent"), str(status[key]))

    def test_hostile(self):
        self.visit('hostile')
        self.assertIsNone(self.browser.run('window.hacked ?? null'))
        text = self.browser.run('document.body.textContent')
        self.assertIn(EVIL, text)
        self.assertNotRegex(text, '[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]')
        rejected = next(a for a in self.browser.run(ANSWERS) if a.get('part') == 'rejected')
        self.assertEqual(len(rejected['rows']), 1)

    def test_copy(self):
        self.visit('demo')
        browser_call = self.browser.call
        self.browser.session, session = None, self.browser.session
        browser_call('Browser.grantPermissions', permissions=['clipboardReadWrite', 'clipboardSanitizedWrite'])
        self.browser.session = session
        for place in (0, 2):
            self.browser.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
            self.browser.run(f"document.querySelectorAll('.answer button')[{place}].click()")
            copied = self.browser.run('new Promise(r => setTimeout(r, 200)).then(() => navigator.clipboard.readText())')
            self.assertEqual(copied, self.browser.run(ANSWERS)[place]['sql'])
            self.assertEqual(self.browser.run(f"document.querySelectorAll('.answer button')[{place}].textContent"), 'Copied')
        self.assertEqual(self.browser.run("document.getElementById('said').textContent"), 'Copied')
        words = shlex.split(self.browser.run(ANSWERS)[2]['command'])[1:]
        self.assertEqual(copied.encode(), self.places['demo'].run(*words, '--sql').stdout)

    def test_without_script(self):
        self.visit('demo', scripts=False)
        tree = self.browser.call('Accessibility.getFullAXTree')['nodes']
        roles = [node.get('role', {}).get('value') for node in tree if not node.get('ignored')]
        self.assertNotIn('button', roles)
        for role, least in (('main', 1), ('banner', 1), ('contentinfo', 1), ('navigation', 1), ('table', 8), ('image', 6)):
            self.assertGreaterEqual(roles.count(role), least, role)
        for node in tree:
            if node.get('role', {}).get('value') in ('image', 'table', 'region', 'navigation') and not node.get('ignored'):
                self.assertTrue(node['name']['value'])


if __name__ == '__main__':
    given = arguments(__doc__)
    if not shutil.which('chromium'):
        print('skip: chromium is not installed')
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *given.names], verbosity=2)
