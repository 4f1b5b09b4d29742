"""Where the load's instructions go, counted by callgrind: these figures do not depend on the machine's mood."""

import os
import re
import subprocess

import inputs
from harness import BUILD, ROOT, path, remove

# Which layer a source file of the program is of, by the beginning of its name; the rest is bookkeeping.
LAYERS = (
    ('reading input', ('intake', 'file_source', 'input_line', 'message', 'kafka_', 'source', 'positions', 'topic_')),
    ('schema and envelope', ('envelope', 'schema_texts', 'table_schema', 'table_shape', 'flattened', 'type_name')),
    ('reading JSON', ('json_',)),
    ('values', ('value', 'decimal', 'row_reader', 'missing_value', 'row_state')),
    ('text log', ('text_log', 'text_lines', 'time_text')),
    ('history', ('history', 'row_pages', 'row_transfer', 'captured_table', 'database', 'wal')),
    ('summaries', ('summar',)),
    (
        'sent again?',
        ('redelivery', 'connector_run', 'sent_stretch', 'identity_map', 'hash', 'run_comparison', 'tx_set'),
    ),
)
OBJECTS = (('SQLite', 'libsqlite3'), ('json-c', 'libjson-c'), ('librdkafka', 'librdkafka'))
OTHERS = 'bookkeeping'
LIBC = 'C library'
ENTRY = ('_start', '(below main)')  # calls the C library, which calls all the rest


def build():
    """The program with its functions' files known, else as users run it."""
    folder = os.path.join(BUILD, 'profile')
    for words in (
        [
            'cmake',
            '-G',
            'Ninja',
            '-S',
            ROOT,
            '-B',
            folder,
            '-DCMAKE_BUILD_TYPE=Release',
            '-DCMAKE_C_FLAGS=-g',
            '-DCDCLITE_TESTS=OFF',
        ],
        ['cmake', '--build', folder],
    ):
        subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
    return os.path.join(folder, 'cdclite')


def layer(object_file, *source_files):
    """By the first file that is of one: where it stands, then what it was inlined into."""
    for name, library in OBJECTS:
        if library in object_file:
            return name
    if 'cdclite' not in os.path.basename(object_file):
        return LIBC
    for base in map(os.path.basename, source_files):
        for name, beginnings in LAYERS:
            if base.startswith(beginnings):
                return name
    return OTHERS


class Profile:
    """callgrind's file: cost by layer, where the C library's cost goes to the layer that called it."""

    def __init__(self, file):
        self.names = {}
        self.cost = {}
        self.libc_called = {}
        self.at = {'ob': '', 'fl': '', 'fn': ''}
        self.called = {}
        with open(file) as lines:
            self.read(lines)

    def name(self, kind, text):
        number, name = re.match(r'(?:\((\d+)\))?\s*(.*)', text).groups()
        if number and name:
            self.names[kind, number] = name
        return name or self.names.get((kind, number), '')

    def read(self, lines):
        calls = False
        for line in lines:
            key, _, text = line.rstrip('\n').partition('=')
            if key == 'ob':
                self.at['ob'] = self.name('ob', text)
            elif key == 'fl':
                self.at['fl'] = self.at['file'] = self.name('fl', text)
            elif key in ('fi', 'fe'):  # inlined from another file
                self.at['file'] = self.name('fl', text)
            elif key == 'fn':
                self.at['fn'] = self.name('fn', text)
                self.at['file'] = self.at['fl']
                self.called = {}
            elif key == 'cob':
                self.called['ob'] = self.name('ob', text)
            elif key in ('cfl', 'cfi'):
                self.called['fl'] = self.name('fl', text)
            elif key == 'cfn':
                self.name('fn', text)
            elif key == 'calls':
                calls = True
            elif line[:1].isdigit() or line[:1] in '+-*':
                self.add(int(line.split()[1]), calls)
                if calls:
                    self.called = {}
                calls = False

    def add(self, cost, is_call):
        here = layer(self.at['ob'], self.at['file'], self.at['fl'])
        if not is_call:
            self.cost[here] = self.cost.get(here, 0) + cost
        elif here != LIBC and self.at['fn'] not in ENTRY and self.calls_libc():
            self.libc_called[here] = self.libc_called.get(here, 0) + cost

    def calls_libc(self):
        return layer(self.called.get('ob', self.at['ob']), self.called.get('fl', '')) == LIBC

    def by_layer(self):
        """The C library's share is dealt out in proportion to what each layer's calls into it cost."""
        found = dict(self.cost)
        libc, called = found.pop(LIBC, 0), sum(self.libc_called.values())
        for name, cost in self.libc_called.items():
            found[name] = found.get(name, 0) + libc * cost / called
        return found


def count(program, source, extra=()):
    target, out = path('profiled.db'), path('callgrind.out')
    remove(target, target + '.txt', out)
    subprocess.run(
        [
            'valgrind',
            '--tool=callgrind',
            f'--callgrind-out-file={out}',
            program,
            'load',
            '--quiet',
            '--until-end',
            '--input',
            source,
            '--db',
            target,
            '--text',
            target + '.txt',
            *extra,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    profile = Profile(out).by_layer()
    remove(target, target + '.txt')
    return profile


def run(context):
    if not context.has('valgrind'):
        raise RuntimeError('valgrind is not installed')
    program, results = build(), {}
    for key in ('schema', 'plain'):
        # The difference of two loads: what the start costs is in both.
        many = context.size['profile_events']
        few = many // 4
        costs = {events: count(program, inputs.events(events, key == 'schema')) for events in (few, many)}
        each = {name: (cost - costs[few].get(name, 0)) / (many - few) for name, cost in costs[many].items()}
        results[key] = {'layers': {name: cost for name, cost in each.items() if cost >= 1}, 'total': sum(each.values())}
        context.say(
            f'{key}: {results[key]["total"]:,.0f} instructions an event: '
            + ', '.join(
                f'{name} {cost:,.0f}' for name, cost in sorted(each.items(), key=lambda pair: -pair[1]) if cost >= 1
            )
        )
    return results
