"""The lists of facts behind the figures: one for each name of `anlan.rules.metrics.facts.LISTS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast, Substr
from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from anlan.apps.warnings.models import Warning
from anlan.components.lists import Column, Listing
from anlan.pages.warnings.listing import state_of
from anlan.rules.level import Level
from anlan.rules.metrics.facts import LISTS


@dataclass(frozen=True)
class FactList:
    """How a list is joined, shown, and where its rows lead."""

    listing: Listing
    join: Callable[[QuerySet[Any]], QuerySet[Any]]
    url: Callable[[Any], str]


def _minutes(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else round((end - start).total_seconds() / 60, 2)


def _level(value: str) -> str:
    return f"{Level(value).colour}色" if value in set(Level) - {Level.NONE} else _t("无")


def _with_number(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Rows whose subject is ``warning:<id>``, with the warning's number; one query all the same."""
    of_subject = Warning.objects.by_the_machine().filter(pk=Cast(Substr(OuterRef("subject"), 9), BigIntegerField()))
    shown: QuerySet[Any] = rows.annotate(number=Subquery(of_subject.values("number")[:1]))
    return shown.select_related("enterprise", "source")


def _warning(number: str | None) -> str:
    return reverse("warning", args=[number]) if number else ""


_NUMBER = Column("number", _("预警编号"), lambda row: row.number, ("number",))
_ENTERPRISE = Column("enterprise", _("企业"), lambda row: row.enterprise.name, ("enterprise__code",))
_SOURCE = Column("source", _("危险源"), lambda row: row.source.name if row.source else "")
_WARNINGS = FactList(
    Listing(
        [
            _NUMBER,
            Column("highest", _("最高级别"), lambda row: _level(row.highest), ("highest",)),
            _ENTERPRISE,
            _SOURCE,
            Column("state", _("状态"), state_of, ("closed_at", "cleared_at")),
            Column("opened", _("发生"), lambda row: row.opened_at, ("opened_at",), descending_first=True),
            Column("confirmed", _("首次确认"), lambda row: row.confirmed_at, ("confirmed_at",)),
            Column("cleared", _("消警"), lambda row: row.cleared_at, ("cleared_at",)),
            Column("closed", _("办结"), lambda row: row.closed_at, ("closed_at",)),
        ],
        order="-opened",
    ),
    lambda rows: rows.select_related("enterprise", "source"),
    lambda row: _warning(row.number),
)
_ORDERS = FactList(
    Listing(
        [
            Column("number", _("预警编号"), lambda row: row.warning.number, ("warning__number",)),
            Column("level", _("督办级别"), lambda row: _level(row.episode.level)),
            _ENTERPRISE,
            Column("source", _("危险源"), lambda row: row.warning.source.name),
            Column("tracker", _("跟踪单位"), lambda row: row.tracker.name if row.tracker else _t("未配置")),
            Column("executor", _("委派给"), lambda row: row.executor.name if row.executor else ""),
            Column("issued", _("下达"), lambda row: row.issued_at, ("issued_at",), descending_first=True),
            Column("answered", _("反馈"), lambda row: row.answered_at, ("answered_at",)),
            Column("minutes", _("用时（分）"), lambda row: _minutes(row.issued_at, row.answered_at), css="num"),
        ],
        order="-issued",
    ),
    lambda rows: rows.select_related("enterprise", "warning__source", "episode", "tracker", "executor"),
    lambda row: _warning(row.warning.number),
)
_POINT = Column(
    "tag",
    _("位号 · 指标"),
    lambda row: f"{row.point.tag} {row.point.name}",
    ("point__tag",),
    fields=[(_("位号"), lambda row: row.point.tag), (_("指标"), lambda row: row.point.name)],
)
_ALARMS = FactList(
    Listing(
        [
            _POINT,
            Column("worst", _("最重"), lambda row: row.worst_label, ("worst",)),
            _ENTERPRISE,
            _SOURCE,
            Column("raised", _("成立"), lambda row: row.raised_at, ("raised_at",), descending_first=True),
            Column("cleared", _("恢复"), lambda row: row.cleared_at, ("cleared_at",)),
            Column("acknowledged", _("确认"), lambda row: row.acknowledged_at, ("acknowledged_at",)),
            Column("by", _("确认人"), lambda row: row.acknowledged_by),
        ],
        order="-raised",
    ),
    lambda rows: rows.select_related("enterprise", "source", "point"),
    lambda row: reverse("point", args=[row.point.code]),
)

