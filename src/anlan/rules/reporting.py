"""The enterprise's report after clearing (预警信息处置管理办法 第九条; WRN-08).

A report is complete or refused, on time or late; a late one is still accepted. Must never let a blank text pass as
a text, nor a report in advance of the clearing it reports on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from anlan.rules.level import Level
from anlan.rules.rulebook import READING_LABEL, RulesInForce
from anlan.rules.warning_handling import REPORT_TEXT_LABELS, missing_report_texts, report_due, report_owed


class ReportRefusal(StrEnum):
    """Why a report is not accepted; the words of the drill's `reason`."""

    NOT_CLEARED = "not_cleared"
    NOT_OWED = "not_owed"
    ALREADY_REPORTED = "already_reported"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class ReportAccepted:
    """The report stands. `late_by` is zero when it is on time."""

    late: bool
    late_by: timedelta
    due: datetime


@dataclass(frozen=True, slots=True)
class ReportRefused:
    """The report does not stand; `missing` names the blank texts by field, `detail` is Chinese."""

    reason: ReportRefusal
    detail: str
    missing: tuple[str, ...] = ()


def judge_report(
    texts: Mapping[str, str],
    at: datetime,
    cleared_at: datetime | None,
    highest: Level,
    rules: RulesInForce,
    already_reported: bool = False,
) -> ReportAccepted | ReportRefused:
    """第九条: judge a report made at `at` on a warning cleared at `cleared_at` (None: still open)."""
    if cleared_at is None or at < cleared_at:
        return ReportRefused(ReportRefusal.NOT_CLEARED, "预警尚未消警，消警后再上报处置情况")
    if not report_owed(highest):
        return ReportRefused(ReportRefusal.NOT_OWED, f"本次预警未超过蓝色，无须上报处置情况（{READING_LABEL}）")
    if already_reported:
        return ReportRefused(ReportRefusal.ALREADY_REPORTED, "本次预警的处置情况已上报")
    missing = missing_report_texts(texts, rules)
    if missing:
        names = "、".join(REPORT_TEXT_LABELS[name] for name in missing)
        return ReportRefused(ReportRefusal.INCOMPLETE, f"缺少必填内容：{names}", missing)
    deadline = report_due(cleared_at, rules)
    late = not deadline.met_by(at)
    return ReportAccepted(late, at - deadline.at if late else timedelta(), deadline.at)


def overdue(due: datetime, reported_at: datetime | None, now: datetime) -> bool:
    """Whether the report is an overdue item now: from the due instant on, unless it has come by then.

    A report made at that very instant is on time. One that came late ends the item, so a clock that was down sends
    nothing for it on its return.
    """
    return now >= due and reported_at is None
