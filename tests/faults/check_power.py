"""The power goes at every call on a file: what was not synced is lost, whole or in part and in any order. What was
committed must be there, and the next start leaves what an undisturbed load leaves. And this test itself is tested:
where syncs do nothing, it must see it."""
import os

from faults import KILLED, Checks, Lab, Load, Tally, arguments, each, passings, small_input

COMMIT = 'after COMMIT'
# How many batches there are, and so how many calls, depends on the threads where full ones are written by one of them.
FULL_BATCHES = 'CDCLITE_BATCH_MESSAGES' in os.environ
ENDED = 'loads that had ended by then'


def batches_committed(steps):
    batches = text = 0
    for _, _, step in steps:
        text += step.startswith('before text')
        # The commits before the first batch are those of the start.
        batches += text > 0 and step.startswith(COMMIT)
    return batches


class Cuts:
    """Cuts of the power over one load."""

    def __init__(self, lab, unsynced=None):
        self.lab = lab
        self.more = {'nosync': unsynced} if unsynced else {}
        self.tally = Tally()
        self.steps = {n: step for series, n, step in lab.trace(**self.more)[0] if series == 'io'}

    def cut(self, at, seed, then):
        name = f'cut at {at} ({self.steps[at]}), seed {seed}'
        with Load(self.lab) as load:
            trace = load.path('trace')
            code, said = load.faulty(fault=f'io:{at}:power', seed=seed, trace=trace, **self.more)
            # Where the threads stand at a call is not the same each time.
            committed = batches_committed(passings(trace)[0])
            if code == 0 and FULL_BATCHES and not load.wrong():
                self.tally.note(ENDED)
                return
            if code != KILLED:
                self.tally.fail(f'{name}: exit code {code}, {said}')
            there = load.batches()
            if not isinstance(there, int) or there < committed:
                self.tally.fail(f'{name}: {committed} batches were committed, {there} are there')
            if then:
                load.faulty(fault=f'io:{then}:power', seed=seed + 1, **self.more)
            wrong = load.undisturbed() or load.wrong()
            if wrong:
                self.tally.fail(f'{name}{f", then at {then}" if then else ""}: {wrong}')
            self.tally.note('power cuts' if not then else 'power cuts, and one more while it recovered')


def sweep(checks, lab):
    cuts = Cuts(lab)
    places = sorted(cuts.steps)
    if lab.long:
        trials = [(at, seed, 0) for at in places for seed in (0, 1, 2 + at % 5, 7 + at % 11)]
        trials += [(at, 20 + at, 1 + at * 7 % 60) for at in places[::3]]
    else:
        trials = [(at, i % 7, i % 3 // 2 * (1 + at % 60)) for i, at in enumerate(places[::max(1, len(places) // 48)])]
    each(trials, cuts.cut)
    checks.check(f'{len(places)} calls on files: {cuts.tally.told()}',
                 not cuts.tally.failures and cuts.tally.outcomes[ENDED] < len(trials) // 4,
                 f'{len(cuts.tally.failures)} went wrong')


def proof(checks, lab, unsynced):
    """Syncs of these files do nothing: the cuts must show it."""
    cuts = Cuts(lab, unsynced)
    cuts.tally.MOST_SHOWN = 0
    each([(at, seed, 0) for at in sorted(cuts.steps)[5::61] for seed in (0, 2, 3)], cuts.cut)
    checks.check(f'syncs of {unsynced} that do nothing are noticed ({len(cuts.tally.failures)} times)',
                 cuts.tally.failures, f'by none of {cuts.tally.told()}')


def main():
    given = arguments(__doc__)
    checks = Checks()
    lab = Lab(given, small_input(given.data), batch=20, checkpoint=16)
    lab.knobs['ASAN_OPTIONS'] = 'detect_leaks=0'  # the layer keeps what it knows of a disk to the end
    try:
        sweep(checks, lab)
        for unsynced in ('holding.txt', 'history.db-wal', 'history.db', '.'):
            proof(checks, lab, unsynced)
    finally:
        lab.close()
    checks.exit()


if __name__ == '__main__':
    main()
