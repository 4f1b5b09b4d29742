"""What SQLite alone inserts of the same rows, from memory. (What librdkafka alone drains is measured among the
contenders of the Kafka part.)"""

import inputs
from harness import Contender, PROGRAM, alternate, call, path, remove, tool


def insert(events, history, rows):
    def run(target):
        _, seconds, cpu = call(tool('insert_rows'), history, 'holding_history', target, events, rows).split()
        return {'seconds': float(seconds), 'cpu': float(cpu), 'rss_kib': 0}

    return Contender(f'floor: SQLite alone, {rows} row{"s" * (rows > 1)} a statement', events, run)


def run(context):
    count = context.size['schema_events']
    history = path('floor.db')
    remove(history)
    context.say(f'-- {count:,} rows inserted by SQLite alone')
    call(PROGRAM, 'load', '--quiet', '--until-end', '--input', inputs.events(count), '--db', history, '--no-text')
    results = alternate(context, [insert(count, history, rows) for rows in (1, 8)], context.size['runs'])
    remove(history)
    return results
