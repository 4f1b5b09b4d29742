"""What the stack tests share: the broker, the hand that makes things happen in it (kafka_hand.c), and the loader with
a database of its own."""
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

import broker

LOAD_SECONDS = 60
SOURCE = 3  # exit code
given = None  # the arguments: cdclite, hand
kafka = None  # the broker of all tests


class Hand:
    def __init__(self):
        self.process = subprocess.Popen([given.hand, kafka.address()], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1, preexec_fn=broker.die_with_parent)

    def __call__(self, *words):
        """The numbers it answers with."""
        print(*words, file=self.process.stdin)
        answer = self.process.stdout.readline().split()
        if not answer or answer[0] != 'ok':
            raise RuntimeError(f'{" ".join(map(str, words))}: {" ".join(answer)}')
        return [int(word) for word in answer[1:]]

    def close(self):
        """Without a farewell to the broker."""
        self.process.kill()
        self.process.communicate()


class StackTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix='cdclite-stack-')
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.db = os.path.join(self.directory, 'history.db')
        self.hand = self.new_hand()
        self.topic = 'stack.' + self._testMethodName

    def new_hand(self):
        hand = Hand()
        self.addCleanup(hand.close)
        return hand

    def make_topic(self, partitions=1, **settings):
        self.hand('topic', self.topic, partitions, *(f'{key.replace("_", ".")}={value}'
                                                      for key, value in settings.items()))

    def command(self, *more, listener='PLAINTEXT'):
        return [given.cdclite, 'load', '--brokers', kafka.address(listener), '--topic', self.topic, '--db', self.db,
                '--no-text', *more]

    def load(self, *more, listener='PLAINTEXT'):
        """Loads until the end: exit code and diagnostics."""
        done = subprocess.run(self.command('--until-end', *more, listener=listener), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LOAD_SECONDS)
        return done.returncode, done.stdout

    def load_well(self, *more, listener='PLAINTEXT'):
        code, text = self.load(*more, listener=listener)
        self.assertEqual(code, 0, text[-2000:])
        return text

    def load_refused(self, *more, listener='PLAINTEXT'):
        code, text = self.load(*more, listener=listener)
        self.assertEqual(code, SOURCE, text[-2000:])
        return text

    def follow(self, *more):
        """A load that goes on until it is stopped, or killed with the test."""
        process = subprocess.Popen(self.command(*more), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, preexec_fn=broker.die_with_parent)
        self.addCleanup(self.stop, process)
        return process

    @staticmethod
    def stop(process, by=signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(by)
        text = process.communicate(timeout=LOAD_SECONDS)[0] if not process.stdout.closed else ''
        return process.returncode, text

    def rows(self):
        """(partition, offset, id) in the order of arrival."""
        if not os.path.exists(self.db):
            return []
        db = sqlite3.connect(f'file:{self.db}?mode=ro', uri=True, timeout=10)
        try:
            return db.execute('SELECT kafka_partition, kafka_offset, after_id FROM event_history '
                              'ORDER BY change_id').fetchall()
        except sqlite3.OperationalError:  # nothing is loaded yet
            return []
        finally:
            db.close()

    def wait_for_rows(self, count):
        until = time.monotonic() + LOAD_SECONDS
        while len(self.rows()) < count:
            if time.monotonic() > until:
                self.fail(f'{len(self.rows())} of {count} events came')
            time.sleep(0.05)

    def check(self, expected, partition=0):
        """The partition holds exactly these ids, in this order, at growing offsets."""
        rows = [row for row in self.rows() if row[0] == partition]
        self.assertEqual([row[2] for row in rows], list(expected))
        offsets = [row[1] for row in rows]
        self.assertEqual(offsets, sorted(set(offsets)))
