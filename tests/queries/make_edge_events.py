"""make_edge_events.py [--schemas] [--partitions N] > RECORDING
Writes a recording of hand-made events of the holding table that real data seldom holds."""
import argparse
import json

INFINITY, MINUS_INFINITY = 9223372036854775807, -9223372036854775808
OLD_INFINITY, OLD_MINUS_INFINITY = 9223372036825200000, -9223372036832400000
DAY = 86400 * 1000000
JANUARY_2025 = 1735689600 * 1000000
BC_44 = -63519033600 * 1000000          # 0044-03-01 BC
YEAR_1 = -62135596800 * 1000000         # 0001-01-01
YEAR_10000 = 253402300800 * 1000000     # 10000-01-01
YEAR_100000 = 3093527980800 * 1000000   # 100000-01-01
WRAPPED = -9223372036853775810          # what year 294276 becomes

COLUMNS = [('holding_id', 'int32'), ('user_id', 'int32'), ('holding_stock', 'string'), ('holding_quantity', 'int32'),
           ('datetime_created', 'int64'), ('datetime_updated', 'int64')]


def row(holding, user=1, stock='AAPL', quantity=10, created=JANUARY_2025, updated=JANUARY_2025):
    return (holding, user, stock, quantity, created, updated)


def events():
    """(commit time, op, before, after), in the order of arrival."""
    at = JANUARY_2025

    def change(old, changed_at=None, **to):
        fields = dict(zip(('holding', 'user', 'stock', 'quantity', 'created', 'updated'), old))
        return (changed_at or at, 'u', old, row(**{**fields, **to}))

    # A snapshot with equal rows and an all-NULL row. All share one lsn.
    for image in (row(1), row(1), row(2, 2, 'VFIAX', 5), row(None, None, None, None, None, None), row(3, None)):
        yield (at - 40 * 365 * DAY - 25 * 365 * DAY, 'r', None, image)

    # Commit times before 1970, in year 1, BC and beyond 9999 come first and last: commit order is arrival order.
    for moment in (BC_44, YEAR_1 - 1, YEAR_1, -DAY - 1, -DAY, -1, 0, 1):
        yield change(row(10, 5, 'EARLY', 9), moment, quantity=8)

    # What is a sale: stock to another, to NULL, from NULL; quantity down, up, to NULL, from NULL; 0, negative, huge.
    yield (at, 'c', None, row(20, 7, 'A', 10))
    yield change(row(20, 7, 'A', 10), stock='B')
    yield change(row(20, 7, 'B', 10), stock=None)
    yield change(row(20, 7, None, 10), stock='C')
    yield change(row(20, 7, 'C', 10), quantity=4)
    yield change(row(20, 7, 'C', 4), quantity=40)
    yield change(row(20, 7, 'C', 40), stock='D', quantity=400)
    yield change(row(20, 7, 'D', 400), stock='E', quantity=3)
    yield change(row(20, 7, 'E', 3), quantity=None)
    yield change(row(20, 7, 'E', None), quantity=2)
    yield change(row(20, 7, 'E', 2), stock='F', quantity=None)
    yield change(row(20, 7, 'F', None), stock='G')
    yield change(row(20, 7, 'G', None), stock='H', quantity=0)
    yield change(row(20, 7, 'H', 0), stock='I')
    yield change(row(20, 7, 'I', 0), quantity=-5)
    yield change(row(20, 7, 'I', -5), quantity=-9)
    yield change(row(20, 7, 'I', -9), stock='J')
    yield change(row(20, 7, 'J', -9), quantity=2147483647)
    yield change(row(20, 7, 'J', 2147483647), quantity=-2147483648)
    yield change(row(20, 7, 'J', -2147483648), quantity=2147483647, stock='')
    yield change(row(20, 7, '', 2147483647), stock='', quantity=2147483646)
    yield change(row(20, 7, '', 2147483646), user=8)
    yield change(row(20, 8, '', 2147483646), user=9, stock='K', quantity=1)
    yield change(row(20, 9, 'K', 1))
    yield (at, 'd', row(20, 9, 'K', 1), None)
    yield (at, 'd', row(21, 9, None, 1), None)
    yield (at, 'd', row(22, 9, 'K', None), None)
    yield (at, 'd', row(23, 9, 'K', 0), None)
    yield (at, 'd', row(24, 9, 'K', -1), None)
    yield (at, 'd', row(None, None, 'K', 6), None)
    yield change(row(25, None, 'L', 6), stock='M', quantity=1)
    yield change(row(25, None, 'M', 6), user=9)
    yield change(row(26, -2147483648, 'L', 6), quantity=5)
    yield change(row(26, 2147483647, 'L', 6), quantity=5)

    # Stocks are exact strings; equal counts and units are ordered by bytes.
    for stock in ('aapl', 'AAPL ', ' AAPL', 'AAPL', 'AAP', 'Zürich', 'Zurich', 'Zu\u0308rich', '日本', '\U0001F4C8',
                  '\uFFFD', 'O\'Brien', 'say "x"', 'a,b', 'line\nbreak', 'tab\t', 'back\\slash', '%',
                  '10', '010', '1e1', 'null'):
        yield change(row(30, 11, stock, 10), quantity=7)
        yield change(row(30, 11, stock, 10), stock=stock + 'x')

    # Period boundaries to the microsecond: days, Mondays, months, years, leap days.
    for moment in (JANUARY_2025, JANUARY_2025 + 5 * DAY, JANUARY_2025 + 31 * DAY, JANUARY_2025 + 59 * DAY,
                   1456704000000000, 1456790400000000, 1609459200000000, 1609718400000000, 1451606400000000):
        for step in (-1, 0, 1, 123456, 999999):
            yield change(row(40, 12, 'EDGE', 20), moment + step, quantity=19, updated=moment + step - 9 * DAY)
            yield (moment + step, 'd', row(41, 12, 'EDGE 2', 1, updated=moment - step), None)
            yield (moment + step, 'c', None, row(41, 13, 'EDGE 2', 1, updated=moment - step))

    # The row's own clock: NULL, infinite in both spellings, BC, before 1970, beyond 9999, the limits of 64 bits.
    for updated in (None, INFINITY, MINUS_INFINITY, OLD_INFINITY, OLD_MINUS_INFINITY, BC_44, BC_44 + DAY, YEAR_1,
                    YEAR_1 - 1, -1, 0, 1, YEAR_10000 - 1, YEAR_10000, YEAR_100000, YEAR_100000 + 40 * DAY,
                    YEAR_100000 - 1, WRAPPED, INFINITY - 1, MINUS_INFINITY + 1, OLD_INFINITY + 1,
                    OLD_MINUS_INFINITY - 1):
        yield change(row(50, 14, 'CLOCK', 20), at + 100 * DAY, quantity=18, updated=updated)
        yield (at + 101 * DAY, 'd', row(51, 14, 'CLOCK', 3, updated, updated), None)
        yield (at + 101 * DAY, 'c', None, row(52, 15, 'CLOCK', 3, updated, updated))
        yield (at + 101 * DAY, 'c', None, row(52, 15, 'CLOCK', 3, updated, updated))

    # A holding that changes its id, twins, truncates: one inside a life, one after a delete, two in a row.
    yield (at + 110 * DAY, 'c', None, row(60, 16, 'TWIN', 1))
    yield (at + 110 * DAY, 'c', None, row(60, 16, 'TWIN', 1))
    yield (at + 110 * DAY, 'd', row(60, 16, 'TWIN', 1), None)
    yield change(row(61, 16, 'MOVE', 5), at + 111 * DAY, holding=62)
    yield change(row(62, 16, 'MOVE', 5), at + 111 * DAY, holding=None)
    yield (at + 112 * DAY, 't', None, None)
    yield (at + 113 * DAY, 't', None, None)
    for _ in range(3):
        yield (at + 114 * DAY, 'c', None, row(60, 16, 'TWIN', 1))
    yield (at + 115 * DAY, 'c', None, row(63, 16, 'GONE', 1))
    yield (at + 116 * DAY, 'd', row(63, 16, 'GONE', 1), None)
    yield (at + 117 * DAY, 't', None, None)
    yield (at + 118 * DAY, 'c', None, row(64, 17, 'LOST', 1))

    # A second full snapshot: what the connector missed is gone, what it never saw is there.
    for image in (row(70, 18, 'SEEN', 2), row(70, 18, 'SEEN', 2), row(71, None, None, None, None, None)):
        yield (at + 120 * DAY, 'r', None, image)
    yield change(row(70, 18, 'SEEN', 2), at + 121 * DAY, quantity=1)
    yield (at + 122 * DAY, 'c', None, row(72, 18, 'FAR', 2, YEAR_100000, INFINITY))
    yield (at + 122 * DAY, 'c', None, row(73, 18, 'OLD', 2, BC_44, MINUS_INFINITY))

    for moment in (YEAR_10000 - 1, YEAR_10000, YEAR_100000, YEAR_100000 + 1):
        yield change(row(80, 19, 'LATE', 9), moment, quantity=8)


