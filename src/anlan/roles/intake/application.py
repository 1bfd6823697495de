"""The ASGI application of the intake: ``POST /api/v1/packets``, ``GET /healthz``, ``GET /metrics``.

The answer to a request is given only when the log has every packet that it reports as accepted (contract:
`docs/reference/roles.md`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from anlan.now import Clock
from anlan.roles import metrics
from anlan.roles.intake import body as bodies
from anlan.roles.intake.backlog import backlog_of
from anlan.roles.intake.bundler import Bundler, Overloaded
from anlan.roles.intake.dead_letters import DeadLetters
from anlan.roles.intake.forms import cut, decipher
from anlan.roles.intake.keys import KeyRing, Sender, credentials
from anlan.roles.intake.numbers import Numbers
from anlan.roles.intake.refusals import STRANGER, Refusals
from anlan.roles.intake.replay import Taken
from anlan.roles.intake.standing import Standing
from anlan.roles.intake.tag_lists import RecordsUnavailable, TagLists
from anlan.roles.room import Stage
from anlan.stream.envelope import Record
from anlan.stream.log import LogFull, LogUnavailable
from anlan.stream.packet import CHINA, Form, Header, PacketError, Refusal, admit
from anlan.stream.partition import partition_of

logger = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
PATH = "/api/v1/packets"
BACKFILL_AGE = timedelta(days=366)
MAX_AT_ONCE = 32
"""Requests of one gateway at a time: none may hold the room of all."""
_JSON = (b"content-type", b"application/json; charset=utf-8")
_encode = msgspec.json.Encoder().encode


class Answer(Exception):
    """An answer that ends the request early."""

    def __init__(self, status: int, detail: str, *headers: tuple[bytes, bytes], **more: str) -> None:
        super().__init__(detail)
        self.status, self.body, self.headers = status, {"detail": detail, **more}, headers


class Application:
    """All parts are made by `command`; ``refresh_keys`` reads the keys anew in a thread."""

    def __init__(
        self,
        keys: KeyRing,
        bundler: Bundler,
        taken: Taken,
        refusals: Refusals,
        standing: Standing,
        tag_lists: TagLists,
        dead_letters: DeadLetters,
        clock: Clock,
        *,
        refresh_keys: Callable[[], Awaitable[None]],
        log_is_there: Callable[[], bool],
        future_limit: timedelta,
        live_age: timedelta,
        room: Callable[[], Stage] = lambda: Stage.PLENTY,
    ) -> None:
        self._keys, self._bundler, self._taken, self._refusals, self._clock = keys, bundler, taken, refusals, clock
        self._refresh_keys, self._log_is_there = refresh_keys, log_is_there
        self._future_limit, self._live_age, self._room = future_limit, live_age, room
        self._standing, self._tag_lists, self._dead_letters = standing, tag_lists, dead_letters
        self._numbers = Numbers()
        self._at_once: dict[str, int] = {}
        self.in_hand = bodies.InHand()
        self.accepted = self.duplicates = self.refused = self.requests = 0

    async def __call__(self, scope: Scope, receive: bodies.Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self.requests += 1
        path, method = scope["path"], scope["method"]
        try:
            if path == PATH and method == "POST":
                status, answer, headers = await self._take(scope, receive)
            elif path == "/healthz" and method == "GET":
                there = self._log_is_there() and self._keys.loaded
                status, answer, headers = (200 if there else 503), {"log": there}, ()
            elif path == "/metrics" and method == "GET":
                told = metrics.text("intake", self.figures()).encode()
                await _respond(send, 200, told, ((b"content-type", metrics.TYPE.encode()),))
                return
            elif path == PATH:
                raise Answer(405, "只接受 POST", (b"allow", b"POST"))
            else:
                raise Answer(404, f"没有 {path[:80]}；数据请发往 {PATH}")
        except Answer as early:
            status, answer, headers = early.status, early.body, early.headers
        except bodies.SenderGone:
            return
        if status in (408, 413):
            headers = (*headers, (b"connection", b"close"))
        await _respond(send, status, _encode(answer), (_JSON, *headers))

    async def _take(self, scope: Scope, receive: bodies.Receive) -> tuple[int, dict[str, Any], tuple[Any, ...]]:
        headers = dict(scope["headers"])
        sender = await self._authenticate(headers.get(b"authorization", b""))
        received_at = self._clock.now()
        self._may_send(sender, received_at)
        self._at_once[sender.gateway] = self._at_once.get(sender.gateway, 0) + 1
        try:
            return await self._take_body(sender, headers, receive, received_at)
        except RecordsUnavailable as error:
            raise _not_now("点位清单暂时无法核对，数据请保留并重发") from error
        finally:
            self._at_once[sender.gateway] -= 1
            if not self._at_once[sender.gateway]:
                del self._at_once[sender.gateway]

    def _may_send(self, sender: Sender, at: datetime) -> None:
        until = self._standing.paused_until(sender.gateway, at)
        if until is not None:
            left = str(max(1, round((until - at).total_seconds()))).encode()
            raise Answer(
                429, f"该网关送来的多为废报文，暂停接收至 {until.astimezone(CHINA):%H:%M:%S}；数据请保留，改正后重发",
                (b"retry-after", left), reason=Refusal.SUSPENDED, until=until.isoformat(),
            )  # fmt: skip
        if self._at_once.get(sender.gateway, 0) >= MAX_AT_ONCE:
            raise Answer(429, f"同一网关同时最多 {MAX_AT_ONCE} 个请求，数据请保留并稍后重发", (b"retry-after", b"1"))

    async def _take_body(
        self, sender: Sender, headers: Mapping[bytes, bytes], receive: bodies.Receive, received_at: datetime
    ) -> tuple[int, dict[str, Any], tuple[Any, ...]]:
        with self.in_hand.hold() as count:
            return await self._take_counted(sender, headers, receive, received_at, count)

    async def _take_counted(
        self,
        sender: Sender,
        headers: Mapping[bytes, bytes],
        receive: bodies.Receive,
        received_at: datetime,
        count: Callable[[int], None],
    ) -> tuple[int, dict[str, Any], tuple[Any, ...]]:
        try:
            length = headers.get(b"content-length", b"")
            sent = await bodies.read(receive, int(length) if length.isdigit() else None, count=count)
            raw = bodies.unpack(sent, headers.get(b"content-encoding", b"").decode("latin-1").strip().lower())
        except bodies.BodyError as error:
            if error.status == 429:
                # the rest of the body is still on its way
                raise Answer(429, error.detail, (b"retry-after", b"1"), (b"connection", b"close")) from error
            reason = Refusal.TOO_BIG if error.status == 413 else Refusal.MALFORMED
            self._refuse(sender.gateway, reason, error.detail, b"")
            self._count(sender, 1, [reason], received_at)
            raise Answer(error.status, error.detail) from error
        if (word := backlog_of(sender.gateway, headers)) is not None:
            self._standing.tell(word, received_at)
        self._spare(Stage.LIVE, "平台磁盘空间不足，暂不接收数据，请保留并稍后重发")
        try:
            raw = decipher(raw, self._standing.cipher(sender.enterprise))
            packets, peek = cut(raw, headers.get(b"content-type", b"").decode("latin-1"))
        except PacketError as error:
            self._refuse(sender.gateway, error.reason, error.detail, raw)
            self._count(sender, 1, [error.reason], received_at)
            refused = [{"index": 0, "dataId": "", "reason": error.reason, "detail": error.detail}]
            return 400, {"accepted": 0, "duplicates": 0, "refused": refused}, ()
        return await self._take_packets(sender, packets, peek, received_at)

    async def _take_packets(
        self, sender: Sender, packets: list[bytes], peek: Callable[[bytes], Header], received_at: datetime
    ) -> tuple[int, dict[str, Any], tuple[Any, ...]]:
        received_us = round(received_at.timestamp() * 1_000_000)
        fresh: list[Record] = []
        ids: set[str] = set()
        waiting: set[asyncio.Future[int]] = set()
        refused: list[dict[str, Any]] = []
        numbers: list[tuple[str, int]] = []
        duplicates = lists = 0
        for index, packet in enumerate(packets):
            data_id, sampled_at = "", None
            try:
                header = peek(packet)
                data_id, sampled_at = header.data_id, header.collected_at
                self._admit(header, sender, received_at)
                if header.form is Form.TAGS:
                    new = await self._tag_lists.take(header, received_at)
                    lists, duplicates = lists + new, duplicates + (not new)
                    continue
                if header.form in (Form.COMPACT, Form.BINARY):
                    await self._tag_lists.check(header, received_at)
            except PacketError as error:
                self._refuse(sender.gateway, error.reason, error.detail, packet, sampled_at)
                refused.append({"index": index, "dataId": data_id, "reason": error.reason, "detail": error.detail})
                continue
            if header.seq is not None:
                numbers.append((header.boot, header.seq))
            # some gateways send one dataId for ever: only together with the collect time does it name a packet
            packet_id = f"{data_id}@{round(header.collected_at.timestamp() * 1_000_000)}"
            if packet_id in ids or self._taken.is_taken(sender.gateway, packet_id):
                duplicates += 1
            elif (first := self._taken.on_the_way(sender.gateway, packet_id)) is not None:
                duplicates += 1
                waiting.add(first)
            else:
                ids.add(packet_id)
                fresh.append(
                    Record(
                        sender.enterprise, sender.gateway, packet_id, received_us, packet, header.form, header.seq,
                        header.boot,
                    )
                )  # fmt: skip
            if index % 500 == 499:
                await asyncio.sleep(0)
        self._count(sender, len(packets), [each["reason"] for each in refused], received_at)
        if fresh:
            waiting.add(self._hand_in(sender, fresh))
        await self._until_durable(waiting)
        self.accepted += len(fresh) + lists
        self.duplicates += duplicates
        answer: dict[str, Any] = {"accepted": len(fresh) + lists, "duplicates": duplicates, "refused": refused}
        if missing := self._numbers.missing(sender.gateway, numbers, self._standing.gaps(sender.gateway), received_us):
            answer["missing"] = missing
        return (200 if fresh or lists or duplicates else 400), answer, ()

    def _count(self, sender: Sender, packets: int, reasons: list[str], at: datetime) -> None:
        pause = self._dead_letters.count(sender.gateway, packets, reasons, at)
        if pause is not None:
            logger.warning(
                "gateway %s: %d of %d packets refused, mostly %s; nothing is taken from it until %s",
                sender.gateway, pause.refused, pause.packets, pause.reason, pause.until,
            )  # fmt: skip
            self._standing.pause(pause)

    def _hand_in(self, sender: Sender, fresh: list[Record]) -> asyncio.Future[int]:
        if not self._log_is_there():
            raise _not_now("日志暂不可用，数据请保留并重发")
        try:
            done = self._bundler.add(partition_of(sender.enterprise), fresh)
        except Overloaded as error:
            raise Answer(429, "接入繁忙，数据请保留并稍后重发", (b"retry-after", b"1")) from error
        self._taken.follow(sender.gateway, [record.packet_id for record in fresh], done)
        return done

    async def _until_durable(self, waiting: set[asyncio.Future[int]]) -> None:
        for done in waiting:
            try:
                # shielded: a sender that hangs up must not cancel the packets of others in the same bundle
                await asyncio.shield(done)
            except LogFull as error:
                raise _not_now("日志已满，数据请保留并稍后重发") from error
            except LogUnavailable as error:
                raise _not_now("日志暂不可用，数据请保留并重发") from error

    async def _authenticate(self, header: bytes) -> Sender:
        sender = self._keys.prove(header)
        if sender is None and header and self._keys.worth_another_look:
            await self._refresh_keys()
            sender = self._keys.prove(header)
        if sender is not None:
            return sender
        if not self._keys.loaded:
            raise _not_now("网关登记尚未读入，请稍后重发")
        name, _ = credentials(header)
        if self._keys.knows(name):
            self._refuse(name, Refusal.BAD_KEY, f"网关 {name} 的密钥不符", b"")
        else:
            self._refuse(STRANGER, Refusal.UNKNOWN_GATEWAY, f"网关 {name[:40] or '（未提供）'} 未登记", b"")
        raise Answer(401, "网关编码或密钥不正确", (b"www-authenticate", b'Basic realm="anlan"'))

    def _admit(self, header: Header, sender: Sender, received_at: Any) -> None:
        # 断点续传: a back-fill may be old, a live report may not
        age = self._live_age
        if header.report_type == "continues":
            age = BACKFILL_AGE
            self._spare(Stage.BACK_FILL, "平台磁盘空间不足，暂不接收补传，请保留并稍后重发")
        admit(
            header,
            enterprise=sender.enterprise,
            gateway=sender.gateway,
            now=received_at,
            future_limit=self._future_limit,
            age_limit=age,
        )

    def _spare(self, what: Stage, detail: str) -> None:
        """Refuse the request whole while the disk is too short for it: the sender keeps it, nothing is half taken."""
        if self._room() >= what:
            raise Answer(503, detail, (b"retry-after", b"30"))

    def _refuse(
        self, gateway: str, reason: Refusal, detail: str, raw: bytes, sampled_at: datetime | None = None
    ) -> None:
        self.refused += 1
        self._refusals.add(gateway, reason, detail, self._clock.now(), raw, sampled_at)

    def figures(self) -> dict[str, float]:
        """What the intake counts, for `anlan.roles.metrics`."""
        return {
            "intake_requests_total": self.requests,
            "intake_packets_accepted_total": self.accepted,
            "intake_packets_duplicate_total": self.duplicates,
            "intake_packets_refused_total": self.refused,
            "intake_envelopes_published_total": self._bundler.published,
            "intake_in_hand_bytes": self.in_hand.bytes,
            "intake_waiting_bytes": self._bundler.waiting,
            "intake_gateways_paused": self._standing.paused(self._clock.now()),
            "intake_given_up": int(self._room()),
        }


def _not_now(detail: str) -> Answer:
    return Answer(503, detail, (b"retry-after", b"2"))


async def _respond(send: Send, status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
