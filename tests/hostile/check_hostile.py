"""Events as no connector sends them: each is either rejected, whole and with a reason, or stored with the meaning that
its text has; never both, never half of it, and the load goes on. What must come out is worked out here from the JSON
itself. Events stand in a file line by line, so that the offset of a row tells which event it is of."""
import copy
import decimal
import gzip
import json
import math
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'recordings'))

from harness import Checks, Place, arguments  # noqa: E402

STORED, REJECTED, PASSED = 'stored', 'rejected', 'passed'  # passed: counted as bookkeeping or tombstone
TIME = 1738317600000


class Hostile(Place):
    """Loads lines and tells what became of each."""

    def take(self, checks, name, lines, *options):
        """For each line (outcome, detail): the stored row {column: value}, or the reason."""
        offsets, at = [], 0
        for line in lines:
            offsets.append(at)
            at += len(line) + 1
        self.write('hostile.jsonl', b''.join(line + b'\n' for line in lines))
        done = self.run('load', '--input', 'hostile.jsonl', '--db', self.db, '--text', self.text, *options, timeout=600)
        checks.check(f'{name}: {len(lines)} events load', done.returncode == 0, done.stderr[-500:])
        db = self.connect()
        found = {offset: [] for offset in offsets}
        tables = [row[0] for row in db.execute('SELECT name FROM captured_table')]
        for table in tables:
            quoted = '"' + (table + '_history').replace('"', '""') + '"'
            cursor = db.execute(f'SELECT * FROM {quoted}')
            names = [column[0] for column in cursor.description]
            for row in cursor:
                row = dict(zip(names, row))
                found[row['kafka_offset']].append((STORED, row))
        for offset, reason, value, size in db.execute(
                'SELECT "offset", reason, value, value_size FROM rejected_event'):
            found[offset].append((REJECTED, reason))
            line = lines[offsets.index(offset)]
            if len(line) != size or value not in (line, line[:1024] if size > 2048 else line):
                checks.check(f'{name}: {line[:80]!r} is kept whole', False, value[:80])
        counts = db.execute('SELECT sum(changes), sum(tombstones), sum(bookkeeping), sum(rejected), sum(redelivered) '
                            'FROM batch').fetchone()
        whole = db.execute('PRAGMA integrity_check').fetchone()[0]
        db.close()
        several = [lines[offsets.index(offset)][:200] for offset, all_of in found.items() if len(all_of) > 1]
        checks.equal(f'{name}: each becomes one thing', several, [])
        checks.equal(f'{name}: all are counted', (sum(counts or (0,)), whole), (len(lines), 'ok'))
        checks.check(f'{name}: reasons are said',
                     all(detail for all_of in found.values() for what, detail in all_of if what == REJECTED))
        export = self.run('export', 'text', '--db', self.db)
        if os.path.exists(self.text) and export.returncode == 0 and self.text_bytes():
            checks.equal(f'{name}: the text is the history\'s', export.stdout, self.text_bytes())
        return [found[offset][0] if found[offset] else (PASSED, None) for offset in offsets]


def source(number, **changed):
    return {'name': 's', 'schema': 'n', 'table': 't', 'ts_ms': TIME + number, 'txId': number, 'lsn': 1000 + number,
            **changed}


def event(number, row, **changed):
    return {'before': None, 'after': row, 'source': source(number), 'op': 'c', 'ts_ms': TIME, **changed}


def line_of(value):
    return json.dumps(value, ensure_ascii=False, separators=(',', ':')).encode()


def with_text(number, text):
    """An event whose column v has the JSON `text` (bytes) as its value."""
    return line_of(event(number, {'id': number, 'v': '@'})).replace(b'"@"', text)


def check_values(checks, name, taken, cases):
    """cases: (what it is, wanted); wanted a value, or a text that the reason must have."""
    for (outcome, detail), (what, wanted) in zip(taken, cases):
        if isinstance(wanted, Reason):
            checks.check(f'{name}: {what} is rejected', outcome == REJECTED and wanted.text in detail,
                         (outcome, detail and str(detail)[:300]))
        else:
            got = detail.get('after_v') if outcome == STORED else detail
            checks.check(f'{name}: {what}', outcome == STORED and type(got) is type(wanted) and got == wanted,
                         (outcome, str(got)[:300]))


