"""Suppression by design: a rule as data, proposed by the enterprise, approved by county or park, kept by the engine.

Approved rules are never changed: a change is a new version, and approving it retires the one before (DQ-11). While the
value of the condition point holds, alarms of the target points are recorded as suppressed and neither graded nor
counted. A condition whose value is bad, old or unknown does not hold. Gas points are never among the targets.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from anlan.apps.alarms.entitled import APPROVERS, may_approve_suppression, may_propose, may_retire
from anlan.apps.alarms.models import Alarm, AlarmState, SuppressionRule, SuppressionState
from anlan.apps.alarms.services import out_of_alarm
from anlan.apps.alarms.services.hooks import tell
from anlan.apps.delivery.services import hint
from anlan.apps.journal import services as journal
from anlan.apps.org.access import require
from anlan.apps.org.case import deciding
from anlan.apps.org.stand import Stand
from anlan.apps.registry.models import Enterprise, Point
from anlan.refused import Refused
from anlan.rules.alarms import holds, judge_suppression
from anlan.rules.grading import Gas
from anlan.rules.words import says_something

ValueOf = Callable[[Collection[str]], Mapping[str, float | None]]
"""The newest usable value of points by code; None: known and not usable. Absent: not the asker's point."""


@dataclass(frozen=True, slots=True)
class Design:
    """A rule as it is proposed: alarms of ``side`` at ``points`` are suppressed while the value of ``condition`` stands
    in ``comparison`` to ``threshold`` (in its unit)."""

    name: str
    condition: Point
    comparison: str
    threshold: float
    points: Sequence[Point]
    side: str
    reason: str


def propose(
    enterprise: Enterprise, design: Design, *, by: Stand, at: datetime, follows: SuppressionRule | None = None
) -> SuppressionRule:
    """Propose a rule, or a new version of ``follows``; it counts once it is approved. Raises `Refused`."""
    require(may_propose(by, enterprise), enterprise, by=by)
    condition, points, threshold = design.condition, design.points, design.threshold
    with transaction.atomic():
        if not points or not says_something(design.name):
            raise Refused("请填写名称，并至少选择一个被抑制的测点")
        if any(each.enterprise_id != enterprise.pk for each in (condition, *points)):
            raise Refused("条件与被抑制的测点须在本企业之内")
        if condition in points:
            raise Refused("条件测点不能抑制它自己的报警")
        refused = judge_suppression([Gas(point.gas or Gas.NONE) for point in points], design.reason)
        if refused is not None:
            raise Refused(refused.detail)
        if threshold != threshold or abs(threshold) == float("inf"):
            raise Refused("条件值须为数字")
        journal.hold([f"enterprise:{enterprise.code}"])
        mine = SuppressionRule.objects.by_the_machine().filter(enterprise=enterprise)
        code = follows.code if follows is not None else f"sup-{mine.values('code').distinct().count() + 1}"
        newest = mine.filter(code=code).aggregate(v=Max("version"))["v"] or 0
        row = SuppressionRule.objects.create(
            enterprise=enterprise,
            code=code,
            version=newest + 1,
            name=design.name.strip()[:60],
            condition=condition,
            comparison=design.comparison,
            threshold=threshold,
            side=design.side,
            reason=design.reason.strip()[:200],
            proposed_at=at,
            proposed_by=by.actor.name[:60],
            proposed_by_id=by.actor.id,
        )
        row.points.set(points)
        facts = {
            "condition": condition.code, "comparison": design.comparison, "threshold": threshold, "side": design.side,
            "points": sorted(each.code for each in points),
        }  # fmt: skip
        row.record("proposed", at, by.actor, facts)
        return row


def approve(rule: SuppressionRule, *, by: Stand, at: datetime, note: str = "") -> SuppressionRule:
    """The county or park approves a version: it counts from now on, the version before it no more. Raises `Refused`."""
    require(may_approve_suppression(by, rule), rule, by=by)
    with deciding(rule, SuppressionState.PROPOSED) as row:
        if any(point.gas for point in row.points.all()):
            raise Refused("气体检测点的报警不得设计抑制")
        others = SuppressionRule.objects.by_the_machine().filter(enterprise=row.enterprise_id, code=row.code)
        for earlier in others.filter(state=SuppressionState.APPROVED).select_related("enterprise"):
            _retire(earlier, at)
            earlier.record("replaced", at, by.actor, {"by_version": row.version})
        code = _decided(row, SuppressionState.APPROVED, by, at, note)
        row.keep("approved", at, by.actor, {"agency": code, "version": row.version})
    return row


