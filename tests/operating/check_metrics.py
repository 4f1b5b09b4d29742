"""`cdclite load --metrics FILE`: what an independent parser of Prometheus' format reads there is what was given, and
committed; the file is always whole, and a load does not depend on it."""
import collections
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import common
from common import OperatingTest, STORAGE, USAGE, event, recording

# Debian's package is for Debian's Python.
sys.path.append('/usr/lib/python3/dist-packages')
try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    sys.exit(77)

TYPES = {'build_info': 'gauge', 'start_time_seconds': 'gauge', 'events': 'counter', 'messages': 'counter',
         'message_bytes': 'counter', 'tombstones': 'counter', 'bookkeeping': 'counter', 'rejected': 'counter',
         'redelivered': 'counter', 'last_change_timestamp_seconds': 'gauge', 'partition_next_offset': 'gauge',
         'partition_lag': 'gauge', 'batch_seconds': 'summary', 'last_commit_timestamp_seconds': 'gauge',
         'file_bytes': 'gauge'}


class Metrics(OperatingTest):
    def setUp(self):
        super().setUp()
        self.file = self.place.path('load.prom')

    def read(self, types=None):
        """{name: {labels: value}}, labels as sorted pairs."""
        with open(self.file, encoding='utf-8') as file:
            text = file.read()
        figures = collections.defaultdict(dict)
        for family in text_string_to_metric_families(text):
            if types is not None:
                types[family.name.removeprefix('cdclite_')] = family.type
                self.assertTrue(family.documentation, family.name)
            for sample in family.samples:
                labels = tuple(sorted(sample.labels.items()))
                self.assertNotIn(labels, figures[sample.name], sample.name)
                figures[sample.name][labels] = sample.value
        return figures

    def figure(self, name, **labels):
        try:
            return self.read()['cdclite_' + name].get(tuple(sorted(labels.items())))
        except FileNotFoundError:
            return None

    def events(self):
        """{(table, op): count} but for those that are 0."""
        return {(dict(labels)['table'], dict(labels)['op']): count
                for labels, count in self.read()['cdclite_events_total'].items() if count}