class Reason:
    def __init__(self, text):
        self.text = text


def nesting(checks, cdclite):
    cases, lines = [], []
    for levels in (62, 63, 64, 65, 100_000):
        text = '[' * (levels - 2) + ']' * (levels - 2)  # within the event and the row
        lines.append(with_text(len(lines), text.encode()))
        cases.append((f'{levels} levels', text if levels <= 64 else Reason('nested too deep')))
        text = '{"a":' * (levels - 2) + '1' + '}' * (levels - 2)
        lines.append(with_text(len(lines), text.encode()))
        cases.append((f'{levels} levels of objects', text if levels <= 64 else Reason('nested too deep')))
    lines.append(b'{"op":' + b'{"a":' * 100_000)
    cases.append(('an op of braces', Reason('nested too deep')))
    with Hostile(cdclite) as place:
        check_values(checks, 'nesting', place.take(checks, 'nesting', lines), cases)


def sizes(checks, cdclite):
    limit = 2048
    lines, cases = [], []
    for size in (limit - 1, limit, limit + 1, 2 * limit, 2 * limit + 70_000):
        text = 'x' * (size - len(with_text(len(lines), b'""')))
        lines.append(with_text(len(lines), b'"' + text.encode() + b'"'))
        assert len(lines[-1]) == size
        cases.append((f'{size} bytes of {limit}', text if size <= limit else Reason('larger than --max-event-bytes')))
    with Hostile(cdclite) as place:
        check_values(checks, 'sizes', place.take(checks, 'sizes', lines, '--max-event-bytes', str(limit)), cases)
        checks.equal('sizes: the full sizes are told', place.rows('SELECT value_size FROM rejected_event ORDER BY 1'),
                     [(len(line),) for line in lines if len(line) > limit])


def bad_utf8(checks, cdclite):
    """Unicode 15, table 3-7: overlong forms, surrogates, beyond U+10FFFF, lone and cut sequences."""
    bad = (b'\x80', b'\xbf', b'\xc0\x80', b'\xc1\xbf', b'\xc3', b'\xc3(', b'\xe0\x80\x80', b'\xe0\x9f\xbf', b'\xe2\x82',
           b'\xe2(\xa1', b'\xed\xa0\x80', b'\xed\xbf\xbf', b'\xf0\x80\x80\x80', b'\xf0\x8f\xbf\xbf', b'\xf0\x9f\x98',
           b'\xf4\x90\x80\x80', b'\xf5\x80\x80\x80', b'\xfe', b'\xff')
    good = ('\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\uffff', '\U00010000', '\U0010ffff')
    lines, cases = [], []
    for text in bad:
        for what, found, put in (('value', b'"@"', b'"%s"'), ('column', b'"v"', b'"v%s"'), ('table', b'"t"', b'"t%s"'),
                                 ('op', b'"op":"c"', b'"op":"c%s"'), ('member', b'"before"', b'"be%sfore"')):
            line = line_of(event(len(lines), {'id': len(lines), 'v': '@'}))
            assert found in line
            lines.append(line.replace(found, put.replace(b'%s', text)))
            cases.append((f'{text!r} in a {what}', Reason('UTF-8')))
        # a message's key: what is no JSON is no key, and the line is no event
        lines.append(b'{"id":"' + text + b'"}\t' + line_of(event(len(lines), {'id': 1})))
        cases.append((f'{text!r} in a key', Reason('')))
    for text in good:
        lines.append(with_text(len(lines), line_of(text)))
        cases.append((f'U+{ord(text):04X}', text))
    with Hostile(cdclite) as place:
        check_values(checks, 'UTF-8', place.take(checks, 'UTF-8', lines), cases)


