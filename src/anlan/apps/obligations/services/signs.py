"""Signs of life of the clocks and the auditor, and how the clocks at work share what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from anlan.apps.obligations.models import Tick
from anlan.database import bulk
from anlan.now import is_ahead
from anlan.rules.rulebook import load
from anlan.stream.connection import forbidden

UP_WITHIN = load().length("clock_silence_seconds")
"""A clock whose last sign of life is no older than this is at work (本地设定, in the rulebook); it signs every 5 s."""

GONE_AFTER = timedelta(days=1)
"""A clock that has not signed for so long was taken away: another forgets its sign, which would be shown for ever."""


@dataclass(frozen=True, slots=True)
class Share:
    """Which enterprises one of several clocks looks at first: those whose key leaves ``place`` when divided."""

    place: int = 0
    clocks: int = 1


def tick(name: str, at: datetime, **detail: object) -> None:
    """Record a sign of life of a role, with what the log server forbids its process, if anything: a fault."""
    if refusals := forbidden():
        what = "；".join(sorted(refusals)[:3])
        text = _("日志服务不许 %(name)s 做它要做的事（%(what)s）。请核对 NATS 的用户与权限") % {
            "name": name,
            "what": what,
        }
        own = {"kind": "log_forbidden", "text": text, "since": min(refusals.values()).isoformat(), "until": None}
        detail["own"] = [*cast("list[object]", detail.get("own", [])), own]
    bulk.upsert([bulk.fresh(Tick, name=name, at=at, detail=detail)], "name", ["at", "detail"])


def last_detail(name: str) -> dict[str, Any]:
    """What the last sign of life under this very name carried; empty without one."""
    found = Tick.objects.filter(name=name).values_list("detail", flat=True).first()
    return dict(found or {})


def forget(role: str, at: datetime) -> int:
    """Delete the signs of a role's processes that were taken away; returns how many. Again: none are left, 0."""
    return int(_processes(role).filter(at__lt=at - GONE_AFTER).delete()[0])


def signs_of(role: str) -> list[Tick]:
    """The last signs of life of every process of a role (``clock``, ``clock-2``), newest first."""
    return list(_processes(role).order_by("-at"))


def _processes(role: str) -> QuerySet[Tick]:
    return Tick.objects.filter(Q(name=role) | Q(name__startswith=f"{role}-"))


def clock_is_up(at: datetime) -> bool:
    """Whether a clock was at work at ``at``; without one this is an outage, and due things wait for its return."""
    return any(_is_up(sign, at) for sign in signs_of("clock"))


def _is_up(sign: Tick, at: datetime) -> bool:
    """A sign from the future was left while our own clock stood ahead: it proves nothing."""
    return sign.at >= at - UP_WITHIN and not is_ahead(sign.at, at)


def share_of(name: str, at: datetime) -> Share:
    """The share of the clock ``name`` among those at work; the whole for one that is not known yet or alone.

    Clocks may disagree for a moment about who is at work: a row is claimed once all the same, and what nobody looks at
    first is fired by any clock a second later.
    """
    names = sorted(sign.name for sign in signs_of("clock") if _is_up(sign, at))
    return Share(names.index(name), len(names)) if name in names else Share()
