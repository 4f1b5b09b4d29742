"""The command that shows both answers side by side: all are equal, and it says so where one is not."""
import argparse
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..', 'recordings'))

from harness import Checks  # noqa: E402

COMMAND = os.path.join(HERE, '..', '..', 'deploy', 'clickhouse', 'side_by_side.py')
# A program that leaves out the last line of every answer.
FORGETFUL = """#!/bin/sh
[ "$1" = query ] || exec '{program}' "$@"
'{program}' "$@" | sed '$d'
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--cdclite', required=True, type=os.path.abspath)
    parser.add_argument('--data', required=True)
    given = parser.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix='cdclite-both-') as folder:
        forgetful = os.path.join(folder, 'forgetful')
        with open(forgetful, 'w', encoding='utf-8') as file:
            file.write(FORGETFUL.format(program=given.cdclite))
        os.chmod(forgetful, 0o755)
        for program, code, said in ((given.cdclite, 0, '11 of 11 answers are equal'),
                                    (forgetful, 1, '0 of 11 answers are equal')):
            done = subprocess.run([sys.executable, COMMAND, os.path.join(given.data, 'bulk-tenth.jsonl.gz'), '--cdclite',
                                   program], stdin=subprocess.DEVNULL, capture_output=True, text=True)
            checks.check(f'{os.path.basename(program)}: {said}', done.returncode == code
                         and done.stdout.splitlines()[-1] == said, done.stdout[-500:] + done.stderr[-500:])
    checks.exit()


if __name__ == '__main__':
    main()
