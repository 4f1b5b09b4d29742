"""What a value of any type looks like: as the history stores it (the contract), and as PostgreSQL prints it, given back
from what is stored. Nothing here reads what the program wrote but to convert it."""
import base64
import collections
import decimal
import json
import re
import struct
import sys

import model

if hasattr(sys, 'set_int_max_str_digits'):
    sys.set_int_max_str_digits(0)  # a numeric has up to 131072 digits

Field = collections.namedtuple('Field', 'type name scale length items default')

UNITS = {
    'io.debezium.time.Date': 'days',
    'io.debezium.time.Timestamp': 'timestamp_ms',
    'io.debezium.time.MicroTimestamp': 'timestamp_us',
    'io.debezium.time.NanoTimestamp': 'timestamp_ns',
    'io.debezium.time.Time': 'time_ms',
    'io.debezium.time.MicroTime': 'time_us',
    'io.debezium.time.NanoTime': 'time_ns',
    'org.apache.kafka.connect.data.Date': 'days',
    'org.apache.kafka.connect.data.Timestamp': 'timestamp_ms',
    'org.apache.kafka.connect.data.Time': 'time_ms',
}
PER_SECOND = {'ms': 10**3, 'us': 10**6, 'ns': 10**9}

# Reading JSON with each member's exact text kept.

BLANK = re.compile(r'[ \t\n\r]*')
DECODER = json.JSONDecoder()


def members(text):
    """{name: value as sent} of the JSON object `text`, or None for null."""
    if text == 'null':
        return None
    found, at = {}, BLANK.match(text, text.index('{') + 1).end()
    while text[at] != '}':
        name, at = DECODER.raw_decode(text, at)
        start = BLANK.match(text, BLANK.match(text, at).end() + 1).end()
        _, end = DECODER.raw_decode(text, start)
        found[name] = text[start:end]
        at = BLANK.match(text, end).end()
        if text[at] == ',':
            at = BLANK.match(text, at + 1).end()
    return found


def fields(schema, name=None):
    """{column: Field} of a struct's schema, or of its member `name`."""
    for field in schema['fields']:
        if name is not None and field['field'] == name:
            return fields(field)
    if name is not None:
        return {}
    return {f['field']: field_of(f) for f in schema['fields']}


def field_of(schema):
    parameters = schema.get('parameters') or {}
    items = field_of(schema['items']) if 'items' in schema else None
    return Field(schema['type'], schema.get('name'), int(parameters.get('scale', 0)),
                 int(parameters.get('length', 0)), items,
                 json.dumps(schema['default']) if 'default' in schema else None)


# Stored values.

def decimal_text(unscaled, scale):
    """Exactly `scale` digits behind the point."""
    number = int.from_bytes(base64.b64decode(unscaled, validate=True), 'big', signed=True)
    digits = str(abs(number) * 10**max(0, -scale)).rjust(max(0, scale) + 1, '0')
    return ('-' if number < 0 else '') + (digits if scale <= 0 else digits[:-scale] + '.' + digits[-scale:])


def real(text):
    """A JSON number that is no integer: REAL where it holds exactly what was sent, else its text."""
    number = float(text)
    if number == 0 and text.lstrip().startswith('-'):
        return text
    return number


def stored(raw, field):
    """What the history holds for a JSON value as sent; `field` is None without schemas."""
    if raw is None or raw == 'null':
        return None
    value = json.loads(raw, parse_float=real, parse_int=int)
    if field is not None and field.name == 'org.apache.kafka.connect.data.Decimal' and field.type == 'bytes':
        return decimal_text(value, field.scale)
    if field is not None and field.name == 'io.debezium.data.VariableScaleDecimal':
        return decimal_text(value['value'], value['scale'])
    if field is not None and field.type == 'bytes':
        return base64.b64decode(value, validate=True)
    if field is not None and field.type in ('float', 'double', 'float32', 'float64'):
        if isinstance(value, str):
            return {'Infinity': float('inf'), '-Infinity': -float('inf')}.get(value, value)
        return float(value) if not isinstance(value, str) else value
    if isinstance(value, (dict, list)):
        return raw
    if isinstance(value, bool):
        return int(value)
    return value


