"""The ASGI application of the intake: ``POST /api/v1/packets`` and ``/api/v1/cameras/state``, ``GET /healthz``,
``GET /metrics``.

The answer to a request is given only when the log has every packet that it reports as accepted (contract:
`docs/reference/roles.md`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from anlan.now import Clock
from anlan.process import bodies, metrics
from anlan.process.disk_space import Stage
from anlan.roles.intake import cameras
from anlan.roles.intake.answers import JSON, Answer, Headers, Send, Tell, Told, Turn, encode, go_on, not_now, respond
from anlan.roles.intake.backlog import backlog_of
from anlan.roles.intake.bundler import Bundler, Overloaded
from anlan.roles.intake.dead_letters import DeadLetters
from anlan.roles.intake.forms import Read, cut, decipher
from anlan.roles.intake.keys import MAX_PROOF, KeyRing, Sender, credentials
from anlan.roles.intake.numbers import Numbers
from anlan.roles.intake.own_time import OwnTime
from anlan.roles.intake.refusals import STRANGER, Refusals
from anlan.roles.intake.replay import Taken
from anlan.roles.intake.standing import Standing
from anlan.roles.intake.tag_lists import RecordsUnavailable, TagLists
from anlan.roles.intake.unpack import unpack
from anlan.stream.envelope import Record, fits_as_sent
from anlan.stream.log import LogFull
from anlan.stream.packet import CHINA, Form, Header, PacketError, Refusal, admit
from anlan.stream.partition import partition_of

logger = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
PATH = "/api/v1/packets"
BACKFILL_AGE = timedelta(days=366)
_FAULT, _SAID = "a request could not be dealt with", "服务器内部错误，数据请保留并重发"
_LEAVES = "接入正在停止，数据请保留并稍后重发"
MAX_AT_ONCE = 32
"""Requests of one gateway at a time: none may hold the room of all."""


@dataclass(frozen=True, slots=True)
class IntakeParts:
    """What an intake works with, made by `command`."""

    keys: KeyRing
    bundler: Bundler
    taken: Taken
    refusals: Refusals
    standing: Standing
    tag_lists: TagLists
    dead_letters: DeadLetters
    cameras: cameras.Keep


class Application:
    """The intake as an ASGI application; ``refresh_keys`` reads the keys anew in a thread."""

    def __init__(
        self,
        parts: IntakeParts,
        clock: Clock,
        *,
        refresh_keys: Callable[[], Awaitable[None]],
        log_is_there: Callable[[], bool],
        future_limit: timedelta,
        live_age: timedelta,
        room: Callable[[], Stage] = lambda: Stage.PLENTY,
    ) -> None:
        self._keys, self._bundler, self._taken, self._clock = parts.keys, parts.bundler, parts.taken, clock
        self._refusals, self._standing = parts.refusals, parts.standing
        self._refresh_keys, self._log_is_there = refresh_keys, log_is_there
        self._future_limit, self._live_age, self._room = future_limit, live_age, room
        self._tag_lists, self._dead_letters = parts.tag_lists, parts.dead_letters
        self._keep_cameras = parts.cameras
        self._numbers = Numbers()
        self.own_time = OwnTime(clock)
        self.elsewhere: Collection[int] = ()
        """Partitions whose engines read another log: what is taken in here of them would be read by nobody."""
        self._at_once: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.in_hand = bodies.InHand()
        self.accepted = self.duplicates = self.refused = self.requests = 0

    async def __call__(self, scope: Scope, receive: bodies.Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path, method = scope["path"], scope["method"]
        if path == PATH and method == "POST":
            told: asyncio.Future[Told] = asyncio.get_running_loop().create_future()

            def tell(found: Told) -> None:
                if not told.done():
                    told.set_result(found)

            try:
                await self._take(scope["headers"], receive, tell)
                status, body, headers = await told
            except asyncio.CancelledError:  # the server leaves and waits no longer; of itself it would say 500
                status, body, headers = Answer(503, _LEAVES, (b"retry-after", b"2"), (b"connection", b"close")).told()
        elif path == cameras.PATH and method == "POST":
            status, body, headers = await self._cameras(dict(scope["headers"]), receive)
        else:
            self.requests += 1
            status, body, headers = self._aside(path, method)
        if status:
            await respond(send, status, body, headers)

    async def _cameras(self, headers: Mapping[bytes, bytes], receive: bodies.Receive) -> Told:
        """States of cameras; answered when they are on record."""
        self.requests += 1
        with self.in_hand.hold() as more:
            try:
                proof = headers.get(b"authorization", b"")
                sender = self._keys.prove(proof) or await self._look_again(proof)
                now = self._clock.now()
                self._may_send(sender, now)
                length = headers.get(b"content-length", b"")
                declared = int(length) if length.isdigit() else None
                body = await bodies.read(receive, declared, limit=cameras.LARGEST, count=more)
                return await cameras.take(sender.gateway, body, now, self._keep_cameras)
            except Answer as early:
                return early.told()
            except bodies.BodyError as error:
                return Answer(error.status, error.detail).told()
            except bodies.SenderGone:
                return 0, b"", ()
            except Exception:
                logger.exception(_FAULT)
                return Answer(500, _SAID, (b"connection", b"close")).told()

    def whole(self, headers: Headers, body: bytes, tell: Tell) -> None:
        """A request for packets whose whole body is there: what `__call__` does, begun at once.

        ``tell`` gets the answer exactly once, now or later; nearly always no task is needed to wait for it.
        """
        taking = self._take(headers, body, tell)
        try:
            first = taking.send(None)
        except StopIteration:
            return
        task = asyncio.get_running_loop().create_task(go_on(taking, first))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _aside(self, path: str, method: str) -> Told:
        """What is asked besides taking packets."""
        if path == "/healthz" and method == "GET":
            there = self._log_is_there() and self._keys.loaded
            return 200 if there else 503, encode({"log": there}), (JSON,)
        if path == "/metrics" and method == "GET":
            return 200, metrics.text("intake", self.figures()).encode(), ((b"content-type", metrics.TYPE.encode()),)
        if path == PATH:
            return Answer(405, "只接受 POST", (b"allow", b"POST")).told()
        if path == cameras.PATH:
            return Answer(405, "只接受 POST", (b"allow", b"POST")).told()
        return Answer(404, f"没有 {path[:80]}；数据请发往 {PATH}").told()

    async def _take(self, headers: Headers, body: bytes | bodies.Receive, tell: Tell) -> None:
        """One request from its headers to its answer. Waits only where something has to be asked or is not there yet;
        the answer follows the log's without anybody waiting here."""
        self.requests += 1
        turn = Turn(self.in_hand.hold())
        try:
            await self._accept(turn, dict(headers), body)
            left = len(turn.waiting)

            def durable(done: asyncio.Future[int]) -> None:
                nonlocal left
                left -= 1
                if not left:
                    self._finish(turn, tell)

            for done in turn.waiting:
                done.add_done_callback(durable)
            if not left:
                self._finish(turn, tell)
        except Answer as early:
            self._end(turn)
            tell(early.told())
        except bodies.SenderGone:
            self._end(turn)
            tell((0, b"", ()))
        except asyncio.CancelledError:
            self._end(turn)
            raise
        except Exception:
            logger.exception(_FAULT)
            self._end(turn)
            tell(Answer(500, _SAID, (b"connection", b"close")).told())

    def _finish(self, turn: Turn, tell: Tell) -> None:
        """The log has answered for every packet of a request."""
        self._end(turn)
        try:
            told = self._outcome(turn)
        except Answer as early:
            told = early.told()
        except Exception:
            # called by the loop, where nobody else would answer
            logger.exception(_FAULT)
            told = Answer(500, _SAID, (b"connection", b"close")).told()
        tell(told)

    def _end(self, turn: Turn) -> None:
        turn.hold.give_back()
        if turn.sender is None:
            return
        gateway, turn.sender = turn.sender.gateway, None
        self._at_once[gateway] -= 1
        if not self._at_once[gateway]:
            del self._at_once[gateway]

    def _may_send(self, sender: Sender, at: datetime) -> None:
        until = self._standing.paused_until(sender.gateway, at)
        if until is not None and until - at <= self._dead_letters.longest:  # else our clock stood ahead when it began
            left = str(max(1, round((until - at).total_seconds()))).encode()
            raise Answer(
                429, f"该网关送来的多为废报文，暂停接收至 {until.astimezone(CHINA):%H:%M:%S}；数据请保留，改正后重发",
                (b"retry-after", left), reason=Refusal.SUSPENDED, until=until.isoformat(),
            )  # fmt: skip
        if self._at_once.get(sender.gateway, 0) >= MAX_AT_ONCE:
            raise Answer(429, f"同一网关同时最多 {MAX_AT_ONCE} 个请求，数据请保留并稍后重发", (b"retry-after", b"1"))

    async def _accept(self, turn: Turn, headers: Mapping[bytes, bytes], body: bytes | bodies.Receive) -> None:
        """Check a request and hand in its packets; ``turn.waiting`` are the log's answers still to come."""
        proof = headers.get(b"authorization", b"")
        sender = self._keys.prove(proof) or await self._look_again(proof)
        turn.at = self._clock.now()
        turn.at_us = round(turn.at.timestamp() * 1_000_000)
        self._may_send(sender, turn.at)
        turn.gateway, turn.sender = sender.gateway, sender
        self._at_once[sender.gateway] = self._at_once.get(sender.gateway, 0) + 1
        try:
            length = headers.get(b"content-length", b"")
            declared = int(length) if length.isdigit() else None
            if isinstance(body, bytes):
                sent = bodies.there(body, turn.hold.more)
            else:
                sent = await bodies.read(body, declared, count=turn.hold.more)
            raw, one_frame = unpack(sent, headers.get(b"content-encoding", b"").decode("latin-1").strip().lower())
        except bodies.BodyError as error:
            if error.status == 429:
                # the rest of the body is still on its way
                raise Answer(429, error.detail, (b"retry-after", b"1"), (b"connection", b"close")) from error
            reason = Refusal.TOO_BIG if error.status == 413 else Refusal.MALFORMED
            self._refuse(sender.gateway, reason, error.detail, b"")
            self._count(sender, 1, [reason], turn.at)
            raise Answer(error.status, error.detail) from error
        if (word := backlog_of(sender.gateway, headers)) is not None:
            self._standing.tell(word, turn.at)
        self._spare(Stage.LIVE, "平台磁盘空间不足，暂不接收数据，请保留并稍后重发")
        try:
            plain = decipher(raw, self._standing.cipher(sender.enterprise))
            packets, read = cut(plain, headers.get(b"content-type", b"").decode("latin-1"))
        except PacketError as error:
            self._refuse(sender.gateway, error.reason, error.detail, raw)
            self._count(sender, 1, [error.reason], turn.at)
            turn.refused = [{"index": 0, "dataId": "", "reason": error.reason, "detail": error.detail}]
            return
        # of a body that is one packet and nothing else the log keeps what was sent
        as_is = one_frame and plain is raw and len(packets[0]) == len(raw) and fits_as_sent(sent, raw)
        await self._accept_packets(turn, sender, packets, read, sent if as_is else b"")

    async def _accept_packets(
        self, turn: Turn, sender: Sender, packets: list[bytes], read: Read, as_sent: bytes
    ) -> None:
        fresh: list[Record] = []
        ids: set[str] = set()
        for index, packet in enumerate(packets):
            data_id, sampled_at = "", None
            try:
                header, kept = read(packet)
                data_id, sampled_at = header.data_id, header.collected_at
                self._admit(header, sender, turn.at)
                if turn.at - self._future_limit <= header.collected_at:
                    self.own_time.agrees(sender.gateway)
                form = header.form
                if form is Form.TAGS:
                    new = await self._tag_lists.take(header, turn.at)
                    turn.accepted, turn.duplicates = turn.accepted + new, turn.duplicates + (not new)
                    continue
                if form is Form.COMPACT or form is Form.BINARY:
                    await self._tag_lists.check(header, turn.at)
            except PacketError as error:
                if error.reason in (Refusal.FUTURE_DATED, Refusal.TOO_OLD):
                    self._believe_ourselves(sender.gateway, ahead=error.reason is Refusal.FUTURE_DATED)
                self._refuse(sender.gateway, error.reason, error.detail, packet, sampled_at)
                turn.refused.append({"index": index, "dataId": data_id, "reason": error.reason, "detail": error.detail})
                continue
            except RecordsUnavailable as error:
                raise not_now("点位清单暂时无法核对，数据请保留并重发") from error
            if header.seq is not None:
                turn.numbers.append((header.boot, header.seq))
            # some gateways send one dataId for ever, or for all parts of a scan: only together with collect time and
            # content does it name a packet, for us and for the log, whose ids are made of this one
            packet_id = f"{data_id}@{round(header.collected_at.timestamp() * 1_000_000)}#{header.digest}"
            if packet_id in ids or self._taken.is_taken(sender.gateway, packet_id):
                turn.duplicates += 1
            elif (first := self._taken.on_the_way(sender.gateway, packet_id)) is not None:
                turn.duplicates += 1
                turn.waiting.add(first)
            else:
                ids.add(packet_id)
                whole = bool(as_sent) and kept is packet
                fresh.append(
                    Record(
                        sender.enterprise, sender.gateway, packet_id, turn.at_us, as_sent if whole else kept, form,
                        header.seq, header.boot, whole,
                    )
                )  # fmt: skip
            if index % 500 == 499:
                await asyncio.sleep(0)
        self._count(sender, len(packets), [each["reason"] for each in turn.refused], turn.at)
        if fresh:
            turn.waiting.add(self._hand_in(sender, fresh))
            turn.accepted += len(fresh)

    def _outcome(self, turn: Turn) -> Told:
        """What became of a request's packets. Raises `Answer` when the log did not take them."""
        for done in turn.waiting:
            error = None if done.cancelled() else done.exception()
            if isinstance(error, LogFull):
                raise not_now("日志已满，数据请保留并稍后重发") from error
            if error is not None or done.cancelled():
                raise not_now("日志暂不可用，数据请保留并重发") from error
        self.accepted += turn.accepted
        self.duplicates += turn.duplicates
        answer: dict[str, Any] = {
            "accepted": turn.accepted, "duplicates": turn.duplicates, "refused": turn.refused
        }  # fmt: skip
        gaps = self._standing.gaps(turn.gateway)
        if missing := self._numbers.missing(turn.gateway, turn.numbers, gaps, turn.at_us):
            answer["missing"] = missing
        return 200 if turn.accepted or turn.duplicates else 400, encode(answer), (JSON,)

    def _count(self, sender: Sender, packets: int, reasons: list[str], at: datetime) -> None:
        pause = self._dead_letters.count(sender.gateway, packets, reasons, at)
        if pause is not None:
            logger.warning(
                "gateway %s: %d of %d packets refused, mostly %s; nothing is taken from it until %s",
                sender.gateway, pause.refused, pause.packets, pause.reason, pause.until,
            )  # fmt: skip
            self._standing.pause(pause)

    def _hand_in(self, sender: Sender, fresh: list[Record]) -> asyncio.Future[int]:
        partition = partition_of(sender.enterprise)
        if not self._log_is_there():
            raise not_now("日志暂不可用，数据请保留并重发")
        if partition in self.elsewhere:
            raise Answer(503, "平台的引擎没有读这台主机的日志，数据请保留并稍后重发", (b"retry-after", b"30"))
        try:
            done = self._bundler.add(partition, fresh)
        except Overloaded as error:
            raise Answer(429, "接入繁忙，数据请保留并稍后重发", (b"retry-after", b"1")) from error
        self._taken.follow(sender.gateway, [record.packet_id for record in fresh], done)
        return done

    async def _look_again(self, header: bytes) -> Sender:
        """A proof that does not hold by the keys in memory: they may have changed. Raises `Answer`."""
        if header and self._keys.worth_another_look:
            await self._refresh_keys()
            if (sender := self._keys.prove(header)) is not None:
                return sender
        if not self._keys.loaded:
            raise not_now("网关登记尚未读入，请稍后重发")
        name, _ = credentials(header[:MAX_PROOF])
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

    def _believe_ourselves(self, gateway: str, *, ahead: bool) -> None:
        """Refuse the request whole, to be sent again, where it may be our own clock that is wrong."""
        self.own_time.differs(gateway, ahead=ahead)
        if self.own_time.doubt() or not self._log_is_there():  # what the log knows of the time is not asked yet
            raise Answer(503, "平台时钟待核对，数据请保留并稍后重发", (b"retry-after", b"30"))

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
        """What the intake counts, for `anlan.process.metrics`."""
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
