"""The overview and the wall change by themselves when something happens."""

from __future__ import annotations

from playwright.sync_api import expect
from tests.browser.conftest import Visit, until
from tests.browser.installation import Installation

SOURCE = "990121003001"


def test_a_value_above_its_limit_becomes_a_warning_on_the_open_overview(
    visit: Visit, installation: Installation
) -> None:
    feed, points = installation.feed(SOURCE)
    feed.start()
    try:
        page = visit("county-a", "/")
        wall = visit("county-a", "/wall/")
        page.evaluate("window.sameDocument = true")
        expect(page.locator(".side [data-line]")).to_have_attribute("data-state", "on")
        row = page.locator("tr.lv", has_text="示例过氧化物有限公司")
        expect(row).to_have_count(0)
        for point in points:
            feed.values[point["code"]] = point["high"]
        expect(row).to_be_visible()
        expect(row.locator("[data-live]")).to_have_count(1)
        expect(wall.locator(".w-row", has_text="示例过氧化物")).to_be_visible()
        assert page.evaluate("window.sameDocument") is True
    finally:
        feed.stop()


def test_live_values_follow_the_plant_without_a_reload(visit: Visit, installation: Installation) -> None:
    feed, points = installation.feed("990122005002")
    installation.hands.do("raise_level", source="990122005002", level="yellow", minutes=5)
    for point in points:
        feed.values[point["code"]] = point["high"]
    feed.start()
    try:
        page = visit("county-b", "/")
        row = page.locator("tr.lv", has_text="示例焦化有限公司")
        expect(row).to_be_visible()
        page.goto("/enterprises/990122005/")
        shown = page.locator(f"[data-live='{points[0]['code']}']").first
        expect(shown).to_be_visible()
        page.evaluate("window.sameDocument = true")
        feed.values[points[0]["code"]] = points[0]["high"] * 1.01
        wanted = f"{points[0]['high'] * 1.01:.{_decimals(shown.get_attribute('data-decimals'))}f}"
        expect(shown).to_have_text(wanted)
        assert page.evaluate("window.sameDocument") is True
    finally:
        feed.stop()


def test_a_downgrade_by_the_services_reaches_the_page_as_a_hint(visit: Visit, installation: Installation) -> None:
    installation.hands.do("raise_level", source="990122004001", level="orange", minutes=30)
    page = visit("county-b", "/warnings/?enterprise=990122004")
    row = page.locator("tr.lv").first
    expect(row).to_have_class("lv l-orange")
    expect(page.locator(".side [data-line]")).to_have_attribute("data-state", "on")
    installation.hands.do("raise_level", source="990122004001", level="yellow", minutes=0)
    expect(row).to_have_class("lv l-yellow")


def test_who_may_not_see_an_enterprise_hears_nothing_of_it(visit: Visit, installation: Installation) -> None:
    page = visit("county-a", "/")
    expect(page.locator(".side [data-line]")).to_have_attribute("data-state", "on")
    page.evaluate("window.heard = []; document.body.addEventListener('sse:warning', (e) => heard.push(e.detail))")
    installation.hands.do("raise_level", source="990122003001", level="yellow", minutes=0)  # in county b
    number = installation.hands.do("raise_level", source="990121002001", level="yellow", minutes=0)["number"]
    until(page, "window.heard.length > 0")
    own = {installation.hands.do("warning", number=number)["level"]}
    assert own == {"yellow"}
    expect(page.locator("tr.lv", has_text="示例氯碱股份有限公司")).to_be_visible()
    expect(page.locator("tr.lv", has_text="示例液化气站")).to_have_count(0)


def test_keys_move_through_the_rows_and_open_one(visit: Visit, installation: Installation) -> None:
    installation.hands.do("raise_level", source="990122002001", level="blue", minutes=3)
    page = visit("city", "/warnings/")
    page.locator("main").focus()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    first = page.locator("tr.cursor")
    expect(first).to_have_count(1)
    address = first.get_attribute("data-href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{address}")
    page.keyboard.press("/")
    expect(page.locator("header.top input[type=search]")).to_be_focused()


def test_a_broken_line_is_said_and_mended(visit: Visit) -> None:
    page = visit("city", "/")
    line = page.locator(".side [data-line]")
    expect(line).to_have_attribute("data-state", "on")
    page.context.set_offline(True)
    expect(line).to_have_attribute("data-state", "lost")
    expect(page.locator(".offline-bar")).to_be_visible()
    page.context.set_offline(False)
    expect(line).to_have_attribute("data-state", "on")
    expect(page.locator(".offline-bar")).to_be_hidden()


def _decimals(text: str | None) -> int:
    return int(text or 2)
