"""Completion: what the program offers for a line, and that bash, zsh and fish, on a terminal, complete it so."""
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'recordings'))

import recording  # noqa: E402
from harness import Place, arguments  # noqa: E402
from shell import STARTS, Shell  # noqa: E402

TOPIC = 'bankserver1.bank_data.holding'
MINE = '-- mine: what I ask.\n-- Parameters:\n--   :colour  red|green  which\nSELECT :colour;\n'
given = None
place = None


def setUpModule():
    """A database with a table and a topic, a file and a folder, and the program under its name."""
    global place
    place = Place(given.cdclite)
    messages = recording.read(given.data, 'h-old-1.1')
    place.write('events.jsonl', recording.joined(messages, recording.recorded_line))
    place.write('bare.jsonl', b'{}\n')
    for name in ('events.jsonl', 'bare.jsonl'):
        done = place.run('load', '--input', name)
        assert done.returncode == 0, done.stderr
    os.mkdir(place.path('folder'))
    place.write('folder/mine.sql', MINE.encode())
    os.mkdir(place.path('programs'))
    place.write('programs/cdclite', f'#!/bin/sh\nexec "{given.cdclite}" "$@"\n'.encode())
    os.chmod(place.path('programs/cdclite'), 0o755)


def tearDownModule():
    place.__exit__(None, None, None)


class Offered(unittest.TestCase):
    """`cdclite completion -- WORD…`"""

    def offers(self, *words, environment=None):
        done = subprocess.run([given.cdclite, 'completion', '--', *words], cwd=place.folder.name,
                              env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b''), words)
        return [line.split('\t')[0] for line in done.stdout.decode().splitlines()]

    def test_commands(self):
        listed = subprocess.run([given.cdclite, '--help'], stdout=subprocess.PIPE, check=True).stdout.decode()
        commands = re.findall(r'^  (\w+) +\w', listed[listed.index('Commands:'):listed.index('Examples:')], re.M)
        self.assertIn('status', commands)
        self.assertEqual(self.offers(''), commands)
        self.assertEqual(self.offers('help', ''), commands)
        self.assertEqual(self.offers('-q', 'st'), ['status'])
        self.assertEqual(self.offers('nothing'), [])

    def test_every_option_of_a_command(self):
        for command in self.offers(''):
            said = subprocess.run([given.cdclite, 'help', command], stdout=subprocess.PIPE, check=True).stdout
            options = re.findall(r'^  (?:-\w,|   ) (--[a-z-]+)', said.decode(), re.M)
            self.assertIn('--help', options)
            self.assertEqual(self.offers(command, '--'), options, command)
            self.assertEqual(self.offers(command, '-'), options, command)

    def test_values_of_options(self):
        self.assertEqual(self.offers('query', '--format', ''),
                         ['table', 'csv', 'csv-safe', 'tsv', 'json', 'jsonl', 'markdown'])
        self.assertEqual(self.offers('status', '-f', ''), ['text', 'json'])
        self.assertEqual(self.offers('status', '--format=j'), ['--format=json'])
        self.assertEqual(self.offers('load', '--color', 'a'), ['auto', 'always'])
        self.assertEqual(self.offers('load', '--db', ''), [':files'])
        self.assertEqual(self.offers('load', '--text=x'), [':files'])
        self.assertEqual(self.offers('query', '--queries', ''), [':folders'])
        self.assertEqual(self.offers('load', '--key', ''), ['holding='])
        self.assertEqual(self.offers('load', '--brokers', ''), [])

    def test_topics_of_the_database(self):
        """Those of Kafka only: files have positions too."""
        self.assertIn(':', ''.join(row[0] for row in place.rows('SELECT topic FROM position')))
        self.assertEqual(self.offers('load', '--topic', ''), [TOPIC])
        self.assertEqual(self.offers('load', '--topic=b'), ['--topic=' + TOPIC])
        self.assertEqual(self.offers('load', '--table', 'bank'), [TOPIC + '='])
        self.assertEqual(self.offers('load', '--db', 'nowhere.db', '--topic', ''), [])

    def test_queries(self):
        names = sorted(name[:-4] for name in os.listdir(os.path.join(given.data, '..', '..', 'queries'))
                       if name.endswith('.sql'))
        self.assertEqual(self.offers('query', ''), names)
        self.assertEqual(self.offers('help', 'query', ''), names)
        self.assertEqual(self.offers('query', 'most_sold_stocks', ''), ['from=', 'to=', 'time=', 'user=', 'limit='])
        self.assertEqual(self.offers('query', 'most_sold_stocks', 'to=2025-01-01', 't'), ['time='])
        self.assertEqual(self.offers('query', 'most_sold_stocks', 'time='), ['time=commit', 'time=row'])
        self.assertEqual(self.offers('query', 'as_of', 'table='), ['table=holding'])
        self.assertEqual(self.offers('query', 'as_of', 'table=x'), [])
        self.assertEqual(self.offers('query', 'nothing', ''), [])

    def test_queries_of_the_user(self):
        for words, environment in ((['--queries', 'folder'], {}), (['--queries=folder'], {}),
                                   ([], {'CDCLITE_QUERIES': 'folder'})):
            self.assertEqual(self.offers('query', *words, 'mi', environment=environment), ['mine'])
            self.assertEqual(self.offers('query', *words, 'mine', 'colour=', environment=environment),
                             ['colour=red', 'colour=green'])

    def test_report(self):
        self.assertEqual(self.offers('report', '--html', ''), [':files'])
        self.assertEqual(self.offers('report', ''), ['from=', 'to=', 'period=', 'time='])
        self.assertEqual(self.offers('report', 'from=2025-01-01', 'period=week', ''), ['to=', 'time='])
        self.assertEqual(self.offers('report', 'period='), ['period=day', 'period=week', 'period=month', 'period=year'])

    def test_arguments(self):
        self.assertEqual(self.offers('export', ''), ['text'])
        self.assertEqual(self.offers('export', 'text', ''), ['holding'])
        self.assertEqual(self.offers('export', 'text', 'holding', ''), [])
        self.assertEqual(self.offers('export', 'tex', ''), [])
        self.assertEqual(self.offers('status', ''), [])
        self.assertEqual(self.offers('completion', ''), ['bash', 'zsh', 'fish'])

    def test_hostile_names(self):
        place.write('folder/a\x1b[31m\n.sql', b'SELECT 1;')
        self.addCleanup(os.remove, place.path('folder/a\x1b[31m\n.sql'))
        self.assertEqual(self.offers('query', '--queries', 'folder', 'a\x1b'), ['a\\x1b[31m\\n'])