def strings(checks, cdclite):
    lines, cases = [], []
    for text, wanted in ((r'"a\u0000b"', 'a\0b'), (r'"\u0000"', '\0'), (r'"\ud83d\ude00"', '\U0001f600'),
                         (r'"\ud800"', Reason('escape')), (r'"\udc00"', Reason('escape')),
                         (r'"\ud800\ud800"', Reason('escape')), (r'"\ud800x"', Reason('escape')),
                         (r'"\udc00\ud800"', Reason('escape')), (r'"\x"', Reason('escape')),
                         (r'"\u12"', Reason('escape')),
                         ('"a\tb"', Reason('control character')), ('"a\0b"', Reason('control character')),
                         ('"', Reason('broken JSON')), (r'"\"', Reason('broken JSON')), ("'a'", Reason('broken JSON')),
                         ('', Reason('broken JSON')), ('NaN', Reason('broken JSON')),
                         ('Infinity', Reason('broken JSON')),
                         ('nul', Reason('broken JSON')), ('True', Reason('broken JSON')),
                         ('1 // x', Reason('broken JSON')),
                         ('[1,]', Reason('broken JSON')), ('{"a":1,}', Reason('broken JSON')), ('""', ''),
                         ('null', None)):
        lines.append(with_text(len(lines), text.encode()))
        cases.append((text, wanted))
    with Hostile(cdclite) as place:
        check_values(checks, 'strings', place.take(checks, 'strings', lines), cases)
        checks.equal('strings: the bytes behind a NUL are there too', place.rows(
            "SELECT hex(after_v) FROM t_history WHERE after_id < 2 ORDER BY 1"), [('00',), ('610062',)])


def number_wanted(text):
    """Without a schema: an int64, a double that has the digits again (17 at most), else the text itself."""
    if text.lstrip('-').isdigit() and text != '-0' and -2 ** 63 <= int(text) < 2 ** 63:
        return int(text)
    if len(text.split('e')[0].split('E')[0].replace('.', '').lstrip('-0')) > 17:
        return text
    value = float(text)
    if not any(c in text for c in '.eE') or math.isinf(value) or (value == 0 and text.startswith('-')):
        return text
    return value if decimal.Decimal(repr(value)) == decimal.Decimal(text) else text


def numbers(checks, cdclite):
    texts = ('0', '-0', '1', '-1', '9223372036854775807', '9223372036854775808', '-9223372036854775808',
             '-9223372036854775809', '18446744073709551615', '18446744073709551616', '1' * 400, '-' + '9' * 400,
             '1e400', '-1e400', '1e-400', '1E+2', '1e2', '1.0', '-0.0', '0.0', '0e0', '0.1', '123456789.125',
             '0.30000000000000004', '0.300000000000000040', '0.30000000000000005', '123456789012345678.5',
             '9007199254740993.0',
             '1.7976931348623157e308', '1.7976931348623159e308', '2.2250738585072014e-308',
             '1' + '0' * 308 + '.0', '0.' + '0' * 400 + '1', '3.14159265358979323846264338327950288')
    bad = ('01', '-01', '+1', '.5', '1.', '-', '1e', '1e+', '0x10', '1_000', '--1', '1.e2', '00.5')
    lines = [with_text(i, text.encode()) for i, text in enumerate(texts + bad)]
    cases = [(text[:40], number_wanted(text)) for text in texts] + [(text, Reason('broken JSON')) for text in bad]
    with Hostile(cdclite) as place:
        check_values(checks, 'numbers', place.take(checks, 'numbers', lines), cases)


