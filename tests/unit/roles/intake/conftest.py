"""The intake's application with a log and a clock of the test's own, spoken to as a server would."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from anlan.apps.gateways.services import Backlog, PacketRefused, Pause
from anlan.roles.intake.application import PATH, Application, IntakeParts
from anlan.roles.intake.bundler import Bundler
from anlan.roles.intake.dead_letters import DeadLetters, Limits
from anlan.roles.intake.keys import Key, KeyRing
from anlan.roles.intake.refusals import Refusals
from anlan.roles.intake.replay import Taken
from anlan.roles.intake.standing import Said, Standing
from anlan.roles.intake.tag_lists import TagLists
from anlan.stream.envelope import Record, unpack
from anlan.stream.log import LogUnavailable
from anlan.testing.clock import FakeClock
from anlan.testing.sender import Reply
from anlan.testing.sites import Site, sites

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


async def in_the_database(work: Callable[[], Any]) -> Any:
    """What ``work`` gives, asked in a thread that leaves no connection open behind it."""

    def whole() -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    return await sync_to_async(whole)()


class Records:
    """The records behind `Standing`, in memory. ``said``: what they say; ``up``: whether they answer."""

    def __init__(self) -> None:
        self.up = True
        self.said = Said()
        self.kept: list[Pause] = []
        self.told: list[Backlog] = []
        self.used: list[tuple[str, str]] = []

    def read(self, at: datetime) -> Said:
        self._answer()
        return self.said

    def pauses(self, found: Any) -> int:
        self._answer()
        self.kept += found
        paused = {pause.gateway: pause.until for pause in self.kept}
        self.said = Said(self.said.ciphers, paused, self.said.gaps)
        return len(self.kept)

    def backlogs(self, told: Any) -> int:
        self._answer()
        self.told += told
        return len(self.told)

    def used_tags(self, used: Any, at: datetime) -> None:
        self._answer()
        self.used += used

    def _answer(self) -> None:
        if not self.up:
            raise OSError("the records do not answer")


class Desk:
    """An intake without a network. ``records``: what the log has; ``log_up``: whether it takes anything."""

    def __init__(self) -> None:
        self.sites: list[Site] = list(sites(2, 3))
        self.records: list[Record] = []
        self.envelopes = 0
        self.log_up = True
        self.log_connection = 0
        self.held: asyncio.Event | None = None
        self.refused: list[PacketRefused] = []
        self.clock = FakeClock(NOW)
        owned = {s.gateway: Key(s.enterprise, hashlib.sha256(s.key.encode()).hexdigest()) for s in self.sites}
        self.keys = KeyRing(lambda: owned)
        self.keys.refresh()
        self.refusals = Refusals(self._keep, every_s=0.01)
        self.bundler = Bundler(self._publish, linger_s=0.005, max_waiting=2_000_000)
        self.kept = Records()
        self.standing = Standing(self.kept, self.clock)
        self.lists: dict[str, dict[str, list[str]]] = {}
        self.questions = 0
        self.tag_lists = TagLists(self._sizes, self._announce, self._in_thread)
        self.standing.take_used, self.standing.give_back = self.tag_lists.take_used, self.tag_lists.give_back
        limits = Limits(50, 20, timedelta(seconds=60), timedelta(minutes=5))
        self.application = Application(
            IntakeParts(
                self.keys,
                self.bundler,
                Taken(lambda: self.log_connection),
                self.refusals,
                self.standing,
                self.tag_lists,
                DeadLetters(limits),
                self._cameras,
            ),
            self.clock,
            refresh_keys=self._refresh,
            log_is_there=lambda: True,
            future_limit=timedelta(seconds=300),
            live_age=timedelta(days=30),
        )

    async def post(
        self,
        body: bytes,
        *,
        site: Site | None = None,
        key: str = "",
        encoding: str = "",
        content_type: str = "",
        more: dict[str, str] | None = None,
        chunks: Callable[[], AsyncIterator[bytes]] | None = None,
        path: str = PATH,
    ) -> Reply:
        """One request; ``chunks`` replaces the body by parts that come when they come."""
        sender = site or self.sites[0]
        token = base64.b64encode(f"{sender.gateway}:{key or sender.key}".encode())
        headers = [(b"authorization", b"Basic " + token)]
        if encoding:
            headers.append((b"content-encoding", encoding.encode()))
        if content_type:
            headers.append((b"content-type", content_type.encode()))
        headers += [(name.encode(), value.encode()) for name, value in (more or {}).items()]
        parts = chunks() if chunks else None
        told: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if parts is None:
                return {"type": "http.request", "body": body, "more_body": False}
            part = await anext(parts, None)
            return {"type": "http.request", "body": part or b"", "more_body": part is not None}

        async def send(message: Any) -> None:
            told.append(dict(message))

        scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
        await self.application(scope, receive, send)
        return Reply(told[0]["status"], json.loads(told[1]["body"]))

    async def send(self, *packets: dict[str, Any], site: Site | None = None, key: str = "") -> Reply:
        content: Any = packets[0] if len(packets) == 1 else list(packets)
        return await self.post(json.dumps(content).encode(), site=site, key=key)

    async def _cameras(self, gateway: str, reports: Any, at: datetime) -> list[str]:
        """Keeps what is reported where there is a database; a test that has none says what it answers."""
        from anlan.apps.gateways.services.cameras import record_cameras

        answers: list[str] = await in_the_database(partial(record_cameras, reports, at, gateway=gateway))
        return answers

    def _keep(self, refused: Any) -> int:
        self.refused += list(refused)
        return len(self.refused)

    def _sizes(self, gateway: str) -> dict[str, int]:
        self.questions += 1
        self.kept._answer()
        return {digest: len(tags) for digest, tags in self.lists.get(gateway, {}).items()}

    def _announce(self, gateway: str, digest: str, tags: Any, at: datetime) -> bool:
        self.kept._answer()
        mine = self.lists.setdefault(gateway, {})
        new = digest not in mine
        mine[digest] = list(tags)
        return new

    async def _in_thread(self, work: Any, *arguments: Any) -> Any:
        return work(*arguments)

    async def _refresh(self) -> None:
        self.keys.refresh()

    async def _publish(self, partition: int, envelope: bytes, message_id: str) -> int:
        if self.held is not None:
            await self.held.wait()
        if not self.log_up:
            raise LogUnavailable("down")
        self.envelopes += 1
        self.records += unpack(envelope)
        return self.envelopes


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    yield made
    if made.held is not None:
        made.held.set()
    await made.bundler.close()
