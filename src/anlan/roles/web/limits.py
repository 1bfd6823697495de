"""Pages and the interfaces for programs, within bounds: how many are worked on at a time, and what bodies may take.

Each page that is worked on has a thread and a connection to the database, and the database has so many for all roles
together; anybody may ask for a page. Django reads a body whole before anything looks at it, however long it is. So
bodies are read here first, and a page waits for its turn. What a page has made is kept until the page is done with, so
that a browser that takes its time holds no turn. Forms with files are read onto the disk, and of those who are logged
in alone.
"""

from __future__ import annotations

import asyncio
import io
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from anlan.pages.files.field import AT_ONCE as FILES_AT_ONCE
from anlan.process.bodies import BodyError, InHand, Receive, SenderGone, read, take
from anlan.roles.events.authorise import session_key, standing

AT_ONCE = 48
"""Pages that are worked on at the same time: more than those who may wait for the check of a password
(`anlan.apps.accounts.hashing`), and half of the connections that PostgreSQL allows unless it is told otherwise."""
OF_ONE, OF_ADDRESS = 8, 24
"""Pages of one session (without one: of those of an address who have none), and of one address, that are worked on at
the same time. The others of the same wait without keeping anybody else waiting. A browser asks for six."""
WAITING = 400
"""Requests that may wait for their turn. Beyond it somebody is told to come back."""
FORM_BYTES = 64 * 1024
"""Of a body that is taken whatever others hold; every form but those with a file is smaller."""
BODY_BYTES = 9 * 1024 * 1024
"""The largest file that a page takes (`anlan.apps.enrolment.reading`), and the form around it."""
FORM_S, BODY_S = 20.0, 120.0
"""Seconds in which a form, and a larger body, must have come."""
IN_HAND = 64 * 1024 * 1024
"""Of bodies larger than forms, all together."""
FILES_IN_HAND = 256 * 1024 * 1024
"""The same of forms with files, on the disk."""
ANSWERS_IN_HAND = 256 * 1024 * 1024
"""Of answers larger than `PIECE` that browsers have not taken yet, all together."""
FILES_S = 300.0
"""Seconds in which a form with files must have come: sixty megabytes by a poor mobile network."""
PIECE = 1024 * 1024
AGAIN_S = 5

Scope = dict[str, Any]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]


