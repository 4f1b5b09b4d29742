"""check_files.py --cdclite PROGRAM --data DIR
The file that `cdclite report` writes: whole or the old one, nothing else ever replaced; what it refuses; that its content policy
names its style and script; and, by an HTML parser, that every tag is closed and no other element than known ones is there."""
import base64
import hashlib
import html.parser
import os
import re
import stat
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'recordings'))

from harness import Place, arguments  # noqa: E402

given = None
VOID = {'meta', 'line', 'rect'}
KNOWN = VOID | set('html head title style body header h1 h2 h3 p time code nav ul li a main section div span figure svg desc text g '
                   'table caption thead tbody tr th td details summary button pre footer script'.split())


class Parser(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen = [], set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag in VOID or self.open.pop() == tag, (tag, self.getpos())


class Files(unittest.TestCase):
    def setUp(self):
        self.place = self.enterContext(Place(given.cdclite))
        self.place.load(os.path.join(given.data, 'demo.jsonl'))

    def report(self, *words, code=0, says=''):
        done = self.place.run('report', *words)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(says, done.stderr.decode())
        return done.stdout

    def content(self, name):
        with open(self.place.path(name), 'rb') as file:
            return file.read()

    def test_page(self):
        page = self.report('--html', '-').decode()
        parser = Parser()
        parser.feed(page)
        self.assertEqual((parser.open, parser.seen - KNOWN), ([], set()))
        self.assertNotRegex(page, r'https?://|url\(|@import| style="| on\w+="')
        for kind, tag in (('style', 'style'), ('script', 'script')):
            text = re.search(f'<{tag}>(.*?)</{tag}>', page, re.S)[1]
            want = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            self.assertIn(f"{kind}-src 'sha256-{want}'", page, f'the hash in src/report.c is to be {want}')
        self.assertIn("default-src 'none'", page)

    def test_replaced(self):
        self.report('--html', 'a.html')
        first, inode = self.content('a.html'), os.stat(self.place.path('a.html')).st_ino
        os.symlink('a.html', self.place.path('link.html'))
        self.report('--html', 'link.html', 'period=year')
        self.assertTrue(os.path.islink(self.place.path('link.html')))
        self.assertNotEqual(self.content('a.html'), first)
        self.assertNotEqual(os.stat(self.place.path('a.html')).st_ino, inode)
        mode = stat.S_IMODE(os.stat(self.place.path('a.html')).st_mode)
        self.assertEqual(mode & 0o400, 0o400)
        self.assertEqual([name for name in os.listdir(self.place.folder.name) if name.endswith('.tmp')], [])

    def test_nothing_else_replaced(self):
        self.place.write('notes.txt', b'notes')
        before = self.content('history.db')
        for name in ('notes.txt', 'history.db', 'output_data.txt'):
            self.report('--html', name, code=2, says='something else')
        self.report('--html', '.', code=2, says='no file')
        self.report('--html', '/dev/null', code=2, says='no file')
        self.assertEqual((self.content('notes.txt'), self.content('history.db')), (b'notes', before))
        self.place.write('empty', b'')
        self.report('--html', 'empty')

    def test_refused(self):
        self.report(code=2, says='--html FILE')
        self.report('--html', 'x.html', 'from=yesterday', code=2, says='from=yesterday')
        self.report('--html', 'x.html', 'period=decade', code=2, says='day|week|month|year')
        self.report('--html', 'x.html', 'user=7', code=2, says='user')
        self.report('--html', 'nowhere/x.html', code=1, says='nowhere')
        self.report('--html', 'x.html', '--db', 'none.db', code=4, says='none.db')
        self.assertFalse(os.path.exists(self.place.path('x.html')))

    def test_period(self):
        """The shortest that gives no more than about sixty: the changes span a few seconds."""
        for words, period in (([], 'day'), (['period=week'], 'week'), (['time=row'], 'month'),
                              (['from=2025-01-01', 'to=2025-03-01'], 'day'), (['from=2025-01-01', 'to=2026-01-01'], 'week'),
                              (['from=2023-01-01', 'to=2026-01-01'], 'month'), (['from=1990-01-01', 'to=2026-01-01'], 'year')):
            page = self.report('--html', '-', *words).decode()
            self.assertIn(f'cdclite query activity period={period}', page, words)


if __name__ == '__main__':
    given = arguments(__doc__)
    unittest.main(argv=[sys.argv[0], *given.names], verbosity=2)
