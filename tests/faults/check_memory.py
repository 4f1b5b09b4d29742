"""Memory runs out, once and for ever, on each way through the program that leads to an allocation (its own or its
libraries'): it says so and ends with exit code 1, or goes on unharmed, and the next start leaves what an undisturbed
load leaves."""
import os
import signal

from check_storage import try_fault
from faults import Checks, Lab, Tally, arguments, each, small_input

MEMORY = 1
# json-c 0.16 does not look whether it got the memory for a member's name. For the load that is a kill.
DIES = -signal.SIGSEGV
# Where full batches are written by a thread, which allocation is the n-th is not the same each time: any may turn out
# to be one of those, which are few.
FULL_BATCHES = 'CDCLITE_BATCH_MESSAGES' in os.environ
MOST_DEATHS = 2
# What fails there fails while events are refused, of which the database then hears without its transaction; the
# reason is what failed.
LAST = 1000


def main():
    given = arguments(__doc__)
    checks = Checks()
    lab = Lab(given, small_input(given.data), batch=20, checkpoint=16)
    try:
        if not lab.trace()[1]:
            checks.skip('allocations', 'this build has a malloc of its own')
            print('skipped: AddressSanitizer has a malloc of its own')
            return
        steps, allocations = lab.trace(sites=1)
        sites = [(n, step) for series, n, step in steps if series == 'memory']
        for ever, share in (('', 1), (':ever', 5)):
            ways = sites[::share] if lab.long else sites[share::len(sites) // 40]
            last = []
            if FULL_BATCHES and not ever:
                last = [(n, 'site ') for n in range(allocations - LAST, allocations, 2)]
            tally = Tally()
            each([(lab, tally, f'memory:{n}', 'ENOMEM', ever, step,
                   (MEMORY, DIES) if FULL_BATCHES or 'json-c' in step else (MEMORY,))
                  for n, step in ways + last], try_fault)
            deaths = tally.outcomes[f'exit {DIES}'] if FULL_BATCHES else 0
            also = f' and {len(last)} of the last {LAST}' if last else ''
            checks.check(f'{len(ways)} of {len(sites)} ways to an allocation{also}, of {allocations} allocations, fail'
                         f'{" for ever" if ever else ""}: {tally.told()}', not tally.failures and deaths <= MOST_DEATHS,
                         f'{len(tally.failures)} went wrong')
    finally:
        lab.close()
    checks.exit()


if __name__ == '__main__':
    main()
