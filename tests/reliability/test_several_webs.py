"""Several web processes: what a person does at one is seen live at the other, and a browser that is moved from one that
died to one that lives sees on its page everything that happened meanwhile."""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.reliability.hosts import second_host
from tests.reliability.plant import HIGHER, Plant, until

from anlan.now import now as clock_now
from anlan.testing.sender import Sender, packet

OFFICER, PASSWORD = "officer", "several-webs-7"
SECRET = "the same on every host, as long as it has to be, 0123456789"
WAIT_S = 120


class Page:
    """A browser's stream at one address: the names of its events as they come, with what they carry."""

    def __init__(self, browser: httpx.Client, base: str, points: str) -> None:
        self.heard: queue.Queue[tuple[str, str]] = queue.Queue()
        self._cookies, self._address = dict(browser.cookies), f"{base}/events?points={points}"
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            with (
                httpx.Client(trust_env=False, timeout=60, cookies=self._cookies) as line,
                line.stream("GET", self._address) as answer,
            ):
                name = ""
                for text in answer.iter_lines():
                    if text.startswith("event: "):
                        name = text[7:]
                    elif text.startswith("data: "):
                        self.heard.put((name, text[6:]))
        except httpx.HTTPError as error:
            self.heard.put(("broken", str(error)))
        else:
            self.heard.put(("broken", ""))

    def until(self, *wanted: str) -> None:
        """Wait for an event of each of these names, in any order; others are forgotten."""
        missing = set(wanted)
        while missing:
            found, said = self.heard.get(timeout=WAIT_S)
            missing.discard(found)
            assert found != "broken" or not missing, f"the stream broke before {missing} came: {said}"


@pytest.mark.slow
@pytest.mark.postgres
def test_an_act_at_one_web_is_live_at_another_and_a_browser_that_moves_misses_nothing(
    tmp_path: Path, database_url: str
) -> None:
    roles = ["engine", "intake", "web"]
    with Plant(tmp_path / "a", database_url, roles, enterprises=2, points=2, secret_key=SECRET) as plant:
        plant.ask("tests.reliability.test_several_webs:employ")
        site = plant.sites[0]
        shared = replace(plant.config, nats_url=plant.supervisor.nats_url)
        with second_host(shared, tmp_path / "b", ["web"]) as other, browsing() as browser:
            here, there = plant.supervisor.web_url.rstrip("/"), other.web_url.rstrip("/")
            number = plant.ask("tests.reliability.test_several_webs:burn", site.source)
            log_in(browser, here)
            page = Page(browser, there, site.points[0])  # logged in at one, the stream is taken from the other
            page.until("hello")
            remark(browser, here, number, "此处一，已联系企业")
            page.until("warning")
            assert "此处一，已联系企业" in browser.get(f"{there}/warnings/{number}/").text
            with Sender(plant.supervisor.intake_url, site.gateway, site.key) as sender:
                _send(sender, site, HIGHER)
            page.until("live", "alarm")
            web = other.children["web"].pid
            assert web is not None
            os.kill(web, signal.SIGKILL)
            page.until("broken")
            remark(browser, here, number, "此处二，无人在听")
            moved = Page(browser, here, site.points[0])
            moved.until("hello")  # the page reads itself again at every hello that follows a break
            assert "此处二，无人在听" in browser.get(f"{here}/warnings/{number}/").text
            until(lambda: other.is_ready("web"), WAIT_S, lambda: "the other web does not come back")
            remark(browser, there, number, "此处三，另一台")
            moved.until("warning")
            assert "此处三，另一台" in browser.get(f"{here}/warnings/{number}/").text
        assert plant.ask("tests.reliability.test_several_webs:remarks", number) == [
            "此处一，已联系企业", "此处二，无人在听", "此处三，另一台",
        ]  # fmt: skip


@contextmanager
def browsing() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=60, follow_redirects=False) as browser:
        yield browser


def log_in(browser: httpx.Client, base: str) -> None:
    browser.get(f"{base}/login/")
    form = {"username": OFFICER, "password": PASSWORD, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    assert browser.post(f"{base}/login/", data=form).status_code == 302


def remark(browser: httpx.Client, base: str, number: str, text: str) -> None:
    """Write a remark on a warning at one of the webs, as the form does."""
    form = {"text": text, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    answer = browser.post(f"{base}/warnings/{number}/remark/", data=form)
    assert answer.status_code == 302, answer.text[:500]


def _send(sender: Sender, site: Any, value: float) -> None:
    message = packet(site.enterprise, site.gateway, clock_now(), dict.fromkeys(site.points, value))
    until(lambda: sender.send(message).status == 200, WAIT_S, lambda: "the intake takes nothing")


def employ() -> None:
    """A duty officer of the county, with a log-in."""
    from anlan.apps.accounts.models import Grant, User
    from anlan.apps.org.models import Agency, Person, Role

    user = User(username=OFFICER, person=Person.objects.create(code="officer", name="示例值班员"))
    user.set_password(PASSWORD)
    user.save()
    county = Agency.objects.get(level="county")
    Grant.objects.create(user=user, role=Role.DUTY_OFFICER, agency=county, valid_from=clock_now())


def burn(source: str) -> str:
    """A red warning that began a minute ago; returns its number."""
    from anlan.apps.registry.models import HazardSource
    from anlan.apps.warnings.services import set_level

    at = clock_now() - timedelta(minutes=1)
    warning = set_level(HazardSource.objects.get(code=source), "red", at=at, origin="loaded")
    assert warning is not None
    return str(warning.number)


def remarks(number: str) -> list[str]:
    """The remarks on a warning in their order."""
    from anlan.apps.warnings.models import Warning

    return [act.text for act in Warning.objects.get(number=number).acts.filter(kind="remark").order_by("pk")]
