"""What a captured table is: read from a SQLite history or a backup of one. The tutorial's holding is known without."""
import dataclasses
import os
import sqlite3
import urllib.request


@dataclasses.dataclass(frozen=True)
class Column:
    name: str         # at the source
    column_name: str  # in the history
    key: bool
    kind: str         # as in captured_column, where it says one; else by the values that are there
    unit: str = None
    scale: int = 0
    place: int = None         # NULL: the source no longer has it
    identifying: bool = False
    tracked: bool = True
    sent_as: str = None       # where the source has changed its type: what it is sent as now


@dataclasses.dataclass(frozen=True)
class Table:
    name: str
    topic: str
    columns: tuple
    key_enforced: bool = False
    filled: bool = False   # its events leave out old values
    bundled: bool = False  # the tutorial's holding as it is there, which has views of its own


HOLDING = Table('holding', 'bankserver1.bank_data.holding', tuple(
    Column(name, name, place == 0, kind, unit, place=place, identifying=place < 2, tracked=place in (2, 3))
    for place, (name, kind, unit) in enumerate((
        ('holding_id', 'integer', None), ('user_id', 'integer', None), ('holding_stock', 'text', None),
        ('holding_quantity', 'integer', None), ('datetime_created', 'integer', 'timestamp_us'),
        ('datetime_updated', 'integer', 'timestamp_us')))), bundled=True)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def by_values(db, table, column):
    """The kind of a column whose events say none: by all its values whole (numbers, or true and false), float or mixed."""
    sides = ' UNION '.join(f'SELECT typeof({quoted(f"{side}_{column}")}) FROM {quoted(table + "_history")}'
                           for side in ('before', 'after'))
    found = {kind for kind, in db.execute(sides)} - {'null'}
    return {('integer',): 'whole', ('real',): 'float', ('integer', 'real'): 'float'}.get(tuple(sorted(found)), 'mixed')


def kind_of(db, table, source, column, kind):
    if kind != 'any':
        return kind
    known = {c.name: c.kind for c in HOLDING.columns} if table == HOLDING.name else {}
    return known.get(source) or by_values(db, table, column)


def read(path, name):
    """The table of that name; LookupError where there is none."""
    db = sqlite3.connect(f'file:{urllib.request.pathname2url(os.path.abspath(path))}?mode=ro', uri=True)
    try:
        found = db.execute('SELECT table_id, topic, key_enforced, keeps_state, bundled FROM captured_table WHERE name = ?',
                           (name,)).fetchone()
        if not found:
            names = ', '.join(name for name, in db.execute('SELECT name FROM captured_table ORDER BY 1'))
            raise LookupError(f'no table {name!r} (there are {names or "none"})')
        table, topic, key_enforced, keeps_state, bundled = found
        columns = db.execute('SELECT name, column_name, is_key, kind, unit, scale, present, place, identifying, '
                             "iif(storage = 'ANY' AND kind NOT IN ('any', 'float'), sent_as, NULL) "
                             'FROM captured_column WHERE table_id = ? ORDER BY position', (table,)).fetchall()
        if not columns:
            raise LookupError(f'no event of {name!r} could be stored, so that its columns are not known')
        described = tuple(
            Column(source, column, bool(key), kind_of(db, name, source, column, kind), unit, scale or 0,
                   place if present else None, bool(identifying),
                   source in ('holding_stock', 'holding_quantity') if bundled else not identifying, sent_as)
            for source, column, key, kind, unit, scale, present, place, identifying, sent_as in columns)
        kinds = {(column.name, column.kind) for column in described if not column.sent_as}
        return Table(name, topic, described, bool(key_enforced), bool(keeps_state) and any(c.key for c in described),
                     bool(bundled) and {(column.name, column.kind) for column in HOLDING.columns} <= kinds)
    finally:
        db.close()
