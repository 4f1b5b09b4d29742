"""Recordings of any table: the messages, the source's audit and final rows, and what of them is not to be had back."""
import json
import re

import recording
import table_values as values
from table_model import read_events, tables, without_schemas
from table_values import Field

# What Debezium loses of a column, as what is left of PostgreSQL's text of it.
TYPES_LOSE = {'c_timetz': values.shifted_to_utc, 'c_varbit': values.without_leading_zeros,
              'c_inet': values.without_host_mask, 'c_int_a': values.flat_int_array,
              'c_text_a': values.garbled_text_array}
SENT_AS_MICROS = {'c_interval': values.as_micros}
LOSSES = {
    'd-types-precise': {**TYPES_LOSE, **SENT_AS_MICROS, 'c_numeric': values.without_trailing_zeros},
    'd-types-string': {**TYPES_LOSE, 'c_time': values.in_millis, 'c_timestamp': values.in_millis},
    'd-types-double': {**TYPES_LOSE, **SENT_AS_MICROS, 'c_numeric_10_2': values.as_double,
                       'c_numeric': values.as_double, 'c_money': values.as_double},
    'dx-types-nan-bc': {**TYPES_LOSE, **SENT_AS_MICROS, 'c_numeric': values.without_nan_and_trailing_zeros},
    'toast': {'nu': values.without_trailing_zeros},
    'toast-noschema': {'nu': values.without_trailing_zeros},
    'toast-more': {'nn': values.without_trailing_zeros, 'vb': values.without_leading_zeros},
    'h2-mid-2.7': {'datetime_created': values.overflown},
    'e-unwrapped-rewrite': {'datetime_created': values.overflown},
}
# Columns of which Debezium sends null, as if it were NULL, for a large value that an update left as it was: what it has
# no placeholder for. (The column being NOT NULL, the connector fails.)
NULL_FOR_UNCHANGED = {'toast': {'nu'}, 'toast-noschema': {'nu'}, 'toast-modes': {'by'},
                      'toast-more': {'nn', 'fa', 'bo', 'tsa', 'sa', 'na', 'vb', 'pg', 'en'}}
LARGE = 2000
# Columns that an ALTER TABLE … TYPE wrote anew in rows that no event came of: what came of them is not sent.
REWRITTEN = {('retype', 'n'): r'\.000$', ('retype', 'ts'): r'\+00$',
             ('f-schema-evolution', 'datetime_updated'): r'\+00$',
             ('f2-schema-evolution-paced', 'datetime_updated'): r'\+00$',
             ('f-schema-evolution', 'holding_quantity'): r'\.000$',
             ('f2-schema-evolution-paced', 'holding_quantity'): r'\.000$'}
# Columns added with a default, which rows that were there have: only a schema tells it.
DEFAULTED = {'retype': {'withdef'}, 'f-schema-evolution': {'currency', 'in_tx'},
             'f2-schema-evolution-paced': {'currency', 'in_tx'}}
# A key added before the connector read the DELETE of a row without one: it says 0.
INVENTED_KEYS = {('f-schema-evolution', 'd', 'before', 'holding_id')}
# Rows that a message would be needed for that Debezium does not send: (recording, table): (missing, left over).
FLAT_LOSE_TRUNCATES = "truncates are not sent in flattened records"
NOT_SENT = {
    ('e-unwrapped-rewrite', 'holding'): 'a flattened record of a table without a key does not say which row it was',
    ('e2-unwrapped-pk-noschema', 'account'): FLAT_LOSE_TRUNCATES,
    ('e2-unwrapped-pk-noschema', 'position'): FLAT_LOSE_TRUNCATES,
}
# Tables without a key, retyped: without schemas an old row is not to be told from a new value of another type.
RETYPED = {('retype', 'keyless'), ('f-schema-evolution', 'holding'), ('f2-schema-evolution-paced', 'holding')}
LEFT_OVER = {
    # DROP TABLE sends nothing: the row nobody touched afterwards stays
    ('retype', 'anew'): [['2', '2', None]],
    # the key was added before the connector read the DELETE of the row without one, and it says 0
    ('f-schema-evolution', 'holding'): [[None, None, None, None, None, 'USD', '5']],
}
BINARY = {'d-types-double': 'hex', 'd-types-string': 'base64', 'toast-modes': 'base64'}
TOO_WIDE = {'wide': 'wide1600'}
RECORDINGS = [
    'c-pk-default-identity', 'd-types-precise', 'd-types-string', 'd-types-double', 'dx-types-nan-bc',
    'e-unwrapped-rewrite', 'e2-unwrapped-pk-noschema', 'f-schema-evolution', 'f2-schema-evolution-paced',
    'flat-default', 'flat-default-noschema', 'flat-rewrite', 'flat-rewrite-noschema',
    'g-transactions-heartbeat-messages', 'h2-mid-2.7', 'i-multi-partition', 'j-snapshot-5000',
    'l-interleaved-copy-bigtx', 'names', 'nokey4', 'rename', 'resnap', 'retype', 'toast', 'toast-modes', 'toast-more',
    'toast-noschema', 'wide']
