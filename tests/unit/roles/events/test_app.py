"""The event stream: deny by default, hello first, hints after, an end within the grace of the process."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from anlan.apps.accounts.models import Grant, User
from anlan.apps.accounts.services import begin_visit
from anlan.apps.org.models import Role
from anlan.apps.registry.models import Enterprise
from anlan.roles.events import Events
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


async def test_without_a_session_the_stream_says_leave_and_ends(transactional_db: None) -> None:
    events = Events(lambda: "")
    for cookie in ("", "sessionid=nonsense", "sessionid="):
        browser = Browser(events, cookie)
        assert await browser.read() == "200"
        assert "event: leave" in await browser.read()
        await browser.task
    assert events.hub.listeners == set()


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
