"""Sessions at psql that change `holding` at once: deploy/workload.sql, and what no application would do so densely:
transactions with savepoints, long ones, rolled back ones, rows by the hundred, truncates."""
import os
import random
import subprocess
import tempfile

import broker
import pipeline

STOCKS = ['AAPL', 'MSFT', 'SP500', 'VFIAX', 'Ω', "O'Neil", '', 'a,b', None]
EXPECTED_ERRORS = ('deadlock detected', 'current transaction is aborted')


class Sessions:
    """Runs psql on scripts, all at once; close() ends what still runs."""

    def __init__(self, postgres):
        self.postgres = postgres
        self.running = []

    def start(self, script, *more):
        output = tempfile.TemporaryFile('w+')
        source = tempfile.TemporaryFile('w+')
        source.write(script)
        source.seek(0)
        process = subprocess.Popen(self.postgres.psql(pipeline.DATABASE, '-v', 'ON_ERROR_STOP=0', *more), stdin=source,
                                   stdout=subprocess.DEVNULL, stderr=output, env=self.postgres.environment,
                                   preexec_fn=broker.die_with_parent)
        source.close()
        self.running.append((process, output))

    def workload(self, rounds):
        with open(os.path.join(pipeline.DEPLOY, 'workload.sql')) as file:
            self.start(file.read(), '-v', f'rounds={rounds}')

    def busy(self):
        return any(process.poll() is None for process, _ in self.running)

    def finish(self, seconds):
        """Waits for all; the number of errors, of which only deadlocks and their consequences may be."""
        errors = 0
        for process, output in self.running:
            process.wait(seconds)
            output.seek(0)
            lines = [line for line in output if 'ERROR:' in line]
            wrong = [line for line in lines if not any(expected in line for expected in EXPECTED_ERRORS)]
            if wrong:
                raise AssertionError(wrong[0])
            errors += len(lines)
        return errors

    def close(self):
        for process, output in self.running:
            process.kill()
            process.wait()
            output.close()


def literal(value):
    return 'NULL' if value is None else "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


class Script:
    """Random statements on the holdings from `first` on, so that a session seldom waits for another."""

    def __init__(self, seed, first):
        self.random = random.Random(seed)
        self.first = first
        self.made = 0
        self.lines = []

    def holding(self):
        return self.first + self.random.randrange(max(1, self.made))

    def stock(self):
        return literal(self.random.choice(STOCKS))

    def insert(self, count=1):
        rows = []
        for _ in range(count):
            user = literal(self.random.choice([None, *range(30)]))
            rows.append(f'({self.first + self.made}, {user}, {self.stock()}, {self.random.randrange(-5, 100)}, now(), '
                        "'2024-02-29 12:00:00.000001')")
            self.made += 1
        return 'INSERT INTO bank_data.holding VALUES ' + ', '.join(rows)

    def change(self):
        dice = self.random.random()
        if dice < 0.25:
            return self.insert()
        if dice < 0.28:
            return self.insert(self.random.randrange(2, 60))
        of = f'WHERE holding_id = {self.holding()}'
        if dice < 0.45:
            return f'UPDATE bank_data.holding SET holding_stock = {self.stock()} {of}'
        if dice < 0.70:
            return f'UPDATE bank_data.holding SET holding_quantity = {self.random.randrange(100)} {of}'
        if dice < 0.78:
            return (f'UPDATE bank_data.holding SET holding_stock = {self.stock()}, holding_quantity = '
                    f'holding_quantity + {self.random.randrange(-9, 9)}, datetime_updated = clock_timestamp() {of}')
        if dice < 0.82:
            return f'UPDATE bank_data.holding SET holding_stock = holding_stock {of}'
        if dice < 0.85:
            return f'UPDATE bank_data.holding SET user_id = {self.random.randrange(30)}, holding_quantity = NULL {of}'
        if dice < 0.88:
            low = self.holding()
            return ('UPDATE bank_data.holding SET holding_quantity = holding_quantity - 1 '
                    f'WHERE holding_id BETWEEN {low} AND {low + 40}')
        return f'DELETE FROM bank_data.holding {of}'

    def add(self, *statements):
        self.lines += [statement + ';' for statement in statements]

    def transaction(self, most=12):
        """With savepoints, some of them rolled back, at times as a whole."""
        self.add('BEGIN')
        for place in range(self.random.randrange(1, most)):
            dice = self.random.random()
            if dice < 0.15:
                self.add(f'SAVEPOINT s{place}', self.change(), self.change(),
                         self.random.choice(['ROLLBACK TO', 'RELEASE']) + f' s{place}')
            else:
                self.add(self.change())
        self.add('ROLLBACK' if self.random.random() < 0.15 else 'COMMIT')

    def text(self):
        return '\n'.join(self.lines)


def busy(seed, first, transactions):
    script = Script(seed, first)
    for _ in range(transactions):
        if script.random.random() < 0.4:
            script.add(script.change())
        else:
            script.transaction()
    return script.text()


def slow(seed, first, transactions, statements):
    """Transactions that stay open while thousands of others are committed."""
    script = Script(seed, first)
    for number in range(transactions):
        script.add('BEGIN')
        for _ in range(statements):
            script.add(script.change(), 'SELECT pg_sleep(0.004)')
        script.add('ROLLBACK' if number % 4 == 3 else 'COMMIT')
    return script.text()


def truncating(times, pause):
    script = Script(0, 900000)
    for number in range(times):
        script.add(f'SELECT pg_sleep({pause})', 'BEGIN', script.insert(3), 'TRUNCATE bank_data.holding',
                   script.insert(2), 'ROLLBACK' if number % 3 == 1 else 'COMMIT')
    return script.text()


def copying(times, alike):
    """Rows by COPY, which share a position by the page; the rows of one COPY are `alike`, or tell themselves apart."""
    lines = []
    for number in range(times):
        lines += ['SELECT pg_sleep(0.3);', 'COPY bank_data.holding FROM STDIN;']
        lines += [f'{500000 + number * 100 + (0 if alike else row)}\t7\tCOPY\t{number}\t2024-03-01\t\\N'
                  for row in range(90)]
        lines.append('\\.')
    return '\n'.join(lines) + '\n'


def start_all(sessions, rounds, transactions, alike):
    """Seven sessions at once."""
    sessions.workload(rounds)
    sessions.workload(rounds)
    for number in (1, 2):
        sessions.start(busy(number, 100000 * number, transactions))
    sessions.start(slow(3, 300000, 6, 150))
    sessions.start(truncating(5, 1.5))
    sessions.start(copying(20, alike))