def doubled(checks, cdclite):
    """Of two members of one name no reader knows which is meant."""
    base = event(0, {'id': 1, 'v': 1})
    lines, cases = [], []
    for name, again in (('after', {'id': 2}), ('before', None), ('before', {'id': 2}), ('op', 'd'), ('ts_ms', 5),
                        ('source', source(9))):
        text = line_of({**base, 'before': {'id': 1}} if name == 'before' and again else base)
        lines.append(text[:-1] + b',' + line_of({name: again})[1:])
        cases.append((f'{name} twice', Reason('twice') if base[name] is not None or again else 1))
    lines.append(line_of(event(20, '@')).replace(b'"@"', b'{"id":1,"id":2,"v":3}'))
    cases.append(('a column twice', Reason('column id: it is there twice')))
    lines.append(line_of(event(21, '@')).replace(b'"@"', b'{"v":1,"\\u0076":3}'))
    cases.append(('a column twice, once escaped', Reason('column v: it is there twice')))
    name = 'é' * 300
    lines.append(line_of(event(22, '@')).replace(b'"@"', f'{{"{name}":1,"{name}":2}}'.encode()))
    cases.append(('a long column twice', Reason('é: it is there twice')))
    lines.append(line_of(event(23, '@')).replace(b'"@"', f'{{"a{name}":1,"a{name}":2}}'.encode()))
    cases.append(('a long column twice, cut within a character', Reason('it is there twice')))
    lines.append(line_of({'schema': None, 'payload': base})[:-1] + b',"payload":null}')
    cases.append(('payload twice', Reason('')))
    with Hostile(cdclite) as place:
        check_values(checks, 'twice', place.take(checks, 'twice', lines), cases)


def places(value, path=()):
    """Every place in a JSON value."""
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from places(member, path + (name,))


def replaced(value, path, by):
    """A copy with another value at the place, or without it where `by` is Ellipsis."""
    if not path:
        return by
    value = copy.deepcopy(value)
    at = value
    for name in path[:-1]:
        at = at[name]
    if by is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = by
    return value


OTHERS = (None, True, 5, -1.5, 'text', '', [], [1, None], {}, {'a': [1]}, 2 ** 70, ...)
SCHEMA = {
    'type': 'struct', 'optional': False, 'name': 's.n.t.Envelope', 'fields': [
        {'type': 'struct', 'optional': True, 'field': image, 'name': 's.n.t.Value', 'fields': [
            {'type': 'int64', 'optional': False, 'field': 'id'},
            {'type': 'string', 'optional': True, 'default': 'x', 'field': 'v'},
            {'type': 'bytes', 'optional': True, 'name': 'org.apache.kafka.connect.data.Decimal',
             'parameters': {'scale': '2'}, 'field': 'amount'},
            {'type': 'int64', 'optional': True, 'name': 'io.debezium.time.MicroTimestamp', 'field': 'at'}]}
        for image in ('before', 'after')]}
ROW = {'id': 7, 'v': 'text', 'amount': 'BNI=', 'at': 1738317600123456}  # 0x04d2 is 1234
VALUES = {'after_id': 7, 'after_v': 'text', 'after_amount': '12.34', 'after_at': 1738317600123456}


def decides(path, by, with_schema):
    """Whether an event with this at this place must be refused: True, False, or None where either is sane."""
    if path == ():
        return None if by is None or by is ... else True
    name, missing = path[0], by is None or by is ...
    if name == 'op':
        return by not in ('c',)
    if name == 'before' and len(path) == 1:
        return not missing and not isinstance(by, dict)
    if name == 'after' and len(path) == 1:
        return not isinstance(by, dict)
    if name == 'after' and with_schema and not missing:
        number = isinstance(by, int) and not isinstance(by, bool)
        text = isinstance(by, str)
        integer = number and by < 2 ** 63
        return {'id': not integer, 'v': not text, 'amount': by != 'text', 'at': not integer}[path[1]]
    if name == 'source' and len(path) == 1:
        return True
    if name == 'source' and path[1] == 'table':
        return not isinstance(by, str) or by == ''
    if name == 'source' and path[1] in ('name', 'schema'):
        return not missing and not isinstance(by, str)
    if name == 'source' and path[1] == 'ts_ms':
        return not (isinstance(by, int) and not isinstance(by, bool) and by < 2 ** 60)
    if name == 'source' and path[1] == 'snapshot':
        return isinstance(by, (list, dict))
    if name == 'source':
        return isinstance(by, (bool, list, dict))
    return False


