"""What one audit asks, in parts: the clocks and what falls due, the way of the data, the disk. Reads only.

Other questions than those the clock asks itself, so that one mistake does not hide behind the other. The same parts
answer ``anlan check``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError
from django.db.models import Count, Max, Min, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from anlan.apps.delivery import selectors as delivery
from anlan.apps.gateways.models import GatewayLink
from anlan.apps.gateways.selectors.log_state import LogState, log_state
from anlan.apps.history import services as history
from anlan.apps.history.selectors.newest import stored_until
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Tick
from anlan.apps.registry.selectors import equipment
from anlan.apps.warnings.selectors.audit import without_next_step
from anlan.config import Config
from anlan.now import AHEAD_AFTER
from anlan.process.disk_space import MIB, Stage, files_left, space, stage_at
from anlan.process.places import announced_run
from anlan.roles.auditor import guards
from anlan.rules.calendar import civil

UNFIRED_AFTER = timedelta(seconds=30)
"""A step that was due so long ago and is still pending is a fault (本地设定)."""
SILENT_AFTER = timedelta(seconds=30)
"""A clock whose last sign of life is older is silent; it signs every 5 s."""
ROLE_SILENT_AFTER = timedelta(seconds=60)
"""The same for engine, historian and delivery, which sign every 5 to 10 s."""
STUCK_AFTER = timedelta(minutes=5)
"""A letter that should have been tried so long ago, or a claim that ran out so long ago, is stuck."""
BEHIND_AFTER = timedelta(minutes=1)
"""The engine may be so far behind the newest record of the log."""
STORED_WITHIN = timedelta(minutes=5)
"""History may be so far behind what the engine has seen: it flushes at least once a minute."""
LOG_FULL = 0.9
DISK_FREE = 0.05
DISK_FREE_BYTES = 512 * 1024**2
FILES_LEFT = 2_000
"""With fewer files to be made the disk is as good as full, whatever room is left on it (本地设定)."""
ASKED_GATEWAYS = 20
SETTLING = {"data_stale", "log_silent", "engine_behind", "history_behind", "partitions_unowned"}
"""What is no fault while everything has only just been started: gateways and readers are still coming back."""
ROLES = {"engine": _lazy("报警引擎"), "historian": _lazy("历史"), "delivery": _lazy("投递")}

GIVEN_UP = {
    Stage.HISTORY: _lazy("历史已暂停"),
    Stage.BACK_FILL: _lazy("历史已暂停，不收补传"),
    Stage.LIVE: _lazy("历史已暂停，不收数据；预警与通知照常"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not well. ``kind`` names it for ever, ``text`` says it in Chinese with its numbers.

    ``detail`` names records, which not everybody who sees the operations page may see: for the log, the command line
    and those who see everything.
    """

    kind: str
    text: str
    detail: str = ""
    since: datetime | None = None
    """When it truly began, where that is known; else it counts from the first audit that found it."""

    @property
    def full(self) -> str:
        """Text and detail."""
        return f"{self.text}：{self.detail}" if self.detail else self.text


@dataclass(slots=True)
class Part:
    """What one part of an audit found, and the figures that it found it by (shown also when all is well)."""

    faults: list[Fault] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    notes: list[Fault] = field(default_factory=list)
    """What operators are told and yet is no fault of the platform's own."""

    def note(self, kind: str, text: str, since: datetime | None = None) -> None:
        self.notes.append(Fault(kind, text, since=since))

    def wrong(self, kind: str, text: str, detail: str = "", since: datetime | None = None) -> None:
        self.faults.append(Fault(kind, text, detail, since))

    @property
    def well(self) -> bool:
        return not self.faults


def clocks(now: datetime, *, starting: bool = False, stopped: Sequence[str] | None = None) -> Part:
    """Signs of life, what is due and unfired, warnings without a next step, letters that nobody tries.

    ``starting``: everything has only just been started, so a sign that is missing or old is no fault yet. ``stopped``:
    the warnings without a next step, where the caller has just asked for them; None asks here.
    """
    part = Part()
    late = obligations.due_and_unfired(now, UNFIRED_AFTER)
    part.figures["unfired"] = len(late)
    if late:
        oldest = min(row.due_at for row in late)
        text = _("到期未办 %(n)s 项，最早的应在 %(at)s 办") % {"n": len(late), "at": _at(oldest)}
        part.wrong("unfired", text, since=oldest)
    stopped = without_next_step() if stopped is None else stopped
    part.figures["stopped"] = len(stopped)
    if stopped:
        part.wrong("stopped", _("%(n)s 个预警没有下一步") % {"n": len(stopped)}, "、".join(stopped[:5]))
    if not starting:
        _signs(part, now)
    _letters(part, now)
    return part


