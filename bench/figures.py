"""Figures out of the results: rates, ratios run by run, and what the goals ask for."""

import statistics

FAST = ('DuckDB', 'ClickHouse')
PIPES = ('kcat | DuckDB', 'kcat | ClickHouse')
SINK = 'Kafka Connect\'s JDBC sink'
ENGINE = 'ClickHouse\'s Kafka engine'
SELF, SELF_FEW, SELF_UNSUMMED = 'cdclite', 'cdclite, few events', 'cdclite, without the sums'


def rates(entry):
    return [run['events'] / run['seconds'] for run in entry['runs']]


def rate(entry):
    return statistics.median(rates(entry))


def cpu(entry):
    """Microseconds an event."""
    return statistics.median(run['cpu'] / run['events'] * 1e6 for run in entry['runs'])


def peak(entry):
    """MiB, of all runs the most."""
    return max(run['rss_kib'] for run in entry['runs']) / 1024


def ratios(ours, theirs):
    """Ours to theirs in each round: median, least, most."""
    each = [one / other for one, other in zip(rates(ours), rates(theirs))]
    return statistics.median(each), min(each), max(each)


def fastest(table, names):
    present = [name for name in names if name in table]
    return max(present, key=lambda name: rate(table[name])) if present else None


class Goal:
    """What is asked for, what was measured; `reached` is None where it was not measured."""

    def __init__(self, what, wanted, found, reached):
        self.what, self.wanted, self.found, self.reached = what, wanted, found, reached


def at_least(what, table, other, factor, ours=SELF):
    wanted = f'at least {factor:g} times'
    if not table or ours not in table or other not in table:
        return Goal(what, wanted, 'not measured', None)
    median, least, most = ratios(table[ours], table[other])
    beside = ''
    if ours == SELF_UNSUMMED and SELF in table:
        beside = f'; {ratios(table[SELF], table[other])[0]:.2f} with the sums'
    return Goal(what, wanted, f'{median:.2f} times {other} ({least:.2f}–{most:.2f}){beside}', median >= factor)


def load_goals(parts):
    """The rate counts without the sums, which is said beside it with them."""
    files, kafka = parts.get('files', {}), parts.get('kafka', {})
    goals = []
    for table, key, names, where, factor in (
        (files, 'schema', FAST, 'a file, with schemas, no sums: rate against the faster of DuckDB and ClickHouse', 2.5),
        (files, 'plain', FAST, 'a file, without schemas, no sums: the same', 1.1),
        (kafka, 'schema', PIPES, 'Kafka, with schemas, no sums: rate against the fastest pipeline', 2),
        (kafka, 'plain', PIPES, 'Kafka, without schemas, no sums: the same', 1.2),
    ):
        rows = table.get(key, {})
        goals.append(at_least(where, rows, fastest(rows, names), factor, SELF_UNSUMMED))
        if key == 'plain' and table is files:
            goals.append(cpu_goal(rows, fastest(rows, names)))
    for key, factor, which in (('schema', 10, 'with'), ('plain', 5, 'without')):
        where = f'Kafka, {which} schemas, no sums: rate against'
        goals.append(at_least(f'{where} ClickHouse\'s Kafka engine', kafka.get(key), ENGINE, factor, SELF_UNSUMMED))
        if key == 'schema':
            goals.append(at_least(f'{where} Kafka Connect\'s JDBC sink', kafka.get(key), SINK, 10, SELF_UNSUMMED))
        goals.append(floor_goal(parts, key, where))
    return goals


def cpu_goal(rows, other):
    what, wanted = 'a file, without schemas, no sums: CPU time an event against the same', 'at most 0.75 times'
    if SELF_UNSUMMED not in rows or not other:
        return Goal(what, wanted, 'not measured', None)
    found = cpu(rows[SELF_UNSUMMED]) / cpu(rows[other])
    return Goal(what, wanted, f'{found:.2f} times {other}', found <= 0.75)


def floor_goal(parts, key, where):
    what, wanted = f'{where} the lower of the two floors', 'at least 0.7 times'
    rows, floors = parts.get('kafka', {}).get(key, {}), parts.get('floors', {})
    drained = rows.get('floor: librdkafka alone')
    if not drained or not floors or not {SELF, SELF_UNSUMMED} <= rows.keys():
        return Goal(what, wanted, 'not measured', None)
    floor = min(rate(drained), max(rate(entry) for entry in floors.values()))
    found, summed = rate(rows[SELF_UNSUMMED]) / floor, rate(rows[SELF]) / floor
    name = 'librdkafka alone' if floor == rate(drained) else 'SQLite alone'
    return Goal(what, wanted, f'{found:.2f} times {name}; {summed:.2f} with the sums', found >= 0.7)


