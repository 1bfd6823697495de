"""How an alarm stands towards those who watch it, and what may keep it from being announced (IEC 62682, GB/T 41261).

No notice speaks of any of this: all lengths and roles are local settings. Must never let a shelf or a suppression touch
what is recorded, and must never let a gas alarm be shelved without approval or suppressed at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from anlan.rules.grading import Gas
from anlan.rules.rulebook import RulesInForce
from anlan.rules.words import says_something


class Annunciation(StrEnum):
    """The states of IEC 62682. The value is the standard's letter."""

    NORMAL = "A"
    UNACKNOWLEDGED = "B"
    ACKNOWLEDGED = "C"
    RETURNED_UNACKNOWLEDGED = "D"
    SHELVED = "G"
    SUPPRESSED = "H"
    OUT_OF_SERVICE = "I"

    @property
    def words(self) -> str:
        """In Chinese, as every page says it."""
        return _WORDS[self]


_WORDS = {
    Annunciation.NORMAL: "正常",
    Annunciation.UNACKNOWLEDGED: "未确认",
    Annunciation.ACKNOWLEDGED: "已确认",
    Annunciation.RETURNED_UNACKNOWLEDGED: "恢复未确认",
    Annunciation.SHELVED: "搁置",
    Annunciation.SUPPRESSED: "设计抑制",
    Annunciation.OUT_OF_SERVICE: "停用（已报备）",
}


def annunciation(
    *, active: bool, acknowledged: bool, shelved: bool = False, suppressed: bool = False, out_of_service: bool = False
) -> Annunciation:
    """The one state that is shown. What was withheld while it lasted is shown so afterwards too.

    Out of service goes before suppressed, suppressed before shelved; a shelf counts only while the alarm is there to be
    announced. A process return and an acknowledgement are two events, and only both make the alarm normal again.
    """
    if out_of_service:
        return Annunciation.OUT_OF_SERVICE
    if suppressed:
        return Annunciation.SUPPRESSED
    if not active and acknowledged:
        return Annunciation.NORMAL
    if shelved:
        return Annunciation.SHELVED
    if active:
        return Annunciation.ACKNOWLEDGED if acknowledged else Annunciation.UNACKNOWLEDGED
    return Annunciation.RETURNED_UNACKNOWLEDGED


class Approver(StrEnum):
    """Who approves the shelving of a gas alarm (local setting)."""

    PRINCIPAL = "principal"
    COUNTY = "county"


class Reason(StrEnum):
    """Why a request is refused."""

    NO_REASON = "no_reason"
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    GAS = "gas"
    BACKWARD = "ends_before_it_begins"
    OVER = "already_over"


@dataclass(frozen=True, slots=True)
class QuietingRefused:
    """``detail`` is Chinese and says what would do."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Granted:
    """It may stand; ``approver`` must agree first, None: at once."""

    approver: Approver | None


@dataclass(frozen=True, slots=True)
class ShelvingRule:
    """How long a shelf may last, and who answers for one on a gas alarm."""

    longest: timedelta
    gas_approver: Approver

    @classmethod
    def of(cls, rules: RulesInForce) -> ShelvingRule:
        """As the rules in force have it (本地设定)."""
        return cls(rules.length("shelving_max_hours"), Approver(rules.text("shelving_gas_approver")))


def judge_shelving(gas: Gas, length: timedelta, reason: str, rule: ShelvingRule) -> Granted | QuietingRefused:
    """Whether a person of the enterprise may shelve an alarm for so long. A shelf without an end does not exist."""
    if not says_something(reason):
        return QuietingRefused(Reason.NO_REASON, "请写明搁置的原因")
    if length < timedelta(minutes=1):
        return QuietingRefused(Reason.TOO_SHORT, "搁置时长至少 1 分钟")
    if length > rule.longest:
        hours = rule.longest.total_seconds() / 3600
        return QuietingRefused(Reason.TOO_LONG, f"单次搁置最长 {hours:g} 小时（本地设定），到时可再申请")
    return Granted(None if gas is Gas.NONE else rule.gas_approver)


def judge_suppression(gases: Iterable[Gas], reason: str) -> QuietingRefused | None:
    """Whether alarms of these points may be suppressed by a rule at all; None: they may, once it is approved."""
    if any(gas is not Gas.NONE for gas in gases):
        return QuietingRefused(Reason.GAS, "气体检测点的报警不得设计抑制")
    if not says_something(reason):
        return QuietingRefused(Reason.NO_REASON, "请写明抑制的设计依据")
    return None


def judge_filing(starts_at: datetime, ends_at: datetime, reason: str, now: datetime) -> QuietingRefused | None:
    """Whether a filing has a window that can still do something; None: it has."""
    if not says_something(reason):
        return QuietingRefused(Reason.NO_REASON, "请写明报备的事项")
    if ends_at <= starts_at:
        return QuietingRefused(Reason.BACKWARD, "报备的结束时间须晚于开始时间")
    if ends_at <= now:
        return QuietingRefused(Reason.OVER, "报备的时段已经过去；过去的停用请向监管部门说明")
    return None


def holds(value: float | None, comparison: str, threshold: float) -> bool:
    """Whether the condition of a suppression rule holds; one that cannot be read never does."""
    if value is None or value != value:
        return False
    return value <= threshold if comparison == "at_or_below" else value >= threshold


@dataclass(frozen=True, slots=True)
class ChatterRule:
    """So many changes between alarm and normal within the window are chattering."""

    transitions: int
    window: timedelta

    @classmethod
    def of(cls, rules: RulesInForce) -> ChatterRule:
        """As the rules in force have it (本地设定)."""
        return cls(rules.number("alarm_chatter_transitions"), rules.length("alarm_chatter_seconds"))


def chatters(transitions: Iterable[datetime], rule: ChatterRule) -> bool:
    """Whether somewhere in these instants (in any order) so many lie within one window."""
    ordered = sorted(transitions)
    last = rule.transitions - 1
    return any(later - first <= rule.window for first, later in zip(ordered, ordered[last:], strict=False))


@dataclass(frozen=True, slots=True)
class HoldRule:
    """A point that changes oftener than so within the window keeps its alarm until it has been calm for the window.

    Raising is never held back. What is held back is only the return to normal of an alarm that comes and goes.
    """

    changes: int
    window: timedelta

    @classmethod
    def of(cls, rules: RulesInForce) -> HoldRule:
        """As the rules in force have it (本地设定)."""
        return cls(rules.number("alarm_hold_changes"), rules.length("alarm_hold_seconds"))


class Priority(StrEnum):
    """How urgent an alarm is. No point of the register carries one: it follows from limit and gas (本地设定)."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


OUTER = frozenset({"HH", "LL"})
"""Levels beyond the outer limit."""


def priority_of(worst: str, gas: Gas) -> Priority:
    """高: gas beyond its outer limit; 中: any other outer limit, or gas beyond the inner one; 低: the rest."""
    is_gas = gas is not Gas.NONE
    if worst in OUTER:
        return Priority.HIGH if is_gas else Priority.MEDIUM
    return Priority.MEDIUM if is_gas else Priority.LOW
