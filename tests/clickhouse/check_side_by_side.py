"""The command of docs/scaling.md that shows both answers side by side: all are equal, and it says so where one is not."""
import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..', 'recordings'))

from harness import Checks  # noqa: E402

ROOT = os.path.normpath(os.path.join(HERE, '..', '..'))
# A program that leaves out the last line of every answer.
FORGETFUL = """#!/bin/sh
[ "$1" = query ] || exec '{program}' "$@"
'{program}' "$@" | sed '$d'
"""


def command(program):
    """As the page has it, with the program that is tested."""
    with open(os.path.join(ROOT, 'docs', 'scaling.md'), encoding='utf-8') as page:
        line = re.search(r'^python3 (deploy/clickhouse/side_by_side\.py .*)$', page.read(), re.M)[1]
    return [sys.executable, *shlex.split(line.replace('build/release/cdclite', shlex.quote(program)))]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--cdclite', required=True, type=os.path.abspath)
    parser.add_argument('--data', help='not used: the page names its recording')
    given = parser.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix='cdclite-both-') as folder:
        forgetful = os.path.join(folder, 'forgetful')
        with open(forgetful, 'w', encoding='utf-8') as file:
            file.write(FORGETFUL.format(program=given.cdclite))
        os.chmod(forgetful, 0o755)
        for program, code, said in ((given.cdclite, 0, '11 of 11 answers are equal'),
                                    (forgetful, 1, '0 of 11 answers are equal')):
            done = subprocess.run(command(program), cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            checks.check(f'{os.path.basename(program)}: {said}', done.returncode == code
                         and done.stdout.splitlines()[-1] == said, done.stdout[-500:] + done.stderr[-500:])
    checks.exit()


if __name__ == '__main__':
    main()
