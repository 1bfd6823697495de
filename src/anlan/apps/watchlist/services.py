"""Enterprises are put on the watch list of a day; nothing takes them off before it is over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from anlan.apps.delivery.services import hint
from anlan.apps.journal import services as journal
from anlan.apps.org.actor import SYSTEM, Actor
from anlan.apps.registry.models import Enterprise
from anlan.apps.watchlist.models import Watched
from anlan.database import bulk
from anlan.declared import Kind
from anlan.rules.calendar import civil_day


@dataclass(frozen=True)
class Reason:
    """Why an enterprise is to be watched today: the record that says so, and it in words."""

    enterprise: Enterprise
    kind: Kind
    subject: str
    text: str


@dataclass(frozen=True)
class Listed:
    """What is new on a day's list, ready to be written, and the acts to be journaled with it."""

    rows: Sequence[Watched]
    acts: Sequence[journal.Act]

    def write(self) -> None:
        """Writes the rows, in the caller's transaction; the acts are the caller's to journal."""
        bulk.insert(self.rows)
        for row in self.rows:
            hint("commitment", row.enterprise.code, kind="watched")


def listed(reasons: Iterable[Reason], *, at: datetime, by: Actor = SYSTEM) -> Listed:
    """What of these reasons is not on the list of the day of ``at`` yet. Reads only; the caller holds the chains."""
    wanted = {(reason.enterprise.pk, str(reason.kind)): reason for reason in reasons}
    day = civil_day(at)
    there = Watched.objects.by_the_machine().filter(day=day, enterprise__in={pk for pk, _ in wanted})
    for pk, kind in there.values_list("enterprise_id", "reason"):
        wanted.pop((pk, kind), None)
    rows = [
        Watched(
            enterprise=each.enterprise, day=day, reason=each.kind, at=at, subject=each.subject, text=each.text[:200]
        )
        for each in wanted.values()
    ]
    acts = [
        journal.Act(
            f"enterprise:{row.enterprise.code}", "watched", at, by.id, f"enterprise:{row.enterprise.code}",
            after={"reason": str(row.reason), "record": row.subject, "text": row.text},
        )
        for row in rows
    ]  # fmt: skip
    return Listed(rows, acts)


def watch(reason: Reason, *, at: datetime, by: Actor = SYSTEM) -> bool:
    """Puts an enterprise on today's list, in the caller's transaction and under its chain. Again: nothing, False."""
    found = listed([reason], at=at, by=by)
    found.write()
    journal.record_all(found.acts)
    return bool(found.rows)
