"""ClickHouse's Kafka engine and cdclite on one topic of the real pipeline, Kafka Connect being killed meanwhile: equal
histories and answers; and a history that is moved in mid-stream, which goes on where it ended."""
import json
import os
import subprocess
import sys
import unittest

import broker
import holding_truth
import pipeline
import stack

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..', 'clickhouse'))

import environment  # noqa: E402

FROM_KAFKA = os.path.join(HERE, '..', 'clickhouse', 'from_kafka.py')
HISTORY = ', '.join(['op', 'changed_at', 'lsn', 'tx_id', 'unavailable', 'kafka_partition', 'kafka_offset']
                    + [f'{side}_{column}' for side in ('before', 'after') for column in holding_truth.COLUMNS])
ROUNDS = 400  # of deploy/workload.sql, each time
TRUNCATE = "TRUNCATE bank_data.holding; INSERT INTO bank_data.holding VALUES (1, 1, 'Ω', 5, now(), '1999-12-31');"


class ClickHouse(holding_truth.HoldingTest):
    def setUp(self):
        super().setUp()
        try:
            self.python = environment.python(os.path.join(os.path.dirname(stack.given.hand), 'chdb'))
        except SystemExit as why:
            if why.code != environment.pypi.SKIPPED:
                raise
            raise unittest.SkipTest('chdb cannot be had from PyPI') from None

    def clickhouse(self, count, *more):
        done = subprocess.run([self.python, FROM_KAFKA, stack.kafka.address(), f'{self.prefix}.bank_data.holding',
                               str(count), *more], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180,
                              preexec_fn=broker.die_with_parent)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        found = json.loads(done.stdout)
        found['history'] = [tuple(row) for row in found['history']]
        return found

    def work(self):
        with open(os.path.join(pipeline.DEPLOY, 'workload.sql')) as file:
            self.sql(f'\\set rounds {ROUNDS}\n' + file.read())

    def test_clickhouse(self):
        self.start_capture()
        follower = self.follow('--linger', '20')
        self.wait_for(4, pipeline.READ)
        self.sql(TRUNCATE)
        self.work()
        self.wait_for(len(self.audit()))
        self.stop(follower, 15)
        copy = os.path.join(self.directory, 'copy.db')
        subprocess.run([stack.given.cdclite, 'backup', '--db', self.db, copy], check=True, stdout=subprocess.DEVNULL)
        follower = self.follow('--linger', '20')
        self.work()
        self.connect.kill()
        self.connect.start()
        self.connect.wait_running('bank')
        self.work()
        # The last of all: what was sent again came before it.
        self.sql("INSERT INTO bank_data.holding VALUES (-1, -1, 'LAST', 1, now(), now())")
        self.wait_for(1, 'after_holding_id = -1')
        self.stop(follower, 15)
        self.check_all()
        again, = self.select('SELECT count(*) FROM redelivered_event')[0]
        before, = self.select('SELECT max(kafka_offset) FROM holding_history')[0]
        self.hand('send', 'plain', f'{self.prefix}.bank_data.holding', 0, 0, 3, 300)
        history = self.select(f'SELECT {HISTORY} FROM holding_history ORDER BY kafka_partition, kafka_offset')
        for more in ((), (copy,)):
            # The copy has no row for what came again before it was made; nothing had.
            found = self.clickhouse(len(history) + again + 3, *more)
            self.assertEqual(found['moved'] > 0, bool(more))
            self.assertEqual(found['history'], history)
            self.assertEqual(holding_truth.in_order(found['current']), self.current())
            self.assertEqual(len(found['rejected']), 3)
            self.assertTrue(all(offset > before and value for offset, _, value in found['rejected']))
            for name, *parameters in (('most_sold_stocks', 'limit=0'), ('stock_change_counts',),
                                      ('user_activity', 'limit=0'),
                                      ('most_sold_stock_per_period', 'period=day', 'limit=0')):
                self.assertEqual([list(row.values()) for row in found['answers'][name]],
                                 [list(row) for row in self.query(name, *parameters)], name)
        print(f'{len(history)} events equal on ClickHouse, {again} of them sent twice; {found["moved"]} were moved there')
