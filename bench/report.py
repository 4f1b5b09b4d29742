"""docs/performance.md and its plot, out of the results alone."""

import os

import figures
import plot

ABOUT = '''# Performance

What `cdclite` and what one would use instead do with the same events on the same machine, written by
`sh bench/run.sh` from one run. No figure is typed in by hand; [bench/README.md](../bench/README.md) says how each is
taken.

![Events a second by loader, and milliseconds by question](performance.svg)
'''
METHOD = '''## Method

The events are a year of simulated trading on the tutorial's `holding` table, recorded through PostgreSQL and Debezium
3.7 (`tests/data/bulk-tenth`). Copies are shifted in commit time, LSN, transaction, holding and user, so that all are
events of their own, spread over 300 days: about 750 bytes each, 3.5 KB with the schema block that Debezium puts in
front.

Contenders take turns, one whole round after another; the first round warms up and does not count. A figure is the
median of the rounds with the least and the most; a ratio is taken within each round. Before each run what others wrote
is synced. In the first round the rows that each stored are counted and summed up in its own SQL (numbers of each
operation, a sum over all numbers of all rows weighted by column and LSN, counts and quantities by stock): who stores
other rows than `cdclite` is left out. Answers are compared row by row.

`cdclite` runs with its defaults: the text log is written too, every commit is synced, and the whole process counts
from its start to its end. The peers are Python programs whose start and imports do not count, only the loading with
the closing of the store; what kcat, jq and sqlite3 take in front of them or behind counts. DuckDB and ClickHouse are
told the columns and their types, and ClickHouse does not sync. CPU time is user and system time of all of a
contender's processes, the broker's apart, which has the same two cores.

"Without the sums": the peers keep no sums that are ready when a question comes; `cdclite` does. Where loading alone is
compared, an event whose quantity is a fraction was loaded before, which empties its summaries for good: rows, text log
and everything else are written as ever. Its default, with the sums, stands beside it.
'''

CUT = (
    ' "Payload cut by hand": the line is cut as text behind the first `"payload":`, and the schema block not read as '
    'JSON; the goals are against the readers of JSON.'
)


def cell(text):
    return text.replace('|', '\\|')


def number(value):
    return f'{value:,.0f}'


def rows_of_goals(parts):
    text = ['## Goals', '', '| | goal | measured | |', '|---|---|---|---|']
    for goal in figures.all_goals(parts):
        verdict = {True: 'reached', False: '**not reached**', None: 'not measured'}[goal.reached]
        text.append(f'| {goal.what} | {goal.wanted} | {cell(goal.found)} | {verdict} |')
    return text


def load_table(title, table, size, note=''):
    if not table:
        return []
    text = [f'## {title}', '']
    if note:
        text += [note, '']
    text += [
        '| | events/s | least–most | cdclite is … times as fast | CPU µs an event | peak MiB |',
        '|---|---|---|---|---|---|',
    ]
    order = sorted(table, key=lambda name: (name.startswith('floor'), -figures.rate(table[name])))
    for name in order:
        entry = table[name]
        fewer = any(run['events'] != size for run in entry['runs'])
        few = fewer and name not in (figures.ENGINE, figures.SINK)  # measured without their start
        ours = table.get(figures.SELF_FEW if few else figures.SELF)
        ratio = ''
        if ours and not name.startswith('cdclite'):
            ratio = '{:.2f} ({:.2f}–{:.2f})'.format(*figures.ratios(ours, entry))
        shown = f'**{name}**' if name == figures.SELF else cell(name)
        remarks = [entry['note']] if entry.get('note') else []
        if fewer:
            remarks.append(f'{entry["runs"][0]["events"]:,} events')
        rates = figures.rates(entry)
        text.append(
            f'| {shown}{" (" + ", ".join(remarks) + ")" if remarks else ""} | {number(figures.rate(entry))} | '
            f'{number(min(rates))}–{number(max(rates))} | {ratio} | {figures.cpu(entry):.2f} | '
            f'{figures.peak(entry):.0f} |'
        )
    return text + ['']


def floors(parts):
    table = parts.get('floors')
    if not table:
        return []
    text = [
        '## The floor of the store',
        '',
        "SQLite's own insert of the same rows from memory into the same table: one prepared "
        'INSERT, 10,000 rows a transaction, `synchronous=FULL`. (The floor of Kafka, librdkafka alone, stands among '
        'the loads from Kafka.)',
        '',
        '| | rows/s | least–most | CPU µs a row |',
        '|---|---|---|---|',
    ]
    for name, entry in table.items():
        rates = figures.rates(entry)
        text.append(
            f'| {name.replace("floor: ", "")} | {number(figures.rate(entry))} | {number(min(rates))}–'
            f'{number(max(rates))} | {figures.cpu(entry):.2f} |'
        )
    return text + ['']


