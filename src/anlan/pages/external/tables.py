"""The lists of alerts and of refused messages: columns, filters and order."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan.apps.external.models import AlertState
from anlan.apps.external.selectors import EXPIRED
from anlan.components.filters import Choice, Days, Text, equals
from anlan.components.lists import Column, Listing

STANDINGS = [
    (AlertState.CURRENT, _("现行")),
    (EXPIRED, _("已过期")),
    (AlertState.UPDATED, _("已更新")),
    (AlertState.CANCELLED, _("已撤销")),
    (AlertState.ENDING, _("撤销通知")),
]
SEVERITIES = {
    "Extreme": _("特别严重"),
    "Severe": _("严重"),
    "Moderate": _("较重"),
    "Minor": _("一般"),
    "Unknown": _("未知"),
}
"""The words of CAP in Chinese. They are not levels of our regulation and carry none of its colours."""
STATUSES = {"Actual": _("实况"), "Exercise": _("演练"), "Test": _("测试")}


def standing_words(row: Any) -> str:
    """Where the alert stands, in words."""
    return str(dict(STANDINGS)[row.standing])


def severity_words(row: Any) -> str:
    """The severity as it came, with its Chinese meaning."""
    return f"{row.severity} {SEVERITIES.get(row.severity, '')}".strip()


ALERTS = Listing(
    columns=[
        Column("sent", _("发布时间"), lambda row: row.sent_at, ("sent_at",), descending_first=True),
        Column("event", _("事件"), lambda row: row.event, ("event",)),
        Column("headline", _("标题"), lambda row: row.headline, on_page=False),
        Column("severity", _("严重度（原文）"), severity_words, ("severity",)),
        Column("area", _("区域"), lambda row: row.area),
        Column("sender", _("发布单位"), lambda row: row.sender_name or row.origin.name, ("sender_name",)),
        Column("state", _("状态"), standing_words, ("standing",)),
        Column("status", _("性质"), lambda row: str(STATUSES.get(row.status, row.status)), on_page=False),
        Column("expires", _("失效时间"), lambda row: row.expires_at, ("expires_at",)),
        Column("received", _("收到时间"), lambda row: row.received_at, on_page=False),
        Column("identifier", _("编号"), lambda row: row.identifier, on_page=False),
    ],
    filters=[
        Choice("state", _("状态"), STANDINGS, equals("standing")),
        Choice(
            "severity", _("严重度"), [(key, f"{key} {words}") for key, words in SEVERITIES.items()],
            equals("severity"), several=True,
        ),
        Choice("status", _("性质"), list(STATUSES.items()), equals("status")),
        Text("q", _("事件、标题、区域、发布单位"), ["event", "headline", "area", "sender_name", "identifier"]),
        Days("from", _("发布日期"), "sent_at"),
    ],
    order="-sent",
)  # fmt: skip

REFUSED = Listing(
    columns=[
        Column("received", _("收到时间"), lambda row: row.received_at, ("received_at",), descending_first=True),
        Column("origin", _("发送方"), lambda row: row.origin.name, ("origin__code",)),
        Column("agency", _("登记机构"), lambda row: row.origin.agency.name),
        Column("reason", _("原因"), lambda row: row.reason, ("reason",)),
        Column("repeats", _("次数"), lambda row: row.repeats, ("repeats",), css="num"),
        Column("size", _("字节"), lambda row: row.size, ("size",), css="num"),
    ],
    filters=[
        Text("q", _("发送方、原因"), ["origin__name", "origin__code", "reason"]),
        Days("from", _("收到日期"), "received_at"),
    ],
    order="-received",
)
