"""Runs the queries that take any table, in the program and (filled in by --sql) in the sqlite3 shell, and compares the
rows with what plain Python computes from the events of a recording: row by row, event after event, no SQL."""
import argparse
import collections
import json
import os
import random
import subprocess
import sys
import tempfile

from build_history import open_text
from check_queries import (BAD_TIMES, HERE, TEMPLATES, WORDS, check_form, compare, date_text, first_day, iso, order,
                           parse_time, run, spellings)

PLACEHOLDER = '__debezium_unavailable_value'
Event = collections.namedtuple('Event', 'id op changed_at lsn tx partition before after unknown')


class Table:
    def __init__(self, name, source):
        self.name, self.source, self.events, self.columns, self.times = name, source, [], [], set()
        self.key, self.enforced, self.state, self.left_out, self.last, self.present = [], True, {}, False, None, []

    def key_of(self, row):
        return tuple(row[c] for c in self.key)

    def in_order(self):
        """Arrival within one partition, times and positions where there are several; a stable sort."""
        if len({e.partition for e in self.events}) < 2:
            return self.events
        return sorted(self.events, key=lambda e: (e.changed_at, e.tx or 0, e.lsn or 0, e.op == 'c'))

    def shown(self, row, columns=None):
        """As people read it: the columns that the source still has, or these."""
        return {c: iso(row.get(c)) if c in self.times else row.get(c) for c in columns or self.present}


def read_schema(table, schema):
    """The columns in the order of the source, and which are microseconds."""
    for field in schema['fields']:
        if field['field'] == 'after':
            for column in field['fields']:
                if column['field'] not in table.columns:
                    table.columns.append(column['field'])
                if column.get('name') == 'io.debezium.time.MicroTimestamp':
                    table.times.add(column['field'])


def filled(table, op, before, after, source):
    """The values that an event left out, from the last state of its row, by its key."""
    moved = (table.last and table.last.op == 'd' and op == 'c'
             and (table.last.lsn, table.last.tx) == (source.get('lsn'), source.get('txId')))
    if op == 'u':
        table.left_out = before is None
    if op == 'u' and before is None:
        before = table.state.get(table.key_of(after))
    if op == 'u' and before is None:  # nothing tells but the key, which such an update leaves as it was
        untold = set(table.columns) - set(table.key)
        return {c: None if c in untold else after[c] for c in table.columns}, after, untold
    if op == 'd' and table.left_out:
        before = dict(table.state[table.key_of(before)])
    known = before if op == 'u' else table.last.before if moved else None
    if known:
        after = {c: known[c] if v == PLACEHOLDER else v for c, v in after.items()}
    return before, after, set()


def read_tables(path):
    tables, runs, seen, number = {}, [], collections.defaultdict(collections.Counter), 0
    with open_text(path) as lines:
        for line in lines:
            message = json.loads(line)
            whole = json.loads(message['value']) if message['value'] else {}
            value = whole.get('payload', whole)
            if value.get('op') not in WORDS:
                continue
            source = value['source']
            named = '.'.join((source['name'], source['schema'], source['table']))
            table = tables.setdefault(named, Table(source['table'], named))
            if 'schema' in whole:
                read_schema(table, whole['schema'])
            before, after, op, unknown = value['before'], value['after'], value['op'], set()
            if op in 'cru':
                table.present = [c for c in table.columns if c in after] + [c for c in after if c not in table.columns]
            for column in after or before or ():
                if column not in table.columns:
                    table.columns.append(column)
                if table.name == 'holding' and column.startswith('datetime_'):
                    table.times.add(column)  # known also where no schema says it
            run_id = dict(message.get('headers') or []).get('__debezium.context.runId')
            if run_id not in runs:
                runs.append(run_id)
            identity = (named, source.get('lsn'), source.get('txId'), op, json.dumps([before, after]))
            seen[run_id][identity] += 1
            if any(seen[earlier][identity] >= seen[run_id][identity] for earlier in runs[:runs.index(run_id)]):
                continue
            if op != 't' and message['key'] is None:
                table.enforced, table.key = False, ['holding_id'] if table.name == 'holding' else []
            elif op != 't':
                key = json.loads(message['key'])
                names = key.get('payload', key)
                table.key = [c for c in table.columns if c in names]
            if table.enforced and op != 't':
                before, after, unknown = filled(table, op, before, after, source)
                if op in 'ud':
                    table.state.pop(table.key_of(before), None)
                if op != 'd':
                    table.state[table.key_of(after)] = after
            number += 1
            micros = source.get('ts_us') or source['ts_ms'] * 1000
            table.last = Event(number, op, micros, source.get('lsn'), source.get('txId'), message['partition'], before,
                               after, unknown)
            table.events.append(table.last)
    return list(tables.values())


