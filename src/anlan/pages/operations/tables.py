"""Lists of the operations pages: gateways with their last data, refused packets, outages."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from anlan.apps.gateways.models import GatewayClock, OfflineSpell, Quarantined
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Gateway
from anlan.components.filters import Choice, Days, Exact, Rows, Text, equals
from anlan.components.lists import Column, Listing
from anlan.rules.clock_offset import length
from anlan.stream.refusal import Refusal

LINK_STATES = [("online", _("在线")), ("offline", _("离线")), ("never", _("从未上线"))]


def gateways_in(scope: Scope) -> Rows:
    """Gateways in use with their link. Added: ``state`` (a key of `LINK_STATES`)."""
    rows: Rows = (
        Gateway.objects.visible_to(scope)
        .filter(is_active=True)
        .select_related("enterprise", "link")
        .annotate(
            state=Case(
                When(link__online=True, then=Value("online")),
                When(link__last_received_at__isnull=False, then=Value("offline")),
                default=Value("never"),
            ),
            received=F("link__last_received_at"),
        )
    )
    return rows


def state_words(row: Any) -> str:
    return str(dict(LINK_STATES)[row.state])


def _link(row: Any, name: str) -> Any:
    link = getattr(row, "link", None)
    return getattr(link, name) if link else None


def _source(row: Any) -> str:
    return "" if _link(row, "source_connected") in (None, True) else _t("断开")


def _by_source(rows: Rows, values: list[str]) -> Rows:
    return rows.filter(link__source_connected=values[-1] == "yes")


GATEWAYS = Listing(
    columns=[
        Column("state", _("链路"), state_words, ("state", "received")),
        Column("gateway", _("网关"), lambda row: row.code, ("code",)),
        Column("enterprise", _("企业"), lambda row: row.enterprise.name, ("enterprise__code",)),
        Column("received", _("最近收到"), lambda row: row.received, ("received",), descending_first=True),
        Column("sampled", _("最近采样"), lambda row: _link(row, "last_sampled_at"), ("link__last_sampled_at",)),
        Column("source", _("控制系统"), _source),
        Column("period", _("周期（秒）"), lambda row: row.period_s, css="num"),
        Column(
            "waiting",
            _("网关积压"),
            lambda row: _link(row, "waiting"),
            ("link__waiting",),
            descending_first=True,
            css="num",
        ),
        Column("since", _("积压最早"), lambda row: _link(row, "waiting_since"), on_page=False),
        Column("dropped", _("网关丢弃"), lambda row: _link(row, "dropped"), on_page=False),
    ],
    filters=[
        Text("q", _("网关、企业"), ["code", "enterprise__name"]),
        Choice("state", _("链路"), LINK_STATES, equals("state")),
        Choice("source", _("控制系统"), [("yes", _("已连接")), ("no", _("断开"))], _by_source),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
    ],
    order="state",
)


def outages_in(scope: Scope) -> Rows:
    rows: Rows = OfflineSpell.objects.visible_to(scope).select_related("gateway", "enterprise")
    return rows


def _open_or_over(rows: Rows, values: list[str]) -> Rows:
    return rows.filter(Q(ended_at__isnull=values[-1] == "open"))


OUTAGES = Listing(
    columns=[
        Column("started", _("断联起"), lambda row: row.started_at, ("started_at",), descending_first=True),
        Column("detected", _("发现"), lambda row: row.detected_at),
        Column("ended", _("恢复"), lambda row: row.ended_at, ("ended_at",), descending_first=True),
        Column("length", _("历时（分）"), lambda row: minutes(row), css="num"),
        Column("gateway", _("网关"), lambda row: row.gateway.code, ("gateway__code",)),
        Column("enterprise", _("企业"), lambda row: row.enterprise.name, ("enterprise__code",)),
    ],
    filters=[
        Text("q", _("网关、企业"), ["gateway__code", "enterprise__name"]),
        Choice("state", _("状态"), [("open", _("未恢复")), ("over", _("已恢复"))], _open_or_over),
        Days("from", _("断联日期"), "started_at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
    ],
    order="-started",
)


def minutes(outage: OfflineSpell) -> int | None:
    """Whole minutes of an outage that is over; None while it lasts."""
    return int((outage.ended_at - outage.started_at).total_seconds() // 60) if outage.ended_at else None


CLOCK_STATES = [("doubted", _("时间可疑")), ("believed", _("已恢复"))]


def clocks_in(scope: Scope) -> Rows:
    """Gateways whose times were ever doubtful. Added: ``state`` (a key of `CLOCK_STATES`)."""
    rows: Rows = (
        GatewayClock.objects.visible_to(scope)
        .select_related("gateway", "enterprise")
        .annotate(state=Case(When(suspect_since__isnull=False, then=Value("doubted")), default=Value("believed")))
    )
    return rows


def offset_words(row: GatewayClock) -> str:
    """How far the clock stands from ours at present, in Chinese."""
    direction = _t("超前") if row.offset_s > 0 else _t("落后")
    return f"{direction} {length(abs(row.offset_s))}"


CLOCKS = Listing(
    columns=[
        Column("state", _("状态"), lambda row: str(dict(CLOCK_STATES)[row.state]), ("state", "measured_at")),
        Column("gateway", _("网关"), lambda row: row.gateway.code, ("gateway__code",)),
        Column("enterprise", _("企业"), lambda row: row.enterprise.name, ("enterprise__code",)),
        Column("offset", _("最近偏差（秒）"), lambda row: row.offset_s, ("offset_s",), css="num"),
        Column(
            "behind", _("最多落后（秒）"), lambda row: row.behind_s, ("behind_s",), descending_first=True, css="num"
        ),
        Column("ahead", _("最多超前（秒）"), lambda row: row.ahead_s, ("ahead_s",), css="num"),
        Column("jumps", _("跳动（次）"), lambda row: row.jumps, ("jumps",), descending_first=True, css="num"),
        Column("refused", _("因此拒收（个）"), lambda row: row.refused, ("refused",), descending_first=True, css="num"),
        Column("since", _("可疑起"), lambda row: row.suspect_since, ("suspect_since",), descending_first=True),
        Column("measured", _("最近可疑"), lambda row: row.measured_at, ("measured_at",), descending_first=True),
    ],
    filters=[
        Text("q", _("网关、企业"), ["gateway__code", "enterprise__name"]),
        Choice("state", _("状态"), CLOCK_STATES, equals("state")),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
    ],
    order="-measured",
)

REASONS = [(str(reason), reason.label) for reason in Refusal]


def reason_words(row: Any) -> str:
    """The reason in Chinese; a reason of an older version as it was written."""
    return str(dict(REASONS).get(row.reason, row.reason))


def quarantined_in(scope: Scope) -> Rows:
    """What was refused in scope; packets of unknown gateways belong to nobody and are shown to the ministry desk."""
    rows: Rows = Quarantined.objects.visible_to(scope).select_related("enterprise")
    return rows


QUARANTINE = Listing(
    columns=[
        Column("received", _("首次收到"), lambda row: row.received_at, ("received_at",), descending_first=True),
        Column("sampled", _("采集时间"), lambda row: row.sampled_at, on_page=False),
        Column("gateway", _("网关"), lambda row: row.gateway, ("gateway",)),
        Column(
            "enterprise", _("企业"), lambda row: row.enterprise.name if row.enterprise else "", ("enterprise__code",)
        ),
        Column("reason", _("原因"), reason_words, ("reason",)),
        Column("detail", _("说明"), lambda row: row.detail),
        Column("repeats", _("次数"), lambda row: row.repeats, ("repeats",), descending_first=True, css="num"),
        Column("size", _("字节"), lambda row: row.size, ("size",), css="num"),
        Column("excerpt", _("原文片段"), lambda row: row.excerpt, on_page=False),
    ],
    filters=[
        Text("q", _("网关、企业、说明"), ["gateway", "enterprise__name", "detail"]),
        Choice("reason", _("原因"), REASONS, equals("reason")),
        Days("from", _("收到日期"), "received_at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name if row.enterprise else ""),
    ],
    order="-received",
)
