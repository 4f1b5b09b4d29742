"""SIGKILL, hundreds of times over one load: at random moments from outside, and inside before any call on a file and
between any two steps of a commit. Started again and again until it is through, the load leaves what an undisturbed one
leaves."""
import collections
import itertools
import os
import random
import subprocess
import time

from faults import KILLED, Checks, Lab, Load, arguments, messages, read_only, small_input

BATCH = 10
STEPS = ('after BEGIN IMMEDIATE', 'after row', 'before text', 'write holding.txt', 'sync holding.txt', 'after text',
         'after positions', 'after redelivery', 'after catalog', 'before COMMIT', 'write history.db-wal',
         'sync history.db-wal', 'after COMMIT')
TOPIC = 'bankserver1.bank_data.holding'


def stored(load):
    """How many batches are in the file."""
    if not os.path.exists(load.db):
        return 0
    db = read_only(load.db)
    try:
        return db.execute('SELECT count(*) FROM batch').fetchone()[0]
    except Exception:  # killed before there was a table
        return 0
    finally:
        db.close()


class Driver:
    """Kills a load so often that it is through only after `most` kills, each having come a little further."""

    def __init__(self, load, most, batches, times):
        self.load, self.most, self.batches = load, most, batches
        self.times = times  # {how: (passings or seconds until the first batch, and of a batch)}
        self.random = random.Random(most)
        self.kills, self.hit = collections.Counter(), collections.Counter()
        self.trace = load.path('trace')
        self.reached = self.stalled = 0
        self.steps = itertools.cycle(STEPS)

    def reach(self, how):
        """How far a start is let go on, so that the kills are spread over the load; farther when it got nowhere."""
        batches = stored(self.load)
        self.stalled = self.stalled + 1 if batches == self.reached else 0
        self.reached = batches
        left = max(0, self.batches - batches)
        fair = 1.5 * left / max(1, self.most - sum(self.kills.values()))
        # Never to the end, as one that gets on better than was measured would be through too soon.
        return min(fair * (1 + 0.3 * self.stalled), left / 3) * self.times[how][1]

    def kill_inside(self, how):
        """At some passing: of the start (one in five), of a named step, or of any call or step after the start."""
        if os.path.exists(self.trace):
            os.remove(self.trace)
        if self.random.random() < 0.2:
            where = {'fault': f'{how}:{self.random.randint(1, self.times[how][0])}:kill'}
        elif self.random.random() < 0.6:
            step = next(self.steps)
            series = 'point' if step.startswith(('before', 'after')) else 'io'
            # Not each of the last batches has lines for the text.
            most = 1 if 'holding.txt' in step else 1 + int(self.reach('batch'))
            where = {'fault': f'{series}:{self.random.randint(1, most)}:kill', 'only': step}
        else:
            where = {'fault': f'{how}:{self.random.randint(1, 1 + int(self.reach(how)))}:kill', 'from': 'row'}
        code, said = self.load.faulty(trace=self.trace, **where)
        if code == KILLED:
            with open(self.trace, encoding='utf-8') as lines:
                self.hit[collections.deque(lines, 1)[0].split(' ', 2)[2].strip()] += 1
        return code, said

    def kill_outside(self):
        # A driver that the system leaves waiting comes too late; then the load kills itself.
        process = self.load.start(**{'fault': f'io:{1 + int(self.reach("io"))}:kill', 'from': 'row'})
        try:
            moment = self.random.uniform(0, self.times['time'][0] + self.reach('time'))
            said = process.communicate(timeout=moment)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            said = process.communicate()[1]
        return process.returncode, said.decode(errors='replace')

    def run(self):
        """Until there were enough kills, or the load was through; gives what went wrong."""
        while sum(self.kills.values()) < self.most:
            how = self.random.choice(('io', 'point', 'time'))
            code, said = self.kill_outside() if how == 'time' else self.kill_inside(how)
            if code == KILLED:
                self.kills[how] += 1
            elif code == 0:
                break
            else:
                return f'kill {sum(self.kills.values())}: exit code {code}: {said}'
            if 'rebuilding' in said:
                return f'kill {sum(self.kills.values())}: {said}'
        return self.load.undisturbed() or self.load.wrong()


def measured(lab):
    """How many batches there are; passings and seconds that a start takes until its first batch, and a batch takes."""
    steps = lab.trace()[0]
    with Load(lab) as load:
        begun = time.monotonic()
        load.faulty()
        loaded = time.monotonic()
        load.faulty(trace=load.path('trace'))
        started = time.monotonic() - loaded
        batches = stored(load)
        with open(load.path('trace'), encoding='utf-8') as lines:
            again = [line.split(' ', 1)[0] for line in lines]
    times = {'time': (started, (loaded - begun - started) / batches), 'batch': (0, 1)}
    # Tables are made in the first half of the batches; of those that follow each takes about as much.
    late = [i for i, step in enumerate(steps) if step[2] == 'after COMMIT'][-batches // 2:]
    for series in ('io', 'point'):
        count = sum(step[0] == series for step in steps[late[0]:late[-1]])
        times[series] = (again.count(series), count / len(late))
    return batches, times


def check(checks, name, lab, least, most):
    """Aims at `most` kills; a load that gets on better than was measured is through after some fewer."""
    batches, times = measured(lab)
    with Load(lab) as load:
        driver = Driver(load, most, batches, times)
        wrong = driver.run()
        kills = sum(driver.kills.values())
        told = ', '.join(f'{count} by {how}' for how, count in sorted(driver.kills.items()))
        if lab.long:
            checks.check(f'{name}: killed between all steps of a commit', set(STEPS) <= set(driver.hit),
                         ', '.join(sorted(set(STEPS) - set(driver.hit))))
        checks.check(f'{name}: {kills} kills ({told}; {len(driver.hit)} places) in {batches} batches, nothing lost, '
                     'doubled or changed', not wrong and kills >= least, wrong or f'fewer than {least}')


class Host:
    """A mock Kafka with a recording in it."""

    def __init__(self, program, recording):
        self.process = subprocess.Popen([program, recording, TOPIC], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.brokers = self.process.stdout.readline().decode().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def main():
    given = arguments(__doc__)
    checks = Checks()
    whole = ''.join(messages(given.data, 'm-crash-duplicates'))
    some = ''.join(list(messages(given.data, 'm-crash-duplicates'))[:400])
    lab = Lab(given, (whole if given.long else some) + small_input(given.data), BATCH, checkpoint=32)
    try:
        check(checks, 'from a file', lab, *((300, 340) if given.long else (22, 30)))
    finally:
        lab.close()
    lab = Lab(given, whole if given.long else some, BATCH, checkpoint=32, texts={'holding': 'holding.txt'})
    try:
        with Host(given.mock, lab.input) as host:
            lab.source = ['--brokers', host.brokers, '--topic', TOPIC, '--until-end']
            check(checks, 'from Kafka', lab, *((60, 80) if given.long else (4, 6)))
    finally:
        lab.close()
    checks.exit()


if __name__ == '__main__':
    main()