def refuse(rule: SuppressionRule, *, by: Stand, at: datetime, note: str) -> SuppressionRule:
    """The county or park does not approve, with words why. Raises `Refused`."""
    require(may_approve_suppression(by, rule), rule, by=by)
    if not says_something(note):
        raise Refused("请写明不批准的原因")
    with deciding(rule, SuppressionState.PROPOSED) as row:
        code = _decided(row, SuppressionState.REFUSED, by, at, note)
        row.keep("refused", at, by.actor, {"agency": code, "note": row.note})
    return row


def _decided(row: SuppressionRule, state: SuppressionState, by: Stand, at: datetime, note: str) -> str:
    """Note the decision of a county or park; returns its code."""
    row.state, row.agency = state, by.agency_with(*APPROVERS, near=True)
    row.decide(by.actor, at, note)
    return row.agency.code if row.agency else ""


def retire(rule: SuppressionRule, *, by: Stand, at: datetime) -> SuppressionRule:
    """Take a rule out of use, or a proposal back: what it suppressed and goes on is alive at once. Raises `Refused`."""
    require(may_retire(by, rule), rule, by=by)
    with deciding(rule, SuppressionState.PROPOSED, SuppressionState.APPROVED) as row:
        _retire(row, at)
        row.record("retired", at, by.actor)
    return row


def follow(value_of: ValueOf, at: datetime, guard: Callable[[], None] = lambda: None) -> int:
    """Let approved rules follow the values of their condition points; returns how many conditions changed.

    Called by the engine with the values that it holds. Each change is one transaction with everything that follows
    from it; the next call finds nothing new. ``guard`` is called within each and raises when the values are no longer
    the caller's to judge by. One query when no rule is approved.
    """
    approved = SuppressionRule.objects.by_the_machine().filter(state=SuppressionState.APPROVED).order_by("pk")
    fields = ("pk", "enterprise__code", "condition__code", "comparison", "threshold", "is_holding")
    rows = list(approved.values_list(*fields))
    values = value_of({condition for _, _, condition, *_ in rows}) if rows else {}
    changed = 0
    for pk, enterprise, condition, comparison, threshold, is_holding in rows:
        if condition not in values:
            continue  # another engine's
        now_holds = holds(values[condition], comparison, threshold)
        if now_holds != is_holding:
            _switch(pk, enterprise, now_holds, values[condition], at, guard)
            changed += 1
    return changed


@transaction.atomic
def _switch(
    pk: int, enterprise: str, now_holds: bool, value: float | None, at: datetime, guard: Callable[[], None]
) -> None:
    guard()
    journal.hold([f"enterprise:{enterprise}"])
    row = SuppressionRule.objects.by_the_machine().select_related("enterprise").get(pk=pk)
    if row.state != SuppressionState.APPROVED or row.is_holding == now_holds:
        return
    row.is_holding, row.holds_since = now_holds, at if now_holds else None
    row.save(update_fields=["is_holding", "holds_since"])
    sources = out_of_alarm.suppress(row) if now_holds else _bring_back(row, at)
    row.record("holds" if now_holds else "over", at, after={"value": value})
    hint("alarm", row.enterprise.code, kind="suppression")
    tell(sources, at)


def _retire(row: SuppressionRule, at: datetime) -> None:
    row.state, row.retired_at, row.is_holding, row.holds_since = SuppressionState.RETIRED, at, False, None
    row.save()
    sources = _bring_back(row, at)
    hint("alarm", row.enterprise.code, kind="suppression")
    tell(sources, at)


def _bring_back(row: SuppressionRule, at: datetime) -> set[int]:
    going_on = Alarm.objects.by_the_machine().filter(suppression=row, state=AlarmState.ACTIVE)
    return out_of_alarm.bring_back(going_on.select_related("point"), at)
