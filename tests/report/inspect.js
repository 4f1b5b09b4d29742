// What is wrong with the page, a line each: names, headings, landmarks, tables, contrast, width. An expression for the browser.
(() => {
  const wrong = [], all = (what) => [...document.querySelectorAll(what)];
  const say = (text, element) => wrong.push(`${text}: ${element ? element.outerHTML.slice(0, 120) : ''}`);
  const must = (holds, text, element) => { if (!holds) say(text, element); };
  must(document.documentElement.lang === 'en' && document.title, 'language and title');
  for (const landmark of ['header', 'main', 'footer', 'h1']) must(all(landmark).length === 1, `one ${landmark}`);
  for (const nav of all('nav, [role=region], section'))
    must(nav.ariaLabel || document.getElementById(nav.getAttribute('aria-labelledby'))?.textContent, 'name', nav);
  let level = 0;
  for (const heading of all('h1, h2, h3, h4, h5, h6')) {
    const now = Number(heading.tagName[1]);
    must(now <= level + 1 && heading.textContent.trim(), 'heading out of order', heading);
    level = now;
  }
  const ids = all('[id]').map((element) => element.id);
  must(new Set(ids).size === ids.length, 'ids twice');
  for (const link of all('a')) must(document.querySelector(link.getAttribute('href')), 'link to nothing', link);
  for (const svg of all('svg')) {
    const named = (svg.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id));
    must(svg.getAttribute('role') === 'img' && named.length === 2, 'picture without role or name', svg);
    must(named[0]?.tagName === 'title' && named[1]?.tagName === 'desc' && named.every((e) => e.textContent), 'name', svg);
    must(svg.closest('.answer').querySelector('table'), 'picture without a table', svg);
    for (const shape of svg.querySelectorAll('rect, text.soft')) {
      const box = shape.getBoundingClientRect(), around = svg.getBoundingClientRect();
      must(box.left >= around.left - 1 && box.right <= around.right + 1, 'outside of its picture', shape);
    }
  }
  for (const table of all('table')) {
    must(table.caption?.textContent, 'table without caption', table);
    must([...table.querySelectorAll('th')].every((th) => th.scope), 'th without scope', table);
    must([...table.rows].every((row) => row.querySelector('th')), 'row without head', table);
  }
  for (const scrolled of all('.scroll, pre')) must(scrolled.tabIndex === 0, 'not to be reached by keyboard', scrolled);
  for (const button of all('button')) must(button.textContent && button.getBoundingClientRect, 'button without name', button);
  must(document.documentElement.scrollWidth <= innerWidth, `scrolls sideways: ${document.documentElement.scrollWidth}`);
  must(all('img, iframe, object, embed, link, form, [style], [onclick], [onerror], [onload]').length === 0, 'foreign element');
  must(all('script').length === 1 && all('style').length === 1, 'one script, one style');
  const light = (color) => {
    const [r, g, b] = color.match(/[\d.]+/g).slice(0, 3).map((c) => c / 255)
      .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (!color.startsWith('rgba(0, 0, 0, 0')) return light(color);
    }
    return light('rgb(255, 255, 255)');
  };
  for (const details of all('details')) details.open = true;
  for (const element of all('body *')) {
    const style = getComputedStyle(element);
    const written = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (element.closest('script, title, desc')) continue;
    const color = element.closest('svg') ? style.fill : style.color;
    if (written) must(ratio(light(color), behind(element)) >= 4.5, `contrast of ${color}`, element);
    if (element.tagName === 'rect') must(ratio(light(color), behind(element.closest('svg'))) >= 3, `contrast of ${color}`, element);
    if (written && !element.closest('.unseen')) must(parseFloat(style.fontSize) >= 13, `small: ${style.fontSize}`, element);
  }
  return wrong;
})()
