"""check_docs.py --cdclite PROGRAM --mock PROGRAM --data DIR [--environment DIR] [--write] [PAGE…]
Runs every block of README.md and docs/*.md, in order, where place.py says, and compares what it prints with what the page
shows; and holds what pages claim against the program and the repository (claims.py). --write puts what was printed in.

A block is of one of these kinds, or the check fails:

  ```sh, ```python, ```sql   is run; a block of text right behind it is what it prints
  ```console                 "$ command", then what it shows at a terminal; a last line … stands for any more lines
  <!-- output of: COMMAND --> in front of a block: what the command prints (… as above)
  <!-- file: NAME -->        the block is put into that file
  <!-- folder: NAME -->      it runs in a folder of its own, empty when first named on the page, not in the demo's
  <!-- run by: FILE -->      it is not run here; that test reads it from the page and does
  <!-- not run: REASON -->   it is not run, or it is no command

What differs from one run to the next is not compared (DIFFERING); the folder is /home/you. Blocks that need packages of PyPI run only with
--environment, and the others only without."""
import argparse
import glob
import os
import re
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
sys.path.append(os.path.join(ROOT, 'tests', 'exploring'))
import claims  # noqa: E402
import place  # noqa: E402
import pypi  # noqa: E402
from page import COMMANDS, Page, prompts  # noqa: E402

PACKAGES = ['datasette', 'pandas', 'duckdb==1.5.5', 'duckdb-extensions==1.5.5', 'duckdb-extension-sqlite-scanner==1.5.5', 'chdb']
INSTANT = r'20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z'
DIFFERING = (  # (what it is, how it is found, what stands for it)
    ('when a line of the text log was loaded', re.compile(rf'{INSTANT}(?=,[cudt]$)', re.M), '<loaded at>'),
    ('when an event was rejected', re.compile(rf'^1,{INSTANT}(?=,)', re.M), '1,<time>'),
    ('when the last batch was', re.compile(rf'(?<=last batch   ){INSTANT}'), '<time>'),
    ('how large files are', re.compile(r'\b\d+ [KMG]iB\b'), '<size>'),
)
used = set()


def same(got, want):
    """Equal but for what differs; a last line … in `want` stands for more."""
    for what, pattern, stands in DIFFERING:
        again = pattern.sub(stands, want)
        if again != want:
            used.add(what)
        got, want = pattern.sub(stands, got), again
    got, want = got.strip('\n').split('\n'), [line.rstrip() for line in want.strip('\n').split('\n')]
    return got[:len(want) - 1] == want[:-1] if want[-1].strip() == '…' else got == want


def shortened(got, want):
    """What was printed, as long as the page shows it."""
    lines, shown = got.rstrip('\n').split('\n'), want.rstrip('\n').split('\n')
    return '\n'.join(lines[:len(shown) - 1] + shown[-1:] if shown[-1].strip() == '…' else lines) + '\n'


def needs_pypi(kind, text):
    return kind == 'python' or re.search(r'^datasette ', text, re.M) or 'copy.db' in text


