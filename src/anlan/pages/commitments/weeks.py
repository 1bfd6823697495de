"""每周按时承诺 as a list: one row an enterprise, of the week that the address names (COM-06)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan import border
from anlan import now as clock
from anlan.components.filters import Choice, Exact, Text
from anlan.components.lists import Column, Listing
from anlan.rules.calendar import civil_day, week_of

BACK = 13
"""Weeks that the list offers, this one included: a quarter."""


def this_week() -> date:
    """The Monday of this week."""
    return week_of(civil_day(clock.now())).first_day


def offered() -> list[tuple[str, str]]:
    """The weeks that may be chosen, this one first: its Monday, and its days in words."""
    mondays = [this_week() - timedelta(weeks=back) for back in range(BACK)]
    return [(each.isoformat(), f"{each:%Y-%m-%d} — {each + timedelta(days=6):%m-%d}") for each in mondays]


def asked(value: str) -> date:
    """A day of the week that the address names; this week's Monday where it names none that is offered."""
    return border.day(value) if value in dict(offered()) else this_week()


def share(row: Any) -> str:
    """6/7"""
    return f"{row.on_time}/{row.owed}"


LISTING = Listing(
    [
        Column("enterprise", _("企业"), lambda row: row.name, ("code",)),
        Column("county", _("监管"), lambda row: row.supervisor.name, ("supervisor__path",)),
        Column("share", _("按时"), share, ("on_time",), css="num"),
        Column("done", _("已承诺"), lambda row: row.done, ("done",), css="num"),
        Column("missed", _("未按时"), lambda row: row.missed, ("missed",), descending_first=True, css="num"),
    ],
    [
        Choice("week", _("周"), offered, lambda rows, values: rows),
        Text("q", _("企业"), ["name", "code"]),
        Exact("enterprise", _("企业"), "code", lambda row: row.name),
    ],
    "-missed",
)
