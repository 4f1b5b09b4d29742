"""A history of recordings is damaged behind its back, in one place at a time: `cdclite verify` must name each."""
import json
import os
import re
import shutil
import sqlite3
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'recordings'))

import recording  # noqa: E402
from harness import Checks, Place, arguments  # noqa: E402

RECORDINGS = (('m-crash-duplicates', ''), ('c-pk-default-identity', 'tables'), ('resnap', 'tables'),
              ('toast-noschema', 'tables'), ('g-transactions-heartbeat-messages', 'tables'))
NEVER_SEEN = os.path.join(HERE, '..', 'cases', 'update-of-row-never-seen', 'input.jsonl')
BROKEN = b'{"op":"c"}\n{"op":\n{"payload":{"op":"x"}}\n'
TOPIC = 'bankserver1.bank_data.holding'
FILES = ('history.db', 'output_data.txt', 'position.txt')
MOST_FINDINGS = 60


class History:
    """A place with a clean history, and a copy to go back to."""

    def __init__(self, checks, given, place):
        self.checks, self.place = checks, place
        self.broken = 0
        seen = set()
        for name, folder in RECORDINGS:
            messages = [message for message in recording.read(os.path.join(given.data, folder), name)
                        if message.topic not in seen]
            seen |= {message.topic for message in messages}
            place.write(name, recording.joined(messages, recording.recorded_line))
        words = ['--text', f'position={place.path("position.txt")}']
        for name, _ in RECORDINGS:
            for part in ('2000', '1500', '9999') if name == RECORDINGS[0][0] else ('9999',):
                self.load(name, *words, '--max-messages', part)
        shutil.copy(NEVER_SEEN, place.path('never_seen.jsonl'))
        self.load('never_seen.jsonl')
        place.write('broken.jsonl', BROKEN)
        self.load('broken.jsonl')
        place.write('broken.jsonl', BROKEN * 2)
        self.load('broken.jsonl')
        for name in FILES:
            shutil.copy(place.path(name), place.path(name + '.kept'))

    def load(self, name, *words):
        done = self.place.load(name, *words)
        self.checks.check(f'loads {name}', done.returncode == 0, done.stderr)

    def restore(self):
        for name in os.listdir(self.place.folder.name):
            if name.startswith(FILES) and not name.endswith('.kept'):
                os.remove(self.place.path(name))
        for name in FILES:
            shutil.copy(self.place.path(name + '.kept'), self.place.path(name))

    def value(self, sql, *values):
        (value,), = self.place.rows(sql, *values)
        return value

    def run(self, *statements):
        """Writes to the database, the triggers away meanwhile."""
        db = sqlite3.connect(self.place.db, isolation_level=None)
        db.execute('PRAGMA synchronous = OFF')
        triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        db.execute('BEGIN')
        for name, _ in triggers:
            db.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            db.execute(statement)
        for _, sql in triggers:
            db.execute(sql)
        db.execute('COMMIT')
        db.close()

    def schema(self, *statements):
        """Writes to the database as it is."""
        db = sqlite3.connect(self.place.db)
        db.execute('PRAGMA synchronous = OFF')
        for statement in statements:
            db.execute(statement)
        db.commit()
        db.close()

    def edit(self, name, change):
        """Gives the file's bytes to `change` and writes what it makes of them."""
        with open(self.place.path(name), 'rb') as file:
            content = change(bytearray(file.read()))
        self.place.write(name, bytes(content))

    def verify(self):
        done = self.place.run('verify', '--db', self.place.db, '--format', 'json')
        if done.returncode not in (0, 1):
            return done, None
        return done, [(f['check'], f['where'], f['what']) for f in json.loads(done.stdout)['findings']]

    def found(self, name, damage, *wanted):
        """After `damage` there is a finding for each of wanted: check, where, and what as regular expressions."""
        self.restore()
        damage()
        done, findings = self.verify()
        checks = self.checks
        if not checks.check(f'{name}: exit code 1', done.returncode == 1, f'{done.returncode} {done.stderr}'):
            return
        for check, where, what in wanted:
            checks.check(f'{name}: {check}, {where}: {what}',
                         any(f[0] == check and re.search(where, f[1]) and re.search(what, f[2]) for f in findings),
                         str(findings)[:2000])
        checks.check(f'{name}: not told at length', len(findings) <= MOST_FINDINGS, len(findings))

    def not_found(self, name, damage):
        self.restore()
        damage()
        done, findings = self.verify()
        self.checks.equal(f'{name}: no finding', (done.returncode, findings), (0, []))

    def refused(self, name, damage, says):
        self.restore()
        damage()
        done, _ = self.verify()
        self.checks.check(f'{name}: exit code 4', done.returncode == 4 and done.stdout == b'' and says in done.stderr,
                          f'{done.returncode} {done.stderr}')


