"""make_generic_events.py > RECORDING
Writes hand-made events of five tables for the queries that take any table: one whose names are hostile and whose key
has two columns; one with a key over three partitions, whose rows change their keys from one partition to another; one
without a key over two partitions, with equal rows; one whose updates leave out what they replaced; and one that loses a column."""
import json
import random

HOSTILE = 'x"; DROP TABLE y; --'
HOSTILE_COLUMNS = ['a"; DROP TABLE y; --', '{table}', ':key', "it's {T_history} /*"]
START = 1735689600 * 1000000


class Writer:
    def __init__(self):
        self.messages, self.offsets, self.at, self.lsn, self.transaction = [], {}, START, 1000, 500

    def begin(self, step):
        self.at, self.transaction = self.at + step, self.transaction + 1

    def write(self, table, partition, op, before, after, key=None, new_position=True):
        self.lsn += 8 if new_position else 0
        topic = 'made.s.' + {HOSTILE: 'hostile'}.get(table, table)
        source = {'version': '3.7.0.Final', 'connector': 'postgresql', 'name': 'made', 'db': 'd', 'schema': 's',
                  'table': table, 'ts_ms': self.at // 1000, 'ts_us': self.at, 'txId': self.transaction,
                  'lsn': self.lsn, 'snapshot': 'true' if op == 'r' else 'false'}
        value = {'before': before, 'after': after, 'source': source, 'op': op, 'ts_ms': self.at // 1000}
        offset = self.offsets.get((topic, partition), 0)
        self.offsets[topic, partition] = offset + 1
        self.messages.append({'topic': topic, 'partition': partition, 'offset': offset, 'timestamp_ms': 0,
                              'key': key and json.dumps(key), 'value': json.dumps(value),
                              'headers': [['__debezium.context.runId', 'made']]})


def keyed(writer, chosen, table, columns, key_columns, partitions, values, count):
    """Random changes of a table with a key; a changed key is a delete and an insert at one position."""
    rows = {}

    def key_of(row):
        return {c: row[c] for c in key_columns}

    def place(row):
        return sum(json.dumps(key_of(row)).encode()) % partitions

    def write(op, before, after, new_position=True):
        row = after or before
        writer.write(table, place(row), op, before, after, key_of(row), new_position)

    def new_row():
        return {c: chosen.choice(values[c]) for c in columns}

    for row in ({**new_row(), columns[0]: n} for n in range(3)):  # a snapshot: one position, one transaction
        rows[tuple(key_of(row).values())] = row
        write('r', None, row, new_position=not len(rows) > 1)
    for nth in range(count):
        writer.begin(chosen.choice((0, 1, 1000, 86400 * 10**6)) or 1)
        if nth and nth % 90 == 0:
            rows.clear()
            writer.write(table, 0, 't', None, None)
            continue
        row = new_row()
        key = tuple(key_of(row).values())
        if key not in rows:
            rows[key] = row
            write('c', None, row)
        elif chosen.random() < 0.3:
            write('d', rows.pop(key), None)
            if chosen.random() < 0.3:  # written again within the transaction: another row
                rows[key] = row
                write('c', None, row)
        else:
            target = tuple(key_of(new_row()).values())
            old = rows[key]
            if chosen.random() < 0.6 and target not in rows:
                moved = {**row, **dict(zip(key_columns, target))}
                write('d', rows.pop(key), None)
                write('c', None, moved, new_position=False)
                rows[target] = moved
            else:
                write('u', old, {**row, **key_of(old)})
                rows[key] = {**row, **key_of(old)}


def keyless(writer, chosen, table, count):
    rows = []
    for nth in range(count):
        writer.begin(chosen.choice((1, 1000, 86400 * 10**6)))
        if nth and nth % 70 == 0:
            rows.clear()
            writer.write(table, 0, 't', None, None)
            continue
        row = {'word': chosen.choice(('a', 'b', None)), 'number': chosen.choice((1, 2, None))}
        if not rows or chosen.random() < 0.5:
            rows.append(row)
            writer.write(table, nth % 2, 'c', None, row)
        else:
            old = rows.pop(chosen.randrange(len(rows)))
            if chosen.random() < 0.5:
                rows.append(row)
            writer.write(table, nth % 2, 'u' if rows and rows[-1] is row else 'd', old,
                         row if rows and rows[-1] is row else None)


def late(writer):
    """Updates that leave out the old row, of rows whose beginning was missed."""
    for number in (1, 2, 2, 3):
        for row in (5, 6):
            writer.begin(1000)
            writer.write('late', 0, 'u', None, {'id': row, 'n': number, 'word': 'w'}, {'id': row})
    writer.begin(1000)
    writer.write('late', 0, 'd', {'id': 5, 'n': None, 'word': None}, None, {'id': 5})


def shrunk(writer):
    """A column changes, and is dropped. The row's end is missed; another of its key goes on under another key."""
    old = None
    for row in ({'id': 1, 'gone': 'a', 'n': 1}, {'id': 1, 'gone': 'b', 'n': 1}, {'id': 1, 'n': 2}, {'id': 1, 'n': 3}):
        writer.begin(1000)
        old = old and {c: v for c, v in old.items() if c in row}
        writer.write('shrunk', 0, 'u' if old else 'c', old, row, {'id': 1})
        old = row
    writer.begin(1000)
    writer.write('shrunk', 0, 'c', None, {'id': 1, 'n': 4}, {'id': 1})
    writer.begin(1000)
    writer.write('shrunk', 0, 'd', {'id': 1, 'n': 4}, None, {'id': 1})
    writer.write('shrunk', 0, 'c', None, {'id': 2, 'n': 4}, {'id': 2}, new_position=False)


def main():
    chosen, writer = random.Random('generic'), Writer()
    a, b, c, d = HOSTILE_COLUMNS
    keyed(writer, chosen, HOSTILE, HOSTILE_COLUMNS, [a, b], 1,
          {a: [0, 1, 2, 3], b: ['AAPL', 'a,b', '"x"', '[1]', "o'b; DROP TABLE y; --", ''], c: [None, 1, 2], d: ['', 'x', None]}, 300)
    keyed(writer, chosen, 'spread', ['id', 'word'], ['id'], 3, {'id': list(range(12)), 'word': ['a', 'b', None]}, 300)
    keyless(writer, chosen, 'plain', 200)
    late(writer)
    shrunk(writer)
    # Several partitions arrive one after the other, as a consumer may well read them.
    for message in sorted(writer.messages, key=lambda m: -m['partition']):
        print(json.dumps(message))


if __name__ == '__main__':
    main()