class Figures(Metrics):
    def test_of_a_recording(self):
        """Counted from the recording in plain Python; what was sent again is told by its identity."""
        messages = recording.read(common.given.data, 'm-crash-duplicates')
        self.place.write('events.jsonl', recording.joined(messages, recording.recorded_line))
        before = time.time()
        self.succeeds('load', '--input', 'events.jsonl', '--metrics', 'load.prom')
        seen, ops, again, latest = set(), collections.Counter(), 0, 0
        for message in messages:
            value = json.loads(message.value) if message.value else None
            if not value:
                continue
            value = value.get('payload', value)
            if 'source' not in value:
                continue
            identity = json.dumps([value['source']['lsn'], value['source']['txId'], value['op'], value['before'],
                                   value['after']])
            again += identity in seen
            if identity not in seen:
                ops['holding', value['op']] += 1
            seen.add(identity)
            latest = max(latest, value['source']['ts_ms'])
        self.assertGreater(again, 10)
        types = {}
        figures = self.read(types)
        types.pop('partition_lag')  # of Kafka's
        wanted = dict(TYPES)
        wanted.pop('partition_lag')
        self.assertEqual(types, wanted)
        self.assertEqual(self.events(), ops)
        single = {name: values[()] for name, values in figures.items() if () in values}
        self.assertEqual(single['cdclite_messages_total'], len(messages))
        self.assertEqual(single['cdclite_message_bytes_total'], sum(len((m.value or '').encode()) for m in messages))
        self.assertEqual(single['cdclite_redelivered_total'], again)
        self.assertEqual(single['cdclite_tombstones_total'], sum(m.value is None for m in messages))
        self.assertEqual(single['cdclite_rejected_total'], 0)
        self.assertAlmostEqual(single['cdclite_last_change_timestamp_seconds'], latest / 1000, delta=0.001)
        self.assertTrue(before <= single['cdclite_start_time_seconds'] <= single['cdclite_last_commit_timestamp_seconds']
                        <= time.time())
        self.assertEqual(single['cdclite_batch_seconds_count'], self.place.rows('SELECT count(*) FROM batch')[0][0])
        self.assertTrue(0 <= single['cdclite_batch_seconds_sum'] <= time.time() - before)
        last = {(m.topic, m.partition): m.offset + 1 for m in messages}
        self.assertEqual(figures['cdclite_partition_next_offset'],
                         {(('partition', str(partition)), ('topic', topic)): offset
                          for (topic, partition), offset in last.items()})
        self.assertEqual(set(figures['cdclite_file_bytes']), {(('file', 'database'),), (('file', 'wal'),)})

    def test_each_kind_of_message(self):
        given = [event(1), event(1, 'u'), event(2, 'r'), event(1, 'd'), event(3, 't'), b'null\n', b'{"op":"x"}\n',
                 b'{"op":"c","after":\n', b'{"ts_ms":1738317600000}\n', event(5), event(6, 'u')]
        self.place.write('events.jsonl', b''.join(given))
        self.succeeds('load', '--input', 'events.jsonl', '--metrics', 'load.prom')
        self.assertEqual(self.events(), {('holding', 'c'): 2, ('holding', 'u'): 2, ('holding', 'r'): 1, ('holding', 'd'): 1,
                                         ('holding', 't'): 1})
        self.assertEqual([self.figure(name + '_total') for name in ('messages', 'tombstones', 'rejected', 'bookkeeping')],
                         [11, 1, 2, 1])

    def test_names_of_any_kind(self):
        tables = ['we"ird', 'back\\slash', 'line\nfeed', 'größe {a="b"} 1', '\\n']
        self.place.write('events.jsonl', b''.join(event(i + 1, 'c', table) for i, table in enumerate(tables)))
        self.succeeds('load', '--input', 'events.jsonl', '--metrics', 'load.prom')
        self.assertEqual(self.events(), {(table, 'c'): 1 for table in tables})
        name = b'not-utf-8-\xff.jsonl'
        os.rename(self.place.path('events.jsonl'), os.path.join(self.place.folder.name.encode(), name))
        subprocess.run([common.given.cdclite.encode(), b'load', b'--input', name, b'--metrics', b'load.prom', b'--no-text',
                        b'--db', b'other.db', b'--quiet'], cwd=self.place.folder.name, check=True)
        (labels,) = self.read()['cdclite_partition_next_offset']
        self.assertTrue(dict(labels)['topic'].endswith('/not-utf-8-\ufffd.jsonl'), labels)

    def test_promtool_finds_nothing(self):
        promtool = shutil.which('promtool')
        if not promtool:
            self.skipTest('promtool is not installed')
        self.succeeds('load', '--input', '-', '--metrics', 'load.prom', stdin=event(1) + b'{"op":"x"}\n')
        with open(self.file, 'rb') as file:
            done = subprocess.run([promtool, 'check', 'metrics'], stdin=file, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b''))

    def test_lag(self):
        if not common.given.host:
            self.skipTest('there is no mock cluster')
        events, taken = 200, 70
        host = subprocess.Popen([common.given.host, '1', '1', str(events), '300'], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)
        self.addCleanup(host.communicate, '')
        words = ['load', '--brokers', host.stdout.readline().strip(), '--topic', 'bank.data.event', '--no-text',
                 '--metrics', 'load.prom']
        self.succeeds(*words, '--max-messages', str(taken))
        place = {'topic': 'bank.data.event', 'partition': '0'}
        self.assertEqual(self.figure('partition_lag', **place), events - taken)
        self.assertEqual(self.figure('partition_next_offset', **place), taken)
        self.succeeds(*words, '--until-end')
        self.assertEqual(self.figure('partition_lag', **place), 0)
        self.assertEqual(self.events(), {('event', 'c'): events - taken})


class WhileLoading(Metrics):
    def test_soon_there_and_never_ahead(self):
        loading = self.begin('--metrics', 'load.prom')
        for number in range(1, 4):
            loading.give(event(number))
            self.until(lambda: self.figure('events_total', table='holding', op='c') == number, 'it is counted')
            self.assertGreaterEqual(self.changes(), number)
        self.assertEqual(loading.end()[0], 0)

    def test_always_whole_at_most_once_a_second_and_never_ahead(self):
        total = 60000
        self.place.write('events.jsonl', b''.join(event(number) for number in range(total)))
        environment = dict(os.environ, CDCLITE_BATCH_MESSAGES='20')
        began = time.monotonic()
        loader = subprocess.Popen([common.given.cdclite, 'load', '--input', 'events.jsonl', '--metrics', 'load.prom',
                                   '--quiet'], cwd=self.place.folder.name, env=environment)
        self.addCleanup(loader.kill)
        files, last, reads = set(), 0, 0
        while loader.poll() is None:
            try:
                with open(self.file, encoding='utf-8') as file:
                    text, changed = file.read(), os.fstat(file.fileno()).st_mtime_ns
            except FileNotFoundError:
                continue
            figures = {family.name: family for family in text_string_to_metric_families(text)}
            self.assertIn('cdclite_file_bytes{file="wal"}', text.splitlines()[-1])
            count = sum(sample.value for sample in figures['cdclite_events'].samples)
            self.assertGreaterEqual(count, last)
            self.assertGreaterEqual(self.changes(), count)
            files.add(changed)
            last, reads = count, reads + 1
        took = time.monotonic() - began
        self.assertEqual(loader.returncode, 0)
        self.assertGreater(reads, 3)
        self.assertLessEqual(len(files), took + 2)
        self.assertEqual(self.events(), {('holding', 'c'): total})
        self.assertEqual(self.figure('message_bytes_total'), sum(len(event(number)) - 1 for number in range(total)))
        self.assertEqual(self.figure('batch_seconds_count'), self.place.rows('SELECT count(*) FROM batch')[0][0])

    def test_its_age_tells_that_a_quiet_load_lives(self):
        loading = self.begin('--metrics', 'load.prom')
        loading.give(event(1))
        self.until(lambda: self.figure('messages_total') == 1, 'it is counted')
        first = os.stat(self.file).st_mtime_ns
        self.until(lambda: os.stat(self.file).st_mtime_ns != first, 'it is written again', 30)
        self.assertGreater(os.stat(self.file).st_mtime_ns - first, 5 * 10**9)
        self.assertEqual(loading.end()[0], 0)

    def test_killed(self):
        """Whenever: a whole file or none, and what the killed one left does not matter."""
        for number in range(8):
            loading = self.begin('--metrics', 'load.prom')
            self.until(lambda: os.path.exists(self.place.db), 'it has begun')
            loading.give(*(event(number * 100 + i) for i in range(100)))
            time.sleep(0.02 * number)
            loading.loader.send_signal(signal.SIGKILL)
            loading.kill()
            if os.path.exists(self.file):
                with open(self.file, encoding='utf-8') as file:
                    self.assertIn('cdclite_file_bytes{file="wal"}', file.read().splitlines()[-1])
        self.place.write('load.prom.tmp', b'x' * 10000)
        self.succeeds('load', '--input', '-', '--metrics', 'load.prom', stdin=event(10000))
        self.assertEqual(self.events(), {('holding', 'c'): 1})
        self.assertFalse(os.path.exists(self.file + '.tmp'))


