"""Workshops and teams, and what they assess every day (各级研判: 班组 → 车间 → 企业, COM-04)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from anlan.apps.commitments.entitled import may_assess, may_keep_units
from anlan.apps.commitments.models import RISKS, Assessment, WorkUnit, WorkUnitLevel
from anlan.apps.delivery.services import hint
from anlan.apps.journal import services as journal
from anlan.apps.org.access import require
from anlan.apps.org.actor import signed
from anlan.apps.org.stand import STAFF, Stand
from anlan.apps.registry.models import Enterprise
from anlan.refused import Refused
from anlan.rules.calendar import civil_day
from anlan.rules.words import says_something


def add_unit(
    enterprise: Enterprise, name: str, *, by: Stand, at: datetime, workshop: WorkUnit | None = None
) -> WorkUnit:  # fmt: skip
    """Adds a workshop, or a team of a ``workshop``. Raises `Refused` for a name that is empty or taken there."""
    require(may_keep_units(by), enterprise, by=by)
    tidy = name.strip()[:60]
    if not tidy:
        raise Refused("请填写名称", fields={"name": "请填写名称"})
    if workshop is not None and (workshop.enterprise_id != enterprise.pk or workshop.level != WorkUnitLevel.WORKSHOP):
        raise Refused("班组只能加在本企业的车间下", fields={"workshop": "请选择本企业的车间"})
    level = WorkUnitLevel.WORKSHOP if workshop is None else WorkUnitLevel.TEAM
    with transaction.atomic():
        journal.hold([f"enterprise:{enterprise.code}"])
        same = WorkUnit.objects.by_the_machine().filter(enterprise=enterprise, parent=workshop, name=tidy)
        if same.filter(is_active=True).exists():
            raise Refused(f"已经有“{tidy}”", fields={"name": f"已经有“{tidy}”"})
        row = same.first() or WorkUnit(enterprise=enterprise, parent=workshop, level=level, name=tidy)
        row.is_active = True
        row.save()
        _record(row, "work_unit_added", by, at)
    return row


def end_unit(unit: WorkUnit, *, by: Stand, at: datetime) -> bool:
    """Takes a workshop with its teams, or a team, out of use; what they handed in stays. Again: nothing, False."""
    require(may_keep_units(by), unit, by=by)
    with transaction.atomic():
        journal.hold([f"enterprise:{unit.enterprise.code}"])
        mine = WorkUnit.objects.by_the_machine().filter(pk=unit.pk) | WorkUnit.objects.by_the_machine().filter(
            parent=unit
        )
        if not mine.filter(is_active=True).update(is_active=False):
            return False
        _record(unit, "work_unit_ended", by, at)
    return True


def assess(
    unit: WorkUnit, *, risk: str, risks: str, measures: str, by: Stand, at: datetime
) -> Assessment:  # fmt: skip
    """Hands in what a team or a workshop assessed today, signed. Handed in again on the day, the later one counts.

    Raises `Refused` for an answer that is empty (无 is an answer) or a level that there is not, and for a unit that is
    out of use.
    """
    require(may_assess(by, unit), unit, by=by)
    wrong = {
        key: words
        for key, value, words in (
            ("risks", risks, "请填写风险，没有填“无”"),
            ("measures", measures, "请填写措施，没有填“无”"),
        )
        if not says_something(value) and value.strip() != "无"
    }
    if risk not in dict(RISKS):
        wrong["risk"] = "请选择风险等级"
    if wrong:
        raise Refused("；".join(wrong.values()), fields=wrong)
    if not unit.is_active:
        raise Refused(f"{unit.name} 已停用，未保存")
    with transaction.atomic():
        journal.hold([f"enterprise:{unit.enterprise.code}"])
        row = Assessment.objects.create(
            unit_of_work=unit, enterprise=unit.enterprise, day=civil_day(at), risk=risk, risks=risks.strip()[:1000],
            measures=measures.strip()[:1000], at=at, **signed(by.speaking(*STAFF)),
        )  # fmt: skip
        after = {"unit": unit.name, "level": unit.level, "risk": risk, "risks": row.risks, "measures": row.measures}
        _journal(unit, "assessed", by, at, after)
        hint("commitment", unit.enterprise.code, kind="assessed")
    return row


def _record(row: WorkUnit, act: str, by: Stand, at: datetime) -> None:
    _journal(row, act, by, at, {"name": row.name, "level": row.level, "workshop": row.parent_id})


def _journal(row: WorkUnit, act: str, by: Stand, at: datetime, after: Mapping[str, object]) -> None:
    chain = f"enterprise:{row.enterprise.code}"
    journal.record(chain, act, at=at, actor=by.actor.id, subject=f"work_unit:{row.pk}", after=after)
