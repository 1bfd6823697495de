"""Pages are worked on a few at a time, bodies are bounded before Django keeps them, a slow browser holds no turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from anlan.process import bodies
from anlan.roles.web import limits
from anlan.roles.web.limits import BODY_BYTES, FORM_BYTES, OF_ADDRESS, OF_ONE, PIECE, Pages

Message = dict[str, Any]


class Django:
    """An application that answers what it was sent, when it may; ``at_once`` were worked on together at most."""

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.bodies: list[bytes] = []
        self.here = self.at_once = self.messages = 0

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        self.here += 1
        self.at_once = max(self.at_once, self.here)
        message = await receive()
        body, self.messages = message["body"], 1
        while message.get("more_body"):
            message = await receive()
            body, self.messages = body + message["body"], self.messages + 1
        self.bodies.append(body)
        leaving = asyncio.create_task(receive())  # as Django does
        try:
            await self.may.wait()
        finally:
            self.here -= 1
            leaving.cancel()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"made"})


class Browser:
    """One request; ``taken`` is what has been sent to it, as far as it ``takes``."""

    def __init__(
        self, *parts: bytes, whole: bool = True, declared: int | None = None, path: str = "/x/", session: str = "",
        kind: str = "",
    ) -> None:  # fmt: skip
        self._parts, self._whole, self.left = list(parts), whole, asyncio.Event()
        headers = [] if declared is None else [(b"content-length", str(declared).encode())]
        headers += [(b"content-type", kind.encode())] * bool(kind)
        headers += [(b"cookie", f"sessionid={session}".encode())] * bool(session)
        client = ("192.0.2.1", 1)
        self.scope = {"type": "http", "client": client, "method": "POST", "path": path, "headers": headers}
        self.taken: list[Message] = []
        self.takes = asyncio.Event()
        self.takes.set()

    async def receive(self) -> Message:
        if self._parts:
            part = self._parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(self._parts) or not self._whole}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await self.takes.wait()
        self.taken.append(message)

    async def ask(self, application: Pages) -> tuple[int, str]:
        await application(self.scope, self.receive, self.send)
        if not self.taken:
            return 0, ""
        return self.taken[0]["status"], self.taken[1]["body"].decode()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - several things at once
            await asyncio.sleep(0)


async def together(*all: Awaitable[tuple[int, str]]) -> list[tuple[int, str]]:
    async with asyncio.timeout(10):
        return list(await asyncio.gather(*all))


@pytest.mark.case("G11")
async def test_pages_wait_for_their_turn_and_beyond_those_who_may_wait_somebody_is_told_to_come_back() -> None:
    django = Django()
    application = Pages(django, at_once=3, waiting=4)
    asking = [asyncio.create_task(Browser(b"").ask(application)) for _ in range(7)]
    await until(lambda: django.here == 3)
    status, words = await Browser(b"").ask(application)
    assert status == 503
    assert "什么也没有改动" in words
    status, words = await Browser(b"", path="/api/v1/x").ask(application)
    assert (status, words.startswith('{"detail": "现在访问的人太多')) == (503, True)
    django.may.set()
    assert await together(*asking) == [(200, "made")] * 7
    assert django.at_once == 3
    assert application.in_hand.bytes == 0


@pytest.mark.case("G11")
async def test_who_leaves_while_waiting_costs_no_turn() -> None:
    django = Django()
    application = Pages(django, at_once=1, waiting=4)
    first, second = Browser(b"1"), Browser(b"2")
    asking = [asyncio.create_task(each.ask(application)) for each in (first, second)]
    await until(lambda: django.here == 1)
    second.left.set()
    await asyncio.sleep(0)
    django.may.set()
    assert await together(*asking) == [(200, "made"), (0, "")]
    assert django.bodies == [b"1"]


@pytest.mark.case("G11")
async def test_a_browser_that_takes_its_time_holds_no_turn() -> None:
    django = Django()
    django.may.set()
    application = Pages(django, at_once=1, waiting=0)
    slow = Browser(b"")
    slow.takes.clear()
    asking = asyncio.create_task(slow.ask(application))
    await until(lambda: len(django.bodies) == 1 and django.here == 0)
    async with asyncio.timeout(10):
        while (await Browser(b"").ask(application))[0] != 200:  # noqa: ASYNC110 - the turn is given back soon
            await asyncio.sleep(0)
    slow.takes.set()
    assert await together(asking) == [(200, "made")]


@pytest.mark.case("G11")
@pytest.mark.parametrize("declared", [None, BODY_BYTES + 1])
async def test_a_body_without_end_is_refused_and_nothing_of_it_is_kept(declared: int | None) -> None:
    django = Django()
    application = Pages(django)
    status, words = await Browser(*[b"x" * 2**20] * 10, whole=False, declared=declared).ask(application)
    assert status == 413
    assert "9 MiB" in words
    assert django.bodies == []
    assert application.in_hand.bytes == 0


@pytest.mark.case("G11")
async def test_a_body_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FORM_S", 0.05)
    assert (await Browser(b"x", whole=False).ask(Pages(Django())))[0] == 408


@pytest.mark.case("G11")
async def test_large_bodies_share_their_room_and_a_form_is_always_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    django = Django()
    application = Pages(django)
    application.in_hand = bodies.InHand(3 * FORM_BYTES)
    large = b"x" * 2 * FORM_BYTES
    holding = [asyncio.create_task(Browser(large, large, whole=False).ask(application)) for _ in range(1)]
    await until(lambda: application.in_hand.bytes == 3 * FORM_BYTES)
    status, words = await Browser(large).ask(application)
    assert (status, words) == (503, "服务繁忙，请保留并稍后重发")
    django.may.set()
    assert await Browser(b"x" * FORM_BYTES).ask(application) == (200, "made")
    for each in holding:
        each.cancel()
    await asyncio.gather(*holding, return_exceptions=True)
    assert application.in_hand.bytes == 0
    assert await Browser(large).ask(application) == (200, "made")


@pytest.mark.case("G11")
async def test_one_session_and_one_address_have_their_share_and_no_more() -> None:
    django = Django()
    application = Pages(django)
    asking = [asyncio.create_task(Browser(b"1", session="one").ask(application)) for _ in range(20)]
    await until(lambda: django.here == OF_ONE)
    asking += [asyncio.create_task(Browser(b"2", session=f"forged{n}").ask(application)) for n in range(40)]
    await until(lambda: django.here == OF_ADDRESS)
    other = Browser(b"3", session="other")
    other.scope["client"] = ("192.0.2.2", 1)
    asking.append(asyncio.create_task(other.ask(application)))
    await until(lambda: b"3" in django.bodies)
    assert django.at_once == OF_ADDRESS + 1
    django.may.set()
    assert await together(*asking) == [(200, "made")] * 61
    assert application._of == {}


FORM = "multipart/form-data; boundary=x"


@pytest.mark.case("G11")
async def test_files_of_somebody_who_is_logged_in_are_read_onto_the_disk_and_handed_on_in_pieces() -> None:
    django = Django()
    django.may.set()
    asked: list[str] = []

    def knows(key: str) -> bool:
        asked.append(key)
        return key == "known"

    application = Pages(django, file_bytes=4 * PIECE, knows=knows)
    parts = [bytes([n]) * PIECE for n in range(11)]
    for declared in (None, 11 * PIECE):
        browser = Browser(*parts, kind=FORM, session="known", declared=declared)
        assert await browser.ask(application) == (200, "made")
        assert (django.bodies.pop(), django.messages) == (b"".join(parts), 11)
    assert asked == ["known"] * 2
    assert (application.in_hand.bytes, application.files_in_hand.bytes) == (0, 0)


@pytest.mark.case("G11")
@pytest.mark.parametrize("session", ["", "ended"])
async def test_files_of_nobody_are_refused_before_they_are_read(session: str) -> None:
    django = Django()
    application = Pages(django, knows=lambda key: False)
    for declared in (None, 5 * PIECE):
        browser = Browser(*[b"x" * PIECE] * 5, kind=FORM, session=session, declared=declared)
        status, words = await browser.ask(application)
        assert (status, "请先登录" in words) == (401, True)
        assert len(browser._parts) == 5
    django.may.set()
    assert await Browser(b"small", kind=FORM, declared=5).ask(application) == (200, "made")
    assert (await Browser(b"x" * (FORM_BYTES + 1), kind=FORM, declared=5).ask(application))[0] == 413


@pytest.mark.case("G11")
async def test_files_that_are_too_large_or_too_many_at_a_time_are_refused() -> None:
    django = Django()
    application = Pages(django, file_bytes=PIECE, knows=lambda key: True)
    too_large = Browser(*[b"x" * PIECE] * 5, kind=FORM, session="a", declared=5 * PIECE)
    assert (await too_large.ask(application))[0] == 413
    assert (await Browser(*[b"x" * PIECE] * 5, kind=FORM, session="a").ask(application))[0] == 413
    application.files_in_hand = bodies.InHand(3 * PIECE)
    held = asyncio.create_task(Browser(*[b"x" * PIECE] * 3, kind=FORM, session="a", whole=False).ask(application))
    await until(lambda: application.files_in_hand.bytes == 3 * PIECE)
    assert (await Browser(b"x" * PIECE, kind=FORM, session="b", declared=PIECE).ask(application))[0] == 503
    held.cancel()
    await asyncio.gather(held, return_exceptions=True)
    assert application.files_in_hand.bytes == 0
    assert django.bodies == []


class Large(Django):
    """An application whose answers are large."""

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * 2 * PIECE})


@pytest.mark.case("G11")
async def test_large_answers_that_nobody_takes_are_bounded_and_what_an_act_says_is_said() -> None:
    application = Pages(Large())
    application.answers_in_hand = bodies.InHand(5 * PIECE)
    slow = [Browser(b"") for _ in range(2)]
    for each in slow:
        each.scope["method"] = "GET"
        each.takes.clear()
    held = [asyncio.create_task(each.ask(application)) for each in slow]
    await until(lambda: application.answers_in_hand.bytes == 4 * PIECE)
    third = Browser(b"")
    third.scope["method"] = "GET"
    status, words = await third.ask(application)
    assert (status, "取大文件的人太多" in words) == (503, True)
    assert (await Browser(b"").ask(application))[0] == 200
    for each in slow:
        each.takes.set()
    assert [status for status, _ in await together(*held)] == [200, 200]
    assert application.answers_in_hand.bytes == 0
