"""The event stream: deny by default, hello first, hints after, an end within the grace of the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from anlan.apps.accounts.middleware import IDLE_LIMIT
from anlan.apps.accounts.models import Grant, User, Visit
from anlan.apps.accounts.services import begin_visit, end_visit
from anlan.apps.org.models import Role
from anlan.apps.registry.models import Enterprise, Point
from anlan.process.worker import close_all
from anlan.roles.events import Events, app
from anlan.roles.events.authorise import authorise, session_key
from anlan.testing import small_world

NOW = datetime.now(UTC)


@pytest.fixture
def key(transactional_db: None) -> str:
    """The session of an officer of the second enterprise alone."""
    small_world.build(NOW, enterprises=2, points=1)
    user = User.objects.create_user("officer", "pass-word-1")
    second = Enterprise.objects.order_by("code").last()
    Grant.objects.create(user=user, role=Role.VIEWER, enterprise=second, valid_from=NOW)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    assert session.session_key
    begin_visit(user, session.session_key, NOW, "127.0.0.1")
    return session.session_key


class Browser:
    """The other end of the stream."""

    def __init__(self, events: Events, cookie: str, query: str = "") -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.gone = asyncio.Event()
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/events",
            "query_string": query.encode(),
            "headers": [(b"cookie", cookie.encode())],
        }
        self.task = asyncio.ensure_future(events(scope, self._receive, self.sent.put))

    async def _receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def read(self) -> str:
        async with asyncio.timeout(10):
            message = await self.sent.get()
        return str(message.get("status") or message.get("body", b"").decode())

    async def rest(self) -> str:
        """Everything until the stream ends."""
        said = ""
        async with asyncio.timeout(30):
            while True:
                message = await self.sent.get()
                said += message.get("body", b"").decode()
                if "status" not in message and not message.get("more_body"):
                    return said


async def test_a_stream_begins_with_hello_and_carries_what_the_person_may_see(key: str) -> None:
    events = Events(lambda: "")
    browser = Browser(events, f"sessionid={key}")
    assert await browser.read() == "200"
    assert "event: hello" in await browser.read()
    events.hub.receive("ui.warning.990000001", b'{"id":1}')
    events.hub.receive("ui.warning.990000002", b'{"id":2}')
    said = await browser.read()
    assert '"id":2' in said
    assert '"id":1' not in said
    events.leave()
    async with asyncio.timeout(2):
        await browser.task
    assert events.hub.listeners == set()


@pytest.mark.case("G12")
async def test_without_a_session_the_stream_says_leave_and_ends(transactional_db: None) -> None:
    events = Events(lambda: "")
    for cookie in ("", "sessionid=nonsense", "sessionid=", 'sessionid="\\000aaaaaaaaaaaaaaa"'):
        browser = Browser(events, cookie)
        assert await browser.read() == "200"
        assert "event: leave" in await browser.read()
        await browser.task
    assert events.hub.listeners == set()


@pytest.mark.case("G12")
async def test_a_point_that_nobody_can_mean_is_left_out(key: str) -> None:
    events = Events(lambda: "")
    browser = Browser(events, f"sessionid={key}", "points=%00,%ff,%ed%a0%80")
    assert await browser.read() == "200"
    assert "event: hello" in await browser.read()
    events.leave()
    await browser.task


async def test_a_browser_that_goes_away_is_forgotten(key: str) -> None:
    events = Events(lambda: "")
    browser = Browser(events, f"sessionid={key}")
    await browser.read()
    assert len(events.hub.listeners) == 1
    browser.gone.set()
    async with asyncio.timeout(5):
        await browser.task
    assert events.hub.listeners == set()


def test_a_closed_log_in_is_no_longer_authorised(key: str) -> None:
    found = authorise(key)
    assert found is not None
    assert found.enterprises == frozenset({"990000002"})
    User.objects.update(is_active=False)
    assert authorise(key) is None


def test_the_cookie_is_read_from_among_others() -> None:
    headers = [(b"host", b"x"), (b"cookie", b"csrftoken=a; sessionid=abc; theme=1")]
    assert session_key(headers, "sessionid") == "abc"
    assert session_key([(b"cookie", b"theme=1")], "sessionid") is None


async def test_a_log_out_ends_the_stream_and_another_role_brings_it_back_under_the_new_one(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "RECHECK_S", 0.05)
    events = Events(lambda: "")
    await events.start()
    try:
        first = await _in_thread(lambda: Enterprise.objects.order_by("code").first())
        narrowed = Browser(events, f"sessionid={key}")
        assert await narrowed.read() == "200"
        await _in_thread(Grant.objects.update, enterprise=first)
        said = await narrowed.rest()
        assert "event: leave" not in said
        again = Browser(events, f"sessionid={key}")
        assert "event: hello" in await again.read() + await again.read()
        events.hub.receive("ui.warning.990000002", b'{"id":2}')
        events.hub.receive("ui.warning.990000001", b'{"id":1}')
        said = await again.read()
        assert '"id":1' in said
        assert '"id":2' not in said
        await _in_thread(end_visit, key)
        assert "event: leave" in await again.rest()
        assert events.hub.listeners == set()
    finally:
        await events.stop()


async def test_a_browser_that_takes_nothing_is_given_up_and_holds_up_nobody(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "STALLED_S", 0.2)
    events = Events(lambda: "")
    frozen = asyncio.ensure_future(events(_asked(key), _never, _frozen()))
    well = Browser(events, f"sessionid={key}")
    assert "event: hello" in await well.read() + await well.read()
    events.hub.receive("ui.warning.990000002", b'{"id":2}')
    assert '"id":2' in await well.read()
    async with asyncio.timeout(30):
        await frozen
    assert events.stalled == 1
    assert len(events.hub.listeners) == 1
    events.leave()
    await well.task


async def test_the_process_leaves_at_once_although_a_browser_takes_nothing(key: str) -> None:
    events = Events(lambda: "")
    frozen = asyncio.ensure_future(events(_asked(key), _never, _frozen()))
    while not any(stream.sending for stream in events._streams):  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0.01)
    events.leave()
    async with asyncio.timeout(2):
        await frozen


@pytest.mark.parametrize("work", ["_follow_the_bus", "_recheck", "_watch"])
async def test_work_beside_the_streams_that_breaks_off_begins_anew(work: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "AGAIN_S", 0.01)
    begun: asyncio.Queue[int] = asyncio.Queue()

    class Breaks(Events):
        pass

    async def breaks(self: Events) -> None:
        begun.put_nowait(1)
        raise RuntimeError("示例")

    setattr(Breaks, work, breaks)
    events = Breaks(lambda: "")
    await events.start()
    async with asyncio.timeout(30):
        for _ in range(3):
            await begun.get()
    await events.stop()


async def test_one_log_in_holds_so_many_streams_and_the_process_so_many(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "STREAMS_OF_ONE", 2)
    events = Events(lambda: "")
    browsers = [Browser(events, f"sessionid={key}") for _ in range(2)]
    for each in browsers:
        assert "event: hello" in await each.read() + await each.read()
    third = Browser(events, f"sessionid={key}")
    assert await third.read() == "503"
    assert "2 个页面" in await third.read()
    monkeypatch.setattr(app, "STREAMS", 2)
    fourth = Browser(events, f"sessionid={key}")
    assert await fourth.read() == "503"
    browsers[0].gone.set()
    await browsers[0].task
    monkeypatch.undo()
    fifth = Browser(events, f"sessionid={key}")
    assert await fifth.read() == "200"
    events.leave()
    await asyncio.gather(browsers[1].task, fifth.task)


def test_an_open_page_keeps_no_session_alive(key: str) -> None:
    Visit.objects.update(last_seen_at=NOW - IDLE_LIMIT / 2)
    seen = Visit.objects.get().last_seen_at
    assert authorise(key) is not None
    client = Client()
    client.cookies["sessionid"] = key
    assert client.get("/warnings/", headers={"HX-Request": "true", "Anlan-Unattended": "1"}).status_code == 200
    assert Visit.objects.get().last_seen_at == seen
    Visit.objects.update(last_seen_at=NOW - IDLE_LIMIT - timedelta(seconds=60))
    assert authorise(key) is None


def test_a_page_that_somebody_opens_does(key: str) -> None:
    Visit.objects.update(last_seen_at=NOW - timedelta(hours=1))
    client = Client()
    client.cookies["sessionid"] = key
    assert client.get("/warnings/").status_code == 200
    assert Visit.objects.get().last_seen_at > NOW - timedelta(minutes=1)


def test_points_are_watched_by_who_may_see_them(key: str) -> None:
    mine, foreign = Point.objects.order_by("-code").first(), Point.objects.order_by("code").first()
    assert mine is not None
    assert foreign is not None
    found = authorise(key, [mine.code, foreign.code, "none"])
    assert found is not None
    assert found.points == {mine.code: "990000002"}


async def _in_thread(work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Work on the database outside of the loop, which leaves no connection behind."""

    def run() -> Any:
        try:
            return work(*arguments, **options)
        finally:
            close_all()

    return await asyncio.to_thread(run)


def _asked(key: str) -> dict[str, Any]:
    headers = [(b"cookie", f"sessionid={key}".encode())]
    return {"type": "http", "method": "GET", "path": "/events", "query_string": b"", "headers": headers}


async def _never() -> dict[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError("nothing wakes this")


def _frozen() -> Any:
    """The way to a browser that takes the head and then nothing more."""

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    return send
