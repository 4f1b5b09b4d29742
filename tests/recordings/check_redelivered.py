"""Recordings in which Kafka Connect was killed, so that Debezium sent stretches again: whatever is read first and
wherever the load is interrupted, the history and the text log have the source's own changes (the audit), each once."""
import collections
import itertools
import json
import os
import random
import re
import sys

sys.dont_write_bytecode = True

import model  # noqa: E402
import recording  # noqa: E402
from harness import Checks, Place, arguments  # noqa: E402

# milliseconds: its commit times are; spread: its table without a key is, over four partitions; doubled: rows that are
# stored twice, as Debezium went on amid equal rows of a COPY, where nothing tells how many it sent again; clones: its two
# sources made their snapshots at one position, which are taken for one
Recorded = collections.namedtuple('Recorded', 'milliseconds spread doubled clones',
                                  defaults=(False, False, 0, False))
OLD, SPREAD = Recorded(milliseconds=True), Recorded(spread=True)
RECORDINGS = {
    'copies-3.7': Recorded(),
    'interleaved-3.7': Recorded(),
    'twice-3.7': Recorded(),
    'partitions-3.7': SPREAD,
    'copies-1.1': OLD,
    'interleaved-1.1': OLD,
    'twice-1.1': OLD,
    'alone-1.1': OLD,
    'partitions-1.1': OLD._replace(spread=True),
    'interleaved-2.7': Recorded(),
    'partitions-twice-2.7': SPREAD,
    'broker-3.7': Recorded(doubled=2),
    'restored-3.7': Recorded(clones=True),
    'restored-1.1': OLD._replace(clones=True),
}
ACCOUNT = ('id', 'owner', 'note', 'n')
COLUMNS = {'holding': model.COLUMNS, 'account': ACCOUNT}
NO_RUN = '/without-header'
INSERTED = re.compile(rb'(?m),[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{15}Z,([cudt])$')

Change = collections.namedtuple('Change', 'tx op at before after')


def account_image(row):
    return tuple((row or {}).get(column) for column in ACCOUNT)