def answers(parts):
    text = []
    for count, found in sorted(parts.get('answers', {}).items(), key=lambda pair: int(pair[0])):
        engines = [
            who for who in ('DuckDB', 'ClickHouse') if any(who in question['times'] for question in found['questions'])
        ]
        text += [
            f'## Answers over {int(count):,} events',
            '',
            'Milliseconds, median. "Process" is `cdclite query` from its '
            'start to its end, "query" the same SQL from `queries/` on an open connection, as in the `sqlite3` shell; '
            'the others are warm, with 2 threads, and their start does not count.',
            '',
            '| | | rows | process | query | ' + ' | '.join(engines) + ' | query to DuckDB |',
            '|---|---|---|---|---|' + '---|' * len(engines) + '---|',
        ]
        for question in found['questions']:
            times = {who: figures.milliseconds(question['times'], who) for who in question['times']}
            cells = [f'{times[who]:.2f}' if who in times else '' for who in ('cdclite query', 'SQLite', *engines)]
            ratio = f'{times["SQLite"] / times["DuckDB"]:.3f}' if 'DuckDB' in times else ''
            text.append(
                f'| `{question["query"]}` | {question["what"]} | {question["rows"]:,} | {" | ".join(cells)} | {ratio} |'
            )
        text += ['', '| these rows stored | bytes an event | events/s, one load | peak MiB |', '|---|---|---|---|']
        for name, load in found['loads'].items():
            text.append(
                f'| {name} | {load["bytes"] / int(count):.0f} | {number(int(count) / load["seconds"])} | '
                f'{load["rss_kib"] / 1024:.0f} |'
            )
            if 'text_bytes' in load:
                text.append(f'| the text log beside it | {load["text_bytes"] / int(count):.0f} | | |')
        text.append('')
    return text


def growth(parts):
    table = parts.get('growth', {})
    sizes = sorted((key for key in table if key.isdigit()), key=int)
    if not sizes:
        return []
    text = [
        '## As the history grows',
        '',
        'The next events of a file, without schemas, onto histories of several sizes, in turn.',
        '',
        '| events in the history | events/s | least–most | CPU µs an event | peak MiB |',
        '|---|---|---|---|---|',
    ]
    for size in sizes:
        entry = table[size]
        rates = figures.rates(entry)
        text.append(
            f'| {int(size):,} | {number(figures.rate(entry))} | {number(min(rates))}–{number(max(rates))} | '
            f'{figures.cpu(entry):.2f} | {figures.peak(entry):.0f} |'
        )
    wide = table.get('wide', {}).get(figures.SELF)
    if wide:
        text += [
            '',
            'A table of 100 columns with schemas, 17.5 KB an event, from a file: '
            f'{number(figures.rate(wide))} events/s ({figures.rate(wide) * 17.5 / 1000:.0f} MB/s), '
            f'{figures.cpu(wide):.1f} µs of CPU an event, at most {figures.peak(wide):.0f} MiB.',
        ]
        wide = parts.get('kafka', {}).get('wide', {}).get(figures.SELF)
        if wide:
            text[-1] += f' From Kafka: {number(figures.rate(wide))} events/s, {figures.peak(wide):.0f} MiB.'
    return text + ['']


def latency(parts):
    found = parts.get('latency')
    if not found:
        return []
    text = ['## A quiet topic', '']
    for quiet in found['quiet']:
        text.append(
            f'- {"`" + quiet["options"] + "`" if quiet["options"] else "Defaults"}: an event can be queried '
            f'{quiet["median"] * 1000:.0f} ms (median; {quiet["least"] * 1000:.0f}–{quiet["most"] * 1000:.0f}) after '
            f'it was handed to a producer, of {quiet["events"]} events at random moments.'
        )
    text += [
        '',
        '## A backlog and a slow disk',
        '',
        'Writes and syncs are made slow for the loader alone '
        '(`bench/throttled_disk.c`), the queue of librdkafka is 16 MiB, events have schemas. The same events from a '
        'file show what the disk allows.',
        '',
        '| disk | from a file, events/s | from Kafka | ratio |',
        '|---|---|---|---|',
    ]
    for disk, table in found['slow_disk'].items():
        if len(table) == 2:
            file, topic = (figures.rate(table[name]) for name in ('from a file', 'from Kafka'))
            text.append(f'| {disk} | {number(file)} | {number(topic)} | {topic / file:.2f} |')
    return text + ['']


