"""A picture of latencies as SVG, readable on light and dark ground: what share of changes is there after how long."""
import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 340, 60, 20, 40, 90
COLOURS = ('#8a8a8a', '#4a7fb5', '#d9480f')
STYLE = ('text { font: 12px system-ui, sans-serif; fill: #24292f } .title { font-weight: 600 } '
         '.grid { stroke: #8a8a8a; stroke-opacity: .35 } polyline { fill: none; stroke-width: 2 } '
         '@media (prefers-color-scheme: dark) { text { fill: #d7dce1 } }')
TITLE = 'From COMMIT in PostgreSQL to visible in SQLite: share of changes that are there'


def draw(measured, path):
    """`measured`: {name: sorted seconds}, at least a tenth of a millisecond each."""
    low = math.log10(min(each[0] for each in measured.values()) * 1000) - 0.1
    high = math.log10(max(each[-1] for each in measured.values()) * 1000) + 0.1

    def across(milliseconds):
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(milliseconds) - low) / (high - low)

    def down(share):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share

    parts = [text(8, 18, TITLE, kind='title')]
    for percent in (0, 25, 50, 75, 99):
        y = down(percent / 100)
        parts.append(line(LEFT, y, WIDTH - RIGHT, y))
        parts.append(text(LEFT - 8, y + 4, f'{percent} %', 'end'))
    for milliseconds in (step * 10**power for power in range(-1, 6) for step in (1, 2, 5)):
        if low <= math.log10(milliseconds) <= high:
            x = across(milliseconds)
            parts.append(line(x, TOP, x, HEIGHT - BOTTOM))
            parts.append(text(x, HEIGHT - BOTTOM + 16, f'{milliseconds:g} ms', 'middle'))
    for place, ((name, seconds), colour) in enumerate(zip(measured.items(), COLOURS)):
        points = ' '.join(f'{across(each * 1000):.1f},{down((number + 1) / len(seconds)):.1f}'
                          for number, each in enumerate(seconds))
        parts.append(f'<polyline stroke="{colour}" points="{points}"/>')
        y = HEIGHT - 48 + 18 * place
        parts.append(f'<circle cx="{LEFT + 5}" cy="{y - 4}" r="4.5" fill="{colour}"/>')
        middle, late = seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.99)]
        parts.append(text(LEFT + 15, y, f'{name}: median {middle * 1000:.0f} ms, 99 % in {late * 1000:.0f} ms'))
    with open(path, 'w') as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
                   f'height="{HEIGHT}" role="img" aria-label="{escape(TITLE)}">\n<style>{STYLE}</style>\n'
                   + '\n'.join(parts) + '\n</svg>\n')


def text(x, y, words, anchor='start', kind='label'):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" class="{kind}">{escape(words)}</text>'


def line(x1, y1, x2, y2):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="grid"/>'