# What the queries are to give.

def images_at(table, at):
    """The rows that stand after all events up to `at`, as tuples of shown values: by the key that the source enforces,
    else each new row one more, each old row one less, as they come."""
    rows, by_key, snapshot = collections.Counter(), {}, object()
    for event in table.in_order():
        if event.changed_at > at:
            continue
        if event.op == 't' or (event.op == 'r' and event.lsn != snapshot):
            rows.clear()
            by_key.clear()
        if event.op == 'r':
            snapshot = event.lsn
        if event.op in 'ud' and not event.unknown:
            rows[tuple(table.shown(event.before).values())] -= 1
            by_key.pop(table.key_of(event.before), None)
        if event.op in 'cru':
            rows[tuple(table.shown(event.after).values())] += 1
            by_key[table.key_of(event.after)] = tuple(table.shown(event.after).values())
    return list(by_key.values()) if table.enforced else list(rows.elements())


def places(table):
    """Where the columns that tell rows apart stand: the key's, or all."""
    return [n for n, c in enumerate(table.present) if not table.key or c in table.key]


def until(text):
    return 1 << 70 if text is None else parse_time(text)


def as_of(table, p):
    rows = images_at(table, until(p.get('at')))
    rows.sort(key=lambda r: ([order(r[n]) for n in places(table)], [order(v) for v in r]))
    return [dict(zip(table.present, r)) for r in rows]


def diff(table, p):
    old = collections.Counter(images_at(table, until(p['from'])))
    new = collections.Counter(images_at(table, until(p.get('to'))))
    pairs, by_key = collections.Counter(), collections.defaultdict(lambda: ([], []))
    for side, rows in enumerate((old - new, new - old)):
        for row in sorted(rows.elements(), key=lambda r: [order(v) for v in r]):
            by_key[tuple(row[n] for n in places(table))][side].append(row)
    for gone, come in by_key.values():
        for n in range(max(len(gone), len(come))):
            pairs[gone[n] if n < len(gone) else None, come[n] if n < len(come) else None] += 1
    nothing, rows = (None,) * len(table.present), []
    for (before, after), copies in pairs.items():
        row = {'change': 'added' if not before else 'removed' if not after else 'changed', 'copies': copies}
        for column, was, now in zip(table.present, before or nothing, after or nothing):
            row['old_' + column], row['new_' + column] = was, now
        told = before or after
        rows.append(([order(told[n]) for n in places(table)], [order(v) for v in told], row['change'], row))
    return [row for *_, row in sorted(rows, key=lambda r: r[:3])]


def in_time(table, p):
    first, last = (parse_time(p[n]) if p.get(n) is not None else bound
                   for n, bound in (('from', -1 << 70), ('to', 1 << 70)))
    return [e for e in table.events if first <= e.changed_at < last]


def column_changes(table, p):
    rows = []
    for column in table.present + [c for c in table.columns if c not in table.present]:
        updates = [e for e in in_time(table, p) if e.op == 'u']
        moments = [e.changed_at for e in updates if column not in e.unknown
                   and e.before.get(column) != e.after.get(column)]
        rows.append({'column_name': column, 'changes': len(moments),
                     'unknown': sum(column in e.unknown for e in updates),
                     'first_change': iso(min(moments), 'Z') if moments else None,
                     'last_change': iso(max(moments), 'Z') if moments else None})
    return rows


def activity(tables, p):
    found = collections.defaultdict(collections.Counter)
    for table in tables:
        if p.get('table') in (None, table.name, table.source):
            for event in in_time(table, p):
                found[first_day(event.changed_at, p.get('period', 'month')), table.name][event.op] += 1
    return [{'period': ''.join(date_text(first)), 'table_name': name, 'inserts': n['c'], 'updates': n['u'],
             'deletes': n['d'], 'snapshots': n['r'], 'truncates': n['t']}
            for (first, name), n in sorted(found.items(), key=lambda f: (f[0][0], f[0][1].encode()))]


