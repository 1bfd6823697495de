"""Every page at the desk's and the phone's width: nothing runs over the edge, no script fails, a picture is kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import DESK, PHONE, SHOTS, Visit, until
from tests.browser.installation import Installation
from tests.browser.reading import cut, faint, small_targets, violations

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
    "findings": ("county-a", "/findings/"),
    "statistics": ("city", "/statistics/"),
    "clues": ("county-a", "/clues/"),
    "administrator": ("hecheng-admin", "/register/"),
    "operator": ("operator", "/"),
    "performance": ("city", "/alarms/performance/"),
    "filings": ("city", "/alarms/filings/"),
    "ledgers": ("city", "/ledgers/"),
    "ledger": ("hecheng-safety", "/ledgers/monitoring_equipment/"),
    "entry": ("hecheng-safety", "/ledgers/monitoring_equipment/{entry}/?act=check"),
    "entry-new": ("hecheng-safety", "/ledgers/monitoring_equipment/new/"),
    "quality": ("county-a", "/quality/"),
    "quality-of": ("city", f"/quality/{ENTERPRISE}/"),
    "identifications": ("city", "/identifications/"),
    "identification": ("city", "/identifications/{identified}/"),
    "identification-new": ("hecheng-safety", "/identifications/new/"),
    "external": ("city", "/external/"),
    "drills": ("city", "/drills/"),
    "register": ("county-a-admin", "/register/"),
    "points": ("city", "/points/"),
    "neglected": ("city", "/warnings/neglected/"),
    "password": ("county-a", "/password/"),
    "holder": ("lianhua-ops3", "/warnings/{number}/"),
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
    entry = installation.hands.do("entries")["entry"]
    identified = installation.hands.do("identified")["key"]
    yield {"number": number, "point": points[0]["code"], "entry": entry, "identified": identified}
    feed.stop()


@pytest.mark.case("F14")
@pytest.mark.case("F16")
@pytest.mark.case("F23")
@pytest.mark.parametrize("name", PAGES)
def test_the_page_fits_and_is_kept_as_a_picture(visit: Visit, scene: dict[str, str], name: str) -> None:
    """At the desk, then as narrow as a phone, then at a desk that chose the dark."""
    username, path = PAGES[name]
    page = visit(username, path.format(**scene), viewport=DESK)
    SHOTS.mkdir(parents=True, exist_ok=True)
    for size in (DESK, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        expect(page.locator("main")).to_be_visible()
        _settle(page)
        page.screenshot(path=SHOTS / f"{name}-{size['width']}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert cut(page) == []
        assert violations(page) == []
        assert faint(page) == []
    assert small_targets(page) == []
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    page.emulate_media(reduced_motion="reduce")  # else colours are read half way between day and dark
    page.evaluate("document.documentElement.dataset.theme ||= 'dark'")
    page.screenshot(path=SHOTS / f"{name}-dark.png", full_page=True)
    assert violations(page) == [], "in the dark"
    assert faint(page) == [], "in the dark"


def test_the_log_in_page_is_kept_as_a_picture(browser: object, installation: Installation) -> None:
    for width in (DESK, PHONE):
        with browser.new_context(viewport=width) as context:  # type: ignore[attr-defined]
            page = context.new_page()
            page.goto(f"{installation.url}/login/")
            expect(page.locator("h1")).to_have_text("登录")
            assert violations(page) == []
            SHOTS.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=SHOTS / f"login-{width['width']}.png")


def _settle(page: Page) -> None:
    """Wait until charts are drawn and the live line stands, where the page has them."""
    if page.locator("[data-trend]").count():
        until(page, "!document.querySelector('[data-trend][aria-busy]')")
    if page.locator("[data-line]").count():
        expect(page.locator("[data-line]").first).to_have_attribute("data-state", "on")


WALLS = [(1920, 1080), (1920, 900), (3840, 1080), (3840, 2160)]
OUTSIDE = """(() => {
  const edge = document.querySelector('.wall-page').getBoundingClientRect(), found = [];
  const inside = (e, box, air, name) => {
    const r = e.getBoundingClientRect();
    const high = r.top < box.top + air || r.bottom > box.bottom - air;
    const aside = r.left < box.left || r.right > box.right - air;
    if (r.width && (high || aside)) found.push([name, e.textContent.trim(), r.toJSON(), box.toJSON()]);
  };
  const rows = Array.from(document.querySelectorAll('.w-row')).filter((e) => e.checkVisibility());
  const log = document.querySelector('.w-log').getBoundingClientRect();
  const calls = document.querySelector('.calls');
  if (!calls.hidden && calls.getBoundingClientRect().top < log.bottom) found.push(['a call covers the log']);
  rows.forEach((row) => {
    const box = row.getBoundingClientRect();
    row.querySelectorAll('.t, .s, .v, .cd').forEach((e) => inside(e, box, 3, 'flush'));
    row.querySelectorAll('.t, .s, .v').forEach((e) => {
      if (e.scrollWidth > e.clientWidth + 1) found.push(['cut', e.textContent.trim()]);
    });
    if (box.bottom > log.top) found.push(['under the log', row.textContent.trim().slice(0, 40)]);
  });
  document.querySelectorAll('.w-p').forEach((e) => {
    const box = e.getBoundingClientRect();
    e.querySelectorAll('h2, .big').forEach((each) => inside(each, box, 3, 'panel'));
    if (box.bottom > log.top) found.push(['panel under the log', e.textContent]);
  });
  document.querySelectorAll('.w-top, .w-log, .w-p').forEach((e) => inside(e, edge, 0, 'page'));
  return found;
})()"""


@pytest.mark.case("F5")
@pytest.mark.parametrize(("wide", "high"), WALLS)
def test_the_wall_stands_whole_on_every_screen(
    visit: Visit, scene: dict[str, str], crowd: int, wide: int, high: int
) -> None:
    page = visit("city", "/wall/", viewport={"width": wide, "height": high})
    expect(page.locator(".w-row").first).to_be_visible()
    _settle(page)
    expect(page.locator("[data-calls]")).to_be_visible()  # every warning is new to this browser
    page.screenshot(path=SHOTS / f"wall-{wide}x{high}-calling.png")
    assert page.evaluate(OUTSIDE) == []
    page.get_by_role("button", name="知道了").click()
    expect(page.locator("[data-calls]")).to_be_hidden()
    shown = page.locator(".w-row:visible").count()
    columns = 2 if wide / high > 2.4 else 1
    assert shown == min(crowd, 8 * columns)
    lefts = page.locator(".w-row:visible").evaluate_all(
        "all => all.map(e => Math.round(e.getBoundingClientRect().left))"
    )
    assert len(set(lefts)) == columns
    more = page.locator(".w-more:visible")
    if crowd > shown:
        expect(more).to_contain_text(f"另有 {crowd - shown} 条")
    else:
        expect(more).to_have_count(0)
    page.screenshot(path=SHOTS / f"wall-{wide}x{high}.png")
    assert page.evaluate(OUTSIDE) == []


@pytest.fixture(scope="module")
def crowd(installation: Installation, scene: dict[str, str]) -> int:
    """Every source under warning: more than one column of the wall holds. How many warnings run."""
    levels = ("yellow", "blue", "orange")
    for place, source in enumerate(installation.hands.do("sources")["sources"]):
        installation.hands.do("raise_level", source=source["code"], level=levels[place % 3], minutes=5 + place)
    installation.hands.do("steps")
    return int(installation.hands.do("running")["warnings"])


@pytest.mark.case("F16")
def test_the_first_act_of_a_dossier_is_four_keys_away(visit: Visit, scene: dict[str, str]) -> None:
    page = visit("lianhua-ops3", f"/warnings/{scene['number']}/")
    for key in ("Tab", "Tab", "Enter", "Tab"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.closest('#acts') && document.activeElement.tagName") == "BUTTON"


@pytest.mark.case("F25")
def test_a_list_on_paper_is_the_list_alone(visit: Visit, scene: dict[str, str]) -> None:
    page = visit("city", "/alarms/")
    expect(page.locator("table.rows")).to_be_visible()
    page.emulate_media(media="print")
    for what in ("nav.side", "header.top", "[data-calls]", ".filters", ".page-head .btn"):
        assert not any(each.is_visible() for each in page.locator(what).all()), what
    assert page.evaluate("getComputedStyle(document.querySelector('.app')).backgroundImage") == "none"
    expect(page.locator("table.rows")).to_be_visible()