def flipped(at):
    def change(content):
        content[at] ^= 1
        return content
    return change


def texts(history):
    text = history.place.text
    size = os.path.getsize(text)
    with open(text, 'rb') as file:
        content = file.read()
    for at in (0, 1, 70000, 1 << 16, size // 2, size - 1):
        line = content[:at].count(b'\n') + 1
        history.found(f'a byte of the text at {at} flipped', lambda at=at: history.edit('output_data.txt', flipped(at)),
                      ('text', 'output_data.txt', f'differs from the history at byte {at}, line {line}:'))
    history.found('a byte of the other text', lambda: history.edit('position.txt', flipped(150)),
                  ('text', 'position.txt', 'at byte 150, line 2:'))
    for cut in (1, 5000, size):
        history.found(f'{cut} bytes of the text cut off',
                      lambda cut=cut: history.edit('output_data.txt', lambda content: content[:len(content) - cut]),
                      ('text', 'output_data.txt', f'has {size - cut} bytes of the {size}'))
    history.found('the text removed', lambda: os.remove(text), ('text', 'output_data.txt', 'No such file.*next load'))
    history.found('a line appended to the text', lambda: history.edit('output_data.txt', lambda c: c + b'1,2,x\n'),
                  ('text', 'output_data.txt', 'has 6 bytes behind'))
    history.found('lines exchanged',
                  lambda: history.edit('output_data.txt', lambda c: b'\n'.join(
                      (lambda lines: lines[:5] + [lines[6], lines[5]] + lines[7:])(bytes(c).split(b'\n')))),
                  ('text', 'output_data.txt', 'line 6:'))
    history.found('committed_length smaller',
                  lambda: history.run("UPDATE text_log SET committed_length = committed_length - 9 WHERE name = 'holding'"),
                  ('text', 'output_data.txt', 'gives more than'))
    history.found('committed_length larger, and the file too',
                  lambda: (history.edit('output_data.txt', lambda c: c + b'123456789'), history.run(
                      "UPDATE text_log SET committed_length = committed_length + 9 WHERE name = 'holding'")),
                  ('text', 'output_data.txt', f'gives only {size} of the {size + 9}'))
    history.found('through_change_id smaller',
                  lambda: history.run("UPDATE text_log SET through_change_id = 100 WHERE name = 'holding'"),
                  ('text', 'output_data.txt', 'gives only'))


def rows(history):
    last = history.value('SELECT max(last_change_id) FROM batch')
    count = history.value('SELECT count(*) FROM holding_history')
    middle = history.value('SELECT max(change_id) FROM holding_history') // 2
    for change in (1, middle, last):
        history.restore()
        table = [name for name, in history.place.rows('SELECT name FROM captured_table')
                 if history.value(f'SELECT count(*) FROM "{name}_history" WHERE change_id = {change}')][0]
        before = history.value(f'SELECT count(*) FROM "{table}_history"')
        history.found(f'row {change} removed',
                      lambda: history.run(f'DELETE FROM "{table}_history" WHERE change_id = {change}'),
                      ('changes', 'change_id', f'^change {change} is in no history'),
                      ('changes', f'^{table}_history$', f'has {before - 1} rows, but .*= {before}'))
    history.found('many rows removed', lambda: history.run(f'DELETE FROM holding_history WHERE change_id BETWEEN 11 AND 1020'),
                  ('changes', 'change_id', '^changes 11 to 1020 are in no history'),
                  ('changes', '^holding_history$', f'has {count - 1010} rows'), ('text', 'output_data.txt', 'differs'))
    history.found('a row removed and all counts and the text made to fit', lambda: history.run(
        f'DELETE FROM account_history WHERE change_id = (SELECT min(change_id) FROM account_history)',
        "UPDATE captured_table SET changes = changes - 1 WHERE name = 'account'"),
                  ('changes', 'change_id', 'is in no history'), ('changes', '^batch ', 'says changes = '))
    history.found('a row added', lambda: history.run(
        f"INSERT INTO holding_history(change_id, op, changed_at) VALUES({last + 1}, 'c', 1)"),
                  ('changes', '^batch$', f'none says when changes {last + 1} to {last + 1} were'),
                  ('changes', '^holding_history$', f'has {count + 1} rows'))
    history.found('a row moved to another table', lambda: history.run(
        f'INSERT INTO account_history(change_id, op, changed_at, lsn, tx_id, kafka_partition, kafka_offset) SELECT '
        f'change_id, op, changed_at, lsn, tx_id, kafka_partition, 99 FROM holding_history WHERE change_id = {middle}',
        f'DELETE FROM holding_history WHERE change_id = {middle}'),
                  ('changes', '^account_history$', 'rows, but captured_table'),
                  ('changes', '^holding_history$', f'has {count - 1} rows'))
    history.found('a row that stands in two tables', lambda: history.run(
        f'INSERT INTO account_history(change_id, op, changed_at, lsn, tx_id, kafka_partition, kafka_offset) SELECT '
        f'change_id, op, changed_at, lsn, tx_id, kafka_partition, 99 FROM holding_history WHERE change_id = {middle}'),
                  ('changes', '_history$', f'change {middle} stands in .* too'))

    def change(sets, where=middle, table='holding'):
        return lambda: history.run(f'UPDATE {table}_history SET {sets} WHERE change_id = {where}')
    history.found('a tracked value changed', change("after_holding_stock = 'XXXX'", "(SELECT max(change_id) FROM "
                  "holding_history WHERE op = 'u' AND before_holding_stock <> after_holding_stock)"),
                  ('text', 'output_data.txt', 'differs'))
    history.found('an operation changed', change("op = iif(op = 'u', 'c', 'u')"), ('text', 'output_data.txt', 'differs'))
    history.found('no operation', change("op = 'z'"), ('changes', 'holding_history', f"change {middle} has op 'z'"))
    history.found('a commit time changed', change('changed_at = 7'), ('changes', '^batch ', 'says changed_at .*7 to'))
    history.found('an LSN far off', change('lsn = 9000000000000'), ('changes', '^batch ', 'says lsn'),
                  ('changes', 'holding_history', 'greatest_lsn of run'))
    history.found('a transaction far off', change('tx_id = 1'), ('changes', '^batch ', 'says tx_id .*have 1 to'))
    history.found('an offset raised', change('kafka_offset = kafka_offset + 100'),
                  ('changes', 'holding_history', f'not behind change {middle} at'))
    history.found('an offset that another has', change('kafka_offset = kafka_offset - 1'),
                  ('changes', 'holding_history', 'not behind|too$'))
    history.found('the last offset beyond the position',
                  change('kafka_offset = 1000000', '(SELECT max(change_id) FROM holding_history)'),
                  ('changes', f'{TOPIC}, partition 0', 'the event at 1000000: it would be loaded again'))
    history.found('another partition', change('kafka_partition = 3'),
                  ('changes', 'holding_history', 'partition 3, of which connector_run knows nothing'))
    # What no text tells and no sum holds is not found: SQLite has no checksums of its pages.
    history.not_found('an untracked value of a table without text', change('before_datetime_created = 7'))


def counts(history):
    place, last = history.place, history.value('SELECT max(batch_id) FROM batch')
    with_changes = history.value('SELECT max(batch_id) FROM batch WHERE changes > 0')
    history.found('captured_table.changes', lambda: history.run("UPDATE captured_table SET changes = 5 WHERE name = 'account'"),
                  ('changes', '^account_history$', 'captured_table says changes = 5'))
    history.found('the first batch removed', lambda: history.run('DELETE FROM batch WHERE batch_id = 1'),
                  ('changes', '^batch 2$', 'follows batch 0'), ('changes', '^batch 2$', 'begins with change'),
                  ('changes', '^batch$', 'none says when changes 1 to'))
    history.found('a batch removed', lambda: history.run('DELETE FROM batch WHERE batch_id = 2'),
                  ('changes', '^batch 3$', 'follows batch 1'), ('changes', '^batch$', 'none says when'))
    history.found('the last batch removed', lambda: history.run(f'DELETE FROM batch WHERE batch_id = {last}'),
                  ('counts', '^rejected_event$', f'of batch {last}, which is not there'))
    history.found('the last batch with changes removed', lambda: history.run(f'DELETE FROM batch WHERE batch_id = {with_changes}'),
                  ('changes', '^batch$', 'none says when'))
    for column, value in (('first_change_id', 'first_change_id + 1'), ('last_change_id', 'last_change_id - 1'),
                          ('changes', 'changes + 1'), ('changes', '0')):
        history.found(f'batch.{column} = {value}', lambda: history.run(f'UPDATE batch SET {column} = {value} WHERE batch_id = 2'),
                      ('changes', '^batch 2$', 'says changes|begins with'))
    for column in ('changed_at', 'lsn', 'tx_id'):
        for side, by in (('least', '- 1'), ('least', '+ 1'), ('greatest', '+ 1'), ('greatest', '- 1')):
            history.found(f'batch.{side}_{column} {by}', lambda: history.run(
                f'UPDATE batch SET {side}_{column} = {side}_{column} {by} WHERE batch_id = 2'),
                          ('changes', '^batch 2$', f'says {column} '))
    history.found('batch.least_lsn without a value', lambda: history.run(
        'UPDATE batch SET least_lsn = NULL, greatest_lsn = NULL WHERE batch_id = 2'), ('changes', '^batch 2$', 'says lsn'))
    history.found('a time of a batch', lambda: history.run('UPDATE batch SET loaded_at = loaded_at + 1 WHERE batch_id = 1'),
                  ('text', 'output_data.txt', 'differs'))
    rejected = place.rows('SELECT rejected_id, batch_id FROM rejected_event')
    for number, batch in (rejected[0], rejected[-1]):
        history.found(f'rejected event {number} removed',
                      lambda: history.run(f'DELETE FROM rejected_event WHERE rejected_id = {number}'),
                      ('counts', f'^batch {batch}$', 'says rejected = 3, but rejected_event has 2'))
    history.found('a rejected event twice', lambda: history.run(
        'INSERT INTO rejected_event SELECT 999, batch_id, topic, partition, "offset", reason, "key", value, value_size,'
        ' value_hash, timestamp_ms, run_id, old_key, new_key FROM rejected_event WHERE rejected_id = 1'),
                  ('changes', 'broken.jsonl, partition 0', 'stands 2 times in rejected_event'),
                  ('counts', '^batch ', 'says rejected'))
    history.found('a retried event that was none', lambda: history.run('INSERT INTO retried_event VALUES(999, 1)'),
                  ('counts', '^retried_event$', 'row 999 is of no rejected event'))
    history.found('a retried event that was not stored', lambda: history.run(
        'INSERT INTO retried_event VALUES(1, 999)'), ('counts', '^retried_event$', 'row 1 is of no rejected event'))
    total = history.value('SELECT count(*) FROM redelivered_event')
    history.checks.check('events were re-delivered', total > 400, total)
    history.found('a re-delivered event removed', lambda: history.run('DELETE FROM redelivered_event WHERE rowid = 7'),
                  ('counts', '^redelivered_event$', f'has {total - 1} rows, but .* {total}'))
    history.found('a re-delivery of no change', lambda: history.run('UPDATE redelivered_event SET change_id = 99999 WHERE rowid = 7'),
                  ('changes', '^redelivered_event$', 'change 99999, which is in no history'))
    history.found('a re-delivery of another table', lambda: history.run(
        'UPDATE redelivered_event SET change_id = (SELECT min(change_id) FROM account_history) WHERE rowid = 7'),
                  ('changes', '^redelivered_event$', 'as one of another table than account_history'))
    history.found('a re-delivery at a change\'s offset', lambda: history.run(
        'UPDATE redelivered_event SET "offset" = 10 WHERE rowid = 7'),
                  ('changes', f'^{TOPIC}, partition 0$', '^change 11 and 0 others are events that .* has too'),
                  ('counts', '^redelivered_event$', 'offset 10 of .* begins at'))
    history.found('a re-delivery of another partition', lambda: history.run(
        'UPDATE redelivered_event SET partition = 9 WHERE rowid = 7'),
                  ('counts', '^redelivered_event$', 'is of another partition'),
                  ('changes', f'^{TOPIC}, partition 9$', 'position has no row'))


def positions(history):
    def position(sets):
        return lambda: history.run(f"UPDATE position SET {sets} WHERE topic = '{TOPIC}'")
    where = f'^{TOPIC}, partition 0$'
    history.found('a position raised', position('next_offset = next_offset + 1'), ('changes', where, 'next_offset is 5019'))
    history.found('a position lowered', position('next_offset = next_offset - 1'), ('changes', where, 'next_offset is 5017'))
    history.found('a position lowered with its anchor',
                  position('next_offset = next_offset - 100, anchor_offset = anchor_offset - 100'),
                  ('changes', where, 'is the event at .*loaded again'))
    history.found('a position removed', lambda: history.run(f"DELETE FROM position WHERE topic = '{TOPIC}'"),
                  ('changes', where, 'position has no row for it'))
    history.found('the position of what was only rejected removed',
                  lambda: history.run("DELETE FROM position WHERE topic LIKE '%broken.jsonl'"),
                  ('changes', 'broken.jsonl, partition 0', 'position has no row for it, but rejected_event'))
    history.found('the position of what was only rejected lowered',
                  lambda: history.run("UPDATE position SET next_offset = 4, anchor_offset = 3 WHERE topic LIKE '%broken.jsonl'"),
                  ('changes', 'broken.jsonl, partition 0', 'rejected_event holds the event at'))
    history.found('a position set back, and loaded from again', lambda: (
        position('next_offset = 3000, anchor_offset = -1')(), history.load(RECORDINGS[0][0])),
                  ('changes', '^(holding_history|' + TOPIC + ')', 'not behind|has too$'))
    history.found('a run removed', lambda: history.run('DELETE FROM redelivered_event',
                  'UPDATE batch SET redelivered = 0', "DELETE FROM connector_run WHERE run = 1"),
                  ('changes', '^holding_history$', 'is of no run in connector_run'))
    history.found('a run that others refer to removed', lambda: history.run(
        'DELETE FROM connector_run WHERE run = (SELECT max(run) FROM redelivered_event)'),
                  ('file', '^redelivered_event$', 'refers to a row of connector_run that is not there'))
    history.found('greatest_lsn of a run lowered', lambda: history.run('UPDATE connector_run SET greatest_lsn = 5 WHERE run = 1'),
                  ('changes', '^holding_history$', 'greatest_lsn of run 1 is below change'))
    history.found('the beginning of a run', lambda: history.run('UPDATE connector_run SET first_offset = 99999 WHERE run = 1'),
                  ('changes', '^holding_history$', 'run 1 begins at offset 99999'))
    history.found('a run yet to begin', lambda: history.run('UPDATE connector_run SET first_change_id = 99999 WHERE run = 1'),
                  ('counts', '^connector_run$', 'change 99999, which is yet to come'))


def references(history):
    for table, column in (('row_state', 'change_id'), ('source_snapshot', 'last_change_id'), ('unknown_value', 'change_id')):
        if not history.checks.check(f'there is a {table}', history.value(f'SELECT count(*) FROM {table}') > 0):
            continue
        history.found(f'{table} of no change',
                      lambda: history.run(f'UPDATE {table} SET {column} = 88888 WHERE {column} = (SELECT max({column}) FROM {table})'),
                      ('changes', f'^{table}$', 'change 88888, which is in no history'))
    history.found('row_state of another table', lambda: history.run(
        'UPDATE row_state SET change_id = 1 WHERE change_id = (SELECT max(change_id) FROM row_state)'),
                  ('changes', '^row_state$', 'change 1 as one of another table'))
    history.found('a value unknown that was carried', lambda: history.run(
        'UPDATE unknown_value SET change_id = 1 WHERE change_id = (SELECT max(change_id) FROM unknown_value)'),
                  ('changes', '^unknown_value$', 'change 1 of holding_history, whose event carried all'))
    history.found('a snapshot of changes', lambda: history.run(
        'UPDATE source_snapshot SET last_change_id = (SELECT max(change_id) FROM holding_history) WHERE table_id = 1'),
                  ('changes', '^source_snapshot$', 'which is no snapshot read'))
    history.found('a table removed from captured_table', lambda: history.run("DELETE FROM captured_table WHERE name = 'account'"),
                  ('file', '^captured_column$', 'refers to a row of captured_table'),
                  ('changes', 'change_id', 'in no history'))


def schema(history):
    triggers = history.place.rows("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'holding_history'")
    history.checks.equal('three triggers a table', len(triggers), 3)
    for name, sql in triggers:
        history.found(f'{name} dropped', lambda: history.schema(f'DROP TRIGGER {name}'),
                      ('schema', f'^{name}$', 'not there; what belongs there: CREATE TRIGGER'))
        for label, altered in (('WHEN 0', sql.replace('\nBEGIN', '\nWHEN 0 BEGIN')),
                               ('IGNORE', re.sub(r'raise\(\w+, .*?\)', 'raise(IGNORE)', sql)),
                               ('of a column', sql.replace('BEFORE UPDATE', 'BEFORE UPDATE OF lsn')),
                               ('later', sql.replace('BEFORE', 'AFTER'))):
            if altered == sql:
                continue
            history.found(f'{name} altered: {label}', lambda: history.schema(f'DROP TRIGGER {name}', altered),
                          ('schema', f'^{name}$', 'was altered; what belongs there: CREATE TRIGGER'))
    history.found('a trigger of another', lambda: history.schema(
        "CREATE TRIGGER mine AFTER INSERT ON holding_history BEGIN DELETE FROM position; END"),
                  ('schema', '^mine$', "a trigger on holding_history that is not cdclite's"))
    history.found('a trigger of another on the bookkeeping', lambda: history.schema(
        "CREATE TRIGGER mine AFTER INSERT ON Batch BEGIN DELETE FROM position; END"), ('schema', '^mine$', 'a trigger on'))
    history.found('a view altered', lambda: history.schema(
        'DROP VIEW holding_current', 'CREATE VIEW holding_current AS SELECT 1 AS holding_id'),
                  ('schema', '^holding_current$', 'was altered, or another version'))
    history.found('a view dropped', lambda: history.schema('DROP VIEW account_versions'),
                  ('schema', '^account_versions$', 'this view is not there'))
    history.found('an index dropped', lambda: history.schema('DROP INDEX column_change_of_table'),
                  ('schema', '^column_change_of_table$', 'this index is not there'))
    history.found('a column more', lambda: history.schema('ALTER TABLE position ADD COLUMN mine TEXT'),
                  ('schema', '^position$', 'this table is not as'))
    history.found('a column more of a history', lambda: history.schema('ALTER TABLE holding_history ADD COLUMN mine TEXT'),
                  ('schema', '^holding_history$', 'this table is not as'))
    history.found('a history dropped', lambda: history.schema('DROP TABLE account_history'),
                  ('schema', '^account_history$', 'this table is not there'))
    history.not_found('what a user adds', lambda: history.schema(
        'CREATE VIEW mine AS SELECT * FROM holding_current', 'CREATE TABLE notes(text)',
        'CREATE INDEX mine_too ON holding_history(changed_at)',
        'CREATE TRIGGER mine_three AFTER INSERT ON notes BEGIN SELECT 1; END'))


def files(history):
    page = history.value('PRAGMA page_size')
    root = history.value("SELECT rootpage FROM sqlite_schema WHERE name = 'holding_history'")
    size = os.path.getsize(history.place.db)

    def overwritten(at, content):
        def change(whole):
            whole[at:at + len(content)] = content
            return whole
        return lambda: history.edit('history.db', change)
    for name, at in (('the root of holding_history', (root - 1) * page), ('a page in the middle', size // 2 // page * page)):
        history.found(f'{name} overwritten', overwritten(at, b'\xa5' * page), ('file', 'history.db', 'restore a copy'))
        history.found(f'the head of {name}', overwritten(at, b'\0' * 8), ('file', 'history.db', 'restore a copy'))
    history.refused('the file cut', lambda: history.edit('history.db', lambda content: content[:len(content) - 3 * page]),
                    b'malformed')
    history.refused('the first page overwritten', overwritten(0, b'\xa5' * page), b'not an SQLite database')
    history.refused('another program\'s', lambda: history.schema('PRAGMA application_id = 5'), b'another program')
    history.refused('a later format', lambda: history.schema('PRAGMA user_version = 9'), b'newer')
    history.refused('no file', lambda: os.remove(history.place.db), b'no such file')


def another_history(history, given):
    """The database of another load at the same path, beside the text of this one."""
    place = history.place
    messages = recording.read(given.data, 'h-old-1.1')

    def replace():
        for name in FILES:
            os.remove(place.path(name))
        place.write('other.jsonl', recording.joined(messages, recording.recorded_line))
        history.load('other.jsonl')
        shutil.copy(place.path('output_data.txt.kept'), place.text)
    history.found('another history', replace, ('text', 'output_data.txt', 'differs from the history at byte'))


def lost_wal(history):
    """Commits that were in the WAL only, and the WAL is gone: the text has more than the database knows."""
    place = history.place

    def lose():
        reader = place.connect()
        reader.execute('BEGIN')
        reader.execute('SELECT count(*) FROM batch').fetchone()  # keeps the WAL
        lines = [json.dumps({'op': 'c', 'before': None, 'source': {'name': 'bankserver1', 'schema': 'bank_data', 'table': 'holding',
                             'ts_ms': 1900000000000 + i, 'lsn': 1 << 50 | i, 'txId': 1 << 30}, 'after': {
                             'holding_id': i, 'user_id': 1, 'holding_stock': 'A', 'holding_quantity': 1,
                             'datetime_created': None, 'datetime_updated': None}}) for i in range(50)]
        place.write('new.jsonl', ('\n'.join(lines) + '\n').encode())
        history.load('new.jsonl')
        shutil.copy(place.db, place.path('without_wal'))
        history.checks.check('the WAL has it', os.path.getsize(place.db + '-wal') > 0)
        reader.close()
        for suffix in ('-wal', '-shm'):
            if os.path.exists(place.db + suffix):
                os.remove(place.db + suffix)
        shutil.move(place.path('without_wal'), place.db)
    history.found('the WAL lost', lose, ('text', 'output_data.txt', 'bytes behind the .* that were committed'))


def shown(history):
    """As people see it: a line a finding, nothing that steers a terminal, an exit code."""
    checks, place = history.checks, history.place
    history.restore()
    done = place.run('verify', '--db', place.db)
    checks.check('clean: one line', done.returncode == 0 and done.stderr == b'' and re.fullmatch(
        rb'\S+history\.db: verified: 1\d tables, [\d,]+ changes, [\d,]+ bytes of text\n', done.stdout) is not None,
        f'{done.stdout} {done.stderr}')
    history.edit('output_data.txt', lambda content: content[:200] + b'\x1b[2J' + content[204:])
    done = place.run('verify', '--db', place.db)
    lines = done.stdout.split(b'\n')
    checks.check('a line a finding', len(lines) == 2 and lines[0].startswith(b'text: '), done.stdout)
    checks.check('nothing steers', b'\x1b' not in done.stdout and b'\\x1b[2J' in done.stdout, done.stdout)
    checks.check('and how many', done.returncode == 1 and b' 1 finding:' in done.stderr, done.stderr)
    for words, code in ((['now'], 2), (['--format', 'csv'], 2), (['--db', 'nowhere.db'], 4)):
        done = place.run('verify', *words)
        checks.equal(f'verify {" ".join(words)}', (done.returncode, done.stdout), (code, b''))
    before = sorted(os.listdir(place.folder.name)), place.content()
    place.run('verify', '--db', place.db)
    checks.equal('it leaves all as it was', (sorted(os.listdir(place.folder.name)), place.content()), before)


def main():
    given = arguments(__doc__)
    checks = Checks()
    with Place(given.cdclite) as place:
        history = History(checks, given, place)
        shown(history)
        for part in (texts, rows, counts, positions, references, schema, files, lost_wal):
            if not given.names or part.__name__ in given.names:
                history.restore()
                part(history)
        another_history(history, given)
    checks.exit()


if __name__ == '__main__':
    main()
