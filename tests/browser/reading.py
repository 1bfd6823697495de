"""What axe-core finds on a page, and how large its targets are."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page
from tests.browser.conftest import AXE

RULES = "{runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}, resultTypes: ['violations']}"
SMALL = """(least) => Array.from(document.querySelectorAll('a[href], button, input, select, textarea, summary'))
  .filter((e) => e.checkVisibility({visibilityProperty: true}) && e.type !== 'hidden')
  .filter((e) => !e.closest('.sr, .skip, svg, .bins'))
  .map((e) => [e, [e, ...(e.labels || []), e.matches('a') && e.closest('[data-href]') || e]])
  .map(([e, all]) => [e, Math.max(...all.map((each) => Math.round(each.getBoundingClientRect().height)))])
  .map(([e, height]) => [e.outerHTML.slice(0, 160), height])
  .filter(([, height]) => height > 0 && height < least)"""

CUT = """Array.from(document.querySelectorAll('body *'))
  .filter((e) => e.checkVisibility({visibilityProperty: true}) && getComputedStyle(e).textOverflow === 'ellipsis')
  .filter((e) => e.scrollWidth > e.clientWidth + 1)
  .map((e) => e.textContent.trim())"""

FAINT = """(() => {
  const parts = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const over = (front, back) => {
    const [r, g, b, a = 1] = front;
    return [r, g, b].map((each, at) => each * a + back[at] * (1 - a));
  };
  const shine = (colour) => colour.map((each) => each / 255)
    .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
  const ratio = (one, other) => {
    const [low, high] = [shine(one), shine(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const ground = (e) => {
    const above = e ? ground(e.parentElement) : [255, 255, 255];
    return e ? over(parts(getComputedStyle(e).backgroundColor), above) : above;
  };
  const colours = (style) => {
    const found = [];
    if (style.backgroundColor) found.push(style.backgroundColor);
    if (style.backgroundImage !== 'none') found.push(...style.backgroundImage.match(/rgba?\\([^)]+\\)/g) || []);
    if (style.boxShadow !== 'none') found.push(...style.boxShadow.match(/rgba?\\([^)]+\\)/g) || []);
    for (const side of ['Top', 'Right', 'Bottom', 'Left']) {
      if (parseFloat(style[`border${side}Width`]) >= 1 && style[`border${side}Style`] !== 'none')
        found.push(style[`border${side}Color`]);
    }
    return found.map(parts).filter((each) => each.length && each[3] !== 0);
  };
  const found = [];
  const judge = (name, shown, back) => {
    if (!shown.length) return;
    const best = Math.max(...shown.map((each) => ratio(over(each, back), back)));
    if (best < 3) found.push(`${name}: ${best.toFixed(2)}`);
  };
  for (const e of document.querySelectorAll('body *')) {
    if (!e.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
    if (e.matches('td, th, .rule, .grid *')) continue;
    const box = e.getBoundingClientRect();
    if (box.width < 1 || box.height < 1) continue;
    const name = (e.parentElement.outerHTML.match(/^<[^>]*>/) || [''])[0].slice(0, 90) + e.outerHTML.slice(0, 120);
    const style = getComputedStyle(e);
    if (e instanceof SVGElement) {
      if (!e.matches('path, line, rect, circle, polyline, polygon')) continue;
      const shown = [style.fill, style.stroke].filter((each) => each.startsWith('rgb')).map(parts);
      judge(name, shown.filter((each) => each[3] !== 0), ground(e.ownerSVGElement.parentElement));
      continue;
    }
    const back = ground(e.parentElement);
    const isField = e.matches('input:not([type=checkbox], [type=radio], [type=file]), select, textarea');
    const isMark = !e.textContent.trim() && !e.children.length && Math.min(box.width, box.height) <= 30;
    if (isField || (isMark && !e.matches('input, img'))) judge(name, colours(style), back);
    for (const pseudo of ['::before', '::after']) {
      const drawn = getComputedStyle(e, pseudo);
      if (drawn.content === '""' && drawn.display !== 'none') judge(name + pseudo, colours(drawn), ground(e));
    }
  }
  return [...new Set(found)];
})()"""
"""Bars, marks and frames of fields: the best of fill, edge and frame against what lies behind. Cells, rules and grids
only part or place what they hold, and may be faint."""


def faint(page: Page) -> list[str]:
    """Marks that carry meaning and stand out less than 3:1 (WCAG 2.1, 1.4.11)."""
    found: list[str] = page.evaluate(FAINT)
    return found


def cut(page: Page) -> list[str]:
    """Texts that end in dots because their place is too narrow: a name, a label or a figure that nobody can read."""
    found: list[str] = page.evaluate(CUT)
    return found


def violations(page: Page) -> list[str]:
    """Serious and critical findings of axe-core (WCAG 2.1 A and AA): rule, place, and what is wrong there."""
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    found: dict[str, Any] = page.evaluate(f"axe.run(document, {RULES})")
    return [
        f"{each['id']} ({each['impact']}): {node['html'][:160]} — {node['failureSummary'].splitlines()[-1].strip()}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def small_targets(page: Page, least: int = 48) -> list[Any]:
    """Targets lower than ``least`` pixels; a link in a row that opens as a whole counts as its row."""
    found: list[Any] = page.evaluate(SMALL, least)
    return found
