"""schema_doc.py --cdclite PROGRAM [--check]
Writes docs/schema.md from the comments in the DDL, as the program makes it for the recorded demo: every table and view,
every column. With --check it writes nothing and fails when the file says something else. A table, view or column without
a comment is an error."""
import argparse
import os
import re
import sqlite3
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
OUT = os.path.join(ROOT, 'docs', 'schema.md')
HEAD = """# Tables and views

<!-- Made by scripts/schema_doc.py from the comments in the DDL: change them there. -->

What is in a history, from the comments in its own DDL: `cdclite schema`, or `.schema` in the `sqlite3` shell, prints
them with it. Times are microseconds since 1970 UTC unless something else is said; views spell them out.
"""
GROUPS = (
    ('Of each captured table', 'T stands for the table\'s name, X for each of its columns.',
     lambda name: re.match(r'holding_(history|changes|field_changes|current|versions)$', name)),
    ('Of the table holding', 'Views that only the bundled table has.', lambda name: name.startswith('holding_')),
    ('Sums', 'Of the bundled table, so that its queries answer in milliseconds; they say nothing that the history does '
     'not.', lambda name: name.startswith('summary_')),
    ('Around them', 'What the loader knows: where to go on, what it has seen, what it could not load.',
     lambda name: True),
)
ORDER = ('history', 'changes', 'field_changes', 'current', 'versions')
SOURCE = ('holding_id', 'user_id', 'holding_stock', 'holding_quantity', 'datetime_created', 'datetime_updated')


def generic(name):
    """A column of the source under the name that stands for all of them."""
    for prefix in ('before_', 'after_', ''):
        if name.startswith(prefix) and name[len(prefix):] in SOURCE:
            return prefix + 'X'
    return name


def head_comment(lines):
    """The comment lines that a table or view begins with, and how many they are."""
    said = []
    for line in lines:
        comment = re.match(r'\s*-- (\S.*)$', line)
        if not comment:
            break
        said.append(comment[1])
    return ' '.join(said), len(said)


def names_in(code):
    """The columns defined in a line of CREATE TABLE, without its comments."""
    found, depth, part = [], 0, ''
    for character in code + ',':
        depth += (character == '(') - (character == ')')
        if character == ',' and depth <= 0:
            name = re.match(r'\s*(?:"([^"]+)"|(\w+))\s', part + ' ')
            if name and (name[1] or name[2]) not in ('PRIMARY', 'UNIQUE', 'CHECK'):
                found.append(name[1] or name[2])
            part = ''
        else:
            part += character
    return found


def columns_of_table(lines):
    """{column: comment}. A comment belongs to the columns of its line; one that stands alone to the next column, or,
    where it is indented further than columns are, to the one before."""
    said, last, pending = {}, [], []
    # A /* comment */ on a line of its own belongs to the column before it, of ALTER TABLE ADD COLUMN.
    text = re.sub(r'\n\s*/\*(.*?)\*/(,?) ?', r'\2 --\1\n', '\n'.join(lines), flags=re.S)
    for line in re.sub(r'/\*(.*?)\*/,', r', --\1\n', text).split('\n'):
        code, _, comment = line.partition('--')
        comment = comment.strip().rstrip(',')
        names = names_in(code.split(') STRICT')[0].lstrip(',') if not code.startswith(')') else '')
        if names:
            last = names
            for name in names:
                said[name] = pending + ([comment] if comment else [])
            pending = []
        elif comment and len(code) > 2:
            for name in last:
                said[name].append(comment)
        elif comment:
            pending.append(comment)
    return {name: ' '.join(texts) for name, texts in said.items()}


def columns_of_view(lines):
    """{column: comment}: a list in the comment, or what stands behind the columns of the SELECT."""
    said = {}
    for line in lines:
        listed = re.match(r'--   (\S+(?:, \S+)*)  +(.+)$', line)
        if listed:
            said.update((name, listed[2]) for name in listed[1].split(', '))
        behind = re.match(r'\s.*?(\w+),?\s+-- (.+)$', line)
        if behind:
            said[behind[1]] = behind[2]
    return said


def described(db, kind, name, sql):
    """What docs/schema.md has for one of them; and what lacks a comment."""
    lines = sql.split('\n')[1:]
    purpose, count = head_comment(lines)
    rest = lines[count:]
    said = columns_of_table(rest) if kind == 'table' else columns_of_view(rest)
    title = re.sub('^holding_', 'T_', name) if GROUPS[0][2](name) else name
    out, lacking, seen = [f'### `{title}`\n', f'{purpose.replace("holding_history", title)}\n'], [], set()
    if title == 'T_history':
        out[1] = re.sub(r'of bankserver\S+:', 'of a table:', out[1])
    if not purpose:
        lacking.append(name)
    types = kind == 'table'
    out.append('| column | type | |\n|---|---|---|' if types else '| column | |\n|---|---|')
    for row in db.execute('SELECT name, type FROM pragma_table_xinfo(?)', (name,)):
        column = generic(row[0]) if GROUPS[0][2](name) else row[0]
        if column in seen:
            continue
        seen.add(column)
        text = said.get(row[0]) or said.get(column)
        if not text:
            lacking.append(f'{name}.{row[0]}')
            continue
        text = text.replace('|', '\\|').replace('<', '&lt;')
        kind_text = f' {"its own" if column in ("before_X", "after_X") else row[1]} |' if types else ''
        out.append(f'| `{column}` |{kind_text} {text} |')
    return '\n'.join(out) + '\n', lacking


def document(path):
    db = sqlite3.connect(f'file:{path}?mode=ro', uri=True)
    left = db.execute("SELECT type, name, sql FROM sqlite_schema WHERE type IN ('table', 'view') AND sql IS NOT NULL "
                      'ORDER BY rowid').fetchall()
    parts, lacking = [HEAD], []
    taken = set()
    for title, about, belongs in sorted(GROUPS, key=lambda group: ('Of', 'Ar', 'Su').index(group[0][:2])):
        first = GROUPS[[group[0] for group in GROUPS].index(title)]
        mine = [row for row in left if next(group for group in GROUPS if group[2](row[1])) is first]
        mine.sort(key=lambda row: ORDER.index(row[1][8:]) if row[1][8:] in ORDER and row[1].startswith('holding_') else 0)
        parts.append(f'## {title}\n\n{about}\n')
        for kind, name, sql in mine:
            taken.add(name)
            text, missing = described(db, kind, name, sql)
            parts.append(text)
            lacking += missing
    db.close()
    assert len(taken) == len(left), 'a table in no group'
    if lacking:
        sys.exit('no comment in the DDL: ' + ', '.join(lacking))
    return '\n'.join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--cdclite', required=True)
    parser.add_argument('--check', action='store_true')
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'history.db')
        subprocess.run([given.cdclite, 'load', '--quiet', '--no-text', '--db', path, '--input',
                        os.path.join(ROOT, 'tests', 'data', 'demo.jsonl')], check=True)
        text = document(path)
    if not given.check:
        with open(OUT, 'w', encoding='utf-8') as out:
            out.write(text)
        return
    with open(OUT, encoding='utf-8') as current:
        if current.read() != text:
            sys.exit('docs/schema.md does not say what the DDL says: python3 scripts/schema_doc.py --cdclite PROGRAM')


if __name__ == '__main__':
    main()