def wrong_types(checks, cdclite, with_schema):
    """Each place of the event takes each type of JSON in turn."""
    name = 'types with a schema' if with_schema else 'types'
    lines, wanted = [], []
    for path in places(event(0, ROW)):
        for by in OTHERS:
            if not path and (by is ... or not with_schema):
                continue  # a line that is no object is passed over
            number = len(lines)
            base = event(number, ROW)
            base['source']['snapshot'] = 'false'
            payload = replaced(base, path, by)
            lines.append(line_of({'schema': SCHEMA, 'payload': payload} if with_schema else payload))
            wanted.append((path, by, decides(path, by, with_schema)))
    with Hostile(cdclite) as place:
        taken = place.take(checks, name, lines)
    wrong = [(path, by, must, outcome, str(detail)[:200]) for (outcome, detail), (path, by, must) in zip(taken, wanted)
             if must is not None and (outcome == REJECTED) != must]
    checks.equal(f'{name}: {len(lines)} events are refused where they must be, and only there', wrong, [])
    if not with_schema:
        return
    half = []
    for (outcome, row), (path, by, _) in zip(taken, wanted):
        if outcome != STORED or path[:1] == ('after',):
            continue
        half += [(path, by, column, row[column]) for column, value in VALUES.items() if row[column] != value]
    checks.equal(f'{name}: what is stored is the whole row', half, [])


def wrong_schemas(checks, cdclite):
    """Each place of the schema takes each type of JSON in turn: rows stay what they are, typed or as they were sent."""
    lines, wanted = [], []
    for path in places(SCHEMA):
        for by in OTHERS:
            if by is ... and not path:
                continue
            payload = event(len(lines), ROW)
            lines.append(line_of({'schema': replaced(SCHEMA, path, by), 'payload': payload}))
            wanted.append((path, by))
    with Hostile(cdclite) as place:
        taken = place.take(checks, 'schemas', lines)
    as_sent = {'after_' + column: {VALUES['after_' + column], value, json.dumps(value)}
               for column, value in ROW.items()}
    as_sent['after_amount'].add(b'\x04\xd2')  # said to be bytes, of no scale
    wrong = [(path, by, row.get(column)) for (outcome, row), (path, by) in zip(taken, wanted) if outcome == STORED
             for column, values in as_sent.items() if row.get(column) not in values]
    checks.equal(f'schemas: {len(lines)} events keep their values', wrong, [])


def schema_of(columns):
    """A schema whose row has these (name, Connect's type, more)."""
    fields = [{'type': kind, 'optional': True, 'field': name, **more} for name, kind, more in columns]
    return {'type': 'struct', 'name': 's.n.t.Envelope', 'fields': [
        {'type': 'struct', 'optional': True, 'field': image, 'fields': fields} for image in ('before', 'after')]}


DECIMAL = {'name': 'org.apache.kafka.connect.data.Decimal', 'parameters': {'scale': '2'}}


def altered_often(checks, cdclite):
    """A column that was retyped or renamed many times: what stands there is what PostgreSQL's casts give."""
    lines = []
    for i in range(60):  # text and numeric(12,2) in turn; 0x02bc is 700
        column, value = (('v', 'string', {}), '7') if i % 2 == 0 else (('v', 'bytes', DECIMAL), 'Arw=')
        schema = schema_of([('id', 'int64', {}), column, ('z', 'int64', {})])
        lines.append(line_of({'schema': schema, 'payload': event(i, {'id': i, 'v': value, 'z': 1})}))
    with Hostile(cdclite) as place:
        place.take(checks, 'retyped often', lines)
        checks.equal('retyped often: as it is now', place.rows('SELECT v FROM t_current ORDER BY id'),
                     [('7.00',)] * 60)
        checks.equal('retyped often: as it came', place.rows('SELECT after_v FROM t_history ORDER BY 1'),
                     [('7',)] * 30 + [('7.00',)] * 30)
    lines = []
    for i in range(25):
        schema = schema_of([('id', 'int64', {}), (f'v{i}', 'string', {}), ('z', 'int64', {})])
        lines.append(line_of({'schema': schema, 'payload': event(i, {'id': i, f'v{i}': str(i), 'z': 1})}))
    with Hostile(cdclite) as place:
        place.take(checks, 'renamed often', lines)
        checks.equal('renamed often: under its name now', place.rows('SELECT v24 FROM t_current ORDER BY id'),
                     [(str(i),) for i in range(25)])
    lines = []
    for i in range(8):  # more SQL than a view may have
        columns = [(f'v{k}', 'string', {}) if (i + k) % 2 else (f'v{k}', 'bytes', DECIMAL) for k in range(900)]
        row = {name: '7' if kind == 'string' else 'Arw=' for name, kind, _ in columns}
        lines.append(line_of({'schema': schema_of(columns), 'payload': event(i, row)}))
    with Hostile(cdclite) as place:
        taken = place.take(checks, 'wide and retyped', lines)
        checks.equal('wide and retyped: all is kept', [outcome for outcome, _ in taken], [STORED] * 8)


