"""The overview, its fragment for the live refresh, and the wall."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anlan import now as clock
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.accounts.selectors import register_scope
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors.locality import rules_of_scope
from anlan.apps.warnings.selectors import long_open_count, unopened
from anlan.components.answers import whole_or_part
from anlan.pages.board import board, due_soon, running
from anlan.pages.context import Shell
from anlan.pages.overview import figures, log
from anlan.rules.calendar import civil_day
from anlan.rules.level import WARNING_LEVELS, Level

ROWS = 12
"""Warnings that the overview shows; the list has them all."""
COUNTED = 99
"""Neglected warnings are counted so far; beyond it the page says "more than" and the list has them."""
WALL_ROWS = 8
"""Warnings in one column of the wall; a screen twice as wide shows two columns."""
WALL_COLUMNS = {"one": 1, "two": 2}


def gather(scope: Scope, now: datetime, most: int) -> dict[str, Any]:
    """Everything that the overview shows, as of ``now``."""
    shown = board(running(scope)[:most], scope, now)
    by_enterprise = figures.enterprise_levels(scope)
    rules = rules_of_scope(scope, civil_day(now))
    dots = figures.map_dots(scope, by_enterprise)
    return {
        "now": now,
        "board": shown,
        "levels": figures.levels(scope),
        "uncleared": figures.uncleared(scope, now, rules),
        "systems": figures.systems(scope),
        "cameras": figures.cameras(scope, now, rules),
        "flooded_from": rules.entry("flood_line_alarms"),
        "next_hour": due_soon(scope, now),
        "unopened": bounded(len(unopened(scope, now, COUNTED + 1))),
        "long": bounded(long_open_count(scope, now, COUNTED)),
        "bins": figures.alarm_bins(scope, now),
        "spread": spread(scope, by_enterprise),
        "dots": dots,
        "outside": [name for dot in dots for name in dot.outside],
    }


def bounded(number: int) -> str:
    """A count that was taken no further than `COUNTED`, in words; empty for none."""
    return _("超过 %(n)d") % {"n": COUNTED} if number > COUNTED else str(number or "")


def spread(scope: Scope, by_enterprise: dict[int, str]) -> list[figures.Spread]:
    """The bar of enterprises by level."""
    total = Enterprise.objects.visible_to(scope).filter(is_active=True).count()
    found = []
    for level, words in (
        (Level.RED, _("重大")),
        (Level.ORANGE, _("较大")),
        (Level.YELLOW, _("一般")),
        (Level.BLUE, _("低（有蓝色预警）")),
    ):
        number = sum(1 for each in by_enterprise.values() if each == level.value)
        found.append(figures.Spread(level.value, words, number, number / total * 100 if total else 0))
    calm = total - len(by_enterprise)
    found.append(figures.Spread("none", _("低"), calm, calm / total * 100 if total else 0))
    return found


@require_safe
def overview(request: PersonRequest) -> HttpResponse:
    """总览. With ``HX-Request`` only the living part, for the refresh after an event."""
    now = clock.now()
    context = gather(request.scope, now, ROWS)
    if not any(each.count for each in context["spread"]) and register_scope(request.user, now):
        return redirect("register")  # nothing is watched yet: the administrator begins there
    context["one"] = Shell(request).is_enterprise
    context["flood"] = flood_line(context["bins"], context["flooded_from"].value) if context["one"] else None
    return whole_or_part(request, "overview/overview.html", "overview/_living.html", context)


@require_safe
def wall(request: PersonRequest) -> HttpResponse:
    """值守大屏: the same truth for a dark room, readable from five metres."""
    now = clock.now()
    scope = request.scope
    rules = rules_of_scope(scope, civil_day(now))
    context = {
        "now": now,
        "board": board(running(scope)[: WALL_ROWS * max(WALL_COLUMNS.values())], scope, now),
        "overflow": [(kind, beyond(scope, WALL_ROWS * columns)) for kind, columns in WALL_COLUMNS.items()],
        "levels": figures.levels(scope),
        "uncleared": figures.uncleared(scope, now, rules),
        "systems": figures.systems(scope),
        "cameras": figures.cameras(scope, now, rules),
        "ten": figures.alarm_bins(scope, now)[-1],
        "log": log.lines(scope),
    }
    return whole_or_part(request, "overview/wall.html", "overview/_wall.html", context)


@dataclass(frozen=True)
class Beyond:
    """Running warnings that the wall has no room for: how many, of which levels, and cleared ones without a report."""

    total: int
    levels: list[tuple[str, int]]
    over: int


def beyond(scope: Scope, shown: int) -> Beyond:
    """What comes after the first ``shown`` of `running`, in the same order; one query."""
    rest = list(running(scope).values_list("level", "cleared_at")[shown:])
    standing = Counter(level for level, cleared_at in rest if cleared_at is None)
    levels = [(level.colour, standing[level.value]) for level in WARNING_LEVELS if standing[level.value]]
    return Beyond(len(rest), levels, len(rest) - standing.total())


def flood_line(bins: list[figures.Bin], alarms: int) -> float | None:
    """Height of the flood line in percent of the highest column; None when it lies above the chart.

    ``alarms`` in ten minutes flood one operator; the line is drawn for a single plant only.
    """
    top = max([*(each.count for each in bins), 1])
    return alarms / top * 100 if top >= alarms else None
