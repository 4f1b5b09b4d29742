"""Loads recordings of any table and holds history and views against three independent things: the messages, replayed
by the contract; the source database's audit, in PostgreSQL's own text; and the rows that stood there at the end.
Each recording with schemas is also given without them."""
import collections
import json
import os
import re
import sys

sys.dont_write_bytecode = True

import model  # noqa: E402
import recording  # noqa: E402
from harness import Checks, Place, arguments, difference  # noqa: E402
from table_recording import (INVENTED_KEYS, LEFT_OVER, NOT_SENT, OFF, RECORDINGS, RETYPED, REWRITTEN,  # noqa: E402
                             TOO_WIDE, Recording, place_of, quoted)
from table_values import told  # noqa: E402

FAMILY = ('history', 'changes', 'field_changes', 'current', 'versions')
PARTS = 9


class Loaded:
    """What the program made of a table."""

    def __init__(self, place, source):
        self.place = place
        found = place.rows('SELECT table_id, name, bundled FROM captured_table WHERE source_name = ?', source)
        self.name, self.bundled = (found[0][1], found[0][2]) if found else (None, 0)
        self.columns = dict(place.rows('SELECT name, column_name FROM captured_column WHERE table_id = ? '
                                       'ORDER BY position', found[0][0])) if found else {}

    def view(self, suffix):
        return quoted(f'{self.name}_{suffix}')

    def column(self, name):
        return self.columns.get(name, name)

    def rows(self, sql):
        """The rows, or what SQLite says."""
        try:
            return self.place.rows(sql)
        except Exception as error:  # a view that does not work is a finding, not the end
            return str(error)


def unknowable(row, ops='u'):
    """An update of a flattened record without a key: which row it was is not said, so its old values are a guess."""
    return row.event.flat and not row.event.key and row.event.op in ops


# History.

def history_columns(table):
    return list(dict.fromkeys(n for row in table.rows for image in (row.before, row.after) for n in image))


def check_history(checks, name, rec, loaded, table, order, typed):
    """Event by event. Gives the history's rows as (change_id, before, after), in the order of `table.rows`."""
    label = f'{name}: {loaded.name}_history'
    columns = history_columns(table)
    sides = [f'{side}_{loaded.column(n)}' for side in ('before', 'after') for n in columns]
    rows = loaded.rows('SELECT change_id, op, changed_at, lsn, tx_id, kafka_partition, kafka_offset, unavailable, ' +
                       ', '.join(map(quoted, sides)) + f' FROM {loaded.view("history")} ORDER BY change_id')
    if not checks.check(f'{label}: can be read', not isinstance(rows, str), rows):
        return []
    want = sorted(table.rows, key=lambda row: order[place_of(row.event)])
    checks.equal(f'{label}: {len(want)} events, where and when they stood', [row[1:7] for row in rows],
                 [(e.op, e.changed_at, e.lsn, e.tx_id, e.partition, e.offset) for e in (w.event for w in want)])
    if len(rows) != len(want):
        return []
    lists = [set(json.loads(row[7] or '[]')) for row in rows]
    keys = [{'before_' + loaded.column(n) for n in w.event.key or ()} for w in want]
    checks.equal(f'{label}: unavailable names what was not carried', [a - k for a, k in zip(lists, keys)],
                 [{'{}_{}'.format(side, loaded.column(n)) for side, n in (part.split('_', 1) for part in w.unavailable)}
                  if not unknowable(w, 'ud') else a - k for w, a, k in zip(want, lists, keys)])
    # An update without its old row carries no old key either, though the new row tells it; a delete always has its key.
    checks.equal(f'{label}: unavailable names the old key of updates without an old row only',
                 [a & k for a, k in zip(lists, keys)],
                 [k if w.event.op == 'u' and not w.event.before else set() for w, k in zip(want, keys)])
    checks.check(f'{label}: unavailable is NULL where nothing is', all(row[7] != '[]' for row in rows))
    carried = [[told(image.get(n)) if image.get(n) is not None else None for image in (w.before, w.after)
                for n in columns] for w in want]
    got = [[told(v) if v is not None else None for v in row[8:]] for row in rows]
    for w, g, c in zip(want, got, carried):
        # the last known value of a column that has another type now: the audit says how it reads
        sent = typed[place_of(w.event)]
        for i, (side, n) in enumerate((side, n) for side in ('before', 'after') for n in columns):
            image = sent.before if side == 'before' else sent.after
            if f'{side}_{n}' in w.unavailable and not rec.off and image.types.get(n) != sent.event.types.get(n) or \
                    side == 'before' and unknowable(w):
                c[i] = g[i]
            if rec.schemaless(sent.event.types.get(n)) and c[i] and c[i][0] == 'float' and \
                    g[i] == told((w.event.before if side == 'before' else w.event.after).get(n)):
                c[i] = g[i]  # a number's own text keeps as much
        if g != c:
            at = next(i for i, (x, y) in enumerate(zip(g, c)) if x != y)
            checks.check(f'{label}: values as sent or last known', False,
                         f'{w.event.op} at {w.event.offset}, {sides[at]}: {difference(g[at], c[at])}; '
                         f'{sum(x != y for a, b in zip(got, carried) for x, y in zip(a, b))} values differ')
            break
    else:
        checks.check(f'{label}: {len(columns) * 2} values each, as sent or last known', True)
    checks.equal(f'{label}: a column each of the source\'s, under its name', list(loaded.columns.items()),
                 [(n, n) for n in loaded.columns if n in columns])
    width = len(columns)
    ids = [(row[0], dict(zip(columns, row[8:8 + width])), dict(zip(columns, row[8 + width:])), w)
           for row, w in zip(rows, want)]
    return ids


