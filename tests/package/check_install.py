"""What `cmake --install` puts where: all of it, and that it works there. And one version everywhere."""
import argparse
import glob
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

given = None
EVERYWHERE = {'bin/cdclite', 'share/man/man1/cdclite.1.gz', 'share/bash-completion/completions/cdclite',
              'share/fish/vendor_completions.d/cdclite.fish', 'lib/systemd/system/cdclite.service',
              'lib/sysusers.d/cdclite.conf', *('share/doc/cdclite/' + name for name in (
                  'README.md', 'SECURITY.md', 'deploy/connector.json', 'deploy/register.sh'))}


def read(*names):
    with open(os.path.join(given.root, *names), encoding='utf-8') as file:
        return file.read()


def configured(name):
    with open(os.path.join(given.build, 'CMakeCache.txt'), encoding='utf-8') as file:
        return re.search(rf'(?m)^{name}:\w+=(.*)$', file.read())[1]


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        subprocess.run([given.cmake, '--install', given.build], env={**os.environ, 'DESTDIR': cls.folder.name},
                       stdout=subprocess.DEVNULL, check=True)
        cls.prefix = configured('CMAKE_INSTALL_PREFIX')
        cls.base = cls.folder.name + cls.prefix

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def installed(self, name):
        with open(os.path.join(self.base, name), 'rb') as file:
            return file.read()

    def run_it(self, *words):
        return subprocess.run([os.path.join(self.base, 'bin', 'cdclite'), *words], stdout=subprocess.PIPE, check=True).stdout

    def test_all_of_it_and_no_more(self):
        there = {os.path.relpath(os.path.join(folder, name), self.base)
                 for folder, _, names in os.walk(self.folder.name) for name in names}
        zsh = 'vendor-completions' if self.prefix == '/usr' else 'site-functions'
        want = EVERYWHERE | {f'share/zsh/{zsh}/_cdclite', 'share/doc/cdclite/LICENSE', 'share/doc/cdclite/CHANGELOG.md'}
        want |= {'share/cdclite/' + name for name in glob.glob('queries/**/*.sql', root_dir=given.root, recursive=True)}
        want |= {'share/doc/cdclite/docs/' + os.path.basename(name) for name in glob.glob(f'{given.root}/docs/*')}
        self.assertEqual(there, want)

    def test_the_program(self):
        self.assertTrue(self.run_it('--version').startswith(b'cdclite '))
        # The files it has built in are those that are installed.
        for shell, name in (('bash', 'share/bash-completion/completions/cdclite'),
                            ('fish', 'share/fish/vendor_completions.d/cdclite.fish')):
            self.assertEqual(self.run_it('completion', shell), self.installed(name))
        self.assertEqual(gzip.decompress(self.installed('share/man/man1/cdclite.1.gz')), self.run_it('man'))

    def test_the_queries(self):
        folder = os.path.join(self.base, 'share', 'cdclite', 'queries')
        installed, built_in = (re.findall(rb'(?m)^\w+', self.run_it('query', *words)) for words in (['--queries', folder], []))
        self.assertGreater(len(installed), 10)
        self.assertEqual(installed, built_in)

    def test_the_unit(self):
        unit = self.installed('lib/systemd/system/cdclite.service').decode()
        self.assertEqual(re.findall(r'(?m)^ExecStart=(\S+)', unit), [self.prefix + '/bin/cdclite'])
        users = re.findall(r'(?m)^u (\S+) ', self.installed('lib/sysusers.d/cdclite.conf').decode())
        self.assertEqual(users, re.findall(r'(?m)^User=(.*)$', unit))

    def test_the_compressed_page_has_no_time(self):
        """The same sources make the same bytes."""
        page = self.installed('share/man/man1/cdclite.1.gz')
        self.assertEqual(page[4:8], bytes(4))


class Version(unittest.TestCase):
    def setUp(self):
        self.version = re.search(r'(?m)^project\(cdclite VERSION (\S+)', read('CMakeLists.txt'))[1]

    def test_semantic(self):
        self.assertRegex(self.version, r'^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$')

    def test_program(self):
        said = subprocess.run([given.cdclite, '--version'], stdout=subprocess.PIPE, check=True, text=True).stdout
        self.assertEqual(said.split()[:2], ['cdclite', self.version])

    def test_manual(self):
        page = subprocess.run([given.cdclite, 'man'], stdout=subprocess.PIPE, check=True, text=True).stdout
        self.assertIn(f'"cdclite {self.version}"', page.splitlines()[0])

    def test_changelog(self):
        """Its newest release is the program's version; the older ones stand below in order, each with its day."""
        headings = re.findall(r'(?m)^## (.*)$', read('CHANGELOG.md'))
        if headings[0] == '[Unreleased]':
            headings.pop(0)
        releases = [re.fullmatch(r'\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)', heading) for heading in headings]
        self.assertTrue(all(releases), headings)
        self.assertEqual(releases[0][1], self.version)
        order = [(release[2], [int(part) for part in release[1].split('.')]) for release in releases]
        self.assertEqual(order, sorted(order, reverse=True))

    def test_changelog_headings(self):
        known = {'Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'}
        self.assertLessEqual(set(re.findall(r'(?m)^### (.*)$', read('CHANGELOG.md'))), known)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--cdclite', required=True, type=os.path.abspath)
    parser.add_argument('--root', required=True, type=os.path.abspath)
    parser.add_argument('--build', required=True, type=os.path.abspath)
    parser.add_argument('--cmake', default='cmake')
    given, rest = parser.parse_known_args()
    if not shutil.which('gzip'):
        sys.exit('gzip is not installed')
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
