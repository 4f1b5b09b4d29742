"""What the parts share: where things are, how a contender is run and measured, and the alternation."""

import json
import os
import platform
import shutil
import statistics
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BUILD = os.path.join(ROOT, 'build', 'bench')
WORK = os.path.join(BUILD, 'work')
PYTHON = os.path.join(BUILD, 'venv', 'bin', 'python')
PROGRAM = os.path.join(BUILD, 'release', 'cdclite')
RUN_SECONDS = 900


def tool(name):
    return os.path.join(BUILD, 'release', 'bench', name)


def peer(name):
    return os.path.join(HERE, 'peers', name + '_peer.py')


def call(*words, **more):
    """Runs a program to its end: what it printed. Its diagnostics stand in the error when it fails."""
    environment = dict(os.environ, CDCLITE_BENCH_MEASURE=tool('measure'), PYTHONDONTWRITEBYTECODE='1')
    done = subprocess.run(
        [str(word) for word in words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment | more.pop('env', {}),
        timeout=RUN_SECONDS,
        **more,
    )
    if done.returncode:
        raise RuntimeError(f'{" ".join(map(str, words))[:300]}: {done.stderr.strip()[-400:]}')
    return done.stdout


def measured(*words, **more):
    """Runs a program as measure.c does: seconds, cpu, rss_kib."""
    result = os.path.join(WORK, 'measured.json')
    call(tool('measure'), result, *words, **more)
    with open(result) as file:
        return json.load(file)


def path(*names):
    return os.path.join(WORK, *names)


def remove(*paths):
    for one in paths:
        if os.path.isdir(one):
            shutil.rmtree(one)
        else:
            for each in (one, one + '-wal', one + '-shm', one + '.lock'):
                if os.path.exists(each):
                    os.remove(each)


class Contender:
    """`run(target)` loads its `events` into the target and tells what it took; `sums(target)` tells what stands there,
    None where nothing is stored."""

    def __init__(self, name, events, run, sums=None, note='', rounds=99):
        self.name, self.events, self.run, self.sums, self.note = name, events, run, sums, note
        self.rounds = rounds  # at most, for whoever starts slowly


def alternate(context, contenders, runs):
    """Each contender once a round, in turn; the first round only warms up and shows that all store the same rows.
    The runs of each, by name; whoever fails or stores something else is left out, with the reason."""
    results = {}
    truths = {}  # by number of events: the first contender's, which is cdclite
    for number in range(runs + 1):
        for contender in [each for each in contenders if number <= each.rounds]:
            target = path('target')
            remove(target, target + '.txt')
            os.sync()  # what others wrote is not this one's debt
            try:
                took = contender.run(target)
                if number == 0 and contender.sums:
                    compare(contender, target, truths)
            except (RuntimeError, subprocess.SubprocessError, OSError) as why:
                context.leave_out(contender.name, str(why))
                contenders.remove(contender)
                results.pop(contender.name, None)
                continue
            events = took.setdefault('events', contender.events)
            context.say(
                f'{contender.name}: {events / took["seconds"]:,.0f} events/s, '
                f'{took["cpu"] / events * 1e6:.2f} µs of CPU, '
                f'{took["rss_kib"] / 1024:.0f} MiB' + (' (warming up)' if number == 0 else '')
            )
            entry = results.setdefault(contender.name, {'note': contender.note, 'runs': []})
            if number:
                entry['runs'].append(took)
            if os.path.exists(target) and number == 0:
                entry['bytes'] = size(target)
    remove(path('target'), path('target') + '.txt')
    return results


def compare(contender, target, truths):
    sums = contender.sums(target)
    truth = truths.setdefault(contender.events, sums)
    if sums != truth:
        raise RuntimeError(f'stores other rows than cdclite: {first_difference(truth, sums)}')


def first_difference(truth, sums):
    for key, expected in truth.items():
        if sums.get(key) != expected:
            pairs = [pair for pair in zip(expected, sums.get(key, [])) if pair[0] != pair[1]]
            return f'{key}: {pairs[:1] or "rows are missing"}'
    return ''


def size(target):
    if os.path.isdir(target):
        return sum(
            os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(target) for name in names
        )
    return os.path.getsize(target)


def spread(values):
    return {'median': statistics.median(values), 'least': min(values), 'most': max(values)}


def machine():
    with open('/proc/cpuinfo') as file:
        model = next((line.split(':')[1].strip() for line in file if line.startswith('model name')), 'unknown')
    with open('/proc/meminfo') as file:
        memory = round(int(file.readline().split()[1]) / 1048576)
    system = ''
    if os.path.exists('/etc/os-release'):
        with open('/etc/os-release') as file:
            names = dict(line.rstrip('\n').split('=', 1) for line in file if '=' in line)
        system = names.get('PRETTY_NAME', '').strip('"')
    load = os.getloadavg()[0]
    return {
        'processor': model,
        'cores': os.cpu_count(),
        'memory_gib': memory,
        'system': system,
        'kernel': platform.release().split('-')[0],
        'load_at_start': load,
        'date': time.strftime('%Y-%m-%d', time.gmtime()),
    }
