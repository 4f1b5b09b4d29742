"""What the fault tests share: inputs, the program with faults under it, and what an undisturbed load leaves."""
import argparse
import collections
import concurrent.futures
import functools
import gzip
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'recordings'))

from harness import Checks, difference, stretches  # noqa: E402, F401

KILLED = -9
TEXTS = {'holding': 'holding.txt', 'keyed': 'keyed.txt'}
BATCH_SUMS = ('changes', 'tombstones', 'bookkeeping', 'rejected', 'redelivered')


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('--cdclite', required=True, help='the program')
    parser.add_argument('--faulty', required=True, help='the program with faults under it')
    parser.add_argument('--mock', help='the mock Kafka host')
    parser.add_argument('--data', required=True, help='the folder of recordings')
    parser.add_argument('--long', action='store_true', help='all of it, not a selection')
    return parser.parse_args()


def messages(data, name, server=None):
    """A recording's lines, of a server of its own, so that recordings can follow each other in one load."""
    with gzip.open(os.path.join(data, name + '.jsonl.gz'), 'rt', encoding='utf-8') as lines:
        for line in lines:
            yield line.replace('bankserver1', server) if server else line


def sent_again(data, most):
    """Of m-crash-duplicates: `most` changes with what Debezium sent again of them."""
    seen, kept, again = {}, {}, 0
    for line in messages(data, 'm-crash-duplicates'):
        message = json.loads(line)
        value = json.loads(message['value']) if message['value'] else None
        if not value:
            continue
        at = message['offset']
        identity = json.dumps([value['source']['lsn'], value['source']['txId'], value['op'], value['before'],
                               value['after']])
        if at < 10:
            kept[at] = line
        if identity in seen and again < most:
            again += 1
            kept[seen[identity][0]] = seen[identity][1]
            kept[at] = line
        seen.setdefault(identity, (at, line))
    return [kept[at] for at in sorted(kept)]


def small_input(data):
    """Some 140 lines that take every kind of step: tables made, altered and rebuilt, states kept by key, events sent
    again, a broken one, transaction boundaries, logical messages, and lines whose position is their place in the
    file."""
    lines = sent_again(data, 16)
    lines += (line for line in messages(data, 'tables/retype') if '.keyless"' not in line[:60])
    lines.append(json.dumps({'topic': 'bankserver1.bank_data.holding', 'partition': 3, 'offset': 7, 'key': None,
                             'value': '{"op": "c", "after": '}) + '\n')
    lines += messages(data, 'tables/flat-default-noschema')
    lines += (line for line in messages(data, 'tables/g-transactions-heartbeat-messages')
              if '.bank_data.' not in line[:60])
    lines += [(json.loads(line)['value'] or '{}') + '\n' for line in list(messages(data, 'm-crash-duplicates'))[30:50]]
    return ''.join(lines)


def normal_text(path):
    """A text log's bytes but for datetime_inserted, which tells the batch."""
    with open(path, 'rb') as text:
        return re.sub(rb',[^,\n]*,([^,\n]*)$', rb',,\1', text.read(), flags=re.MULTILINE)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def normal_table(db, table):
    """All rows of a table, but for what tells in which batch they were stored."""
    columns = [row[1] for row in db.execute(f'PRAGMA table_info({quoted(table)})')]
    if table == 'batch':
        sums = ', '.join(f'sum({name})' for name in BATCH_SUMS)
        gaps = db.execute('SELECT count(*) FROM (SELECT first_change_id AS first, lag(last_change_id, 1, 0) OVER '
                          '(ORDER BY batch_id) AS last FROM batch WHERE changes) WHERE first <> last + 1').fetchone()
        return [db.execute(f'SELECT {sums}, min(first_change_id), max(last_change_id), min(least_changed_at), '
                           'max(greatest_changed_at), min(least_lsn), max(greatest_lsn), min(least_tx_id), '
                           'max(greatest_tx_id) FROM batch').fetchone() + gaps]
    names = [quoted(name) for name in columns
             if (table, name) not in (('rejected_event', 'batch_id'), ('text_log', 'path'))]
    return sorted(db.execute(f'SELECT {", ".join(names)} FROM {quoted(table)}').fetchall(), key=repr)


def read_only(path):
    return sqlite3.connect(f'file:{path}?mode=ro', uri=True)