OFF = '/schemas-off'
SPREAD = {'nokey4', 'i-multi-partition'}


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def assumed(pg_type):
    """How Debezium sends a column by default, for recordings without schemas."""
    scale = re.fullmatch(r'numeric\(\d+,(\d+)\)', pg_type)
    if scale:
        return Field('bytes', 'org.apache.kafka.connect.data.Decimal', int(scale[1]), 0, None, None)
    if pg_type.endswith('[]'):
        return Field('array', None, 0, 0, assumed(pg_type[:-2]), None)
    kind, name = {'numeric': ('struct', 'io.debezium.data.VariableScaleDecimal'), 'boolean': ('boolean', None),
                  'timestamp without time zone': ('int64', 'io.debezium.time.MicroTimestamp'),
                  'bytea': ('bytes', None), 'integer': ('int32', None), 'bigint': ('int64', None),
                  }.get(pg_type, ('string', None))
    return Field(kind, name, 0, 0, None, None)


def place_of(event):
    return event.topic, event.partition, event.offset


class Recording:
    """The messages, the audit and the final rows, and how to get PostgreSQL's text back from values of theirs."""

    def __init__(self, folder, name):
        self.name = name[:-len(OFF)] if name.endswith(OFF) else name
        self.off = name.endswith(OFF)
        self.original = recording.read(folder, self.name)
        self.messages = [without_schemas(m) for m in self.original] if self.off else self.original
        self.events = read_events(self.messages)
        self.tables = tables(self.events, self.name in SPREAD)
        self.typed = tables(read_events(self.original), self.name in SPREAD) if self.off else self.tables
        with recording.open_data(folder, self.name + '.audit.jsonl') as lines:
            self.audit = [json.loads(line) for line in lines]
        with recording.open_data(folder, self.name + '.final.json') as file:
            self.final = json.load(file)
        self.losses = LOSSES.get(self.name, {})
        self.binary = BINARY.get(self.name, 'bytes')

    def schemaless(self, field):
        return self.off or field is None

    def pg_type(self, table, column):
        """The column's type at the source, of a table that kept its columns."""
        final = self.final[table]
        evolved = self.name in ('rename', 'retype', 'f-schema-evolution', 'f2-schema-evolution-paced')
        return '' if evolved or column not in final['columns'] else final['types'][final['columns'].index(column)]

    def text(self, value, field, table, column, of_view=False):
        """PostgreSQL's text of a value of the program's."""
        if value is None:
            return None
        pg_type = self.pg_type(table, column)
        if self.schemaless(field):
            field = field or assumed(pg_type)
            try:
                if field.type in ('float', 'double') and re.fullmatch(r'-?[0-9.]+E-?[0-9]+', str(value)):
                    value = float(value)  # the number's own text
                raw = value if field.type in ('array', 'struct', 'map') else json.dumps(value)
                value = values.stored(raw, field)
            except (ValueError, TypeError, KeyError):
                return repr(value)
        try:
            convert = values.pg_text_of_view if of_view else values.pg_text
            return convert(value, field, pg_type, self.binary)
        except (ValueError, TypeError, AttributeError, KeyError, OverflowError):
            return f'{value!r}, which is no {field.name or field.type}'

    def left(self, text, column):
        """What Debezium leaves of PostgreSQL's text."""
        lose = self.losses.get(column)
        return lose(text) if lose and text is not None else text

    def same(self, got, text, column, last_known=False):
        """Whether a value given back is the one that PostgreSQL printed; `last_known`: it is from an earlier event."""
        if got is None and text is not None and len(text) > LARGE and \
                column in NULL_FOR_UNCHANGED.get(self.name, ()):
            return True
        if got is None and last_known and self.off and column in DEFAULTED.get(self.name, ()):
            return True
        if last_known and text is not None and (self.name, column) in REWRITTEN and \
                got == re.sub(REWRITTEN[self.name, column], '', text):
            return True
        return got == self.left(text, column)
