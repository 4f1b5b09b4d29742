"""What sets an option: the command line, a property file, the environment, the default, in this order; and when output
is colored."""
import os
import pty
import re
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'recordings'))

import recording  # noqa: E402
from harness import Place, arguments  # noqa: E402

USAGE, SOURCE, STORAGE = 2, 3, 4
given = None


def event(number):
    row = {'holding_id': number, 'user_id': 1, 'holding_stock': 'A', 'holding_quantity': 1, 'datetime_created': None,
           'datetime_updated': None}
    source = {'name': 's', 'schema': 'bank_data', 'table': 'holding', 'ts_ms': 1738317600000, 'txId': 1, 'lsn': number}
    return (recording.compact({'before': None, 'after': row, 'source': source, 'op': 'c'}) + '\n').encode()


class SettingsTest(unittest.TestCase):
    def setUp(self):
        self.place = self.enterContext(Place(given.cdclite))
        self.place.write('events.jsonl', event(1) + event(2))

    def run_with(self, environment, *words):
        plain = {name: value for name, value in os.environ.items()
                 if not name.startswith('CDCLITE_') and name not in ('NO_COLOR', 'TERM')}
        return subprocess.run([given.cdclite, *words], cwd=self.place.folder.name, env={**plain, **environment},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              timeout=60)

    def file(self, *lines, name='p.properties'):
        self.place.write(name, ''.join(line + '\n' for line in lines).encode())
        return name

    def says(self, code, text, environment, *words):
        done = self.run_with(environment, *words)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(text, done.stderr.decode())
        return done.stderr.decode()


class Order(SettingsTest):
    """Shown by the name of the database that is not there."""

    def asks_for(self, path, environment, *words):
        self.says(STORAGE, f'{path}: no such file', environment, 'status', *words)

    def test_each_over_the_next(self):
        self.file('cdclite.db=of-file.db')
        variable = {'CDCLITE_DB': 'of-environment.db'}
        self.asks_for('history.db', {})
        self.asks_for('of-environment.db', variable)
        self.asks_for('of-file.db', variable, '-F', 'p.properties')
        self.asks_for('of-line.db', variable, '-F', 'p.properties', '--db', 'of-line.db')
        self.asks_for('of-line.db', variable, '-d', 'of-line.db')

    def test_an_empty_variable_is_none(self):
        self.asks_for('history.db', {'CDCLITE_DB': ''})

    def test_the_file_may_be_named_by_the_environment(self):
        self.file('cdclite.db=of-file.db')
        self.file('cdclite.db=other.db', name='q.properties')
        self.asks_for('of-file.db', {'CDCLITE_PROPERTY_FILE': 'p.properties'})
        self.asks_for('other.db', {'CDCLITE_PROPERTY_FILE': 'p.properties'}, '-F', 'q.properties')
        self.says(USAGE, 'nowhere', {'CDCLITE_PROPERTY_FILE': 'nowhere'}, 'status')

    def test_of_two_files_and_of_two_lines_the_last(self):
        self.file('cdclite.db=first.db', '# a comment', '', ' cdclite.db = second.db ')
        self.file('cdclite.db=third.db', name='q.properties')
        self.asks_for('second.db', {}, '-F', 'p.properties')
        self.asks_for('third.db', {}, '-F', 'p.properties', '-F', 'q.properties')

    def test_every_command_that_reads(self):
        self.file('cdclite.db=of-file.db')
        for words in (['status'], ['verify'], ['export', 'text'], ['query', 'as_of', 'table=x']):
            for environment, more in (({'CDCLITE_DB': 'of-file.db'}, []), ({}, ['-F', 'p.properties'])):
                self.says(STORAGE, 'of-file.db', environment, *words, *more)


