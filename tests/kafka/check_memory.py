"""A loader stays within its memory whatever the backlog is and however slow its disk: the peak of its resident memory,
with the default settings, over backlogs of a mock cluster of three brokers."""
import argparse
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

LIMIT_KIB = 96 << 10
# The mock cluster knows nothing of fetch.max.bytes: the same bound by what it knows, shared by a broker's partitions.
BOUND = 'fetch.message.max.bytes=380000'
# name: partitions, events a partition, bytes an event, milliseconds more for a sync, whether it is stopped for a while
BACKLOGS = {
    'small': (32, 8000, 400, 0, False),
    'usual': (64, 1200, 3500, 0, False),
    'usual, slow disk': (64, 1200, 3500, 150, False),
    'usual, stopped': (64, 1200, 3500, 0, True),
    'large': (48, 4, 900000, 100, False),
}


# librdkafka's fetching would sleep for up to a second each time its queue is full: then this takes ten.
MOST_SECONDS = {'small': 6}


def load(given, name, partitions, events, size, slow_ms, stopped):
    directory = tempfile.mkdtemp(prefix='cdclite-memory-')
    host = subprocess.Popen([given.host, '3', str(partitions), str(events), str(size)], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)
    try:
        brokers = host.stdout.readline().strip()
        db = os.path.join(directory, 'history.db')
        environment = dict(os.environ, LD_PRELOAD=given.slow_disk, SLOW_DISK_MS=str(slow_ms))
        began = time.monotonic()
        loader = subprocess.Popen([given.cdclite, 'load', '--quiet', '--until-end', '--brokers', brokers, '--topic',
                                   'bank.data.event', '--db', db, '--no-text', '-X', 'fetch.wait.max.ms=20',
                                   '-X', BOUND],
                                  env=environment)
        if stopped:
            while not os.path.exists(db):  # it has just begun
                time.sleep(0.001)
            loader.send_signal(signal.SIGSTOP)
            time.sleep(2)
            loader.send_signal(signal.SIGCONT)
        _, status, usage = os.wait4(loader.pid, 0)
        loader.returncode = os.waitstatus_to_exitcode(status)
        took = time.monotonic() - began
        assert loader.returncode == 0, f'{name}: exit code {loader.returncode}'
        loaded = sqlite3.connect(db).execute('SELECT count(*), count(DISTINCT after_id) FROM event_history').fetchone()
        assert loaded == (partitions * events,) * 2, f'{name}: {loaded} loaded of {partitions * events}'
    finally:
        host.communicate('')
        shutil.rmtree(directory)
    backlog = partitions * events * size >> 20
    print(f'{name}: {partitions} partitions, {backlog} MiB, {took:.1f} s ({backlog / took:.0f} MiB/s), peak '
          f'{usage.ru_maxrss >> 10} MiB')
    assert took <= MOST_SECONDS.get(name, took), f'{name}: fetching stalls'
    return usage.ru_maxrss <= LIMIT_KIB


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--cdclite', required=True)
    parser.add_argument('--host', required=True)
    parser.add_argument('--slow-disk', required=True)
    given = parser.parse_args()
    above = [name for name, backlog in BACKLOGS.items() if not load(given, name, *backlog)]
    if above:
        sys.exit(f'more than {LIMIT_KIB >> 10} MiB: {", ".join(above)}')


if __name__ == '__main__':
    main()
