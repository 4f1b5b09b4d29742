"""The manual page: groff and mandoc take it without a warning, and what they show holds all that --help does."""
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'recordings'))

from harness import arguments  # noqa: E402

given = None
WIDE = {**os.environ, 'LC_ALL': 'C.UTF-8', 'MANWIDTH': '180', 'MANROFFSEQ': '', 'MAN_KEEP_FORMATTING': ''}


def printed(*words):
    return subprocess.run([given.cdclite, *words], stdout=subprocess.PIPE, check=True).stdout


def squeezed(text):
    return re.sub(r'\s+', ' ', text)


def shown_by(tool):
    """The page as text on a wide terminal, and what was said about it."""
    if not shutil.which(tool):
        raise unittest.SkipTest(f'{tool} is not installed')
    argv = {'man': ['man', '--warnings', '--no-hyphenation', '--no-justification', '-l', '-'],
            'mandoc': ['mandoc', '-O', 'width=180', '-T', 'utf8']}[tool]
    done = subprocess.run(argv, input=printed('man'), env=WIDE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=True)
    text = re.sub('.\b|\x1b\\[[0-9;]*m', '', done.stdout.decode())
    return text, done.stderr.decode()


class Page:
    @classmethod
    def setUpClass(cls):
        cls.text, cls.said = shown_by(cls.tool)

    def test_no_warning(self):
        self.assertEqual(self.said, '')

    def test_every_command(self):
        commands = re.findall(r'^  (\w+) +\w.*$', printed('--help').decode().partition('Examples:')[0], re.M)
        self.assertIn('load', commands)
        for command in commands:
            said = printed('help', command).decode()
            usage, summary = re.search(r'^Usage: (.*) \[OPTIONS\]', said, re.M)[1], said.partition('\n')[0].partition(': ')[2]
            self.assertRegex(self.text, r'(?m)^ +' + re.escape(usage) + '$')
            self.assertIn(summary, squeezed(self.text))
            # Examples stand as they are typed.
            for line in said.partition('Examples:\n')[2].partition('\n\n')[0].splitlines():
                self.assertRegex(self.text, '(?m)^ +' + re.escape(line.strip()) + '$')

    def test_every_option(self):
        for command in ('load', 'query', 'status', 'export', 'demo'):
            said = printed(command, '--help').decode()
            options = said.partition('Options:\n')[2].partition('\n\n')[0]
            for option, text in re.findall(r'^ +((?:-\w, )?--[a-z-]+(?: \S+)?)\s{2,}((?:.*\n {34})*.*)', options, re.M):
                self.assertRegex(self.text, '(?m)^ +' + re.escape(option) + r'( |$)')
                for variable in re.findall(r'\[(CDCLITE_\w+)\]', text):
                    self.assertIn(variable, self.text)
                text = re.sub(r' \[CDCLITE_\w+\]', '', squeezed(text)).strip()
                self.assertIn(text, squeezed(self.text))

    def test_every_query(self):
        listed = printed('query').decode().splitlines()
        for name, purpose in zip(listed, listed[1:]):
            if re.fullmatch(r'\w+', name):
                self.assertRegex(self.text, rf'(?m)^ +{name}\b')
                self.assertIn(squeezed(purpose).strip(), squeezed(self.text))

    def test_exit_codes(self):
        code = re.search(r'^Exit codes: ((?:.+\n)+)', printed('--help').decode(), re.M)[1]
        self.assertIn(squeezed(code).strip(), squeezed(self.text.partition('EXIT STATUS')[2]))


class ByGroff(Page, unittest.TestCase):
    tool = 'man'


class ByMandoc(Page, unittest.TestCase):
    tool = 'mandoc'

    def test_lint(self):
        done = subprocess.run(['mandoc', '-T', 'lint', '-W', 'warning'], input=printed('man'), stdout=subprocess.PIPE,
                              check=False)
        # A date would be one more thing to keep true: the version says which page it is.
        found = [line for line in done.stdout.decode().splitlines() if 'missing date' not in line]
        self.assertEqual(found, [])


if __name__ == '__main__':
    given = arguments(__doc__)
    unittest.main(argv=[sys.argv[0], *given.names], verbosity=2)
