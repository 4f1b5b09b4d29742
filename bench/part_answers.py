"""The canned queries over a history, against the same questions put to DuckDB and ClickHouse over the same rows. The
histories stay for the growth part."""

import csv
import io
import json
import os
import subprocess
import sqlite3
import time

import inputs
import queries_of_peers as peers
from contenders import stored_rows
from harness import PROGRAM, PYTHON, ROOT, call, measured, path, peer, remove, size, spread


def history(count):
    return path(f'history-{count}.db')


def load_history(count, input_file):
    """A history of so many events and its text log: what the load took."""
    target = history(count)
    remove(target, target + '.txt')
    os.sync()
    return measured(
        PROGRAM, 'load', '--quiet', '--until-end', '--input', input_file, '--db', target, '--text', target + '.txt'
    )


class Answerer:
    """A store that is open in a process of its own."""

    def __init__(self, engine, store):
        self.engine = engine
        self.process = subprocess.Popen(
            [PYTHON, peer('answer'), engine, store], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, sql, parameters):
        print(json.dumps({'sql': sql, 'parameters': parameters}), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f'{self.engine} cannot answer: {sql[:200]}')
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def load_all(context, count):
    """The stores by engine, and what each load took."""
    source = inputs.events(count)
    stores, loads = {'SQLite': history(count)}, {}
    context.say(f'-- {count:,} events: loading')
    loads['cdclite'] = load_history(count, source) | {
        'bytes': size(history(count)),
        'text_bytes': size(history(count) + '.txt'),
    }
    truth = stored_rows('python', history(count))
    for name, which in (('DuckDB', 'duckdb'), ('ClickHouse', 'clickhouse')):
        if not context.has({'duckdb': 'duckdb', 'clickhouse': 'chdb'}[which]):
            continue
        store = path(f'{which}-{count}')
        remove(store)
        os.sync()
        loads[name] = json.loads(call(PYTHON, peer(which), 'load', source, store)) | {'bytes': size(store)}
        if stored_rows(which, store) != truth:
            context.leave_out(name, 'stores other rows than cdclite')
            continue
        stores[name] = store
    for name, took in loads.items():
        context.say(f'{name}: {count / took["seconds"]:,.0f} events/s, {took["bytes"] / count:.0f} bytes an event')
    if count > 2000000:
        remove(source)
    return stores, loads


def printed_rows(name, text):
    rows = list(csv.reader(io.StringIO(text)))[1:]
    return sorted(rows) if name.startswith('holding') else rows


def ask_all(context, count, answerers, name, parameters):
    """The seconds of each, by who answered: with the process, and the query alone."""
    words = [
        PROGRAM,
        'query',
        name,
        '--db',
        history(count),
        '--format',
        'csv',
        *(f'{key}={value}' for key, value in parameters.items()),
    ]
    with open(os.path.join(ROOT, 'queries', name + '.sql'), encoding='utf-8') as file:
        sql = {'SQLite': file.read().rstrip().rstrip(';')}
    sql |= {engine: peers.SQL[name](engine, parameters) for engine in ('DuckDB', 'ClickHouse')}
    expected = printed_rows(name, call(*words))
    times, others, began = {}, [], time.monotonic()
    for number in range(context.size['query_runs'] + 1):
        if number > 1 and time.monotonic() - began > context.size['query_seconds']:
            break
        took = {'cdclite query': measured(*words)['seconds']}
        for answerer in answerers:
            answer = answerer.ask(sql[answerer.engine], parameters)
            took[answerer.engine] = answer['seconds']
            rows = peers.as_cdclite_prints(name, answer['rows'], answerer.engine)
            if number == 0 and rows != expected:
                others.append(answerer.engine)
                context.leave_out(
                    f'{answerer.engine}, {name} {parameters}', f'answers otherwise: {rows[:2]} for {expected[:2]}'
                )
        if number or max(took.values()) > context.size['query_seconds']:  # the first only warms up
            for who, seconds in took.items():
                times.setdefault(who, []).append(seconds)
    return {who: spread(each) for who, each in times.items() if who not in others}, len(expected)


def chosen(count):
    """A user and a holding out of the middle."""
    with sqlite3.connect(f'file:{history(count)}?mode=ro', uri=True) as database:
        return database.execute(
            'SELECT after_user_id, after_holding_id FROM holding_history WHERE change_id >= ? '
            "AND op = 'u' ORDER BY change_id LIMIT 1",
            (count // 2,),
        ).fetchone()


def run(context):
    results = {}
    for count in context.size['answers']:
        stores, loads = load_all(context, count)
        answerers = [Answerer(engine, store) for engine, store in stores.items()]
        asked = []
        for name, what, parameters in peers.questions(*chosen(count)):
            times, rows = ask_all(context, count, answerers, name, parameters)
            asked.append({'query': name, 'what': what, 'parameters': parameters, 'rows': rows, 'times': times})
            context.say(
                f'{name}, {what}: ' + ', '.join(f'{who} {each["median"] * 1000:.1f} ms' for who, each in times.items())
            )
        for answerer in answerers:
            answerer.close()
        remove(*(store for engine, store in stores.items() if engine != 'SQLite'))
        results[str(count)] = {'loads': loads, 'questions': asked}
    return results
