"""The dossier: what each role is offered, what is done with it, and what the law refuses."""

from __future__ import annotations

from playwright.sync_api import expect
from tests.browser.conftest import Visit
from tests.browser.installation import Installation
from tests.browser.reading import violations


def test_a_duty_holder_confirms_acts_clears_and_reports(visit: Visit, installation: Installation) -> None:
    number = installation.hands.do("raise_level", source="990121001002", level="orange", minutes=61)["number"]
    installation.hands.do("steps")
    page = visit("hecheng-ops2", f"/warnings/{number}/")
    expect(page.locator("#head h1")).to_contain_text("示例合成氨有限公司")
    expect(page.locator("#timeline li.fut").first).to_be_visible()
    expect(page.locator("#timeline")).to_contain_text("第 1 次警示通报")
    page.get_by_role("button", name="确认", exact=True).click()
    expect(page.locator("#timeline")).to_contain_text("（操作负责人） 确认")
    expect(page.locator("#acts")).to_contain_text("您已确认")

    page.get_by_role("button", name="处置", exact=True).click()
    page.locator("#act-measure textarea").fill("切断进料，开启喷淋")
    page.get_by_role("button", name="记录处置措施").click()
    expect(page.locator("#timeline")).to_contain_text("切断进料，开启喷淋")

    page.get_by_role("button", name="消警", exact=True).first.click()
    page.locator("#act-clear button[type=submit]").click()
    expect(page.locator("#head")).to_contain_text("待处置报告")

    page.get_by_role("button", name="填写处置报告").click()
    page.locator("#act-report #report_result").fill("已恢复正常")
    page.locator("#act-report #report_measures").fill("更换阀门定位器")
    page.get_by_role("button", name="上报").click()
    expect(page.locator("#act-report .errorlist")).to_have_text("请填写原因分析")
    expect(page.locator("#act-report #report_cause")).to_be_focused()
    assert violations(page) == []
    expect(page.locator("#act-report #report_result")).to_have_value("已恢复正常")
    page.locator("#act-report #report_cause").fill("调节阀卡涩")
    page.get_by_role("button", name="上报").click()
    expect(page.locator("#head")).to_contain_text("已办结")
    found = installation.hands.do("warning", number=number)
    assert found["cleared"]
    assert found["reported"] == "调节阀卡涩"
    assert found["acts"] == ["measure", "clear", "report_refused"]

    page.go_back()  # what was sent does not come back with the page before it
    expect(page.locator("main")).to_be_visible()
    assert not page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('keep:')).length")
    assert not any(field.input_value() for field in page.locator("form[data-keep] textarea").all())


def test_a_draft_stays_until_it_is_taken(visit: Visit, installation: Installation) -> None:
    number = installation.hands.do("raise_level", source="990121001002", level="yellow", minutes=1)["number"]
    page = visit("hecheng-ops2", f"/warnings/{number}/")
    page.get_by_role("button", name="处置", exact=True).click()
    page.locator("#act-measure textarea").fill("已到现场")
    page.context.set_offline(True)
    page.get_by_role("button", name="记录处置措施").click()
    expect(page.locator("#act-measure [role=alert]")).to_contain_text("没有发出")
    assert violations(page) == []  # with the banner of a lost line
    page.locator("#act-measure textarea").press("Escape")  # closes the drawer, leads back to what opened it
    opener = page.get_by_role("button", name="处置", exact=True)
    expect(opener).to_be_focused()
    expect(opener).to_have_attribute("aria-expanded", "false")
    page.context.set_offline(False)
    cookies = page.context.cookies()
    page.context.clear_cookies(name="sessionid")
    page.goto(f"/warnings/{number}/")
    expect(page.locator("h1")).to_have_text("登录")
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    page.goto(f"/warnings/{number}/")
    expect(page.locator("#act-measure textarea")).to_have_value("已到现场")
    opener.click()
    page.get_by_role("button", name="记录处置措施").click()
    expect(page.locator("#timeline")).to_contain_text("已到现场")
    expect(page.locator("#act-measure textarea")).to_have_value("")


def test_what_stands_against_clearing_is_said_before_anybody_clicks(visit: Visit, installation: Installation) -> None:
    feed, points = installation.feed("990121002002")
    for point in points:
        feed.values[point["code"]] = point["high"]
    feed.start()
    try:
        page = visit("lvjian-ops2", "/todo/")
        card = page.locator(".card-todo").first
        expect(card).to_be_visible()
        card.locator("a.card-top").click()
        against = page.locator("#against")
        expect(against.get_by_role("button", name="消警", exact=True)).to_be_disabled()
        expect(against).to_contain_text("起因仍在")
        expect(against.get_by_role("button", name="确认 ")).not_to_have_count(0)
        number = page.url.partition("/warnings/")[2].partition("/")[0]
        assert not installation.hands.do("warning", number=number)["cleared"]
    finally:
        feed.stop()


def test_opening_the_dossier_is_reading_the_message_for_its_recipients_alone(
    visit: Visit, installation: Installation
) -> None:
    number = installation.hands.do("raise_level", source="990121004001", level="yellow", minutes=2)["number"]
    visit("city", f"/warnings/{number}/")  # sees it, is no recipient of a yellow one
    assert installation.hands.do("warning", number=number)["read"] == []
    page = visit("park-east", f"/warnings/{number}/")
    expect(page.locator("[hx-post$='/read/']")).to_have_count(0)  # it is gone when the reading has been taken
    assert installation.hands.do("warning", number=number)["read"] == ["agency:prk-east"]
    page = visit("county-a", f"/warnings/{number}/")
    expect(page.locator("#recipients tr", has_text="示例东化工园区管委会")).to_contain_text("1/1")


def test_an_officer_is_offered_levels_and_remarks_but_no_confirmation(visit: Visit, installation: Installation) -> None:
    number = installation.hands.do("raise_level", source="990121004002", level="yellow", minutes=2)["number"]
    page = visit("county-a", f"/warnings/{number}/")
    acts = page.locator("#acts")
    expect(acts.get_by_role("button", name="人工定级")).to_be_visible()
    expect(acts.get_by_role("button", name="确认", exact=True)).to_have_count(0)
    expect(acts.get_by_role("button", name="消警", exact=True)).to_have_count(0)
    acts.get_by_role("button", name="人工定级").click()
    page.locator("#act-level label", has_text="橙色").click()
    page.locator("#act-level textarea").fill("现场判断升级")
    page.get_by_role("button", name="定级并告知").click()
    expect(page.locator("#head")).to_contain_text("橙色 较大")
    expect(page.locator("#timeline")).to_contain_text("升为橙色预警")


def test_a_stranger_gets_the_page_of_what_does_not_exist_and_the_attempt_is_written_down(
    visit: Visit, installation: Installation
) -> None:
    number = installation.hands.do("raise_level", source="990122002002", level="yellow", minutes=2)["number"]
    before = installation.hands.do("journaled", act="access_refused")["times"]
    page = visit("county-a", f"/warnings/{number}/")
    expect(page.locator("h1")).to_have_text("没有这一页")
    assert installation.hands.do("journaled", act="access_refused")["times"] == before + 1
