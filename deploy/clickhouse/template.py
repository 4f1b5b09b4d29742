"""A file of SQL with placeholders in braces, filled in for a table:

{T_x}              the name of one of its tables or views, as {T_history}; {text T_x}: as a text
{topic}, {brokers}, {copy}, {on_cluster}, {replicated}, …  what was given
{each BODY}        BODY for each column, with commas between; {each_key BODY} for those of the key, {each_now BODY} for
                   those that the source has now, {each_identifying BODY}, {each_tracked BODY}; in BODY stand
  {column} {before} {after}                 its name here, and before_ and after_ it; {text before} and so on: as texts
  {name}                                    its name at the source, as a text
  {type}                                    its type here
  {spelled X} {plain X} {ordered X}         the value X for people, as a text, and as something to order by
  {decoded before}                          its value in the decoded event
{if WORD}…{end}    only where it holds, {unless WORD}…{end} only where not
ClickHouse's own parameters, {at:Nullable(String)}, stay."""
import json
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
TYPES = {'integer': 'Int64', 'whole': 'Int64', 'boolean': 'Int64', 'float': 'Float64'}
SENT = {**TYPES, 'variable_decimal': 'Tuple(scale Nullable(Int32), value Nullable(String))'}
TIMES = {'timestamp_ms': (1000, 3), 'timestamp_us': (1000000, 6), 'timestamp_ns': (1000000000, 9),
         'time_ms': (1000, 3), 'time_us': (1000000, 6), 'time_ns': (1000000000, 9)}
# What may stand in JSON for a value of each kind; x.2 is its JSON text. Anything else is rejected.
FITS = {
    'integer': 'cdc_is_integer(x.2)',
    'whole': "cdc_is_integer(x.2) OR x.2 IN ('true', 'false')",
    'boolean': "x.2 IN ('true', 'false')",
    'float': 'cdc_is_float(x.2)',
    'text': "startsWith(x.2, '\"')",
    'decimal': 'cdc_is_base64(x.2) AND length(tryBase64Decode(JSONExtractString(x.2))) BETWEEN 1 AND 31',
    'variable_decimal': "JSONType(x.2, 'scale') = 'Int64' AND JSONExtractInt(x.2, 'scale') BETWEEN -1000 AND 1000 "
                        "AND cdc_is_base64(JSONExtractRaw(x.2, 'value')) "
                        "AND length(tryBase64Decode(JSONExtractString(x.2, 'value'))) BETWEEN 1 AND 31",
    'bytes': 'cdc_is_base64(x.2)',
    'json': 'true',
    'mixed': 'true',
}


# Debezium's default of unavailable.value.placeholder, as it stands in columns of each type: src/missing_value.c.
PLACEHOLDERS = (
    '__debezium_unavailable_value', 'X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==', 'X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ',
    b'__debezium_unavailable_value'.hex(), '["__debezium_unavailable_value"]',
    '["X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="]', '["b68a35a7-17ad-35b3-af2a-ae46edb4545a"]',
    json.dumps(list(b'__debezium_unavailable_value'), separators=(',', ':')),
    '{"__debezium_unavailable_value":"__debezium_unavailable_value"}')


def type_of(column):
    """In the history. Where the source has changed a column's type, its values are texts."""
    return 'String' if column.sent_as else TYPES.get(column.kind, 'String')


def literal(text):
    return "'" + text.replace('\\', '\\\\').replace("'", "\\'") + "'"


def json_text(text):
    """As unavailable has it."""
    return '"' + re.sub(r'[\x00-\x1f]', lambda c: f'\\u{ord(c[0]):04x}', re.sub(r'["\\]', r'\\\g<0>', text)) + '"'


def identifier(name):
    plain = re.fullmatch(r'[A-Za-z_][A-Za-z0-9_]*', name)
    return name if plain else '`' + name.replace('\\', '\\\\').replace('`', '\\`') + '`'


def spelled(column, value):
    if column.sent_as:
        return value
    if column.unit == 'days':
        return f'cdc_days({value})'
    if column.unit in TIMES:
        per_second, digits = TIMES[column.unit]
        if column.unit == 'timestamp_us':
            return f'cdc_local({value})'
        if column.unit.startswith('timestamp'):
            return f"cdc_timestamp({value}, toInt64({per_second}), {digits}, '')"
        return f'cdc_time({value}, {per_second}, {digits})'
    return f'lower(hex({value}))' if column.kind == 'bytes' else value


def plain(column, value):
    if column.kind == 'bytes' and not column.sent_as:
        return f"concat('\\\\x', lower(hex({value})))"
    text = spelled(column, value)
    return f'toString({text})' if type_of(column) != 'String' and text == value else text


def ordered(column, value):
    """As SQLite orders: NULL first, NaN, which is a text there, last."""
    return f'isNaN({value}) NULLS FIRST, {value} NULLS FIRST' if type_of(column) == 'Float64' else f'{value} NULLS FIRST'


def decoded(column, side):
    value = decoded_value(column, side)
    return f'toString({value})' if column.sent_as else value


def decoded_value(column, side):
    name = literal(column.name)
    value = f"tupleElement(event.{side}, {name})"
    if column.kind in ('json', 'mixed'):
        raw = f"cdc_raw(value, '{side}', {name})"
        return f'cdc_text_of({raw})' if column.kind == 'mixed' else raw
    if column.kind == 'decimal':
        return f'cdc_decimal({value}, {column.scale})'
    if column.kind == 'variable_decimal':
        return f'cdc_decimal({value}.value, {value}.scale)'
    return f'tryBase64Decode({value})' if column.kind == 'bytes' else value


