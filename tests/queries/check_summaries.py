"""The canned queries that answer from the summaries, held against plain Python at many moments of a load: between
batches and steps, while the loader runs, after it was killed, and after an upgrade. Steps are made small, so that there
are many."""
import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import check_queries as reference  # noqa: E402
from build_history import read_recording  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
QUERIES = os.path.join(HERE, '..', '..', 'queries')
NAMES = ('stock_change_counts', 'most_sold_stocks', 'most_sold_stock_per_period', 'holdings_as_of', 'holding_timeline')
HOUR, DAY = 3600 * 10**6, 86400 * 10**6


class Place:
    """A database in a folder of its own, loaded piece by piece from one recording."""

    def __init__(self, given, folder, name, *words):
        self.given, self.name, self.wrong, self.checks = given, name, 0, 0
        self.random = random.Random(name)
        self.db = os.path.join(folder, name + '.db')
        self.recording = os.path.join(folder, name + '.jsonl')
        with open(self.recording, 'wb') as out:
            subprocess.run([sys.executable, os.path.join(HERE, 'make_spread_events.py'), *words], stdout=out,
                           check=True)
        self.events = read_recording(self.recording)

    def command(self, source, *words):
        return [self.given.cdclite, 'load', '--input', source, '--db', self.db, '--no-text', '--quiet', *words]

    def environment(self, step):
        return {**os.environ, 'CDCLITE_SUMMARY_STEP': str(step)}

    def load(self, step, messages=None):
        words = ['--max-messages', str(messages)] if messages else []
        subprocess.run(self.command(self.recording, *words), env=self.environment(step), check=True)

    def value(self, sql):
        db = sqlite3.connect(f'file:{self.db}?mode=ro', uri=True)
        try:
            return db.execute(sql).fetchone()[0]
        finally:
            db.close()

    def complain(self, what):
        self.wrong += 1
        print(f'{self.name}: {what}')

    def expect(self, what, found, expected):
        self.checks += 1
        if found != expected:
            self.complain(f'{what}: {found}, expected {expected}')

    def bound(self, events):
        """A moment near an event's: on whole days, whole hours, or anywhere."""
        at = self.random.choice(events).changed_at
        unit = self.random.choice((DAY, DAY, DAY, HOUR, 1))
        return at // unit * unit + self.random.choice((0, 0, unit)) + (self.random.random() < 0.2)

    def parameters(self, name, events):
        if name == 'holding_timeline':
            return {'holding': self.random.randrange(1, 80)}
        given = {'user': self.random.choice((1, 3, 7, 7, 10, -999))} if self.random.random() < 0.5 else {}
        if name == 'holdings_as_of':
            return {**given, 'at': reference.iso(self.bound(events)) + 'Z'} if self.random.random() < 0.6 else given
        bounds = sorted(self.bound(events) for _ in range(2))
        for word, moment in zip(('from', 'to'), bounds):
            if self.random.random() < 0.7:
                text = reference.iso(moment)
                given[word] = text[:10] if text.endswith('T00:00:00.000000') else text
        if self.random.random() < 0.1:
            given['time'] = self.random.choice(('row', 'commit'))
        if name == 'most_sold_stock_per_period':
            given['period'] = self.random.choice(('day', 'week', 'month', 'year'))
        if name != 'stock_change_counts' and self.random.random() < 0.5:
            given['limit'] = 0
        return given

    def check(self, stored, rounds):
        """Whether the queries give what the first `stored` events give."""
        events = self.events[:stored]
        for nth in range(rounds * len(NAMES)):
            name = NAMES[nth % len(NAMES)]
            parameters = self.parameters(name, events) if nth >= len(NAMES) or name == 'holding_timeline' else {}
            expected = reference.QUERIES[name](events, parameters)
            self.checks += 1
            in_shell = self.random.random() < 0.7
            rows = (reference.in_shell(self.db, QUERIES, name, parameters) if in_shell
                    else reference.in_program(self.db, self.given.cdclite, name, parameters))
            if reference.compare(name, parameters, 'shell' if in_shell else 'program', expected, rows):
                self.complain(f'with {stored} events, {self.value("SELECT max(folded_through) FROM summary_state")} folded')

    def tables(self):
        return self.value("SELECT count(*) FROM sqlite_schema WHERE name = 'holding_history'")

    def stored(self):
        return self.value('SELECT count(*) FROM holding_history')

    def verify(self):
        done = subprocess.run([self.given.cdclite, 'verify', '--quiet', '--db', self.db], capture_output=True,
                              text=True)
        self.expect('verify', (done.returncode, done.stdout.count('\n')), (0, 1))


