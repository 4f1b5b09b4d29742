"""Several tables at once: one of every type, one whose events do not carry old rows, one that is altered meanwhile.
What the history holds is, in PostgreSQL's own text, what PostgreSQL wrote."""
import re
import unittest

import every_type
import pipeline
import sessions
from table_values import pg_moment, pg_text, pg_text_of_view, pg_time

MADE = """
CREATE SCHEMA bank_data;
CREATE TYPE bank_data.mood AS ENUM ('sad', 'ok', 'very happy');
CREATE TABLE bank_data.types (id int PRIMARY KEY, {columns});
ALTER TABLE bank_data.types REPLICA IDENTITY FULL;
CREATE TABLE bank_data.account (bank int, number text, owner text NOT NULL, balance numeric(12,2), note text,
                                PRIMARY KEY (bank, number));
CREATE TABLE bank_data.altered (id int, name text, amount int, at timestamp);
ALTER TABLE bank_data.altered REPLICA IDENTITY FULL;
INSERT INTO bank_data.altered VALUES (1, 'a', 10, '2024-02-29 12:00:00.5'), (2, NULL, NULL, NULL);
"""
ACCOUNTS = """
INSERT INTO bank_data.account VALUES (1, 'a', 'Ann', 0.10, NULL), (1, 'b', 'Bob', -5, repeat('note ', 9000));
INSERT INTO bank_data.account VALUES (2, 'a', '', NULL, '');
UPDATE bank_data.account SET balance = balance + 1 WHERE bank = 1;
UPDATE bank_data.account SET note = 'short', owner = 'Eve' WHERE number = 'b';
UPDATE bank_data.account SET number = 'c' WHERE bank = 2;
BEGIN;
UPDATE bank_data.account SET bank = 3 WHERE number = 'c';
UPDATE bank_data.account SET owner = 'Dan' WHERE bank = 3;
COMMIT;
DELETE FROM bank_data.account WHERE number = 'b';
INSERT INTO bank_data.account VALUES (1, 'b', 'Bob again', 1, NULL);
UPDATE bank_data.account SET balance = NULL;
"""
ALTERATIONS = (
    'ADD COLUMN price numeric(12,4)',
    "ADD COLUMN currency text NOT NULL DEFAULT 'USD'",
    'DROP COLUMN price',
    'RENAME COLUMN name TO title',
    'ALTER COLUMN amount TYPE bigint',
    "ALTER COLUMN at TYPE timestamptz USING at AT TIME ZONE 'UTC'",
    'ALTER COLUMN amount TYPE text',
    'ADD COLUMN seen int DEFAULT 5, ADD COLUMN more int[]',
)


def altered_text(value):
    """A value of `altered`, in whose columns the storage tells the type."""
    if isinstance(value, int) and value > 10**12:
        return pg_moment(value, 'timestamp_us')
    return value if value is None else pg_time(str(value)) if 'T' in str(value) else str(value)


def typed_text(column, value, of_view=False):
    kind = every_type.COLUMNS.get(column, 'integer')
    if kind == 'boolean' and value is not None:
        return 't' if value else 'f'
    return (pg_text_of_view if of_view else pg_text)(value, every_type.TYPES[kind][0], kind)


def padded(column, text):
    """char(n) is sent without its padding."""
    return text.rstrip(' ') if text is not None and every_type.COLUMNS.get(column) == 'character(8)' else text