def lives(table):
    """Each life of a row as (its keys, its events): from an insert over updates and changed keys to its end."""
    all_lives, current, copies, last = [], {}, collections.Counter(), None

    def life_of(key, fresh=False):
        if fresh or key not in current:
            current[key] = (set(), [])
            all_lives.append(current[key])
        current[key][0].add(key)
        return current[key]

    for event in table.in_order():
        new = table.key_of(event.after) if event.op in 'cru' else None
        old = table.key_of(event.before) if event.op in 'ud' else None
        moved = last and last.op == 'd' and event.op == 'c' and (last.lsn, last.tx) == (event.lsn, event.tx)
        if event.op == 't':
            for key in [k for k in set(current) | set(copies) if k in current or copies[k] > 0]:
                life_of(key)[1].append(event)
            current.clear()
            copies.clear()
        elif event.op == 'd':
            ended = life_of(old)
            ended[1].append(event)
            del current[old]
            copies[old] -= not table.enforced
        elif event.op == 'u' and old != new:
            life = life_of(old)
            del current[old]
            current[new] = life
            life_of(new)[1].append(event)
            copies[old] -= not table.enforced
            copies[new] += not table.enforced
        else:
            if moved:
                current[new] = ended
            life_of(new, fresh=event.op == 'c' and not moved)[1].append(event)
            copies[new] += not table.enforced and event.op != 'u'
        last = event
    return all_lives


def row_history(table, p, key):
    ids = {e.id for keys, events in table.lives if key in keys for e in events}
    rows = []
    for event in (e for e in table.in_order() if e.id in ids):
        before = table.shown(event.before, table.columns) if event.before else dict.fromkeys(table.columns)
        after = table.shown(event.after, table.columns) if event.after else dict.fromkeys(table.columns)
        row = {'changed_at': iso(event.changed_at, 'Z'), 'op': WORDS[event.op], 'lsn': event.lsn, 'tx_id': event.tx}
        for column in table.columns:
            row['before_' + column], row['after_' + column] = before[column], after[column]
        rows.append(row)
    return rows


# Running.

class Place:
    def __init__(self, db, program, folder):
        self.db, self.program, self.folder, self.ran, self.wrong = db, program, folder, 0, 0

    def in_shell(self, name, p):
        """Filled in by --sql into a file, which the shell reads."""
        sql = self.output([self.program, 'query', name, f'table={p["table"]}', '--sql', '--db', self.db])
        path = os.path.join(self.folder, name + '.sql')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(sql)
        command = ['sqlite3', '-readonly', '-json', self.db]
        for parameter, value in p.items():
            if parameter != 'table':
                value = "'" + str(value).replace("'", "''") + "'"
                value = value.replace('\\', '\\\\').replace('"', '\\"')
                command.append(f'.parameter set :{parameter} "{value}"')
        return run(command + [f'.read {path}'])

    @staticmethod
    def output(command):
        done = subprocess.run(command, capture_output=True, encoding='utf-8')
        if done.returncode:
            sys.exit(f'{command}: exit {done.returncode}: {done.stderr}')
        return done.stdout

    def check(self, name, p, expected, but=()):
        for where in ('program', 'shell'):
            if where == 'program':
                rows = run([self.program, 'query', name, *(f'{k}={v}' for k, v in p.items()), '--db', self.db,
                            '--format', 'json'])
            elif 'table' not in p:
                continue  # --sql then prints the template
            else:
                rows = self.in_shell(name, p)
            rows = [{k: v for k, v in row.items() if k not in but} for row in rows]
            self.wrong += compare(name, p, where, expected, rows)
            self.ran += 1


def key_spellings(key):
    if len(key) == 1:
        return [str(key[0])]
    found = [json.dumps(key), json.dumps([None if v is None else str(v) for v in key])]
    texts = [str(v) for v in key]
    if None not in key and not any(',' in t for t in texts) and texts[0][:1] not in ('[', '{'):
        found.append(','.join(texts))
    return found


