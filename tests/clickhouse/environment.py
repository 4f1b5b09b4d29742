"""Where chdb is, the ClickHouse engine as a package of PyPI; and the checks in it: environment.py --environment FOLDER
--cdclite PROGRAM --data FOLDER."""
import argparse
import os
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..', 'exploring'))

import pypi  # noqa: E402

PACKAGES = ['chdb==4.4.0']
CHECKS = ('check_recordings.py', 'check_tables.py', 'check_move.py', 'check_cluster.py', 'check_readme.py',
          'check_side_by_side.py')


def python(folder):
    return os.path.join(pypi.environment(folder, PACKAGES), 'python')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--environment', required=True, help='kept for the next time')
    parser.add_argument('--cdclite', required=True)
    parser.add_argument('--data', required=True)
    given = parser.parse_args()
    interpreter = python(given.environment)
    failed = [check for check in CHECKS if subprocess.run(
        [interpreter, os.path.join(HERE, check), '--cdclite', given.cdclite, '--data', given.data]).returncode]
    for check in failed:
        print(f'{check} failed', file=sys.stderr)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
