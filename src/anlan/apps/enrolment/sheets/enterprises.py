"""Sheets of enterprises, their hazard sources and cameras."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from anlan.apps.enrolment.desk import OUT_OF_SCOPE, Desk, Faults
from anlan.apps.enrolment.sheets.base import (
    ENTERPRISE,
    Records,
    RecordsOfEnterprise,
    Values,
    covered_from_above,
    covers_enterprise,
)
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Camera, Enterprise, EnterpriseKind, HazardSource, SourceLevel
from anlan.apps.registry.selectors import register
from anlan.rules import codes
from anlan.rules.loosening import Watched
from anlan.schema import Field, labelled

SUPERVISED = ("scheme", "region", "county", "town", "park", "supervisor", "is_active")
"""What an enterprise's own administrator may not change about it."""


class Enterprises(Records):
    title = "企业"
    note = "由监管单位的管理员登记；企业自己的管理员可改名称、地址等，不可改监管关系。"
    watched = Watched.ENTERPRISE
    model = Enterprise
    columns = (
        Field("code", "企业编码", "按编码体系", "code", required=True),
        Field(
            "scheme", "编码体系", "不填为第一种", "choice",
            choices=tuple((each.id, each.title) for each in codes.schemes()), default="national",
        ),
        Field("name", "企业名称", "全称", required=True),
        Field("short_name", "简称", "不超过 20 字"),
        Field("kinds", "类别", "", "choices", choices=labelled(EnterpriseKind.choices), default=()),
        Field("region", "行政区划代码", "所在区划", "code", required=True, ref="区划"),
        Field("county", "县机构", "所在县的应急管理部门", "code", required=True, ref="机构"),
        Field("town", "镇街机构", "", "code", ref="机构"),
        Field("park", "园区代号", "不在园区的不填", "code", ref="园区"),
        Field("supervisor", "监管部门", "登记的监管部门（跟踪黄色预警、组织督办）；不填为县机构", "code", ref="机构"),
        Field("group_name", "集团公司", ""),
        Field("address", "地址", ""),
        Field("longitude", "经度", "", "number", default=None),
        Field("latitude", "纬度", "", "number", default=None),
        Field("declared_gas_points", "申报气体监测点数", "", "whole", default=0),
        Field("declared_sources", "申报重大危险源数", "", "whole", default=0),
        Field("is_active", "在监管", "不填为是", "flag", default=True),
    )  # fmt: skip

    def may(self, values: Values, record: Any, desk: Desk) -> None:
        if record is None:
            self._may_place(values, record, desk)
            return
        if not covers_enterprise(desk, record):
            raise Faults(("code", OUT_OF_SCOPE))
        if not desk.is_operator and not covered_from_above(desk, record):
            now = self.values_of(record)
            changed = [key for key in SUPERVISED if values.get(key, now[key]) != now[key]]
            if changed:
                raise Faults(*((key, "只能由监管单位的管理员修改") for key in changed))
        self._may_place(values, record, desk)

    def _may_place(self, values: Values, record: Any, desk: Desk) -> None:
        """Who stands above an enterprise is named by who stands above *them*: no stranger gives anybody work."""
        if desk.is_operator:
            return
        now = self.values_of(record) if record is not None else {}
        faults = []
        for key in ("county", "town", "supervisor", "park"):
            code = values.get(key)
            unit = desk.find(self.column(key).ref, code) if code and code != now.get(key) else None
            agency = unit.county if key == "park" and unit is not None else unit
            if agency is not None and not desk.covers_agency(agency):
                faults.append((key, OUT_OF_SCOPE))
        if faults:
            raise Faults(*faults)

    def check(self, record: Any, values: Values, desk: Desk) -> None:
        if record.supervisor_id is None:
            record.supervisor = record.county
        scheme = codes.scheme(record.scheme)
        if not scheme.is_enterprise(record.code):
            raise Faults(("code", f"“{record.code}”不是{scheme.title}的企业编码"))
        if not covers_enterprise(desk, record):
            raise Faults(("county", OUT_OF_SCOPE))
        _whole_place(record)

    def everything(self, scope: Scope) -> Iterable[Any]:
        return register.in_scope(Enterprise, scope)


class Sources(RecordsOfEnterprise):
    title = "重大危险源"
    watched = Watched.SOURCE
    model = HazardSource
    columns = (
        ENTERPRISE,
        Field("code", "重大危险源编码", "以企业编码开头", "code", required=True),
        Field("name", "名称", "", required=True),
        Field("level", "等级", "", "choice", required=True, choices=labelled(SourceLevel.choices)),
        Field("substance", "主要物质", ""),
        Field("longitude", "经度", "", "number", default=None),
        Field("latitude", "纬度", "", "number", default=None),
    )

    def check(self, record: Any, values: Values, desk: Desk) -> None:
        scheme = codes.scheme(record.enterprise.scheme)
        belongs = record.code.startswith(record.enterprise.code)
        if not (scheme.is_source(record.code) and belongs):
            raise Faults(("code", f"“{record.code}”不是该企业的{scheme.title}重大危险源编码"))
        _whole_place(record)

    def everything(self, scope: Scope) -> Iterable[Any]:
        return register.in_scope(HazardSource, scope)


def _whole_place(record: Enterprise | HazardSource) -> None:
    if (record.longitude is None) != (record.latitude is None):
        missing = "longitude" if record.longitude is None else "latitude"
        raise Faults((missing, "经度、纬度要么都填，要么都不填"))


class Cameras(RecordsOfEnterprise):
    title = "摄像头"
    watched = Watched.CAMERA
    model = Camera
    columns = (
        ENTERPRISE,
        Field("code", "视频编码", "全系统唯一", "code", required=True),
        Field("source", "重大危险源编码", "不属于某个危险源的不填", "code", ref="重大危险源"),
        Field("name", "名称", "", required=True),
        Field("is_key", "关键部位", "不填为是", "flag", default=True),
        Field("is_control_room", "中控室", "不填为否", "flag", default=False),
    )

    def everything(self, scope: Scope) -> Iterable[Any]:
        return register.in_scope(Camera, scope)
