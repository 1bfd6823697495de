"""The enterprise list: one query for a page of rows, with level, link, alarms and sources counted by the database."""

from __future__ import annotations

from typing import Any

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from anlan import now as clock
from anlan.apps.alarms.models import Alarm
from anlan.apps.alarms.selectors.alarms import UNCLEARED
from anlan.apps.alarms.selectors.quieting import is_shelved
from anlan.apps.gateways.models import GatewayLink
from anlan.apps.org.models import Agency
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Enterprise, EnterpriseKind, Gateway, HazardSource
from anlan.apps.warnings.models import Warning
from anlan.components.filters import Choice, Exact, Rows, Text, equals
from anlan.components.lists import Column, Listing
from anlan.rules.level import WARNING_LEVELS, Level
from anlan.rules.supervision import SupervisionGrade

RISK_WORDS = [(str(level), f"{level.colour}色 {level.risk}") for level in WARNING_LEVELS]
GRADES = [(str(grade), grade.words) for grade in SupervisionGrade]
"""Grades of routine supervision: another scale than the warning levels, and never in their colours."""
LINKS = [
    ("online", _("在线")),
    ("partly", _("部分在线")),
    ("offline", _("离线")),
    ("never", _("从未上线")),
    ("none", _("未接入")),
]
"""State of an enterprise's data links: all of its gateways, some, none any more, none ever, none registered."""


