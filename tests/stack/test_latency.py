"""How long after COMMIT in PostgreSQL a change can be seen in SQLite."""
import contextlib
import sqlite3
import statistics
import subprocess
import time
import unittest

import broker
import holding_truth
import latency_picture
import pipeline
import stack

COMMITS = 300
PAUSE = 0.02
# The loader's --linger and the connector's poll.interval.ms: the defaults, and what README says of changes that have
# to be seen at once.
SETTINGS = ((500, 500), (20, 500), (20, 20))
MOST_MEDIAN, MOST_P99 = 2.0, 5.0  # far above what is measured: a machine may be slow, minutes are wrong


class Latency(holding_truth.HoldingTest):
    def test_latency(self):
        self.start_capture()
        measured = {}
        for linger, poll in SETTINGS:
            self.connect.configure(self.connector(poll_interval_ms=str(poll)))
            self.follow('--linger', str(linger))
            self.wait_for(4, pipeline.READ)
            self.warm_up()
            name = f'--linger {linger}, poll.interval.ms={poll}'
            seconds = measured[name] = sorted(self.measure())
            code, text = self.stop(self.follower, 15)
            self.assertEqual(code, 0, text)
            median, p99 = statistics.median(seconds), seconds[int(len(seconds) * 0.99)]
            print(f'{name}: from COMMIT to visible in SQLite: median {median * 1000:.0f} ms, '
                  f'99th percentile {p99 * 1000:.0f} ms, slowest {seconds[-1] * 1000:.0f} ms ({len(seconds)} commits)')
            self.assertLess(median, MOST_MEDIAN)
            self.assertLess(p99, MOST_P99)
        self.check_all()
        if stack.given.picture:
            latency_picture.draw(measured, stack.given.picture)

    def warm_up(self):
        """The connector's new task has begun."""
        loaded = self.count(pipeline.CHANGE)
        self.sql('UPDATE bank_data.holding SET holding_quantity = 0 WHERE holding_id = 1000')
        self.wait_for(loaded + 1)

    def measure(self):
        """Seconds of each commit, one after another, from PostgreSQL's commit timestamp on."""
        first = self.select('SELECT max(change_id) FROM holding_history')[0][0]
        commits = COMMITS * (f'UPDATE bank_data.holding SET holding_quantity = holding_quantity + 1 '
                             f'WHERE holding_id = 1000; SELECT pg_sleep({PAUSE});\n')
        seconds = []
        with contextlib.closing(sqlite3.connect(f'file:{self.db}?mode=ro', uri=True, timeout=10)) as db, \
                subprocess.Popen(self.postgres.psql(pipeline.DATABASE), stdin=subprocess.PIPE,
                                 stdout=subprocess.DEVNULL, env=self.postgres.environment, text=True,
                                 preexec_fn=broker.die_with_parent) as psql:
            psql.stdin.write(commits)
            psql.stdin.close()
            until = time.monotonic() + pipeline.ARRIVE_SECONDS
            while len(seconds) < COMMITS:
                self.assertLess(time.monotonic(), until, f'{len(seconds)} of {COMMITS} changes came')
                rows = db.execute('SELECT changed_at FROM holding_history WHERE change_id > ?',
                                  (first + len(seconds),)).fetchall()
                now = time.time()
                seconds += [now - changed_at / 10**6 for changed_at, in rows]
                time.sleep(0.002)
        return seconds


if __name__ == '__main__':
    unittest.main()
