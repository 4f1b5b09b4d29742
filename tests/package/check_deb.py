"""The Debian package: its fields and files, what lintian says, and that it can be installed, used, removed and purged in
a fresh Debian system, which is made for it and thrown away."""
import argparse
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

given = None
SUITE = 'bookworm'
CONFIGURED = ['/etc/cdclite/kafka.properties', '/etc/cdclite/load.env']


def output(*argv, **more):
    return subprocess.run(argv, stdout=subprocess.PIPE, check=True, **more).stdout.decode()


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        subprocess.run(['dpkg-deb', '--raw-extract', given.deb, cls.folder.name], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def read(self, name):
        with open(self.path(name), 'rb') as file:
            data = file.read()
        return (gzip.decompress(data) if name.endswith('.gz') else data).decode()

    def field(self, name):
        return output('dpkg-deb', '--field', given.deb, name).strip()

    def test_dependencies(self):
        """Those that the program is linked with, each with a version, and nothing else."""
        depends = dict(re.fullmatch(r'(\S+) \(>= (\S+)\)', word).groups() for word in self.field('Depends').split(', '))
        self.assertEqual(set(depends), {'libc6', 'librdkafka1', 'libsqlite3-0', 'libjson-c5'})
        self.assertIn('sqlite3', self.field('Recommends').split(', '))

    def test_version(self):
        with open(os.path.join(given.root, 'CMakeLists.txt'), encoding='utf-8') as file:
            version = re.search(r'(?m)^project\(cdclite VERSION (\S+)', file.read())[1]
        with open(os.path.join(given.root, 'CHANGELOG.md'), encoding='utf-8') as file:
            changelog = file.read()
        day = re.search(rf'(?m)^## \[{re.escape(version)}\] - (\S+)$', changelog)[1]
        self.assertEqual(self.field('Version'), version + '-1')
        self.assertTrue(os.path.basename(given.deb).startswith(f'cdclite_{version}-1_'))
        self.assertEqual(self.read('usr/share/doc/cdclite/changelog.gz'), changelog)
        entry = self.read('usr/share/doc/cdclite/changelog.Debian.gz')
        self.assertTrue(entry.startswith(f'cdclite ({version}-1) '), entry)
        self.assertEqual(output('date', '--utc', '--iso-8601', '--date', entry.rsplit('  ', 1)[1].strip()).strip(), day)

    def test_conffiles(self):
        self.assertEqual(sorted(self.read('DEBIAN/conffiles').split()), CONFIGURED)
        modes = [os.stat(self.path(name[1:])).st_mode & 0o777 for name in CONFIGURED]
        self.assertEqual(modes, [0o600, 0o644])
        unit = self.read('usr/lib/systemd/system/cdclite.service')
        for name in CONFIGURED:
            self.assertIn(name, unit)

    def test_lintian(self):
        done = subprocess.run(['lintian', '--fail-on', 'error,warning', given.deb], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
        self.assertEqual((done.returncode, done.stdout.decode()), (0, ''))


class System(unittest.TestCase):
    """In their order, as one life."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = os.path.join(cls.folder.name, 'root')
        subprocess.run(['mmdebstrap', '--quiet', '--variant=apt', '--include=man-db,bash-completion,systemd',
                        '--dpkgopt=path-include=/usr/share/man/*', SUITE, cls.root], check=True)
        shutil.copy(given.deb, os.path.join(cls.root, 'cdclite.deb'))
        cls.before = cls.everything()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def everything(cls):
        """All files but those that dpkg, apt and their like keep for themselves."""
        found = set()
        for folder, folders, names in os.walk(cls.root):
            inside = folder[len(cls.root):]
            folders[:] = [name for name in folders if f'{inside}/{name}' not in ('/proc', '/sys', '/dev', '/tmp', '/run')]
            found.update(f'{inside}/{name}' for name in folders + names)
        return {name for name in found if not re.match(r'/var/(lib/(dpkg|apt|systemd)|cache|log)/|/etc/.*-$', name)}

    def inside(self, command):
        # With its /proc, and none of the processes here.
        argv = ['unshare', '--mount', '--pid', '--fork', '--kill-child', f'--mount-proc={self.root}/proc',
                'chroot', self.root, 'env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C.UTF-8', 'HOME=/root',
                'DEBIAN_FRONTEND=noninteractive', 'bash', '-euc', command]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def status(self):
        return self.inside("dpkg-query -W -f '${db:Status-Status}' cdclite || true")

    def test_1_installed(self):
        self.inside('apt-get update -qq && apt-get install -y ./cdclite.deb')
        self.assertEqual(self.status(), 'installed')
        self.assertEqual(self.inside('dpkg --verify cdclite'), '')
        self.assertIn('/usr/bin/sqlite3', self.inside('command -v sqlite3'))  # recommended

    def test_2_used(self):
        said = self.inside('cd /root && cdclite demo')
        self.assertIn('What is the most common stock sold', said)
        rows = self.inside('cd /root && cdclite query stock_change_counts --db cdclite-demo/history.db --format csv')
        counted = self.inside('sqlite3 -readonly /root/cdclite-demo/history.db "SELECT before_user_id, sum(before_holding_stock '
                              "IS NOT after_holding_stock) FROM holding_history WHERE op = 'u' AND before_user_id IS NOT NULL"
                              ' GROUP BY 1"')
        counted = {line.split('|')[0]: line.split('|')[1] for line in counted.splitlines()}
        answered = [line.split(',')[:2] for line in rows.splitlines()[1:]]
        self.assertGreater(len(answered), 5)
        self.assertEqual([[user, counted[user]] for user, _ in answered], answered)
        self.assertEqual(self.inside('rm -r /root/cdclite-demo; ls /root'), '')

    def test_3_manual_page(self):
        self.assertEqual(self.inside('man -w cdclite').strip(), '/usr/share/man/man1/cdclite.1.gz')
        self.assertIn('append-only SQLite history', ' '.join(self.inside('man -P cat cdclite').split()))
        self.assertIn('Debezium', self.inside('whatis cdclite'))

    def test_4_completion(self):
        """As bash-completion finds it, by the command's name."""
        completed = self.inside('. /usr/share/bash-completion/bash_completion; set +eu; _completion_loader cdclite; '
                                'COMP_LINE="cdclite sta" COMP_POINT=11 COMP_WORDS=(cdclite sta) COMP_CWORD=1; '
                                '$(complete -p cdclite | sed "s/.*-F \\([^ ]*\\).*/\\1/"); echo "${COMPREPLY[@]}"')
        self.assertEqual(completed.split(), ['status'])

    def test_5_service(self):
        self.assertRegex(self.inside('getent passwd cdclite'), r'^cdclite:x:\d+:\d+:[^:]*:/var/lib/cdclite:/usr/sbin/nologin')
        self.assertEqual(self.inside('systemctl is-enabled cdclite || true'), 'disabled\n')
        self.assertNotIn('cdclite', self.inside('systemd-analyze verify cdclite.service 2>&1'))
        self.inside('systemctl enable cdclite')

    def test_6_installed_again(self):
        self.inside('echo CDCLITE_OPTIONS=--verbose > /etc/cdclite/load.env; dpkg -i /cdclite.deb')
        self.assertEqual(self.inside('cat /etc/cdclite/load.env'), 'CDCLITE_OPTIONS=--verbose\n')

    def test_7_removed(self):
        self.inside('mkdir /var/lib/cdclite; echo rows > /var/lib/cdclite/history.db; apt-get remove -y cdclite')
        self.assertEqual(self.status(), 'config-files')
        self.assertEqual(self.inside('command -v cdclite || true'), '')
        self.assertEqual(self.inside('cat /etc/cdclite/load.env'), 'CDCLITE_OPTIONS=--verbose\n')

    def test_8_purged(self):
        """Nothing is left but the history and its owner, and what came along."""
        self.inside('apt-get purge -y cdclite; apt-get autoremove -y --purge -o APT::AutoRemove::RecommendsImportant=false')
        self.assertIn(self.status(), ('', 'not-installed'))
        self.assertEqual(self.everything() - self.before, {'/var/lib/cdclite', '/var/lib/cdclite/history.db'})

    def test_9_purged_without_a_history(self):
        self.inside('rm /var/lib/cdclite/history.db; apt-get install -y --no-install-recommends ./cdclite.deb; '
                    'apt-get purge -y cdclite; apt-get autoremove -y --purge')
        self.assertEqual(self.everything() - self.before, set())


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--deb', required=True, type=os.path.abspath)
    parser.add_argument('--root', required=True, type=os.path.abspath)
    given, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