def piece_by_piece(place):
    """Loads a few events at a time, in steps of all sizes; the rest is left behind the last step."""
    left = len(place.events)
    while left > 0:
        messages, step = place.random.choice((1, 30, 100, 250)), place.random.choice((1, 20, 120, 300, 10**6))
        place.load(step, messages)
        left -= messages
        place.check(place.stored(), 2)
    place.expect('all is loaded', place.stored(), len(place.events))
    place.expect('the summaries are in use', place.value('SELECT usable FROM summary_state'), 1)
    place.expect('there are several steps', place.value('SELECT count(*) FROM summary_step') > 3, True)
    place.expect('some sales do not fit',
                 place.value("SELECT count(*) FROM summary_user_list WHERE other_sales <> '[]'") > 3, True)
    place.expect('and totals', place.value('SELECT count(DISTINCT day) FROM summary_user_total') > 1, True)
    place.check(place.stored(), 25)
    place.load(1)
    place.expect('all is folded', place.value('SELECT folded_through FROM summary_state'),
                 place.value('SELECT max(change_id) FROM holding_history'))
    place.check(place.stored(), 25)
    place.verify()
    damaged(place)


def damaged(place):
    """Sums that are changed behind the program's back are found."""
    whole, damages = place.db, {
        'summary_state': 'UPDATE {} SET folded_through = folded_through + 1',
        'summary_step': 'DELETE FROM {} WHERE step = 2',
        'summary_hour': 'UPDATE {} SET last_change_id = last_change_id + 1 WHERE step = 2',
        'summary_user_day': 'UPDATE {} SET changed_events = changed_events + 1 WHERE user_id = 7',
        'summary_user_total': 'DELETE FROM {} WHERE day = (SELECT max(day) FROM {})',
        'summary_stock_hour': "UPDATE {} SET units = units - 1 WHERE stock = 'AAPL'",
        'summary_stock_day': "INSERT INTO {} VALUES(-20000, 'X', 1, 1, 0, 0)",
        'summary_stock_total': 'UPDATE {} SET closed = closed + 1',
        'summary_user_list': "UPDATE {} SET changes = '[12345]' WHERE step = 3",
        'summary_holding_list': "UPDATE {} SET holding_id = holding_id + 100000 WHERE step = 1",
        'summary_stock': "UPDATE {} SET stock = 'Y' WHERE stock_no = 2",
        'summary_reset': 'DELETE FROM {}'}
    for table, sql in damages.items():
        place.db = whole + '.damaged'
        shutil.copy(whole, place.db)
        db = sqlite3.connect(place.db)
        place.expect(f'{table} is damaged', db.execute(sql.format(table, table)).rowcount > 0, True)
        db.commit()
        db.close()
        done = subprocess.run([place.given.cdclite, 'verify', '--quiet', '--db', place.db], capture_output=True,
                              text=True)
        place.expect(f'{table}: found', (done.returncode, f'sums: {table}: its row' in done.stdout), (1, True))
    place.db = whole


def killed(place):
    """Kills the loader while it follows a pipe, and goes on from the file."""
    with open(place.recording, 'rb') as file:
        lines = file.readlines()
    for share in (0.3, 0.6, 0.8):
        before = place.stored() if os.path.exists(place.db) else 0
        loader = subprocess.Popen(place.command('-'), stdin=subprocess.PIPE, env=place.environment(40))
        more = lines[before:int(len(lines) * share)]
        loader.stdin.writelines(more)
        loader.stdin.flush()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and (not os.path.exists(place.db) or not place.tables()
                                               or place.stored() < before + len(more)):
            time.sleep(0.05)
        place.check(before + len(more), 3)
        loader.send_signal(signal.SIGKILL)
        loader.wait()
        loader.stdin.close()
        place.check(place.stored(), 3)
    place.load(40)
    place.expect('all is loaded', place.stored(), len(place.events))
    place.check(place.stored(), 10)
    place.verify()


