"""Sheets of what measures: gateways, devices, points."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from anlan.apps.enrolment.desk import Desk, Faults
from anlan.apps.enrolment.sheets.base import ENTERPRISE, RecordsOfEnterprise, Values, clean
from anlan.apps.org.scope import Scope
from anlan.apps.registry import services
from anlan.apps.registry.models import Device, DeviceKind, Gas, Gateway, Point
from anlan.apps.registry.selectors import register
from anlan.refused import Refused
from anlan.rules import codes
from anlan.rules.loosening import Watched
from anlan.schema import Field, labelled
from anlan.stream.points import signs_in


class Gateways(RecordsOfEnterprise):
    title = "网关"
    note = "新网关的密钥在导入后只显示一次。"
    watched = Watched.GATEWAY
    model = Gateway
    columns = (
        ENTERPRISE,
        Field("code", "网关编码", "以企业编码开头", "code", required=True),
        Field("period_s", "采集周期（秒）", "不填为 5", "number", default=5.0),
        Field("is_active", "启用", "不填为是", "flag", default=True),
    )

    def check(self, record: Any, values: Values, desk: Desk) -> None:
        scheme = codes.scheme(record.enterprise.scheme)
        if not (scheme.is_gateway(record.code) and record.code.startswith(record.enterprise.code)):
            raise Faults(("code", f"“{record.code}”不是该企业的{scheme.title}网关编码"))
        if record.period_s <= 0:
            raise Faults(("period_s", "须大于 0"))
        if not record.key_sha256:
            record.key_sha256 = "0" * 64  # no key opens it until one is issued below

    def put(self, values: Values, record: Any, desk: Desk) -> Any:
        gateway = super().put(values, record, desk)
        if record is None and desk.writes:
            desk.keys[gateway.code] = services.issue_gateway_key(gateway, by=desk.by, at=desk.at)
        return gateway

    def everything(self, scope: Scope) -> Iterable[Any]:
        return register.in_scope(Gateway, scope)


class Devices(RecordsOfEnterprise):
    title = "设备"
    watched = Watched.DEVICE
    model = Device
    columns = (
        ENTERPRISE,
        Field("code", "设备编码", "以企业（危险源）编码开头", "code", required=True),
        Field("source", "重大危险源编码", "不属于危险源的工艺装置不填", "code", ref="重大危险源"),
        Field("name", "名称", "同一危险源内可区分", required=True),
        Field("kind", "类型", "", "choice", required=True, choices=labelled(DeviceKind.choices)),
        Field("medium", "介质", ""),
        Field("medium_state", "介质形态", ""),
        Field("location", "位置", ""),
    )

    def check(self, record: Any, values: Values, desk: Desk) -> None:
        scheme = codes.scheme(record.enterprise.scheme)
        owner = record.source.code if record.source is not None else record.enterprise.code
        if not (scheme.is_device(record.code) and record.code.startswith(owner)):
            raise Faults(("code", f"“{record.code}”不是 {owner} 的{scheme.title}设备编码"))

    def everything(self, scope: Scope) -> Iterable[Any]:
        return register.in_scope(Device, scope)


class Points(RecordsOfEnterprise):
    title = "点位"
    note = (
        "所属危险源随设备。报警限值的每次修改都留历史。空白的限值就是没有这一限；会去掉已有限值的，须在预览中另行勾选。"
    )
    watched = Watched.POINT
    model = Point
    columns = (
        ENTERPRISE,
        Field("code", "指标编码", "以设备编码开头", "code", required=True),
        Field("device", "设备编码", "", "code", required=True, ref="设备"),
        Field("gateway", "网关编码", "由哪个网关上报", "code", required=True, ref="网关"),
        Field("tag", "位号", "现场位号", required=True),
        Field("name", "指标名称", "同一设备内可区分", required=True),
        Field("kind", "指标类型", "编码中的两个字母，如 YL、WD、YW、QT", "code", required=True),
        Field("gas", "气体类别", "只有气体点填", "choice", choices=labelled(Gas.choices)),
        Field("unit", "计量单位", "", required=True),
        Field("range_min", "量程下限", "", "number", required=True),
        Field("range_max", "量程上限", "", "number", required=True),
        Field("ll", "低低限", "", "number", default=None, guards=True),
        Field("l", "低限", "", "number", default=None, guards=True),
        Field("h", "高限", "", "number", default=None, guards=True),
        Field("hh", "高高限", "", "number", default=None, guards=True),
        Field("deadband", "回差", "不填为 0", "number", default=0.0),
        Field("on_delay_s", "报警延时（秒）", "不填为 0", "number", default=0.0),
        Field("off_delay_s", "消警延时（秒）", "不填为 0", "number", default=0.0),
        Field("flatline_s", "不变判定（秒）", "不填为不判定", "number", default=None, guards=True),
        Field("period_s", "上报周期（秒）", "不填为 5", "number", default=5.0),
        Field("no_data_s", "无数据判定（秒）", "不填为 60", "number", default=60.0),
        Field("decimals", "小数位", "不填为 2", "whole", default=2),
        Field("missing", "缺测值", "控制系统表示没有值的数，如 -9999，几个用分号隔开；在量程之外"),
        Field("is_active", "启用", "不填为是", "flag", default=True),
    )

    def put(self, values: Values, record: Any, desk: Desk) -> Any:
        wanted = self.resolved(values, desk)
        if "device" in wanted:
            wanted["source"] = wanted["device"].source
        if "missing" in wanted:
            wanted["missing"] = self._signs(wanted["missing"])
        self._sane(wanted)
        try:
            if record is None:
                clean(Point(**wanted, registered_at=desk.at))
                return self._add(wanted, desk)
            changed = {key: value for key, value in wanted.items() if getattr(record, key) != value}
            changed.pop("enterprise", None)
            for key, value in changed.items():
                setattr(record, key, value)
            clean(record)
            if desk.writes:
                return services.change_point(record, by=desk.by, at=desk.at, why=desk.why, **changed)
            return self._admitted(record, desk)
        except Refused as refused:
            raise Faults(*(("", fault) for fault in refused.details)) from refused

    def _add(self, wanted: Values, desk: Desk) -> Point:
        if not desk.writes:
            return self._admitted(Point(**wanted, registered_at=desk.at), desk)
        added = services.add_point(wanted, at=desk.at)
        desk.points.append(added)
        return added

    @staticmethod
    def _admitted(point: Point, desk: Desk) -> Point:
        """The point, when the register would take it beside the others of its device. Raises `Refused`, or `Faults`."""
        stored = point.device.points.all()
        others = [other for other in desk.beside(stored, point.device_id) if other.code != point.code]
        services.admit(point, others)
        desk.keep(point)
        return point

    def _signs(self, text: str) -> str:
        try:
            return ";".join(f"{sign:.15g}" for sign in signs_in(re.sub(r"[；、\s]+", ";", text.strip())))
        except ValueError as error:
            raise Faults(("missing", "须是数值，几个之间用分号")) from error

    def _sane(self, wanted: Values) -> None:
        below = [key for key in ("deadband", "on_delay_s", "off_delay_s") if wanted.get(key, 0) < 0]
        zero = [key for key in ("period_s", "no_data_s", "flatline_s") if (wanted.get(key) or 1) <= 0]
        zero += [key for key in ("period_s", "no_data_s") if wanted.get(key) == 0]
        if below or zero:
            raise Faults(*((key, "不得小于 0") for key in below), *((key, "须大于 0") for key in dict.fromkeys(zero)))

    def everything(self, scope: Scope) -> Iterable[Any]:
        return register.in_scope(Point, scope)
