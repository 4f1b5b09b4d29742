"""What the program itself makes verifies: every case and recording, loaded whole and in parts, with and without texts; a
database of an older format after its upgrade; loads that are killed, and one that goes on meanwhile."""
import glob
import gzip
import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'recordings'))

import recording  # noqa: E402
from harness import Checks, Place, arguments  # noqa: E402

CASES = os.path.join(HERE, '..', 'cases')
VERIFIED = re.compile(rb'\S+: verified: [\d,]+ tables, ([\d,]+) changes, [\d,]+ bytes of text\n')
UNCOMMITTED = re.compile(r'has \d+ bytes behind the \d+ that were committed')
KILLS = 25


def verify(checks, name, place):
    """Checks that nothing is found; gives the number of changes."""
    done = place.run('verify', '--db', place.db)
    match = VERIFIED.fullmatch(done.stdout)
    checks.check(f'{name}: verifies', done.returncode == 0 and match and not done.stderr,
                 (done.stdout + done.stderr).decode(errors='replace')[:1500])
    return int(match[1].replace(b',', b'')) if match else -1


def cases(checks, given):
    for folder in sorted(glob.glob(os.path.join(CASES, '*', ''))):
        name = os.path.basename(folder.rstrip(os.sep))
        words = []
        if os.path.exists(os.path.join(folder, 'args')):
            with open(os.path.join(folder, 'args'), encoding='utf-8') as options:
                words = shlex.split(options.read())
        with Place(given.cdclite) as place:
            shutil.copy(os.path.join(folder, 'input.jsonl'), place.path('input.jsonl'))
            for again in ('', ', loaded again'):
                done = place.run('load', '--input', 'input.jsonl', *words)
                checks.check(f'{name}: loads{again}', done.returncode == 0, done.stderr)
                changes = verify(checks, name + again, place)
            checks.equal(f'{name}: all changes are looked at', [(changes,)],
                         place.rows('SELECT sum(changes) FROM captured_table'))


