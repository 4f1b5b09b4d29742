"""What comes from events, databases and files never steers a terminal, whatever is asked and however: topics, names of
tables and columns, values, keys, reasons, paths, the user's own query files. Where the output is no terminal, data stay
byte for byte."""
import json
import os
import pty
import select
import subprocess
import sys
import time
import unicodedata
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'recordings'))

import recording  # noqa: E402
from harness import Place, arguments  # noqa: E402

given = None
# A title, a colour, DEL, CSI as one character of C1, NEL, a line separator, an override, an isolate; "mark" is looked for.
EVIL = 'mark\x1b]0;title\x07\x1b[31m\x08\x7f\x9b31m\x85\u2028\u202e\u2066'
TOPIC = 's.bank_data.' + EVIL
# What the program itself writes to a terminal: the end of a line, the progress line's clearing, its headings and marks.
OWN = ('\r\n', '\r\x1b[K', '\x1b[1m', '\x1b[1;31m', '\x1b[1;33m', '\x1b[36m', '\x1b[0m')


def line(table, row, offset, op='c'):
    source = {'name': 's', 'schema': 'bank_data', 'table': table, 'ts_ms': 1738317600000 + offset, 'txId': offset,
              'lsn': 1000 + offset}
    value = {'before': None, 'after': row, 'source': source, 'op': op}
    return recording.compact({'topic': 's.bank_data.' + table, 'partition': 0, 'offset': offset, 'key': None,
                              'payload': recording.compact(value)}) + '\n'


def events():
    lines = [line('holding', {'holding_id': 1, 'user_id': 1, 'holding_stock': EVIL, 'holding_quantity': 1,
                              'datetime_created': None, 'datetime_updated': None}, 0),
             line(EVIL, {'id': 1, 'column ' + EVIL: EVIL}, 0),
             line('holding', None, 1, op=EVIL)]
    return ''.join(lines).encode()


