"""A long list of points to tick: some letters narrow it, what is ticked stays in sight and is what is sent."""

from __future__ import annotations

from playwright.sync_api import expect
from tests.browser.conftest import PHONE, Visit


def test_some_letters_narrow_the_points_and_what_is_ticked_stays(visit: Visit) -> None:
    page = visit("lianhua-main", "/alarms/filings/new/", viewport=PHONE)
    rows = page.locator(".pick > div")
    every = rows.count()
    assert every > 12
    word = (rows.nth(0).text_content() or "").split()[0]
    search = page.locator(".field input[type=search]")
    expect(page.locator("[role=status]", has_text=f"0 / {every}")).to_be_visible()
    rows.nth(every - 1).locator("input").check()
    search.fill(f" {word.lower()} ")
    expect(rows.nth(0)).to_be_visible()
    expect(rows.nth(every - 1)).to_be_visible()
    assert page.locator(".pick > div:visible").count() < every
    search.press("Enter")
    assert page.url.endswith("/alarms/filings/new/")
    search.fill("nothing is called so")
    expect(page.locator(".pick > div:visible")).to_have_count(1)
    expect(page.locator("[role=status]", has_text=f"1 / {every}")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
