"""Gives the program the same recordings in every form that it reads, disturbed in the ways that happen to files and to
streams, and holds the result against the recording each time."""
import collections
import json
import os
import random
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import model  # noqa: E402
import recording  # noqa: E402
from check_recording import check_history, check_text, check_views  # noqa: E402
from harness import Checks, Place, arguments  # noqa: E402
from recording import at_bytes, joined, kcat_line, key_value_line, recorded_line, value_line  # noqa: E402

SEED = 20250131
BANNER = 'Using ZOOKEEPER_CONNECT=0.0.0.0:2181 KAFKA_CONNECT=0.0.0.0:9092 { [ "\n'


def expected(original, placed):
    """(first deliveries, re-deliveries) of messages that stand elsewhere now; the original headers tell the runs."""
    events = [event._replace(topic=at.topic, partition=at.partition, offset=at.offset) for event, at in
              zip(recording.change_events(original), recording.change_events(placed))]
    return recording.told_apart(events)


def in_order(events):
    """Events of several partitions in the order of their commits."""
    return sorted(events, key=lambda event: (event.changed_at, event.tx_id, event.lsn))


def verify(checks, name, place, original, placed, spread=False):
    """History, text log and views are those of the recording, each event standing where `placed` has it."""
    first, again = expected(original, placed)
    check_history(checks, name, place, first)
    holding = [event for event in first if event.table == 'holding']
    check_text(checks, name, place, holding)
    if not spread:
        check_views(checks, name, place, holding)
    tombstones = sum(message.value is None for message in original)
    checks.equal(f'{name}: {len(again)} re-deliveries, {tombstones} tombstones, none rejected', place.rows(
        'SELECT (SELECT count(*) FROM redelivered_event), (SELECT sum(tombstones) FROM batch), '
        '(SELECT count(*) FROM rejected_event)'), [(len(again), tombstones, 0)])


def adds_nothing(checks, name, place, source, *words):
    content = place.content()
    done = place.load(source, *words)
    checks.equal(f'{name}: adds nothing', (done.returncode, place.content()), (0, content))
    return done


def refused(checks, name, place, source, *words):
    """Exit 3, one line that names the input, nothing changed."""
    content = place.content()
    done = place.load(source, *words)
    lines = done.stderr.decode().splitlines()
    checks.check(f'{name}: refused', done.returncode == 3 and len(lines) == 1 and not done.stdout,
                 (done.returncode, lines))
    checks.equal(f'{name}: changed nothing', place.content(), content)
    return lines[-1] if lines else ''


# Each check takes (checks, cdclite, name of the recording, its messages).

def values_on_standard_input(checks, cdclite, name, messages):
    for line, word in ((value_line, 'value'), (key_value_line, 'key-value')):
        with Place(cdclite) as place:
            lines = joined(messages, line)
            done = place.load('-', stdin=lines[:-1])  # a pipe's last line counts without a line feed too
            checks.check(f'{name} {word} on standard input: loads', done.returncode == 0, done.stderr)
            checks.check(f'{name} {word} on standard input: says once that it has no positions',
                         done.stderr.count(b'no positions') == 1, done.stderr)
            verify(checks, f'{name} {word} on standard input', place, messages,
                   at_bytes(messages, line, 'stdin'))


def two_pipes(checks, cdclite, name, messages):
    """Standard input is one stream: what a second pipe brings stands behind what the first brought."""
    half = len(messages) // 2
    with Place(cdclite) as place:
        codes = [place.load('-', stdin=joined(part, value_line)).returncode
                 for part in (messages[:half], messages[half:])]
        checks.equal(f'{name} in two pipes: loads', codes, [0, 0])
        verify(checks, f'{name} in two pipes', place, messages, at_bytes(messages, value_line, 'stdin'))


def lines_in_a_file(checks, cdclite, name, messages):
    """Every form, with either line end, told or found out."""
    forms = {'value': value_line, 'key-value': key_value_line, 'kcat': kcat_line, 'recorded': recorded_line}
    for word, line in forms.items():
        for end, told in (('\n', []), ('\r\n', ['--input-format', word])):
            with Place(cdclite) as place:
                source = place.write('events.jsonl', joined(messages, line, end))
                label = f'{name} {word}{" CRLF" if end == chr(13) + chr(10) else ""} in a file'
                done = place.load(source, *told)
                checks.check(f'{label}: loads', done.returncode == 0, done.stderr)
                placed = messages if word in ('kcat', 'recorded') else at_bytes(messages, line, 'file:' + source, end)
                verify(checks, label, place, messages, placed)
                adds_nothing(checks, f'{label}, again', place, source, *told)


