"""The plot of docs/performance.md, written as SVG by hand: readable on light and dark ground."""

import math
from xml.sax.saxutils import escape

import figures

WIDTH, LEFT, RIGHT, ROW = 780, 250, 100, 16
COLOURS = {'cdclite': '#d9480f', 'DuckDB': '#a8871f', 'ClickHouse': '#4a7fb5'}
OTHER = '#8a8a8a'
STYLE = (
    'text { font: 12px system-ui, sans-serif; fill: #24292f } .title { font-weight: 600; font-size: 13px } '
    '.small { font-size: 11px } .grid { stroke: #8a8a8a; stroke-opacity: .35 } '
    '@media (prefers-color-scheme: dark) { text { fill: #d7dce1 } }'
)


def colour(name):
    return next((each for key, each in COLOURS.items() if key in name), OTHER)


class Canvas:
    def __init__(self):
        self.parts, self.height = [], 12

    def text(self, x, y, text, anchor='start', kind=''):
        self.parts.append(
            f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"{f" class={chr(34)}{kind}{chr(34)}" if kind else ""}>'
            f'{escape(text)}</text>'
        )

    def title(self, text):
        self.height += 20
        self.text(8, self.height, text, kind='title')
        self.height += 8

    def bars(self, title, rows):
        """(name, value, label), longest bar to the edge."""
        self.title(title)
        most = max(value for _, value, _ in rows)
        for name, value, label in rows:
            size = (WIDTH - LEFT - RIGHT) * value / most
            self.text(LEFT - 8, self.height + 12, name, 'end')
            self.parts.append(
                f'<rect x="{LEFT}" y="{self.height + 2}" width="{max(size, 1):.1f}" height="{ROW - 4}" '
                f'fill="{colour(name)}"/>'
            )
            self.text(LEFT + size + 6, self.height + 12, label, kind='small')
            self.height += ROW
        self.height += 6

    def dots(self, title, rows):
        """(name, {who: milliseconds}) on a logarithmic scale."""
        self.title(title)
        values = [value for _, each in rows for value in each.values()]
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

        def place(value):
            return LEFT + (WIDTH - LEFT - 30) * (math.log10(value) - low) / max(high - low, 1)

        bottom = self.height + ROW * len(rows)
        for power in range(low, high + 1):
            x = place(10**power)
            self.parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{self.height}" y2="{bottom}" class="grid"/>')
            self.text(x, bottom + 14, f'{10 ** power:g} ms', 'middle', 'small')
        for name, each in rows:
            self.text(LEFT - 8, self.height + 12, name, 'end', 'small')
            for who, value in each.items():
                self.parts.append(
                    f'<circle cx="{place(value):.1f}" cy="{self.height + 8}" r="4.5" fill="{colour(who)}">'
                    f'<title>{escape(who)}: {value:.2f} ms</title></circle>'
                )
            self.height += ROW
        self.height += 34
        x = LEFT
        for who in COLOURS:
            self.parts.append(f'<circle cx="{x}" cy="{self.height - 4}" r="4.5" fill="{COLOURS[who]}"/>')
            self.text(x + 9, self.height, who)
            x += 110
        self.height += 10

    def svg(self):
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}" '
            f'height="{self.height}" role="img"><style>{STYLE}</style>\n' + '\n'.join(self.parts) + '\n</svg>\n'
        )


TITLES = (
    ('files', 'schema', 'Loading a file, with schemas'),
    ('files', 'plain', 'Loading a file, without schemas'),
    ('kafka', 'schema', 'Loading from Kafka, with schemas'),
    ('kafka', 'plain', 'Loading from Kafka, without schemas'),
)


def draw(parts):
    canvas = Canvas()
    for part, key, title in TITLES:
        table = parts.get(part, {}).get(key)
        if table:
            rows = [
                (name, figures.rate(entry), f'{figures.rate(entry) / 1000:,.0f}k/s')
                for name, entry in table.items()
                if not name.startswith(('cdclite,', 'floor'))
            ]
            canvas.bars(f'{title}: events a second', sorted(rows, key=lambda row: -row[1]))
    answers = parts.get('answers')
    if answers:
        count = max(answers, key=int)
        rows = []
        for question in answers[count]['questions']:
            times = {
                ('cdclite' if who == 'SQLite' else who): each['median'] * 1000
                for who, each in question['times'].items()
                if who != 'cdclite query'
            }
            rows.append((f'{SHORT[question["query"]]}, {question["what"]}', times))
        canvas.dots(f'Answers over {int(count):,} events, the query alone', rows)
    return canvas.svg()


SHORT = {
    'stock_change_counts': 'change counts',
    'most_sold_stocks': 'most sold',
    'most_sold_stock_per_period': 'per month',
    'holdings_as_of': 'as of',
    'holding_timeline': 'timeline',
}
