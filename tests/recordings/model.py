"""What the history, its views and the text log have to say of given events: the contract, computed without the program.
Times are Python's unbounded integers; nothing here reads what the program wrote."""
import collections
import datetime

COLUMNS = ('holding_id', 'user_id', 'holding_stock', 'holding_quantity', 'datetime_created', 'datetime_updated')
TIMES = COLUMNS[4:]
TRACKED = ('holding_stock', 'holding_quantity')
WORDS = {'c': 'insert', 'u': 'update', 'd': 'delete', 'r': 'snapshot', 't': 'truncate'}
HEADER = ('holding_id,user_id,change_field,old_value,new_value,datetime_created,datetime_updated,datetime_deleted,'
          'datetime_inserted,op\n')
INFINITE = {2**63 - 1: 'infinity', -2**63: '-infinity', 9223372036825200000: 'infinity',
            -9223372036832400000: '-infinity'}
EPOCH = datetime.datetime(1970, 1, 1)
CYCLE = 146097 * 86400 * 10**6  # the calendar repeats every 400 years


def iso(moment, zone=''):
    """Microseconds since 1970 as the contract spells them; what is no number stays as it is."""
    if not isinstance(moment, int):
        return moment
    if moment in INFINITE:
        return INFINITE[moment]
    cycles, rest = divmod(moment, CYCLE)
    time = EPOCH + datetime.timedelta(microseconds=rest)
    year = time.year + 400 * cycles
    number, era = (year, '') if year > 0 else (1 - year, ' BC')
    return f'{number:04}-{time:%m-%dT%H:%M:%S}.{time.microsecond:06}{zone}{era}'


def image(row):
    return tuple((row or {}).get(column) for column in COLUMNS)


def readable(row):
    """A row as the views show it."""
    return tuple(iso(value) if column in TIMES else value for column, value in zip(COLUMNS, image(row)))


# The text log.

def field(value):
    if value is None:
        return ''
    text = str(value).replace('\\', '\\\\').replace('\n', '\\n').replace('\r', '\\r')
    return '"' + text.replace('"', '""') + '"' if text == '' or ',' in text or '"' in text else text


def changed_fields(event):
    """The tracked columns that give a line."""
    if event.op in ('c', 'd'):
        return TRACKED
    if event.op == 'u':
        return [name for name in TRACKED if (event.before or {}).get(name) != event.after.get(name)]
    return ()


def text_lines(event, inserted):
    """The lines of one event, loaded at `inserted` microseconds."""
    own = (event.before if event.op == 'd' else event.after) or {}
    at, loaded = iso(event.changed_at, 'Z'), iso(inserted, 'Z')
    if event.op == 't':
        return [f',,,,,,,{at},{loaded},t\n']
    lines = []
    for name in changed_fields(event):
        times = {'c': (field(iso(own.get('datetime_created'))), '', ''), 'u': ('', at, ''), 'd': ('', '', at)}[event.op]
        lines.append(','.join((field(own.get('holding_id')), field(own.get('user_id')), name,
                               field((event.before or {}).get(name)), field((event.after or {}).get(name)), *times,
                               loaded, event.op)) + '\n')
    return lines


# The views. Rows are tuples as a SELECT of the named columns gives them.

def changes(events):
    rows = []
    for event in events:
        sides = [value for pair in zip(readable(event.before), readable(event.after)) for value in pair]
        rows.append((iso(event.changed_at, 'Z'), WORDS[event.op], event.lsn, event.tx_id, *sides))
    return rows


def field_changes(events):
    rows = []
    for event in events:
        own = (event.before if event.op == 'd' else event.after) or {}
        for name in changed_fields(event):
            rows.append((iso(event.changed_at, 'Z'), WORDS[event.op], own.get('holding_id'), own.get('user_id'), name,
                         (event.before or {}).get(name), (event.after or {}).get(name)))
    return rows


def sales(events):
    rows = []
    for event in events:
        if event.op not in ('u', 'd'):
            continue
        old, new = event.before, event.after or {}
        stock, units = old['holding_stock'], old['holding_quantity']
        if stock is None or units is None:
            continue
        reason = 'closed'
        if event.op == 'u':
            reason = 'switched' if new['holding_stock'] != stock else 'reduced'
        if reason == 'reduced':
            if new['holding_quantity'] is None:
                continue
            units -= new['holding_quantity']
        if units > 0:
            rows.append((iso(event.changed_at, 'Z'), old['user_id'], old['holding_id'], stock, units, reason))
    return rows


def current(events):
    """The rows that stand at the end, as a multiset."""
    rows = collections.Counter()
    for event in events:
        if event.op == 't':
            rows.clear()
        if event.op in ('u', 'd'):
            rows[readable(event.before)] -= 1
        if event.op in ('c', 'u', 'r'):
            rows[readable(event.after)] += 1
    return +rows


def versions(events):
    """(row, valid_from, valid_to) of each state of each holding_id; one id has one state at a time."""
    closed, opened = [], {}

    def close(key, moment):
        if key in opened:
            row, since = opened.pop(key)
            closed.append((*row, iso(since, 'Z'), iso(moment, 'Z')))

    for event in events:
        if event.op == 't':
            for key in list(opened):
                close(key, event.changed_at)
        if event.op in ('u', 'd'):
            close(event.before['holding_id'], event.changed_at)
        if event.op in ('c', 'u', 'r'):
            close(event.after['holding_id'], event.changed_at)
            opened[event.after['holding_id']] = (readable(event.after), event.changed_at)
    return closed + [(*row, iso(since, 'Z'), None) for row, since in opened.values()]


# The source database's own account of its changes.

def audit_micros(text):
    """PostgreSQL's timestamp text as Debezium sends it, its overflow included."""
    if text is None:
        return None
    if text in ('infinity', '-infinity'):
        return 2**63 - 1 if text[0] == 'i' else -2**63
    date, _, time = text.replace(' BC', '').replace(' ', 'T').partition('T')
    year, month, day = map(int, date.split('-'))
    year = 1 - year if text.endswith(' BC') else year
    cycles, in_cycle = divmod(year - 2000, 400)
    clock, _, fraction = time.partition('.')
    moment = datetime.datetime(2000 + in_cycle, month, day, *map(int, clock.split(':')))
    seconds = (moment - EPOCH) // datetime.timedelta(seconds=1) + cycles * CYCLE // 10**6
    # Java's TimeUnit.toMicros stops at the limits of a long; adding to that wraps around (the year 294276).
    whole = max(-2**63, min(2**63 - 1, seconds * 10**6))
    return (whole + int(fraction.ljust(6, '0') or 0) + 2**63) % 2**64 - 2**63


def audit_image(row):
    if row is None:
        return (None,) * len(COLUMNS)
    return tuple(audit_micros(row[column]) if column in TIMES else row[column] for column in COLUMNS)
