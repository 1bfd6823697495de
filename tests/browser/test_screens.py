"""Every page at the desk's and the phone's width: nothing runs over the edge, no script fails, a picture is kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import DESK, PHONE, SHOTS, Visit, until
from tests.browser.installation import Installation

ENTERPRISE, SOURCE = "990122001", "990122001003"
PAGES = {
    "overview": ("city", "/"),
    "warnings": ("city", "/warnings/"),
    "dossier": ("city", "/warnings/{number}/"),
    "todo": ("lianhua-ops3", "/todo/"),
    "alarms": ("city", "/alarms/"),
    "filing": ("lianhua-main", "/alarms/filings/new/"),
    "suppression": ("lianhua-safety", "/alarms/suppressions/new/"),
    "enterprises": ("city", "/enterprises/"),
    "enterprise": ("city", f"/enterprises/{ENTERPRISE}/"),
    "point": ("city", "/points/{point}/"),
    "curves": ("city", f"/points/trends/?enterprise={ENTERPRISE}"),
    "retrospectives": ("city", "/alarms/late/"),
    "operations": ("city", "/operations/"),
    "channels": ("county-a-admin", "/operations/channels/"),
    "contacts": ("county-a", "/me/contacts/"),
    "rulebook": ("county-a-admin", "/rulebook/"),
    "rule": ("county-a-admin", "/rulebook/spot_check.county.daily/"),
    "search": ("city", "/search/?q=液"),
    "wall": ("city", "/wall/"),
    "missing": ("city", "/nowhere/"),
}


@pytest.fixture(scope="module")
def scene(installation: Installation) -> Iterator[dict[str, str]]:
    """Something of every colour, one of them alive."""
    for source, level, minutes, confirmed in (
        (SOURCE, "red", 29, 2),
        ("990122001001", "orange", 59, 1),
        ("990122001002", "yellow", 35, 0),
        ("990122002001", "blue", 8, 0),
    ):
        installation.hands.do("raise_level", source=source, level=level, minutes=minutes, confirmed=confirmed)
    installation.hands.do("steps")
    feed, points = installation.feed(SOURCE)
    feed.values[points[0]["code"]] = points[0]["high"]
    feed.start()
    number = installation.hands.do("raise_level", source=SOURCE, level="red", minutes=0)["number"]
    yield {"number": number, "point": points[0]["code"]}
    feed.stop()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", ["1440", "390"])
def test_the_page_fits_and_is_kept_as_a_picture(visit: Visit, scene: dict[str, str], name: str, width: str) -> None:
    username, path = PAGES[name]
    page = visit(username, path.format(**scene), viewport=DESK if width == "1440" else PHONE)
    expect(page.locator("main")).to_be_visible()
    _settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= int(width)
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}-{width}.png", full_page=True)


def test_the_log_in_page_is_kept_as_a_picture(browser: object, installation: Installation) -> None:
    for width in (DESK, PHONE):
        with browser.new_context(viewport=width) as context:  # type: ignore[attr-defined]
            page = context.new_page()
            page.goto(f"{installation.url}/login/")
            expect(page.locator("h1")).to_have_text("登录")
            SHOTS.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=SHOTS / f"login-{width['width']}.png")


def _settle(page: Page) -> None:
    """Wait until charts are drawn and the live line stands, where the page has them."""
    if page.locator("[data-trend]").count():
        until(page, "!document.querySelector('[data-trend][aria-busy]')")
    if page.locator("[data-line]").count():
        expect(page.locator("[data-line]").first).to_have_attribute("data-state", "on")
