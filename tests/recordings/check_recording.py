"""Loads each recording as it was recorded and holds everything that came of it against the recording, read
independently, and against the source database's own account of its changes (the audit)."""
import collections
import csv
import io
import json
import sys
import time

sys.dont_write_bytecode = True

import model  # noqa: E402
import recording  # noqa: E402
from harness import Checks, Place, arguments, difference  # noqa: E402

# name: what its audit lacks (Debezium 1.1 sends no truncates), and the precision of its commit times in microseconds
RECORDINGS = {
    'a-seed-schema': ('', 1),
    'b-seed-noschema': ('', 1),
    'h-old-1.1': ('t', 1000),
    'j-snapshot-5000': ('', 1),
    'm-crash-duplicates': ('', 1),
    'bulk-tenth': ('', 1),
}
HOLDING_SIDES = [f'{side}_{column}' for side in ('before', 'after') for column in model.COLUMNS]


def read_audit(folder, name):
    """[(xid, op, commit time, old, new)] of the table holding, in the order of the changes."""
    rows = []
    if name == 'bulk-tenth':
        with recording.open_data(folder, name + '.audit.csv') as file:
            for row in csv.DictReader(io.TextIOWrapper(file, 'utf-8', newline='')):
                old, new = ({c: row[f'{side}_{c}'] if c == 'holding_stock' or c in model.TIMES
                             else int(row[f'{side}_{c}']) for c in model.COLUMNS} if row[f'{side}_holding_id'] else None
                            for side in ('old', 'new'))
                rows.append((int(row['xid']), row['op'], row['commit_ts'], old, new))
    else:
        with recording.open_data(folder, name + '.audit.jsonl') as file:
            for row in map(json.loads, file):
                if row['table'] == 'holding':
                    rows.append((row['xid'], row['op'], row['commit_ts'].split('+')[0], row['old'], row['new']))
    return [(xid, op, model.audit_micros(at), model.audit_image(old), model.audit_image(new))
            for xid, op, at, old, new in rows]


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def check_history(checks, name, place, first):
    """Every event once, in order, with all its values. Gives the change ids in that order."""
    ids = []
    for source in dict.fromkeys(event.source for event in first):
        own = [event for event in first if event.source == source]
        columns = list(dict.fromkeys(c for e in own for row in (e.before, e.after) for c in row or ()))
        sides = [f'{side}_{column}' for side in ('before', 'after') for column in columns]
        table = own[0].table
        rows = place.rows(f'SELECT change_id, op, changed_at, lsn, tx_id, kafka_partition, kafka_offset, unavailable, '
                          f'{", ".join(map(quoted, sides))} FROM {quoted(table + "_history")} ORDER BY change_id')
        want = [(e.op, e.changed_at, e.lsn, e.tx_id, e.partition, e.offset, None,
                 *((e.before or {}).get(c) for c in columns), *((e.after or {}).get(c) for c in columns)) for e in own]
        checks.equal(f'{name}: history of {table}: {len(want)} rows as recorded', [row[1:] for row in rows], want)
        for row in rows:
            ids.append((row[0], source))
    checks.equal(f'{name}: change_id is the order of arrival over all tables', [source for _, source in sorted(ids)],
                 [event.source for event in first])


