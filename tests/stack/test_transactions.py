"""Transactions of a real broker: what was not committed is never loaded, what was committed is, once."""
import time
import unittest

import stack


class Transactions(stack.StackTest):
    def send(self, producer, first, count, size=250, partition=0):
        self.hand('send', producer, self.topic, partition, first, count, size)

    def test_committed_aborted_and_interleaved(self):
        self.make_topic()
        self.hand('transactional', 'a', 60000)
        self.hand('transactional', 'b', 60000)
        expected = []
        for i in range(0, 4000, 400):
            self.hand('begin', 'a')
            self.hand('begin', 'b')
            self.send('a', i, 100)
            self.send('b', i + 100, 100)
            self.send('a', i + 200, 100)
            self.send('-', i + 300, 100)  # without a transaction
            first_commits = i % 800 == 0
            self.hand('commit' if first_commits else 'abort', 'a')
            self.hand('abort' if first_commits else 'commit', 'b')
            if first_commits:
                expected += [*range(i, i + 100), *range(i + 200, i + 300)]
            else:
                expected += range(i + 100, i + 200)
            expected += range(i + 300, i + 400)
        self.load_well()  # ends, although markers and aborted records are the last
        self.check(expected)
        self.load_well()
        self.check(expected)

    def test_all_aborted_ends(self):
        self.make_topic()
        self.hand('transactional', 'aborting', 60000)
        for i in range(3):
            self.hand('begin', 'aborting')
            self.send('aborting', 100 * i, 100)
            self.hand('abort', 'aborting')
        self.assertEqual(self.load_well().count('the brokers give none of them: they are of a transaction'), 1)
        self.check([])

    def test_open_then_committed(self):
        self.make_topic()
        self.hand('transactional', 'slow', 60000)
        self.send('-', 0, 50)
        self.hand('begin', 'slow')
        self.send('slow', 50, 50)
        self.send('-', 100, 50)
        follower = self.follow()
        self.wait_for_rows(50)
        time.sleep(1)
        self.check(range(50))  # nothing of it, nor what stands behind it
        self.load_in_vain()
        self.hand('commit', 'slow')
        self.wait_for_rows(150)
        code, text = self.stop(follower, 15)
        self.assertEqual(code, 0, text)
        self.check(range(150))

    def load_in_vain(self):
        """A second loader of one database is refused at once."""
        code, text = self.load()
        self.assertEqual(code, 4, text)

    def test_open_then_timed_out(self):
        self.make_topic()
        forgotten = self.new_hand()
        forgotten('transactional', 'forgotten', 2000)
        self.send('-', 0, 50)
        forgotten('begin', 'forgotten')
        forgotten('send', 'forgotten', self.topic, 0, 50, 50, 250)
        forgotten.close()
        self.send('-', 100, 50)
        follower = self.follow()
        self.wait_for_rows(100)  # the broker aborts it
        self.assertEqual(self.stop(follower, 15)[0], 0)
        self.check([*range(50), *range(100, 150)])

    def test_killed_in_the_middle(self):
        self.make_topic(partitions=2)
        self.hand('transactional', 'k', 60000)
        count, kills = 0, 0
        expected = {0: [], 1: []}
        for i in range(40):
            self.hand('begin', 'k')
            for partition in expected:
                self.send('k', count, 1000, 1000, partition)
                if i % 4 < 3:
                    expected[partition] += range(count, count + 1000)
                count += 1000
            self.hand('commit' if i % 4 < 3 else 'abort', 'k')
        total = sum(map(len, expected.values()))
        while kills < 12 and len(self.rows()) < total:
            follower = self.follow('-X', 'queued.max.messages.kbytes=1024')
            time.sleep(0.15 + 0.03 * kills)
            self.stop(follower)
            kills += 1
        self.load_well()
        for partition, ids in expected.items():
            self.check(ids, partition)
        print(f'{total} committed of {count} records, {kills} kills')


if __name__ == '__main__':
    unittest.main()