def given_up(place):
    """A value came that the summaries cannot hold: the queries read the history."""
    place.load(50, len(place.events) // 2)
    place.expect('the summaries are in use', place.value('SELECT usable FROM summary_state'), 1)
    place.load(50)
    place.expect('the summaries are given up', place.value('SELECT usable FROM summary_state'), 0)
    place.check(place.stored(), 10)
    place.verify()


def drop_newer(db):
    """What version 3 has not."""
    for table, in db.execute("SELECT name FROM sqlite_schema WHERE name LIKE 'summary%' "
                             "OR name IN ('sent_stretch_list', 'retried_event')").fetchall():
        db.execute(f'DROP TABLE {table}')
    for column in ('timestamp_ms', 'run_id', 'old_key', 'new_key'):
        db.execute(f'ALTER TABLE rejected_event DROP COLUMN {column}')


def upgraded(place):
    """A database without summaries (version 3) gets them with the next load."""
    place.load(10**6)
    db = sqlite3.connect(place.db)
    drop_newer(db)
    db.execute('PRAGMA user_version = 3')
    db.close()
    place.load(100)
    place.expect('steps', place.value('SELECT count(*) FROM summary_step') > 3, True)
    place.check(place.stored(), 10)
    place.verify()


def remade(place):
    """Sums of version 4, here wrong ones, are forgotten, and made again by the next load."""
    place.load(10**6)
    db = sqlite3.connect(place.db)
    drop_newer(db)
    with open(os.path.join(QUERIES, '..', 'schema', '004_summaries.sql'), encoding='utf-8') as sql:
        db.executescript(sql.read())
    rows = {'summary_state': (1, place.stored(), 1), 'summary_step': (1, 1, place.stored(), 0, 0, 0, 0, 0),
            'summary_hour': (0, 1, 1, 1), 'summary_user_day': (0, 7, 1, 1, 1), 'summary_user_total': (1, 7, 1, 1, 1),
            'summary_stock_hour': (0, 'X', 1, 1, 0, 0), 'summary_stock_day': (0, 'X', 1, 1, 0, 0),
            'summary_stock_total': (1, 'X', 1, 1, 0, 0), 'summary_user_list': (1, 7, '[1]', '[4]'),
            'summary_stock': (0, 'X'), 'summary_holding_list': (1, 1, '[1]'), 'summary_reset': (1, 1, 't', 0, 1, 1)}
    for table, row in rows.items():
        db.execute(f'INSERT INTO {table} VALUES({", ".join("?" * len(row))})', row)
    db.execute('PRAGMA user_version = 4')
    db.commit()
    db.close()
    place.load(100)
    place.expect('steps', place.value('SELECT count(*) FROM summary_step') > 3, True)
    place.check(place.stored(), 10)
    place.verify()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument('--cdclite', required=True)
    given = arguments.parse_args()
    given.cdclite = os.path.abspath(given.cdclite)
    runs = ((piece_by_piece, 'one partition', '--seed', '1'),
            (piece_by_piece, 'three partitions', '--seed', '2', '--partitions', '3'),
            (killed, 'killed', '--seed', '3', '--partitions', '2'),
            (given_up, 'fractions', '--seed', '4', '--events', '600', '--fractions'),
            (upgraded, 'upgraded', '--seed', '5', '--events', '900'),
            (remade, 'remade', '--seed', '6', '--events', '900'))
    wrong = 0
    for check, name, *words in runs:
        with tempfile.TemporaryDirectory() as folder:
            place = Place(given, folder, name, *words)
            check(place)
            print(f'{name}: {len(place.events)} events, {place.checks} checks, {place.wrong} wrong')
            wrong += place.wrong
    sys.exit(1 if wrong else 0)


if __name__ == '__main__':
    main()
