"""装置开停车与检修 as a list."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.unitstates.models import Change, ChangeState
from anlan.components.filters import Choice, Days, Exact, Text, equals
from anlan.components.lists import Column, Listing

LISTING = Listing(
    [
        Column("unit", _("装置或车间"), lambda row: row.unit_name),
        Column("change", _("事项"), lambda row: row.get_change_display(), ("change",)),
        Column("enterprise", _("企业"), lambda row: row.enterprise.name, ("enterprise__code",)),
        Column("begins", _("开始"), lambda row: row.begins_at, ("begins_at",), descending_first=True),
        Column("ends", _("预计完成"), lambda row: row.ends_at, ("ends_at",)),
        Column("state", _("状态"), lambda row: row.get_state_display(), ("state",)),
        Column("ended", _("完成或取消"), lambda row: row.ended_at, ("ended_at",)),
        Column("reason", _("说明"), lambda row: row.reason, on_page=False),
        Column("by", _("申报人"), lambda row: row.declared_by, on_page=False),
        Column("at", _("申报时间"), lambda row: row.declared_at, on_page=False),
        Column("note", _("取消原因"), lambda row: row.note, on_page=False),
    ],
    [
        Text("q", _("企业、说明"), ["enterprise__name", "reason"]),
        Choice("change", _("事项"), Change.choices, equals("change")),
        Choice("state", _("状态"), ChangeState.choices, equals("state")),
        Days("from", _("开始日期"), "begins_at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
    ],
    "-begins",
)
