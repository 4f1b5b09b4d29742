// The answers as the page shows them. An expression for the browser.
[...document.querySelectorAll('.answer')].map((answer) => ({
  section: answer.closest('section').id,
  part: answer.closest('div[id]')?.id,
  command: answer.querySelector('.command').textContent,
  sql: answer.querySelector('pre').textContent,
  none: Boolean(answer.querySelector('.none')),
  caption: answer.querySelector('caption')?.textContent,
  names: [...answer.querySelectorAll('thead th')].map((cell) => cell.textContent),
  rows: [...answer.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) =>
    (cell.className === 'null' ? null : cell.textContent))),
  bars: [...answer.querySelectorAll('svg g')].map((group) => ({
    title: group.querySelector('title')?.textContent,
    text: [...group.querySelectorAll('text')].map((text) => text.textContent),
    parts: [...group.querySelectorAll('rect')].map((rect) => [rect.getAttribute('class'), rect.getAttribute('x'),
      rect.getAttribute('y'), rect.getAttribute('width'), rect.getAttribute('height')]),
  })),
}))
