"""How many instructions the load of an event takes, counted by callgrind: the one measure of speed that does not
depend on what else the machine does. recorded.txt beside this has what is expected, for the versions that it names;
with others the figures are only printed. Start-up is left out: what 4,000 events more take is counted.

    python3 check_instructions.py --cdclite PROGRAM --data DIRECTORY --compiler NAME [--record]
"""
import argparse
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
FEW, MANY = 1000, 5000
MOST_ABOVE = 0.05
SKIPPED = 77


def values(path):
    with gzip.open(path, 'rt', encoding='utf-8') as lines:
        for line in lines:
            value = json.loads(line)['value']
            if value is not None:
                yield value


def schema_of(path):
    """The schema block of the first message that has one, as its source text."""
    for value in values(path):
        at = value.find('"schema":') + len('"schema":')
        return value[at:json.JSONDecoder().raw_decode(value, at)[1]]
    raise ValueError(path)


def instructions(program, lines, directory):
    for name in os.listdir(directory):
        os.remove(os.path.join(directory, name))
    source, counts = (os.path.join(directory, name) for name in ('input.jsonl', 'counts'))
    with open(source, 'w', encoding='utf-8') as file:
        file.writelines(line + '\n' for line in lines)
    subprocess.run(['valgrind', '--quiet', '--tool=callgrind', f'--callgrind-out-file={counts}', program, 'load',
                    '--input', source, '--db', os.path.join(directory, 'x.db'), '--text',
                    os.path.join(directory, 'x.txt'), '--quiet'], check=True)
    with open(counts, encoding='utf-8') as file:
        return int(re.search(r'^(?:summary|totals): (\d+)', file.read(), re.M).group(1))


def versions(program, compiler):
    """Of what the count depends on."""
    libraries = subprocess.run([program, '--version'], check=True, capture_output=True, text=True).stdout
    return ', '.join((compiler, re.search(r'SQLite [\d.]+', libraries).group(0), os.confstr('CS_GNU_LIBC_VERSION')))


def recorded():
    with open(os.path.join(HERE, 'recorded.txt'), encoding='utf-8') as file:
        return dict(line.rstrip('\n').split(': ') for line in file if not line.startswith('#'))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--cdclite', required=True)
    parser.add_argument('--data', required=True)
    parser.add_argument('--compiler', default='unknown', help='name and version')
    parser.add_argument('--record', action='store_true', help='print what recorded.txt should say')
    options = parser.parse_args()
    if not shutil.which('valgrind'):
        print('skipped: valgrind is not installed')
        return SKIPPED
    plain = list(values(os.path.join(options.data, 'bulk-tenth.jsonl.gz')))[:MANY]
    schema = schema_of(os.path.join(options.data, 'a-seed-schema.jsonl.gz'))
    inputs = {'without schema': plain,
              'with schema': ['{"schema":' + schema + ',"payload":' + value + '}' for value in plain]}
    expected, here, failed = recorded(), versions(options.cdclite, options.compiler), False
    if options.record:
        print('versions:', here)
    elif expected['versions'] != here:
        print(f'not compared: recorded with {expected["versions"]}, this is {here}')
    for name, lines in inputs.items():
        with tempfile.TemporaryDirectory() as directory:
            few, many = (instructions(options.cdclite, lines[:count], directory) for count in (FEW, MANY))
        an_event = (many - few) // (MANY - FEW)
        print(f'{name}: {an_event}')
        if not options.record and expected['versions'] == here and an_event > int(expected[name]) * (1 + MOST_ABOVE):
            print(f'  more than {MOST_ABOVE:.0%} above the {expected[name]} recorded: find out why, or record it')
            failed = True
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
