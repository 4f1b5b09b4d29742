"""PostgreSQL's types: how each is declared, how Debezium sends it (type and semantic name of the schema, scale, length,
items), and literals of it. Literals whose text Debezium does not keep (docs/events.md) are not among them."""
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'recordings'))

from table_values import Field  # noqa: E402

DECIMAL, VARIABLE = 'org.apache.kafka.connect.data.Decimal', 'io.debezium.data.VariableScaleDecimal'
TIME = 'io.debezium.time.'


def sent(kind, name=None, scale=0, length=0, items=None):
    return Field(kind, name, scale, length, items, None)


STRING = sent('string')
MONEY = sent('bytes', DECIMAL, 2)
MICROS = sent('int64', TIME + 'MicroTimestamp')

TYPES = {
    'smallint': (sent('int16'), '-32768', '0', '32767'),
    'integer': (sent('int32'), '-2147483648', '0', '2147483647'),
    'bigint': (sent('int64'), '-9223372036854775808', '9007199254740993', '9223372036854775807'),
    'oid': (sent('int64'), '0', '4294967295'),
    'real': (sent('float'), '0.1', '-0', '16777216', '3.4028235e38', '1e-45', 'NaN', 'Infinity', '-Infinity'),
    'double precision': (sent('double'), '0.1', '-0', '9007199254740993', '1.7976931348623157e308', '5e-324', 'NaN',
                         'Infinity', '-Infinity'),
    'numeric(10,2)': (sent('bytes', DECIMAL, 2), '12345678.90', '-99999999.99', '0.00', '-0.01', '1.10'),
    'numeric': (sent('struct', VARIABLE), '123456789012345678901234567890.123456789', '-0.000000000000000000001',
                '1e50', '0'),
    'boolean': (sent('boolean'), 'true', 'false'),
    'character(8)': (STRING, 'ab', ''),
    'character varying(20)': (STRING, 'vc', '', 'ünïcødé 😀'),
    'text': (STRING, 'text', '', 'q"b\\s\n\t\x01\x7f\u2028', '__debezium_unavailable_value', 'Ω' * 40000),
    'bytea': (sent('bytes'), r'\x00ff10', r'\x', r'\xdeadbeef'),
    'date': (sent('int32', TIME + 'Date'), '2024-02-29', '0001-01-01', '9999-12-31', '1969-12-31', 'infinity',
             '-infinity'),
    'time without time zone': (sent('int64', TIME + 'MicroTime'), '12:34:56.789012', '00:00:00', '23:59:59.999999'),
    'time(3) without time zone': (sent('int32', TIME + 'Time'), '12:34:56.789', '00:00:00', '23:59:59.999'),
    'time with time zone': (sent('string', TIME + 'ZonedTime'), '12:34:56.789012+00', '00:00:00+00'),
    'timestamp(3) without time zone': (sent('int64', TIME + 'Timestamp'), '2024-02-29 12:34:56.789',
                                       '1969-12-31 23:59:59.999', '9999-12-31 23:59:59.999'),
    'timestamp without time zone': (MICROS, '2024-02-29 12:34:56.789012', '1969-12-31 23:59:59.999999', '0001-01-01',
                                    '9999-12-31 23:59:59.999999', 'infinity', '-infinity'),
    'timestamp with time zone': (sent('string', TIME + 'ZonedTimestamp'), '2024-02-29 12:34:56.789012+02',
                                 '1969-12-31 23:59:59.999999Z', '9999-12-31 23:59:59Z', 'infinity', '-infinity'),
    'interval': (sent('string', TIME + 'Interval'), '1 year 2 months 3 days 04:05:06.789', '0', '9999 years'),
    'uuid': (STRING, '0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9', '00000000-0000-0000-0000-000000000000'),
    'json': (STRING, '{"a": 1,  "b":[1,2]}', 'null', '[]'),
    'jsonb': (STRING, '{"b":[1,2],"a":1}', 'null', '{"big": 12345678901234567890.5, "u": "\\u00e9"}'),
    'xml': (STRING, '<a b="c">d</a>', ''),
    'inet': (STRING, '10.0.0.1/8', '::1', '255.255.255.255'),
    'cidr': (STRING, '10.0.0.0/8', '::/0'),
    'macaddr': (STRING, '08:00:2b:01:02:03', 'ff:ff:ff:ff:ff:ff'),
    'integer[]': (sent('array', items=sent('int32')), '{1,null,-3}', '{}', '{2147483647}'),
    'text[]': (sent('array', items=STRING), '{a,"b,c",null,"q\\"q"}', '{}', '{"",NULL,"NULL","😀"}'),
    'boolean[]': (sent('array', items=sent('boolean')), '{t,f,null}', '{}'),
    'bank_data.mood': (STRING, 'sad', 'very happy'),
    'hstore': (sent('string'), 'k=>v, n=>null, "a b"=>"c\\"d"', '', 'x=>1'),
    'money': (MONEY, '1234.56', '-92233720368547758.08', '0'),
    'bit(1)': (sent('boolean'), '1', '0'),
    'bit(8)': (sent('bytes', 'io.debezium.data.Bits', 0, 8), '10101010', '00000000', '11111111'),
    'bit varying(12)': (sent('bytes', 'io.debezium.data.Bits', 0, 12), '101', '', '111111111111'),
    'point': (sent('struct', 'io.debezium.data.geometry.Point'), '(1.5,-2.5)', '(0,0)', '(1e300,-1e-300)'),
    'int4range': (STRING, '[1,5)', 'empty', '(,)'),
    'tsvector': (STRING, 'fat cat', '', 'a:1A b:2'),
}
COLUMNS = {f'c{place}': kind for place, kind in enumerate(TYPES)}


def rows():
    """As many rows as a type has literals at most, each a list of literals; the last one has NULLs alone."""
    most = max(len(given) for given in TYPES.values()) - 1
    return [[given[1 + number % (len(given) - 1)] for given in TYPES.values()] for number in range(most)] + \
        [[None] * len(TYPES)]
