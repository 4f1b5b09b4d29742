"""`cdclite rejected retry`: what was rejected and can be stored by now is, once each, as if it had been from the start;
what would come too late is not.

That a newer version can read what an older one could not is played by mending the bytes in rejected_event."""
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import common  # noqa: E402
from common import FAILURE, STORAGE, USAGE  # noqa: E402


def message(offset, table='orders', bad=False, partition=0, key=None, headers=(), op='c', value=None):
    number = offset + 1
    row = {'id': number, 'paid': 2 * number}
    payload = {'before': None, 'after': row, 'op': '?' if bad else op, 'ts_ms': 1738317600500 + number,
               'source': {'version': '3.7.0.Final', 'connector': 'postgresql', 'name': 's', 'schema': 'b', 'table': table,
                          'ts_ms': 1738317600000 + number, 'txId': number, 'lsn': 1000 + number, 'snapshot': 'false'}}
    return {'topic': f's.b.{table}', 'partition': partition, 'offset': offset, 'timestamp_ms': 1738317601000 + number,
            'key': key, 'value': value or json.dumps(payload), 'headers': [list(header) for header in headers]}


def lines(messages):
    return ''.join(json.dumps(m) + '\n' for m in messages).encode()


class RetryTest(common.OperatingTest):
    def load(self, messages, *words, place=None):
        done = (place or self.place).run('load', '--input', '-', '--input-format', 'recorded', *words, stdin=lines(messages))
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def rows(self, sql, db=None):
        with sqlite3.connect(f'file:{db or self.place.db}?mode=ro', uri=True) as connection:
            return connection.execute(sql).fetchall()

    def change(self, sql, *values):
        connection = sqlite3.connect(self.place.db)
        connection.execute(sql, values)
        connection.commit()
        connection.close()

    def mend(self):
        self.change("""UPDATE rejected_event SET value = CAST(replace(CAST(value AS TEXT), '"op": "?"', '"op": "c"') AS BLOB)""")

    def is_whole(self):
        self.succeeds('verify')

    def list(self):
        return [row['id'] for row in json.loads(self.succeeds('rejected', 'list', '--format', 'json').stdout)]

    def history(self, table='orders', columns='*', db=None):
        return self.rows(f'SELECT {columns} FROM {table}_history ORDER BY change_id', db)

    def test_as_if_stored_from_the_start(self):
        """The end of a topic, and all of another, with keys and headers: the history of a load that rejected nothing."""
        def headers(n):
            return [('__debezium.context.runId', f'run {n // 6}')]
        for bad in (True, False):
            messages = [message(n, 'orders', bad and n > 3, headers=headers(n)) for n in range(12)]
            messages += [message(n, 'people', bad, key=json.dumps({'id': n + 1}), headers=headers(n)) for n in range(9)]
            if bad:
                self.load(messages)
                self.assertEqual(len(self.list()), 17)
                self.mend()
                done = self.succeeds('rejected', 'retry')
                self.assertIn('of 17 rejected events 17 stored', done.stderr.decode())
            else:
                os.mkdir(self.place.path('good'))
                self.load(messages, '--db', 'good/history.db', '--text', 'good/output_data.txt')
        good = self.place.path('good/history.db')
        for table in ('orders', 'people'):
            self.assertEqual(self.history(table), self.history(table, db=good))
        runs = 'SELECT topic, partition, first_offset, first_change_id, run_id FROM connector_run ORDER BY topic, run'
        self.assertEqual(self.rows(runs), self.rows(runs, good))
        self.assertEqual(self.rows('SELECT * FROM people_current'), self.rows('SELECT * FROM people_current', good))
        self.assertEqual(self.list(), [])
        self.assertEqual(json.loads(self.succeeds('status', '--format', 'json').stdout)['rejected'], 0)
        self.is_whole()
        again = self.succeeds('rejected', 'retry')
        self.assertIn('of 0 rejected events 0 stored', again.stderr.decode())
        self.assertEqual(len(self.history()), 12)
        # The load goes on behind all of it.
        self.load([message(n, bad=3 < n < 12, headers=headers(n)) for n in range(15)])
        self.assertEqual(self.history(columns='kafka_offset'), [(n,) for n in range(15)])
        self.is_whole()

    def test_text_and_sums(self):
        def holding(number, bad):
            value = json.loads(common.event(number, stock='ABC'[number % 3]))
            value['after'].update(datetime_created=1738317600000000, datetime_updated=None)
            if number % 2:
                value.update(before=dict(value['after'], holding_quantity=5), op='u')
            if bad:
                value['op'] += '?'
            return {'topic': 's.bank_data.holding', 'partition': 0, 'offset': number, 'timestamp_ms': -1, 'key': None,
                    'headers': [], 'value': json.dumps(value)}
        os.mkdir(self.place.path('good'))
        self.load([holding(n, False) for n in range(10)], '--db', 'good/history.db', '--text', 'good/output_data.txt')
        self.load([holding(n, n > 5) for n in range(10)])
        self.change("UPDATE rejected_event SET value = CAST(replace(CAST(value AS TEXT), '?', '') AS BLOB), value_size = value_size - 1")
        self.succeeds('rejected', 'retry')

        def events_of(path):
            """Its lines without the time of loading."""
            with open(self.place.path(path), encoding='utf-8') as file:
                return [[*line.split(',')[:-2], line.split(',')[-1]] for line in file]
        self.assertEqual(events_of('output_data.txt'), events_of('good/output_data.txt'))
        for query in ('stock_change_counts', 'most_sold_stocks', 'user_activity'):
            self.assertEqual(self.succeeds('query', query).stdout,
                             self.succeeds('query', query, '--db', 'good/history.db').stdout)
        self.is_whole()

    def test_too_late(self):
        """Behind offset 4 and 5 of partition 0 changes are stored, behind those of partition 1 none."""
        self.load([message(n, bad=n in (4, 5)) for n in range(8)])
        self.load([message(n, bad=n > 1, partition=1) for n in range(4)])
        self.mend()
        before = self.history()
        done = self.place.run('rejected', 'retry', '1', '2')
        self.assertEqual(done.returncode, FAILURE)
        self.assertIn('2 too late', done.stderr.decode())
        self.assertEqual(self.history(), before)
        done = self.place.run('rejected', 'retry')
        self.assertEqual(done.returncode, FAILURE)
        self.assertIn('of 4 rejected events 2 stored, 2 too late', done.stderr.decode())
        self.assertEqual(self.list(), [1, 2])
        self.is_whole()

    def test_one_after_the_other(self):
        """An event may be stored by itself; one in front of it is too late then, one behind it is not."""
        self.load([message(n, bad=n > 2) for n in range(6)])
        self.mend()
        self.succeeds('rejected', 'retry', '2')
        self.assertEqual(self.place.run('rejected', 'retry', '1').returncode, FAILURE)
        self.succeeds('rejected', 'retry', '3')
        self.assertEqual(self.history(columns='kafka_offset'), [(n,) for n in (0, 1, 2, 4, 5)])
        self.assertEqual(self.list(), [1])
        self.is_whole()

    def test_in_the_same_batch(self):
        """Rejected and stored in one batch, in both orders."""
        self.load([message(0, bad=True), message(1), message(2, bad=True)])
        self.mend()
        self.place.run('rejected', 'retry')
        self.assertEqual(self.history(columns='kafka_offset'), [(1,), (2,)])
        self.assertEqual(self.list(), [1])
        self.is_whole()

    def test_still_rejected(self):
        self.load([message(0), message(1, bad=True), message(2, bad=True)])
        self.change("""UPDATE rejected_event SET value = CAST(replace(CAST(value AS TEXT), '"?"', '"c"') AS BLOB) WHERE rejected_id = 2""")
        done = self.place.run('rejected', 'retry')
        said = done.stderr.decode()
        self.assertEqual(done.returncode, FAILURE)
        self.assertIn('of 2 rejected events 1 stored, 1 still rejected', said)
        self.assertRegex(said, r"rejected event 1 \(s\.b\.orders, partition 0, offset 1\): still rejected: op is none of")
        self.assertEqual(self.list(), [1])
        self.assertEqual(self.rows('SELECT count(*) FROM rejected_event'), [(2,)])
        self.is_whole()

    def test_sent_again(self):
        """Debezium sent an event twice, and both were rejected: one is stored."""
        header = [('__debezium.context.runId', 'a')], [('__debezium.context.runId', 'b')]
        first, again = message(1, bad=True, headers=header[0]), message(1, bad=True, headers=header[1])
        again['offset'] = 2
        self.load([message(0, headers=header[0]), first, again])
        self.mend()
        done = self.succeeds('rejected', 'retry')
        self.assertIn('1 of them sent again', done.stderr.decode())
        self.assertEqual(self.history(columns='kafka_offset'), [(0,), (1,)])
        self.assertEqual(self.list(), [])
        self.is_whole()

    def test_not_kept_whole(self):
        """What was too large, what was no event, and what an older version kept without its headers."""
        large = message(1)
        large['value'] = json.dumps(dict(json.loads(large['value']), more='x' * 5000))
        self.load([message(0), large, message(2, bad=True)], '--max-event-bytes', '4000')
        self.load([{'topic': 'x', 'value': '{"id": 1}'}])
        self.assertEqual(len(self.list()), 3)
        self.mend()
        self.change('UPDATE rejected_event SET timestamp_ms = NULL WHERE rejected_id = 2')
        done = self.place.run('rejected', 'retry')
        self.assertEqual(done.returncode, FAILURE)
        self.assertIn('of 3 rejected events 0 stored, 3 not kept whole', done.stderr.decode())
        self.assertEqual(len(self.history()), 1)
        self.is_whole()

    def test_another_log_of_that_name(self):
        """A topic made anew begins at offset 0 again: what was rejected of the old one is too late for the new one."""
        self.load([message(n, bad=n > 2) for n in range(5)])
        self.mend()
        self.change("UPDATE position SET next_offset = 0, anchor_offset = -1 WHERE topic = 's.b.orders'")
        self.load([message(0, op='u')])
        before = self.history()
        self.assertEqual(self.place.run('rejected', 'retry').returncode, FAILURE)
        self.assertEqual(self.history(), before)

    def test_killed_at_any_time(self):
        """Each is stored once, whenever the program dies."""
        count = 3000
        self.load([message(n, bad=n > 0) for n in range(count)])
        self.mend()
        environment = dict(os.environ, CDCLITE_BATCH_MESSAGES='100')
        killed = 0
        for attempt in range(200):
            run = subprocess.Popen([common.given.cdclite, 'rejected', 'retry', '--quiet'], cwd=self.place.folder.name,
                                   env=environment, stderr=subprocess.DEVNULL)
            time.sleep(0.004 + 0.0004 * attempt)
            run.send_signal(signal.SIGKILL)
            killed += run.wait() == -signal.SIGKILL
            if len(self.history()) == count:
                break
        self.succeeds('rejected', 'retry')
        self.assertGreater(killed, 1)
        self.assertEqual(self.history(columns='change_id, kafka_offset'), [(n + 1, n) for n in range(count)])
        self.is_whole()

    def test_usage(self):
        self.fails(STORAGE, 'rejected', 'retry', '--db', 'no.db', says=['no such file'])
        self.load([message(0), message(1, bad=True)])
        self.fails(USAGE, 'rejected', 'retry', 'x', says=["'x': the ID is a number"])
        self.fails(USAGE, 'rejected', 'retry', '7', says=['no rejected event 7'])
        self.fails(USAGE, 'rejected', 'retry', '--format', 'json', says=['--format is no option of rejected retry'])
        loading = self.begin()
        loading.give(common.event(1))
        self.until(lambda: self.rows("SELECT 1 FROM captured_table WHERE name = 'holding'"), 'a change is stored')
        self.fails(STORAGE, 'rejected', 'retry', says=['another'])


if __name__ == '__main__':
    common.main('__main__')
