"""The list of identifications."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from anlan.apps.identification.models import Identification, State
from anlan.apps.registry.models import SourceLevel
from anlan.components.filters import Choice, Days, Exact, Rows, Text, equals
from anlan.components.lists import Column, Listing


def _filed(row: Identification) -> str:
    if not row.is_major:
        return ""
    return row.filed_no or _t("未备案")


def _of_level(rows: Rows, values: list[str]) -> Rows:
    return rows.filter(level="" if values[-1] == "none" else values[-1])


LEVELS: list[tuple[str, Any]] = [*SourceLevel.choices, ("none", _("不构成"))]

LISTING = Listing(
    [
        Column("unit", _("单元"), lambda row: row.unit),
        Column("enterprise", _("企业"), lambda row: row.enterprise.name, ("enterprise__code",)),
        Column("level", _("结论"), lambda row: row.concludes, ("is_major", "level")),
        Column("S", "S", lambda row: row.outcome["S"]),
        Column("R", "R", lambda row: row.outcome.get("R", "")),
        Column("state", _("状态"), lambda row: row.get_state_display(), ("state",)),
        Column("made", _("填报"), lambda row: row.made_at, ("made_at",), descending_first=True),
        Column("filed", _("备案"), _filed, ("filed_on",)),
        Column("again", _("重新辨识期限"), lambda row: row.again_on, ("again_on",)),
        Column("number", _("编号"), lambda row: row.number, on_page=False),
        Column("source", _("登记的危险源"), lambda row: row.source.name if row.source else "", on_page=False),
        Column("exposed", _("常住人口数"), lambda row: row.exposed, on_page=False),
        Column("by", _("填报人"), lambda row: row.made_by, on_page=False),
        Column("reviewer", _("审核人"), lambda row: row.decided_by, on_page=False),
    ],
    [
        Choice("state", _("状态"), State.choices, equals("state")),
        Choice("level", _("等级"), LEVELS, _of_level),
        Text("q", _("单元、企业"), ["unit", "enterprise__name"]),
        Days("from", _("填报日期"), "made_at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
    ],
    order="-made",
)
