"""A disk that is really full: a tmpfs too small for the database, the text, or both. The load ends at once, says so and
keeps what was committed; started again while it is full it does the same; with room it goes on, to what an undisturbed
load leaves."""
import os
import resource
import subprocess

from check_storage import STORAGE, unclear
from faults import Checks, Lab, Load, arguments, messages

MOST_SECONDS = 5  # of processor time: the load itself takes well under one


class FullLoad(Load):
    """A load that has some of its files on a small disk of its own."""

    def __init__(self, lab, size, names):
        super().__init__(lab)
        self.disk = os.path.join(self.folder, 'disk')
        self.names = names
        os.mkdir(self.disk)
        self.mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={size}', 'cdclite-test', self.disk],
                                      stderr=subprocess.PIPE, check=False).returncode == 0
        self.db = self.path('history.db')

    def __exit__(self, *_):
        if self.mounted:
            subprocess.run(['umount', self.disk], check=True)
        super().__exit__()

    def path(self, name):
        return os.path.join(self.folder, 'disk', name) if name in getattr(self, 'names', ()) else super().path(name)

    def enlarge(self):
        subprocess.run(['mount', '-o', 'remount,size=128m', self.disk], check=True)


def committed(load):
    batches = load.batches()
    return batches if isinstance(batches, int) else 0


def fill(checks, lab, name, size, names, some):
    """`some`: whether batches fit before the disk is full."""
    with FullLoad(lab, size, names) as load:
        if not load.mounted:
            checks.skip(name, 'mounting a tmpfs is not allowed here')
            return
        for again in (False, True):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            code, said = load.faulty()
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            label = f'{name}{", started again" if again else ""}'
            checks.check(f'{label}: exit code 4 and a clear error', code == STORAGE and not unclear(said, load) and
                         ('full' in said or 'No space' in said), f'exit code {code}: {said}')
            checks.check(f'{label}: no tight loop ({seconds:.1f} s of processor time)', seconds < MOST_SECONDS)
        if some:
            checks.check(f'{name}: what was committed is kept', committed(load) > 0, load.batches())
        load.enlarge()
        checks.equal(f'{name}: with room it goes on, nothing lost, doubled or changed',
                     load.undisturbed() or load.wrong(), '')


def main():
    given = arguments(__doc__)
    checks = Checks()
    lab = Lab(given, ''.join(messages(given.data, 'm-crash-duplicates')), batch=100, checkpoint=32,
              texts={'holding': 'holding.txt'})
    try:
        files = ('history.db', 'holding.txt')
        fill(checks, lab, 'database and text on a full disk', '1400k', files, True)
        fill(checks, lab, 'the database on a full disk', '1400k', files[:1], True)
        fill(checks, lab, 'the text on a full disk', '64k', files[1:], True)
        fill(checks, lab, 'a disk that is full from the beginning', '40k', files, False)
    finally:
        lab.close()
    checks.exit()


if __name__ == '__main__':
    main()