def check_audit(checks, name, place, folder):
    """Of holding: what the database did, as often as it did it."""
    lacks, precision = RECORDINGS[name]
    audit = [row for row in read_audit(folder, name) if row[1] not in (lacks or ' ')]
    width = len(model.COLUMNS)
    rows = place.rows(f'SELECT tx_id, op, changed_at, {", ".join(HOLDING_SIDES)} FROM holding_history '
                      "WHERE op <> 'r' ORDER BY change_id")
    checks.equal(f'{name}: counts by op equal the audit', collections.Counter(row[1] for row in rows),
                 collections.Counter(row[1] for row in audit))
    got = [(row[0], row[1], row[2], row[3:3 + width], row[3 + width:]) for row in rows]
    want = [(xid, op, at // precision * precision, old, new) for xid, op, at, old, new in audit]
    checks.equal(f'{name}: {len(want)} changes equal the audit: transaction, op, commit time, old, new',
                 sorted(got, key=repr), sorted(want, key=repr))


def batch_of_each(place):
    """loaded_at by change_id."""
    loaded = {}
    for first, last, at in place.rows('SELECT first_change_id, last_change_id, loaded_at FROM batch'):
        for change_id in range(first or 0, (last or -1) + 1):
            loaded[change_id] = at
    return loaded


def expected_text(place, events):
    """The log's bytes for these events of holding, which stand in the history in this order."""
    loaded = batch_of_each(place)
    ids = [row[0] for row in place.rows('SELECT change_id FROM holding_history ORDER BY change_id')]
    lines = [line for event, change_id in zip(events, ids) for line in model.text_lines(event, loaded[change_id])]
    return (model.HEADER + ''.join(lines)).encode()


def check_text(checks, name, place, holding):
    checks.equal(f'{name}: text log, byte for byte', place.text_bytes(), expected_text(place, holding))
    checks.equal(f'{name}: its stored length',
                 place.rows('SELECT name, path, committed_length FROM text_log'),
                 [('holding', place.text, len(place.text_bytes()))])
    done = place.run('export', 'text', '--db', place.db)
    checks.check(f'{name}: export text gives the same bytes',
                 done.returncode == 0 and done.stdout == place.text_bytes(),
                 difference(done.stdout, place.text_bytes()))
    done = place.run('export', 'text', 'holding', '--db', place.db, '--output', place.path('copy.txt'))
    with open(place.path('copy.txt'), 'rb') as copy:
        checks.check(f'{name}: export text holding --output too',
                     (done.returncode, done.stdout, done.stderr) == (0, b'', b'') and copy.read() == place.text_bytes())


def check_views(checks, name, place, holding):
    columns = ', '.join(model.COLUMNS)
    pairs = ', '.join(f'before_{c}, after_{c}' for c in model.COLUMNS)
    checks.equal(f'{name}: holding_changes',
                 place.rows(f'SELECT changed_at, op, lsn, tx_id, {pairs} FROM holding_changes ORDER BY change_id'),
                 model.changes(holding))
    checks.equal(f'{name}: holding_field_changes', sorted(place.rows(
        'SELECT changed_at, op, holding_id, user_id, change_field, old_value, new_value FROM holding_field_changes'),
        key=repr), sorted(model.field_changes(holding), key=repr))
    checks.equal(f'{name}: holding_sales', sorted(place.rows(
        'SELECT sold_at, user_id, holding_id, stock, units, reason FROM holding_sales'), key=repr),
        sorted(model.sales(holding), key=repr))
    checks.equal(f'{name}: holding_current', collections.Counter(place.rows(f'SELECT {columns} FROM holding_current')),
                 model.current(holding))
    checks.equal(f'{name}: holding_versions', sorted(
        place.rows(f'SELECT {columns}, valid_from, valid_to FROM holding_versions'), key=repr),
        sorted(model.versions(holding), key=repr))


def check_bookkeeping(checks, name, place, messages, first, again, span):
    checks.equal(f'{name}: sums of batch', place.rows(
        'SELECT sum(changes), sum(tombstones), sum(bookkeeping), sum(rejected), sum(redelivered) FROM batch'),
        [(len(first), sum(message.value is None for message in messages), 0, 0, len(again))])
    checks.equal(f'{name}: what batch spans', place.rows(
        'SELECT min(first_change_id), max(last_change_id), min(least_changed_at), max(greatest_changed_at) FROM batch'),
        [(1, len(first), min(e.changed_at for e in first), max(e.changed_at for e in first))])
    times = [at for at, in place.rows('SELECT loaded_at FROM batch ORDER BY batch_id')]
    checks.check(f'{name}: loaded_at is when it was loaded', times == sorted(times) and
                 span[0] <= times[0] / 10**6 <= times[-1] / 10**6 <= span[1], (span, times))
    ends = collections.defaultdict(int)
    for message in messages:
        ends[message.topic, message.partition] = max(ends[message.topic, message.partition], message.offset + 1)
    checks.equal(f'{name}: positions', sorted(place.rows('SELECT topic, partition, next_offset FROM position')),
                 sorted((*where, end) for where, end in ends.items()))
    tables = collections.Counter(event.source for event in first)
    checks.equal(f'{name}: captured_table', dict(place.rows('SELECT source_name, changes FROM captured_table')),
                 dict(tables))
    offsets = {(e.topic, e.partition, e.offset): n for n, e in enumerate(first, 1)}
    checks.equal(f'{name}: {len(again)} re-delivered events, and what each repeats',
                 place.rows('SELECT topic, partition, "offset", change_id FROM redelivered_event ORDER BY 1, 2, 3'),
                 sorted((e.topic, e.partition, e.offset, offsets[of.topic, of.partition, of.offset])
                        for e, of in again))
    checks.equal(f'{name}: the database is whole', place.rows('PRAGMA integrity_check'), [('ok',)])


def check_status(checks, name, place, messages, first, again):
    done = place.run('status', '--db', place.db, '--format', 'json')
    status = json.loads(done.stdout)
    checks.equal(f'{name}: status as JSON', {key: status[key] for key in (
        'changes', 'tombstones', 'bookkeeping', 'rejected', 'redelivered')},
        {'changes': len(first), 'tombstones': sum(message.value is None for message in messages), 'bookkeeping': 0,
         'rejected': 0, 'redelivered': len(again)})
    checks.equal(f'{name}: status as JSON, tables', {row['source']: row['changes'] for row in status['tables']},
                 dict(collections.Counter(event.source for event in first)))


def check(checks, cdclite, folder, name):
    messages = recording.read(folder, name)
    first, again = recording.told_apart(recording.change_events(messages))
    holding = [event for event in first if event.table == 'holding']
    with Place(cdclite) as place:
        source = place.write('events.jsonl', recording.joined(messages, recording.recorded_line))
        began = time.time()
        done = place.load(source)
        if not checks.check(f'{name}: loads', done.returncode == 0, done.stderr):
            return
        span = (began, time.time())
        check_history(checks, name, place, first)
        check_audit(checks, name, place, folder)
        check_text(checks, name, place, holding)
        check_views(checks, name, place, holding)
        check_bookkeeping(checks, name, place, messages, first, again, span)
        check_status(checks, name, place, messages, first, again)
        content = place.content()
        done = place.load(source)
        checks.equal(f'{name}: loading it again adds nothing', place.content(), content)
        checks.check(f'{name}: and says how many it skipped', done.returncode == 0 and
                     f'{len(messages):,} skipped'.encode() in done.stderr, done.stderr)


def main():
    given = arguments(__doc__)
    checks = Checks()
    for name in given.names or RECORDINGS:
        check(checks, given.cdclite, given.data, name)
    checks.exit()


if __name__ == '__main__':
    main()