def cut_events(checks, cdclite, data):
    """Every beginning of an event is refused as broken; of each kind of event one."""
    recordings = ('c-pk-default-identity', 'flat-rewrite-noschema', 'g-transactions-heartbeat-messages')
    whole = [line_of(event(1, ROW)), line_of({'schema': SCHEMA, 'payload': event(2, ROW)})]
    for recording in recordings:
        path = os.path.join(data, 'tables', recording + '.jsonl.gz')
        with gzip.open(path, 'rt', encoding='utf-8') as file:
            values = [json.loads(line)['value'] for line in file]
        short = sorted({value.encode() for value in values if value and value.startswith('{') and len(value) < 1500},
                       key=len)
        whole += [short[0], short[-1]] if short else []
    for name in ('mongodb-noschema', 'sqlserver', 'mysql'):
        with open(os.path.join(HERE, '..', 'cases', name, 'input.jsonl'), 'rb') as file:
            line = min((line.rstrip(b'\n') for line in file if line.startswith(b'{"topic"')), key=len, default=b'')
        value = json.loads(line).get('value', json.loads(line).get('payload')) if line else None
        whole += [value.encode()] if isinstance(value, str) and value.startswith('{') else []
    lines = [value[:size] for value in whole for size in range(1, len(value))]
    with Hostile(cdclite) as place:
        taken = place.take(checks, 'cut events', lines)
    checks.check(f'cut events: of {len(whole)} kinds', len(whole) >= 6)
    wrong = [line[-60:] for line, (outcome, reason) in zip(lines, taken)
             if outcome != REJECTED or 'broken JSON' not in reason]
    checks.equal(f'cut events: all {len(lines)} are refused', wrong, [])


def cut_file(checks, cdclite, data):
    """A file that is still being written is loaded up to its last whole line; the rest when it is there."""
    with gzip.open(os.path.join(data, 'tables', 'flat-rewrite-noschema.jsonl.gz'), 'rb') as file:
        recorded = file.read()
    with Place(cdclite) as place:
        place.write('input.jsonl', recorded)
        place.load('input.jsonl')
        whole = {table: rows for table, rows in place.content().items()
                 if table.endswith(('_history', '_column', '_change'))}
    failed = []
    for size in range(1, len(recorded), len(recorded) // 25):
        with Place(cdclite) as place:
            place.write('input.jsonl', recorded[:size])
            first = place.load('input.jsonl')
            lines = recorded[:size].count(b'\n')
            taken = place.rows('SELECT coalesce(sum(changes + tombstones + bookkeeping + rejected), 0) '
                               'FROM batch')[0][0]
            place.write('input.jsonl', recorded)
            second = place.load('input.jsonl')
            content = place.content()
            if (first.returncode, second.returncode, taken) != (0, 0, lines) or any(
                    content.get(table) != rows for table, rows in whole.items()):
                failed.append((size, first.returncode, second.returncode, taken, lines))
    checks.equal('a file cut anywhere, then whole, gives the same history', failed, [])


def main():
    given = arguments('Loads events as no connector sends them.')
    checks = Checks()
    for check in (nesting, sizes, bad_utf8, strings, numbers, doubled, wrong_schemas, altered_often):
        check(checks, given.cdclite)
    wrong_types(checks, given.cdclite, False)
    wrong_types(checks, given.cdclite, True)
    cut_events(checks, given.cdclite, given.data)
    cut_file(checks, given.cdclite, given.data)
    checks.exit()


if __name__ == '__main__':
    main()
