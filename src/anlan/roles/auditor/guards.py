"""Standing comparisons of things that must agree and that nobody else compares. Each difference is an operator fault.

The log's last number and every stored position; the paths of agencies and their superiors; our own clock and what it
stamped; a role's movement and its sign of life; and what the roles find by comparing their own memory
(`anlan.process.own_faults`): the engine its open alarms with the database's, and our clock with all gateways at once.
Reads only. Every fault says what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from anlan.apps.gateways.models import GatewayLink
from anlan.apps.gateways.selectors.log_state import LogState
from anlan.apps.obligations.models import Tick
from anlan.apps.org.selectors import misplaced
from anlan.now import AHEAD_AFTER, is_ahead
from anlan.process.own_clock import CHECK_THE_CLOCK
from anlan.process.own_faults import told
from anlan.rules.calendar import civil
from anlan.rules.clock_offset import length

if TYPE_CHECKING:
    from anlan.roles.auditor.audit import Part

STILL_AFTER = timedelta(minutes=3)
"""A role that signs and whose position stands for so long although the log goes on is stuck (本地设定)."""
ROLES = {"engine": _lazy("报警引擎"), "historian": _lazy("历史")}
TOO_MANY_ENDS = 3
"""So many ends by itself in a day are no accident (本地设定)."""


def own_faults(part: Part, now: datetime) -> None:
    """What the roles say of themselves; of several processes that say the same the first since when."""
    found: dict[str, tuple[datetime, str]] = {}
    for detail in Tick.objects.exclude(name__startswith="auditor").values_list("detail", flat=True):
        for fault in told(detail):
            if not fault.is_told(now):
                continue
            since = min(fault.since, now)
            if fault.kind not in found or since < found[fault.kind][0]:
                found[fault.kind] = (since, fault.text)
    for kind, (since, text) in sorted(found.items()):
        part.wrong(kind, text, since=since)


def ends(part: Part, run: Mapping[str, Any]) -> None:
    """Processes that end again and again and are back at once: nothing else would show it.

    ``run``: what the supervisor says (`anlan.process.life.announced_run`).
    """
    for role, found in sorted(run.get("ends", {}).items()):
        if len(found) < TOO_MANY_ENDS:
            continue
        first, (last, code) = datetime.fromisoformat(found[0][0]), found[-1]
        part.note(
            f"ends_{role}",
            _(
                "进程 %(role)s 一天内自行结束 %(n)s 次，最近一次在 %(at)s（退出码 %(code)s，负数是被信号结束），"
                "每次都已重新启动；请看数据目录 log/%(role)s.log 里结束前的几行，并核对内存是否够用"
            )
            % {"role": role, "n": len(found), "at": _at(datetime.fromisoformat(last)), "code": code},
            since=first,
        )


def paths(part: Part) -> None:
    """Agencies that stand elsewhere in the tree than their superior says: others see them, and they see others."""
    if codes := misplaced():
        words = _("%(n)s 个机构的位置与登记的上级不符，能看到什么、谁能看到它因此不对；请运行 anlan repair agencies")
        part.wrong("agencies_misplaced", words % {"n": len(codes)}, "、".join(codes[:5]))


def receipts(part: Part, now: datetime) -> None:
    """Links last heard in the future: our own clock stood ahead when it stamped them, or stands behind now."""
    ahead = GatewayLink.objects.by_the_machine().filter(last_received_at__gt=now + AHEAD_AFTER)
    latest = ahead.order_by("-last_received_at").values_list("last_received_at", flat=True).first()
    if latest is not None:
        by = length(round((latest - now).total_seconds()))
        part.wrong(
            "receipts_ahead",
            _("%(n)s 个网关的最近收到时刻在未来，最远 %(at)s，比现在晚 %(by)s：本机时钟被拨快过，或现在走慢了。%(do)s")
            % {"n": ahead.count(), "at": _at(latest), "by": by, "do": CHECK_THE_CLOCK},
        )


def signs(part: Part, ticks: Iterable[tuple[str, datetime]], now: datetime) -> list[tuple[str, datetime]]:
    """Signs of life from the future are a fault and prove no life; returns the others."""
    found = list(ticks)
    ahead = sorted(name for name, at in found if is_ahead(at, now) and name.partition("-")[0] != "auditor")
    if ahead:
        part.wrong(
            "signs_ahead",
            _("%(names)s 的签到时刻在未来：本机时钟被拨快过，或现在走慢了。%(do)s")
            % {"names": "、".join(ahead[:5]), "do": CHECK_THE_CLOCK},
        )
    return [(name, at) for name, at in found if not is_ahead(at, now)]


def positions(part: Part, log: LogState) -> None:
    """A stored position beyond the log's last number: what comes until the log has caught up would be taken for read.

    The roles find it at once and read again; it lasts only where the role concerned does not run.
    """
    for reader in log.readers:
        if reader.furthest > log.last_seq and reader.name in ROLES:
            part.wrong(
                f"{reader.name}_ahead_of_log",
                _(
                    "%(role)s记下已读到日志第 %(at)s 条，日志却只到第 %(last)s 条：日志是较旧的副本，或尾部被截断。"
                    "请保持服务运行，%(role)s会自行从日志开头重读；其间网关已应答而日志里没有的数据无法找回"
                )
                % {"role": ROLES[reader.name], "at": reader.furthest, "last": log.last_seq},
            )


class Movement:
    """Whether what signs also moves: remembers of each reader of the log where it stood, and since when."""

    def __init__(self) -> None:
        self._stood: dict[str, tuple[int, datetime]] = {}

    def remember(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        self._stood = {name: (seq, datetime.fromisoformat(since)) for name, (seq, since) in state.items()}

    def state(self) -> dict[str, Any]:
        return {name: [seq, since.isoformat()] for name, (seq, since) in self._stood.items()}

    def look(self, part: Part, log: LogState, now: datetime) -> None:
        """Compare with the look before."""
        for reader in log.readers:
            before = self._stood.get(reader.name)
            if before is None or before[0] != reader.furthest or reader.furthest >= log.last_seq or before[1] > now:
                before = self._stood[reader.name] = (reader.furthest, now)
            if now - before[1] > STILL_AFTER and reader.name in ROLES:
                part.wrong(
                    f"{reader.name}_still",
                    _(
                        "%(role)s停在日志第 %(at)s 条不动，日志已到第 %(last)s 条。"
                        "签到不能说明它在干活：请查看它的运行日志，重启服务"
                    )
                    % {"role": ROLES[reader.name], "at": reader.furthest, "last": log.last_seq},
                    since=before[1],
                )


def _at(moment: datetime) -> str:
    return f"{civil(moment):%Y-%m-%d %H:%M:%S}"