class Types(pipeline.PipelineTest):
    def make_tables(self):
        columns = ', '.join(f'{name} {kind}' for name, kind in every_type.COLUMNS.items())
        self.sql(MADE.format(columns=columns))
        self.insert_types(0, every_type.rows()[0])
        self.watch('types', 'account', 'altered')

    def insert_types(self, number, row):
        self.sql(f'INSERT INTO bank_data.types VALUES ({number}, {", ".join(map(sessions.literal, row))})')

    def begin(self, **changes):
        self.start_capture(table_include_list='bank_data.types,bank_data.account,bank_data.altered',
                           include_unknown_datatypes='true', interval_handling_mode='string', **changes)
        self.follow('--linger', '20')
        self.wait_for_tables(types=1, altered=2)

    def wait_for_tables(self, **counts):
        for table, count in counts.items():
            self.wait_for(count, pipeline.READ, table)

    def audit(self, table):
        return self.ask('SELECT op, hstore_to_json(old) AS old, hstore_to_json(new) AS new FROM audit.change '
                        f"JOIN audit.transaction USING (xid) WHERE source = '{table}' ORDER BY place, seq")

    def history(self, table):
        """(op, before, after) of each event, {column: stored}."""
        names = [row[1] for row in self.select(f'PRAGMA table_info({table}_history)')]
        sides = [[name for name in names if name.startswith(side)] for side in ('before_', 'after_')]
        rows = self.select(f"SELECT op, {', '.join(sides[0] + sides[1])} FROM {table}_history WHERE op <> 'r' "
                           'ORDER BY change_id')
        width = len(sides[0])
        return [(op, dict(zip((name[7:] for name in sides[0]), values[:width])),
                 dict(zip((name[6:] for name in sides[1]), values[width:]))) for op, *values in rows]

    def test_types(self):
        self.begin()
        rows = every_type.rows()
        for number, row in enumerate(rows, 1):
            self.insert_types(number, row)
        first = ', '.join(f'{name} = {sessions.literal(value)}'
                          for name, value in zip(every_type.COLUMNS, rows[1]))
        self.sql(f'UPDATE bank_data.types SET {first} WHERE id IN (0, {len(rows)}); '
                 'UPDATE bank_data.types SET c0 = NULL; DELETE FROM bank_data.types WHERE id IN (2, 3)')
        audit = self.audit('types')
        self.wait_for(len(audit), table='types')
        values, history = 0, self.history('types')
        self.assertEqual(len(history), len(audit))
        for (op, old, new), (kind, before, after) in zip(audit, history):
            self.assertEqual(op, kind)
            for wanted, got in ((old, before), (new, after)):
                for column, stored in got.items():
                    text = padded(column, wanted and wanted[column])
                    self.assertEqual(typed_text(column, stored), text, (op, column, every_type.COLUMNS.get(column)))
                    values += wanted is not None
        self.check_current()
        print(f'{len(audit)} changes, {len(every_type.TYPES)} types: {values} values equal')

    def check_current(self):
        columns = ['id', *every_type.COLUMNS]
        table = [[padded(column, text[column]) for column in columns] for text, in
                 self.ask('SELECT hstore_to_json(hstore(t)) AS row FROM bank_data.types t ORDER BY id')]
        current = self.select(f'SELECT {", ".join(columns)} FROM types_current ORDER BY id')
        self.assertEqual([[typed_text(*value, of_view=True) for value in zip(columns, row)] for row in current], table)

    def test_default_identity(self):
        self.begin()
        self.sql(ACCOUNTS)
        wanted = []
        for op, old, new in self.audit('account'):
            if op == 'u' and (old['bank'], old['number']) != (new['bank'], new['number']):
                wanted += [('d', old, None), ('c', None, new)]
            else:
                wanted.append((op, old, new))
        self.wait_for(len(wanted), table='account')
        got = [(op, *(texts(row, str) for row in sides)) for op, *sides in self.history('account')]
        self.assertEqual(got, wanted)
        table = [tuple(row) for row in self.ask('SELECT bank, number, owner, balance::text, note '
                                                'FROM bank_data.account ORDER BY 1, 2')]
        self.assertEqual(self.select('SELECT * FROM account_current ORDER BY 1, 2'), table)
        print(f'{len(wanted)} changes without old rows: filled in as they were')

    def test_altered(self):
        self.begin()
        running = sessions.Sessions(self.postgres)
        self.addCleanup(running.close)
        script = []
        for number, alteration in enumerate(ALTERATIONS):
            script += [f"INSERT INTO bank_data.altered (id, amount, at) VALUES ({10 + number}, 7, '2024-03-01');",
                       'BEGIN;', f"UPDATE bank_data.altered SET at = '2025-01-31 10:00:00.00000{number}' WHERE id = 1;",
                       f'ALTER TABLE bank_data.altered {alteration};',
                       f"UPDATE bank_data.altered SET amount = '{number}' WHERE id > 9;", 'COMMIT;',
                       'DELETE FROM bank_data.altered WHERE id = 10;', 'SELECT pg_sleep(0.1);']
        script.append('UPDATE bank_data.altered SET more = ARRAY[id, 7], amount = amount WHERE id < 12;')
        running.start('\n'.join(script))
        number = 1
        while running.busy():
            self.sql(f"INSERT INTO bank_data.account VALUES (9, '{number}', 'meanwhile')")
            number += 1
        self.assertEqual(running.finish(0), 0)
        audit = self.audit('altered')
        self.wait_for(len(audit), table='altered')
        self.wait_for(number - 1, table='account')
        got = [(op, *(texts(row, altered_text) for row in sides)) for op, *sides in self.history('altered')]
        columns = {column for _, *sides in got for row in sides for column in row or ()}

        def whole(row):
            """With all columns there ever were, an array as PostgreSQL writes it."""
            texts = {column: row.get(column) for column in columns} if row else {}
            return {column: text and re.sub(r'^\[(.*)\]$', r'{\1}', text) for column, text in texts.items()}

        self.assertEqual(len(got), len(audit))
        for change, wanted in zip(got, audit):
            self.assertEqual([change[0], *map(whole, change[1:])], [wanted[0], *map(whole, wanted[1:])])
        names = [row[1] for row in self.select('PRAGMA table_info(altered_current)')]
        table = [row for row, in self.ask('SELECT hstore_to_json(hstore(a)) AS row FROM bank_data.altered a '
                                          'ORDER BY id')]
        current = [dict(zip(names, row)) for row in self.select('SELECT * FROM altered_current ORDER BY id')]
        self.assertEqual([whole(texts(row, altered_text)) for row in current], list(map(whole, table)))
        self.assertEqual(names, self.sql(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'bank_data.altered'::regclass AND attnum > 0 "
            'AND NOT attisdropped ORDER BY attnum').split())
        print(f'{len(audit)} changes while the table was altered {len(ALTERATIONS)} times, {number - 1} changes of '
              'another table meanwhile')


def texts(row, text):
    """None for a row whose columns are all NULL: there was none."""
    if all(value is None for value in row.values()):
        return None
    return {column: value if value is None else text(value) for column, value in row.items()}


if __name__ == '__main__':
    unittest.main()
