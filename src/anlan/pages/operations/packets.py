"""Lists about the packets themselves: numbers that are missing, and gateways whose intake is paused."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from anlan import now as clock
from anlan.components.filters import Choice, Days, Exact, Rows, Text
from anlan.components.lists import Column, Listing
from anlan.stream.refusal import Refusal

_LABELS = {str(reason): reason.label for reason in Refusal}


def missing_words(row: Any) -> str:
    """The missing numbers, the first few stretches of them."""
    stretches = [f"{first}" if first == last else f"{first}–{last}" for first, last in row.missing[:5]]
    return "、".join(stretches) + (" …" if len(row.missing) > 5 else "")


def _open_or_closed(rows: Rows, values: list[str]) -> Rows:
    return rows.filter(Q(closed_at__isnull=values[-1] == "open"))


GAPS = Listing(
    columns=[
        Column("noticed", _("发现"), lambda row: row.noticed_at, ("noticed_at",), descending_first=True),
        Column("gateway", _("网关"), lambda row: row.gateway.code, ("gateway__code",)),
        Column("enterprise", _("企业"), lambda row: row.enterprise.name, ("enterprise__code",)),
        Column("range", _("跳过的序号"), lambda row: f"{row.first}–{row.last}", ("first",)),
        Column("missing", _("仍缺"), missing_words),
        Column("numbers", _("仍缺个数"), lambda row: row.numbers, ("numbers",), descending_first=True, css="num"),
        Column("closed", _("补齐"), lambda row: row.closed_at, ("closed_at",), descending_first=True),
        Column("boot", _("启动标识"), lambda row: row.boot, on_page=False),
    ],
    filters=[
        Text("q", _("网关、企业"), ["gateway__code", "enterprise__name"]),
        Choice("state", _("状态"), [("open", _("未补齐")), ("closed", _("已补齐"))], _open_or_closed),
        Days("from", _("发现日期"), "noticed_at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
    ],
    order="-noticed",
)


def pause_words(row: Any) -> str:
    """Whether the pause holds, ran out, or was lifted and by whom."""
    if row.lifted_at:
        return _t("已由 %(who)s 恢复") % {"who": row.lifted_by}
    return str(_t("暂停中")) if row.until > clock.now() else str(_t("已到时恢复"))


def reason_words(row: Any) -> str:
    """What most of the refused packets were refused for."""
    return str(_LABELS.get(row.reason, row.reason))


def _in_force(rows: Rows, values: list[str]) -> Rows:
    holds = Q(until__gt=clock.now(), lifted_at__isnull=True)
    return rows.filter(holds if values[-1] == "paused" else ~holds)


PAUSES = Listing(
    columns=[
        Column("started", _("暂停起"), lambda row: row.started_at, ("started_at",), descending_first=True),
        Column("gateway", _("网关"), lambda row: row.gateway.code, ("gateway__code",)),
        Column("enterprise", _("企业"), lambda row: row.enterprise.name, ("enterprise__code",)),
        Column("state", _("状态"), pause_words),
        Column("until", _("暂停至"), lambda row: row.until, ("until",)),
        Column("reason", _("主要原因"), reason_words, ("reason",)),
        Column(
            "refused",
            _("被拒 / 全部"),
            lambda row: f"{row.refused} / {row.packets}",
            css="num",
            fields=[(_("被拒"), lambda row: row.refused), (_("全部"), lambda row: row.packets)],
        ),
    ],
    filters=[
        Text("q", _("网关、企业"), ["gateway__code", "enterprise__name"]),
        Choice("state", _("状态"), [("paused", _("暂停中")), ("over", _("已恢复"))], _in_force),
        Days("from", _("暂停日期"), "started_at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
    ],
    order="-started",
)
