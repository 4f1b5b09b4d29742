"""Runs every canned query with many parameters, in the sqlite3 shell and (--cdclite) in the program, and compares the
rows with what plain Python computes from the events: a recording, or the database's own audit of its changes."""
import argparse
import collections
import csv
import datetime
import json
import os
import random
import re
import subprocess
import sys

from build_history import COLUMNS, NOTHING, Event, open_text, read_recording

HERE = os.path.dirname(os.path.abspath(__file__))
EPOCH = datetime.datetime(1970, 1, 1)
INFINITE = {9223372036854775807: 'infinity', 9223372036825200000: 'infinity',
            -9223372036854775808: '-infinity', -9223372036832400000: '-infinity'}
HOLDING, USER, STOCK, QUANTITY, CREATED, UPDATED = range(6)
WORDS = {'c': 'insert', 'u': 'update', 'd': 'delete', 'r': 'snapshot', 't': 'truncate'}


# Times, in Python's unbounded integers.

def civil(day):
    """Days since 1970 to (year, month, day); counts months of a 400-year calendar, and is held against datetime."""
    eras, day_of_era = divmod(day + 719528, 146097)  # days since year 0
    low, high = 0, 399
    while low < high:  # the last year of the era that begins on or before the day
        middle = (low + high + 1) // 2
        if year_start(middle) <= day_of_era:
            low = middle
        else:
            high = middle - 1
    year, rest, month = low, day_of_era - year_start(low), 1
    lengths = [31, 29 if year % 4 == 0 and (year % 100 or year == 0) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    while rest >= lengths[month - 1]:
        rest, month = rest - lengths[month - 1], month + 1
    result = (year + 400 * eras, month, rest + 1)
    if 1 <= result[0] <= 9999:
        assert datetime.date(1970, 1, 1) + datetime.timedelta(days=day) == datetime.date(*result)
    return result


def year_start(year):
    return year * 365 + ((year + 3) // 4 - (year + 99) // 100 + (1 if year else 0))


def date_text(day):
    year, month, day = civil(day)
    return f'{year if year > 0 else 1 - year:04}-{month:02}-{day:02}', '' if year > 0 else ' BC'


def iso(moment, zone=''):
    if not isinstance(moment, int):
        return moment
    if moment in INFINITE:
        return INFINITE[moment]
    day, rest = divmod(moment, 86400 * 10**6)
    date, era = date_text(day)
    seconds, micros = divmod(rest, 10**6)
    return f'{date}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{micros:06}{zone}{era}'


def parse_time(text):
    """Microseconds since 1970, or None for what is not a time."""
    match = isinstance(text, str) and re.fullmatch(
        r'([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,6}))?Z?)?', text)
    if not match:
        return None
    try:
        moment = datetime.datetime.fromisoformat(f'{match[1]} {match[2] or "00:00:00"}')
    except ValueError:
        return None
    return (moment - EPOCH) // datetime.timedelta(microseconds=1) + int((match[3] or '').ljust(6, '0'))


def first_day(moment, period):
    day = moment // (86400 * 10**6)
    if period == 'day':
        return day
    if period == 'week':
        return day - (day + 3) % 7
    target = (civil(day)[0], civil(day)[1] if period == 'month' else 1, 1)
    first = day
    while civil(first) != target:
        first -= 1
    return first


# What the queries are to give.

def order(value):
    """SQLite's order: NULL, numbers, text by its bytes."""
    return (0,) if value is None else (1, value) if isinstance(value, (int, float)) else (2, value.encode())


def null_last(value):
    return (value is None, order(value))


def row_time(event):
    return (event.before if event.op == 'd' else event.after)[UPDATED]


def in_time(events, p):
    """(event, moment) of the events that from, to and time select; none where one of them has no meaning."""
    bounds = {name: parse_time(p[name]) for name in ('from', 'to') if p.get(name) is not None}
    clock = 'commit' if p.get('time') is None else p['time']
    if None in bounds.values() or clock not in ('commit', 'row'):
        return
    for event in events:
        moment = event.changed_at if clock == 'commit' else row_time(event)
        if bounds:
            if not isinstance(moment, int) or moment in INFINITE:
                continue
            if not bounds.get('from', moment) <= moment < bounds.get('to', moment + 1):
                continue
        yield event, moment


def limited(rows, p, default):
    limit = p.get('limit', default)
    return rows if limit == 0 else rows[:max(limit, 0)]


def sale(event):
    """(units, reason) of a sale, or None."""
    old, new = event.before, event.after
    if event.op not in 'ud' or old[STOCK] is None or old[QUANTITY] is None:
        return None
    if event.op == 'd':
        units, reason = old[QUANTITY], 'closed'
    elif old[STOCK] != new[STOCK]:
        units, reason = old[QUANTITY], 'switched'
    elif new[QUANTITY] is None:
        return None
    else:
        units, reason = old[QUANTITY] - new[QUANTITY], 'reduced'
    return (units, reason) if units > 0 else None


SELLING = {}


def wanted_user(user, p):
    return p.get('user') is None or user == p['user']


def sold(events, p):
    if SELLING.get('of') is not events:  # remembered: every query about sales asks for them
        SELLING.update(of=events, sales=[e for e in events if sale(e)])
    for event, moment in in_time(SELLING['sales'], p):
        if wanted_user(event.before[USER], p):
            yield event, moment, *sale(event)


def stock_change_counts(events, p):
    counts = collections.defaultdict(lambda: [0, 0, 0])
    for event, _ in in_time([e for e in events if e.op == 'u'], p):
        stock = event.before[STOCK] != event.after[STOCK]
        quantity = event.before[QUANTITY] != event.after[QUANTITY]
        if (stock or quantity) and wanted_user(event.before[USER], p):
            count = counts[event.before[USER]]
            count[0], count[1], count[2] = count[0] + stock, count[1] + quantity, count[2] + 1
    rows = sorted(counts.items(), key=lambda r: (-r[1][2], null_last(r[0])))
    return [dict(zip(('user_id', 'stock_changes', 'quantity_changes', 'changed_events'), (u, *c))) for u, c in rows]


def most_sold_stocks(events, p):
    found = collections.defaultdict(lambda: collections.Counter(switched=0, reduced=0, closed=0))
    for event, _, units, reason in sold(events, p):
        found[event.before[STOCK]].update(times_sold=1, units_sold=units, **{reason: 1})
    rows = sorted(found.items(), key=lambda r: (-r[1]['times_sold'], -r[1]['units_sold'], order(r[0])))
    names = ('times_sold', 'units_sold', 'switched', 'reduced', 'closed')
    return limited([{'stock': s, **{n: c[n] for n in names}} for s, c in rows], p, 10)


def finite(moment):
    return isinstance(moment, int) and moment not in INFINITE


def periods(moments, p):
    """A function from a moment to its period's first day (remembering the days), None where the period is none."""
    period, known = p.get('period') or 'month', {}

    def of(moment):
        day = moment // (86400 * 10**6)
        if day not in known:
            known[day] = first_day(moment, period)
        return known[day]
    return of if period in ('day', 'week', 'month', 'year') else None


def most_sold_stock_per_period(events, p):
    of, found = periods(events, p), collections.defaultdict(lambda: collections.defaultdict(lambda: [0, 0]))
    for event, moment, units, _ in sold(events, p) if of else ():
        if finite(moment):
            count = found[of(moment)][event.before[STOCK]]
            count[0], count[1] = count[0] + 1, count[1] + units
    rows = []
    for first, stocks in sorted(found.items()):
        best = sorted(stocks.items(), key=lambda r: (-r[1][0], -r[1][1], order(r[0])))
        rows += limited([{'period': ''.join(date_text(first)), 'stock': s, 'times_sold': c[0], 'units_sold': c[1]}
                         for s, c in best], p, 1)
    return rows


def owner(event):
    return (event.after if event.op == 'c' else event.before)[USER]


def change_activity(events, p):
    of, found = periods(events, p), collections.defaultdict(collections.Counter)
    for event, moment in in_time([e for e in events if e.op in 'cud'], p) if of else ():
        if finite(moment) and wanted_user(owner(event), p):
            found[of(moment)][event.op] += 1
    return [{'period': ''.join(date_text(f)), 'inserts': c['c'], 'updates': c['u'], 'deletes': c['d']}
            for f, c in sorted(found.items())]


def user_activity(events, p):
    found = collections.defaultdict(collections.Counter)
    for event, _ in in_time([e for e in events if e.op in 'cud'], p):
        if wanted_user(owner(event), p):
            found[owner(event)].update({event.op: 1, 'changes': 1})
            units = sale(event)
            if units:
                found[owner(event)].update(sales=1, units=units[0])
    rows = sorted(found.items(), key=lambda r: (-r[1]['changes'], null_last(r[0])))
    return limited([{'user_id': u, 'inserts': c['c'], 'updates': c['u'], 'deletes': c['d'], 'times_sold': c['sales'],
                     'units_sold': c['units']} for u, c in rows], p, 10)


def stock_switches(events, p):
    found = collections.defaultdict(lambda: [0, 0])
    for event, _, units, reason in sold(events, p):
        if reason == 'switched' and p.get('stock') in (None, event.before[STOCK]):
            count = found[event.before[STOCK], event.after[STOCK]]
            count[0], count[1] = count[0] + 1, count[1] + units
    rows = sorted(found.items(), key=lambda r: (-r[1][0], -r[1][1], order(r[0][0]), order(r[0][1])))
    return limited([dict(zip(('from_stock', 'to_stock', 'times_switched', 'units_sold'), (*s, *c))) for s, c in rows],
                   p, 10)


def sales(events, p):
    zone = '' if p.get('time') == 'row' else 'Z'
    found = [(moment, nth, event, units, reason) for nth, (event, moment, units, reason) in enumerate(sold(events, p))
             if p.get('stock') in (None, event.before[STOCK]) and p.get('reason') in (None, reason)]
    found.sort(key=lambda r: (order(r[0]), r[1]), reverse=True)
    return limited([{'sold_at': iso(m, zone), 'user_id': e.before[USER], 'holding_id': e.before[HOLDING],
                     'stock': e.before[STOCK], 'units': u, 'reason': r} for m, _, e, u, r in found], p, 20)


def described(event):
    row = {'changed_at': iso(event.changed_at, 'Z'), 'op': WORDS[event.op]}
    for name, index in (('holding_id', HOLDING), ('user_id', USER), ('stock', STOCK), ('quantity', QUANTITY)):
        row['old_' + name], row['new_' + name] = event.before[index], event.after[index]
    return row


def recent_changes(events, p):
    user = p.get('user')
    found = [e for e in events if e.op != 'r' and (user is None or user in (e.before[USER], e.after[USER]))]
    return limited([described(e) for e in reversed(found)], p, 20)


def in_commit_order(events, among):
    """Arrival within one partition, times and positions where there are several."""
    if len({e.partition for e in among}) < 2:
        return events
    return sorted(events, key=lambda e: (e.changed_at, e.tx_id or 0, e.lsn or 0))  # a stable sort


def holding_timeline(events, p):
    holding, rows, copies, last_left_it = p.get('holding'), [], 0, False
    if holding is None:
        return []
    touching = [e for e in events if e.op == 't' or holding in (e.before[HOLDING], e.after[HOLDING])]
    for event in in_commit_order(touching, touching):
        if event.op != 't' or copies > 0 or last_left_it:
            rows.append(described(event))
        last_left_it = event.after[HOLDING] == holding
        copies = 0 if event.op == 't' else copies + last_left_it - (event.before[HOLDING] == holding)
    return rows


def holdings_as_of(events, p):
    at = None
    if p.get('at') is not None:
        at = parse_time(p['at'])
        if at is None:
            return []
    table, snapshot = collections.Counter(), object()
    for event in in_commit_order(events, events):
        if at is not None and event.changed_at > at:
            continue
        if event.op == 't' or (event.op == 'r' and event.lsn != snapshot):
            table.clear()
        if event.op == 'r':
            snapshot = event.lsn
        if event.op in 'ud':
            table[event.before] -= 1
        if event.op in 'cru':
            table[event.after] += 1
    rows = [image for image, copies in table.items() for _ in range(copies) if wanted_user(image[USER], p)]
    rows.sort(key=lambda r: (null_last(r[HOLDING]), *map(order, r[1:])))
    return [dict(zip(COLUMNS, (*r[:CREATED], iso(r[CREATED]), iso(r[UPDATED])))) for r in rows]


QUERIES = {f.__name__: f for f in (stock_change_counts, most_sold_stocks, most_sold_stock_per_period, change_activity,
                                   user_activity, stock_switches, sales, recent_changes, holding_timeline,
                                   holdings_as_of)}


TEMPLATES = ('activity', 'as_of', 'column_changes', 'diff', 'row_history')  # check_generic.py's


# The parameters to try.

def spellings(moment):
    """The ways to write a moment as a bound, those that can hold it exactly."""
    text = iso(moment)
    if len(text) != 26:
        return []
    found = [text + 'Z', text.replace('T', ' ')]
    trimmed = text.rstrip('0').rstrip('.')
    found += [trimmed, trimmed + 'Z']
    return found + ([text[:10]] if text[10:] == 'T00:00:00.000000' else [])


def bounds(events, chosen, few):
    """Sets of from and to: on, just before and just after events' times, and on whole days."""
    moments, found = [], []
    for event in chosen.sample(events, min(len(events), 200)):
        moments += [m for m in (event.changed_at, row_time(event)) if finite(m) and spellings(m)]
    for moment in chosen.sample(moments, min(len(moments), 2 if few else 24)):
        for value in (moment + chosen.choice((-1, 0, 1)), moment // 86400000000 * 86400000000):
            text = spellings(value)
            if text:
                found.append(chosen.choice(text))
    pairs = [{'from': a} for a in found[::3]] + [{'to': a} for a in found[1::3]]
    return pairs + [{'from': min(a, b), 'to': max(a, b)} for a, b in zip(found, reversed(found))][:len(found) // 2]


BAD_TIMES = ('2025-02-29', '2025-13-01', '2025-01-31T24:00:00', '2025-01-31T10:00', '2025-01-31T10:00:00.',
             '2025-01-31T10:00:00.1234567', '2025-01-31T10:00:00.12a', '2025-01-31T10:00:00ZZ', '2025-01-31Z', 'now',
             '', '20250131', '2025-1-31', ' 2025-01-31', '2025-01-31 ', '2025-01-31T10:00:00+00:00',
             '2025-01-31T10:00:60')


def parameter_sets(name, events, few):
    chosen = random.Random(name)
    users = collections.Counter(owner(e) for e in events if e.op in 'cud')
    users = [user for user, _ in users.most_common() if user is not None]
    users = users[:1] + chosen.sample(users, min(len(users), 1 if few else 6)) + [-999]
    stocks = sorted({e.before[STOCK] for e in events if e.before[STOCK] is not None and len(e.before[STOCK]) < 1000})
    stocks = chosen.sample(stocks, min(len(stocks), 2 if few else 25)) + ['no such stock', '']
    pairs = bounds(events, chosen, few)
    if name == 'holding_timeline':
        ids = sorted({i for e in events for i in (e.before[HOLDING], e.after[HOLDING]) if i is not None})
        return [{'holding': i} for i in chosen.sample(ids, min(len(ids), 4 if few else 150)) + [-12345]]
    if name == 'holdings_as_of':
        ats = [{}] + [{'at': v} for pair in pairs for v in pair.values()]
        return ats + [{**ats[-1], 'user': u} for u in users] + [{'user': u} for u in users]
    if name == 'recent_changes':
        return [{}, {'limit': 0}, {'limit': 1}, {'limit': 100}] + [{'user': u} for u in users]
    sets = [{}, {'time': 'row'}, {'time': 'commit'}] + pairs + [{**pair, 'time': 'row'} for pair in pairs]
    sets += [{'user': u} for u in users] + [{**pairs[0], 'user': users[0], 'time': 'row'}]
    if name != 'stock_change_counts' and name != 'change_activity':
        sets += [{'limit': 0}, {'limit': 1}, {'limit': 3, 'time': 'row'}, {'limit': 0, 'time': 'row', **pairs[-1]}]
    if name in ('change_activity', 'most_sold_stock_per_period'):
        every = [{'period': period, 'time': time} for period in ('day', 'week', 'month', 'year')
                 for time in ('commit', 'row')]
        sets += every + [{**each, **chosen.choice(pairs)} for each in every[::3 if few else 1]]
        if name == 'most_sold_stock_per_period':
            sets += [{**each, 'limit': chosen.choice((0, 2))} for each in every[1::3 if few else 1]]
    if name in ('sales', 'stock_switches'):
        sets += [{'stock': s, 'limit': 0} for s in stocks]
    if name == 'sales':
        sets += [{'reason': r, 'limit': n} for r in ('switched', 'reduced', 'closed') for n in (0, 5)]
    return sets


def bad_sets(name):
    """Values without a meaning: no rows in the shell; the program refuses them before it asks."""
    if name in ('holding_timeline', 'recent_changes'):
        return []
    if name == 'holdings_as_of':
        return [{'at': bad} for bad in BAD_TIMES]
    sets = [{chosen: bad} for bad in BAD_TIMES for chosen in ('from', 'to')] + [{'time': 'both'}, {'time': ''}]
    if name in ('change_activity', 'most_sold_stock_per_period'):
        sets += [{'period': 'hour'}, {'period': ''}]
    return sets


# The two ways to run a query.

def run(command):
    done = subprocess.run(command, capture_output=True, encoding='utf-8')
    if done.returncode or done.stderr.strip():
        sys.exit(f'{command}: exit {done.returncode}: {done.stderr.strip()}')
    return json.loads(done.stdout) if done.stdout.strip() else []


def in_shell(db, directory, name, parameters):
    command = ['sqlite3', '-readonly', '-json', db]
    for key, value in parameters.items():
        if isinstance(value, str):  # an SQL string, in a shell argument with C's escapes
            value = "'" + value.replace("'", "''") + "'"
            value = value.replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\n').replace('\t', '\\t')
            value = '"' + value + '"'
        command.append(f'.parameter set :{key} {value}')
    return run(command + [f'.read {os.path.join(directory, name + ".sql")}'])


def in_program(db, program, name, parameters):
    return run([program, 'query', name, *(f'{k}={v}' for k, v in parameters.items()), '--db', db, '--format', 'json'])


# What the events are, other than from the recording.

def read_audit(path):
    """The changes as the database's triggers saw them: a CSV of seq, xid, commit_ts, op, old_..., new_..."""
    events = []
    with open_text(path) as file:
        for line in csv.DictReader(file):
            images = []
            for side, absent in (('old_', 'c'), ('new_', 'd')):
                values = [line[side + n] for n in COLUMNS]
                images.append(NOTHING if line['op'] == absent else (
                    int(values[0]), int(values[1]), values[2], int(values[3]), *map(parse_time, values[4:])))
            events.append(Event(line['op'], parse_time(line['commit_ts']), None, int(line['xid']), 0, None, *images))
    return events


def check_truth(prefix, db, directory):
    """The aggregates that the source database computed itself, where they mean the same."""
    def read(name):
        with open(prefix + name, encoding='utf-8') as file:
            return list(csv.DictReader(file))
    users = {int(line['user_id']): line for line in read('.users.csv')}
    wrong = 0
    for row in in_shell(db, directory, 'user_activity', {'limit': 0}):
        line = users[row['user_id']]
        wrong += any(row[n] != int(line[n]) for n in ('inserts', 'updates', 'deletes'))
    counts = {row['user_id']: row for row in in_shell(db, directory, 'stock_change_counts', {})}
    for user, line in users.items():
        row = counts.pop(user, {'stock_changes': 0, 'quantity_changes': 0})
        wrong += any(row[n] != int(line[n]) for n in ('stock_changes', 'quantity_changes'))
    wrong += len(counts)
    for period, end in (('day', ''), ('month', '-01')):
        truth = {(line['basis'], line['period'] + end, line['stock']):
                 (int(line['sell_events']), int(line['units_sold'])) for line in read(f'.sold-by-{period}.csv')}
        for basis, time in (('commit', 'commit'), ('updated', 'row')):
            parameters = {'period': period, 'time': time, 'limit': 0}
            for row in in_shell(db, directory, 'most_sold_stock_per_period', parameters):
                key = (basis, row['period'], row['stock'])
                wrong += truth.pop(key, None) != (row['times_sold'], row['units_sold'])
        wrong += len(truth)
    totals = {line['op']: int(line['count']) for line in read('.totals.csv')}
    rows = in_shell(db, directory, 'change_activity', {})
    wrong += [sum(r[n] for r in rows) for n in ('inserts', 'updates', 'deletes')] != [totals[op] for op in 'cud']
    print(f'truth files: {"equal" if not wrong else str(wrong) + " differences"}')
    return wrong


def check_view(db, events):
    """The view for people, which no query reads."""
    rows = run(['sqlite3', '-readonly', '-json', db, 'SELECT * FROM holding_sales'])
    expected = [{'sold_at': iso(e.changed_at, 'Z'), 'user_id': e.before[USER], 'holding_id': e.before[HOLDING],
                 'stock': e.before[STOCK], 'units': sale(e)[0], 'reason': sale(e)[1]} for e in events if sale(e)]
    return compare('holding_sales', {}, 'view', expected, rows)


def check_form(path, name):
    """The head of a query file can be read by a program; returns its complaints."""
    with open(path, encoding='utf-8') as file:
        head, statement = [], []
        for line in file.read().splitlines():
            (statement if statement or not line.startswith('--') else head).append(line)
    problems = [] if re.fullmatch(rf'-- {name}: .+\.', head[0]) else ['first line']
    starts = ['-- Parameters (unset = the default):', '-- Columns:', '-- In the sqlite3 shell:']
    at = [head.index(start) if start in head else len(head) for start in starts]
    if at != sorted(at) or at[2] == len(head):
        return problems + ['blocks']
    documented, tables = set(), set()
    for line in head[at[0] + 1:at[1] - 1]:
        match = re.fullmatch(r'--   :(\w+) +(integer|text|time|table|key|\w+(?:\|\w+)+) +.+ \((?:default: .+|required)\)', line)
        if not match:
            problems.append(line)
        else:
            (tables if match[2] == 'table' else documented).add(match[1])
    code = re.sub(r'--.*', '', '\n'.join(statement))
    used = set(re.findall(r'(?<![\w:\'%]):([a-z]+)\b', code))
    problems += [f'parameters {sorted(documented ^ used)}'] if documented != used else []
    problems += ['statement'] if not code.rstrip().endswith(';') or code.count(';') != 1 else []
    return problems


def compare(name, parameters, where, expected, rows):
    if rows == expected and [list(r) for r in rows[:1]] == [list(r) for r in expected[:1]]:
        return 0
    print(f'{name} {parameters} in the {where}: {len(expected)} rows expected, {len(rows)} given')
    for nth, (want, got) in enumerate(zip(expected, rows)):
        if want != got:
            print(f'  row {nth + 1}: expected {want}\n  {" " * len(str(nth + 1))}     given    {got}')
            break
    return 1


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument('--db', required=True, help='the history, of build_history.py or the loader')
    arguments.add_argument('--recording', required=True, help='what was loaded into it')
    arguments.add_argument('--audit', help='take inserts, updates and deletes from this audit (csv, csv.gz) instead')
    arguments.add_argument('--truth', help='also compare with PREFIX.users.csv, .sold-by-day.csv, ...')
    arguments.add_argument('--cdclite', help='also run each query in this program')
    arguments.add_argument('--queries', default=os.path.join(HERE, '..', '..', 'queries'))
    arguments.add_argument('--only', help='one query')
    arguments.add_argument('--few', action='store_true', help='fewer parameter sets, for large histories')
    arguments = arguments.parse_args()

    events = read_recording(arguments.recording)
    if arguments.audit:
        events = [e for e in events if e.op in 'rt'] + read_audit(arguments.audit)
    wrong, ran = 0, 0
    files = {name[:-4] for name in os.listdir(arguments.queries) if name.endswith('.sql')} - set(TEMPLATES)
    if files != set(QUERIES):
        wrong += 1
        print(f'queries without a check or the reverse: {sorted(files ^ set(QUERIES))}')
    for name, expect in QUERIES.items():
        if arguments.only not in (None, name):
            continue
        for problem in check_form(os.path.join(arguments.queries, name + '.sql'), name):
            wrong += 1
            print(f'{name}.sql: its form: {problem}')
        for parameters in parameter_sets(name, events, arguments.few):
            expected = expect(events, parameters)
            wrong += compare(name, parameters, 'shell', expected,
                             in_shell(arguments.db, arguments.queries, name, parameters))
            ran += 1
            if arguments.cdclite and (name != 'holding_timeline' or parameters):
                wrong += compare(name, parameters, 'program', expected,
                                 in_program(arguments.db, arguments.cdclite, name, parameters))
        for parameters in [] if arguments.few else bad_sets(name):
            wrong += compare(name, parameters, 'shell', [], in_shell(arguments.db, arguments.queries, name, parameters))
            ran += 1
    wrong += check_view(arguments.db, events)
    if arguments.truth:
        wrong += check_truth(arguments.truth, arguments.db, arguments.queries)
    print(f'{len(events)} events, {ran} queries run: {"all equal" if not wrong else str(wrong) + " differences"}')
    return 1 if wrong or not ran else 0


if __name__ == '__main__':
    sys.exit(main())