class Loaded(SettingsTest):
    def count(self, name):
        self.place.db = self.place.path(name)
        return self.place.rows('SELECT count(*) FROM holding_history')[0][0]

    def test_by_a_file_alone(self):
        self.file('bootstrap.servers=127.0.0.1:1', 'cdclite.topic=of.kafka', 'cdclite.db=a.db', 'cdclite.quiet=true',
                  'cdclite.text=holding=a.txt', 'cdclite.queries=nowhere', 'cdclite.verbose=false')
        # The topic is the line's to replace by a file; queries is for another command.
        done = self.run_with({}, 'load', '-F', 'p.properties', '--input', 'events.jsonl')
        self.assertEqual((done.returncode, done.stderr), (0, b''))
        self.assertEqual(self.count('a.db'), 2)
        self.assertTrue(os.path.exists(self.place.path('a.txt')))
        done = self.run_with({}, 'query', '-F', 'p.properties')
        self.assertIn(b'nowhere', done.stderr)
        # Without a file its brokers and its topic are what is loaded.
        self.says(SOURCE, '127.0.0.1:1', {}, 'load', '-F', 'p.properties')

    def test_a_list_replaces_a_list(self):
        self.file('cdclite.text=holding=of-file.txt', 'cdclite.text=other=other.txt')
        self.assertEqual(self.run_with({}, 'load', '-i', 'events.jsonl', '-F', 'p.properties', '--db', '1.db'
                                       ).returncode, 0)
        self.assertTrue(os.path.exists(self.place.path('of-file.txt')))
        done = self.run_with({}, 'load', '-i', 'events.jsonl', '-F', 'p.properties', '--db', '2.db', '--text', 'line.txt')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(os.path.exists(self.place.path('line.txt')))
        done = self.run_with({'CDCLITE_TEXT': 'env.txt'}, 'load', '-i', 'events.jsonl', '--db', '3.db')
        self.assertTrue(os.path.exists(self.place.path('env.txt')))

    def test_no_text(self):
        for number, (environment, words) in enumerate((({'CDCLITE_NO_TEXT': 'true'}, []),
                                                       ({'CDCLITE_TEXT': 'x.txt'}, ['--no-text']))):
            done = self.run_with(environment, 'load', '-i', 'events.jsonl', '--db', f'{number}.db', *words)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual([name for name in os.listdir(self.place.folder.name) if name.endswith('.txt')], [])
        done = self.run_with({'CDCLITE_NO_TEXT': '1'}, 'load', '-i', 'events.jsonl', '--db', '5.db', '--text', 'y.txt')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(os.path.exists(self.place.path('y.txt')))

    def test_kafka_properties_are_passed_on(self):
        """Those of the file reach librdkafka, options do not."""
        self.file('no.such.property=1', 'cdclite.db=a.db')
        self.says(USAGE, 'no.such.property', {}, 'load', '-b', '127.0.0.1:1', '-t', 't', '-F', 'p.properties')
        self.file('client.id=me', 'cdclite.linger=20')
        said = self.says(SOURCE, '127.0.0.1:1', {}, 'load', '-b', '127.0.0.1:1', '-t', 't', '-F', 'p.properties')
        self.assertNotIn('cdclite.linger', said)


class Demo(SettingsTest):
    def test_it_needs_no_settings(self):
        """And takes none: those are of another Kafka."""
        self.file('security.protocol=SASL_SSL', 'cdclite.topic=other', 'cdclite.no-text=true')
        done = self.run_with({'CDCLITE_PROPERTY_FILE': 'p.properties', 'CDCLITE_A': 'a', 'CDCLITE_NO_TEXT': 'true',
                              'CDCLITE_KAFKA_SECURITY_PROTOCOL': 'SASL_SSL', 'CDCLITE_TABLE': 'nonsense'}, 'demo')
        self.assertEqual(done.returncode, 0, done.stderr)


class Mistakes(SettingsTest):
    def test_in_a_file(self):
        for line, says in (('cdclite.tpoic=x', 'did you mean cdclite.topic?'), ('cdclite.zzzzzzzzzz=x', 'unknown option'),
                           ('cdclite.input=x', '--input'), ('cdclite.property=x', '--property'),
                           ('cdclite.property-file=x', '--property-file'), ('cdclite.help=true', '--help'),
                           ('cdclite.quiet=maybe', 'true or false'), ('cdclite.linger=soon', 'soon'),
                           ('cdclite.restart-at=end', '--restart-at')):
            self.file(line)
            said = self.says(USAGE, says, {}, 'load', '-i', 'events.jsonl', '-F', 'p.properties')
            self.assertIn('p.properties', said)
        self.assertEqual([name for name in os.listdir(self.place.folder.name) if 'history' in name], [])

    def test_in_the_environment(self):
        self.says(USAGE, 'CDCLITE_LINGER', {'CDCLITE_LINGER': 'soon'}, 'load', '-i', 'events.jsonl')
        self.says(USAGE, 'CDCLITE_QUIET', {'CDCLITE_QUIET': 'maybe'}, 'status')
        # What is another command's is no mistake, and --help needs nothing.
        self.says(STORAGE, 'history.db', {'CDCLITE_LINGER': 'soon'}, 'status')
        self.assertEqual(self.run_with({'CDCLITE_PROPERTY_FILE': 'nowhere'}, '--help').returncode, 0)
        # What acts once only is not read from there.
        self.says(USAGE, 'nothing to load', {'CDCLITE_INPUT': 'events.jsonl'}, 'load')

    def test_a_query_for_a_command(self):
        self.says(USAGE, 'did you mean cdclite query most_sold_stocks?', {}, 'most_sold_stocks')
        self.says(USAGE, 'did you mean help?', {}, 'hlep')
        self.says(USAGE, 'did you mean most_sold_stocks?', {}, 'query', 'most_sold_stock')
        self.says(USAGE, 'did you mean most_sold_stocks?', {}, 'help', 'query', 'most_sold_stock')


