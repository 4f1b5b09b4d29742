"""Makes the seeds of the fuzz targets out of the recordings and cases: make_seeds.py REPOSITORY DIRECTORY. A folder a
target; what a target reads stands at the top of its C file."""
import glob
import gzip
import json
import os
import struct
import sys

MOST_BYTES = 8000  # of a seed of messages
RECORD, FIELD, EMPTY = b'\x1e', b'\x1f', b'\x02'
HEADERS = ('__debezium.context.runId', '__debezium.oldkey', '__debezium.newkey')


class Seeds:
    def __init__(self, directory, target):
        self.directory = os.path.join(directory, target)
        os.makedirs(self.directory, exist_ok=True)
        for name in os.listdir(self.directory):
            os.remove(os.path.join(self.directory, name))

    def add(self, name, data):
        with open(os.path.join(self.directory, name), 'wb') as file:
            file.write(data)


def member(value):
    """A recorded key, value or header's value as bytes."""
    if value is None or isinstance(value, str):
        return None if value is None else value.encode('utf-8', 'surrogatepass')
    return json.dumps(value).encode()


def read_line(line):
    """(topic, partition, key, value, headers) of a line in any of the forms."""
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if isinstance(record, dict) and 'topic' in record and 'offset' in record:
        headers = record.get('headers') or []
        if headers and not isinstance(headers[0], list):
            headers = list(zip(headers[::2], headers[1::2]))
        headers = {name: member(value) for name, value in headers}
        return (record['topic'].encode(), record.get('partition', 0), member(record.get('key')),
                member(record.get('value', record.get('payload'))), headers)
    key, tab, value = line.partition(b'\t')
    if not tab or not value.lstrip().startswith((b'{', b'null')):
        key, value = b'null', line
    return b's1.bank_data.t', 0, None if key == b'null' else key, None if value == b'null' else value, {}


def frame(line):
    topic, partition, key, value, headers = read_line(line)
    fields = [topic, bytes([ord('0') + partition % 4]), key, value, *(headers.get(name) for name in HEADERS)]
    return FIELD.join(b'' if field is None else field or EMPTY for field in fields).rstrip(FIELD) + RECORD


def read_lines(path):
    with (gzip.open if path.endswith('.gz') else open)(path, 'rb') as file:
        return [line for line in file.read().split(b'\n') if line.strip()]


def windows(frames, most, limit):
    """Runs of neighbouring messages, each of at most `most` bytes."""
    at = 0
    for _ in range(limit):
        window = b''
        while at < len(frames) and (len(window) + len(frames[at]) <= most):
            window += frames[at]
            at += 1
        if window:
            yield window
        elif at < len(frames):
            at += 1  # larger than a seed may be
        else:
            return


def make_messages(sources, directory):
    seeds = Seeds(directory, 'fuzz_message')
    number = 0
    for path, limit in sources:
        # a recording's first and last messages tell most of it
        lines = read_lines(path)
        lines = lines if len(lines) <= 80 else lines[:20] + lines[-20:]
        name = os.path.basename(os.path.dirname(path) if path.endswith('input.jsonl') else path).split('.')[0]
        for i, window in enumerate(windows([frame(line) for line in lines], MOST_BYTES, limit)):
            # each way of loading: with and without text, in one part or two, small events, with choices
            seeds.add(f'{name}-{i}', bytes([(0, 2, 8, 1, 66, 4)[number % 6]]) + window)
            number += 1


def make_retyped(directory):
    """A column of each type that becomes one of each other."""
    times = 'io.debezium.time.'
    types = (('int64', None, 5), ('string', None, 'x'), ('string', times + 'ZonedTimestamp', '2025-01-31T10:00:00Z'),
             ('bytes', 'org.apache.kafka.connect.data.Decimal', 'Arw='), ('boolean', None, True), ('double', None, 1.5),
             ('bytes', None, 'AQ=='), ('int32', times + 'Date', 20119), ('int64', times + 'Timestamp', 1738317600123),
             ('int64', times + 'MicroTimestamp', 1738317600123456),
             ('int64', times + 'NanoTimestamp', 1738317600123456789),
             ('int64', times + 'MicroTime', 36000000000))
    for i, old in enumerate(types):
        for k, new in enumerate(types):
            window = b''
            for n, (kind, name, value) in enumerate((old, new)):
                column = {'type': kind, 'optional': True, 'field': 'v', 'default': value, 'parameters': {'scale': '2'}}
                if name:
                    column['name'] = name
                fields = [{'type': 'int64', 'field': 'id'}, column]
                after = {'type': 'struct', 'field': 'after', 'fields': fields}
                source = {'name': 's', 'schema': 'n', 'table': 't', 'ts_ms': 1738317600000 + n, 'lsn': n, 'txId': n}
                event = {'schema': {'type': 'struct', 'fields': [after]},
                         'payload': {'op': 'c', 'after': {'id': n, 'v': value}, 'source': source}}
                window += FIELD.join((b's.n.t', b'0', b'', json.dumps(event, separators=(',', ':')).encode())) + RECORD
            if i != k:
                with open(os.path.join(directory, 'fuzz_message', f'retyped-{i}-{k}'), 'wb') as file:
                    file.write(b'\x00' + window)


