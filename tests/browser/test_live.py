"""The live line of a browser: one stream for all pages, state that outlives a refresh, hands that nothing disturbs."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import PHONE, Visit, until
from tests.browser.installation import Installation

NO_WORKER = "delete window.SharedWorker; window.streams = 0; const E = window.EventSource; "
NO_WORKER += "window.EventSource = class extends E { constructor(a) { super(a); window.streams += 1; } };"


def refreshed(page: Page, event: str = "sse:resync") -> None:
    """Have the page read itself again, and wait until what was read stands in it."""
    page.evaluate(
        "name => { window.settled = false;"
        " document.addEventListener('htmx:afterSettle', () => { window.settled = true; }, { once: true });"
        " document.body.dispatchEvent(new CustomEvent(name)); }",
        event,
    )
    until(page, "window.settled")


@pytest.mark.case("B4")
def test_eight_pages_of_one_person_share_one_stream(visit: Visit, installation: Installation) -> None:
    first = visit("county-a", "/")
    pages = [first, *(first.context.new_page() for _ in range(7))]
    for page in pages[1:]:
        page.goto("/warnings/", wait_until="commit")  # over HTTP/1.1, six connections to a host
    for page in pages:
        page.bring_to_front()
        expect(page.locator(".side [data-line]")).to_have_attribute("data-state", "on")
    found = pages[7].evaluate("fetch('/calls/').then((answer) => answer.status)")
    assert found == 200


@pytest.mark.case("B4")
def test_without_shared_workers_one_page_leads_and_another_takes_over(visit: Visit, installation: Installation) -> None:
    first = visit("county-b", "/nowhere/")
    first.context.add_init_script(NO_WORKER)
    first.goto("/")
    expect(first.locator(".side [data-line]")).to_have_attribute("data-state", "on")
    second = first.context.new_page()
    second.goto("/warnings/")
    expect(second.locator(".side [data-line]")).to_have_attribute("data-state", "on")
    assert [page.evaluate("window.streams > 0") for page in (first, second)] == [True, False]
    first.close()
    until(second, "window.streams > 0")
    second.evaluate("document.body.addEventListener('sse:warning', () => { window.told = true; })")
    installation.hands.do("raise_level", source="990122003001", level="blue", minutes=1)
    installation.hands.do("raise_level", source="990122003001", level="yellow", minutes=0)
    until(second, "window.told")


@pytest.mark.case("F6")
@pytest.mark.parametrize(("username", "path", "size"), [("city", "/wall/", None), ("hecheng-ops3", "/todo/", PHONE)])
def test_the_state_of_the_line_outlives_a_refresh(
    visit: Visit, username: str, path: str, size: dict[str, int] | None
) -> None:
    page = visit(username, path, viewport=size)
    line = page.locator("main [data-line]")
    expect(line).to_have_attribute("data-state", "on")
    refreshed(page)
    expect(line.locator(".on")).to_be_visible()
    assert line.get_attribute("data-state") == "on"


@pytest.mark.case("F9")
def test_what_is_typed_and_where_one_stands_outlive_every_refresh(visit: Visit, installation: Installation) -> None:
    feed, points = installation.feed("990122001001")
    feed.values[points[0]["code"]] = points[0]["high"]
    feed.start()
    try:
        page = visit("lianhua-safety", "/alarms/")
        comment = page.locator("[data-comment]")
        page.wait_for_selector("[data-comment]", timeout=60_000)
        box = page.locator('input[name="alarm"]').first
        value = box.get_attribute("value")
        box.check()
        comment.click()
        page.keyboard.type("现场已核实，")
        page.evaluate("document.querySelector('#alarm-rows tbody tr').dataset.old = '1'; scrollTo(0, 120)")
        before = page.evaluate("scrollY")
        refreshed(page, "sse:alarm")
        page.keyboard.type("阀门已关")
        assert comment.input_value() == "现场已核实，阀门已关"
        assert page.evaluate("document.activeElement.matches('[data-comment]')")
        assert page.evaluate("scrollY") == before
        assert page.locator(f'input[name="alarm"][value="{value}"]').is_checked()
        page.evaluate("document.activeElement.blur()")
        refreshed(page, "sse:alarm")
        assert comment.input_value() == "现场已核实，阀门已关"  # typed and left: still somebody's text
    finally:
        feed.stop()


@pytest.mark.case("F9")
def test_a_field_that_the_refresh_no_longer_has_keeps_its_text_and_says_so(visit: Visit) -> None:
    page = visit("city", "/")
    page.evaluate(
        "const form = document.createElement('form'); form.method = 'post';"
        " form.innerHTML = '<textarea name=\"text\"></textarea>'; document.getElementById('living').prepend(form)"
    )
    page.locator("#living textarea").fill("写到一半")
    refreshed(page)
    expect(page.locator("#living textarea")).to_have_value("写到一半")
    expect(page.locator(".kept")).to_have_attribute("data-kept", "以上已有变化；您写的内容还在，没有被覆盖")
    page.locator("#living textarea").fill("")
    page.evaluate("document.activeElement.blur()")
    refreshed(page)
    expect(page.locator("#living textarea")).to_have_count(0)


@pytest.mark.case("F9")
def test_the_end_of_a_session_takes_no_text_away(visit: Visit, installation: Installation) -> None:
    number = installation.hands.do("raise_level", source="990122001001", level="orange", minutes=5)["number"]
    page = visit("lianhua-ops1", f"/warnings/{number}/?act=measure")
    page.locator("#act-measure textarea").fill("切断进料")
    page.context.clear_cookies(name="sessionid")
    page.evaluate("document.body.dispatchEvent(new CustomEvent('sse:resync'))")
    expect(page.locator(".ended-bar")).to_be_visible()
    expect(page.locator("#act-measure textarea")).to_have_value("切断进料")


@pytest.mark.case("F16")
def test_j_and_k_move_the_focus_and_a_refresh_leaves_it(visit: Visit, installation: Installation) -> None:
    for source in ("990122003001", "990122001001"):
        installation.hands.do("raise_level", source=source, level="yellow", minutes=5)
    page = visit("city", "/")
    expect(page.locator("tr[data-href]").nth(1)).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    row = page.locator("tr.cursor")
    expect(row).to_have_attribute("aria-current", "true")
    at = "document.activeElement.closest('tr').dataset.href"
    href = page.evaluate(at)
    assert href == row.get_attribute("data-href")
    refreshed(page)
    assert page.evaluate(at) == href
    expect(row).to_have_attribute("data-href", href)
