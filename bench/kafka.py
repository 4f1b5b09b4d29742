"""A real broker, as tests/stack starts it, and topics that kcat fills."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile

import inputs
from harness import BUILD, ROOT, call

sys.path.insert(0, os.path.join(ROOT, 'tests', 'stack'))

import artifacts  # noqa: E402
import broker  # noqa: E402

# Room to compile its hot paths, as a broker in use has them.
broker.JAVA[:] = [
    'java',
    '-Xms256m',
    '-Xmx1g',
    '-XX:+UseSerialGC',
    '-Dlog4j2.configurationFile=' + os.path.join(ROOT, 'tests', 'stack', 'log4j2.xml'),
]

NotReachable = artifacts.NotReachable


class Broker(broker.Broker):
    def settings(self):
        return super().settings() | {
            'auto.create.topics.enable': 'true',
            'num.partitions': 1,
            'log.retention.check.interval.ms': 300000,
            'log.flush.scheduler.interval.ms': 3000,
        }


def connect_jars():
    """Kafka Connect with the JDBC sink, fetched from Maven Central the first time."""
    return artifacts.fetched('connect', os.path.join(ROOT, 'bench', 'connect', 'pom.xml'))


@contextlib.contextmanager
def running():
    artifacts.kafka()  # fetches it from Maven Central the first time
    directory = tempfile.mkdtemp(prefix='broker-', dir=BUILD)
    try:
        with Broker(directory) as started:
            yield started
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def fill(address, topic, count, with_schema=False):
    """Makes the topic, with one partition, and sends so many events there without keys."""
    maker = subprocess.Popen(inputs.command(count, with_schema), stdout=subprocess.PIPE)
    send(address, topic, maker.stdout)
    maker.stdout.close()
    if maker.wait():
        raise RuntimeError('the events cannot be made')
    check_end(address, topic, count)


def fill_from(address, topic, file, count):
    with open(file, 'rb') as lines:
        send(address, topic, lines)
    check_end(address, topic, count)


def send(address, topic, lines):
    kcat = ['kcat', '-P', '-b', address, '-t', topic, '-q']
    for key, value in (
        ('acks', 'all'),
        ('linger.ms', 20),
        ('batch.size', 1000000),
        ('message.max.bytes', 4000000),
        ('queue.buffering.max.kbytes', 65536),
    ):
        kcat += ['-X', f'{key}={value}']
    done = subprocess.run(kcat, stdin=lines, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f'the topic cannot be filled: {done.stderr[-300:]}')


def check_end(address, topic, count):
    end = call('kcat', '-Q', '-b', address, '-t', f'{topic}:0:-1').split()
    if str(count) not in end:
        raise RuntimeError(f'the topic {topic} got other than {count} messages: {" ".join(end)}')
