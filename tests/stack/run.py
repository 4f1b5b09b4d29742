"""The stack tests: run.py --cdclite PROGRAM --hand PROGRAM [--picture FILE] [TEST ...]. They need a
real Kafka, and some of them PostgreSQL, Kafka Connect and Debezium too; where Maven Central cannot be reached they are
skipped, with CI=true they fail then."""
import argparse
import os
import shutil
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True

import artifacts  # noqa: E402
import broker  # noqa: E402
import pipeline  # noqa: E402
import stack  # noqa: E402

SKIPPED = 77  # as ctest takes it
MODULES = ('test_transactions', 'test_broker_faults', 'test_tls', 'test_memory', 'test_seed_session', 'test_workload',
           'test_types', 'test_register', 'test_docs', 'test_eras', 'test_clickhouse', 'test_latency')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--cdclite', required=True, type=os.path.abspath)
    parser.add_argument('--hand', required=True, type=os.path.abspath)
    parser.add_argument('--picture', type=os.path.abspath, help='where test_latency draws what it measured, as SVG')
    parser.add_argument('tests', nargs='*', default=MODULES)
    stack.given = parser.parse_args()
    began = time.monotonic()
    try:
        artifacts.kafka()
    except artifacts.NotReachable as why:
        outcome = 'fail' if os.environ.get('CI') == 'true' else 'are skipped'
        print(f'the stack tests {outcome}: Kafka cannot be fetched from Maven Central: {why}', file=sys.stderr)
        return 1 if outcome == 'fail' else SKIPPED
    print(f'Kafka is in {artifacts.kafka()} ({time.monotonic() - began:.1f} s)')
    directory = tempfile.mkdtemp(prefix='cdclite-broker-')
    try:
        with broker.Broker(directory) as stack.kafka, pipeline.servers:
            print(f'the broker is up at {stack.kafka.address()} ({time.monotonic() - began:.1f} s)', flush=True)
            suite = unittest.defaultTestLoader.loadTestsFromNames(stack.given.tests)
            result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(suite)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(f'{time.monotonic() - began:.1f} s in all')
    return 0 if result.wasSuccessful() else 1


if __name__ == '__main__':
    sys.exit(main())