class Truth:
    """What the database did: {table: [Change…]} in the order of its commits."""

    def __init__(self, folder, name, milliseconds):
        with recording.open_data(folder, name + '.audit.jsonl') as lines:
            rows = [json.loads(line) for line in lines]
        self.changes = {'holding': [], 'account': []}
        for row in sorted(rows, key=lambda row: (model.audit_micros(row['commit_ts']), row['seq'])):
            at = model.audit_micros(row['commit_ts'])
            self.add(row, at // 1000 * 1000 if milliseconds else at)
        with recording.open_data(folder, name + '.final.json') as file:
            self.final = {table: collections.Counter(self.image(table)(row) for row in rows)
                          for table, rows in json.load(file).items()}

    @staticmethod
    def image(table):
        return model.audit_image if table == 'holding' else account_image

    def add(self, row, at):
        table, image = row['table'], self.image(row['table'])
        changes, old, new = self.changes[table], image(row['old']), image(row['new'])
        if table == 'account' and row['op'] == 'u' and old[0] != new[0]:  # a changed key comes as two events
            changes += [Change(row['xid'], 'd', at, old, image(None)), Change(row['xid'], 'c', at, image(None), new)]
        else:
            changes.append(Change(row['xid'], row['op'], at, old, new))

    def text(self):
        """The log's lines with * for datetime_inserted, in the order of the commits."""
        lines = []
        for change in self.changes['holding']:
            before, after = (dict(zip(model.COLUMNS, side)) for side in (change.before, change.after))
            event = recording.Event(None, None, change.op, change.at, None, change.tx, None, 0, 0, None,
                                    before if change.op in 'ud' else None, after if change.op in 'cu' else None)
            lines += [without_inserted(line.encode()) for line in model.text_lines(event, 0)]
        return lines


def without_inserted(lines):
    return INSERTED.sub(rb',*,\1', lines)


def history(place, table):
    """[(partition, offset, Change)] in the order of arrival, without the rows of snapshots."""
    columns = COLUMNS[table]
    sides = [f'{side}_{column}' for side in ('before', 'after') for column in columns]
    rows = place.rows(f'SELECT kafka_partition, kafka_offset, tx_id, op, changed_at, {", ".join(sides)} '
                      f"FROM {table}_history WHERE op <> 'r' ORDER BY change_id")
    return [(row[0], row[1], Change(*row[2:5], row[5:5 + len(columns)], row[5 + len(columns):])) for row in rows]


class Checked:
    """One recording, with or without the run id."""

    def __init__(self, checks, given, name):
        self.checks, self.cdclite, self.name = checks, given.cdclite, name
        folder, plain = os.path.join(given.data, 'redelivered'), name.removesuffix(NO_RUN)
        self.recorded = RECORDINGS[plain]
        self.truth = Truth(folder, plain, self.recorded.milliseconds)
        self.messages = recording.read(folder, plain)
        if name != plain:
            self.messages = [recording.without_run(message) for message in self.messages]
        self.snapshot, events = collections.Counter(), 0
        for event in recording.change_events(self.messages):
            self.snapshot[event.table] += event.op == 'r'
            events += event.op != 'r'
        self.again = events - sum(map(len, self.truth.changes.values())) - self.recorded.doubled

    def holds(self, place, how):
        """What was loaded is what the database did."""
        problems = []

        def same(what, got, want):
            if got != want:
                problems.append(f'{what}: {got} is not {want}')

        for table, want in self.truth.changes.items():
            rows = history(place, table)
            got = collections.Counter(change for _, _, change in rows)
            want = collections.Counter(want)
            doubled = self.recorded.doubled if table == 'holding' else 0
            if want - got or (got - want).total() != doubled:
                problems.append(f'{table}: twice {list((got - want).elements())[:2]} ({(got - want).total()}), '
                                f'lost {list((want - got).elements())[:2]} ({(want - got).total()})')
            if doubled:
                continue
            self.check_order(problems, table, rows)
            same(f'{table}: snapshot rows',
                 place.rows(f"SELECT count(*) FROM {table}_history WHERE op = 'r'"), [(self.snapshot[table],)])
            current = collections.Counter(place.rows(f'SELECT {", ".join(COLUMNS[table])} FROM {table}_current'))
            if not self.recorded.clones:
                same(f'{table} as it stands now', current, self.now(table))
        same('re-delivered', place.rows('SELECT count(*), count(DISTINCT topic || partition || "offset") '
                                        'FROM redelivered_event'), [(self.again, self.again)])
        same('re-delivered, by batch', place.rows('SELECT sum(redelivered) FROM batch'), [(self.again,)])
        if self.recorded.doubled:
            self.checks.check(f'{self.name}: {how}: nothing is lost', not problems, '; '.join(problems)[:1500])
            return
        header, *lines = without_inserted(place.text_bytes()).splitlines(keepends=True)
        same('text, its header', header, model.HEADER.encode())
        want = self.truth.text()
        if sorted(lines) != sorted(want) or (not self.recorded.spread and lines != want):
            problems.append(f'text: {len(lines)} lines, not the {len(want)} of the audit')
        self.checks.check(f'{self.name}: {how}', not problems, '; '.join(problems)[:1500])

    def now(self, table):
        rows = self.truth.final[table]
        if table == 'account':
            return rows
        return collections.Counter({tuple(model.iso(value) if column in model.TIMES else value
                                          for column, value in zip(model.COLUMNS, row)): n for row, n in rows.items()})

    def check_order(self, problems, table, rows):
        """In each partition the order is that of the source: of the commits where it is the only one."""
        for partition, own in itertools.groupby(sorted(rows, key=lambda row: row[0]), key=lambda row: row[0]):
            offsets = [offset for _, offset, _ in own]
            if offsets != sorted(offsets):
                problems.append(f'{table}, partition {partition}: not in order of its offsets')
        if len({partition for partition, _, _ in rows}) == 1 and \
                [change for _, _, change in rows] != self.truth.changes[table]:
            problems.append(f'{table}: not in the order of the commits')

    def lines(self, messages):
        return recording.joined(messages, recording.recorded_line)

    def load(self, how, messages, parts=()):
        """Loads the messages, interrupted behind each of `parts` (numbers of messages in ascending order)."""
        with Place(self.cdclite) as place:
            source = place.write('events.jsonl', self.lines(messages))
            for number in [end - start for start, end in zip((0, *parts), parts)] + [None]:
                words = ['--max-messages', str(number)] if number else []
                done = place.load(source, *words)
                if done.returncode:
                    self.checks.check(f'{self.name}: {how} loads', False, done.stderr)
                    return
            self.holds(place, how)
            if not parts:
                self.check_status(place)
                content = place.content()
                place.load(source)
                self.checks.equal(f'{self.name}: {how}, again: nothing is added', place.content(), content)
                export = place.run('export', 'text', '--db', place.db)
                self.checks.check(f'{self.name}: {how}, the text from the history is the same',
                                  export.stdout == place.text_bytes())

    def check_status(self, place):
        status = json.loads(place.run('status', '--db', place.db, '--format', 'json').stdout)
        self.checks.equal(f'{self.name}: status says {self.again} were sent again', status['redelivered'], self.again)

    def seams(self):
        """Where sending again began and ended: indexes of messages."""
        seen, before, seams = set(), False, []
        for i, message in enumerate(self.messages):
            if message.value is None:
                continue
            source = json.loads(message.value)['source']
            place = (message.topic, source.get('txId'), source.get('lsn'), message.value.partition('"source"')[0])
            if (place in seen) != before:
                before = not before
                seams.append(i)
            seen.add(place)
        return seams

    def interleaved(self, rng):
        """The partitions read in another order, each of them in its own."""
        queues = collections.defaultdict(list)
        for message in reversed(self.messages):
            queues[message.topic, message.partition].append(message)
        queues, messages = list(queues.values()), []
        while queues:
            queue = rng.choice(queues)
            for _ in range(min(len(queue), rng.choice((1, 3, 20, 400)))):
                messages.append(queue.pop())
            if not queue:
                queues.remove(queue)
        return messages

    def run(self):
        rng, count = random.Random(self.name), len(self.messages)
        self.load('whole', self.messages)
        for _ in range(3):
            self.load('in parts', self.messages, sorted(rng.sample(range(1, count), 7)))
        seams = self.seams()
        for seam in rng.sample(seams, min(4, len(seams))):
            single = [n for n in range(seam - 2, seam + 5) if 0 < n < count]
            self.load(f'a message at a time around message {seam}', self.messages, single)
        if self.recorded.spread:
            by_partition = sorted(range(4), key=lambda _: rng.random())
            for order in (by_partition, by_partition[::-1]):
                messages = sorted(self.messages, key=lambda m: order.index(m.partition))
                self.load(f'partitions {order} one after another', messages)
            for n in range(8):
                messages = self.interleaved(rng)
                self.load(f'partitions interleaved in another way, {n}', messages,
                          sorted(rng.sample(range(1, count), 3)) if n % 2 else ())


def written(partition, offset, transaction, row, at_ms):
    """An insert as Debezium 2.7 sends it, without the run id."""
    after = dict.fromkeys(model.COLUMNS)
    after['holding_id'] = row
    value = {'before': None, 'after': after, 'op': 'c', 'ts_ms': at_ms,
             'source': {'version': '2.7.4.Final', 'connector': 'postgresql', 'name': 's', 'ts_ms': transaction,
                        'snapshot': 'false', 'schema': 'b', 'table': 'holding', 'txId': transaction,
                        'lsn': transaction * 10}}
    return recording.Message('s.b.holding', partition, offset, at_ms, None, json.dumps(value), [])


def check_steady(checks, cdclite):
    """Two partitions, an event a second in each, then two equal rows of one COPY, one in each; and after a crash all of
    it again with the partitions changed. Each message is loaded by a start of the program of its own."""
    run = [written(n % 2, n // 2, 100 + n, n, 1000 * n) for n in range(20)]
    run += [written(0, 10, 200, 77, 19500), written(1, 10, 200, 77, 19501)]
    again = [message._replace(partition=1 - message.partition, offset=message.offset + 11,
                              timestamp_ms=message.timestamp_ms + 60000) for message in run]
    again = [message._replace(value=message.value.replace(f'"ts_ms": {first.timestamp_ms}, "source"',
                                                          f'"ts_ms": {message.timestamp_ms}, "source"'))
             for first, message in zip(run, again)]
    with Place(cdclite) as place:
        source = place.write('events.jsonl', recording.joined(run + again, recording.recorded_line))
        for _ in run + again:
            place.load(source, '--max-messages', '1')
        checks.equal('steady: each row once, the equal ones twice',
                     place.rows('SELECT after_holding_id, count(*) FROM holding_history GROUP BY 1'),
                     [(n, 1) for n in range(20)] + [(77, 2)])
        checks.equal('steady: all of it came again', place.rows('SELECT count(*) FROM redelivered_event'), [(22,)])
        # the equal row is the first that a partition has had before
        checks.equal('steady: a stretch ends with a pause and where a transaction comes back', place.rows(
            'SELECT partition, s.first_offset, first_sent_ms, last_sent_ms, last_made_ms '
            'FROM sent_stretch AS s JOIN connector_run USING (run) ORDER BY 1, 2'),
            [(0, 0, 0, 19500, 19500), (0, 11, 61000, 79000, 79000), (0, 21, 79501, 79501, 79501),
             (1, 0, 1000, 19501, 19501), (1, 11, 60000, 78000, 78000), (1, 21, 79500, 79500, 79500)])


def main():
    given = arguments(__doc__)
    checks = Checks()
    names = given.names or [name + kind for name in RECORDINGS for kind in ('', NO_RUN)
                            if not kind or '3.7' in name]
    for name in names:
        Checked(checks, given, name).run()
    check_steady(checks, given.cdclite)
    checks.exit()


if __name__ == '__main__':
    main()
