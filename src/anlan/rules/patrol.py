"""分级巡查抽查管理办法（试行）: what its articles demand of quotas and of assigned problems, in their order.

Numbers come from the rules in force, never from here. Must never present a local default as a number of the law:
every limit says where it comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from anlan.rules import calendar
from anlan.rules.rulebook import RulesInForce


class Rectification(StrEnum):
    """How an assigned problem is to be put right (第十四条)."""

    IMMEDIATE = "immediate"
    WITH_MEASURES = "with_measures"


RECTIFICATION_LABELS = {Rectification.IMMEDIATE: "立即整改", Rectification.WITH_MEASURES: "落实管控措施，限期整改"}
_LIMIT_KEYS = {
    Rectification.IMMEDIATE: "finding_limit_immediate_hours",
    Rectification.WITH_MEASURES: "finding_limit_measures_days",
}


def spot_check_quota(unit: str, enterprises: int, rules: RulesInForce) -> int:
    """第十一条: how many enterprises a unit (ministry, province, city, county, park) checks on the day of ``rules``.

    Where there are fewer enterprises than the quota, all of them. An unknown unit raises `RulebookError`.
    """
    return min(rules.number(f"spot_check.{unit}.daily"), enterprises)


@dataclass(frozen=True, slots=True)
class RectifyLimit:
    """Until when a problem is put right (the very instant still counts), and where the limit comes from.

    ``source`` is 本地设定 (with the locality's document, if any), or empty when the assigning unit set the limit.
    """

    deadline: calendar.Deadline
    source: str

    @property
    def is_local(self) -> bool:
        return bool(self.source)


def rectify_limit(
    assigned_at: datetime, kind: Rectification, rules: RulesInForce, explicit: datetime | None = None
) -> RectifyLimit:
    """第十四条: the limit of an assigned problem.

    The article says 立即整改 and 限期整改 without a number (GEN-10), so a limit that nobody set is the local default:
    hours for the first, days of 24 hours for the second, from the instant of assignment.
    """
    if explicit is not None:
        return RectifyLimit(calendar.Deadline(calendar.civil(explicit), inclusive=True), "")
    entry = rules.entry(_LIMIT_KEYS[kind])
    return RectifyLimit(calendar.within(assigned_at, rules.length(entry.key)), entry.source)
