"""A page of documentation: its fenced blocks, what stands in front of them, and what they print."""
import re

FENCE = re.compile(r'^( *)```(\S*)\s*$')
MARKER = re.compile(r'^<!-- (not run|run by|file|output of|folder): (.+?) -->$')
COMMANDS = ('sh', 'console', 'python', 'sql')


class Block:
    """Lines[first:last] of a page, the fences apart; markers stand on the lines right in front of it."""

    def __init__(self, kind, first, last, indent):
        self.kind, self.first, self.last, self.indent = kind, first, last, indent
        self.markers, self.output, self.is_output = {}, None, False

    def text(self, page):
        return ''.join(line[self.indent:] if line.strip() else line for line in page.lines[self.first:self.last])


class Page:
    def __init__(self, path):
        self.path = path
        with open(path, encoding='utf-8') as file:
            self.lines = file.readlines()
        self.blocks = list(self.read())
        self.find_outputs()

    def read(self):
        markers, opened = {}, None
        for number, line in enumerate(self.lines):
            fence = FENCE.match(line)
            if opened:
                if fence and not fence[2]:
                    opened.last = number
                    yield opened
                    opened = None
                continue
            marker = MARKER.match(line)
            if fence:
                opened = Block(fence[2], number + 1, None, len(fence[1]))
                opened.markers, markers = markers, {}
            elif marker:
                markers[marker[1]] = marker[2]
            elif markers:
                raise ValueError(f'{self.path}:{number}: a marker without a block behind it')
        if opened or markers:
            raise ValueError(f'{self.path}: a block or marker at the end is not closed')

    def find_outputs(self):
        """A block of text behind commands, with nothing between but an empty line, is what they print."""
        for block, following in zip(self.blocks, self.blocks[1:]):
            between = ''.join(self.lines[block.last + 1:following.first - 1])
            if block.kind in COMMANDS and following.kind == 'text' and not between.strip() and not following.markers:
                block.output, following.is_output = following, True

    def replace(self, block, text):
        """Puts other text into a block; those behind it move."""
        new = [' ' * block.indent + line + '\n' if line else '\n' for line in text.rstrip('\n').split('\n')]
        moved = len(new) - (block.last - block.first)
        self.lines[block.first:block.last] = new
        for other in self.blocks:
            if other.first > block.first:
                other.first += moved
                other.last += moved
        block.last += moved

    def save(self):
        with open(self.path, 'w', encoding='utf-8') as file:
            file.writelines(self.lines)


def prompts(text):
    """The commands of a console block, each with what it shows: [(command, [line, …]), …]."""
    found = []
    for line in text.splitlines():
        if line.startswith('$ '):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
        else:
            raise ValueError(f'a console block begins with {line!r}, not with "$ "')
    return found
