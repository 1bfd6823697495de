"""The point list: what is measured, its limits, and whether it stands in alarm; values come with the page's rows."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from anlan.apps.alarms.models import Alarm, AlarmState
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Gas, Point
from anlan.components.filters import Choice, Exact, Rows, Text, equals
from anlan.components.lists import Column, Listing

STATES = [("alarm", _("报警中")), ("normal", _("无报警"))]
USES = [("used", _("在用")), ("unused", _("停用"))]


def _active() -> Exists:
    """Whether an alarm of the point is not back within limits. Of rows that were scoped as points are."""
    return Exists(Alarm.objects.by_the_machine().filter(point=OuterRef("pk"), state=AlarmState.ACTIVE))


def points_in(scope: Scope) -> Rows:
    """Every point that a scope sees, in use or not, with what the list shows joined to it."""
    rows: Rows = Point.objects.visible_to(scope).select_related("enterprise", "source", "device")
    return rows


def _by_state(rows: Rows, values: list[str]) -> Rows:
    return rows.filter(_active()) if values[-1] == "alarm" else rows.exclude(_active())


def _by_use(rows: Rows, values: list[str]) -> Rows:
    return rows.filter(is_active=values[-1] == "used")


def _use(point: Any) -> str:
    return _t("在用") if point.is_active else _t("停用")


def _enterprise(point: Any) -> str:
    return str(point.enterprise.name)


POINTS = Listing(
    columns=[
        Column("code", _("指标编码"), lambda row: row.code, ("code",), on_page=False),
        Column("tag", _("位号 · 指标"), sort=("tag",), fields=[(_("位号"), lambda row: row.tag)]),
        Column("name", _("指标"), lambda row: row.name, on_page=False),
        Column("enterprise", _("企业 · 设备"), sort=("enterprise__code",), fields=[(_("企业"), _enterprise)]),
        Column("source", _("危险源"), lambda row: row.source.name if row.source else "", on_page=False),
        Column("device", _("设备"), lambda row: row.device.name, on_page=False),
        Column("value", _("现值"), css="num"),
        Column("unit", _("单位"), lambda row: row.unit, on_page=False),
        Column("limits", _("限值")),
        Column("ll", _("低低限"), lambda row: row.ll, on_page=False),
        Column("l", _("低限"), lambda row: row.l, on_page=False),
        Column("h", _("高限"), lambda row: row.h, on_page=False),
        Column("hh", _("高高限"), lambda row: row.hh, on_page=False),
        Column("direction", _("趋势")),
        Column("sampled", _("采样"), css="num"),
        Column("registered", _("登记时间"), lambda row: row.registered_at, on_page=False),
        Column("use", _("启用"), _use, on_page=False),
    ],
    filters=[
        Text("q", _("位号、指标、编码"), ["tag", "name", "code"]),
        Choice("gas", _("气体"), [choice for choice in Gas.choices if choice[0]], equals("gas"), several=True),
        Choice("state", _("状态"), STATES, _by_state),
        Choice("use", _("启用"), USES, _by_use),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: str(row.enterprise.name)),
        Exact("source", _("危险源"), "source__code", lambda row: row.source.name if row.source else ""),
    ],
    order="code",
)
