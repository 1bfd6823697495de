"""Lists of warnings, always scoped, with what a row shows of source and enterprise."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet

from anlan.apps.alarms.services import OpenWarning
from anlan.apps.org.scope import Scope
from anlan.apps.warnings.models import LevelEpisode, SiteOrder, Warning
from anlan.rules.level import WARNING_LEVELS, Level
from anlan.rules.risk_state import LevelSpan, RiskWindow, larger_risk_lately, risk_of_source
from anlan.rules.rulebook import RulesInForce


def open_warnings(scope: Scope) -> QuerySet[Warning]:
    """Open warnings, gravest first, then the soonest due."""
    seen = Warning.objects.visible_to(scope).filter(cleared_at__isnull=True)
    return seen.select_related("enterprise", "source").order_by("-rank", "next_due_at", "pk")


def cleared_warnings(scope: Scope) -> QuerySet[Warning]:
    """Cleared warnings, the last cleared first."""
    seen = Warning.objects.visible_to(scope).filter(cleared_at__isnull=False)
    return seen.select_related("enterprise", "source").order_by("-cleared_at", "-pk")


def level_counts(scope: Scope) -> dict[str, int]:
    """How many warnings are open at each of the four levels; a level without one is 0."""
    rows = Warning.objects.visible_to(scope).filter(cleared_at__isnull=True).order_by().values_list("level")
    found = dict(rows.annotate(number=Count("pk")))
    return {str(level): found.get(str(level), 0) for level in WARNING_LEVELS}


def highest_by_source(scope: Scope) -> dict[int, str]:
    """Level of each source with an open warning; the others are 低, which is a state and no warning (MON-08)."""
    seen = Warning.objects.visible_to(scope).filter(cleared_at__isnull=True)
    return dict(seen.values_list("source_id", "level"))


def open_by_source(source_ids: Collection[int]) -> dict[int, OpenWarning]:
    """The open warning of each source as alarms have to know it; sources without one are absent. Machine's own read."""
    rows = Warning.objects.by_the_machine().filter(cleared_at__isnull=True, source__in=list(source_ids))
    found = rows.values_list("source_id", "opened_at", "first_out")
    return {source: OpenWarning(since, (first or {}).get("alarm", "")) for source, since, first in found}


def open_site_orders(scope: Scope) -> QuerySet[SiteOrder]:
    """Site orders without an answer, oldest first; they stay open when the warning is cleared (WRN-15)."""
    seen = SiteOrder.objects.visible_to(scope).filter(answered_at__isnull=True)
    return seen.select_related("warning__source", "enterprise", "tracker", "executor").order_by("due_at", "pk")


def was_larger_lately(source_ids: Collection[int], now: datetime, rules: RulesInForce) -> dict[int, bool]:
    """7日内是否出现过较大及以上安全风险等级 (巡查抽查办法 附录) of each source. Machine's own read, one query."""
    days, window = rules.number("spot_check.flag_days"), RiskWindow(rules.text("larger_risk_window"))
    spans: dict[int, list[LevelSpan]] = {pk: [] for pk in source_ids}
    rows = LevelEpisode.objects.by_the_machine().filter(
        Q(ended_at__isnull=True) | Q(ended_at__gt=now - timedelta(days=days)), warning__source__in=list(source_ids)
    )
    for source_id, level, since, until in rows.values_list("warning__source_id", "level", "started_at", "ended_at"):
        spans[source_id].append(LevelSpan(Level(level), since, until))
    return {pk: larger_risk_lately(found, now, days, window) for pk, found in spans.items()}


def risk_levels(source_ids: Collection[int]) -> dict[int, Level]:
    """The risk level of each source: that of its open warning, else 低. Machine's own read, one query."""
    rows = Warning.objects.by_the_machine().filter(cleared_at__isnull=True, source__in=list(source_ids))
    active = dict(rows.values_list("source_id", "level"))
    return {pk: risk_of_source([Level(active[pk])] if pk in active else []) for pk in source_ids}
