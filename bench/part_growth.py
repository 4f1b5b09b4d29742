"""How the load goes when the history has grown: the next events of a file, in turn, onto histories of several sizes.
Uses the histories that the answers part left, and uses them up. Also a table of 100 columns."""

import os
import subprocess

import inputs
from contenders import cdclite
from harness import PROGRAM, alternate, measured, path, remove, size
from part_answers import history

ROUNDS = 3


def fill(context, count):
    """A history of so many events, by a pipe: nobody has room for the largest as a file."""
    target = history(count)
    if os.path.exists(target) or not count:
        return
    context.say(f'-- a history of {count:,} events')
    remove(target, target + '.txt')
    maker = subprocess.Popen(inputs.command(count), stdout=subprocess.PIPE)
    subprocess.run(
        [PROGRAM, 'load', '--quiet', '--input', '-', '--db', target, '--text', target + '.txt'],
        stdin=maker.stdout,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    maker.stdout.close()
    if maker.wait():
        raise RuntimeError('the events cannot be made')


def load_next(context, count, number):
    """The next stretch of events onto the history of this size."""
    chunk, target = context.size['chunk'], history(count) if count else path('history-new.db')
    if not count:
        remove(target, target + '.txt')
    source = inputs.events(chunk, first=count + number * chunk, total=count or chunk)
    os.sync()
    took = measured(
        PROGRAM, 'load', '--quiet', '--until-end', '--input', source, '--db', target, '--text', target + '.txt'
    )
    remove(source)
    context.say(
        f'onto {count + number * chunk * bool(count):,}: {chunk / took["seconds"]:,.0f} events/s, '
        f'{took["cpu"] / chunk * 1e6:.2f} µs of CPU, {took["rss_kib"] / 1024:.0f} MiB'
    )
    return took | {'events': chunk}


def run(context):
    sizes = context.size['growth']
    results = {str(count): {'runs': []} for count in sizes}
    for count in sizes:
        fill(context, count)
        if count:
            results[str(count)] |= {'bytes': size(history(count)), 'text_bytes': size(history(count) + '.txt')}
    for number in range(ROUNDS):
        for count in sizes:
            results[str(count)]['runs'].append(load_next(context, count, number))
    for target in [history(count) for count in sizes] + [path('history-new.db')]:
        remove(target, target + '.txt')
    wide = context.size['wide_events']
    context.say(f'-- {wide:,} events of 100 columns, {os.path.getsize(inputs.wide(wide)) // wide:,} bytes each')
    results['wide'] = alternate(context, [cdclite(wide, ['--input', inputs.wide(wide)], sums=False)], 2)
    return results
