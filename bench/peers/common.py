"""What the peers share: the columns, where the events come from, what a run took, and sums that tell whether two stores
hold the same rows."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time

IMAGE = ('holding_id', 'user_id', 'holding_stock', 'holding_quantity', 'datetime_created', 'datetime_updated')
COLUMNS = ('op', 'changed_at', 'lsn', 'tx_id') + tuple(
    f'{image}_{name}' for image in ('before', 'after') for name in IMAGE
)
NUMBERS = tuple(name for name in COLUMNS if name[-2:] != 'op' and not name.endswith('_stock'))

# Primes, so that a value in the wrong column or row changes the sum; small enough for 64 bits in every engine.
WEIGHTS = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41)


def sums(query, table='holding_history', integer='BIGINT', stock='{}'):
    """What the store holds, as lists of integers and texts, by SQL that all engines take. `query` gives rows as
    tuples."""
    mixed = ' + '.join(f'coalesce(CAST({name} AS {integer}), -1) * {weight}' for name, weight in zip(NUMBERS, WEIGHTS))
    found = {'ops': query(f'SELECT op, count(*) FROM {table} GROUP BY op ORDER BY op')}
    found['mixed'] = query(f'SELECT sum(({mixed}) % 1000003 * (CAST(lsn AS {integer}) % 1009 + 1)) FROM {table}')
    for image in ('before', 'after'):
        text = stock.format(f'{image}_holding_stock')
        found[image] = query(
            f"SELECT coalesce({text}, '(none)') AS s, count(*), "
            f'sum(coalesce(CAST({image}_holding_quantity AS {integer}), -1)) '
            f'FROM {table} GROUP BY s ORDER BY s'
        )
    return json.loads(json.dumps({key: [[str(value) for value in row] for row in rows] for key, rows in found.items()}))


class Source:
    """A file, or a topic through kcat: `path` is what the engine reads."""

    def __init__(self, given):
        self.pipe = self.result = None
        self.path = given
        if given.startswith('kafka:'):
            self.brokers, self.topic = given[len('kafka:') :].split('/')

    def open_pipe(self):
        self.result = tempfile.NamedTemporaryFile(suffix='.json')
        kcat = [
            os.environ['CDCLITE_BENCH_MEASURE'],
            self.result.name,
            'kcat',
            '-C',
            '-b',
            self.brokers,
            '-t',
            self.topic,
            '-p',
            '0',
            '-o',
            'beginning',
            '-e',
            '-q',
        ]
        # A full queue stops kcat's fetching for up to a second; the end is told after a wait for more.
        for key, value in (
            ('queued.max.messages.kbytes', 1048576),
            ('queued.min.messages', 1000000),
            ('fetch.message.max.bytes', 8388608),
            ('fetch.wait.max.ms', 10),
        ):
            kcat += ['-X', f'{key}={value}']
        self.pipe = subprocess.Popen(kcat, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.path = f'/dev/fd/{self.pipe.stdout.fileno()}'

    def close(self):
        """The peak of the process before the pipe, in KiB."""
        if not self.pipe:
            return 0
        self.pipe.stdout.close()
        self.pipe.wait()
        with open(self.result.name) as file:
            return json.load(file)['rss_kib']


def peak_kib(pid='self'):
    """Of one process alone: ru_maxrss counts from the parent's size."""
    with open(f'/proc/{pid}/status') as status:
        return next(int(line.split()[1]) for line in status if line.startswith('VmHWM'))


def cpu():
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def run(given, load):
    """Runs load(source) and prints what it took as JSON. The start of the interpreter and its imports do not count."""
    source = Source(given)
    began, before = time.perf_counter(), cpu()
    if given.startswith('kafka:') and load.__name__ != 'load_directly':
        source.open_pipe()
    load(source)
    upstream = source.close()
    json.dump(
        {'seconds': time.perf_counter() - began, 'cpu': cpu() - before, 'rss_kib': peak_kib() + upstream}, sys.stdout
    )