class Terminal(unittest.TestCase):
    def setUp(self):
        self.place = self.enterContext(Place(given.cdclite))
        self.place.write('events.jsonl', events())

    def on_a_terminal(self, *words, seconds=60):
        """What the program writes when standard output and standard error are a terminal."""
        controller, terminal = pty.openpty()
        running = subprocess.Popen([given.cdclite, *words], cwd=self.place.folder.name, stdin=subprocess.DEVNULL,
                                   stdout=terminal, stderr=terminal, env={**os.environ, 'TERM': 'xterm'})
        os.close(terminal)
        said, until = b'', time.monotonic() + seconds
        try:
            while select.select([controller], [], [], max(0, until - time.monotonic()))[0]:
                piece = os.read(controller, 65536)
                if not piece:
                    break
                said += piece
        except OSError:
            pass  # the program closed it
        finally:
            os.close(controller)
            running.kill()
            running.wait()
        return said

    def harmless(self, *words):
        said = self.on_a_terminal(*words)
        text = said.decode()  # strict: no byte that is not UTF-8
        for own in OWN:
            text = text.replace(own, '')
        for character in text:
            kind = unicodedata.category(character)
            if character == '\t' and 'tsv' in words:
                continue
            if kind in ('Cc', 'Zl', 'Zp') or '\u202a' <= character <= '\u202e' or '\u2066' <= character <= '\u2069':
                self.fail(f'{words}: {character!r} in {text[max(0, text.index(character) - 60):][:120]!r}')
        return said

    def load(self):
        self.assertIn(b'mark', self.harmless('load', '--input', 'events.jsonl', '--text', f'{EVIL}={EVIL}.txt'))

    def test_load(self):
        """Warnings and errors quote topics, tables, columns, reasons, paths."""
        self.load()
        self.place.write('bad.jsonl', events().replace(b'"op":"c"', b'"op":"x"') + EVIL.encode() + b'\n\xff\x1b\n')
        self.harmless('load', '--input', 'bad.jsonl', '--verbose', '--db', 'other.db', '--no-text')
        for words in (['--key', f'{EVIL}={EVIL}'], ['--table', f'{TOPIC}={EVIL}'], ['--text', EVIL]):
            self.harmless('load', '--input', 'events.jsonl', *words)
        for words in (['--type', f'{EVIL}.{EVIL}={EVIL}'], ['--restart-at', EVIL], ['--input-format', EVIL],
                      ['--' + EVIL], [EVIL]):
            self.assertIn(b'mark', self.harmless('load', '--input', 'events.jsonl', *words))

    def test_status(self):
        self.load()
        for words in ([], ['--format', 'text'], ['--format', 'json']):
            self.assertIn(b'mark', self.harmless('status', *words))

    def test_rejected(self):
        name = EVIL.replace('\n', '') + '.jsonl'
        self.place.write(name, json.dumps({'op': EVIL, 'after': EVIL}, ensure_ascii=False).encode() + b'\n')
        self.assertIn(b'mark', self.harmless('load', '--input', name, '--log-format', 'json'))
        for form in ('table', 'csv', 'csv-safe', 'tsv', 'json', 'jsonl', 'markdown'):
            self.assertIn(b'mark', self.harmless('rejected', 'list', '--format', form))
        self.assertIn(b'mark', self.harmless('rejected', 'show', '1'))

    def test_schema(self):
        self.load()
        self.assertIn(b'mark', self.harmless('schema'))

    def test_export(self):
        self.load()
        self.assertIn(b'mark', self.harmless('export', 'text'))
        self.assertIn(b'mark', self.harmless('export', 'text', EVIL))
        self.assertIn(b'mark', self.harmless('export', 'text', 'no' + EVIL))

    def test_query(self):
        self.load()
        for form in ('table', 'csv', 'csv-safe', 'tsv', 'json', 'jsonl', 'markdown'):
            self.assertIn(b'mark', self.harmless('query', 'recent_changes', '--format', form))
            self.assertIn(b'mark', self.harmless('query', 'as_of', 'table=' + EVIL, '--format', form))
        for words in ([], ['table=' + EVIL, '--sql'], ['table=no' + EVIL], [EVIL + '=1'], ['table=holding', 'key=' + EVIL]):
            self.harmless('query', 'row_history', *words)
        self.assertIn(b'mark', self.harmless('query', 'as_of', 'table=' + EVIL, '--sql'))
        for words in (['column_changes', 'table=' + EVIL], ['most_sold_stocks'], ['as_of', 'table=' + EVIL], ['activity']):
            self.harmless('query', *words, '--chart')
            self.harmless('query', *words, '--chart', '--column', EVIL)
        self.assertIn(b'mark', self.harmless('query', 'activity', '--chart'))

    def test_report(self):
        self.load()
        self.assertIn(b'mark', self.harmless('report', '--html', '-'))
        self.assertIn(b'mark', self.harmless('report', '--html', '-', EVIL))

    def test_query_files(self):
        os.mkdir(self.place.path('mine'))
        self.place.write(f'mine/{EVIL}.sql', f'-- {EVIL}: {EVIL}\n-- Parameters:\n--   :a  text  {EVIL}\n'
                                             f"SELECT :a AS \"{EVIL}\", '{EVIL}' AS b, {EVIL}".encode())
        self.load()
        for words in ([], [EVIL], [EVIL, '--help'], [EVIL, '--sql'], [EVIL, 'a=1'], [EVIL, 'b=1']):
            self.assertIn(b'mark', self.harmless('query', *words, '--queries', 'mine'))

    def test_bytes_stay_elsewhere(self):
        """A pipe gets what the database holds."""
        self.assertEqual(self.place.load('events.jsonl').returncode, 0)
        self.assertIn(EVIL.encode(), self.place.run('export', 'text').stdout)
        self.assertEqual(self.place.run('export', 'text').stdout, self.place.text_bytes())
        self.assertIn(EVIL.encode(), self.place.run('schema').stdout)
        self.assertIn(EVIL.encode(), self.place.run('query', 'recent_changes', '--format', 'csv').stdout)
        self.assertIn(EVIL.encode(), self.place.run('query', 'as_of', 'table=' + EVIL, '--sql').stdout)


if __name__ == '__main__':
    given = arguments(__doc__)
    unittest.main(argv=[sys.argv[0], *given.names], verbosity=2)
