"""What pages say that can be held against the repository and the program: links, options, queries."""
import glob
import os
import re
import subprocess

# Options that the pages name of other programs.
OTHERS = {'--get': 'datasette', '--config': 'datasette', '--setting': 'datasette'}
LINK = re.compile(r'!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)')
SPAN = re.compile(r'(`+)(.+?)\1', re.S)


def pages(root):
    """All Markdown of the repository, but what is built."""
    found = glob.glob(os.path.join(root, '**', '*.md'), recursive=True)
    return sorted(path for path in found if not os.path.relpath(path, root).startswith('build' + os.sep))


def without_blocks(text):
    return re.sub(r'^( *)```.*?^\1```\s*$', '', text, flags=re.M | re.S)


def anchors(text):
    """What GitHub makes of the headings."""
    found = {}
    for heading in re.findall(r'^#{1,6} +(.+?)\s*$', without_blocks(text), re.M):
        plain = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', heading).replace('`', '')
        slug = re.sub(r'[^\w\- ]', '', plain.lower()).replace(' ', '-')
        found[slug] = found.get(slug, -1) + 1
    return {slug if n == 0 else f'{slug}-{n}' for slug, most in found.items() for n in range(most + 1)}


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def broken_links(root):
    """(problems, how many links were looked at); those to elsewhere only for their form."""
    problems, count = [], 0
    for path in pages(root):
        text = SPAN.sub('', without_blocks(read(path)))
        defined, named = re.findall(r'^\[(\w+)\]: (\S+)$', text, re.M), set(re.findall(r'\]\[(\w+)\]', text))
        for name in named ^ {name for name, _ in defined}:
            problems.append(f'{os.path.relpath(path, root)}: [{name}] is not defined, or not named')
        for target in LINK.findall(text) + [target for _, target in defined]:
            count += 1
            place, _, anchor = target.partition('#')
            if re.match(r'(https://|http://127\.0\.0\.1|mailto:)', target):
                continue
            there = os.path.normpath(os.path.join(os.path.dirname(path), place)) if place else path
            if not os.path.exists(there):
                problems.append(f'{os.path.relpath(path, root)}: {target}: there is no such file')
            elif anchor and there.endswith('.md') and anchor not in anchors(read(there)):
                problems.append(f'{os.path.relpath(path, root)}: {target}: there is no such heading')
    return problems, count


def options_of(cdclite):
    """The options that --help lists, by command."""
    def ask(*words):
        return subprocess.run([cdclite, *words, '--help'], check=True, capture_output=True, text=True).stdout

    listed = re.search(r'^Commands:\n(.*?)\n\n', ask(), re.M | re.S)[1]
    commands = re.findall(r'^  ([a-z]+) ', listed, re.M)
    common = {'--help', '-h', '--version', '-V'}
    return {name: common | set(re.findall(r'^ +(-\w)(?=, --)', text, re.M)) | set(re.findall(r'^ +(?:-\w, )?(--[a-z-]+)', text, re.M))
            for name in commands for text in [ask(name)]}


def code_in(text):
    """Commands that a page has, in blocks and between backticks."""
    for kind, block in re.findall(r'^ *```(\S*)\n(.*?)^ *```\s*$', text, re.M | re.S):
        if kind in ('sh', 'console'):
            yield re.sub(r'^\$ ', '', block, flags=re.M)
    for _, span in SPAN.findall(without_blocks(text)):
        yield ' '.join(span.split())


def unknown_options(paths, options, root):
    """(problems, how many mentions of options were looked at)."""
    every, problems, count, others = set().union(*options.values()), [], 0, set()
    for path in paths:
        for code in code_in(read(path)):
            for part in re.split(r'[|;&\n]', code.replace('\\\n', ' ')):
                words = re.sub(r'\s#.*', '', part).split()
                named = next((n for n, word in enumerate(words) if word.rpartition('/')[2] == 'cdclite'), None)
                if named is not None:
                    command = next((word for word in words[named + 1:] if word in options), None)
                    words, known = words[named + 1:], options[command] if command else every
                elif words and words[0].startswith('--' if len(words) == 1 else '-'):
                    words, known = words[:1], every
                else:
                    continue
                for word in (re.split(r'[=\[]', word)[0] for word in words):
                    if not re.fullmatch(r'--[a-z][a-z-]*|-[A-Za-z]', word):
                        continue
                    count += 1
                    if word in OTHERS and named is None:
                        others.add(word)
                    elif word not in known:
                        problems.append(f'{os.path.relpath(path, root)}: {part.strip()}: cdclite has no option {word} there')
    problems += [f'{word} of {OTHERS[word]}: no page names it any more' for word in OTHERS if word not in others]
    return problems, count


def queries_not_described(root, paths):
    """(problems, how many queries): queries.md has a section for each query, with its parameters; and no page asks others."""
    page = read(os.path.join(root, 'docs', 'queries.md'))
    sections = {name: text for name, text in re.findall(r'^### `(\w+)`\n(.*?)(?=^##|\Z)', page, re.M | re.S)}
    names, problems = set(), []
    for path in sorted(glob.glob(os.path.join(root, 'queries', '*.sql'))):
        name = os.path.basename(path)[:-4]
        names.add(name)
        if name not in sections:
            problems.append(f'docs/queries.md: nothing on {name}')
            continue
        for parameter in re.findall(r'^--   :(\w+) ', read(path), re.M):
            if not re.search(rf'`{parameter}=', sections[name]):
                problems.append(f'docs/queries.md: {name}: nothing on `{parameter}=`')
    problems += [f'docs/queries.md: there is no query {name}' for name in sections if name not in names]
    for path in paths:
        for name, more in re.findall(r'cdclite query ([a-z]\w+)(.*)', read(path)):
            if name not in names and '--queries' not in more:
                problems.append(f'{os.path.relpath(path, root)}: there is no query {name}')
    return problems, len(names)


def pages_not_linked(root):
    """README.md is the index of docs/."""
    linked = set(LINK.findall(read(os.path.join(root, 'README.md'))))
    found = [f'docs/{os.path.basename(path)}' for path in sorted(glob.glob(os.path.join(root, 'docs', '*.md')))]
    return [f'README.md does not link {page}' for page in found if page not in linked], len(found)