def kcat_in_ascii(checks, cdclite, name, messages):
    """All that is not ASCII escaped, pairs of surrogates for what is beyond U+FFFF; headers null if there are none."""
    with Place(cdclite) as place:
        lines = ''.join(json.dumps({'headers': None, **json.loads(kcat_line(message))}) + '\n' for message in messages)
        source = place.write('events.jsonl', lines.encode('ascii'))
        done = place.load(source)
        checks.check(f'{name} kcat in ASCII: loads', done.returncode == 0, done.stderr)
        verify(checks, f'{name} kcat in ASCII', place, messages, messages)
        recorded = place.write('recorded.jsonl', joined(messages, recorded_line))
        done = adds_nothing(checks, f'{name} the same in recorded form', place, recorded)
        checks.check(f'{name} the same in recorded form: all skipped',
                     f'{len(messages):,} skipped'.encode() in done.stderr, done.stderr)


def other_names_of_the_file(checks, cdclite, name, messages):
    with Place(cdclite) as place:
        source = place.write('events.jsonl', joined(messages, value_line))
        place.load(source)
        os.symlink(source, place.path('link.jsonl'))
        adds_nothing(checks, f'{name} by a relative path', place, 'events.jsonl')
        adds_nothing(checks, f'{name} by a symbolic link', place, './link.jsonl')


def banner_and_blank_lines(checks, cdclite, name, messages):
    for line in (value_line, recorded_line):
        with Place(cdclite) as place:
            source = place.write('events.jsonl', BANNER.encode() + joined(messages, line) + b'\n\r\n[1,2]\nProcessed\n')
            done = place.load(source)
            checks.check(f'{name} with a banner: loads', done.returncode == 0, done.stderr)
            checks.check(f'{name} with a banner: counts the lines passed over',
                         b' 3 lines ' in done.stderr and b'ZOOKEEPER' in done.stderr, done.stderr)
            placed = messages if line is recorded_line else at_bytes(messages, line, 'file:' + source,
                                                                     start=len(BANNER.encode()))
            verify(checks, f'{name} with a banner', place, messages, placed)
            adds_nothing(checks, f'{name} with a banner, again', place, source)


def two_files(checks, cdclite, name, messages):
    half = len(messages) // 2
    with Place(cdclite) as place:
        parts = [place.write(f'{i}.jsonl', joined(part, recorded_line))
                 for i, part in enumerate((messages[:half], messages[half:]))]
        for source in parts:
            done = place.load(source)
            checks.check(f'{name} in two files: loads', done.returncode == 0, done.stderr)
        verify(checks, f'{name} in two files', place, messages, messages)
        for source in parts:
            adds_nothing(checks, f'{name} in two files, again', place, source)


def grown_file(checks, cdclite, name, messages):
    """A file that grows by any number of bytes: what is no whole line yet is left for the next time."""
    chance = random.Random(SEED)
    for line in (value_line, recorded_line):
        with Place(cdclite) as place:
            lines = joined(messages, line)
            cuts = sorted(chance.sample(range(1, len(lines)), 6)) + [len(lines)]
            counts, left = [], 0
            for start, end in zip([0] + cuts, cuts):
                with open(place.path('events.jsonl'), 'ab') as out:
                    out.write(lines[start:end])
                done = place.load(place.path('events.jsonl'))
                left += lines[end - 1:end] != b'\n' and b'left for the next load' in done.stderr
                counts.append((done.returncode, place.rows('SELECT sum(changes) + sum(tombstones) + sum(redelivered) '
                                                           'FROM batch')[0][0] or 0))
            checks.equal(f'{name} grown by bytes: each load takes the whole lines', counts,
                         [(0, lines[:end].count(b'\n')) for end in cuts])
            checks.equal(f'{name} grown by bytes: says what it leaves', left,
                         sum(lines[end - 1:end] != b'\n' for end in cuts))
            placed = messages if line is recorded_line else at_bytes(messages, line,
                                                                     'file:' + place.path('events.jsonl'))
            verify(checks, f'{name} grown by bytes', place, messages, placed)


