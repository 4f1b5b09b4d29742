"""check_recipes.py --cdclite PROGRAM [--environment DIR] [--write]
Runs every block of docs/exploring.md and docs/answers.md in the folder that `cdclite demo` leaves and compares what it prints
with the block of text behind it. Blocks of Python, and what else needs PyPI, only with --environment; the others only without. --write puts
what was printed into the pages instead."""
import argparse
import fcntl
import hashlib
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

sys.dont_write_bytecode = True
import pypi  # noqa: E402

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'docs')
PAGES = [os.path.join(DOCS, name) for name in ('exploring.md', 'answers.md')]
PACKAGES = ['datasette', 'pandas', 'duckdb==1.5.5', 'duckdb-extensions==1.5.5', 'duckdb-extension-sqlite-scanner==1.5.5', 'chdb']
BLOCK = re.compile(r'^```(sh|python|sql)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?', re.M | re.S)


class Place:
    """The demo's folder, with the program on the PATH."""

    def __init__(self, given):
        self.folder = tempfile.mkdtemp()
        bin_folder = os.path.join(self.folder, 'bin')
        os.mkdir(bin_folder)
        os.symlink(given.cdclite, os.path.join(bin_folder, 'cdclite'))
        path = [bin_folder] + ([given.programs] if given.environment else []) + [os.environ['PATH']]
        self.surroundings = {**os.environ, 'PATH': os.pathsep.join(path), 'HOME': self.folder, 'TERM': 'xterm',
                             'LC_ALL': 'C.UTF-8'}
        self.surroundings.pop('COLUMNS', None)
        subprocess.run(['cdclite', 'demo'], cwd=self.folder, env=self.surroundings, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        self.here = os.path.join(self.folder, 'cdclite-demo')

    def content(self):
        with open(os.path.join(self.here, 'history.db'), 'rb') as file:
            return hashlib.sha256(file.read()).hexdigest()

    def run(self, words, text):
        done = subprocess.run(words, cwd=self.here, env=self.surroundings, input=text, capture_output=True, text=True,
                              timeout=300)
        if done.returncode:
            sys.exit(f'exit code {done.returncode}:\n{text}\n{done.stdout}{done.stderr}')
        return '\n'.join(line.rstrip() for line in done.stdout.rstrip('\n').split('\n')) + '\n'

    def watch(self, text):
        """What a command that goes on shows in its first seconds, on a terminal."""
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.here)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 200, 0, 0))
            os.execve('/bin/sh', ['sh', '-c', 'exec ' + text], self.surroundings)
        shown, end = b'', time.monotonic() + 20
        while b'rows)' not in shown and time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    shown += os.read(terminal, 65536)
                except OSError:
                    break
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
        os.close(terminal)
        return shown.decode(errors='replace')


def needs_pypi(kind, text):
    return kind == 'python' or re.search(r'^datasette ', text, re.M) or 'copy.db' in text


def run(place, kind, text):
    """What a block prints; None when that is no matter of the page."""
    if text.startswith('watch '):
        if not shutil.which('watch'):
            pypi.give_up('watch is not installed (procps)')
        assert '(5 rows)' in place.watch(text), 'watch shows no changes'
        return None
    if kind == 'sql':
        low, high = 1795452800000, 1795452900000  # the demo's changes, in Grafana's milliseconds
        filled = text.replace('$__from', str(low)).replace('$__to', str(high))
        return place.run(['sqlite3', '-readonly', '-header', 'history.db'], filled.rstrip() + ';')
    return place.run(['sh', '-e'] if kind == 'sh' else ['python', '-'], text)


class Blocks:
    """Runs the page's blocks one by one, and gives each as it should stand there."""

    def __init__(self, given):
        self.given, self.place, self.ran, self.failed = given, Place(given), 0, 0

    def take(self, block):
        kind, text, want = block.groups()
        if bool(needs_pypi(kind, text)) != bool(self.given.environment):
            return block[0]
        got = run(self.place, kind, text)
        self.ran += 1
        if got is None or got.strip() == (want or '').strip():
            print(f'ok    {text.splitlines()[0]}')
        elif not self.given.write:
            self.failed += 1
            print(f'FAIL\n{text}gives\n{got}not\n{want}')
        return f'```{kind}\n{text}```\n' + ('' if want is None else f'\n```text\n{got}```\n')


def main(given):
    blocks = Blocks(given)
    before = blocks.place.content()
    for name in PAGES:
        with open(name, encoding='utf-8') as file:
            page = file.read()
        written = BLOCK.sub(blocks.take, page)
        if given.write:
            with open(name, 'w', encoding='utf-8') as file:
                file.write(written)
    if blocks.place.content() != before:
        blocks.failed += 1
        print('FAIL  the history was written to')
    shutil.rmtree(blocks.place.folder)
    print(f'{blocks.ran} blocks, {blocks.failed} failed')
    sys.exit(1 if blocks.failed or not blocks.ran else 0)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--cdclite', required=True, type=os.path.abspath)
    parser.add_argument('--environment', type=os.path.abspath)
    parser.add_argument('--write', action='store_true')
    options = parser.parse_args()
    options.programs = pypi.environment(options.environment, PACKAGES) if options.environment else None
    main(options)
