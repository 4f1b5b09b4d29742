"""The events: made out of tests/data/bulk-tenth (19,754 changes) by make_events.c, kept in build/bench/work."""

import gzip
import json
import os
import subprocess

from harness import ROOT, call, path, tool

DATA = os.path.join(ROOT, 'tests', 'data')


def values(name):
    with gzip.open(os.path.join(DATA, name + '.jsonl.gz'), 'rt', encoding='utf-8') as file:
        for line in file:
            value = json.loads(line)['value']
            if value:
                yield value


def seed():
    """The bare values of changes, one a line."""
    target = path('seed.jsonl')
    if not os.path.exists(target):
        with open(target, 'w', encoding='utf-8') as file:
            file.writelines(value + '\n' for value in values('bulk-tenth'))
    return target


def fraction():
    """An event whose quantity the sums cannot hold."""
    target = path('fraction.jsonl')
    if not os.path.exists(target):
        event = json.loads(next(values('bulk-tenth')))
        event['after']['holding_quantity'] = 0.5
        event['source'] |= {'lsn': 1, 'txId': 1}
        with open(target, 'w', encoding='utf-8') as file:
            file.write(json.dumps(event, separators=(',', ':')) + '\n')
    return target


def schema():
    """The block in front of each payload, as Debezium 3.7 sends it for this table."""
    target = path('schema.json')
    if not os.path.exists(target):
        value = next(value for value in values('a-seed-schema') if '"op":"u"' in value)
        with open(target, 'w', encoding='utf-8') as file:
            file.write(value[len('{"schema":') : value.index(',"payload":')])
    return target


def command(count, with_schema=False, first=0, total=None):
    words = [tool('make_events'), seed(), str(count), '--first', str(first), '--total', str(total or first + count)]
    return words + (['--schema', schema()] if with_schema else [])


def events(count, with_schema=False, first=0, total=None):
    """The path of a file with so many events."""
    total = total or first + count
    target = path(f'events-{count}-{first}-{total}{"-schema" if with_schema else ""}.jsonl')
    if not os.path.exists(target):
        with open(target + '.part', 'wb') as file:
            subprocess.run(command(count, with_schema, first, total), stdout=file, check=True)
        os.rename(target + '.part', target)
    return target


def deletes(count):
    """How many of the first events are deletes."""
    return int(call('grep', '-c', '"op":"d"', events(count)))


def part_of(source, count):
    """The first lines of a file, as a file."""
    target = source.replace('.jsonl', f'.first-{count}.jsonl')
    if not os.path.exists(target):
        call('sh', '-c', f'head -n {count} "$1" > "$2"', 'sh', source, target)
    return target


WIDE = tuple((f'column_{number:03}', ('int32', 'string', 'int64', 'double')[number % 4]) for number in range(100))


def wide(count):
    """A file of updates of a table with 100 columns, with schemas."""
    target = path(f'wide-{count}.jsonl')
    if os.path.exists(target):
        return target
    fields = [{'type': kind, 'optional': True, 'field': name} for name, kind in WIDE]
    with open(schema(), encoding='utf-8') as file:
        block = json.load(file)
    for field in block['fields']:
        if field['field'] in ('before', 'after'):
            field['fields'], field['name'] = fields, 'bench.public.wide.Value'
    block['name'] = 'bench.public.wide.Envelope'
    source = {
        'version': '3.7.0.Final',
        'connector': 'postgresql',
        'name': 'bench',
        'snapshot': 'false',
        'db': 'bank',
        'sequence': None,
        'schema': 'public',
        'table': 'wide',
        'xmin': None,
        'origin': None,
        'origin_lsn': None,
    }
    head = '{"schema":' + json.dumps(block, separators=(',', ':')) + ',"payload":'
    with open(target + '.part', 'w', encoding='utf-8') as file:
        for number in range(count):
            time_us = 1767225600000000 + number * 1000
            source |= {
                'ts_ms': time_us // 1000,
                'ts_us': time_us,
                'ts_ns': time_us * 1000,
                'txId': 700 + number,
                'lsn': 1000000 + number * 64,
            }
            event = {
                'before': wide_row(number - 1),
                'after': wide_row(number),
                'source': source,
                'transaction': None,
                'op': 'u',
                'ts_ms': time_us // 1000,
                'ts_us': time_us,
                'ts_ns': time_us * 1000,
            }
            file.write(head + json.dumps(event, separators=(',', ':')) + '}\n')
    os.rename(target + '.part', target)
    return target


def wide_row(number):
    make = {
        'int32': lambda at: number % 1000 + at,
        'string': lambda at: f'text {number + at}',
        'int64': lambda at: number * 1000003 + at,
        'double': lambda at: number / 8 + at,
    }
    return {name: make[kind](at) for at, (name, kind) in enumerate(WIDE)}
