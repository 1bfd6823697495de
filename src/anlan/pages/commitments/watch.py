"""重点关注 as a list: every reason of every day."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from anlan.apps.watchlist.kinds import REASONS
from anlan.components.filters import Choice, Days, Exact, Text
from anlan.components.lists import Column, Listing


def _by_reason(rows: QuerySet[Any], values: list[str]) -> QuerySet[Any]:
    return rows.filter(reason__in=values)


LISTING = Listing(
    [
        Column("enterprise", _("企业"), lambda row: row.enterprise.name, ("enterprise__code",)),
        Column("county", _("区县"), lambda row: row.enterprise.county.name, ("enterprise__county__path",)),
        Column("reason", _("原因"), lambda row: row.get_reason_display(), ("reason",)),
        Column("text", _("说明"), lambda row: row.text),
        Column("at", _("列入时间"), lambda row: row.at, ("at",), descending_first=True),
    ],
    [
        Text("q", _("企业"), ["enterprise__name", "enterprise__code"]),
        Choice("reason", _("原因"), list(REASONS), _by_reason),
        Days("from", _("日期"), "at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
    ],
    "-at",
)
