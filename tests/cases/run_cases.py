"""Runs every folder beside this file: loads its input.jsonl twice and holds the result against what the folder says.

  NAME/input.jsonl        what is loaded, in any of the forms that a file may have
  NAME/args               more options, as in a shell (optional)
  NAME/expected_LOG.csv   the bytes of the text log LOG.txt, datetime_inserted being * (text.txt is that of holding;
                          without an expected_text.csv none is written)
  NAME/tables.json        {"SELECT …": [[…], …]}: queries on the database and their rows, in order
  NAME/says               lines each of which must stand once in what the first load writes to stderr (optional)

The second load must add nothing and say so; export text must give the text log again."""
import glob
import json
import os
import re
import shlex
import shutil
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'recordings'))

from harness import Checks, Place, arguments  # noqa: E402

INSERTED = re.compile(rb'20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z')


def without_time(text):
    """The log with * for each line's datetime_inserted, the last field but one."""
    lines = text.split(b'\n')
    for i, line in enumerate(lines[1:-1], 1):
        start, inserted, op = line.rsplit(b',', 2)
        lines[i] = b','.join((start, b'*' if INSERTED.fullmatch(inserted) else inserted, op))
    return b'\n'.join(lines)


def read(path, otherwise=b''):
    if not os.path.exists(path):
        return otherwise
    with open(path, 'rb') as file:
        return file.read()


def run_case(checks, cdclite, folder):
    name = os.path.basename(folder)
    expected = {os.path.basename(path)[len('expected_'):-len('.csv')]: path
                for path in glob.glob(os.path.join(folder, 'expected_*.csv'))}
    options = shlex.split(read(os.path.join(folder, 'args')).decode())
    with Place(cdclite) as place:
        shutil.copy(os.path.join(folder, 'input.jsonl'), place.path('input.jsonl'))
        command = ['load', '--input', 'input.jsonl', *options,
                   *(['--text', 'text.txt'] if 'text' in expected else ['--no-text'] if not expected else [])]
        place.text = place.path('text.txt')
        done = place.run(*command)
        if not checks.equal(f'{name}: loads', (done.returncode, done.stdout), (0, b'')):
            print(done.stderr.decode(errors='replace'))
            return
        for line in read(os.path.join(folder, 'says')).splitlines():
            checks.check(f'{name}: says {line.decode()}', done.stderr.count(line) == 1, done.stderr)
        for log, path in expected.items():
            checks.equal(f'{name}: {log}.txt', without_time(read(place.path(log + '.txt'))), read(path))
            table = 'holding' if log == 'text' else log
            export = place.run('export', 'text', table)
            checks.check(f'{name}: export text {table} gives it again',
                         export.returncode == 0 and export.stdout == read(place.path(log + '.txt')), export.stderr)
        with open(os.path.join(folder, 'tables.json'), encoding='utf-8') as tables:
            for sql, want in json.load(tables).items():
                try:
                    got = [list(row) for row in place.rows(sql)]
                except Exception as error:  # a view that does not work is a finding, not the end
                    got = [[str(error)]]
                # 1 is not 1.0 here: JSON keeps them apart
                checks.equal(f'{name}: {sql}', *(json.dumps(rows, ensure_ascii=False) for rows in (got, want)))
        checks.equal(f'{name}: the database is whole', place.rows('PRAGMA integrity_check'), [('ok',)])
        content = {**place.content(), **{log: read(place.path(log + '.txt')) for log in expected}}
        done = place.run(*command)
        checks.check(f'{name}: loads again', done.returncode == 0 and b' 0 changes' in done.stderr, done.stderr)
        checks.equal(f'{name}: nothing is added',
                     {**place.content(), **{log: read(place.path(log + '.txt')) for log in expected}}, content)


def main():
    given = arguments('Runs the cases, or those named.')
    checks = Checks()
    for folder in sorted(glob.glob(os.path.join(HERE, '*', ''))):
        folder = folder.rstrip(os.sep)
        if os.path.exists(os.path.join(folder, 'input.jsonl')) and (
                not given.names or os.path.basename(folder) in given.names):
            run_case(checks, given.cdclite, folder)
    checks.exit()


if __name__ == '__main__':
    main()
