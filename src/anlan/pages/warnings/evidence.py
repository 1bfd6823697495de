"""What a dossier must be able to prove on paper: every level, every notice with its times, the findings, the articles.

The timeline tells the story; these tables are the record behind it, complete and in order.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from anlan.apps.delivery import selectors as delivery
from anlan.apps.delivery.models import Notice
from anlan.apps.findings import selectors as findings
from anlan.apps.org.scope import Scope
from anlan.apps.registry.selectors.locality import rules_of_one
from anlan.apps.warnings.models import LevelEpisode, Warning
from anlan.apps.warnings.services.hidden_danger import subject_of
from anlan.rules import calendar
from anlan.rules.rulebook import Entry

SETTINGS = ("cp_slot", "copy_to_county", "flap_guard_minutes", "clear_unconfirmed", "blue_to_cp",
            "orange_copy_to_enterprise")  # fmt: skip
"""Local settings that shape how a warning runs (`anlan.rules.settings`)."""


@dataclass(frozen=True)
class Sent:
    """One notice as one record: when due, when sent, what it stands for, and when each recipient read it."""

    notice: Notice
    missed: list[datetime]
    to: list[tuple[str, str, datetime | None]]
    """Name, post or slot, first reading."""

    @property
    def read(self) -> int:
        return sum(1 for _name, _slot, at in self.to if at is not None)


def evidence(warning: Warning, scope: Scope, now: datetime) -> dict[str, Any]:
    """The tables of a dossier, for who found the warning in ``scope``. A constant number of queries."""
    return {
        "levels": levels(warning, now),
        "notices": notices(warning),
        "findings": findings.of_dossier(
            scope, subject_of(warning), warning.source_id, warning.opened_at, warning.closed_at or now
        ),
        "articles": articles(warning),
    }


def levels(warning: Warning, now: datetime) -> list[tuple[LevelEpisode, timedelta]]:
    """Every stretch at one level with its length so far, oldest first."""
    return [(episode, (episode.ended_at or now) - episode.started_at) for episode in warning.episodes.all()]


def notices(warning: Warning) -> list[Sent]:
    """Every notice of the warning in order of sending."""
    return [
        Sent(
            notice,
            [datetime.fromisoformat(due) for due in notice.missed],
            [(each.recipient_name, each.slot, each.read_at) for each in notice.messages.all()],
        )
        for notice in delivery.notices_of(warning.subject)
    ]


def articles(warning: Warning) -> list[Entry]:
    """The numbers that applied: of each level that the warning had, as they stood on the day on which its clock began;
    of the report, on the day of the clearing; the local settings, on all these days. The law first, in the order of its
    articles; what changed meanwhile stands in every version that applied."""
    days = defaultdict[str, set[date]](set)
    for episode in warning.episodes.all():
        days[episode.level].add(calendar.civil_day(episode.clock_started_at))
    days["report"].add(calendar.civil_day(warning.cleared_at or warning.level_since))
    rules = {day: rules_of_one(warning.enterprise, day) for day in sorted(set().union(*days.values()))}
    first = next(iter(rules.values()))
    local = [key for key in SETTINGS if _LEVEL_OF.get(key) is None or _LEVEL_OF[key] in days]
    wanted = [(entry.key, part) for entry in first for part in days if entry.key.startswith(f"warning.{part}.")]
    found: dict[tuple[str, object, str], Entry] = {}
    for key, of in [*((key, days[part]) for key, part in wanted), *((key, set(rules)) for key in local)]:
        for entry in (rules[day].entry(key) for day in sorted(of)):
            found.setdefault((key, entry.value, entry.source), entry)
    return list(found.values())


_LEVEL_OF = {"blue_to_cp": "blue", "orange_copy_to_enterprise": "orange"}
"""Local settings that count at one level alone."""