def changed_file(checks, cdclite, name, messages):
    count = max(i for i in range(40) if messages[i].value is not None) + 1
    lines = joined(messages[:count], value_line)
    last = lines.rstrip(b'\n').rfind(b'\n') + 1
    changes = {
        'its last line changed': lines[:last] + lines[last:].replace(b'"op"', b'"oq"'),
        'shorter': lines[:last],
        'another line in front': b'{}\n' + lines,
        'other lines, longer': joined(messages[1:60], value_line),
        'empty': b'',
    }
    with Place(cdclite) as place:
        source = place.write('events.jsonl', lines)
        checks.check(f'{name} changed file: loads', place.load(source).returncode == 0)
        for what, content in changes.items():
            place.write('events.jsonl', content)
            said = refused(checks, f'{name} file {what}', place, source)
            checks.check(f'{name} file {what}: says which and what to do', source in said and '--db' in said, said)
        place.write('events.jsonl', lines)
        adds_nothing(checks, f'{name} file as it was', place, source)


def changed_record(checks, cdclite, name, messages):
    """The record loaded last reads differently: the topic was made anew."""
    with Place(cdclite) as place:
        place.load(place.write('events.jsonl', joined(messages[:40], recorded_line)))
        anchor = messages[39]
        for what, other in (('value', anchor._replace(value=(anchor.value or '{}') + ' ')),
                            ('key', anchor._replace(key='{"id":1}')),
                            ('timestamp', anchor._replace(timestamp_ms=anchor.timestamp_ms + 1))):
            source = place.write('other.jsonl', joined(messages[:39] + [other] + messages[40:], recorded_line))
            said = refused(checks, f'{name} topic with another {what}', place, source)
            checks.check(f'{name} topic with another {what}: says where and what to do',
                         anchor.topic in said and f'offset {anchor.offset}' in said and '--db' in said, said)


def last_line_without_line_feed(checks, cdclite, name, messages):
    for line in (value_line, key_value_line, recorded_line):
        with Place(cdclite) as place:
            label = f'{name} {line.__name__} without a last line feed'
            source = place.write('events.jsonl', joined(messages[:9], line)[:-1])
            done = place.load(source)
            count = 'SELECT coalesce(sum(changes + tombstones), 0) FROM batch'
            checks.check(f'{label}: is left, and said', (done.returncode, place.rows(count)[0][0]) == (0, 8) and
                         b'left for the next load' in done.stderr, done.stderr)
            done = place.load(source, '--until-end')
            checks.equal(f'{label}: is taken with --until-end', (done.returncode, place.rows(count)[0][0]), (0, 9))
            adds_nothing(checks, f'{label}: again', place, source, '--until-end')
            whole = joined(messages[:20], line)
            place.write('events.jsonl', whole[:-30])
            done = place.load(source, '--until-end')
            checks.check(f'{label}: half a line is left with --until-end too',
                         (done.returncode, place.rows(count)[0][0]) == (0, 19) and b'left' in done.stderr, done.stderr)
            place.write('events.jsonl', whole)
            checks.equal(f'{label}: grown to whole lines', (place.load(source).returncode, place.rows(count)[0][0]),
                         (0, 20))
            placed = messages if line is recorded_line else at_bytes(messages, line, 'file:' + source)
            verify(checks, label, place, messages[:20], placed[:20])


def without_run_header(checks, cdclite, name, messages):
    """An old connector, or a form without headers: the transactions tell that the connector ran anew."""
    with Place(cdclite) as place:
        placed = [recording.without_run(message) for message in messages]
        source = place.write('events.jsonl', joined(placed, recorded_line))
        done = place.load(source)
        checks.check(f'{name} without the run header: loads', done.returncode == 0, done.stderr)
        verify(checks, f'{name} without the run header', place, messages, placed)
        adds_nothing(checks, f'{name} without the run header, again', place, source)