def told(value):
    """A value with its storage class, to compare: 1 is not 1.0 nor '1'."""
    return type(value).__name__, repr(value)


# What stands for a large value that an update left as it was (unavailable.value.placeholder by type).

TEXT = '__debezium_unavailable_value'
PLACEHOLDERS = [json.dumps(TEXT), json.dumps(base64.b64encode(TEXT.encode()).decode()), [TEXT], list(TEXT.encode()),
                ['b68a35a7-17ad-35b3-af2a-ae46edb4545a'], json.dumps(json.dumps({TEXT: TEXT}, separators=(',', ':'))),
                {TEXT: TEXT}]
PLACEHOLDERS = [json.loads(p) if isinstance(p, str) else p for p in PLACEHOLDERS]


def is_placeholder(raw):
    return raw is not None and raw != 'null' and json.loads(raw) in PLACEHOLDERS


# PostgreSQL's own text.

ISO = re.compile(r'(-?)(\d{4,})-(\d\d)-(\d\d)(?:T(\d\d:\d\d:\d\d)(?:\.(\d+))?)?(Z)?( BC)?')
CLOCK = re.compile(r'(\d\d:\d\d:\d\d)(?:\.(\d+))?(Z)?')


def behind_point(digits):
    digits = (digits or '').rstrip('0')
    return '.' + digits if digits else ''


def pg_time(text):
    """A date, time or timestamp in ISO 8601 (the views', or a zoned one as sent) as PostgreSQL prints it."""
    clock = CLOCK.fullmatch(text)
    if clock:
        return clock[1] + behind_point(clock[2]) + ('+00' if clock[3] else '')
    iso = ISO.fullmatch(text)
    if not iso:
        return text
    minus, year, month, day, time, fraction, zone, bc = iso.groups()
    if minus or int(year) == 0:
        year, bc = f'{int(year) + 1:04}', ' BC'
    return (f'{year}-{month}-{day}' + (f' {time}{behind_point(fraction)}' if time else '') +
            ('+00' if zone else '') + (bc or ''))