def milliseconds(times, who):
    return times[who]['median'] * 1000 if who in times else None


def answer_goals(parts):
    sizes = parts.get('answers', {})
    whole = 'answers, all time and whole days: time against DuckDB, the worst of them'
    any_period = 'answers, any period: the same'
    one = 'holdings_as_of and holding_timeline, one user or holding'
    if not sizes:
        return [
            Goal(whole, 'at most 0.1 times', 'not measured', None),
            Goal(any_period, 'at most 1 times', 'not measured', None),
            Goal(one, 'under 50 ms', 'not measured', None),
        ]
    count = max(sizes, key=int)
    worst, slowest = {0.1: (0, ''), 1: (0, '')}, (0, '')
    for question in sizes[count]['questions']:
        ours, theirs = (milliseconds(question['times'], who) for who in ('SQLite', 'DuckDB'))
        name = f'`{question["query"]}`, {question["what"]}'
        if question['query'].startswith('holding'):
            slowest = max(slowest, (ours, name))
        elif theirs:
            limit = 1 if 'any period' in question['what'] else 0.1
            worst[limit] = max(worst[limit], (ours / theirs, name))
    return [
        Goal(
            f'{what} at {int(count):,} events',
            f'at most {limit:g} times',
            f'{worst[limit][0]:.3g} times ({worst[limit][1]})',
            worst[limit][0] <= limit if worst[limit][1] else None,
        )
        for what, limit in ((whole, 0.1), (any_period, 1))
    ] + [Goal(f'{one} at {int(count):,} events', 'under 50 ms', f'{slowest[0]:.1f} ms ({slowest[1]})', slowest[0] < 50)]


def is_ours(name):
    """Of the names in all tables, the runs of cdclite: by its name, where from, or onto how many events."""
    return name.startswith(('cdclite', 'from ')) or name.isdigit()


def memory_goal(tables, what, limit):
    peaks = [
        peak(entry)
        for table in tables
        for name, entry in table.items()
        if is_ours(name) and isinstance(entry, dict) and entry.get('runs')
    ]
    return Goal(
        f'peak memory from {what}, tables of 100 columns included',
        f'at most {limit} MiB',
        f'{max(peaks):.0f} MiB' if peaks else 'not measured',
        max(peaks) <= limit if peaks else None,
    )


def memory_goals(parts):
    growth = parts.get('growth', {})
    loads = [{'cdclite': {'runs': [found['loads']['cdclite']]}} for found in parts.get('answers', {}).values()]
    disks = parts.get('latency', {}).get('slow_disk', {}).values()
    return [
        memory_goal([*parts.get('files', {}).values(), growth, growth.get('wide', {}), *loads], 'files', 64),
        memory_goal([*parts.get('kafka', {}).values(), *disks], 'Kafka', 96),
    ]


def growth_goals(parts):
    growth = parts.get('growth', {})
    sizes = sorted((key for key in growth if key.isdigit()), key=int)
    what, wanted = 'the rate does not fall as the history grows', 'at least 0.9 times that of an empty one'
    if len(sizes) < 2:
        return [Goal(what, wanted, 'not measured', None)]
    found, size = min((rate(growth[size]) / rate(growth[sizes[0]]), size) for size in sizes[1:])
    return [Goal(what, wanted, f'{found:.2f} times at {int(size):,} events', found >= 0.9)]


def latency_goals(parts):
    latency, goals = parts.get('latency', {}), []
    for quiet in latency.get('quiet', []):
        limit = 0.1 if quiet['options'] else 1
        goals.append(
            Goal(
                f'a quiet topic, {quiet["options"] or "defaults"}: an event can be queried after',
                f'at most {limit * 1000:.0f} ms',
                f'{quiet["median"] * 1000:.0f} ms, at most {quiet["most"] * 1000:.0f} ms',
                quiet['most'] <= limit,
            )
        )
    for disk, table in latency.get('slow_disk', {}).items():
        if len(table) == 2:
            found = rate(table['from Kafka']) / rate(table['from a file'])
            goals.append(
                Goal(
                    f'a backlog and a disk of {disk}: rate with a queue of 16 MiB against the same from a file',
                    'at least 0.9 times',
                    f'{found:.2f} times',
                    found >= 0.9,
                )
            )
    return goals


def all_goals(parts):
    return (
        load_goals(parts)
        + [
            at_least(
                'a file, without schemas, summaries folded: rate against DuckDB',
                parts.get('files', {}).get('plain'),
                'DuckDB',
                0.8,
            )
        ]
        + answer_goals(parts)
        + memory_goals(parts)
        + growth_goals(parts)
        + latency_goals(parts)
    )