class Walk:
    """Runs the blocks of one page, and counts."""

    def __init__(self, given, page, where):
        self.given, self.page, self.where = given, page, where
        self.ran = self.elsewhere = self.later = 0
        self.not_run, self.failed = [], []

    def fail(self, block, said):
        self.failed.append(f'{os.path.relpath(self.page.path, ROOT)}:{block.first}: {said}')

    def compare(self, block, got, want, failure):
        """What should stand there."""
        got = got.replace(self.where.folder, '/home/you')
        if failure:
            self.fail(block, f'{failure}\n{got}')
        elif not same(got, want):
            if self.given.write:
                return shortened(got, want)
            self.fail(block, f'gives\n{got}not\n{want}')
        return want

    def commands(self, block, text):
        folder = block.markers.get('folder')
        if text.startswith('watch '):
            if not shutil.which('watch'):
                pypi.give_up('watch is not installed (procps)')
            got, failure = self.where.at_terminal('exec ' + text, folder, until='rows)')
            if failure:
                self.fail(block, f'{failure}\n{got}')
            return
        if block.kind == 'sql':
            low, high = 1795452800000, 1795452900000  # the demo's changes, in Grafana's milliseconds
            filled = text.replace('$__from', str(low)).replace('$__to', str(high)).rstrip() + ';'
            got, failure = self.where.run(['sqlite3', '-readonly', '-header', 'history.db'], folder, filled)
        else:
            words = ['sh', '-e', '-c', text] if block.kind == 'sh' else ['python', '-c', text]
            got, failure = self.where.run(words, folder)
        want = block.output.text(self.page) if block.output else got
        now = self.compare(block, got, want, failure)
        if now != want:
            self.page.replace(block.output, now)

    def console(self, block, text):
        parts = []
        for command, shown in prompts(text):
            got, failure = self.where.at_terminal(command, block.markers.get('folder'))
            want = '\n'.join(shown).rstrip('\n') + '\n'
            blank = '\n' if shown and not shown[-1] else ''
            parts.append(f'$ {command}\n' + self.compare(block, got, want, failure).lstrip('\n') + blank)
        if ''.join(parts).rstrip('\n') != text.rstrip('\n'):
            self.page.replace(block, ''.join(parts))

    def take(self, block):
        text, markers, pypi_wanted = block.text(self.page), block.markers, self.given.environment is not None
        if block.is_output:
            return
        if 'not run' in markers:
            self.not_run.append((block, markers['not run']))
        elif 'run by' in markers:
            self.elsewhere += 1
            test = os.path.join(ROOT, markers['run by'])
            if not os.path.exists(test) or os.path.basename(self.page.path) not in claims.read(test):
                self.fail(block, f'{markers["run by"]} does not read this page, or is not there')
        elif 'file' in markers:
            self.where.keep(markers['file'], markers.get('folder'), text)
        elif 'output of' not in markers and block.kind not in COMMANDS:
            self.fail(block, 'says neither what is run nor why nothing is')
        elif bool(needs_pypi(block.kind, text)) != pypi_wanted:
            self.later += 1
        else:
            self.ran += 1
            if 'output of' in markers:
                got, failure = self.where.run(['sh', '-e', '-c', markers['output of']], markers.get('folder'))
                now = self.compare(block, got, text, failure)
                if now != text:
                    self.page.replace(block, now)
            elif block.kind == 'console':
                self.console(block, text)
            else:
                self.commands(block, text)


def walk(given, path, broker, programs):
    where = place.Place(given.cdclite, broker, programs)
    page = Page(path)
    result = Walk(given, page, where)
    before = where.content()
    try:
        for block in page.blocks:
            result.take(block)
        if where.content() != before:
            result.failed.append(f'{path}: the demo\'s history was written to')
    finally:
        where.close()
    if given.write:
        page.save()
    later = 'without packages of PyPI' if given.environment else 'with packages of PyPI'
    print(f'{os.path.relpath(path, ROOT)}: {result.ran} blocks run, {result.later} {later}, {result.elsewhere} by other '
          f'tests, {len(result.not_run)} not run')
    for block, reason in result.not_run:
        print(f'  {block.first}: {reason}')
    return result


def check_claims(given, paths):
    failed = []
    for what, (problems, count) in (
            ('links', claims.broken_links(ROOT)),
            ('options named', claims.unknown_options(paths, claims.options_of(given.cdclite), ROOT)),
            ('canned queries described', claims.queries_not_described(ROOT, paths)),
            ('pages linked from README.md', claims.pages_not_linked(ROOT))):
        print(f'{count} {what}, {len(problems)} wrong')
        failed += problems
    return failed


def main(given):
    every = [os.path.join(ROOT, 'README.md')] + sorted(glob.glob(os.path.join(ROOT, 'docs', '*.md')))
    paths = [os.path.abspath(path) for path in given.pages] or every
    programs = pypi.environment(given.environment, PACKAGES) if given.environment else None
    with tempfile.TemporaryDirectory() as folder:
        broker = place.Broker(given.mock, os.path.join(given.data, 'demo.jsonl'), folder)
        try:
            results = [walk(given, path, broker, programs) for path in paths]
        finally:
            broker.close()
    failed = [said for result in results for said in result.failed]
    if not given.environment and not given.pages:
        failed += check_claims(given, every)
        failed += [f'nothing shows {what} any more: take it out of DIFFERING' for what, _, _ in DIFFERING if what not in used]
    for said in failed:
        print(f'FAIL  {said}')
    ran, later, elsewhere, not_run = (sum(counts) for counts in zip(*(
        (result.ran, result.later, result.elsewhere, len(result.not_run)) for result in results)))
    print(f'{ran} blocks run, {later} left to the other run of this test, {elsewhere} to other tests, {not_run} not run; '
          f'{len(failed)} failures')
    sys.exit(1 if failed or not ran else 0)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--cdclite', required=True, type=os.path.abspath)
    parser.add_argument('--mock', required=True, type=os.path.abspath)
    parser.add_argument('--data', required=True, type=os.path.abspath)
    parser.add_argument('--environment', type=os.path.abspath)
    parser.add_argument('--write', action='store_true')
    parser.add_argument('pages', nargs='*')
    main(parser.parse_args())
