"""What the history and the views of any table have to hold after given messages: the contract, computed from the
messages alone. Values are as they are stored; a row is {column: value}."""
import collections
import json

from recording import RUN_ID
from table_values import fields, is_placeholder, members, stored

# before, after: {column: JSON text as sent} or None; types: {column: Field, or None without schemas}; key, old_key:
# {column: value} or None; snapshot: source.snapshot ("" where not told); flat: by ExtractNewRecordState.
Event = collections.namedtuple('Event', 'source table op changed_at lsn tx_id topic partition offset run key old_key '
                                        'before after types snapshot flat')

# What an event has in the history. unavailable: the before_/after_ columns it did not carry.
Row = collections.namedtuple('Row', 'event before after unavailable')


class Known(dict):
    """{column: value}; `types` {column: Field} says how each was sent."""

    def __init__(self, row=(), types=None):
        super().__init__(row)
        self.types = dict(types or {})

    def take(self, column, other, name=None):
        """A value of another row, with how it was sent."""
        name = name or column
        self[column] = other.get(name)
        if name in getattr(other, 'types', {}):
            self.types[column] = other.types[name]

    def copy(self):
        return Known(self, self.types)


def payload_and_schema(text):
    found = members(text)
    if found is not None and set(found) == {'schema', 'payload'}:
        return found['payload'], json.loads(found['schema'])
    return text, None


def read_key(text):
    if text is None:
        return None
    payload, schema = payload_and_schema(text)
    types = fields(schema) if schema else {}
    return {name: stored(raw, types.get(name)) for name, raw in members(payload).items()}


def old_key(message):
    """The key that the row had before a key change, of the event that is the change's second half."""
    text = dict(message.headers or []).get('__debezium.oldkey')
    return read_key(text) if text else None


def read_events(messages):
    """Every change, in order of arrival. In a topic of flattened records a tombstone of a key is a delete, if no record
    that says so (__deleted) came before it."""
    events, alive, flat_topics = [], collections.defaultdict(set), set()
    for message in messages:
        key, run = read_key(message.key), dict(message.headers or []).get(RUN_ID)
        name = json.dumps(key)
        place = message.topic, message.partition, message.offset, run
        table = message.topic.split('.')[-1]
        text, schema = payload_and_schema(message.value or 'null')
        payload = members(text)
        if payload is None:  # a tombstone, or {"schema":…,"payload":null}, as flattened deletes are
            if message.topic in flat_topics and name in alive[message.topic]:
                alive[message.topic].discard(name)
                before = {n: json.dumps(v) for n, v in key.items()}
                events.append(Event(message.topic, table, 'd', message.timestamp_ms * 1000, None, None, *place, key,
                                    None, before, None, {}, '', True))
            continue
        if 'source' in payload and 'op' in payload:
            op, source = json.loads(payload['op']), json.loads(payload['source'])
            if op not in ('c', 'u', 'd', 'r', 't'):
                continue
            types = {**fields(schema, 'before'), **fields(schema, 'after')} if schema else {}
            at = source['ts_us'] if source.get('ts_us') is not None else source['ts_ms'] * 1000
            events.append(Event('.'.join((source['name'], source['schema'], source['table'])), source['table'], op, at,
                                source.get('lsn'), source.get('txId'), *place, key, old_key(message),
                                members(payload.get('before', 'null')), members(payload.get('after', 'null')), types,
                                str(source.get('snapshot')), False))
        elif key is None and set(payload) == {'ts_ms'} or set(payload) >= {'id', 'status'} or \
                message.topic.startswith('__debezium-heartbeat'):
            continue
        else:
            flat_topics.add(message.topic)
            own = {n[2:]: json.loads(raw) for n, raw in payload.items() if n.startswith('__')}
            row = {n: raw for n, raw in payload.items() if not n.startswith('__')}
            deleted = own.get('deleted') == 'true'
            op = 'd' if deleted else own.get('op') or ('u' if name in alive[message.topic] else 'c')
            (alive[message.topic].discard if deleted else alive[message.topic].add)(name)
            at = own.get('source_ts_ms', own.get('ts_ms', message.timestamp_ms)) * 1000
            events.append(Event(message.topic, table, op, at, own.get('lsn'), own.get('source_txId', own.get('txId')),
                                *place, key, old_key(message), row if op == 'd' else None, None if op == 'd' else row,
                                {n: f for n, f in fields(schema).items() if n in row} if schema else {}, '', True))
    return events


def renamed(old, new):
    """{old name: new name}: a column that keeps its place under another name. PostgreSQL puts new columns last, so a
    name that is new where one is gone, with nothing but such pairs between, is a column renamed."""
    if len(old) != len(new):
        return {}
    pairs = {o: n for o, n in zip(old, new) if o != n}
    return pairs if not set(pairs.values()) & set(old) and not set(pairs) & set(new) else {}


