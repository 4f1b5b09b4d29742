"""Every call on a file fails once, and from there on for ever, in each way that it can: the load ends with a clear
error and the right exit code, or is not harmed, and the next start leaves what an undisturbed load leaves."""
from faults import Checks, Lab, Load, Tally, arguments, each, small_input

SOURCE, STORAGE = 3, 4
SEEN = {'create history.db', 'create history.db-wal', 'create holding.txt', 'write history.db', 'write history.db-wal',
        'write holding.txt', 'write keyed.txt', 'sync history.db', 'sync history.db-wal', 'sync holding.txt',
        'sync keyed.txt', 'sync .', 'truncate history.db', 'unlink history.db-wal', 'read history.db-wal',
        'map history.db-shm', 'lock history.db.lock'}
# Which calls a fault can strike, as FAULT's own list says it (plan.c).
STRIKES = {'EIO': None,
           'ENOSPC': {'create', 'write', 'sync'},
           'short': {'read', 'write'},
           'EINTR': {'open', 'create', 'read', 'write', 'truncate'}}
FAULTS = [('EIO', ''), ('EIO', ':ever'), ('ENOSPC', ''), ('ENOSPC', ':ever'), ('short', ''), ('EINTR', '')]
HARMLESS = {'short', 'EINTR'}  # a program that reads POSIX goes on


def unclear(said, load):
    """Why the last line that was said is no clear error; '' when it is one."""
    lines = said.splitlines()
    if not lines or not lines[-1].startswith('cdclite: ') or 'warning: ' in lines[-1]:
        return 'says no error'
    if 'out of memory' in lines[-1]:
        return ''
    if load.folder not in lines[-1]:
        return 'does not say where'
    return ''


def judged(load, fault, code, said, codes):
    """What is wrong with an end like this; '' when nothing is."""
    if code == 0:
        wrong = load.wrong()
        return wrong and f'claims success, but {wrong}'
    if code not in codes:
        return f'exit code {code}'
    if code < 0:
        return ''
    return unclear(said, load)


def try_fault(lab, tally, at, what, ever, step, codes=(STORAGE,)):
    with Load(lab) as load:
        fault = f'{at}:{what}{ever}'
        code, said = load.faulty(fault=fault)
        name = f'{fault} ({step})'
        harmful = judged(load, fault, code, said, codes)
        if not harmful and what in HARMLESS and code != 0:
            harmful = f'exit code {code}: it should go on'
        if harmful:
            tally.fail(f'{name}: {harmful}; said: {said[-700:]}')
        failed = load.undisturbed()
        wrong = failed or load.wrong()
        if wrong:
            tally.fail(f'{name}, exit code {code}: the next start: {wrong}; the first said: {said[-700:]}')
        tally.note(f'exit {code}')


def check_input(checks, lab):
    """The input fails: that is the source's error, not the storage's."""
    # The first read only looks whether it is compressed.
    for step, at, what, wanted in (('open', 1, 'EIO', SOURCE), ('read', 2, 'EIO', SOURCE), ('read', 2, 'EINTR', 0),
                                   ('read', 2, 'short', 0)):
        with Load(lab) as load:
            code, said = load.faulty(dir=lab.folder, only=f'{step} events.jsonl', fault=f'io:{at}:{what}')
            wrong = '' if code else load.wrong()
            wrong = wrong or load.undisturbed() or load.wrong()
            checks.check(f'{what} at the {step} of the input: exit code {wanted}', code == wanted and not wrong,
                         f'exit code {code}: {said} {wrong}')


def sweep(checks, lab):
    steps = [(n, step) for series, n, step in lab.trace()[0] if series == 'io' and step != 'sync the end']
    unseen = SEEN - {step for _, step in steps}
    checks.check('the layer sees the calls of SQLite and of the text log', not unseen, ', '.join(sorted(unseen)))
    for what, ever in FAULTS:
        struck = [(n, step) for n, step in steps if not STRIKES[what] or step.split()[0] in STRIKES[what]]
        if not lab.long:
            struck = struck[len(what) % 7::len(struck) // 12]
        tally = Tally()
        each([(lab, tally, f'io:{n}', what, ever, step) for n, step in struck], try_fault)
        checks.check(f'{len(struck)} times {what}{" for ever" if ever else ""}: {tally.told()}', not tally.failures,
                     f'{len(tally.failures)} went wrong')


def main():
    given = arguments(__doc__)
    checks = Checks()
    lab = Lab(given, small_input(given.data), batch=20, checkpoint=16)
    try:
        sweep(checks, lab)
        check_input(checks, lab)
    finally:
        lab.close()
    checks.exit()


if __name__ == '__main__':
    main()
