"""The loader's memory over backlogs of a real broker, with the default settings."""
import os
import subprocess
import time
import unittest

import stack

LIMIT_MIB = 96


class Memory(stack.StackTest):
    def peak(self, partitions, events, size):
        self.make_topic(partitions, max_message_bytes=20000000)
        # An event that stood in two partitions would be one that was sent again.
        for partition in range(partitions):
            self.hand('send', '-', self.topic, partition, partition * events, events, size)
        began = time.monotonic()
        process = subprocess.Popen(self.command('--until-end', '--quiet'), stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        took = time.monotonic() - began
        self.assertEqual(process.returncode, 0)
        for partition in range(partitions):
            self.check(range(partition * events, (partition + 1) * events), partition)
        backlog, peak = partitions * events * size >> 20, usage.ru_maxrss >> 10
        print(f'{backlog} MiB in {partitions} partitions, events of {size} bytes: {backlog / took:.0f} MiB/s, '
              f'peak {peak} MiB')
        self.assertLess(peak, LIMIT_MIB)

    def test_usual_events(self):
        self.peak(8, 10000, 3500)

    def test_small_events(self):
        self.peak(8, 40000, 300)

    def test_large_events(self):
        self.peak(4, 20, 3 << 20)

    def test_events_near_max_event_bytes(self):
        self.peak(2, 6, (16 << 20) - 1000)


if __name__ == '__main__':
    unittest.main()