def recordings(checks, given):
    for path in sorted(glob.glob(os.path.join(given.data, '**', '*.jsonl.gz'), recursive=True)):
        if path.endswith('.audit.jsonl.gz'):
            continue
        name = os.path.relpath(path, given.data)[:-len('.jsonl.gz')]
        with gzip.open(path) as file:
            lines = file.read()
        count = lines.count(b'\n')
        with Place(given.cdclite) as place, Place(given.cdclite) as parts:
            for here in (place, parts):
                here.write('events.jsonl', lines)
            place.run('load', '--input', 'events.jsonl', '--no-text')
            whole = verify(checks, f'{name}, without text', place)
            tables = [table for table, in place.rows('SELECT name FROM captured_table')]
            texts = [word for i, table in enumerate(tables) if table != 'holding' and '=' not in table
                     for word in ('--text', f'{table}={parts.path(f"{i}.txt")}')]
            for i in range(4):
                # a part without text in between, which the next one catches up with
                words = ['--no-text'] if i == 1 else ['--text', parts.text, *texts]
                done = parts.run('load', '--input', 'events.jsonl', '--db', parts.db, *words,
                                 '--max-messages', str(count // 3 + 1))
                checks.check(f'{name}: loads part {i}', done.returncode == 0, done.stderr)
                changes = verify(checks, f'{name}, part {i}', parts)
            checks.equal(f'{name}: the parts have all changes', changes, whole)


def inputs(checks, given):
    """One table's events from several inputs: a file twice over by another name, a pipe twice, their own topic."""
    messages = recording.read(given.data, 'b-seed-noschema')
    values = recording.joined(messages, recording.value_line)
    with Place(given.cdclite) as place:
        place.write('values.jsonl', values)
        place.write('copy.jsonl', values)
        place.write('recorded.jsonl', recording.joined(messages, recording.recorded_line))
        for name in ('values.jsonl', 'copy.jsonl', 'recorded.jsonl', '-', '-', 'values.jsonl'):
            done = place.load(name, stdin=values if name == '-' else None)
            checks.check(f'inputs: loads {name}', done.returncode == 0, done.stderr)
            verify(checks, f'inputs: {name}', place)
        checks.check('inputs: events came again', place.rows('SELECT count(*) FROM redelivered_event')[0][0] > 50)


def upgrade(checks, given):
    messages = recording.read(os.path.join(given.data, 'tables'), 'resnap')
    with Place(given.cdclite) as place:
        with gzip.open(os.path.join(given.data, 'version-1.db.gz')) as file:
            place.write('history.db', file.read())
        done = place.run('verify', '--db', place.db)
        checks.check('an older format: exit code 4, and what to do',
                     done.returncode == 4 and b'load upgrades it' in done.stderr, done.stderr)
        place.write('none.jsonl', b'')
        place.load('none.jsonl')
        verify(checks, 'an older format, upgraded', place)
        place.write('events.jsonl', recording.joined(messages, recording.recorded_line))
        place.load('events.jsonl', '--text', f'keyed={place.path("keyed.txt")}')
        verify(checks, 'an older format, upgraded and gone on with', place)


def kills(checks, given):
    """Right after a kill, nothing but bytes that no transaction committed; after the next load, nothing at all."""
    with Place(given.cdclite) as place:
        with recording.open_data(given.data, 'bulk-tenth.jsonl') as file:
            lines = file.read().splitlines(keepends=True)
        chance, killed, uncommitted, stored, took = random.Random(5), 0, 0, set(), None
        for i in range(KILLS):
            # each load has a little more to take
            place.write('events.jsonl', b''.join(lines[:len(lines) * (i + 1) // KILLS]))
            # in batches that are small, so that some are stored before the kill
            running = subprocess.Popen([given.cdclite, 'load', '--input', 'events.jsonl', '--db', place.db, '--text',
                                        place.text, '--linger', '5', '--quiet'], cwd=place.folder.name,
                                       stdin=subprocess.DEVNULL)
            started = time.monotonic()
            try:
                # The first goes through, to tell how long one takes; later ones find the time in which some do.
                running.wait(chance.uniform(took / 2, 1.2 * took) if i else None)
                took = time.monotonic() - started if took is None else took * 0.9
            except subprocess.TimeoutExpired:
                running.send_signal(signal.SIGKILL)
                running.wait()
                killed += 1
                took *= 1.2
            done = place.run('verify', '--db', place.db, '--format', 'json')
            if done.returncode == 4:
                continue  # it had not made its tables yet
            findings = json.loads(done.stdout)['findings']
            uncommitted += bool(findings)
            stored.add(json.loads(done.stdout)['changes'])
            checks.check(f'kill {i}: nothing else is found', done.returncode in (0, 1) and all(
                f['check'] == 'text' and UNCOMMITTED.match(f['what']) for f in findings), findings)
        place.load('events.jsonl')
        verify(checks, f'after {killed} kills, {uncommitted} between text and commit', place)
        checks.check(f'loads were killed, having stored something: {len(stored)} numbers of changes',
                     killed > 2 and len(stored) > 2, stored)


def loading(checks, given):
    """While another process loads, each moment verifies; the numbers grow."""
    with Place(given.cdclite) as place:
        with recording.open_data(given.data, 'bulk-tenth.jsonl') as file:
            lines = file.read().splitlines(keepends=True)
        running = subprocess.Popen([given.cdclite, 'load', '--input', '-', '--db', place.db, '--text', place.text,
                                    '--quiet'], cwd=place.folder.name, stdin=subprocess.PIPE)
        stop = threading.Event()

        def feed():
            for line in lines:
                running.stdin.write(line)
                running.stdin.flush()
                if stop.wait(0.0005):
                    break
            running.stdin.close()
        feeder = threading.Thread(target=feed)
        feeder.start()
        while not os.path.exists(place.db) or place.run('status').returncode:
            time.sleep(0.02)
        seen = []
        for i in range(20):
            seen.append(verify(checks, f'while it loads, {i}', place))
            time.sleep(0.1)
        checks.check('the loader was still loading', running.poll() is None)
        checks.check('and went on', seen[0] < seen[-1], seen)
        stop.set()
        feeder.join()
        checks.equal('it ends well', running.wait(60), 0)
        verify(checks, 'when it has ended', place)


def main():
    given = arguments(__doc__)
    checks = Checks()
    for part in (cases, inputs, upgrade, kills, loading, recordings):
        if not given.names or part.__name__ in given.names:
            part(checks, given)
    checks.exit()


if __name__ == '__main__':
    main()