def _count(rows: QuerySet[Any]) -> Coalesce:
    """Number of ``rows`` (already tied to the enterprise) as a column, 0 when there are none."""
    counted = rows.order_by().values("enterprise").annotate(number=Count("*")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _mine(model: Any) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.by_the_machine().filter(enterprise=OuterRef("pk"))
    return rows


def listed(scope: Scope) -> Rows:
    """Enterprises under supervision in ``scope`` with what the list shows.

    Columns added: ``risk`` and ``rank`` of the gravest open warning (None and 0 without one), ``uncleared``,
    ``source_count``, ``gateway_count``, ``online_count``, ``last_received``, ``link`` (a key of `LINKS`).
    """
    worst = _mine(Warning).filter(cleared_at__isnull=True).order_by("-rank", "opened_at")
    links = _mine(GatewayLink).filter(gateway__is_active=True)
    hidden = [~is_shelved(clock.now())] if scope.is_enterprise else []
    newest = links.order_by().values("enterprise").annotate(at=Max("last_received_at")).values("at")
    rows: Rows = (
        Enterprise.objects.visible_to(scope)
        .filter(is_active=True)
        .select_related("park", "supervisor", "county", "region")
        .annotate(
            risk=Subquery(worst.values("level")[:1]),
            rank=Coalesce(Subquery(worst.values("rank")[:1], output_field=IntegerField()), 0),
            uncleared=_count(_mine(Alarm).filter(UNCLEARED, *hidden)),
            source_count=_count(_mine(HazardSource)),
            gateway_count=_count(_mine(Gateway).filter(is_active=True)),
            online_count=_count(links.filter(online=True)),
            last_received=Subquery(newest),
            supervision_grade=F("supervision__grade"),
        )
        .annotate(link=_link())
    )
    return rows


def _link() -> Case:
    return Case(
        When(gateway_count=0, then=Value("none")),
        When(online_count=F("gateway_count"), then=Value("online")),
        When(online_count__gt=0, then=Value("partly")),
        When(last_received__isnull=True, then=Value("never")),
        default=Value("offline"),
    )


def _by_kind(rows: Rows, values: list[str]) -> Rows:
    # the kinds are a JSON list: SQLite cannot look into one, but both databases can write it out as text
    told: Rows = rows.alias(kind_text=Cast("kinds", TextField()))
    return told.filter(kind_text__contains=f'"{values[-1]}"')


def _by_level(rows: Rows, values: list[str]) -> Rows:
    return rows.filter(rank=0) if values == ["none"] else rows.filter(risk__in=values)


def _by_link(rows: Rows, values: list[str]) -> Rows:
    """The same states as `_link`, asked without counting: for thousands of enterprises that is much quicker."""
    gateways, links = _mine(Gateway).filter(is_active=True), _mine(GatewayLink).filter(gateway__is_active=True)
    known, online = Exists(gateways), Exists(links.filter(online=True))
    silent = Exists(gateways.exclude(link__online=True))
    heard = Exists(links.filter(last_received_at__isnull=False))
    asked = {
        "none": ~known,
        "online": online & ~silent,
        "partly": online & silent,
        "never": known & ~online & ~heard,
        "offline": known & ~online & heard,
    }
    return rows.filter(asked[values[-1]])


def _under(rows: Rows, values: list[str]) -> Rows:
    agency = Agency.objects.by_the_machine().filter(code=values[-1]).values("path")[:1]
    path = Subquery(agency)
    return rows.filter(
        Q(supervisor__path__startswith=path)
        | Q(county__path__startswith=path)
        | Q(town__path__startswith=path)
        | Q(park__agency__path__startswith=path)
    )


def risk_words(row: Any) -> str:
    """The level of the gravest open warning in words; without one the risk is 低, which is a state (MON-08)."""
    if not row.risk:
        return _t("无预警")
    level = Level(row.risk)
    return f"{level.colour}{_t('色')} {level.risk}"


def supervision_words(grade: str | None) -> str:
    """特别管控, 重点关注, 一般监管; empty before the first day's grading."""
    return SupervisionGrade(grade).words if grade else ""


def link_words(row: Any) -> str:
    return str(dict(LINKS)[row.link])


COLUMNS = [
    Column("level", _("风险等级"), risk_words, ("rank", "uncleared", "source_count"), descending_first=True),
    Column("name", _("企业"), lambda row: row.name, ("name",)),
    Column("code", _("企业编码"), lambda row: row.code, ("code",), on_page=False),
    Column("kinds", _("类别"), lambda row: "、".join(row.kind_labels)),
    Column("supervision", _("监管分级"), lambda row: supervision_words(row.supervision_grade), on_page=False),
    Column("region", _("行政区划"), lambda row: row.region.name, ("region__code",), on_page=False),
    Column("park", _("园区"), lambda row: row.park.name if row.park else "", ("park__name",)),
    Column("supervisor", _("监管部门"), lambda row: row.supervisor.name, ("supervisor__path",)),
    Column("sources", _("危险源"), lambda row: row.source_count, ("source_count",), descending_first=True, css="num"),
    Column("uncleared", _("未消警"), lambda row: row.uncleared, ("uncleared",), descending_first=True, css="num"),
    Column("link", _("数据链路"), link_words, ("online_count", "last_received")),
    Column("received", _("最近收到"), lambda row: row.last_received, ("last_received",), descending_first=True),
]


def listing(scope: Scope) -> Listing:
    """The list as this person may filter it: the agencies offered are the ones below them (one query)."""
    agencies = agencies_below(scope)
    below = [Choice("agency", _("辖区"), agencies, _under)] if len(agencies) > 1 else []
    return Listing(
        columns=COLUMNS,
        filters=[
            Text("q", _("名称、编码、地址"), ["name", "short_name", "code", "address"]),
            Choice("level", _("风险等级"), [*RISK_WORDS, ("none", _("无预警"))], _by_level),
            Choice("kind", _("类别"), EnterpriseKind.choices, _by_kind),
            Choice("link", _("数据链路"), LINKS, _by_link),
            Choice("supervision", _("监管分级"), GRADES, equals("supervision__grade")),
            *below,
            Exact("park", _("园区"), "park__code", lambda row: row.park.name if row.park else ""),
        ],
        order="-level",
    )


def agencies_below(scope: Scope) -> list[tuple[str, str]]:
    """Agencies in the person's scope that supervise something, in the order of the tree; at most 300."""
    rows = Agency.objects.visible_to(scope).order_by("path").values_list("code", "name")[:300]
    return list(rows)