class Load:
    """A load's folder: its database, its texts, and the programs run on them."""

    def __init__(self, lab):
        self.lab = lab
        self.folder = tempfile.mkdtemp(prefix='load-', dir=lab.folder)
        self.db = self.path('history.db')
        self.source = lab.source

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def words(self, *more):
        texts = [word for table, name in self.lab.texts.items() for word in ('--text', f'{table}={self.path(name)}')]
        return ['load', *self.source, '--db', self.db, *texts, '--quiet', *more]

    def start(self, **variables):
        """The faulty program, started; the variables' names are without FAULT_."""
        given = dict(self.lab.knobs)
        for name, value in variables.items():
            given['FAULT' if name == 'fault' else f'FAULT_{name.upper()}'] = str(value)
        return subprocess.Popen([self.lab.faulty, *self.words()], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env={**os.environ, 'FAULT_DIR': self.folder, **given})

    def faulty(self, timeout=120, **variables):
        """Runs the faulty program to its end: its exit code, and what it said."""
        process = self.start(**variables)
        try:
            said = process.communicate(timeout=timeout)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return 'hangs', ''
        return process.returncode, said.decode(errors='replace')

    def undisturbed(self):
        """Runs the program as it is; what was wrong with that, '' for nothing."""
        done = subprocess.run([self.lab.cdclite, *self.words()], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=300, check=False)
        said = done.stderr.decode(errors='replace')
        if done.returncode:
            return f'exit code {done.returncode}: {said}'
        # The text is made durable before the database says so: what was committed of it is never lost.
        return f'says {said}' if 'rebuilding' in said else ''

    def content(self):
        """All that a load leaves: tables and texts."""
        db = read_only(self.db)
        try:
            # In which steps the sums are made depends on the batches.
            held = {table: normal_table(db, table) for table, in
                    db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'summary%' "
                               "ORDER BY name").fetchall()}
            held['sent_stretch'] = stretches(db)
            del held['sent_stretch_list']
            held['schema'] = sorted(db.execute('SELECT type, name, tbl_name, sql FROM sqlite_schema'), key=repr)
            held['integrity_check'] = db.execute('PRAGMA integrity_check').fetchall()
        finally:
            db.close()
        for table, name in self.lab.texts.items():
            held[name] = normal_text(self.path(name))
            rebuilt = subprocess.run([self.lab.cdclite, 'export', 'text', table, '--db', self.db],
                                     stdout=subprocess.PIPE, timeout=120, check=False).stdout
            with open(self.path(name), 'rb') as text:
                held[f'export of {name}'] = rebuilt == text.read()
        return held

    def wrong(self):
        """Where what this load left differs from what an undisturbed one leaves; '' where nowhere."""
        try:
            held = self.content()
        except (sqlite3.Error, OSError) as error:
            return f'cannot be read: {error}'
        if held == self.lab.content:
            return ''
        return next((f'{name}: {difference(held.get(name), want)}' for name, want in self.lab.content.items()
                     if held.get(name) != want), 'more tables than there should be')

    def batches(self):
        """How many batches are in the file as it stands, without a loader having recovered it."""
        if not os.path.exists(self.db):
            return 0
        with tempfile.TemporaryDirectory(dir=self.lab.folder) as copy:
            for end in ('', '-wal', '-journal'):
                if os.path.exists(self.db + end):
                    shutil.copy(self.db + end, copy)
            db = sqlite3.connect(os.path.join(copy, 'history.db'))
            try:
                return db.execute('SELECT count(*) FROM batch').fetchone()[0]
            except sqlite3.OperationalError as error:
                return 0 if 'no such table' in str(error) else f'not readable: {error}'
            except sqlite3.Error as error:
                return f'not readable: {error}'
            finally:
                db.close()


def passings(trace):
    """What a trace tells: [(series, n, step)]; and how many allocations there were."""
    with open(trace, encoding='utf-8') as lines:
        parts = [line.rstrip('\n').split(' ', 2) for line in lines]
    allocations = int(parts[-1][1]) if parts and parts[-1][0] == 'end' else 0
    return [(series, int(n), step) for series, n, step in parts if series != 'end'], allocations


class Lab:
    """An input and what an undisturbed load of it leaves."""

    def __init__(self, given, content, batch, checkpoint=0, texts=None):
        self.cdclite, self.faulty = os.path.abspath(given.cdclite), os.path.abspath(given.faulty)
        self.long = given.long
        self.texts = TEXTS if texts is None else texts
        self.temporary = tempfile.TemporaryDirectory(prefix='cdclite-faults-')
        self.folder = os.path.realpath(self.temporary.name)
        self.input = os.path.join(self.folder, 'events.jsonl')
        self.knobs = {'FAULT_BATCH': str(batch), 'FAULT_CHECKPOINT': str(checkpoint)}
        with open(self.input, 'w', encoding='utf-8') as out:
            out.write(content)
        self.source = ['--input', self.input]

    @functools.cached_property
    def content(self):
        with Load(self) as load:
            failed = load.undisturbed()
            if failed:
                raise RuntimeError(failed)
            return load.content()

    def close(self):
        self.temporary.cleanup()

    def trace(self, **variables):
        """The passings of a load without faults."""
        with Load(self) as load:
            trace = os.path.join(self.folder, 'trace')
            code, said = load.faulty(trace=trace, **variables)
            if code or load.wrong():
                raise RuntimeError(f'without a fault: exit code {code}, {said} {load.wrong()}')
            found = passings(trace)
            os.remove(trace)
        return found


class Tally:
    """Counts outcomes of many trials; failures one line each, the first of them shown."""
    MOST_SHOWN = 20

    def __init__(self):
        self.outcomes = collections.Counter()
        self.failures = []
        self.lock = threading.Lock()

    def note(self, outcome):
        with self.lock:
            self.outcomes[outcome] += 1

    def fail(self, what):
        with self.lock:
            self.failures.append(what)
            if len(self.failures) <= self.MOST_SHOWN:
                print(f'      {what}'[:1500], flush=True)

    def told(self):
        return ', '.join(f'{count} {outcome}' for outcome, count in sorted(self.outcomes.items(), key=str))


def each(trials, trial):
    """Runs trial(*t) for all of them, as many at once as there are processors."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [pool.submit(trial, *t) for t in trials]:
            done.result()