def processes(config: Config) -> Part:
    """Processes of this installation that end again and again, as its supervisor tells; nothing where none runs."""
    part = Part()
    guards.ends(part, announced_run(config))
    return part


def _signs(part: Part, now: datetime) -> None:
    newest: dict[str, datetime] = {}
    for name, at in guards.signs(part, Tick.objects.values_list("name", "at"), now):
        role = name.partition("-")[0]
        newest[role] = max(at, newest.get(role, at))
    clock = newest.get("clock")
    part.figures["clock_signed_at"] = _at(clock)
    if clock is None or now - clock > SILENT_AFTER:
        part.wrong("clock_silent", _("时钟没有动静，最近一次 %(at)s") % {"at": _at(clock)}, since=clock)
    for role, words in ROLES.items():
        last = newest.get(role)
        if last is not None and now - last > ROLE_SILENT_AFTER:
            text = _("%(role)s没有动静，最近一次 %(at)s") % {"role": words, "at": _at(last)}
            part.wrong(f"{role}_silent", text, since=last)


def _letters(part: Part, now: datetime) -> None:
    number, written_at = delivery.stuck(now, STUCK_AFTER)
    part.figures["letters_stuck"] = number
    if number:
        oldest = _at(written_at)
        text = _("%(n)s 条消息无人投递，最早的写于 %(at)s") % {"n": number, "at": oldest}
        part.wrong("letters_stuck", text, since=written_at)
    untold = delivery.reached_nobody(now)
    part.figures["reached_nobody"] = len(untold)
    if untold:
        first = untold[0]
        text = _("%(n)s 份告知没有送到任何人，最早的发于 %(at)s。请看通知渠道页，用电话告知") % {
            "n": len(untold), "at": _at(first.sent_at),
        }  # fmt: skip
        part.wrong("reached_nobody", text, first.title, since=first.sent_at)
    for row in delivery.unwell_channels():
        text = _("通知渠道 %(name)s 自 %(at)s 不通：%(error)s") % {
            "name": row.name, "at": _at(row.unwell_since), "error": row.last_error,
        }  # fmt: skip
        part.note(f"channel_unwell_{row.name}", text, since=row.unwell_since)
    number, since = delivery.given_up(now)
    if number:
        text = _("%(n)s 条消息被渠道反复拒收，已不再发，其余人照常收到；请看通知渠道页的最近错误") % {"n": number}
        part.note("letters_given_up", text, since=since)


def data(now: datetime, fresh_s: float, movement: guards.Movement | None = None) -> Part:
    """The whole way of the data: expected points of the registry, newest receipt, the log and its readers, history.

    ``fresh_s``: seconds without data from any gateway that count as a broken way; 0 leaves freshness untested. What a
    single gateway does not send is an outage of its own (MON-04), not a fault of the platform. ``movement``: where the
    readers stood at the look before; None asks nothing of it.
    """
    part = Part()
    guards.own_faults(part, now)
    guards.receipts(part, now)
    guards.paths(part)
    points = equipment.points_in_use()
    expected = points.aggregate(
        points=Count("pk"), gateways=Count("gateway", distinct=True), since=Min("registered_at")
    )
    part.figures |= {"expected_points": expected["points"], "expected_gateways": expected["gateways"]}
    if not expected["points"]:
        return part
    limit = timedelta(seconds=fresh_s)
    links = GatewayLink.objects.by_the_machine().filter(gateway__in=points.values("gateway"))
    heard = links.aggregate(
        newest=Max("last_received_at", filter=Q(last_received_at__lte=now + AHEAD_AFTER)),
        fresh=Count("pk", filter=Q(last_received_at__range=(now - limit, now + AHEAD_AFTER))),
    )
    newest = heard["newest"]
    part.figures |= {"fresh_gateways": heard["fresh"], "received_at": _at(newest)}
    if fresh_s and now - (newest or expected["since"] or now) > limit:
        part.wrong(
            "data_stale",
            _("应有 %(gateways)s 个网关、%(points)s 个点位的数据，一个也没有；最近一次收到 %(at)s")
            % {"gateways": expected["gateways"], "points": expected["points"], "at": _at(newest)},
            since=newest or expected["since"],
        )
    log = log_state()
    _log(part, log, newest)
    if log is not None:
        guards.positions(part, log)
        if movement is not None:
            movement.look(part, log, now)
    lately = links.filter(last_sampled_at__isnull=False).order_by("-last_received_at")[:ASKED_GATEWAYS]
    _history(part, {row.gateway.code: row.last_sampled_at for row in lately.select_related("gateway")})
    return part


