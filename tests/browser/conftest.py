"""Chromium, the installation it looks at, and people who are logged in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.browser.installation import Installation

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build" / "screenshots"
VENDOR = ROOT / "src" / "anlan" / "site" / "static" / "vendor"
AXE = ROOT / "build" / "frontend" / "axe.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
expect.set_options(timeout=30_000)  # a busy machine may be slow; a test waits for what must come, it measures nothing


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    missing = [path for path in (VENDOR / "idiomorph" / "idiomorph.min.js", AXE) if not path.exists()]
    assert not missing, f"front-end files are missing, run ./run setup --dev: {missing}"
    found = Installation(tmp_path_factory.mktemp("browser"))
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    # ended with the last browser test: while it runs, playwright keeps an event loop running in this thread, and every
    # asynchronous test that the same worker took up afterwards would fail
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, headless=True, args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="session")
def sessions() -> dict[str, Any]:
    """Cookies by log-in, so that a person logs in once."""
    return {}


def until(page: Page, expression: str, seconds: float = 20.0) -> None:
    """Wait until ``expression`` holds in the page. (Playwright's own wait evaluates text inside the page once the first
    look fails, which our content policy forbids.)"""
    for _ in range(int(seconds * 10)):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{expression} did not come true within {seconds} s")


def log_in(page: Page, base: str, username: str, password: str) -> None:
    page.goto(f"{base}/login/")
    page.fill("#id_username", username)
    page.fill("#id_password", password)
    page.click("button[type=submit]")


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, installation: Installation, sessions: dict[str, Any]) -> Iterator[Visit]:
    """``visit("county-a", "/")``: a page of that person; its errors fail the test."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_page(username: str, path: str = "/", *, viewport: dict[str, int] | None = None) -> Page:
        context = browser.new_context(
            base_url=installation.url,
            viewport=viewport or DESK,  # type: ignore[arg-type]
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            storage_state=sessions.get(username),
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        if username not in sessions:
            log_in(page, installation.url, username, installation.password)
            page.wait_for_selector("header.top", state="attached")
            sessions[username] = context.storage_state()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not problems
