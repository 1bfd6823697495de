"""Declares starts, stops and overhauls of units, and says when they are over.

Each act is one transaction under the lock of the enterprise: the row, what was promised, the journal and the live hint.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from anlan.apps.commitments.models import WorkUnit
from anlan.apps.commitments.services import reconsider
from anlan.apps.delivery.services import hint
from anlan.apps.journal import services as journal
from anlan.apps.org.access import require
from anlan.apps.org.case import NAME, deciding
from anlan.apps.org.stand import STAFF, Stand
from anlan.apps.registry.models import Device, Enterprise
from anlan.apps.unitstates.entitled import may_declare
from anlan.apps.unitstates.models import Change, ChangeState, UnitState
from anlan.refused import Refused
from anlan.rules.calendar import civil_day
from anlan.rules.words import says_something


def declare(
    enterprise: Enterprise, unit: Device | WorkUnit | None, *, change: str, begins_at: datetime | None,
    ends_at: datetime | None = None, reason: str = "", by: Stand, at: datetime,
) -> UnitState:  # fmt: skip
    """Declares that a unit starts, stops or is overhauled from an instant on; ``ends_at``: when that is to be over.

    Raises `Refused` beside the field that is wrong, and while the same change of that unit is declared and not over.
    """
    require(may_declare(by, enterprise), enterprise, by=by)
    wrong = {}
    if unit is None or unit.enterprise_id != enterprise.pk:
        wrong["unit"] = "请选择本企业的装置或车间"
    if change not in Change.values:
        wrong["change"] = "请选择开车、停车或检修"
    if begins_at is None:
        wrong["begins_at"] = "请填写开始时间"
    elif ends_at is not None and ends_at <= begins_at:
        wrong["ends_at"] = "完成须晚于开始"
    if wrong or begins_at is None:
        raise Refused("；".join(wrong.values()), fields=wrong)
    with transaction.atomic():
        journal.hold([f"enterprise:{enterprise.code}"])
        row = UnitState(
            enterprise=enterprise, device=unit if isinstance(unit, Device) else None,
            work_unit=unit if isinstance(unit, WorkUnit) else None, change=change, begins_at=begins_at, ends_at=ends_at,
            reason=reason.strip()[:200], declared_at=at, declared_by=by.actor.name[:NAME], declared_by_id=by.actor.id,
        )  # fmt: skip
        same = UnitState.objects.by_the_machine().filter(
            enterprise=enterprise, device=row.device, work_unit=row.work_unit, change=change, state=ChangeState.DECLARED
        )
        if same.exists():
            raise Refused(f"{row} 已申报，还没有完成或取消", fields={"unit": "已申报同一事项，先登记完成或取消"})
        row.keep("declared", at, by.speaking(*STAFF))
        _held_against(row, at)
        hint("unitstate", enterprise.code, kind="declared")
    return row


def complete(row: UnitState, *, by: Stand, at: datetime, ended_at: datetime | None = None) -> UnitState:
    """Says that it is over, now or since ``ended_at``. Raises `Refused` for what has not begun, or is still to come."""
    require(may_declare(by, row), row, by=by)
    over = ended_at or at
    with deciding(row, ChangeState.DECLARED) as now:
        if not now.begins_at <= over <= at:
            words = "完成时间须在开始之后，且不晚于现在"
            raise Refused(words, fields={"ended_at": words})
        _ended(now, ChangeState.DONE, over, at, by)
    return now


def cancel(row: UnitState, *, by: Stand, at: datetime, note: str) -> UnitState:
    """Calls it off, in words why. Raises `Refused` without them."""
    require(may_declare(by, row), row, by=by)
    if not says_something(note):
        raise Refused("请写明取消的原因", fields={"text": "请写明取消的原因"})
    with deciding(row, ChangeState.DECLARED) as now:
        now.note = note.strip()[:200]
        _ended(now, ChangeState.CANCELLED, at, at, by)
    return now


def _ended(row: UnitState, state: ChangeState, over: datetime, at: datetime, by: Stand) -> None:
    row.state = state
    row.finish(by.actor, over)
    row.keep(str(state), at, by.speaking(*STAFF))
    _held_against(row, at)
    hint("unitstate", row.enterprise.code, kind=str(state))


def _held_against(row: UnitState, at: datetime) -> None:
    """What was promised for the days that it concerns, today at the latest: nothing is promised for later ones."""
    reconsider(row.enterprise, civil_day(row.begins_at), max(civil_day(row.begins_at), civil_day(at)), at)
