"""make_spread_events.py [--seed N] [--events N] [--partitions N] [--fractions] > RECORDING
Writes a recording of random events of the holding table whose commit times are spread over weeks, as the summaries
have them: on and beside the bounds of days and hours, late, from before 1970 and behind 2097; with owners that are NULL or text,
stocks and quantities that are NULL, rows that change their owner or id, truncates and snapshots. With --fractions the
last events have quantities that are no integers, which the summaries do not hold."""
import argparse
import json
import random

HOUR, DAY = 3600 * 10**6, 86400 * 10**6
START = 1735689600 * 10**6  # 2025-01-01
SPAN = 45 * DAY
LAST = 4039372800 * 10**6  # 2098-01-01: the dates in summary_user_list end before
USERS = [1, 2, 3, 4, 5, 6, 7, 7, 7, 8, 9, 10, None, 'seven', '7', '']
STOCKS = ['AAPL', 'AAPL', 'AAPL', 'MSFT', 'MSFT', 'VFIAX', 'Zürich', '', 'a"b\'c', '10', 'long' * 70, None]
COLUMNS = ('holding_id', 'user_id', 'holding_stock', 'holding_quantity', 'datetime_created', 'datetime_updated')


class Source:
    def __init__(self, given):
        self.given, self.random = given, random.Random(given.seed)
        self.now = START - 2 * DAY if given.seed % 2 else -3 * DAY
        self.rows, self.lsn, self.lines = [], 1000, [0] * given.partitions

    def moment(self):
        """A commit time: mostly a little later than the last, at times on a bound, late, or far away."""
        chosen = self.random.random()
        self.now += int(self.random.expovariate(self.given.events / SPAN))
        if chosen < 0.006:
            return LAST + self.random.choice((-DAY, -1, 0, DAY))
        if chosen < 0.03:
            return self.random.randrange(START - SPAN, START + 2 * SPAN)
        unit = DAY if self.random.random() < 0.5 else HOUR
        if chosen < 0.12:
            return self.now // unit * unit + self.random.choice((-1, 0, 1))
        if chosen < 0.25:
            return self.now - self.random.randrange(2 * DAY)
        return self.now

    def quantity(self, nth):
        if self.given.fractions and nth > self.given.events * 3 // 4:
            return self.random.randrange(200) / 2
        return self.random.choice((None, 0, -3, 2**31 - 1, -2**31, *range(1, 60)))

    def row(self, nth):
        return [self.random.randrange(1, 80) if self.random.random() < 0.97 else None, self.random.choice(USERS),
                self.random.choice(STOCKS), self.quantity(nth), START, START]

    def line(self, op, at, before, after, lsn=None, tx_id=None):
        self.lsn += 8
        partition = self.random.randrange(self.given.partitions)
        source = {'version': '2.7.0.Final', 'connector': 'postgresql', 'name': 'server', 'ts_ms': at // 1000,
                  'ts_us': at, 'snapshot': 'true' if op == 'r' else 'false', 'db': 'bank', 'schema': 'bank_data',
                  'table': 'holding', 'txId': tx_id or self.lsn // 3, 'lsn': lsn or self.lsn}
        images = [dict(zip(COLUMNS, image)) if image else None for image in (before, after)]
        value = {'before': images[0], 'after': images[1], 'source': source, 'op': op, 'ts_ms': at // 1000}
        offset = self.lines[partition]
        self.lines[partition] += 1
        print(json.dumps({'topic': 'server.bank_data.holding', 'partition': partition, 'offset': offset,
                          'timestamp_ms': 1800000000000 + self.lsn, 'key': None,
                          'value': json.dumps(value, ensure_ascii=False),
                          'headers': [['__debezium.context.runId', 'one']]}, ensure_ascii=False))

    def snapshot(self):
        """Reads all rows, at times twice: those of one snapshot share their position, and nearly always their time."""
        at, first, times = self.moment(), self.lsn + 4, self.random.choice((1, 2))
        for lsn in (first, first + 1)[:times]:
            for row in self.rows:
                self.line('r', at + (times == 1 and self.random.random() < 0.1), None, row, lsn, first // 3)

    def update(self, nth):
        row = self.random.choice(self.rows)
        new, at = list(row), self.moment()
        for column in range(4):
            if self.random.random() < (0.05, 0.08, 0.4, 0.6)[column]:
                new[column] = self.row(nth)[column]
        new[5] = at + self.random.choice((0, 1, -DAY))
        self.line('u', at, row, new)
        self.rows[self.rows.index(row)] = new

    def event(self, nth):
        chosen = self.random.random()
        if nth % 400 == 399:
            self.line('t', self.moment(), None, None)
            self.rows = []
        elif nth % 500 == 250:
            self.snapshot()
        elif not self.rows or chosen < 0.2:
            self.rows.append(self.row(nth))
            self.line('c', self.moment(), None, self.rows[-1])
        elif chosen < 0.28:
            self.line('d', self.moment(), self.rows.pop(self.random.randrange(len(self.rows))), None)
        else:
            self.update(nth)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument('--seed', type=int, default=1)
    arguments.add_argument('--events', type=int, default=1500)
    arguments.add_argument('--partitions', type=int, default=1)
    arguments.add_argument('--fractions', action='store_true')
    source = Source(arguments.parse_args())
    for nth in range(source.given.events):
        source.event(nth)


if __name__ == '__main__':
    main()
