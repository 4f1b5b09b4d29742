"""Packages of PyPI for a test, in a virtual environment of its own that is kept for the next time."""
import os
import subprocess
import sys

SKIPPED = 77


def give_up(why):
    """Skips the test; in CI that fails it."""
    print(f'not tested: {why}', file=sys.stderr, flush=True)
    sys.exit(1 if os.environ.get('CI') == 'true' else SKIPPED)


def environment(folder, packages):
    """The folder of an environment's programs, made and filled where it is not yet."""
    programs = os.path.join(folder, 'bin')
    done = os.path.join(folder, 'has')
    want = '\n'.join(packages)
    if os.path.exists(done):
        with open(done, encoding='utf-8') as has:
            if has.read() == want:
                return programs
    made = subprocess.run([sys.executable, '-m', 'venv', '--clear', folder], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if made.returncode:
        give_up(f'python3 -m venv: {made.stdout}')
    filled = subprocess.run([os.path.join(programs, 'pip'), 'install', '--quiet', '--disable-pip-version-check', *packages],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if filled.returncode:
        give_up(f'{" ".join(packages)} cannot be had from PyPI: {filled.stdout}')
    with open(done, 'w', encoding='utf-8') as has:
        has.write(want)
    return programs