class Typed:
    """The same for each shell."""

    @classmethod
    def setUpClass(cls):
        if not shutil.which(cls.name):
            raise unittest.SkipTest(f'{cls.name} is not installed')
        cls.shell = Shell(cls.name, place.folder.name, place.path('programs'))

    @classmethod
    def tearDownClass(cls):
        cls.shell.close()

    def becomes(self, typed, *words):
        self.assertEqual(self.shell.words(typed + '\t'), list(words), typed)

    def test_words(self):
        self.becomes('cdclite stat', 'cdclite', 'status')
        self.becomes('cdclite load --max-m', 'cdclite', 'load', '--max-messages')
        self.becomes('cdclite query stock_ch', 'cdclite', 'query', 'stock_change_counts')
        self.becomes('cdclite query most_sold_stocks fr', 'cdclite', 'query', 'most_sold_stocks', 'from=')
        self.becomes('cdclite query most_sold_stocks time=c', 'cdclite', 'query', 'most_sold_stocks', 'time=commit')
        self.becomes('cdclite query row_history table=h', 'cdclite', 'query', 'row_history', 'table=holding')
        self.becomes('cdclite load --topic bank', 'cdclite', 'load', '--topic', TOPIC)
        self.becomes('cdclite status --format=j', 'cdclite', 'status', '--format=json')

    def test_no_space_behind_what_goes_on(self):
        self.assertEqual(self.shell.words('cdclite query most_sold_stocks us\t7'),
                         ['cdclite', 'query', 'most_sold_stocks', 'user=7'])
        self.assertEqual(self.shell.words('cdclite stat\t-q'), ['cdclite', 'status', '-q'])

    def test_files(self):
        self.becomes('cdclite load --input eve', 'cdclite', 'load', '--input', 'events.jsonl')
        self.becomes('cdclite load --input=eve', 'cdclite', 'load', '--input=events.jsonl')
        # zsh takes the slash off where the line goes on.
        self.assertIn(self.shell.words('cdclite query --queries fol\t')[3], ('folder', 'folder/'))

    def test_lists(self):
        self.shell.shows('cdclite query \t\t', 'activity', 'as_of', 'user_activity')
        self.assertNotIn('--topic', self.shell.shows('cdclite status --\t\t', '--format', '--quiet'))


class Bash(Typed, unittest.TestCase):
    name = 'bash'


class Zsh(Typed, unittest.TestCase):
    name = 'zsh'

    def test_from_its_folder(self):
        """As installed: a file of $fpath, found by its first line."""
        os.mkdir(place.path('functions'))
        shutil.copy(os.path.join(given.data, '..', '..', 'completions', 'cdclite.zsh'),
                    place.path('functions/_cdclite'))
        shell = Shell('zsh', place.folder.name, place.path('programs'))
        self.addCleanup(shell.close)
        shell.type('compdef -d cdclite; unfunction _cdclite; fpath=($PWD/functions $fpath); compinit -u -D\r')
        self.assertEqual(shell.words('cdclite stat\t'), ['cdclite', 'status'])
        self.assertEqual(shell.words('cdclite stat\t'), ['cdclite', 'status'])


class Fish(Typed, unittest.TestCase):
    name = 'fish'


class Scripts(unittest.TestCase):
    def test_printed_as_they_stand(self):
        for name in STARTS:
            with open(os.path.join(given.data, '..', '..', 'completions', 'cdclite.' + name), 'rb') as file:
                self.assertEqual(place.run('completion', name).stdout, file.read())

    def test_mistakes(self):
        for words in ([], ['csh'], ['bash', 'zsh']):
            done = place.run('completion', *words)
            self.assertEqual((done.returncode, done.stdout), (2, b''), words)
            self.assertIn(b'bash|zsh|fish', done.stderr)


if __name__ == '__main__':
    given = arguments(__doc__)
    unittest.main(argv=[sys.argv[0], *given.names], verbosity=2)
