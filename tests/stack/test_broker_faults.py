"""A real broker that dies, deletes, and makes anew."""
import glob
import os
import signal
import time
import unittest

import stack


class BrokerFaults(stack.StackTest):
    def send(self, first, count, size=250, partition=0, producer='-'):
        self.hand('send', producer, self.topic, partition, first, count, size)

    def test_killed_and_back(self):
        self.make_topic(partitions=2)
        for partition in (0, 1):
            self.send(0, 100000, 300, partition)
        follower = self.follow('-X', 'fetch.message.max.bytes=20000')
        self.wait_for_rows(1)
        stack.kafka.kill()
        before = len(self.rows())
        self.assertLess(before, 200000)
        time.sleep(1)
        stack.kafka.start()
        began = time.monotonic()
        self.hand = self.new_hand()
        self.send(100000, 100, 300)
        self.wait_for_rows(200100)
        code, text = self.stop(follower, signal.SIGTERM)
        self.assertEqual(code, 0, text)
        self.check(range(100100), 0)
        self.check(range(100000), 1)
        print(f'killed at {before} of 200000, all there {time.monotonic() - began:.1f} s after the restart')

    def test_records_deleted_that_were_not_loaded(self):
        self.make_topic()
        self.send(0, 100)
        self.load_well()
        self.send(100, 900)
        self.hand('trim', self.topic, 0, 50)
        self.load_well()  # only what was loaded is gone, the anchor's offset too: go on
        self.check(range(1000))
        self.send(1000, 1000)
        self.hand('trim', self.topic, 0, 1500)
        text = self.load_refused()
        self.assertIn('loaded up to offset 1000, but the log now holds 1500 to 2000', text)
        self.assertIn('retention deleted', text)
        self.assertIn('another --db', text)
        self.assertIn('--restart-at beginning (or end)', text)
        self.check(range(1000))
        self.load_well('--restart-at', 'beginning')
        self.check([*range(1000), *range(1500, 2000)])
        self.load_well()
        self.check([*range(1000), *range(1500, 2000)])

    def test_restart_at_the_end_is_kept(self):
        self.make_topic()
        self.send(0, 100)
        self.load_well()
        self.send(100, 100)
        self.hand('trim', self.topic, 0, 150)
        self.load_refused()
        self.load_well('--restart-at', 'end')
        self.send(200, 10)
        self.load_well()
        self.check([*range(100), *range(200, 210)])

    def test_retention_deletes_segments(self):
        self.make_topic(segment_bytes=1 << 20, retention_bytes=1 << 20)
        self.send(0, 10)
        self.load_well()
        self.send(10, 4000, 1000)  # the first of four segments go
        until = time.monotonic() + 20
        while '000000000000.log' in ''.join(self.segments()):
            self.assertLess(time.monotonic(), until, 'the broker deletes no segment')
            time.sleep(0.1)
        self.assertIn('retention deleted events that were not loaded', self.load_refused())
        self.check(range(10))
        self.load_well('--restart-at', 'beginning')
        ids = [row[2] for row in self.rows()]
        self.assertEqual(ids[:10], list(range(10)))
        self.assertEqual(ids[10:], list(range(ids[10], 4010)))

    def segments(self):
        return glob.glob(os.path.join(stack.kafka.directory, 'data', self.topic + '-0', '*.log'))

    def made_anew(self, records, says):
        self.make_topic()
        self.send(0, 100)
        self.load_well()
        self.hand('drop', self.topic)
        time.sleep(0.5)
        self.make_topic()
        self.send(5000, records)
        text = self.load_refused()
        self.assertIn(says, text)
        self.assertIn('another --db', text)
        self.assertIn('--restart-at beginning (or end)', text)
        self.check(range(100))
        self.load_well('--restart-at', 'beginning')
        self.assertEqual([row[2] for row in self.rows()], [*range(100), *range(5000, 5000 + records)])
        self.load_well()
        self.assertEqual(len(self.rows()), 100 + records)

    def test_made_anew_with_fewer(self):
        self.made_anew(40, 'loaded up to offset 100, but the log now holds 0 to 40')

    def test_made_anew_with_more(self):
        self.made_anew(300, 'is not the one that was loaded from there')

    def test_gaps_of_compaction_are_no_loss(self):
        self.make_topic(cleanup_policy='compact', segment_ms=100, min_cleanable_dirty_ratio=0.01,
                        max_compaction_lag_ms=100)
        for key in range(5):
            self.hand('key', '-', self.topic, 0, f'k{key}', key * 100, 100)
        time.sleep(0.3)
        self.hand('key', '-', self.topic, 0, 'last', 500, 1)
        until = time.monotonic() + 20
        while True:
            self.load_well()
            if len(self.rows()) < 501:
                break
            self.assertLess(time.monotonic(), until, 'the broker compacts nothing')
            os.remove(self.db)
            time.sleep(0.5)
        last = {offset: number for _, offset, number in self.rows()}
        for key in range(5):  # the last of each key is there
            self.assertEqual(last.get(key * 100 + 99), key * 100 + 99)
        self.assertEqual(last.get(500), 500)
        count = len(self.rows())
        self.load_well()
        self.assertEqual(len(self.rows()), count)
        print(f'{count} of 501 records left')

    def test_flipped_bit_on_the_broker_s_disk(self):
        self.make_topic()
        self.send(0, 100)
        self.send(100, 100)
        path = self.segments()[0]
        with open(path, 'r+b') as file:
            data = file.read()
            place = data.index(b'"id":150')
            file.seek(place + len(b'"id":15'))
            file.write(b'7')  # 150 becomes 157
        text = self.load_refused()
        self.assertIn('partition 0: unreadable from offset 1', text)
        self.assertLessEqual(len(self.rows()), 100)
        self.load_refused()
        self.load_well('-X', 'check.crcs=false')  # as it stands there
        self.assertEqual([row[2] for row in self.rows()], [*range(150), 157, *range(151, 200)])


if __name__ == '__main__':
    unittest.main()