# Against the audit.

def types_of(rec, sent, side, replayed):
    """How the values of an image were sent: what is filled in keeps its old type here and without schemas only."""
    known = (sent.before if side == 'before' else sent.after).types
    return known if replayed or rec.off else {**known, **sent.event.types}


def audit_steps(rec, table_name, table):
    """{xid: [(op, old, new, commit time)]}: as Debezium sends it, a key change as a delete and an insert."""
    names = {n for row in table.rows for n in row.event.key or ()}
    flat = any(row.event.flat for row in table.rows)
    steps = collections.defaultdict(list)
    for row in rec.audit:
        if row['table'] != table_name or row['op'] == 'r' or row['op'].startswith('away') or \
                flat and row['op'] == 't':
            continue
        at = model.audit_micros(row['commit_ts'])
        key = [n for n in row['old'] or () if n in names] if row['op'] == 'u' else []
        if any(row['old'][n] != row['new'][n] for n in key):
            steps[row['xid']] += [('d', row['old'], None, at), ('c', None, row['new'], at)]
        else:
            steps[row['xid']].append((row['op'], row['old'], row['new'], at))
    return steps


def check_audit(checks, name, rec, table_name, source, ids, replayed=False):
    """Each value given back as PostgreSQL printed it; rows are (change_id, before, after, expected row). What the
    program stored is read by the type that the column had then."""
    label = f'{name}: {table_name} against the audit'
    typed = {place_of(row.event): row for row in rec.typed[source].rows}
    table = rec.tables[source]
    flat = any(row.event.flat for row in table.rows)
    steps = audit_steps(rec, table_name, table)
    by_tx = collections.defaultdict(list)
    known_tx = all(row.event.tx_id is not None for row in table.rows if row.event.op != 'r')
    for row in ids:
        if row[3].event.op != 'r' or row[3].event.flat and not known_tx:
            by_tx[row[3].event.tx_id if known_tx else None].append(row)
    if not known_tx:
        steps = {None: [step for xid in steps for step in steps[xid]]}
        first_reads = sum(1 for a in rec.audit if a['table'] == table_name and a['op'] == 'r')
        by_tx = {None: by_tx[None][first_reads:]}
    checks.equal(f'{label}: the same transactions', {x: len(by_tx[x]) for x in sorted(by_tx, key=str) if by_tx[x]},
                 {x: len(steps[x]) for x in sorted(steps, key=str) if steps[x]})
    wrong, count, times, ops = [], 0, [], []
    for xid, want in steps.items():
        got = by_tx.get(xid, [])
        if known_tx:  # a transaction's events may be on several partitions
            got = sorted(got, key=lambda r: (r[3].event.lsn, r[3].event.old_key is not None))
        for (_, before, after, row), (op, old, new, at) in zip(got, want):
            event = row.event
            ops.append((event.op, op))
            times.append((event.changed_at, at // 1000 * 1000 if flat else at))
            sent = typed[place_of(event)]
            for image, truth, side, types in ((before, old, 'before', types_of(rec, sent, 'before', replayed)),
                                              (after, new, 'after', types_of(rec, sent, 'after', replayed))):
                if side == 'before' and flat and not event.key:
                    continue  # nobody can know
                for column, text in (truth or {}).items():
                    if column not in image and text is None:
                        continue
                    count += 1
                    back = rec.text(image.get(column), types.get(column), table_name, column)
                    filled = f'{side}_{column}' in row.unavailable
                    if not rec.same(back, text, column, filled) and \
                            (rec.name, event.op, side, column) not in INVENTED_KEYS:
                        wrong.append((event.op, event.offset, f'{side}_{column}', back, text))
    names_op = [(a, b) for a, b in ops if a != b]
    checks.check(f'{label}: {len(ops)} operations', not names_op, names_op[:3])
    if known_tx:
        checks.check(f'{label}: commit times', all(a == b for a, b in times), [t for t in times if t[0] != t[1]][:3])
    checks.check(f'{label}: {count} values are what PostgreSQL prints', not wrong,
                 [tuple(str(part)[:80] for part in w) for w in wrong[:4]] + [f'{len(wrong)} in all'])
    reads = [row for row in ids if row[3].event.op == 'r' and row[3].event.snapshot != 'incremental']
    truth = [a['new'] for a in rec.audit if a['table'] == table_name and a['op'] == 'r']
    if reads:
        got = sorted(json.dumps([rec.text(after.get(c), typed[place_of(w.event)].after.types.get(c), table_name, c)
                                 for c in truth[0]]) for _, _, after, w in reads)
        want = sorted(json.dumps([rec.left(t[c], c) for c in truth[0]]) for t in truth)
        checks.equal(f'{label}: {len(truth)} snapshot reads', got, want)


# The views.

def check_current(checks, name, rec, table_name, source, loaded):
    label = f'{name}: {loaded.name}_current'
    final = rec.final[table_name]
    rows = loaded.rows(f'SELECT * FROM {loaded.view("current")}')
    if not checks.check(f'{label}: can be read', not isinstance(rows, str), rows):
        return
    columns = [row[1] for row in loaded.rows(f'PRAGMA table_info({loaded.view("current")})')]
    wanted = [loaded.column(n) for n in final['columns']]
    if not checks.equal(f'{label}: the source\'s columns', sorted(columns), sorted(wanted)):
        return
    checks.equal(f'{label}: in the source\'s order', columns, wanted)
    if (rec.name, table_name) in NOT_SENT or rec.off and (rec.name, table_name) in RETYPED:
        return
    types = rec.typed[source].types
    names = dict(zip(wanted, final['columns']))
    got = []
    for row in rows:
        shown = {names[c]: rec.text(v, types.get(names[c]), table_name, names[c], of_view=True)
                 for c, v in zip(columns, row)}
        got.append([shown[n] for n in final['columns']])
    want = final['rows']
    want = want + LEFT_OVER.get((rec.name, table_name), [])
    check_rows(checks, f'{label}: {len(want)} rows, as PostgreSQL has them', rec, final['columns'], got, want)


def check_rows(checks, label, rec, columns, got, want):
    """The same rows, as often; what Debezium loses of them left out."""
    left, missing = list(got), []
    for row in want:
        for i, g in enumerate(left):
            if all(rec.same(a, b, c, True) for a, b, c in zip(g, row, columns)):
                del left[i]
                break
        else:
            missing.append(row)
    checks.check(label, not left and not missing, f'{len(got)} rows; too many: {str(left[:4])[:400]}; '
                 f'missing: {str(missing[:4])[:400]}')


def check_versions(checks, name, rec, table_name, source, loaded):
    table, typed = rec.tables[source], rec.typed[source]
    if not table.keyed or any(row.event.key is None for row in table.rows if row.event.op != 't'):
        return
    label = f'{name}: {loaded.name}_versions'
    rows = loaded.rows(f'SELECT * FROM {loaded.view("versions")}')
    if not checks.check(f'{label}: can be read', not isinstance(rows, str), rows):
        return
    shown = [row[1] for row in loaded.rows(f'PRAGMA table_info({loaded.view("versions")})')]
    steady = [n for n in table.columns if all(n in (v[0]) for vs in table.versions.values() for v in vs)
              and len({r.event.types.get(n) for r in typed.rows if n in r.event.types}) <= 1]
    wanted = [loaded.column(n) for n in steady]
    if not checks.check(f'{label}: columns', {*wanted, 'valid_from', 'valid_to'} <= set(shown), shown):
        return
    keys = [n for n in table.key_columns]
    idle = {model.iso(row.event.changed_at, 'Z') for row in table.rows if row.event.op == 'u'}
    got = collections.defaultdict(list)
    at = {c: i for i, c in reversed(list(enumerate(shown)))}
    since_at, until_at = at['valid_from'], at['valid_to']  # the view's own; a column of the source's gives way to them
    at.update({c: at[c + '_2'] for c in ('valid_from', 'valid_to') if c in wanted and c + '_2' in at})
    names = {n: [n] + [k for e in table.rows for k in e.event.key or () if list(e.event.key).index(k) == i and k != n]
             for i, n in enumerate(keys)}  # a key's column by all its names

    def text(value, n, of_view):
        return rec.text(value, typed.types.get(n), table_name, n, of_view)

    for row in sorted(rows, key=lambda r: (r[since_at], r[until_at] or '~')):
        key = tuple(next((text(row[at[c]], n, True) for c in map(loaded.column, names[n])
                          if c in at and row[at[c]] is not None), None) for n in keys)
        got[key].append([[text(row[at[c]], n, True) for c, n in zip(wanted, steady)], row[since_at], row[until_at]])
    for versions in got.values():  # an update that changed nothing may or may not begin a state
        for i in range(len(versions) - 1, 0, -1):
            if versions[i][0] == versions[i - 1][0] and versions[i][1] == versions[i - 1][2] and \
                    versions[i][1] in idle and len(steady) == len(table.columns):
                versions[i - 1][2] = versions.pop(i)[2]
    want = {tuple(text(k, n, False) for k, n in zip(key, keys)):
            [[[text(row.get(n), n, False) for n in steady], model.iso(since, 'Z'), until and model.iso(until, 'Z')]
             for row, since, until in sorted(versions, key=lambda v: (v[1], v[2] or 2**63))]
            for key, versions in table.versions.items() if versions}
    if len(steady) < len(table.columns):
        got = {k: [v[1:] for v in vs] for k, vs in got.items()}
        want = {k: [v[1:] for v in vs] for k, vs in want.items()}
    checks.equal(f'{label}: {sum(map(len, want.values()))} states of {len(want)} keys, from when to when',
                 dict(got), want)


def check_field_changes(checks, name, rec, table_name, source, loaded, ids):
    table = rec.tables[source]
    label = f'{name}: {loaded.name}_field_changes'
    keys = {n for row in table.rows for n in row.event.key or ()}
    if any(unknowable(row) for row in table.rows):
        return
    tracked = {'holding_stock', 'holding_quantity'} if loaded.bundled else set(history_columns(table)) - keys
    if not tracked:
        return
    rows = loaded.rows(f'SELECT change_id, change_field, old_value, new_value FROM {loaded.view("field_changes")}')
    if not checks.check(f'{label}: can be read', not isinstance(rows, str), rows):
        return
    typed = {place_of(r.event): r for r in rec.typed[source].rows}
    got, updates, others = {}, {}, {}

    def shown(event, field, old, new, of_view):
        sent = typed.get(place_of(event)) if event else None
        texts = [rec.text(v, sent and types_of(rec, sent, side, not of_view).get(field), table_name, field, of_view)
                 for v, side in ((old, 'before'), (new, 'after'))]
        rewritten = REWRITTEN.get((rec.name, field))
        return tuple(re.sub(rewritten, '', t) if rewritten and t else t for t in texts)

    events = {change_id: row.event for change_id, _, _, row in ids}
    for change_id, field, old, new in rows:
        event = events.get(change_id)
        got[change_id, field] = shown(event, field, old, new, True)
    for change_id, _, _, row in ids:
        event = row.event
        for n in tracked:
            old, new = row.before.get(n), row.after.get(n)
            if event.op in ('c', 'd', 'u') and (told(old) != told(new)):
                (updates if event.op == 'u' else others)[change_id, n] = shown(event, n, old, new, False)
    of_updates = {k: v for k, v in got.items() if k[0] in events and events[k[0]].op == 'u'}
    checks.equal(f'{label}: {len(updates)} changed columns of updates', of_updates, updates)
    rest = {k: v for k, v in got.items() if k not in of_updates}
    checks.equal(f'{label}: {len(others)} values that came and went',
                 {k: v for k, v in rest.items() if v != (None, None)}, others)


def check_changes(checks, name, loaded, ids):
    label = f'{name}: {loaded.name}_changes'
    rows = loaded.rows(f'SELECT * FROM {loaded.view("changes")} ORDER BY change_id')
    if not checks.check(f'{label}: can be read', not isinstance(rows, str), rows):
        return
    checks.equal(f'{label}: {len(ids)} events, times and operations in words',
                 loaded.rows(f'SELECT changed_at, op FROM {loaded.view("changes")} ORDER BY change_id'),
                 [(model.iso(row.event.changed_at, 'Z'), model.WORDS[row.event.op]) for _, _, _, row in ids])


def check_names(checks, name, rec, place):
    """A table has its own name; where it is taken, or SQLite's, its schema stands in front."""
    got = dict(place.rows('SELECT source_name, name FROM captured_table'))
    arrival = list(dict.fromkeys(event.source for event in rec.events))
    taken, want = set(), {}
    for source in arrival:
        table = rec.tables[source].rows[0].event.table
        family = {f'{table}_{suffix}'.lower() for suffix in FAMILY}
        free = not family & taken and not table.lower().startswith('sqlite_')
        want[source] = table if free else None
        taken |= family if free else set()
    for source, table in want.items():
        if table is None:
            own = rec.tables[source].rows[0].event.table
            checks.check(f'{name}: the taken name {own} has its schema in front',
                         got.get(source, '').startswith('bank_data') and got[source].endswith(own), got.get(source))
        else:
            checks.equal(f'{name}: the name of {table}', got.get(source), table)


def check_rejected(checks, name, rec, place):
    rejected = place.rows('SELECT topic, reason FROM rejected_event')
    wide = TOO_WIDE.get(rec.name)
    if wide:
        checks.check(f'{name}: {wide} is rejected with the limit', len(rejected) == sum(
            e.table == wide for e in rec.events) and all(t.endswith(wide) and '990' in r for t, r in rejected),
            [r for _, r in rejected][:3])
    else:
        checks.equal(f'{name}: nothing is rejected', rejected, [])


def check_model(checks, name, rec):
    """The replay is right by itself: it gives what the database says, without the program."""
    for source, table in rec.tables.items():
        table_name = table.rows[0].event.table
        if table_name not in rec.final:
            continue
        check_audit(checks, f'{name}, replayed', rec, table_name, source,
                    [(i, row.before, row.after, row) for i, row in enumerate(table.rows)], True)
        if (rec.name, table_name) not in NOT_SENT:
            final = rec.final[table_name]
            rows = [[rec.text(row.get(n), sent.types.get(n), table_name, n) for n in final['columns']]
                    for row, sent in zip(table.current, rec.typed[source].current)]
            check_rows(checks, f'{name}, replayed: {table_name} as it stands at the end', rec, final['columns'], rows,
                       final['rows'] + LEFT_OVER.get((rec.name, table_name), []))


def shown(place):
    """Histories and views, as they can be read."""
    names = [n for n, in place.rows("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY 1")
             if n.rsplit('_', 1)[-1] in FAMILY]
    return {n: sorted(place.rows(f'SELECT * FROM {quoted(n)}'), key=repr) for n in names}


def check_in_parts(checks, cdclite, name, rec, whole):
    """Loaded in parts, each by a start of its own: what one start knew of tables and rows the next one knows."""
    size = -(-len(rec.messages) // PARTS)
    with Place(cdclite) as place:
        for start in range(0, len(rec.messages), size):
            part = place.write(f'{start}.jsonl', recording.joined(rec.messages[start:start + size],
                                                                  recording.recorded_line))
            done = place.run('load', '--input', part, '--db', place.db, '--no-text')
            if not checks.check(f'{name}: loads from message {start}', done.returncode == 0, done.stderr):
                return
        checks.equal(f'{name}: loaded in parts gives the same', shown(place), whole)


def check(checks, cdclite, folder, name):
    rec = Recording(folder, name)
    check_model(checks, name, rec)
    with Place(cdclite) as place:
        source_file = place.write('events.jsonl', recording.joined(rec.messages, recording.recorded_line))
        words = ('load', '--input', source_file, '--db', place.db, '--no-text')
        done = place.run(*words)
        if not checks.check(f'{name}: loads', done.returncode == 0, done.stderr):
            return
        check_rejected(checks, name, rec, place)
        order = {(m.topic, m.partition, m.offset): i for i, m in enumerate(rec.messages)}
        for source, table in rec.tables.items():
            table_name = table.rows[0].event.table
            if table_name == TOO_WIDE.get(rec.name):
                continue
            loaded = Loaded(place, source)
            if not checks.check(f'{name}: {source} is there', loaded.name is not None):
                continue
            typed = {place_of(row.event): row for row in rec.typed[source].rows}
            ids = check_history(checks, name, rec, loaded, table, order, typed)
            check_changes(checks, name, loaded, ids)
            if table_name not in rec.final:  # no table of the users', as the signal table
                continue
            check_audit(checks, name, rec, table_name, source, ids)
            check_current(checks, name, rec, table_name, source, loaded)
            check_versions(checks, name, rec, table_name, source, loaded)
            check_field_changes(checks, name, rec, table_name, source, loaded, ids)
        if rec.name == 'names':
            check_names(checks, name, rec, place)
        checks.equal(f'{name}: the database is whole', place.rows('PRAGMA integrity_check'), [('ok',)])
        content = place.content()
        done = place.run(*words)
        checks.equal(f'{name}: loading it again adds nothing', (done.returncode, place.content()), (0, content))
        whole = shown(place)
    check_in_parts(checks, cdclite, name, rec, whole)


def main():
    given = arguments(__doc__)
    checks = Checks()
    folder = os.path.join(given.data, 'tables')
    names = given.names or RECORDINGS + [
        name + OFF for name in RECORDINGS if b'"schema"' in recording.open_data(folder, name + '.jsonl').read(10**6)
        .replace(b'\\', b'') and '{"schema":' in ''.join(m.value or '' for m in recording.read(folder, name)[:9])]
    for name in names:
        check(checks, given.cdclite, folder, name)
    checks.exit()


if __name__ == '__main__':
    main()
