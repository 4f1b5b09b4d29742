"""Answers questions, one a line as JSON {"sql": ..., "parameters": ...}, with {"rows": ..., "seconds": ...}:
answer_peer.py DuckDB|ClickHouse|SQLite STORE. The store stays open, and so warm."""

import json
import sys
import time


def sqlite(store):
    import sqlite3

    database = sqlite3.connect(f'file:{store}?mode=ro', uri=True)

    class Parameters(dict):
        def __missing__(self, name):
            return None

    return lambda sql, parameters: database.execute(sql, Parameters(parameters)).fetchall()


def duckdb(store):
    import duckdb_peer

    database = duckdb_peer.connect(store, read_only=True)
    return lambda sql, _: database.execute(sql).fetchall()


def clickhouse(store):
    import clickhouse_peer

    database = clickhouse_peer.connect(store)
    return lambda sql, _: clickhouse_peer.rows(database, sql)


def main():
    answer = {'DuckDB': duckdb, 'ClickHouse': clickhouse, 'SQLite': sqlite}[sys.argv[1]](sys.argv[2])
    for line in sys.stdin:
        question = json.loads(line)
        began = time.perf_counter()
        rows = answer(question['sql'], question['parameters'])
        print(json.dumps({'seconds': time.perf_counter() - began, 'rows': rows}), flush=True)


if __name__ == '__main__':
    main()