def _log(part: Part, log: LogState | None, received: datetime | None) -> None:
    if log is None:
        part.wrong("log_silent", _("日志服务没有应答"))
        return
    waiting = {reader.name: reader.waiting for reader in log.readers}
    part.figures |= {"log_fullness": round(log.fullness, 4), "waiting": waiting}
    if log.fullness >= LOG_FULL:
        part.wrong("log_full", _("日志已用 %(share)s，满后拒收新报文") % {"share": f"{log.fullness:.0%}"})
    for reader in log.readers:
        if reader.unowned:
            part.wrong(
                "partitions_unowned",
                _("%(role)s：%(n)s 个分区无人负责") % {"role": ROLES[reader.name], "n": reader.unowned},
            )
    behind = waiting.get("engine", 0)
    if behind and log.newest_at is not None and received is not None and log.newest_at - received > BEHIND_AFTER:
        part.wrong(
            "engine_behind",
            _("报警引擎落后：日志最新 %(newest)s，已处理到 %(at)s，未读 %(n)s 批")
            % {"newest": _at(log.newest_at), "at": _at(received), "n": behind},
        )


def _history(part: Part, sampled: dict[str, datetime | None]) -> None:
    """History is behind when of the gateways heard last not one is stored as far as the engine has seen it.

    A database of history that cannot be read is a fault of its own and hides no other.
    """
    try:
        history.newest_number()
        stored = stored_until(sampled)
    except DatabaseError as error:
        words = _("历史库读不出：曲线与导出停用，其余照常，数据留在日志里；请换上备份里的历史库，或把它移到别处重建")
        part.wrong("history_unreadable", words, str(error))
        return
    lags = [at - stored[code] if code in stored else None for code, at in sampled.items() if at is not None]
    if not lags:
        return
    least = min((lag for lag in lags if lag is not None), default=None)
    if least is not None:
        part.figures["history_behind_s"] = max(0, round(least.total_seconds()))
    if least is None or least > STORED_WITHIN:
        newest = max(at for at in sampled.values() if at is not None)
        part.wrong("history_behind", _("历史落后：最近收到数据的网关都没有存到 %(at)s") % {"at": _at(newest)})


def disk(config: Config) -> Part:
    """Room for the data directory, and what has been given up for want of it."""
    part, room = Part(), space(config)
    free, share = room.free, room.free / room.total if room.total else 0.0
    given_up = stage_at(free, int(config.disk_soft_mib * MIB))
    part.figures |= {"free_bytes": free, "free_share": round(share, 4)}
    if given_up or free < DISK_FREE_BYTES or share < DISK_FREE:
        words = GIVEN_UP.get(given_up, "")
        left = f"{free / 1024**2:.0f} MiB" if free < 10 * DISK_FREE_BYTES else f"{free / 1024**3:.1f} GiB"
        text = _("数据目录所在磁盘只剩 %(free)s") % {"free": left}
        kind = f"disk_{given_up.name.lower()}" if given_up else "disk_full"  # each further step is told anew
        part.wrong(kind, f"{text}，{words}" if words else text)
    left_files = files_left(config)
    if left_files is not None and left_files < FILES_LEFT:
        words = _("数据目录所在磁盘只能再建 %(n)s 个文件（inode 将尽），写满后日志与历史都停；请删去无用的小文件")
        part.wrong("disk_files", words % {"n": left_files})
    return part


def _at(moment: datetime | None) -> str:
    return "–" if moment is None else f"{civil(moment):%Y-%m-%d %H:%M:%S}"