class Pages:
    """ASGI in front of an ASGI application that keeps to one request, one answer."""

    def __init__(
        self, pages: Any, at_once: int = AT_ONCE, waiting: int = WAITING, *, file_bytes: int = 20 * PIECE,
        knows: Callable[[str], bool] | None = None,
    ) -> None:  # fmt: skip
        """``file_bytes``: the largest file that anybody may hand in; ``knows``: whether a session is somebody's."""
        self._pages = pages
        self._knows = knows or (lambda key: key in standing([key]))
        self._files_bytes = FILES_AT_ONCE * file_bytes + PIECE
        self._turns = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self._here = 0
        self._of: dict[str, tuple[asyncio.Semaphore, int]] = {}
        self.in_hand = InHand(IN_HAND)
        self.files_in_hand = InHand(FILES_IN_HAND)
        self.answers_in_hand = InHand(ANSWERS_IN_HAND)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: 413 and 408 for a body that is too large or too slow, 503 when too many wait, else what
        the application says."""
        try:
            if _has_files(scope):
                with (
                    self.files_in_hand.hold() as count,
                    tempfile.SpooledTemporaryFile(max_size=FORM_BYTES) as file,
                ):
                    await self._files(scope, receive, count, file)
                    said = await self._answer(scope, receive, file)
            else:
                with self.in_hand.hold() as count:
                    said = await self._answer(scope, receive, io.BytesIO(await self._body(scope, receive, count)))
        except SenderGone:
            return
        except BodyError as refused:
            status = 503 if refused.status == 429 else refused.status
            said = _words(scope, status, refused.detail)
        with self.answers_in_hand.hold() as count:
            size = sum(len(message.get("body", b"")) for message in said)
            try:
                if size > PIECE and scope["method"] == "GET":  # what an act says is said, however large
                    count(size)
            except BodyError:
                said = _words(scope, 503, f"现在取大文件的人太多；请 {AGAIN_S} 秒后再试")
            for message in said:
                await send(message)

    async def _answer(self, scope: Scope, receive: Receive, body: Any) -> list[Message]:
        """What the application says. Whoever leaves while waiting for a turn costs none."""
        if self._here >= self._most:
            return _words(scope, 503, f"现在访问的人太多，这一次什么也没有改动；请 {AGAIN_S} 秒后再试")
        pieces = _pieces(body)
        said: list[Message] = []
        gone = asyncio.ensure_future(receive())

        async def again() -> Message:
            for piece in pieces:
                return piece
            return await asyncio.shield(gone)

        async def keep(message: Message) -> None:
            said.append(message)

        self._here += 1
        try:
            address = str((scope.get("client") or ("",))[0])
            session = (session_key(scope["headers"], "sessionid") or "")[:64]
            own = f"session {session}" if session else f"without {address}"
            async with self._share(own, OF_ONE), self._share(address, OF_ADDRESS), self._turns:
                if not gone.done():
                    await self._pages(scope, again, keep)
        finally:
            self._here -= 1
            gone.cancel()
        return said

    @asynccontextmanager
    async def _share(self, who: str, of: int) -> AsyncIterator[None]:
        """A turn among the requests of the same; forgotten when none of them is here."""
        turns, here = self._of.get(who, (asyncio.Semaphore(of), 0))
        self._of[who] = turns, here + 1
        try:
            async with turns:
                yield
        finally:
            turns, here = self._of.pop(who)
            if here > 1:
                self._of[who] = turns, here - 1

    async def _body(self, scope: Scope, receive: Receive, count: Any) -> bytes:
        size = 0

        def more(of: int) -> None:
            nonlocal size
            before, size = size, size + of
            if size > FORM_BYTES:
                count(size - max(before, FORM_BYTES))

        declared = _declared(scope)
        seconds = BODY_S if declared is not None and declared > FORM_BYTES else FORM_S
        return await read(receive, declared, limit=BODY_BYTES, seconds=seconds, count=more)

    async def _files(self, scope: Scope, receive: Receive, count: Any, file: Any) -> None:
        """Reads a form with files into ``file``. Beyond what a form takes it must come from somebody who is known."""
        declared = _declared(scope)
        limit, seconds = self._files_bytes, FILES_S
        if declared is None or declared > FORM_BYTES:
            key = session_key(scope["headers"], "sessionid")
            if not key or not await asyncio.to_thread(self._knows, key):
                raise BodyError(401, "请先登录；文件没有收下")
        else:
            limit, seconds = FORM_BYTES, FORM_S
        await take(receive, declared, file.write, limit=limit, seconds=seconds, count=count)
        file.seek(0)


def _has_files(scope: Scope) -> bool:
    """Whether the form is one of those that carry files."""
    kind: bytes = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    return kind.lower().startswith(b"multipart/form-data")


def _declared(scope: Scope) -> int | None:
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(length) if length.isdigit() else None


def _pieces(body: Any) -> Iterator[Message]:
    """A body as the messages of a request; an empty one too is one message."""
    piece = body.read(PIECE)
    while piece is not None:
        following = body.read(PIECE) or None
        yield {"type": "http.request", "body": piece, "more_body": following is not None}
        piece = following


def _words(scope: Scope, status: int, words: str) -> list[Message]:
    program = scope["path"].startswith("/api/")
    content = json.dumps({"detail": words}, ensure_ascii=False) if program else words
    headers = [
        (b"content-type", b"application/json" if program else b"text/plain; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
    ]
    if status == 503:
        headers.append((b"retry-after", str(AGAIN_S).encode()))
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return [start, {"type": "http.response.body", "body": content.encode()}]