class Failing(Metrics):
    def test_what_cannot_be_is_said_before_anything_is_made(self):
        self.place.write('events.jsonl', event(1))
        self.place.write('other.prom', b'# HELP of_another it must stay\n')
        os.mkdir(self.place.path('folder.prom'))
        os.symlink('nowhere/x.prom', self.place.path('link.prom'))
        for code, name, says in ((USAGE, 'history.db', ['.prom']), (USAGE, '.prom', ['.prom']),
                                 (STORAGE, 'nowhere/x.prom', ['nowhere', 'No such file']),
                                 (STORAGE, 'other.prom', ['something else']), (STORAGE, 'folder.prom', ['folder.prom']),
                                 (STORAGE, 'link.prom', ['link.prom'])):
            with self.subTest(name=name):
                self.fails(code, 'load', '--input', 'events.jsonl', '--metrics', name, says=['--metrics', *says]
                           if code == USAGE else says)
        with open(self.place.path('other.prom'), 'rb') as file:
            self.assertEqual(file.read(), b'# HELP of_another it must stay\n')

    def test_a_load_that_is_refused_leaves_the_figures_of_the_one_that_runs(self):
        loading = self.begin('--metrics', 'load.prom')
        loading.give(event(1))
        self.until(lambda: self.figure('messages_total') == 1, 'it is counted')
        second = self.place.run('load', '--input', '-', '--metrics', 'load.prom')
        self.assertEqual(second.returncode, STORAGE)
        self.assertEqual(self.figure('messages_total'), 1)
        self.assertEqual(loading.end()[0], 0)

    def test_the_load_goes_on_without_and_it_is_said_once(self):
        os.mkdir(self.place.path('folder'))
        self.file = self.place.path('folder/load.prom')
        loading = self.begin('--metrics', 'folder/load.prom')
        loading.give(event(1))
        self.until(lambda: self.figure('messages_total') == 1, 'it is counted')
        os.rename(self.place.path('folder'), self.place.path('away'))
        for number in range(2, 5):
            loading.give(event(number))
            self.until(lambda: self.changes() == number, 'it is loaded')
            time.sleep(1.1)
        os.rename(self.place.path('away'), self.place.path('folder'))
        loading.give(event(5))
        self.until(lambda: self.figure('messages_total') == 5, 'it is written again')
        code, said = loading.end()
        self.assertEqual((code, said.count('No such file'), said.count('written again')), (0, 1, 1), said)

    def test_a_full_disk(self):
        disk = self.small_disk('64k')
        self.file = os.path.join(disk, 'load.prom')
        loading = self.begin('--metrics', self.file)
        loading.give(event(1))
        self.until(lambda: self.figure('messages_total') == 1, 'it is counted')
        with open(os.path.join(disk, 'filler'), 'wb', buffering=0) as filler:
            try:
                while filler.write(b'x' * 4096):
                    pass
            except OSError:
                pass
        loading.give(event(2))
        self.until(lambda: any(b'No space left' in line for line in list(loading.said)), 'it is said')
        self.assertEqual(self.figure('messages_total'), 1)
        self.assertEqual(glob.glob(disk + '/*.tmp'), [])
        os.unlink(os.path.join(disk, 'filler'))
        loading.give(event(3))
        self.until(lambda: self.figure('messages_total') == 3, 'it is written again')
        self.assertEqual((loading.end()[0], self.changes()), (0, 3))


if __name__ == '__main__':
    common.main('__main__')
