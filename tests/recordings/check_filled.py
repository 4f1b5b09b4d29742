"""A recording of a table with REPLICA IDENTITY FULL, from which the old rows are taken as the default identity leaves them out,
gives the same history and the same text log: what its events do not carry is filled in. Also when it is loaded in parts."""
import json
import sys

sys.dont_write_bytecode = True

import recording  # noqa: E402
from harness import Checks, Place, arguments  # noqa: E402

KEY = 'holding_id'
COLUMNS = ('op, changed_at, before_holding_id, before_user_id, before_holding_stock, before_holding_quantity, '
           'before_datetime_created, before_datetime_updated, after_holding_id, after_user_id, after_holding_stock, '
           'after_holding_quantity, after_datetime_created, after_datetime_updated')


def keyed(message, default_identity):
    """The message as of a table with the primary key holding_id; its tombstones have no key and are left away."""
    value = json.loads(message.value)
    row = value['after'] or value['before']
    if default_identity and value['op'] == 'u':
        value['before'] = None
    if default_identity and value['op'] == 'd':
        value['before'] = {name: old if name == KEY else '' if name == 'holding_stock' else None
                           for name, old in value['before'].items()}
    return message._replace(key=recording.compact({KEY: row[KEY]}), value=recording.compact(value))


def load(checks, place, messages, parts):
    for end in [len(messages) * part // parts for part in range(1, parts + 1)]:
        place.write('events.jsonl', recording.joined(messages[:end], recording.recorded_line))
        done = place.load('events.jsonl')
        checks.check(f'{parts} parts: loads', done.returncode == 0, done.stderr)
    return (place.rows(f'SELECT {COLUMNS} FROM holding_history ORDER BY change_id'),
            [line.rsplit(b',', 2)[0] for line in place.text_bytes().splitlines()],
            sorted(place.rows('SELECT * FROM holding_current'), key=repr))


def main():
    given = arguments(__doc__)
    checks = Checks()
    # From each holding's insert on: what was there before the recording began has no known state.
    messages, known = [], set()
    for message in recording.read(given.data, 'bulk-tenth'):
        if message.value is None:
            continue
        value = json.loads(message.value)
        known |= {value['after'][KEY]} if value['op'] in 'cr' else set()
        if (value['after'] or value['before'])[KEY] in known:
            messages.append(message)
    with Place(given.cdclite) as place:
        whole = load(checks, place, [keyed(message, False) for message in messages], 1)
        checks.equal('nothing is missing', place.rows('SELECT count(*) FROM row_state'), [(0,)])
    for parts in (1, 7):
        with Place(given.cdclite) as place:
            filled = load(checks, place, [keyed(message, True) for message in messages], parts)
            for what, got, want in zip(('history', 'text', 'rows'), filled, whole):
                checks.equal(f'{parts} parts: the same {what}, of {len(messages)} events', got, want)
            missing = sum(json.loads(message.value)['op'] in 'ud' for message in messages)
            checks.check(f'{parts} parts: what was missing is named', place.rows(
                'SELECT count(*) FROM holding_history WHERE unavailable IS NOT NULL')[0][0] > missing * 0.9)
            checks.equal(f'{parts} parts: and all of it known', place.rows('SELECT count(*) FROM unknown_value'), [(0,)])
    checks.exit()


if __name__ == '__main__':
    main()
