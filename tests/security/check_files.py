"""The files that a load makes: nobody may read them whom the umask keeps out, others may read while it runs, and a link
that someone else laid in place of the lock is not followed."""
import os
import shutil
import stat
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'recordings'))

from harness import Place, arguments  # noqa: E402

STORAGE = 4
NOBODY = 65534
given = None


class Files(unittest.TestCase):
    def setUp(self):
        self.place = self.enterContext(Place(given.cdclite))
        with open(os.path.join(given.data, 'demo.jsonl'), 'rb') as file:
            self.lines = file.read()

    def modes(self):
        return {name: stat.S_IMODE(os.stat(self.place.path(name)).st_mode)
                for name in os.listdir(self.place.folder.name)}

    def test_the_umask_counts(self):
        """Also for what SQLite keeps beside the database while the load runs."""
        for umask in (0o077, 0o027, 0o022, 0o002):
            with self.subTest(umask=oct(umask)), Place(given.cdclite) as self.place:
                running = self.follow(umask)
                ours, of_sqlite = 0o666 & ~umask, 0o644 & ~umask
                self.assertEqual(self.modes(), {'history.db': of_sqlite, 'history.db-shm': of_sqlite,
                                                'history.db-wal': of_sqlite, 'history.db.lock': ours,
                                                'output_data.txt': ours})
                running.communicate()
                self.assertEqual(running.returncode, 0)

    def follow(self, umask):
        """A load that has stored the lines and waits for more."""
        running = subprocess.Popen([given.cdclite, 'load', '--input', '-'], cwd=self.place.folder.name, umask=umask,
                                   stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: (running.kill(), running.communicate()))
        running.stdin.write(self.lines)
        running.stdin.flush()
        while self.place.run('query', 'stock_change_counts').returncode != 0:
            self.assertIsNone(running.poll())
        return running

    def test_a_reader_of_the_group(self):
        """Reads while it is loaded into; is told what to do where SQLite would have to write beside it."""
        if os.geteuid() != 0:
            self.skipTest('only root can become another user')
        program = self.place.path('program')
        shutil.copy(given.cdclite, program)
        os.chmod(program, 0o755)
        os.chown(self.place.folder.name, 0, NOBODY)
        os.chmod(self.place.folder.name, 0o2750)

        def read():
            return subprocess.run([program, 'query', 'stock_change_counts'], cwd=self.place.folder.name, user=NOBODY,
                                  group=NOBODY, extra_groups=[], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=60, check=False)
        running = self.follow(umask=0o027)
        done = read()
        self.assertEqual((done.returncode, done.stdout[:8]), (0, b'user_id,'), done.stderr)
        running.communicate()
        done = read()
        self.assertEqual((done.returncode, done.stdout), (STORAGE, b''))
        self.assertIn(b'may write its folder, or read a copy', done.stderr)

    def test_a_link_in_place_of_the_lock(self):
        os.symlink(self.place.path('elsewhere'), self.place.path('history.db.lock'))
        done = self.place.load('-', stdin=self.lines)
        self.assertEqual(done.returncode, STORAGE)
        self.assertIn(b'history.db.lock', done.stderr)
        self.assertEqual(os.listdir(self.place.folder.name), ['history.db.lock'])


if __name__ == '__main__':
    given = arguments(__doc__)
    unittest.main(argv=[sys.argv[0], *given.names], verbosity=2)
