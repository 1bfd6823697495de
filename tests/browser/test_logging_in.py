"""Logging in: the right password, the wrong one, and the lock after five wrong ones."""

from __future__ import annotations

from playwright.sync_api import Browser, expect
from tests.browser.conftest import Visit, log_in
from tests.browser.installation import Installation


def test_the_right_password_opens_the_overview_with_the_scope_in_its_head(visit: Visit) -> None:
    page = visit("county-a", "/")
    expect(page.locator("header.top .scope")).to_contain_text("示例甲县应急管理局")
    expect(page.locator("nav.side [aria-current=page]")).to_have_text("总览")


def test_a_wrong_password_is_told_without_saying_which_half_was_wrong(
    browser: Browser, installation: Installation
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        log_in(page, installation.url, "province", "not-the-password")
        expect(page.get_by_role("alert")).to_have_text("登录名或密码不对。请核对后再试，注意大小写。")
        log_in(page, installation.url, "nobody-of-that-name", "not-the-password")
        expect(page.get_by_role("alert")).to_have_text("登录名或密码不对。请核对后再试，注意大小写。")


def test_many_wrong_passwords_make_the_name_wait_even_for_the_right_one(
    browser: Browser, installation: Installation
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        for _attempt in range(10):
            log_in(page, installation.url, "town", "not-the-password")
            page.wait_for_load_state()
        log_in(page, installation.url, "town", installation.password)
        expect(page.locator("h1")).to_have_text("请稍后再试")


def test_logging_out_closes_the_pages(visit: Visit) -> None:
    page = visit("energy-b", "/")
    page.get_by_role("button", name="退出").click()
    page.goto("/warnings/")
    expect(page.locator("h1")).to_have_text("登录")


def test_pages_ask_for_a_log_in_and_then_open_what_was_asked_for(browser: Browser, installation: Installation) -> None:
    with browser.new_context(base_url=installation.url) as context:
        page = context.new_page()
        page.goto("/warnings/?level=red")
        page.fill("#id_username", "province")
        page.fill("#id_password", installation.password)
        page.click("button[type=submit]")
        page.wait_for_url("**/warnings/?level=red")