class Table:
    """Replays one table's events. `rows` are history rows, `state` the rows that stand now, by key where there is one;
    `versions` {key: [[row, from, to]]}."""

    def __init__(self, events):
        self.keyed = any(event.key for event in events)
        self.columns, self.types, self.rows = [], {}, []
        self.key_columns = next((list(e.key) for e in reversed(events) if e.key), [])
        self.state, self.gone, self.versions, self.listed = {}, {}, collections.defaultdict(list), []
        self.partial = any(event.flat for event in events) and self.keyed
        self.unseen, self.run, self.last_op, self.snapshot_at = None, None, None, None
        for event in events:
            self.take(event)
        self.end_snapshot()
        self.current = list(self.state.values()) if self.keyed else self.listed

    # The table's columns as they change.

    def every_row(self):
        yield from self.state.values()
        yield from self.gone.values()
        yield from self.listed

    def evolve(self, event):
        image = event.after if event.after is not None else event.before
        if image is None or event.flat and len(image) == len(event.key or ()):
            return
        new = list(image)
        if self.columns and new != self.columns:
            pairs = renamed(self.columns, new)
            for row in self.every_row():
                for old, name in pairs.items():
                    row.take(name, row, old)
                for name in [n for n in row if n not in new]:
                    del row[name]
                    row.types.pop(name, None)
                for name in new:
                    if name not in row:  # an added column has its default in the rows that were there
                        field = event.types.get(name)
                        row[name] = stored(field.default, field) if field and field.default else None
                        row.types[name] = field
            self.key_columns = [pairs.get(n, n) for n in self.key_columns]
        self.columns = new
        self.types.update(event.types)

    def key_of(self, event, row):
        if event.key:
            return tuple(event.key.values())
        return tuple(row.get(n) for n in self.key_columns)

    # Snapshots: a row that a whole one does not bring is gone.

    def begin_snapshot(self, event):
        if event.op != 'r' or event.snapshot == 'incremental':
            if event.op != 'r':
                self.end_snapshot()
            return
        if self.last_op is not None and (self.last_op != 'r' or event.run != self.run):
            self.end_snapshot()
            self.unseen, self.listed, self.snapshot_at = set(self.state), [], event.changed_at

    def end_snapshot(self):
        for key in self.unseen or ():
            self.state.pop(key, None)
            self.close(key, self.snapshot_at)
        self.unseen = None

    # Versions.

    def open(self, key, row, at):
        versions = self.versions[key]
        if versions and versions[-1][2] is None:
            if versions[-1][0] == row:
                return
            versions[-1][2] = at
        versions.append([row.copy(), at, None])

    def close(self, key, at):
        if self.versions.get(key) and self.versions[key][-1][2] is None:
            self.versions[key][-1][2] = at

    # Rows without a key.

    def remove(self, row):
        """The row that is equal; else, the table having changed meanwhile, the one that has most in common."""
        if row in self.listed:
            self.listed.remove(row)
        elif self.listed:
            likeness = [sum(str(r.get(n)) == str(v) and v is not None for n, v in row.items()) for r in self.listed]
            del self.listed[likeness.index(max(likeness))]

    # One event.

    def values(self, event, image):
        types = {n: event.types.get(n) for n in image or ()}
        return Known({n: stored(raw, types[n]) for n, raw in (image or {}).items()}, types)

    def take(self, event):
        self.begin_snapshot(event)
        self.evolve(event)
        before, after, unavailable = self.values(event, event.before), self.values(event, event.after), set()
        key = self.key_of(event, after or before)
        key_columns = list(event.key or ())
        if event.op == 'u' and event.before is None:
            self.partial = True
            known = self.state.get(key, Known())
            before = Known()
            for n in after:
                before.take(n, after if n in key_columns else known)
            unavailable |= {'before_' + n for n in after if n not in key_columns}
        if event.op == 'd' and self.partial and event.key:
            known = self.state.get(key, Known())
            columns = self.columns or list(before)
            sent, before = before, Known()
            for n in columns:
                before.take(n, sent if n in key_columns else known)
            unavailable |= {'before_' + n for n in columns if n not in key_columns}
        if event.op == 'u' or event.op == 'c' and event.old_key:
            # an insert is a row's first state, but for the second half of a key change
            known = (self.gone.get(tuple(event.old_key.values()), Known()) if event.op == 'c' else
                     self.state.get(key, Known()))
            for n, raw in event.after.items():
                carried = event.before is not None and n in event.before and not is_placeholder(event.before[n])
                if is_placeholder(raw) and not carried:
                    after.take(n, known)
                    unavailable.add('after_' + n)
        self.rows.append(Row(event, before, after, unavailable))
        self.move(event, key, before, after)
        self.last_op, self.run = event.op, event.run

    def move(self, event, key, before, after):
        if event.op == 't':
            for gone in list(self.state):
                self.close(gone, event.changed_at)
            self.state.clear()
            self.listed.clear()
        elif self.keyed:
            if event.op == 'd':
                self.gone[key] = self.state.pop(key, Known())
                self.close(key, event.changed_at)
            else:
                if event.op == 'u' and event.before is not None and not event.key:
                    self.state.pop(self.key_of(event, before), None)  # the key came to the table later
                self.state[key] = after.copy()
                self.open(key, after, event.changed_at)
                if event.op == 'r' and self.unseen is not None:
                    self.unseen.discard(key)
        else:
            if event.op in ('u', 'd'):
                self.remove(before)
            if event.op in ('c', 'u', 'r'):
                self.listed.append(after.copy())


def without_schemas(message):
    """The message as the connector sends it with schemas.enable=false."""
    def payload(text):
        return text if text is None else payload_and_schema(text)[0]
    headers = [[name, payload(value) if name in ('__debezium.oldkey', '__debezium.newkey') else value]
               for name, value in message.headers or []]
    return message._replace(key=payload(message.key), value=payload(message.value), headers=headers)


def tables(events, spread=False):
    """{source: Table}; `spread`: rows without keys came from several partitions, so they go by their commits."""
    found = {}
    for source in dict.fromkeys(event.source for event in events):
        own = [event for event in events if event.source == source]
        if spread and not any(event.key for event in own):
            own.sort(key=lambda e: (e.changed_at, e.tx_id, e.lsn))
        found[source] = Table(own)
    return found


