"""What a dossier must be able to prove on paper: every level, every notice with its times, the findings, the articles.

The timeline tells the story; these tables are the record behind it, complete and in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
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
    """The numbers that applied, as they stood on the day of the raise: of each level that the warning had, of the
    report, and the local settings; the law first, in the order of its articles."""
    rules = rules_of_one(warning.enterprise, calendar.civil_day(warning.opened_at))
    had = {episode.level for episode in warning.episodes.all()}
    applied = [
        entry
        for entry in rules
        if entry.key.startswith("warning.report.") or any(entry.key.startswith(f"warning.{level}.") for level in had)
    ]
    local = [rules.entry(key) for key in SETTINGS]
    if "blue" not in had:
        local = [entry for entry in local if entry.key != "blue_to_cp"]
    if "orange" not in had:
        local = [entry for entry in local if entry.key != "orange_copy_to_enterprise"]
    return applied + local
