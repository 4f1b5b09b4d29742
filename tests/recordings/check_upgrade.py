"""A database that version 1 of the format made from the beginning of a recording goes on with the rest of it, and then shows
what a new one does that has all of it."""
import gzip
import os
import sys

sys.dont_write_bytecode = True

import recording  # noqa: E402
from harness import Checks, Place, arguments  # noqa: E402

TABLES = ('keyed', 'keyless')


def objects(place, kind):
    return place.rows('SELECT name, sql FROM sqlite_schema WHERE type = ? ORDER BY name', kind)


def main():
    given = arguments(__doc__)
    checks = Checks()
    messages = recording.read(os.path.join(given.data, 'tables'), 'resnap')
    lines = recording.joined(messages, recording.recorded_line)
    with Place(given.cdclite) as old, Place(given.cdclite) as new:
        with gzip.open(os.path.join(given.data, 'version-1.db.gz')) as file:
            old.write('history.db', file.read())
        before = {table: old.rows(f'SELECT * FROM {table}_history ORDER BY change_id') for table in TABLES}
        checks.equal('it is of version 1', old.rows('PRAGMA user_version'), [(1,)])
        done = old.run('query', 'recent_changes', '--db', old.db)
        checks.check('a reader says what to do', done.returncode == 4 and b'load upgrades it' in done.stderr, done.stderr)
        for place in (old, new):
            place.write('events.jsonl', lines)
            done = place.load('events.jsonl', '--text', f'keyed={place.path("keyed.txt")}')
            checks.check('loads', done.returncode == 0, done.stderr)
        checks.equal('it is of the version that a new one has', old.rows('PRAGMA user_version'),
                     new.rows('PRAGMA user_version'))
        for table in TABLES:
            rows = old.rows(f'SELECT * FROM {table}_history ORDER BY change_id')
            checks.equal(f'{table}: what was there is as it was', rows[:len(before[table])], before[table])
            for sql in (f'SELECT op, changed_at, lsn, tx_id, kafka_offset FROM {table}_history ORDER BY change_id',
                        f'SELECT * FROM {table}_current ORDER BY 1, 2, 3'):
                checks.equal(f'{table}: {sql}', old.rows(sql), new.rows(sql))
        tables = [[name for name, _ in objects(place, 'table')] for place in (old, new)]
        checks.equal('it has the tables of a new one', *tables)
        checks.equal('and its views', [name for name, _ in objects(old, 'view')], [name for name, _ in objects(new, 'view')])
        done = old.run('export', 'text', 'keyed', '--db', old.db)
        with open(old.path('keyed.txt'), 'rb') as text:
            checks.check('its text can be rebuilt', done.returncode == 0 and done.stdout == text.read(), done.stderr)
        checks.equal('it is whole', old.rows('PRAGMA integrity_check'), [('ok',)])
        content = old.content()
        old.load('events.jsonl')
        checks.equal('loading it again adds nothing', old.content(), content)
    checks.exit()


if __name__ == '__main__':
    main()