def check_table(place, table, chosen, tables):
    moments = chosen.sample(table.events, min(len(table.events), 6))
    times = [chosen.choice(spellings(e.changed_at + chosen.choice((-1, 0, 0, 1)))) for e in moments if spellings(e.changed_at)]
    name = {'table': chosen.choice((table.name, table.source))}
    place.check('as_of', name, as_of(table, {}))
    place.check('column_changes', name, column_changes(table, {}))
    for at in times:
        place.check('as_of', {**name, 'at': at}, as_of(table, {'at': at}))
        place.check('diff', {**name, 'from': at}, diff(table, {'from': at}))
    for first, last in zip(times, times[1:]):
        p = {**name, 'from': first, 'to': last}
        place.check('diff', p, diff(table, p))
        place.check('column_changes', p, column_changes(table, p))
        p['period'] = chosen.choice(('day', 'week', 'month', 'year'))
        place.check('activity', p, activity(tables, p))
    if not table.key:
        return
    keys = sorted({table.key_of(r) for e in table.events for r in (e.before, e.after) if r}, key=str)
    keys = [k for k in keys if len(k) > 1 or k[0] is not None]
    # Those with the most to tell: other keys, truncates, many lives.
    table.lives = lives(table)
    told = collections.Counter()
    for life_keys, events in table.lives:
        for key in life_keys:
            told[key] += 1 + 5 * len(life_keys) + 5 * sum(e.op == 't' for e in events)
    keys.sort(key=lambda k: -told[k])
    for key in keys[:8] + chosen.sample(keys[8:], min(len(keys[8:]), 6)):
        for spelling in key_spellings(key):
            place.check('row_history', {**name, 'key': spelling}, row_history(table, {}, key),
                        but=('change_id', 'unavailable'))


def check_errors(place, tables):
    """What is refused, with exit 2, and what the message says."""
    name = tables[0].name
    cases = [(['as_of'], 'table= is missing'), (['as_of', 'table='], "not a table's name"),
             (['as_of', 'table=' + name + 'x'], f'did you mean {name}?'), (['diff', 'table=' + name], 'from= is missing'),
             (['as_of', 'table=zzzzzzzzzzzz'], ', '.join(t.name for t in tables)),
             (['as_of', 'table=' + name, 'at=now'], 'not a time')]
    for table in tables:
        if not table.key:
            cases.append((['row_history', 'table=' + table.name, 'key=1'], f'--key {table.name}=COLUMN'))
        elif len(table.key) > 1:
            cases.append((['row_history', 'table=' + table.name, 'key=1'], f'({", ".join(table.key)})'))
    for arguments, said in cases:
        done = subprocess.run([place.program, 'query', *arguments, '--db', place.db], capture_output=True,
                              encoding='utf-8')
        place.ran += 1
        if (done.returncode, done.stdout) != (2, '') or said not in done.stderr:
            place.wrong += 1
            print(f'{arguments}: exit {done.returncode}: {done.stderr.strip()}; not: {said}')


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument('--db', required=True)
    arguments.add_argument('--recording', required=True)
    arguments.add_argument('--cdclite', required=True)
    arguments.add_argument('--queries', default=os.path.join(HERE, '..', '..', 'queries'))
    arguments = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return check(arguments, Place(arguments.db, arguments.cdclite, folder))


def check(arguments, place):
    tables = read_tables(arguments.recording)
    for name in TEMPLATES:
        for problem in check_form(os.path.join(arguments.queries, name + '.sql'), name):
            place.wrong += 1
            print(f'{name}.sql: its form: {problem}')
    chosen = random.Random('generic')
    for p in ({}, {'period': 'day'}, {'period': 'week'}, {'period': 'year'}):
        place.check('activity', p, activity(tables, p))
    check_errors(place, sorted(tables, key=lambda t: t.events[0].id))
    for table in tables:
        check_table(place, table, chosen, tables)
        for bad in BAD_TIMES:
            for name, p in (('as_of', {'at': bad}), ('diff', {'from': bad}), ('column_changes', {'to': bad})):
                place.wrong += compare(name, p, 'shell', [], place.in_shell(name, {'table': table.name, **p}))
                place.ran += 1
            if table is not tables[0]:
                break
    print(f'{len(tables)} tables, {place.ran} runs: {"all equal" if not place.wrong else str(place.wrong) + " differences"}')
    return 1 if place.wrong or not place.ran else 0


if __name__ == '__main__':
    sys.exit(main())
