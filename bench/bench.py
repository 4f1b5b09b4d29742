"""bench.py [--quick] [--fifty] [PART ...]: measures the parts (all by default), keeps the results in
build/bench/results.json, and writes docs/performance.md from them. bench/run.sh builds what is needed first."""

import argparse
import importlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import harness  # noqa: E402
import report  # noqa: E402

PARTS = ('files', 'kafka', 'floors', 'answers', 'growth', 'latency', 'profile')
FULL = {
    'runs': 5,
    'schema_events': 1000000,
    'plain_events': 2000000,
    'slow_events': 100000,
    'engine_events': 300000,
    'sink_rounds': 2,
    'answers': [1000000, 10000000],
    'growth': [0, 1000000, 10000000],
    'chunk': 1000000,
    'wide_events': 100000,
    'query_runs': 15,
    'query_seconds': 12,
    'latency_events': 50,
    'slow_disk_events': 200000,
    'slow_disk_runs': 2,
    'disks': 2,
    'profile_events': 160000,
}
QUICK = {
    'runs': 2,
    'schema_events': 50000,
    'plain_events': 100000,
    'slow_events': 10000,
    'engine_events': 150000,
    'sink_rounds': 0,
    'answers': [200000],
    'growth': [0, 200000],
    'chunk': 100000,
    'wide_events': 10000,
    'query_runs': 2,
    'query_seconds': 1,
    'latency_events': 6,
    'slow_disk_events': 40000,
    'slow_disk_runs': 1,
    'disks': 1,
    'profile_events': 8000,
}
PACKAGES = ('duckdb', 'chdb', 'orjson', 'confluent-kafka')
PROGRAMS = ('kcat', 'jq', 'sqlite3', 'java', 'mvn', 'valgrind')


class Context:
    """What a part is given: its sizes, which peers are here, and where it says what it does."""

    def __init__(self, size):
        self.size = size
        self.versions = versions()
        self.left_out = {}
        self.began = time.monotonic()
        self.part = ''

    def say(self, text):
        print(f'{time.monotonic() - self.began:7.1f} s  {text}', flush=True)

    def has(self, name):
        if name not in self.versions:
            self.left_out.setdefault(name, 'is not installed')
        return name in self.versions

    def leave_out(self, name, why):
        why = why.replace(harness.ROOT + os.sep, '').replace(os.path.expanduser('~'), '~')
        self.left_out[f'{self.part}: {name}'] = why
        self.say(f'LEFT OUT: {name}: {why}')


def versions():
    found = {}
    listing = [
        harness.PYTHON,
        '-c',
        'import importlib.metadata as m, json; '
        'print(json.dumps({d.metadata["Name"].lower(): d.version for d in m.distributions()}))',
    ]
    if os.path.exists(harness.PYTHON):
        installed = json.loads(subprocess.run(listing, capture_output=True, text=True, check=True).stdout)
        found = {name: installed[name] for name in PACKAGES if name in installed}
    found |= {name: 'installed' for name in PROGRAMS if shutil.which(name)}
    text = subprocess.run([harness.PROGRAM, '--version'], capture_output=True, text=True, check=True).stdout
    found['cdclite'] = ' '.join(text.split())
    commit = subprocess.run(['git', '-C', harness.ROOT, 'rev-parse', '--short', 'HEAD'], capture_output=True, text=True)
    found['commit'] = commit.stdout.strip()
    return found


def stored(name):
    if os.path.exists(name):
        with open(name) as file:
            return json.load(file)
    return {'parts': {}}


def main():
    parser = argparse.ArgumentParser(usage='sh bench/run.sh [--quick] [--fifty] [--report] [PART ...]')
    parser.add_argument('--quick', action='store_true', help='a small version, into build/bench alone')
    parser.add_argument('--fifty', action='store_true', help='growth up to 50 million events, too')
    parser.add_argument('--report', action='store_true', help='measure nothing, write the report again')
    parser.add_argument('parts', nargs='*', help=' '.join(PARTS))
    given = parser.parse_args()
    unknown = set(given.parts) - set(PARTS)
    if unknown:
        parser.error(f'no such part: {" ".join(sorted(unknown))}; there are {" ".join(PARTS)}')
    name = os.path.join(harness.BUILD, 'results-quick.json' if given.quick else 'results.json')
    results = stored(name)
    results['quick'] = given.quick
    failed = False
    if not given.report:
        size = dict(QUICK if given.quick else FULL)
        if given.fifty:
            size['growth'] = [*size['growth'], 50000000]
        os.makedirs(harness.WORK, exist_ok=True)
        for part in given.parts or PARTS:
            failed |= not run_part(part, size, results)
            with open(name, 'w') as file:
                json.dump(results, file, indent=1)
    folder = harness.BUILD if given.quick else os.path.join(harness.ROOT, 'docs')
    report.write(results, folder)
    print(f'results: {name}\nreport:  {os.path.join(folder, "performance.md")}')
    return 1 if failed else 0


def run_part(part, size, results):
    context = Context(size)
    context.part = part
    context.say(f'== {part}')
    try:
        measured = importlib.import_module('part_' + part).run(context)
    except Exception as why:  # one part that cannot be had does not cost the others
        context.leave_out('the whole part', f'{type(why).__name__}: {why}')
        results['parts'].pop(part, None)
        results['parts'][part] = {'left_out': context.left_out}
        return False
    results['parts'][part] = {
        'results': measured,
        'left_out': context.left_out,
        'versions': context.versions,
        'machine': harness.machine(),
        'size': size,
        'seconds': time.monotonic() - context.began,
    }
    context.say(f'== {part}: done')
    return True


if __name__ == '__main__':
    sys.exit(main())
