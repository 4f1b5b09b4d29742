"""DuckDB: duckdb_peer.py load INPUT DATABASE [schema] | sums DATABASE | size DATABASE."""

import json
import os
import sys

import duckdb

import common

IMAGE = (
    'STRUCT(holding_id INTEGER, user_id INTEGER, holding_stock VARCHAR, holding_quantity INTEGER, '
    'datetime_created BIGINT, datetime_updated BIGINT)'
)
EVENT = {'op': 'VARCHAR', 'before': IMAGE, 'after': IMAGE, 'source': 'STRUCT(ts_us BIGINT, lsn BIGINT, "txId" BIGINT)'}
THREADS = 2


def connect(path, **more):
    return duckdb.connect(path, config={'threads': THREADS}, **more)


def select(path, with_schema):
    """Typed columns of a named structure: the fastest of what DuckDB offers for such lines (against json objects and
    from_json, and lines read as text). What is not named is skipped by its reader, the schema block too."""
    at = 'payload.' if with_schema else ''
    images = ', '.join(
        f'{at}{image}.{name} AS {image}_{name}' for image in ('before', 'after') for name in common.IMAGE
    )
    fields = ', '.join(f"{name}: '{kind}'" for name, kind in EVENT.items())
    if with_schema:
        fields = "payload: 'STRUCT(" + ', '.join(f'{name} {kind}' for name, kind in EVENT.items()) + ")'"
    return (
        f'SELECT {at}op AS op, {at}source.ts_us AS changed_at, {at}source.lsn AS lsn, '
        f'{at}source."txId" AS tx_id, {images} '
        f"FROM read_json('{path}', format='newline_delimited', columns={{{fields}}})"
    )


def main():
    action, *rest = sys.argv[1:]
    if action == 'load':
        given, path, *more = rest

        def load(source):
            database = connect(path)
            have = database.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'holding_history'")
            verb = 'INSERT INTO holding_history' if have.fetchone()[0] else 'CREATE TABLE holding_history AS'
            database.execute(f'{verb} {select(source.path, "schema" in more)}')
            database.close()  # with its checkpoint: the file is whole

        common.run(given, load)
    elif action == 'sums':
        database = connect(rest[0], read_only=True)
        json.dump(common.sums(lambda sql: database.execute(sql).fetchall()), sys.stdout)
    elif action == 'size':
        print(os.path.getsize(rest[0]))


if __name__ == '__main__':
    main()
