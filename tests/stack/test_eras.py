"""Versions of Debezium that differ in what they send, each with the Kafka of its time: a session, and the history against
the audit after it."""
import functools
import os
import shutil
import tempfile
import time
import unittest

import broker
import holding_truth
import old_kafka
import pipeline
import stack

# What Debezium 1 sends as well: no truncates.
SESSION = r"""
INSERT INTO bank_data.holding VALUES (1004, 2, 'VFIAX', 10, now(), now()), (1005, 3, 'SP500', 1, now(), NULL);
UPDATE bank_data.holding SET holding_stock = 'TSLA', holding_quantity = 7 WHERE holding_id = 1004;
UPDATE bank_data.holding SET holding_quantity = holding_quantity - 5 WHERE holding_id = 1001;
UPDATE bank_data.holding SET holding_quantity = holding_quantity;
BEGIN; DELETE FROM bank_data.holding; ROLLBACK;
BEGIN; DELETE FROM bank_data.holding WHERE user_id = 2; INSERT INTO bank_data.holding VALUES (1003, 9, 'B', 2); COMMIT;
INSERT INTO bank_data.holding VALUES (NULL, NULL, NULL, NULL, NULL, NULL), (1007, 4, '', 0, '1999-12-31', 'epoch');
UPDATE bank_data.holding SET holding_stock = E'Ω 😀 a,"b"\n\\' WHERE holding_id = 1007;
DELETE FROM bank_data.holding WHERE holding_id IS NULL;
"""
TRUNCATES = """
TRUNCATE bank_data.holding;
INSERT INTO bank_data.holding VALUES (1008, 5, 'C', 70, now(), now());
"""
ROUNDS = 300  # of deploy/workload.sql


class Era(holding_truth.HoldingTest):
    def follow_session(self, more='', **connector):
        began = time.monotonic()
        before = self.table()
        self.start_capture(**connector)
        follower = self.follow('--linger', '20')
        self.wait_for(len(before), pipeline.READ)
        self.sql(SESSION + more)
        with open(os.path.join(pipeline.DEPLOY, 'workload.sql')) as file:
            self.sql(f'\\set rounds {ROUNDS}\n' + file.read())
        self.wait_for(len(self.audit()))
        self.check_all()
        code, text = self.stop(follower, 15)
        self.assertEqual(code, 0, text)
        print(f'Debezium {self.debezium}: {len(self.audit())} changes equal, {time.monotonic() - began:.1f} s')


class Newest(Era):
    def test_newest(self):
        self.follow_session(TRUNCATES)


class Middle(Era):
    debezium = '2.7.4.Final'

    def test_middle(self):
        self.follow_session(TRUNCATES)


@functools.cache
def old_broker():
    return pipeline.servers.enter_context(old_kafka.OldBroker())


@functools.cache
def old_connect(debezium):
    directory = tempfile.mkdtemp(prefix='cdclite-connect-')
    pipeline.servers.callback(shutil.rmtree, directory, ignore_errors=True)
    return pipeline.servers.enter_context(old_kafka.OldConnect(directory, old_broker().address(), debezium))


class Oldest(Era):
    """What database.server.name and table.whitelist were in, and a Kafka that kept its things in ZooKeeper. It is also
    the broker that takes SCRAM from any librdkafka."""

    debezium = '1.1.2.Final'

    def setUp(self):
        for version in old_kafka.VERSION, old_kafka.CONNECT:
            pipeline.reachable(f'Kafka {version}', old_kafka.jars, version)
        began = time.monotonic()
        self.addCleanup(setattr, stack, 'kafka', stack.kafka)
        stack.kafka = old_broker()
        super().setUp()
        print(f'Kafka {old_kafka.VERSION} with ZooKeeper is up ({time.monotonic() - began:.1f} s)')

    def worker(self):
        return old_connect(self.debezium)

    def start_capture(self, **changes):
        super().start_capture(**{
            'topic_prefix': None, 'table_include_list': None, 'skipped_operations': None,
            'publication_autocreate_mode': None, 'database_server_name': self.prefix,
            'table_whitelist': 'bank_data.holding', **changes})

    def audit(self):
        """It sends no finer time than milliseconds."""
        return [(op, committed // 1000 * 1000, *more) for op, committed, *more in super().audit()]

    def scram(self, password=broker.PASSWORD, authority='authority.crt'):
        path = os.path.join(self.directory, 'scram.properties')
        with open(path, 'w') as file:
            os.chmod(path, 0o600)
            file.write(f'security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-256\nsasl.username={broker.USER}\n'
                       f'sasl.password={password}\nssl.ca.location={stack.kafka.certificate(authority)}\n'
                       f"bootstrap.servers={stack.kafka.address('SCRAM')}\n")
        return '-F', path

    def test_oldest(self):
        self.follow_session()
        self.db = os.path.join(self.directory, 'scram.db')
        self.text = os.path.join(self.directory, 'scram.txt')
        text = self.load_well(*self.scram())
        self.check_all()
        print('SASL/SCRAM over TLS:', text.splitlines()[-1])
        for says, wrong in (('check .*sasl.username and sasl.password', {'password': 'wrong-horse'}),
                            ('unknown authority.*ssl.ca.location=FILE', {'authority': 'other.crt'})):
            self.db = os.path.join(self.directory, 'refused.db')
            self.text = os.path.join(self.directory, 'refused.txt')
            text = self.load_refused(*self.scram(**wrong))
            self.assertRegex(text, says)
            self.assertNotIn('wrong-horse', text)
            self.assertFalse(os.path.exists(self.db))


if __name__ == '__main__':
    unittest.main()
