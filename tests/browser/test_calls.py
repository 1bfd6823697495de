"""Whoever is on duty is called: by ear, by a notification, in the title, and in words that are read out."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import PHONE, Visit, until
from tests.browser.installation import Installation

SOURCE = "990122003001"
TONES = """
window.tones = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (at) {
  window.tones.push(this.frequency.value);
  return start.call(this, at);
};
"""


def quiet(page: Page, installation: Installation) -> None:
    """A page that was touched, with nothing that calls."""
    installation.hands.do("raise_level", source=SOURCE, level="none", minutes=0)
    page.context.add_init_script(TONES)
    page.goto("/")
    page.locator("main h1").first.evaluate("e => e.click()")
    page.mouse.click(700, 400)
    expect(page.locator("header [data-horn]")).to_have_attribute("data-state", "on")
    until(page, "document.querySelector('[data-calls]').dataset.count !== undefined")
    if page.locator("[data-calls]").is_visible():
        page.get_by_role("button", name="知道了").click()
    expect(page.locator("[data-calls]")).to_be_hidden()


@pytest.mark.case("F3")
def test_a_new_warning_is_heard_seen_and_read_out_until_somebody_takes_note(
    visit: Visit, installation: Installation
) -> None:
    page = visit("county-b", "/nowhere/")
    page.context.grant_permissions(["notifications"])
    page.context.add_init_script(
        "window.notes = [];"
        " window.Notification = class { constructor(title, more) { window.notes.push([title, more]); }"
        " static get permission() { return 'granted'; } };"
    )
    quiet(page, installation)
    number = installation.hands.do("raise_level", source=SOURCE, level="orange", minutes=0)["number"]
    bar = page.locator("[data-calls]")
    expect(bar).to_contain_text("橙色 较大")
    expect(page.locator("[data-calls-said]")).to_contain_text("新预警：橙色 较大")
    until(page, "window.tones.includes(660)")
    until(page, "window.notes.length === 1")
    assert page.evaluate("window.notes[0][0]").startswith("橙色 较大")

    installation.hands.do("raise_level", source=SOURCE, level="red", minutes=0)  # a rise calls anew, in its own voice
    expect(bar).to_contain_text("红色 重大")
    until(page, "window.tones.includes(960)")
    expect(page).to_have_title(re.compile(r"^\(\d+\) 红 总览"))
    shown = page.locator('link[rel="icon"]').get_attribute("href") or ""
    assert shown.startswith("data:image/svg+xml,")
    times = page.evaluate("window.tones.length")
    until(page, f"window.tones.length > {times}", 60)  # it goes on

    bar.get_by_role("button", name="知道了").click()
    expect(bar).to_be_hidden()
    page.reload()
    expect(page).to_have_title(re.compile(r"^\(\d+\) 红 总览"))  # it still stands, though it calls no more
    expect(bar).to_be_hidden()
    installation.hands.do("raise_level", source=SOURCE, level="none", minutes=0)
    until(page, f"fetch('/calls/').then(a => a.json()).then(c => !c.calls.some(each => each.number === '{number}'))")


@pytest.mark.case("F3")
def test_one_page_of_a_browser_sounds_and_taking_note_in_one_is_taking_note_in_all(
    visit: Visit, installation: Installation
) -> None:
    page = visit("county-b", "/nowhere/")
    quiet(page, installation)
    other = page.context.new_page()
    other.goto("/warnings/")
    other.mouse.click(700, 500)
    expect(other.locator("header [data-horn]")).to_have_attribute("data-state", "on")
    before = [each.evaluate("window.tones.length") for each in (page, other)]
    installation.hands.do("raise_level", source=SOURCE, level="yellow", minutes=0)
    expect(other.locator("[data-calls]")).to_be_visible()
    expect(page.locator("[data-calls]")).to_be_visible()
    assert before[1] == 0
    for _ in range(600):
        heard = [each.evaluate("window.tones.length") for each in (page, other)]
        if heard != before:
            break
        page.wait_for_timeout(100)
    assert sorted(now - then for now, then in zip(heard, before, strict=True)) == [0, 2]  # one page, its two tones
    other.get_by_role("button", name="知道了").click()
    expect(page.locator("[data-calls]")).to_be_hidden()


@pytest.mark.case("F3")
def test_a_page_that_may_not_sound_yet_says_so_and_mute_and_test_do_what_they_say(
    visit: Visit, installation: Installation
) -> None:
    installation.hands.do("raise_level", source=SOURCE, level="none", minutes=0)
    page = visit("county-b", "/nowhere/")
    page.context.add_init_script(TONES)
    page = page.context.new_page()  # untouched
    page.goto("/")
    horn = page.locator("header [data-horn]")
    expect(horn).to_have_attribute("data-state", "locked")
    expect(horn.locator("summary")).to_have_text(re.compile("声音未开"))
    installation.hands.do("raise_level", source=SOURCE, level="yellow", minutes=0)
    expect(page.locator(".call-locked")).to_be_visible()
    horn.locator("summary").click()
    expect(horn).to_have_attribute("data-state", "on")
    expect(page.locator(".call-locked")).to_be_hidden()
    until(page, "window.tones.includes(520)")
    horn.get_by_role("button", name="红", exact=True).click()
    until(page, "window.tones.includes(960)")
    horn.get_by_role("button", name="10 分").click()
    expect(horn.locator("summary")).to_contain_text(re.compile(r"静音至\s+\d\d:\d\d"))
    page.get_by_role("button", name="知道了").click()
    count = page.evaluate("window.tones.length")
    installation.hands.do("raise_level", source=SOURCE, level="red", minutes=0)
    expect(page.locator("[data-calls]")).to_contain_text("红色 重大")
    assert page.evaluate("window.tones.length") == count
    horn.get_by_role("button", name="恢复声音").click()
    until(page, f"window.tones.length > {count}")


@pytest.mark.case("F3")
def test_the_wall_sounds_as_well(visit: Visit, installation: Installation) -> None:
    installation.hands.do("raise_level", source=SOURCE, level="none", minutes=0)
    page = visit("city", "/nowhere/")
    page.context.add_init_script(TONES)
    page.goto("/wall/")
    page.mouse.click(600, 400)
    expect(page.locator("[data-horn]")).to_have_attribute("data-state", "on")
    installation.hands.do("raise_level", source=SOURCE, level="red", minutes=0)
    expect(page.locator("[data-calls]")).to_contain_text("红色 重大")
    until(page, "window.tones.includes(960)")


@pytest.mark.case("F4")
def test_the_counts_of_the_navigation_follow_while_a_page_stands_open(visit: Visit, installation: Installation) -> None:
    page = visit("county-b", "/nowhere/")
    quiet(page, installation)
    count = page.locator("nav.side [data-figure=warnings]")
    before = int(count.inner_text())
    installation.hands.do("raise_level", source=SOURCE, level="yellow", minutes=0)
    expect(count).to_have_text(str(before + 1))
    installation.hands.do("raise_level", source=SOURCE, level="none", minutes=0)
    expect(count).to_have_text(str(before))


@pytest.mark.case("F14")
def test_a_call_that_comes_while_a_finger_is_down_moves_nothing_until_it_is_lifted(
    visit: Visit, installation: Installation
) -> None:
    page = visit("county-b", "/nowhere/", viewport=PHONE)
    quiet(page, installation)
    page.goto("/alarms/?state=uncleared")
    opener = page.get_by_role("button", name="筛选 · 已有条件")
    box = opener.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    installation.hands.do("raise_level", source=SOURCE, level="yellow", minutes=0)
    expect(page).to_have_title(re.compile(r"^\(\d+\) "))
    expect(page.locator("[data-calls]")).to_be_hidden()
    page.mouse.up()
    expect(opener).to_have_attribute("aria-expanded", "true")
    expect(page.locator("[data-calls]")).to_be_visible()
    installation.hands.do("raise_level", source=SOURCE, level="none", minutes=0)
