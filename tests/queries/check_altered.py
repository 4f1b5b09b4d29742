"""check_altered.py --cdclite PROGRAM --data DIR: a table that was altered often, by `diff` from before its first event: all
rows are added, and they are those of the database at the end, in the columns that it spells as the program does."""
import argparse
import collections
import gzip
import json
import os
import subprocess
import tempfile

RECORDING = 'f2-schema-evolution-paced'
ALIKE = ('integer', 'text')


def text(value):
    return None if value is None else str(value)


def check(program, data, name):
    wrong = 0
    with gzip.open(os.path.join(data, name + '.final.json.gz'), 'rt', encoding='utf-8') as file:
        final = json.load(file)
    with tempfile.TemporaryDirectory() as folder:
        with gzip.open(os.path.join(data, name + '.jsonl.gz')) as recording:
            subprocess.run([program, 'load', '--input', '-', '--no-text', '--quiet'], input=recording.read(), cwd=folder,
                           stderr=subprocess.DEVNULL, check=True)
        for table, truth in final.items():
            done = subprocess.run([program, 'query', 'diff', f'table={table}', 'from=1970-01-01', '--format', 'json'],
                                  cwd=folder, stdout=subprocess.PIPE, check=True)
            columns = [(i, c) for i, c in enumerate(truth['columns']) if truth['types'][i] in ALIKE]
            want = collections.Counter(tuple(text(row[i]) for i, _ in columns) for row in truth['rows'])
            got = collections.Counter()
            for row in json.loads(done.stdout):
                got[tuple(text(row['new_' + c]) for _, c in columns)] += row['copies'] * (row['change'] == 'added')
            same = got == want
            wrong += not same
            print(f'{name}, {table}: {sum(want.values())} rows {"equal" if same else f"differ: {got - want}, {want - got}"}')
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--cdclite', required=True, type=os.path.abspath)
    parser.add_argument('--data', required=True)
    given = parser.parse_args()
    raise SystemExit(check(given.cdclite, os.path.join(given.data, 'tables'), RECORDING) > 0)


if __name__ == '__main__':
    main()
