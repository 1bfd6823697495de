"""A reader's log held against what was read from it: the words for a log that went back, and for one that gave up what
nobody had read. Engine and historian say the same; what they do about it is `anlan.database.leases.Leases.take_up`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _

from anlan.process.own_faults import OwnFaults
from anlan.stream.log import Log, LogCut, LogState, Reader

CUT, MISSED = "log_cut", "log_missed"


async def compare(log: Log, reader: Reader, identity: str) -> None:
    """Whether the log still is the one that ``reader`` reads, with what it has handed out.

    Raises LogCut when it is not, and LogUnavailable.
    """
    state = await log.state()
    if state.identity != identity:
        raise LogCut(f"the log {identity} is now {state.identity}")
    if reader.handed > state.last_seq:
        raise LogCut(f"read to number {reader.handed}, the log ends with {state.last_seq}")


def told(
    own: OwnFaults,
    role: str,
    words: str,
    at: datetime,
    state: LogState,
    lost: Mapping[int, int],
    missed: tuple[int, int] | None,
) -> None:
    """Tell operators what was found when partitions were taken up, for a day.

    ``role``, ``words``: the role's name and what is called so in Chinese. ``lost``: partitions whose newest number read
    is not in the log, with that number. ``missed``: first and last number that were given up unread.
    """
    if lost:
        own.happened(
            f"{role}_{CUT}",
            _(
                "%(role)s已读到日志第 %(read)s 条，而日志里没有这一条（现在是第 %(first)s—%(last)s 条）："
                "日志是较旧的副本，或尾部被截断。已从日志第 %(first)s 条起重读，重复的不会算两遍；"
                "缺失的那一段若%(role)s已处理则不受影响，"
                "未处理的已无法找回，请让网关按缺失时段补传，并查明日志为何倒退（磁盘、快照、断电）"
            )
            % {"role": words, "read": max(lost.values()), "first": state.first_seq, "last": state.last_seq},
            at,
        )
    if missed:
        own.happened(
            f"{role}_{MISSED}",
            _(
                "日志第 %(first)s—%(last)s 条在%(role)s读到之前已不在日志里："
                "%(role)s的数据库是较旧的备份，或日志被清过。这一段%(effect)s，无法自动找回；请让网关补传这段时间的数据，并查明原因"
            )
            % {
                "role": words, "first": missed[0], "last": missed[1],
                "effect": _("没有判过报警") if role == "engine" else _("没有存入历史"),
            },
            at,
        )  # fmt: skip
