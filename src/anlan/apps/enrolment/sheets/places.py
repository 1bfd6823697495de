"""Sheets of places: regions, agencies, parks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from anlan.apps.enrolment.desk import OPERATOR_ONLY, OUT_OF_SCOPE, Desk, Faults
from anlan.apps.enrolment.sheets.base import Records, Values
from anlan.apps.org import selectors as org
from anlan.apps.org.models import Agency, AgencyKind, AgencyLevel, NationalRole, Region
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Park
from anlan.apps.registry.selectors import register
from anlan.schema import Field, labelled


class Regions(Records):
    title = "区划"
    note = "只由系统管理员登记。先填上级，再填下级。"
    model = Region
    columns = (
        Field("code", "行政区划代码", "GB/T 2260 六位；乡镇街道九位", "code", required=True),
        Field("name", "名称", "区划名称", required=True),
        Field("parent", "上级代码", "上级区划的代码，最上级不填", "code", ref="区划"),
    )

    def may(self, values: Values, record: Any, desk: Desk) -> None:
        if not desk.is_operator:
            raise Faults(("", OPERATOR_ONLY))

    def check(self, record: Any, values: Values, desk: Desk) -> None:
        if not re.fullmatch("[0-9]{6}([0-9]{3})?", values["code"]):
            raise Faults(("code", "须为六位或九位数字"))
        if record.parent is not None and record.parent.code == record.code:
            raise Faults(("parent", "上级不能是自己"))

    def everything(self, scope: Scope) -> Iterable[Any]:
        return org.regions() if scope.everything else []


SUPERIORS = ("level", "kind", "region")
"""What an agency's own administrator may not change about the agency itself: it decides who hears and tracks what."""
BY_SUPERIOR = "只能由上级机构的管理员修改"
_RANKS = {level: rank for rank, level in enumerate(AgencyLevel.values)}


def _stands_below(values: Values, parent: Agency) -> bool:
    """Whether the level of a row may stand under this superior: a lower one, or the same for who is no authority."""
    own, above = _RANKS.get(values["level"], -1), _RANKS[parent.level]
    is_authority = values.get("kind", AgencyKind.EMERGENCY) in (AgencyKind.EMERGENCY, AgencyKind.PARK)
    return own > above or (own == above and not is_authority)


class Agencies(Records):
    title = "机构"
    note = (
        "监管单位。管理员登记本单位以下的机构；本单位自己的层级、性质、席位、区划由上级管理员改。"
        "改上级等于改管辖，国家级席位一家一个，都只由系统管理员做。"
    )
    model = Agency
    columns = (
        Field("code", "机构代号", "字母、数字、短横线，全系统唯一，登记后不改", "code", required=True),
        Field("name", "名称", "机构全称", required=True),
        Field("level", "层级", "", "choice", required=True, choices=labelled(AgencyLevel.choices)),
        Field(
            "kind", "性质", "不填为应急管理部门", "choice", choices=labelled(AgencyKind.choices), default="emergency"
        ),
        Field("role", "国家级席位", "只有部级席位填", "choice", choices=labelled(NationalRole.choices)),
        Field("parent", "上级代号", "上级机构，最上级不填", "code", ref="机构"),
        Field("region", "行政区划代码", "所在区划", "code", ref="区划"),
        Field("duty_phone", "值班电话", "一个号码；可以是短号，分机写“转8001”", "desk"),
    )

    def may(self, values: Values, record: Any, desk: Desk) -> None:
        if desk.is_operator:
            return
        parent = desk.find(self.title, values["parent"]) if values.get("parent") else None
        inside = desk.covers_agency(record) if record is not None else parent is not None and desk.covers_agency(parent)
        if not inside:
            raise Faults(("code" if record is not None else "parent", OUT_OF_SCOPE))
        now = self.values_of(record) if record is not None else None
        changed = {key for key, value in values.items() if value != (now[key] if now is not None else "")}
        faults = []
        if now is not None and "parent" in changed:
            faults.append(("parent", f"改上级：{OPERATOR_ONLY}"))
        if "role" in changed:
            faults.append(("role", f"国家级席位：{OPERATOR_ONLY}"))
        if record is not None and (record.parent is None or not desk.covers_agency(record.parent)):
            faults += [(key, BY_SUPERIOR) for key in SUPERIORS if key in changed]
        elif parent is not None and changed & {"level", "kind"} and not _stands_below((now or {}) | values, parent):
            faults.append(("level", f"须低于上级机构（{parent.get_level_display()}）"))
        if faults:
            raise Faults(*faults)

    def check(self, record: Any, values: Values, desk: Desk) -> None:
        above = record.parent
        while above is not None:  # as this run leaves it: stored paths know nothing of moves on the way
            if above.code == record.code:
                raise Faults(("parent", "上级不能是自己或自己的下级"))
            above = desk.find(self.title, above.parent.code) if above.parent is not None else None
        holder = self._seated(record.role, desk) if record.role else None
        if holder is not None and holder.code != record.code:
            raise Faults(("role", f"席位已由 {holder.name}（{holder.code}）担任；先取消那里的"))

    def _seated(self, role: str, desk: Desk) -> Any:
        """Who holds a seat by now: in a run that does not write, as its earlier rows leave it."""
        stored = org.seated(role)
        holders = [stored.code] if stored is not None else []
        now = [desk.find(self.title, code) for code in (*holders, *desk.seats.get(role, ()))]
        return next((agency for agency in now if agency.role == role), None)

    def put(self, values: Values, record: Any, desk: Desk) -> Any:
        agency = super().put(values, record, desk)
        if not desk.writes:
            agency.path = f"{agency.parent.path if agency.parent else '/'}{agency.pk}/"
            desk.seats.setdefault(agency.role, []).append(agency.code)
        return agency

    def everything(self, scope: Scope) -> Iterable[Any]:
        return org.agencies_in(scope)


class Parks(Records):
    title = "园区"
    note = "化工园区；没有管理机构的园区不填机构。"
    model = Park
    columns = (
        Field("code", "园区代号", "字母、数字、短横线，全系统唯一", "code", required=True),
        Field("name", "名称", "园区名称", required=True),
        Field("county", "所在县机构", "所在县的应急管理部门", "code", required=True, ref="机构"),
        Field("agency", "园区管理机构", "层级为化工园区的机构；没有则不填", "code", ref="机构"),
    )

    def may(self, values: Values, record: Any, desk: Desk) -> None:
        county = desk.find("机构", values["county"])
        inside = county is not None and desk.covers_agency(county)
        if record is not None:
            inside = inside and desk.covers_agency(record.county)
        if county is not None and not inside:
            raise Faults(("county", OUT_OF_SCOPE))
        agency = desk.find("机构", values["agency"]) if values.get("agency") else None
        is_new = agency is not None and (record is None or record.agency_id != agency.pk)
        if is_new and not desk.covers_agency(agency):
            raise Faults(("agency", OUT_OF_SCOPE))

    def check(self, record: Any, values: Values, desk: Desk) -> None:
        if record.agency is not None and record.agency.level != AgencyLevel.PARK:
            raise Faults(("agency", f"{record.agency} 的层级不是化工园区"))

    def everything(self, scope: Scope) -> Iterable[Any]:
        return register.in_scope(Park, scope)
