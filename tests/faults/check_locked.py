"""Another connection holds SQLite's locks (a shell with an open transaction): the loader waits, and when that takes too
long ends with a clear error; a reader never stops it. Nothing is lost, doubled or changed."""
import os
import sqlite3
import threading
import time

from check_storage import STORAGE, unclear
from faults import Checks, Lab, Load, arguments, each, messages

BUSY_SECONDS = 5  # as long as the loader waits


def hold(load, sql):
    """A connection of somebody else's with a transaction open."""
    db = sqlite3.connect(load.db, isolation_level=None, check_same_thread=False, timeout=60)
    for statement in sql:
        db.execute(statement).fetchall()
    return db


def refused(load, code, said):
    """What is wrong with the end of a load that was kept from writing."""
    return f'exit code {code}: {said}' if code != STORAGE or 'locked' not in said else unclear(said, load)


def through(load, code, said):
    return f'exit code {code}: {said}' if code else load.wrong()


def begun(load):
    """Some of the load is done, so that there is a database."""
    load.faulty(fault='point:7:kill', only='after COMMIT')


def locked_at_start(load):
    begun(load)
    other = hold(load, ['BEGIN IMMEDIATE'])
    before = time.monotonic()
    wrong = refused(load, *load.faulty())
    if time.monotonic() - before < BUSY_SECONDS:
        wrong = wrong or 'it did not wait'
    other.close()
    return wrong or load.undisturbed() or load.wrong()


def locked_for_a_second(load):
    begun(load)
    other = hold(load, ['BEGIN IMMEDIATE'])
    timer = threading.Timer(1, other.close)
    timer.start()
    done = load.faulty()
    timer.join()
    return through(load, *done)


def locked_in_mid_load(load):
    """Half of the input, then a lock, then the rest."""
    lines = load.lab.lines
    pipe = load.path('pipe')
    os.mkfifo(pipe)
    load.source = ['--input', pipe]
    process = load.start()
    with open(pipe, 'w', encoding='utf-8') as out:
        out.writelines(lines[:100])
        out.flush()
        while not isinstance(load.batches(), int) or load.batches() < 3:
            time.sleep(0.05)
        other = hold(load, ['BEGIN IMMEDIATE'])
        try:
            out.writelines(lines[100:])
        except BrokenPipeError:
            pass
        said = process.communicate(timeout=60)[1].decode()
    other.close()
    load.source = load.lab.source
    return refused(load, process.returncode, said) or load.undisturbed() or load.wrong()


def locked_again_and_again(load):
    begun(load)
    process = load.start()
    while process.poll() is None:
        other = hold(load, ['BEGIN IMMEDIATE'])
        time.sleep(0.01)
        other.close()
        time.sleep(0.005)
    return through(load, process.returncode, process.communicate()[1].decode())


def read_all_the_time(load):
    begun(load)
    reader = hold(load, ['BEGIN', 'SELECT count(*) FROM batch'])
    seen = reader.execute('SELECT count(*) FROM batch').fetchone()
    wrong = through(load, *load.faulty())
    if reader.execute('SELECT count(*) FROM batch').fetchone() != seen:
        wrong = wrong or 'the reader lost its snapshot'
    reader.close()
    return wrong or load.wrong()


def main():
    given = arguments(__doc__)
    checks = Checks()
    whole = list(messages(given.data, 'm-crash-duplicates'))[:1500]
    lab = Lab(given, ''.join(whole), batch=20, checkpoint=16, texts={'holding': 'holding.txt'})
    lab.lines = whole

    def run(situation):
        with Load(lab) as load:
            wrong = situation(load)
            checks.check(situation.__name__.replace('_', ' '), not wrong, wrong)
    try:
        assert lab.content
        each([(situation,) for situation in (locked_at_start, locked_in_mid_load, locked_for_a_second,
                                             locked_again_and_again, read_all_the_time)], run)
    finally:
        lab.close()
    checks.exit()


if __name__ == '__main__':
    main()
