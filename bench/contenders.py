"""Who runs against whom: cdclite and its peers, for a file or a topic, with or without schemas."""

import json

import inputs
from harness import PROGRAM, PYTHON, Contender, call, measured, peer


def unsummed(events, source):
    """The load without gathering and folding the sums: they are empty since an event of a fraction came before."""

    def run(target):
        call(PROGRAM, *load_of(['--input', inputs.fraction()], target))
        return measured(PROGRAM, *load_of(source, target))

    return Contender('cdclite, without the sums', events, run)


def load_of(source, target):
    """With its defaults: the text log is written too, and every commit is durable."""
    return 'load', '--quiet', *source, '--until-end', '--db', target, '--text', target + '.txt'


def cdclite(events, source, name='cdclite', sums=True, **environment):
    def run(target):
        return measured(PROGRAM, *load_of(source, target), **environment)

    return Contender(name, events, run, (lambda target: stored_rows('python', target)) if sums else None)


def stored_rows(which, target):
    return json.loads(call(PYTHON, peer(which), 'sums', target))


def python_peer(which, name, events, given, how, stores=True, note=''):
    def run(target):
        return json.loads(call(PYTHON, peer(which), 'load', given, target, *([how] if how else [])))

    return Contender(name, events, run, (lambda target: stored_rows(which, target)) if stores else None, note)


def clickhouse_engine(events, given, how):
    def run(target):
        return json.loads(call(PYTHON, peer('clickhouse'), 'engine', given, events, target, *([how] if how else [])))

    return Contender(
        "ClickHouse's Kafka engine", events, run, lambda target: stored_rows('clickhouse', target), rounds=3
    )


def jdbc_sink(events, given, jars, rounds):
    """It needs schemas."""
    rows = events - inputs.deletes(events)

    def run(target):
        return json.loads(call(PYTHON, peer('jdbc'), 'load', given, target, jars, rows, events))

    return Contender("Kafka Connect's JDBC sink", events, run, note='new rows alone', rounds=rounds)


def fast(context, events, given, with_schema, pipe=''):
    """DuckDB and ClickHouse. With schemas ClickHouse is also tried with the payload cut out of the line as text,
    faster than by any of its JSON readers."""
    found = []
    how = 'schema' if with_schema else ''
    if context.has('duckdb'):
        found.append(python_peer('duckdb', pipe + 'DuckDB', events, given, how))
    if context.has('chdb'):
        found.append(python_peer('clickhouse', pipe + 'ClickHouse', events, given, how))
        if with_schema:
            found.append(
                python_peer('clickhouse', pipe + 'ClickHouse, payload cut by hand', events, given, 'schema-cut')
            )
    return found


def slow(context, events, given, with_schema, pipe=''):
    found = []
    how = 'schema' if with_schema else ''
    if context.has('orjson'):
        found.append(python_peer('python', 'Python: orjson, sqlite3', events, given, how))
    if context.has('jq') and context.has('sqlite3'):
        found.append(python_peer('jq', pipe + 'jq, sqlite3 .import', events, given, how))
    found.append(python_peer('parse', 'Python: json, print', events, given, how, stores=False, note='stores nothing'))
    return found