def make_shapes(sources, directory):
    seeds = Seeds(directory, 'fuzz_shape')
    for path, limit in sources:
        events = [value for value in (read_line(line)[3] for line in read_lines(path)[:40]) if value]
        name = os.path.basename(os.path.dirname(path) if path.endswith('input.jsonl') else path).split('.')[0]
        for i, window in enumerate(windows([event + RECORD for event in events], MOST_BYTES, limit)):
            seeds.add(f'{name}-{i}', window)


def make_json(sources, directory):
    seeds = Seeds(directory, 'fuzz_json')
    for path, _ in sources:
        lines = read_lines(path)
        name = os.path.basename(os.path.dirname(path))
        for i in sorted({0, len(lines) // 2, len(lines) - 1}):
            if len(lines[i]) <= 4000:
                seeds.add(f'{name}-{i}', lines[i])
    for i, text in enumerate((
            b'[0,-0,1.5e300,1E+2,-0.0,9223372036854775807,9223372036854775808,-9223372036854775809,1e400]',
            b'[18446744073709551615,18446744073709551616,0.1,123456789012345678901234567890]', b'[NaN]', b'-Infinity',
            b'{"a":1,"a":2,"b\\u0000c":[true,false,null]}', b'"\\ud83d\\ude00\\ud800"', b'"\\ud83d\\ude00"',
            b'"\xc0\x80"', b'"\xed\xa0\x80"',
            b'"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9"', b'[' * 64 + b'1' + b']' * 64, b'[' * 65 + b']' * 65, b' { } ',
            b'"a\tb"', b'{"a":{"b":[{"c":[]}]}}')):
        seeds.add(f'text-{i}', text)


def make_values(directory):
    seeds = Seeds(directory, 'fuzz_value')
    texts = (b'null', b'true', b'5', b'-9223372036854775808', b'1.5', b'1e400', b'-0.0', b'0.1234567890123456789',
             b'"text"', b'"\\u0000"', b'"NaN"', b'"-Infinity"', b'"MTIz"', b'"gAA="', b'{"scale":2,"value":"AQ=="}',
             b'[1,{"a":null}]', b'5e-324', b'2.2250738585072014e-308', b'1738317600000000')
    for kind in range(9):
        for i, text in enumerate(texts):
            seeds.add(f'json-{kind}-{i}', bytes([kind, 2, 0, i % 8]) + text)
    for i, number in enumerate((0, 1, -1, 127, -128, 10 ** 9, -10 ** 18, 2 ** 200, -2 ** 399)):
        data = number.to_bytes(number.bit_length() // 8 + 1, 'big', signed=True)
        for scale in (0, 2, -3, 60):
            seeds.add(f'decimal-{i}-{scale}', struct.pack('<Bhx', 0x40, scale) + data)
        seeds.add(f'base64-{i}', b'\x20xxx' + data)
    for i, time in enumerate((0, -1, 1738317600123456, 2 ** 63 - 1, -2 ** 63, -62135596800000000, 253402300800000000,
                              9223372036825200000, -9223372036832400000, 2146033979, -2147472691, 86400000000)):
        seeds.add(f'time-{i}', b'\x60xxx' + struct.pack('<q', time))
    for i, text in enumerate((b'2025-01-31', b'2025-01-31T10:00:00Z', b'2024-02-29 23:59:59.123456', b'decimal(2)',
                              b'decimal(200000)', b'timestamp_us', b'variable_decimal', b'date', b'integer')):
        seeds.add(f'typed-{i}', b'\x80xxx' + text)


def make_lines(sources, directory):
    seeds = Seeds(directory, 'fuzz_line')
    for path, _ in sources:
        data = b'\n'.join(line for line in read_lines(path)[:6] if len(line) < 3000)[:8000]
        name = os.path.basename(os.path.dirname(path))
        seeds.add(name, b'\x00\x02' + data + b'\n')
    value = b'{"op":"c","after":{"id":1},"source":{"ts_ms":1,"table":"t"}}'
    kcat = b'{"topic":"t","partition":1,"offset":2,"tstype":"create","ts":5,"headers":["a","b"],"key":"k","payload":' \
        + json.dumps(value.decode()).encode() + b'}'
    recorded = b'{"topic":"t","partition":1,"offset":2,"timestamp_ms":5,"key":null,"value":' \
        + json.dumps(value.decode()).encode() + b',"headers":[["__debezium.context.runId","r"]]}'
    for form in range(5):
        for i, text in enumerate((value, b'{"id":1}\t' + value, b'null\tnull', kcat, recorded, b'\xef\xbb\xbf' + value,
                                  b'banner\r\n' + value + b'\r', b'a\0b\n' + value, b'\x1f\x8b' + value)):
            seeds.add(f'form-{form}-{i}', bytes([form, i]) + (text + b'\n') * 3 + text)
    seeds.add('properties', b'\x05\x00# comment\n\nbootstrap.servers = a:9092\r\nsasl.password=x=y\n')


def make_queries(repository, directory):
    seeds = Seeds(directory, 'fuzz_query')
    files = sorted(glob.glob(os.path.join(repository, 'queries', '*.sql')))
    arguments = (b'from=2025-01-01', b'to=2025-02-01T00:00:00Z', b'at=2025-01-31 10:00:00.5', b'user=7', b'limit=3',
                 b'holding=1001', b'period=month', b'time=row', b'stock=AAPL', b'table=holding', b'key=1',
                 b'table=it\'s "{rows}" -- x', b'key=["1,2","x"]', b'key={"a":1}', b'column=a')
    for i, path in enumerate(files):
        for k, argument in enumerate(arguments):
            fields = [argument] if argument.startswith(b'table=') else [b'table=holding', argument]
            seeds.add(f'built-in-{i}-{k}', bytes([0, i, k % 6]) + FIELD.join(fields))
            seeds.add(f'built-in-{i}-{k}-plain', bytes([0, i, k % 6]) + argument)
        with open(path, 'rb') as file:
            sql = file.read()
        seeds.add(f'own-{i}', bytes([1, 0, i % 6]) + sql[:6000] + FIELD + b'table=holding')
    history = next(i for i, path in enumerate(files) if path.endswith('row_history.sql'))
    for i, key in enumerate((b'1,2', b'1', b'1,2,3', b'["1,2","["]', b'[1,null]', b'[1]', b'[1,2,3]', b'[true,false] x',
                             b'[[],{}]', b'{"--;/*:x":"[","a\\"b\'c]{column}":1}', b'{"a":1}',
                             b'{"--;/*:x":1,"--;/*:x":2}', b'[', b'', b'{}')):
        seeds.add(f'key-{i}', bytes([0, history, i % 6]) + b'table=it\'s "{rows}" -- x' + FIELD + b'key=' + key)
    for i, sql in enumerate((b'SELECT :a, @b, $c, ?1',
                             b'-- own: x\n-- Parameters:\n--   :t  table  (required)\nSELECT {table}',
                             b'DELETE FROM batch', b'PRAGMA user_version=5', b"ATTACH 'x' AS y",
                             b'SELECT * FROM json_each(\'[1]\')',
                             b'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n',
                             b'SELECT 1; DROP TABLE batch',
                             b"-- x\n--   :k key\nSELECT {key :k}, {each, {column}} FROM {rows :at}")):
        seeds.add(f'sql-{i}', bytes([1, 0, i % 6]) + sql + FIELD + b't=holding' + FIELD + b'a=1')
    for i, names in enumerate(((b't', b'a', b'b', b'1', b'2'),
                               (b'x"; DROP TABLE batch; --', b'a\'b', b'{each}', b',', b'["'),
                               (b'a.b', b'A', b'a', b'{', b''), (b' t ', b' a', b'b"', b' 1 ', b"'"),
                               (b'T' * 70, b':p', b'?1', b'\xc3\xa9', b'\\'))):
        for wide in (0, 1):
            seeds.add(f'names-{i}-{wide}', bytes([2, wide, 0]) + FIELD.join(names))


def main():
    repository, directory = sys.argv[1:]
    cases = [(path, 3) for path in sorted(glob.glob(os.path.join(repository, 'tests/cases/*/input.jsonl')))]
    tables = [(path, 3) for path in sorted(glob.glob(os.path.join(repository, 'tests/data/tables/*.jsonl.gz')))
              if '.audit.' not in path]
    make_messages(cases + tables, directory)
    make_retyped(directory)
    make_shapes(cases + tables, directory)
    make_json(cases, directory)
    make_values(directory)
    make_lines(cases, directory)
    make_queries(repository, directory)
    with open(os.path.join(directory, 'made'), 'w', encoding='utf-8'):
        pass


if __name__ == '__main__':
    main()
