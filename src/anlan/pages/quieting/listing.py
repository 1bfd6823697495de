"""The lists of filings, shelves and suppression rules: columns and filters, for page and workbook alike."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from anlan.apps.alarms.models import (
    Filing,
    FilingKind,
    FilingReach,
    FilingState,
    Shelving,
    ShelvingState,
    SuppressionRule,
    SuppressionState,
)
from anlan.components.filters import Choice, Days, Exact, Text, equals
from anlan.components.lists import Column, Listing

_ENTERPRISE = Column("enterprise", _("企业"), lambda row: row.enterprise.name, ("enterprise__code",))
_OF_ENTERPRISE = Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name)


def reach_words(filing: Filing, *, with_kind: bool = False) -> str:
    """What a filing covers, by name; ``with_kind`` says before a name what it is the name of."""
    match filing.reach:
        case FilingReach.SOURCE if filing.source:
            name = filing.source.name
        case FilingReach.DEVICE if filing.device:
            name = filing.device.name
        case FilingReach.POINTS:
            tags = [point.tag for point in filing.points.all()]
            name = "、".join(tags[:6]) + (_t("等 %(n)d 个测点") % {"n": len(tags)} if len(tags) > 6 else "")
        case _:
            return _t("整个企业")
    return f"{filing.get_reach_display()} · {name}" if with_kind else name


def length_words(minutes: int) -> str:
    """1.5 小时, 30 分钟."""
    return _t("%(n)g 小时") % {"n": minutes / 60} if minutes >= 60 else _t("%(n)d 分钟") % {"n": minutes}


def condition_words(rule: SuppressionRule) -> str:
    """XV-101 运行 不高于 0.5 ."""
    return f"{rule.condition.tag} {rule.get_comparison_display()} {rule.threshold:g} {rule.condition.unit}".strip()


def alarm_words(row: Any) -> str:
    """Which alarm of which point."""
    return f"{row.point.tag} {row.point.name} · {row.get_side_display()}"


FILINGS = Listing(
    [
        Column(
            "what",
            _("报备"),
            lambda row: f"{row.get_kind_display()} · {reach_words(row)}",
            fields=[(_("事项"), lambda row: row.get_kind_display()), (_("范围"), reach_words)],
        ),
        _ENTERPRISE,
        Column("state", _("状态"), lambda row: row.state_words, ("state",)),
        Column("starts", _("起"), lambda row: row.starts_at, ("starts_at",), descending_first=True),
        Column("ends", _("止"), lambda row: row.ended_at or row.ends_at, ("ends_at",), descending_first=True),
        Column("filed", _("报备时间"), lambda row: row.filed_at, ("filed_at",), descending_first=True),
        Column("by", _("报备人"), lambda row: row.filed_by, on_page=False),
        Column("reason", _("说明"), lambda row: row.reason),
        Column("decided", _("确认单位"), lambda row: row.agency.name if row.agency else "", on_page=False),
    ],
    [
        Choice("state", _("状态"), FilingState.choices, equals("state")),
        Choice("kind", _("事项"), FilingKind.choices, equals("kind")),
        Text("q", _("企业、说明"), ["enterprise__name", "reason", "source__name", "device__name"]),
        Days("from", _("开始日期"), "starts_at"),
        _OF_ENTERPRISE,
    ],
    order="-filed",
)
SHELVINGS = Listing(
    [
        Column(
            "what",
            _("报警"),
            alarm_words,
            ("point__tag",),
            fields=[
                (_("位号"), lambda row: row.point.tag),
                (_("指标"), lambda row: row.point.name),
                (_("报警"), lambda row: row.get_side_display()),
            ],
        ),
        _ENTERPRISE,
        Column("state", _("状态"), lambda row: row.get_state_display(), ("state",)),
        Column("begins", _("起"), lambda row: row.begins_at, ("begins_at",), descending_first=True),
        Column("ends", _("止"), lambda row: row.ended_at or row.ends_at, ("ends_at",), descending_first=True),
        Column("length", _("时长"), lambda row: length_words(row.minutes), ("minutes",), css="num"),
        Column("reason", _("原因"), lambda row: row.reason),
        Column("by", _("申请人"), lambda row: row.asked_by),
        Column("asked", _("申请时间"), lambda row: row.asked_at, ("asked_at",), descending_first=True),
        Column("decided", _("批准人"), lambda row: row.decided_by, on_page=False),
    ],
    [
        Choice("state", _("状态"), ShelvingState.choices, equals("state")),
        Text("q", _("企业、位号、原因"), ["enterprise__name", "point__tag", "point__name", "reason"]),
        Days("from", _("申请日期"), "asked_at"),
        _OF_ENTERPRISE,
    ],
    order="-asked",
)
SUPPRESSIONS = Listing(
    [
        Column(
            "what",
            _("规则"),
            lambda row: f"{row.name}（{_t('第 %(n)d 版') % {'n': row.version}}）",
            ("name",),
            fields=[(_("规则"), lambda row: row.name), (_("版本"), lambda row: row.version)],
        ),
        _ENTERPRISE,
        Column("state", _("状态"), lambda row: row.get_state_display(), ("state",)),
        Column("holds", _("条件成立起"), lambda row: row.holds_since, ("is_holding", "holds_since")),
        Column("condition", _("条件"), condition_words),
        Column("side", _("抑制的报警"), lambda row: row.get_side_display()),
        Column("points", _("测点"), lambda row: "、".join(point.tag for point in row.points.all())),
        Column("proposed", _("申请时间"), lambda row: row.proposed_at, ("proposed_at",), descending_first=True),
    ],
    [
        Choice("state", _("状态"), SuppressionState.choices, equals("state")),
        Text("q", _("企业、名称、位号"), ["enterprise__name", "name", "condition__tag"]),
        _OF_ENTERPRISE,
    ],
    order="-proposed",
)
Row = Filing | Shelving | SuppressionRule