class Color(SettingsTest):
    def on_a_terminal(self, environment, *words):
        """What comes when both outputs are a terminal."""
        ours, theirs = pty.openpty()
        plain = {name: value for name, value in os.environ.items()
                 if not name.startswith('CDCLITE_') and name not in ('NO_COLOR', 'TERM')}
        subprocess.run([given.cdclite, *words], cwd=self.place.folder.name, env={**plain, **environment},
                       stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, check=False, timeout=60)
        os.close(theirs)
        shown = b''
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:
            pass  # the other end is closed
        os.close(ours)
        return shown

    def test_when(self):
        xterm = {'TERM': 'xterm'}
        for environment, words, colored in ((xterm, [], True), ({**xterm, 'NO_COLOR': '1'}, [], False),
                                            ({**xterm, 'NO_COLOR': ''}, [], True), ({'TERM': 'dumb'}, [], False),
                                            ({}, [], False), (xterm, ['--color', 'never'], False),
                                            ({**xterm, 'CDCLITE_COLOR': 'never'}, [], False),
                                            ({**xterm, 'NO_COLOR': '1'}, ['--color=always'], True)):
            shown = self.on_a_terminal(environment, 'status', *words)
            self.assertIn(b'history.db', shown)
            self.assertEqual(b'\x1b[1;31mcdclite:\x1b[0m' in shown, colored, (environment, words))
            self.assertEqual(b'\x1b' in shown, colored)
            self.assertEqual(b'\x1b[1mExamples:\x1b[0m' in self.on_a_terminal(environment, 'load', '--help', *words),
                             colored)

    def test_a_file_has_none(self):
        self.assertNotIn(b'\x1b', self.run_with({'TERM': 'xterm'}, 'load', '--help').stdout)
        self.assertIn(b'\x1b', self.run_with({}, 'load', '--help', '--color', 'always').stdout)

    def test_queries(self):
        """Their help is the same text with its headings in bold."""
        for words in (['query'], ['help', 'query'], ['help', 'query', 'as_of']):
            plain = self.run_with({}, *words).stdout.decode()
            colored = self.run_with({}, *words, '--color', 'always').stdout.decode()
            self.assertEqual(re.sub(r'\x1b\[[01]m', '', colored), plain)
            self.assertEqual(colored.count('\x1b[1m'), colored.count('\x1b[0m'))
            for bold in re.findall(r'\x1b\[1m(.*?)\x1b\[0m', colored, re.S):
                self.assertRegex(bold, r'^(\w+|[A-Z].*:)$')
            self.assertGreater(colored.count('\x1b[1m'), 2)

    def test_tables(self):
        """The header only, aligned as without; the formats for programs never."""
        self.assertEqual(self.run_with({}, 'load', '-i', 'events.jsonl').returncode, 0)
        words = ['query', 'recent_changes', '--format']
        plain = self.run_with({}, *words, 'table').stdout.decode().splitlines()
        colored = self.run_with({}, *words, 'table', '--color', 'always').stdout.decode().splitlines()
        self.assertEqual(len(plain), 5)
        self.assertEqual(colored, ['\x1b[1m' + plain[0] + '\x1b[0m'] + plain[1:])
        for name in ('csv', 'json', 'markdown', 'tsv'):
            self.assertEqual(self.run_with({}, *words, name, '--color', 'always').stdout,
                             self.run_with({}, *words, name).stdout)

    def test_mistake(self):
        self.says(USAGE, 'auto, always or never', {}, 'status', '--color', 'sometimes')


if __name__ == '__main__':
    given = arguments(__doc__)
    unittest.main(argv=[sys.argv[0], *given.names], verbosity=2)
