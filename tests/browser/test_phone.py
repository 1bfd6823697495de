"""我的待办 on a phone: one thumb, one tap, and a network that comes and goes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from tests.browser.conftest import PHONE, Visit
from tests.browser.installation import Installation


def test_one_tap_confirms(visit: Visit, installation: Installation) -> None:
    number = installation.hands.do("raise_level", source="990121001001", level="orange", minutes=10)["number"]
    page = visit("hecheng-ops1", "/todo/", viewport=PHONE)
    expect(page.locator(".todo-head h1")).to_have_text("1 件事等您")
    card = page.locator(f"[data-card='{number}-confirm']")
    expect(card.locator(".cd")).to_be_visible()
    card.get_by_role("button", name="确认，我来处置").click()
    expect(page.locator(f"[data-card='{number}-handle']")).to_be_visible()
    assert len(installation.hands.do("warning", number=number)["confirmed"]) == 1
    expect(page.locator(".todo")).to_contain_text("今天")


def test_every_target_is_at_least_48_pixels_high(visit: Visit, installation: Installation) -> None:
    installation.hands.do("raise_level", source="990121001003", level="yellow", minutes=10)
    page = visit("hecheng-ops3", "/todo/", viewport=PHONE)
    expect(page.locator(".card-todo")).to_have_count(1)
    heights = page.locator(".todo a:visible, .todo button:visible, .tabs a:visible").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect().height)"
    )
    assert heights
    assert min(heights) >= 48
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]


def test_what_the_bar_has_no_room_for_is_one_tap_away(visit: Visit) -> None:
    page = visit("city", "/", viewport=PHONE)
    page.locator(".tabs summary").click()
    shown = page.locator(".tabs .more a:visible")
    heights = shown.evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")
    assert min(heights) >= 48
    shown.get_by_text("统计").click()
    expect(page.locator("main h1")).to_have_text("统计")


def test_a_confirmation_without_network_waits_in_sight_and_goes_out_by_itself(
    visit: Visit, installation: Installation
) -> None:
    number = installation.hands.do("raise_level", source="990121002003", level="yellow", minutes=4)["number"]
    page = visit("lvjian-ops3", "/todo/", viewport=PHONE)
    button = page.locator(f"[data-card='{number}-confirm']").get_by_role("button", name="确认，我来处置")
    expect(button).to_be_visible()
    page.context.set_offline(True)
    expect(page.locator(".offline-bar")).to_be_visible()
    button.click()
    expect(page.locator("[data-waiting]")).to_contain_text("待发送，恢复网络后自动提交")
    assert installation.hands.do("warning", number=number)["confirmed"] == []
    page.context.set_offline(False)
    expect(page.locator(f"[data-card='{number}-handle']")).to_be_visible()
    assert len(installation.hands.do("warning", number=number)["confirmed"]) == 1


def test_a_confirmation_whose_log_in_has_run_out_is_kept_until_the_next_one(
    visit: Visit, installation: Installation
) -> None:
    number = installation.hands.do("raise_level", source="990122001003", level="yellow", minutes=4)["number"]
    page = visit("lianhua-ops3", "/todo/", viewport=PHONE)
    button = page.locator(f"[data-card='{number}-confirm']").get_by_role("button", name="确认，我来处置")
    expect(button).to_be_visible()
    cookies = page.context.cookies()
    page.context.set_offline(True)  # else the page may hear of the end before the tap, and go to the log-in
    expect(page.locator(".offline-bar")).to_be_visible()
    button.click()
    expect(page.locator("[data-waiting]")).to_contain_text("待发送")
    page.context.clear_cookies(name="sessionid")
    page.context.set_offline(False)
    expect(page.locator("[data-waiting]")).to_contain_text("登录已过期，重新登录后自动提交")
    page.evaluate("htmx.trigger('#todo', 'sse:resync')")  # a refresh meets the log-in page: the note stays in sight
    expect(page.get_by_role("link", name="重新登录")).to_have_attribute("href", "/login/?next=/todo/")
    expect(page.locator("[data-waiting]")).to_contain_text("登录已过期，重新登录后自动提交")
    assert installation.hands.do("warning", number=number)["confirmed"] == []
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    page.goto("/todo/")
    expect(page.locator(f"[data-card='{number}-handle']")).to_be_visible()
    assert len(installation.hands.do("warning", number=number)["confirmed"]) == 1


def test_the_report_is_written_on_the_phone_and_survives_leaving_half_way(
    visit: Visit, installation: Installation
) -> None:
    number = installation.hands.do("raise_level", source="990121003002", level="yellow", minutes=40)["number"]
    installation.hands.do("raise_level", source="990121003002", level="none", minutes=2)
    page = visit("guoyang-ops2", "/todo/", viewport=PHONE)
    page.locator(f"[data-card='{number}-report']").get_by_role("link", name="填写").click()
    page.fill("#report_result", "已恢复正常")
    page.goto("/todo/")
    page.goto(f"/todo/{number}/report/")
    expect(page.locator("#report_result")).to_have_value("已恢复正常")
    page.get_by_role("button", name="上报").click()
    expect(page.locator(".errorlist")).to_have_text(["请填写原因分析", "请填写整改措施"])
    page.fill("#report_cause", "调节阀卡涩")
    page.fill("#report_measures", "更换定位器")
    page.get_by_role("button", name="上报").click()
    expect(page.locator(".todo-head h1")).to_be_visible()
    assert installation.hands.do("warning", number=number)["reported"] == "调节阀卡涩"

    page.goto(f"/warnings/{number}/")  # long histories are folded on a phone, not on paper
    records = page.locator(".panel", has_text="适用条文").locator(".folds")
    expect(records).to_be_hidden()
    page.get_by_role("button", name="展开 适用条文").click()
    expect(records).to_be_visible()
    page.get_by_role("button", name="收起 适用条文").click()
    page.emulate_media(media="print")
    assert all(each.is_visible() for each in page.locator(".folds").all())


@pytest.mark.case("F14")
@pytest.mark.case("F24")
@pytest.mark.parametrize(
    ("username", "where"), [("hecheng-ops2", "todo/"), ("hecheng-safety", "todo/"), ("province", "")]
)
def test_who_works_in_an_enterprise_lands_on_what_waits(
    browser: Browser, installation: Installation, username: str, where: str
) -> None:
    for start in ("/login/", "/"):  # the form, and the bare address as it is typed
        with browser.new_context(viewport=PHONE, base_url=installation.url) as context:  # type: ignore[arg-type]
            page = context.new_page()
            page.goto(start)
            page.fill("#id_username", username)
            page.fill("#id_password", installation.password)
            page.click("button[type=submit]")
            page.wait_for_url(f"{installation.url}/{where}")


@pytest.mark.case("F14")
def test_search_password_and_the_way_out_stand_under_more(visit: Visit, installation: Installation) -> None:
    installation.hands.do("raise_level", source="990122001003", level="yellow", minutes=0)
    page = visit("lianhua-ops3", "/alarms/", viewport=PHONE)
    expect(page.locator("[data-calls]")).to_be_visible()
    page.locator(".top .horn summary").click()
    covered = page.locator(".top .horn-panel button:visible").evaluate_all("""(all) => all.filter((e) => {
      const r = e.getBoundingClientRect();
      return r.left < 0 || document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2) !== e;
    }).map((e) => e.textContent)""")
    assert covered == [], "the call is muted over the call"
    page.keyboard.press("Escape")
    page.evaluate("""() => {
      document.querySelector('.top .scope').textContent = '示例石油化工新材料科技发展（集团）股份有限公司东区生产基地';
      document.querySelector('.top .who a').textContent = '欧阳示例一二三四五六七八';
    }""")
    assert page.evaluate("document.querySelector('.top').offsetHeight") <= 160, "long names take a few lines"
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.locator(".tabs summary").click()
    more = page.locator(".tabs .more")
    expect(more.get_by_role("link", name="密码")).to_be_visible()
    expect(more.get_by_role("button", name="退出")).to_be_visible()
    more.get_by_role("searchbox").fill("汽油")
    more.get_by_role("button", name="搜索").click()
    page.wait_for_url("**/search/?q=*")
    expect(page.locator("main")).to_contain_text("汽油")


@pytest.mark.case("F14")
def test_filters_are_folded_until_they_are_asked_for(visit: Visit) -> None:
    page = visit("city", "/alarms/?state=uncleared", viewport=PHONE)
    form = page.locator("form.filters")
    expect(form.locator("select").first).to_be_hidden()
    opener = form.get_by_role("button", name="筛选 · 已有条件")
    expect(opener).to_have_attribute("aria-expanded", "false")
    opener.click()
    expect(form.locator("select").first).to_be_visible()
    expect(opener).to_have_attribute("aria-expanded", "true")
