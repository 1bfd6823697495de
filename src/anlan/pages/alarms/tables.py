"""The alarm list: its columns, filters and order, for the page, the workbook and the API alike."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from anlan import now as clock
from anlan.apps.alarms.models import AlarmOrigin, AlarmSide, AlarmState
from anlan.apps.alarms.models.alarm import LEVEL_LABELS
from anlan.apps.alarms.selectors.alarms import FAULTY, IN_SERVICE, LIMITS, UNCLEARED
from anlan.apps.alarms.selectors.quieting import shelved_alarms
from anlan.components.filters import Choice, Days, Exact, Rows, Text, equals
from anlan.components.lists import Column, Listing
from anlan.rules.alarms import Annunciation, annunciation

STATES = [
    ("uncleared", _("未消警")),
    ("active", _("未恢复")),
    ("returned", _("恢复未确认")),
    ("faulty", _("数据异常")),
    ("unacknowledged", _("未确认")),
    ("settled", _("已消警")),
    ("shelved", _("搁置中")),
    ("out_of_service", _("停用（已报备）")),
    ("suppressed", _("设计抑制")),
    ("chattering", _("抖动")),
]
_STATE_QUERIES = {
    "uncleared": UNCLEARED,
    "active": Q(state=AlarmState.ACTIVE),
    "returned": UNCLEARED & Q(state=AlarmState.CLEARED),
    "faulty": FAULTY,
    "unacknowledged": UNCLEARED & Q(acknowledged_at__isnull=True),
    "settled": IN_SERVICE & Q(side__in=LIMITS, state=AlarmState.CLEARED, acknowledged_at__isnull=False),
    "out_of_service": Q(filing__isnull=False),
    "suppressed": Q(suppression__isnull=False),
    "chattering": Q(chatters=True),
}


ANNOUNCED = frozenset({"", "uncleared", "returned", "faulty", "unacknowledged"})
"""Views of the list from which an enterprise's own shelved alarms are left out."""


def _by_state(rows: Rows, values: list[str]) -> Rows:
    if values[-1] == "shelved":
        return shelved_alarms(rows, clock.now())
    return rows.filter(_STATE_QUERIES[values[-1]])


def annunciation_of(alarm: Any) -> Annunciation:
    """The alarm's state by IEC 62682. ``shelved`` is annotated by the caller where shelves are to be shown."""
    return annunciation(
        active=alarm.state == AlarmState.ACTIVE,
        acknowledged=alarm.acknowledged_at is not None,
        shelved=getattr(alarm, "shelved", False),
        suppressed=alarm.suppression_id is not None,
        out_of_service=alarm.filing_id is not None,
    )


def _acknowledgement(alarm: Any) -> str:
    return f"{alarm.acknowledged_by}" if alarm.acknowledged_at else ""


def _enterprise(alarm: Any) -> str:
    return str(alarm.enterprise.name)


ALARMS = Listing(
    columns=[
        Column("raised", _("成立时间"), lambda row: row.raised_at, ("raised_at",), descending_first=True),
        Column("started", _("越限起始"), lambda row: row.started_at, on_page=False),
        Column("enterprise", _("企业 · 危险源"), sort=("enterprise__code",), fields=[(_("企业"), _enterprise)]),
        Column("source", _("危险源"), lambda row: row.source.name if row.source else "", on_page=False),
        Column("tag", _("位号"), lambda row: row.point.tag, on_page=False),
        Column("point", _("位号 · 指标"), sort=("point__tag",), fields=[(_("指标"), lambda row: row.point.name)]),
        Column("code", _("指标编码"), lambda row: row.point.code, on_page=False),
        Column("level", _("最重"), lambda row: row.worst_label, ("side", "worst")),
        Column("value", _("数值 / 限值"), css="num", fields=[(_("数值"), lambda row: row.value)]),
        Column("limit", _("限值"), lambda row: row.limit, on_page=False),
        Column("worst_limit", _("最重级别的限值"), lambda row: row.worst_limit, on_page=False),
        Column("extreme", _("极值"), lambda row: row.extreme, css="num"),
        Column("unit", _("单位"), lambda row: row.point.unit, on_page=False),
        Column("state", _("状态"), lambda row: row.get_state_display(), ("state", "cleared_at")),
        Column("annunciation", _("报警状态"), lambda row: annunciation_of(row).words, on_page=False),
        Column("chatters", _("抖动"), lambda row: _("抖动") if row.chatters else "", on_page=False),
        Column("origin", _("来源"), lambda row: row.get_origin_display(), on_page=False),
        Column("cleared", _("恢复时间"), lambda row: row.cleared_at, on_page=False),
        Column("acknowledged", _("确认"), _acknowledgement, ("acknowledged_at",), descending_first=True),
        Column("acknowledged_at", _("确认时间"), lambda row: row.acknowledged_at, on_page=False),
        Column("acknowledgement", _("确认说明"), lambda row: row.acknowledgement, on_page=False),
    ],
    filters=[
        Choice("state", _("状态"), STATES, _by_state),
        Choice("level", _("级别"), [(key, LEVEL_LABELS[key]) for key in ("HH", "H", "L", "LL")], equals("worst")),
        Choice("side", _("类型"), AlarmSide.choices, equals("side"), several=True),
        Choice("origin", _("来源"), AlarmOrigin.choices, equals("origin")),
        Text("q", _("企业、位号、指标"), ["enterprise__name", "point__tag", "point__name", "point__code"]),
        Days("from", _("成立日期"), "raised_at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
        Exact("source", _("危险源"), "source__code", lambda row: row.source.name if row.source else ""),
        Exact("point", _("指标"), "point__code", lambda row: f"{row.point.tag} {row.point.name}"),
    ],
    order="-raised",
)