def profile(parts):
    found = parts.get('profile')
    if not found:
        return []
    layers = sorted(
        {name for each in found.values() for name in each['layers']},
        key=lambda name: -found['plain']['layers'].get(name, 0),
    )
    text = [
        '## Where the time goes',
        '',
        'Instructions an event of a load from a file, counted by callgrind, start apart. The C '
        "library's are counted where they were called from. Syncs and the kernel's copying are not in it: they are "
        'the difference between CPU time and this.',
        '',
        '| | with schemas | share | without | share |',
        '|---|---|---|---|---|',
    ]
    for name in layers:
        cells = [
            f'{found[key]["layers"].get(name, 0):,.0f} | {found[key]["layers"].get(name, 0) / found[key]["total"]:.0%}'
            for key in ('schema', 'plain')
        ]
        text.append(f'| {name} | {" | ".join(cells)} |')
    text.append('| all | ' + ' | '.join(f'{found[key]["total"]:,.0f} | ' for key in ('schema', 'plain')) + ' |')
    return text + ['']


def ground(stored):
    """Machine and versions: of the newest part, and said where parts are of different programs or days."""
    parts = [part for part in stored.values() if 'machine' in part]
    if not parts:
        return []
    machine, versions = parts[-1]['machine'], parts[-1]['versions']
    text = [
        '## Machine and versions',
        '',
        f'{machine["processor"]}, {machine["cores"]} cores, {machine["memory_gib"]} GiB, '
        f'{machine["system"]}, Linux {machine["kernel"]}. {machine["date"]}.',
        '',
        f'{versions["cdclite"]}; commit {versions["commit"]}. '
        + ', '.join(
            f'{name} {versions[name]}' for name in ('duckdb', 'chdb', 'orjson', 'confluent-kafka') if name in versions
        )
        + '; Kafka 4.1.2, one broker, one partition.',
        '',
    ]
    for name, part in stored.items():
        if 'machine' in part and (part['versions']['commit'], part['machine']['date']) != (
            versions['commit'],
            machine['date'],
        ):
            text += [f'The part {name} is of commit {part["versions"]["commit"]}, {part["machine"]["date"]}.', '']
    took = ', '.join(f'{name} {part["seconds"] / 60:.1f}' for name, part in stored.items() if 'seconds' in part)
    return text + [f'Minutes that each part took: {took}.', '']


def left_out(stored):
    reasons = {name: why for part in stored.values() for name, why in part.get('left_out', {}).items()}
    text = [
        '## Left out',
        '',
        '- `Python: json, print` stores nothing; it stands for the scripts of tutorials.',
    ]
    for name, why in sorted(reasons.items()):
        text.append(f'- {name}: {" ".join(why.split())[:300]}')
    return text + ['']


def write(results, folder):
    stored = results['parts']
    parts = {name: part['results'] for name, part in stored.items() if 'results' in part}
    size = {name: part['size'] for name, part in stored.items() if 'size' in part}
    text = [ABOUT]
    if results.get('quick'):
        text.append('**A quick run: small inputs, few rounds. It shows that all works, and no more.**\n')
    text += [*rows_of_goals(parts), '']
    for part, words in (('files', 'a file'), ('kafka', 'Kafka, one partition')):
        for key, which, count in (('schema', 'with', 'schema_events'), ('plain', 'without', 'plain_events')):
            if part in parts:
                text += load_table(
                    f'Loading from {words}, {which} schemas',
                    parts[part].get(key),
                    size[part][count],
                    f'{size[part][count]:,} events, {size[part]["runs"]} rounds.' + CUT * (key == 'schema'),
                )
    text += floors(parts) + answers(parts) + growth(parts) + latency(parts) + profile(parts)
    text += [METHOD, *ground(stored), *left_out(stored)]
    with open(os.path.join(folder, 'performance.md'), 'w', encoding='utf-8') as file:
        file.write('\n'.join(text).rstrip() + '\n')
    with open(os.path.join(folder, 'performance.svg'), 'w', encoding='utf-8') as file:
        file.write(plot.draw(parts))