def pg_moment(value, unit):
    """The same of a stored integer in `unit`."""
    if unit == 'days':
        if value in (2146033979, -2147472691):
            return 'infinity' if value > 0 else '-infinity'
        return pg_time(re.sub(r'T[0-9:.]+', '', model.iso(value * 86400 * 10**6)))
    kind, _, part = unit.partition('_')
    if kind == 'time':
        seconds, fraction = divmod(value, PER_SECOND[part])
        return (f'{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}' +
                behind_point(str(fraction).rjust(len(str(PER_SECOND[part])) - 1, '0')))
    if value in model.INFINITE:
        return model.INFINITE[value]
    return pg_time(model.iso(value * 10**6 // PER_SECOND[part]))


def pg_float(value, single=False):
    """PostgreSQL's shortest text of a float: scientific from 10^6 or 10^15 on."""
    if isinstance(value, str):
        return {'-0.0': '-0'}.get(value, value)
    if value in (float('inf'), -float('inf')):
        return 'Infinity' if value > 0 else '-Infinity'
    shortest = repr(value)
    if single:
        wanted = struct.pack('f', value)
        shortest = next(t for t in (f'{value:.{p}g}' for p in range(1, 17)) if struct.pack('f', float(t)) == wanted)
    sign, digits, exponent = decimal.Decimal(shortest).as_tuple()
    text = ''.join(map(str, digits)).rstrip('0') or '0'
    power = len(digits) + exponent - 1
    if value == 0:
        return '0'
    if power < -4 or power >= (6 if single else 15):
        body = text[0] + ('.' + text[1:] if text[1:] else '') + f'e{"-" if power < 0 else "+"}{abs(power):02}'
    else:
        body = format(abs(decimal.Decimal(shortest)), 'f')
        body = body.rstrip('0').rstrip('.') if '.' in body else body
    return ('-' if sign else '') + body


def pg_array(items, text):
    def element(item):
        if item is None:
            return 'NULL'
        word = text(item)
        if word == '' or word.upper() == 'NULL' or re.search(r'[{}",\\\s]', word):
            return '"' + word.replace('\\', '\\\\').replace('"', '\\"') + '"'
        return word
    return '{' + ','.join(map(element, items)) + '}'


def pg_hstore(pairs):
    def quoted(word):
        return 'NULL' if word is None else '"' + word.replace('\\', '\\\\').replace('"', '\\"') + '"'
    order = sorted(pairs, key=lambda k: (len(k.encode()), k.encode()))
    return ', '.join(f'{quoted(k)}=>{quoted(pairs[k])}' for k in order)


def pg_polygon(wkb):
    """Of its one ring, whose last point is the first again."""
    count, = struct.unpack_from('<I', wkb, 9)
    points = [struct.unpack_from('<dd', wkb, 13 + 16 * i) for i in range(count - 1)]
    return '(' + ','.join(f'({pg_float(x)},{pg_float(y)})' for x, y in points) + ')'


def pg_interval(iso):
    """P1Y2M3DT4H5M6.789S as PostgreSQL prints it."""
    years, months, days, hours, minutes, seconds = re.fullmatch(
        r'P(-?\d+)Y(-?\d+)M(-?\d+)DT(-?\d+)H(-?\d+)M(-?[0-9.]+)S', iso).groups()
    parts = [f'{int(n)} {word}{"" if int(n) == 1 else "s"}'
             for n, word in ((years, 'year'), (months, 'mon'), (days, 'day')) if int(n)]
    micros = (int(hours) * 60 + int(minutes)) * 60 * 10**6 + int(decimal.Decimal(seconds) * 10**6)
    if micros or not parts:
        parts.append(('-' if micros < 0 else '') + pg_moment(abs(micros), 'time_us'))
    return ' '.join(parts)


def pg_money(amount):
    text = f'{decimal.Decimal(amount):,.2f}'
    return '-$' + text[1:] if text.startswith('-') else '$' + text


def pg_text(value, field, pg_type='', binary='bytes'):
    """What PostgreSQL prints for a value that is stored so: by the schema's type (`field`) and, where that is not
    enough, the column's type at the source. `binary` is the connector's binary.handling.mode."""
    if value is None:
        return None
    if field.name in UNITS and isinstance(value, int):
        return pg_moment(value, UNITS[field.name])
    if field.name in ('io.debezium.time.ZonedTimestamp', 'io.debezium.time.ZonedTime'):
        return pg_time(value)
    if field.name == 'io.debezium.time.Interval':
        return pg_interval(value)
    if field.name == 'io.debezium.data.Bits':
        return format(int.from_bytes(value, 'little'), 'b').rjust(
            field.length if not pg_type.startswith('bit varying') else 0, '0') if value or field.length and not \
            pg_type.startswith('bit varying') else ''
    if field.name == 'io.debezium.data.geometry.Point':
        point = json.loads(value)
        return f'({pg_float(float(point["x"]))},{pg_float(float(point["y"]))})'
    if pg_type == 'polygon':
        return pg_polygon(base64.b64decode(json.loads(value)['wkb']))
    if pg_type == 'hstore':
        return pg_hstore(json.loads(value))
    if pg_type == 'money' and isinstance(value, str):
        return pg_money(value)
    if pg_type == 'bytea' and isinstance(value, str):
        return '\\x' + (value if binary == 'hex' else base64.b64decode(value, validate=True).hex())
    if isinstance(value, bytes):
        return '\\x' + value.hex()
    if field.type == 'boolean':
        return str(value) if pg_type == 'bit(1)' else 'true' if value else 'false'
    if field.type == 'array':
        return pg_array(json.loads(value, parse_float=str), lambda item: pg_element(item, field.items, pg_type))
    if field.type in ('float', 'float32'):
        return pg_float(value, single=True)
    if field.type in ('double', 'float64'):
        return pg_float(value)
    if pg_type.startswith('character('):
        return value.rstrip(' ')
    return str(value)


def pg_element(item, field, pg_type):
    if isinstance(item, bool):
        return 't' if item else 'f'
    if field.name in UNITS:
        return pg_moment(item, UNITS[field.name])
    if field.type in ('float', 'double'):
        return pg_float(float(item))
    if field.name == 'org.apache.kafka.connect.data.Decimal':
        return decimal_text(item, field.scale)
    return str(item)


def pg_text_of_view(value, field, pg_type='', binary='bytes'):
    """The same of a value that a view shows: times are spelled out there."""
    if field.name in UNITS and isinstance(value, str):
        return pg_time(value)
    return pg_text(value, field, pg_type, binary)


# What Debezium itself loses: PostgreSQL's text as far as it can be had back. One function a kind of loss.

def shifted_to_utc(text):
    """timetz is sent in UTC; 24:00 stays."""
    clock, sign, zone = re.fullmatch(r'([0-9:.]+)([+-])([0-9:]+)', text).groups()
    hours, minutes, seconds = clock.split(':')
    zone_minutes = int(zone.split(':')[0]) * 60 + int((zone + ':0').split(':')[1])
    total = int(hours) * 60 + int(minutes) - (zone_minutes if sign == '+' else -zone_minutes)
    if zone_minutes:
        total %= 1440
    return f'{total // 60:02}:{total % 60:02}:{seconds}+00'


def as_micros(text):
    """interval as microseconds: a month has 30.4375 days."""
    months = days = micros = 0
    for number, word in re.findall(r'(-?\d+) (year|mon|day)s?', text):
        months += int(number) * {'year': 12, 'mon': 1, 'day': 0}[word]
        days += int(number) if word == 'day' else 0
    clock = re.search(r'(-?)(\d+):(\d\d):(\d\d)(?:\.(\d+))?', text)
    if clock:
        minus, hours, minutes, seconds, fraction = clock.groups()
        micros = ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 10**6 + int((fraction or '').ljust(6, '0'))
        micros = -micros if minus else micros
    whole_days = decimal.Decimal(months) * decimal.Decimal('30.4375') + days
    return str(int(whole_days * 86400 * 10**6) + micros)


def in_millis(text):
    """time.precision.mode=connect: microseconds are cut off."""
    return re.sub(r'(\.\d{3})\d+', lambda m: behind_point(m[1][1:]), text)


def as_double(text):
    """decimal.handling.mode=double: the nearest double; trailing zeros and the currency are gone."""
    return pg_float(float(text.replace('$', '').replace(',', '')))


def without_leading_zeros(text):
    """bit varying: leading zeros, and with them the length."""
    return text.lstrip('0')


def without_trailing_zeros(text):
    """numeric without a scale, sent precisely."""
    return text.rstrip('0').rstrip('.') if '.' in text else text


def without_nan_and_trailing_zeros(text):
    """numeric NaN arrives as null."""
    return None if text == 'NaN' else without_trailing_zeros(text)


def without_host_mask(text):
    """No loss: ::text adds the mask of a single host, PostgreSQL's own output does not have it."""
    return re.sub(r'/(32|128)$', '', text)


def flat_int_array(text):
    """Arrays of two dimensions: the inner arrays are null."""
    return '{NULL,NULL}' if text.startswith('{{') else text


class Anything:
    """Equals everything: what is sent is no function of the value."""

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0

    def __repr__(self):
        return 'anything'


def overflown(text):
    """The year 294276 wraps around."""
    return Anything() if text.startswith('294276') else text


def garbled_text_array(text):
    """Arrays of two dimensions: the address of a Java object."""
    return Anything() if text.startswith('{{') else text
