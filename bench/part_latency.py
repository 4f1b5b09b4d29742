"""On a quiet topic: how long after it was sent an event can be queried. With a backlog and a slow disk: whether the
fetching keeps up with the disk though the queue is small."""

import os
import random
import sqlite3
import subprocess
import time

import inputs
import kafka
from contenders import cdclite
from harness import PROGRAM, PYTHON, alternate, call, path, peer, remove, spread, tool

WAIT_SECONDS = 30
# An option that makes the wait shorter, where the program has it.
SHORTER = (('--linger', '20'),)
QUEUE = ['-X', 'queued.max.messages.kbytes=16384']
DISKS = ({'SLOW_DISK_MIB_S': '20', 'SLOW_DISK_SYNC_MS': '10'}, {'SLOW_DISK_MIB_S': '10000', 'SLOW_DISK_SYNC_MS': '200'})


class Reader:
    """Asks for the last change, over and over."""

    def __init__(self, target):
        self.target, self.database = target, None

    def last(self):
        try:
            if not self.database:
                self.database = sqlite3.connect(f'file:{self.target}?mode=ro', uri=True)
            return self.database.execute('SELECT coalesce(max(change_id), 0) FROM holding_history').fetchone()[0]
        except sqlite3.OperationalError:  # not there yet
            self.database = None
            return 0

    def wait_for(self, count):
        until = time.monotonic() + WAIT_SECONDS
        while self.last() < count:
            if time.monotonic() > until:
                raise RuntimeError(f'event {count} did not come in {WAIT_SECONDS} s')
            time.sleep(0.001)


def latency(context, address, topic, more):
    """Seconds from the moment an event is given to a producer that waits for nothing to the one it is found."""
    count = context.size['latency_events']
    target = path('quiet.db')
    remove(target, target + '.txt')
    lines = call(*inputs.command(count + 1)).splitlines()
    producer = subprocess.Popen([PYTHON, peer('produce'), address, topic], stdin=subprocess.PIPE, text=True)
    print(lines[0], file=producer.stdin, flush=True)
    time.sleep(2)  # the topic is made
    loader = subprocess.Popen(
        [
            PROGRAM,
            'load',
            '--quiet',
            '--brokers',
            address,
            '--topic',
            topic,
            '--db',
            target,
            '--text',
            target + '.txt',
            *more,
        ]
    )
    found, reader, chance = [], Reader(target), random.Random(1)
    try:
        reader.wait_for(1)
        for number, line in enumerate(lines[1:], 2):
            time.sleep(chance.uniform(0.1, 1.0))
            began = time.perf_counter()
            print(line, file=producer.stdin, flush=True)
            reader.wait_for(number)
            found.append(time.perf_counter() - began)
    finally:
        loader.terminate()
        loader.wait()
        producer.stdin.close()
        producer.wait()
        remove(target, target + '.txt')
    result = spread(found) | {'events': count, 'options': ' '.join(more)}
    context.say(
        f'quiet topic {" ".join(more)}: {result["median"] * 1000:.0f} ms, at most {result["most"] * 1000:.0f} ms'
    )
    return result


def slow_disk(context, address):
    count = context.size['slow_disk_events']
    kafka.fill(address, 'backlog', count, with_schema=True)
    file, topic = ['--input', inputs.events(count, with_schema=True)], [
        '--brokers',
        address,
        '--topic',
        'backlog',
        *QUEUE,
    ]
    results = {}
    for disk in DISKS[: context.size['disks']]:
        name = f'{disk["SLOW_DISK_MIB_S"]} MiB/s, {disk["SLOW_DISK_SYNC_MS"]} ms a sync'
        slowed = {'env': disk | {'LD_PRELOAD': os.path.join(os.path.dirname(tool('measure')), 'libthrottled_disk.so')}}
        context.say(f'-- a disk of {name}')
        results[name] = alternate(
            context,
            [cdclite(count, file, name='from a file', **slowed), cdclite(count, topic, name='from Kafka', **slowed)],
            context.size['slow_disk_runs'],
        )
    return results


def run(context):
    for needed in ('kcat', 'confluent-kafka'):
        if not context.has(needed):
            raise RuntimeError(f'{needed} is not installed')
    manual = call(PROGRAM, 'load', '--help')
    with kafka.running() as broker:
        results = {'quiet': [latency(context, broker.address(), 'quiet', [])]}
        for words in SHORTER:
            if words[0] in manual:
                results['quiet'].append(latency(context, broker.address(), 'quiet' + words[0], list(words)))
        results['slow_disk'] = slow_disk(context, broker.address())
    return results