def spread_over_partitions(checks, cdclite, name, messages):
    """Keys are null: a topic of four partitions takes the messages in turn, and a consumer reads them in any order
    that keeps each partition's."""
    placed = [message._replace(partition=i % 4, offset=i // 4) for i, message in enumerate(messages)]
    chance = random.Random(SEED)
    for what in ('in turn', 'in another order', 'one after the other'):
        order = list(range(len(placed)))
        if what == 'in another order':
            queues, order = [list(range(partition, len(placed), 4)) for partition in range(4)], []
            while any(queues):
                queue = chance.choice([queue for queue in queues if queue])
                stretch = chance.randint(1, 60)
                order += queue[:stretch]
                del queue[:stretch]
        elif what == 'one after the other':
            order.sort(key=lambda i: (placed[i].partition, placed[i].offset))
        with Place(cdclite) as place:
            label = f'{name} over four partitions, {what}'
            ordered = [placed[i] for i in order]
            source = place.write('events.jsonl', joined(ordered, recorded_line))
            done = place.load(source)
            checks.check(f'{label}: loads', done.returncode == 0, done.stderr)
            verify(checks, label, place, [messages[i] for i in order], ordered, spread=True)
            first, _ = expected([messages[i] for i in order], ordered)
            check_spread_views(checks, label, place, in_order(first))
            adds_nothing(checks, f'{label}, again', place, source)


def check_spread_views(checks, label, place, events):
    columns = ', '.join(model.COLUMNS)
    checks.equal(f'{label}: holding_current', collections.Counter(place.rows(f'SELECT {columns} FROM holding_current')),
                 model.current(events))
    checks.equal(f'{label}: holding_versions', sorted(
        place.rows(f'SELECT {columns}, valid_from, valid_to FROM holding_versions'), key=repr),
        sorted(model.versions(events), key=repr))


def timeless(content):
    """Without what depends on when and in which batches it was loaded."""
    held = {name: rows for name, rows in content.items()
            if name not in ('batch', 'text log', 'text_log') and not name.startswith('summary_')}
    held['text_log'] = [(name, length, through) for name, _, length, through in content['text_log']]
    held['text'] = [line.split(b',')[:-2] + line.split(b',')[-1:] for line in content['text log'].split(b'\n')]
    return held


def in_chunks(checks, cdclite, name, messages):
    """Stopped after any number of messages and started again: the same as in one go."""
    chance = random.Random(SEED)
    for what, placed in (('', messages), (' without the run header', [recording.without_run(m) for m in messages])):
        with Place(cdclite) as undisturbed, Place(cdclite) as place:
            lines = joined(placed, recorded_line)
            undisturbed.load(undisturbed.write('events.jsonl', lines))
            source = place.write('events.jsonl', lines)
            loads = left = 0
            for _ in range(60):
                size = chance.randint(1, len(messages) // 6)
                done = place.load(source, '--max-messages', str(size))
                loads += 1
                now = place.rows('SELECT sum(changes) + sum(tombstones) + sum(redelivered) FROM batch')[0][0]
                if done.returncode or now != min(left + size, len(messages)):
                    checks.check(f'{name}{what} in chunks: takes {size}', False, (left, now, done.stderr))
                    break
                left = now
                if left == len(messages):
                    break
            checks.check(f'{name}{what} in {loads} chunks: all is loaded', left == len(messages) and loads > 3, left)
            checks.equal(f'{name}{what} in chunks: as in one go', timeless(place.content()),
                         timeless(undisturbed.content()))
            verify(checks, f'{name}{what} in chunks', place, messages, placed)


def killed(checks, cdclite, name, messages):
    """Killed at any moment and started again: the same as undisturbed."""
    chance = random.Random(SEED)
    with Place(cdclite) as place:
        source = place.write('events.jsonl', joined(messages, recorded_line))
        command = [cdclite, 'load', '--input', source, '--db', place.db, '--text', place.text, '--quiet']
        kills = 0
        for _ in range(25):
            running = subprocess.Popen(command + ['--max-messages', str(chance.randint(100, 1500))])
            time.sleep(chance.uniform(0, 0.04))
            running.send_signal(signal.SIGKILL)
            kills += running.wait() == -signal.SIGKILL
        done = place.load(source)
        checks.check(f'{name} after {kills} kills: loads', done.returncode == 0 and kills > 5, done.stderr)
        verify(checks, f'{name} after kills', place, messages, messages)


EVERY = (values_on_standard_input, lines_in_a_file, banner_and_blank_lines)
CHECKS = {
    'a-seed-schema': (*EVERY, kcat_in_ascii, two_files, grown_file, changed_file, changed_record,
                      last_line_without_line_feed, other_names_of_the_file, in_chunks, spread_over_partitions),
    'b-seed-noschema': (*EVERY, grown_file, last_line_without_line_feed, in_chunks),
    'h-old-1.1': (*EVERY, two_pipes, two_files, changed_record),
    'j-snapshot-5000': (kcat_in_ascii, two_files, in_chunks),
    'm-crash-duplicates': (values_on_standard_input, two_pipes, lines_in_a_file, without_run_header,
                           spread_over_partitions, two_files, grown_file, in_chunks, killed),
    'bulk-tenth': (killed,),
}


def main():
    given = arguments(__doc__)
    checks = Checks()
    for name, functions in CHECKS.items():
        functions = [f for f in functions if not given.names or {name, f.__name__} & set(given.names)]
        messages = recording.read(given.data, name) if functions else []
        for function in functions:
            began = time.monotonic()
            function(checks, given.cdclite, name, messages)
            print(f'      {name} {function.__name__}: {time.monotonic() - began:.1f} s', flush=True)
    checks.exit()


if __name__ == '__main__':
    main()