_FILED = Column("filed", _("报备"), lambda row: _t("已报备") if row.filed else "", ("filed",))
_OUTAGES = FactList(
    Listing(
        [
            _POINT,
            _FILED,
            _ENTERPRISE,
            Column("device", _("设备"), lambda row: row.point.device.name),
            Column("since", _("最近数据"), lambda row: row.started_at, ("started_at",), descending_first=True),
            Column("noticed", _("判为离线"), lambda row: row.raised_at, ("raised_at",)),
            Column("back", _("恢复"), lambda row: row.cleared_at, ("cleared_at",)),
            Column("minutes", _("时长（分）"), lambda row: _minutes(row.started_at, row.cleared_at), css="num"),
        ],
        order="-since",
    ),
    lambda rows: rows.select_related("enterprise", "point__device"),
    lambda row: reverse("point", args=[row.point.code]),
)
_LINK_OUTAGES = FactList(
    Listing(
        [
            Column("gateway", _("网关"), lambda row: row.gateway.code, ("gateway__code",)),
            _FILED,
            _ENTERPRISE,
            Column("since", _("最近数据"), lambda row: row.started_at, ("started_at",), descending_first=True),
            Column("noticed", _("判为离线"), lambda row: row.detected_at, ("detected_at",)),
            Column("back", _("恢复"), lambda row: row.ended_at, ("ended_at",)),
            Column("minutes", _("时长（分）"), lambda row: _minutes(row.started_at, row.ended_at), css="num"),
        ],
        order="-since",
    ),
    lambda rows: rows.select_related("enterprise", "gateway"),
    lambda row: f"{reverse('outages')}?q={row.gateway.code}",
)

FACTS: dict[str, FactList] = {
    "warnings": _WARNINGS,
    "confirmations": _WARNINGS,
    "larger_warnings": _WARNINGS,
    "downgrades": FactList(
        Listing(
            [
                Column("number", _("预警编号"), lambda row: row.warning.number, ("warning__number",)),
                Column("level", _("级别"), lambda row: _level(row.level), ("level",)),
                Column("to", _("降为"), lambda row: _t("消警") if row.ended_to == Level.NONE else _level(row.ended_to)),
                _ENTERPRISE,
                Column("source", _("危险源"), lambda row: row.warning.source.name),
                Column("started", _("进入该级别"), lambda row: row.started_at, ("started_at",), descending_first=True),
                Column("ended", _("降级"), lambda row: row.ended_at, ("ended_at",), descending_first=True),
                Column("minutes", _("用时（分）"), lambda row: _minutes(row.started_at, row.ended_at), css="num"),
            ],
            order="-ended",
        ),
        lambda rows: rows.select_related("enterprise", "warning__source"),
        lambda row: _warning(row.warning.number),
    ),
    "reports": FactList(
        Listing(
            [
                _NUMBER,
                _ENTERPRISE,
                _SOURCE,
                Column("due", _("应报时限"), lambda row: row.due_at, ("due_at",), descending_first=True),
                Column("state", _("状态"), lambda row: row.get_state_display(), ("state",)),
                Column("done", _("上报"), lambda row: row.done_at, ("done_at",)),
            ],
            order="-due",
        ),
        _with_number,
        lambda row: _warning(row.number),
    ),
    "notices": FactList(
        Listing(
            [
                _NUMBER,
                Column("level", _("级别"), lambda row: _level(row.level), ("level",)),
                Column("step", _("次数"), lambda row: row.step, ("step",), css="num"),
                _ENTERPRISE,
                _SOURCE,
                Column("to", _("对象"), lambda row: "、".join(each.recipient_name for each in row.messages.all())),
                Column("due", _("应发"), lambda row: row.due_at, ("due_at",)),
                Column("sent", _("发出"), lambda row: row.sent_at, ("sent_at",), descending_first=True),
            ],
            order="-sent",
        ),
        lambda rows: _with_number(rows).prefetch_related("messages"),
        lambda row: _warning(row.number),
    ),
    "orders": _ORDERS,
    "open_orders": _ORDERS,
    "alarms": _ALARMS,
    "uncleared_alarms": _ALARMS,
    "performing_alarms": _ALARMS,
    "chattering_alarms": _ALARMS,
    "stale_alarms": _ALARMS,
    "outages": _OUTAGES,
    "counted_outages": _OUTAGES,
    "filed_outages": _OUTAGES,
    "link_outages": _LINK_OUTAGES,
}
assert set(FACTS) == set(LISTS)
