"""How many instructions an event a load takes, counted by callgrind: the one figure of speed that does not depend on
the machine's mood. It is printed beside the recorded one, and fails where it is more than a twentieth above it, with
the same compiler and libraries; with others it is only printed. --record writes recorded.json anew."""
import argparse
import gzip
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77  # as ctest takes it
FEW, MANY = 1000, 4000
ALLOWED = 1.05


def values(data, name):
    with gzip.open(os.path.join(data, name + '.jsonl.gz'), 'rt', encoding='utf-8') as file:
        yield from filter(None, (json.loads(line)['value'] for line in file))


def write_events(path, data, count, schema):
    with open(path, 'w', encoding='utf-8') as file:
        for value in itertools.islice(values(data, 'bulk-tenth'), count):
            file.write(f'{schema}{value}}}\n' if schema else f'{value}\n')


def instructions(program, directory, data, count, schema):
    directory = tempfile.mkdtemp(dir=directory)
    events, out = os.path.join(directory, 'events.jsonl'), os.path.join(directory, 'callgrind.out')
    write_events(events, data, count, schema)
    subprocess.run(['valgrind', '--tool=callgrind', '--callgrind-out-file=' + out, program, 'load', '--quiet',
                    '--until-end', '--input', events, '--db', os.path.join(directory, 'history.db'),
                    '--text', os.path.join(directory, 'log.txt')], stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=300)
    with open(out, encoding='utf-8', errors='replace') as file:
        return int(re.search(r'^(?:summary|totals): (\d+)', file.read(), re.MULTILINE).group(1))


def measure(given, directory):
    update = next(value for value in values(given.data, 'a-seed-schema') if '"op":"u"' in value)
    schema = update[:update.index('"payload":') + len('"payload":')]
    found = {}
    for name, block in (('with schemas', schema), ('without schemas', '')):
        few, many = (instructions(given.cdclite, directory, given.data, count, block) for count in (FEW, MANY))
        found[name] = round((many - few) / (MANY - FEW))
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--cdclite', required=True)
    parser.add_argument('--data', required=True)
    parser.add_argument('--recorded', required=True)
    parser.add_argument('--compiler', required=True)
    parser.add_argument('--record', action='store_true')
    given = parser.parse_args()
    if not shutil.which('valgrind'):
        print('skipped: valgrind is not installed')
        return SKIPPED
    libraries = subprocess.run([given.cdclite, '--version'], capture_output=True, text=True, check=True).stdout
    ground = {'compiler': given.compiler, 'libraries': re.search(r'\((.*)\)', libraries).group(1),
              'libc': os.confstr('CS_GNU_LIBC_VERSION')}
    with tempfile.TemporaryDirectory(prefix='cdclite-instructions-') as directory:
        found = measure(given, directory)
    if given.record:
        with open(given.recorded, 'w', encoding='utf-8') as file:
            json.dump({'instructions an event': found, 'with': ground}, file, indent=2)
            file.write('\n')
    with open(given.recorded, encoding='utf-8') as file:
        recorded = json.load(file)
    failed = False
    for name, count in found.items():
        before = recorded['instructions an event'][name]
        print(f'{name}: {count:,} instructions an event, recorded {before:,} ({count / before - 1:+.1%})')
        failed |= count > before * ALLOWED
    if recorded['with'] != ground:
        print(f'not compared: recorded with {recorded["with"]}, this is {ground}')
        return 0
    if failed:
        print('more than recorded: where that is meant, write recorded.json anew with --record', file=sys.stderr)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