def field(column, value):
    """As plain, but of bytes the digits alone."""
    text = spelled(column, value)
    return f'toString({text})' if type_of(column) != 'String' and text == value else text


def is_placeholder(column, value):
    return 'false' if type_of(column) != 'String' else f"ifNull({value} IN ({', '.join(map(literal, PLACEHOLDERS))}), false)"


# What stands for a column in a template, with what is behind the word.
VALUES = {
    'spelled': spelled, 'plain': plain, 'field': field, 'ordered': ordered, 'decoded': decoded,
    'is_placeholder': is_placeholder, 'is_key': lambda column, _: 'true' if column.key else 'false',
    'name': lambda column, _: literal(column.name),
    'type': lambda column, _: f'Nullable({type_of(column)})',
}
PLACEHOLDER = re.compile(r'\{(?=[A-Za-z_]+[\s}])')


def group_end(text, start):
    """Behind the brace that closes the one at start."""
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] == '{') - (text[at] == '}')
        if depth == 0:
            return at + 1
    raise ValueError('a brace is not closed: ' + text[start:start + 60])


class Template:
    def __init__(self, table, given):
        self.table = table
        self.given = given  # the words, and what they stand for

    def columns(self, loop):
        columns = self.table.columns
        now = sorted((c for c in columns if c.place is not None), key=lambda c: c.place)
        keys = [c for c in columns if c.key]
        return {'each': columns, 'each_now': now, 'each_key': keys, 'each_telling': keys or now,
                'each_ever': now + [c for c in columns if c.place is None],
                'each_identifying': [c for c in columns if c.identifying],
                'each_tracked': [c for c in columns if c.tracked]}[loop]

    def chosen(self, text):
        """{if WORD} and {unless WORD}, which do not stand in one another."""
        def choose(found):
            return found[3] if bool(self.given.get(found[2])) == (found[1] == 'if') else ''
        return re.sub(r'\{(if|unless) (\w+)\}\n?(.*?)\{end\}\n?', choose, text, flags=re.S)

    def fill(self, text):
        return self.walk(self.chosen(text), None)

    def walk(self, text, column):
        out, at = [], 0
        while found := PLACEHOLDER.search(text, at):
            out.append(text[at:found.start()])
            at = group_end(text, found.start())
            word, rest = re.fullmatch(r'(\w+)\s?(.*)', text[found.start() + 1:at - 1], re.S).groups()
            out.append(self.word(word, rest, column))
        return ''.join(out) + text[at:]

    def word(self, word, rest, column):
        if word.startswith('each'):
            return ', '.join(self.walk(rest, (nth, c)) for nth, c in enumerate(self.columns(word), 1))
        if word == 'text':
            return literal(self.name(rest, column))
        if word == 'json':
            return literal(json_text(self.name(rest, column)))
        if word == 'rows':
            with open(os.path.join(HERE, 'rows.sql'), encoding='utf-8') as file:
                return self.fill(file.read().strip().replace('{condition}', rest))
        if word in self.given:
            return str(self.given[word])
        if word.startswith('T') or not column:
            return identifier(self.name(word, None))
        nth, column = column
        if word == 'nth':
            return str(nth)
        if word == 'now':
            return str(self.columns('each_now').index(column) + 1)
        if word in VALUES:
            return VALUES[word](column, self.walk(rest, (nth, column)))
        return identifier(self.name(word, (nth, column)))

    def name(self, word, column):
        if word.startswith('T'):
            return self.table.name + word[1:]
        if not column:
            raise KeyError(f'{{{word}}} stands for nothing here')
        name = column[1].column_name
        return {'column': name, **{side: f'{side}_{name}' for side in ('before', 'after', 'old', 'new')},
                # the last three of T_versions are its own
                'version': name + ('_2' if name.lower() in ('valid_from', 'valid_to', 'change_id') else '')}[word]


def sent_type(column):
    known = SENT.get(column.kind, 'String')
    return known if 'Tuple' in known else f'Nullable({known})'


def of_events(table):
    """The words of decode.sql: how an event is read, and of x, a member's name and its JSON text, whether the history
    has a column for it that holds it."""
    image = 'Tuple(' + ', '.join(f'{identifier(c.name)} {sent_type(c)}' for c in table.columns) + ')'
    event = (f'Tuple(op String, before {image}, after {image}, source Tuple(connector Nullable(String), '
             'ts_ms Nullable(Int64), ts_us Nullable(Int64), lsn Nullable(Int64), txId Nullable(Int64)))')
    kinds = {}
    for column in table.columns:
        kinds.setdefault(column.kind, []).append(literal(column.name))
    fits = ',\n               '.join(f"x.1 IN ({', '.join(names)}), x.2 = 'null' OR {FITS[kind]}"
                                     for kind, names in kinds.items())
    raw = [f"cdc_is_raw(text, payload, '{side}', {literal(c.name)})" for c in table.columns
           if c.kind in ('json', 'mixed') for side in ('before', 'after')]
    retyped = ', '.join(f'({literal(c.name)}, {literal(c.sent_as)})' for c in table.columns if c.sent_as)
    return {'retyped': retyped and f"arrayAll(c -> cdc_sent_as(text, c.1) IN ('', c.2), [{retyped}])" or 'true',
            'event_type': event, 'event_type_text': literal(event), 'fits': fits, 'read_raw': ' AND '.join(raw) or 'true'}