def schema():
    """The schema block a connector sends with schemas on, as far as a reader needs it."""
    fields = []
    for name, kind in COLUMNS:
        field = {'type': kind, 'optional': True, 'field': name}
        if kind == 'int64':
            field.update(name='io.debezium.time.MicroTimestamp', version=1)
        fields.append(field)
    source = [{'type': 'string', 'optional': False, 'field': f} for f in ('version', 'connector', 'name', 'db')]
    source += [{'type': 'int64', 'optional': True, 'field': f} for f in ('ts_ms', 'ts_us', 'txId', 'lsn')]
    source += [{'type': 'string', 'optional': True, 'field': f} for f in ('snapshot', 'schema', 'table')]
    image = {'type': 'struct', 'fields': fields, 'optional': True, 'name': 'edge.bank_data.holding.Value'}
    return {'type': 'struct', 'optional': False, 'name': 'edge.bank_data.holding.Envelope', 'version': 2, 'fields': [
        {**image, 'field': 'before'}, {**image, 'field': 'after'},
        {'type': 'struct', 'fields': source, 'optional': False, 'name': 'io.debezium.connector.postgresql.Source',
         'field': 'source'},
        {'type': 'string', 'optional': False, 'field': 'op'},
        {'type': 'int64', 'optional': True, 'field': 'ts_ms'}]}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument('--schemas', action='store_true', help='with a schema block in each message')
    arguments.add_argument('--partitions', type=int, default=1, help='spread the messages, as a null key does')
    arguments = arguments.parse_args()
    messages, offsets, lsn, transaction, previous = [], [0] * arguments.partitions, 1000, 500, None
    for changed_at, op, before, after in events():
        if op != 'r' or previous != 'r':
            lsn, transaction = lsn + 8, transaction + 1
        previous = op
        names = [name for name, _ in COLUMNS]
        value = {'before': before and dict(zip(names, before)), 'after': after and dict(zip(names, after)),
                 'source': {'version': '3.7.0.Final', 'connector': 'postgresql', 'name': 'edge', 'db': 'bank',
                            'ts_ms': changed_at // 1000, 'ts_us': changed_at, 'txId': transaction, 'lsn': lsn,
                            'snapshot': 'true' if op == 'r' else 'false', 'schema': 'bank_data', 'table': 'holding'},
                 'op': op, 'ts_ms': changed_at // 1000}
        if arguments.schemas:
            value = {'schema': schema(), 'payload': value}
        partition = len(messages) * 7 // 3 % arguments.partitions
        messages.append({'topic': 'edge.bank_data.holding', 'partition': partition, 'offset': offsets[partition],
                         'timestamp_ms': 0, 'key': None, 'value': json.dumps(value, ensure_ascii=False),
                         'headers': [['__debezium.context.runId', 'edge']]})
        offsets[partition] += 1
    # Several partitions arrive one after the other, as a consumer may well read them.
    for message in sorted(messages, key=lambda m: m['partition']):
        print(json.dumps(message, ensure_ascii=False))


if __name__ == '__main__':
    main()
