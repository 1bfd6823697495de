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
