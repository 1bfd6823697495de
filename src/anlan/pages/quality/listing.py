"""The list of findings about data, by property."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from anlan.apps.findings.kinds import FINDINGS
from anlan.apps.findings.models import FindingState
from anlan.apps.quality.selectors import in_focus, kinds_of, property_of
from anlan.components.filters import Choice, Days, Exact, Rows, Text, equals
from anlan.components.lists import Column, Listing
from anlan.rules.quality import PROPERTIES


def _of_property(rows: Rows, values: list[str]) -> Rows:
    return rows.filter(kind__in=kinds_of(values[-1:]))


def _focus(rows: Rows, values: list[str]) -> Rows:
    return rows.filter(kind__in=in_focus())


def _by_state(rows: Rows, values: list[str]) -> Rows:
    if values[-1] == "unclosed":
        return rows.exclude(state=FindingState.CLOSED)
    return rows.filter(state=values[-1])


def _kinds() -> list[tuple[str, Any]]:
    own = set(kinds_of())
    return [(key, label) for key, label in FINDINGS if key in own]


LISTING = Listing(
    [
        Column("property", _("性质"), lambda row: property_of(row.kind)[0]),
        Column("text", _("证据"), lambda row: row.text),
        Column("kind", _("为什么列出"), lambda row: row.get_kind_display(), ("kind",)),
        Column("enterprise", _("企业"), lambda row: row.enterprise.name, ("enterprise__code",)),
        Column("article", _("依据"), lambda row: property_of(row.kind)[1], on_page=False),
        Column("state", _("状态"), lambda row: row.get_state_display(), ("state",)),
        Column("found", _("发现"), lambda row: row.found_at, ("found_at",), descending_first=True),
        Column("times", _("次数"), lambda row: row.times, ("times",), descending_first=True, css="num"),
        Column("due", _("整改时限"), lambda row: row.due_at, ("due_at",)),
        Column("closed", _("销号"), lambda row: row.closed_at, ("closed_at",), on_page=False),
    ],
    [
        Choice("property", _("性质"), [(str(key), title) for key, title in PROPERTIES.items()], _of_property),
        Choice("focus", _("重点"), [("yes", _("只看重点"))], _focus),
        Choice("state", _("状态"), [("unclosed", _("未销号")), *FindingState.choices], _by_state),
        Choice("kind", _("为什么列出"), _kinds, equals("kind")),
        Text("q", _("内容、企业"), ["text", "enterprise__name"]),
        Days("from", _("发现日期"), "found_at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
    ],
    order="-found",
)


def focus_words() -> str:
    """What 重点 means."""
    return _t("监测不规范、数据离线、视频缺失")
