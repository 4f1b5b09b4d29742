"""What one pipes together: jq | sqlite3 .import. jq_peer.py load INPUT DATABASE [schema] | sums DATABASE.
.import knows no NULL: empty texts stand for it."""

import json
import os
import sqlite3
import subprocess
import sys

import common
import python_peer


def main():
    action, *rest = sys.argv[1:]
    if action == 'sums':
        database = sqlite3.connect(rest[0])
        shown = ', '.join(f"nullif({name}, '') AS {name}" for name in common.COLUMNS)
        json.dump(
            common.sums(
                lambda sql: database.execute(sql).fetchall(),
                integer='INTEGER',
                table=f'(SELECT {shown} FROM holding_history)',
            ),
            sys.stdout,
        )
        return
    given, path, *more = rest
    at = '.payload | ' if 'schema' in more else ''
    images = ', '.join(f'.{image}.{name}' for image in ('before', 'after') for name in common.IMAGE)
    program = f'{at}[.op, .source.ts_us, .source.lsn, .source.txId, {images}] | @tsv'

    def load(source):
        text = open(source.path, 'rb') if source.pipe is None else source.pipe.stdout
        jq = subprocess.Popen(['jq', '-r', program], stdin=text, stdout=subprocess.PIPE)
        into = [
            f'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {python_peer.TABLE};',
            '.mode tabs',
            f'.import /dev/fd/{jq.stdout.fileno()} holding_history',
        ]
        subprocess.run(
            ['sqlite3', path],
            input='\n'.join(into),
            text=True,
            stdout=subprocess.DEVNULL,
            check=True,
            pass_fds=(jq.stdout.fileno(),),
        )
        if jq.wait():
            raise RuntimeError('jq failed')

    common.run(given, load)


if __name__ == '__main__':
    os.environ['LC_ALL'] = 'C'
    main()
