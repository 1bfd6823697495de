"""Whole days of a drill: what people do about what is owed every day, and the lines that tell of it.

Everything is done by the services and read from what they wrote; only the figures of a day are asked for here, at its
24:00, as a bulletin would.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from anlan.apps.commitments import kinds as commitments
from anlan.apps.commitments.form import GROUPS, SCHEMA
from anlan.apps.commitments.models import CommitmentVersion
from anlan.apps.commitments.selectors import days_of, figures, obliged
from anlan.apps.commitments.services import commit
from anlan.apps.delivery.models import Notice
from anlan.apps.org import deputies
from anlan.apps.org import selectors as org
from anlan.apps.org.access import owner_of
from anlan.apps.org.actor import operator
from anlan.apps.org.models import AgencyLevel, NationalRole
from anlan.apps.org.scope import Scope
from anlan.apps.org.stand import as_person, at_the_machine
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors import locality, staff
from anlan.apps.watchlist.models import Watched
from anlan.drill.scenario import Event
from anlan.drill.world import Drilled
from anlan.refused import Refused
from anlan.rules.calendar import civil, civil_day, midnight
from anlan.rules.commitment import late_minutes, timeliness
from anlan.rules.submission import Timeliness

EVENTS = frozenset({"commit", "acting"})
CALM: Mapping[str, Any] = {
    **{each.key: "0" for each in SCHEMA.fields if each.kind == "whole"},
    **{each.key: "否" for each in SCHEMA.fields if each.kind == "flag"},
    "sources_safe": "是", "measures": "按制度管控",
}  # fmt: skip
"""What a drill's enterprise enters: nothing stands, nothing is done, nothing is wrong."""


@dataclass
class Days:
    """What the days of a drill have told so far that stands in no row: refusals and figures."""

    world: Drilled
    refused: list[dict[str, Any]] = field(default_factory=list)
    counted: list[dict[str, Any]] = field(default_factory=list)

    def act(self, event: Event) -> None:
        """Does one event of a day; what is refused is told, and nothing else of it."""
        enterprise = self.world.enterprises[event.fields["enterprise"]]
        try:
            if event.kind == "commit":
                self._commit(enterprise, event)
            else:
                self._acting(enterprise, event)
        except Refused as refusal:
            self.refused.append(
                {
                    "at": civil(event.at).isoformat(), "kind": "refused", "act": event.kind,
                    "by": str(event.fields.get("by") or event.fields.get("person")), "reason": refusal.reason,
                }
            )  # fmt: skip

    def _commit(self, enterprise: Enterprise, event: Event) -> None:
        person = self.world.person(enterprise, str(event.fields["by"]))
        typed = {**CALM, "risk": str(event.fields["risk"])}
        for name in event.fields["missing"]:
            for key in GROUPS.get(name, (name,)):
                typed[key] = ""
        commit(enterprise, by=as_person(person, owner_of(enterprise), event.at), at=event.at, typed=typed)

    def _acting(self, enterprise: Enterprise, event: Event) -> None:
        principal = staff.principals_of([enterprise], event.at).get(enterprise.pk)
        if principal is None:
            return
        by = at_the_machine(operator("drill"), owner_of(enterprise), event.at)
        for row in org.standing_in_for([principal.pk], event.at):
            deputies.end(row, by=by, at=event.at)
        person = self.world.person(enterprise, str(event.fields["person"]))
        deputies.declare(principal, person, away=False, start=event.at, until=event.fields["until"], by=by, at=event.at)

    def close(self, at: datetime) -> None:
        """24:00 of a day: what it came to, for every agency but towns and the register's seat."""
        day = civil_day(at - timedelta.resolution)
        for name, agency in self.world.agencies.items():
            if agency.level == AgencyLevel.TOWN or agency.role == NationalRole.REGISTRY:
                continue
            seen = Enterprise.objects.visible_to(Scope(agency_paths=(agency.path,)))
            told = figures(days_of(obliged(day, seen), day, at))
            self.counted.append(
                {
                    "at": civil(at).isoformat(), "kind": "figures", "agency": name, "day": day.isoformat(),
                    "obliged": told.obliged, "committed": told.committed, "on_time": told.on_time,
                    "missing": told.missing, "commitment_rate": told.rate.removesuffix(" %"),
                }
            )  # fmt: skip

    def lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """All lines of days, each with its place among those of its kind at one instant."""
        places = {each.pk: place for place, each in enumerate(self.world.enterprises.values())}
        names = {each.pk: name for name, each in self.world.enterprises.items()}
        for version in CommitmentVersion.objects.by_the_machine().select_related("commitment__enterprise__supervisor"):
            yield places[version.enterprise_id], _committed(version, names[version.enterprise_id])
        for row in Watched.objects.by_the_machine():
            line = {"kind": "watch", "enterprise": names[row.enterprise_id], "why": str(row.reason)}
            yield places[row.enterprise_id], {"at": civil(row.at).isoformat(), **line}
        told = Notice.objects.by_the_machine().filter(kind__in=[commitments.REMINDED, commitments.UNCOMMITTED])
        for notice in told.prefetch_related("messages"):
            yield places[notice.enterprise_id], self._told(notice, names[notice.enterprise_id])
        agencies = {name: place for place, name in enumerate(self.world.agencies)}
        yield from ((agencies[line["agency"]], line) for line in self.counted)
        yield from enumerate(self.refused)

    def _told(self, notice: Notice, enterprise: str) -> dict[str, Any]:
        kind = "reminded" if notice.kind == str(commitments.REMINDED) else "uncommitted"
        by_right = [each for each in notice.messages.all() if not each.acting_for]
        line: dict[str, Any] = {
            "at": civil(notice.sent_at).isoformat(), "kind": kind, "enterprise": enterprise,
            "to": sorted(self.world.shown[each.recipient] for each in by_right),
        }  # fmt: skip
        if notice.sent_at > notice.due_at:
            line |= {"due": civil(notice.due_at).isoformat(), "late": True, "missed": []}
        return line


def _committed(version: CommitmentVersion, enterprise: str) -> dict[str, Any]:
    day, first = version.commitment.day, version.commitment.first_at
    assert first is not None  # there is a version
    rules = locality.rules_of_one(version.commitment.enterprise, day)
    on_time = timeliness(day, rules, first, first).timeliness is Timeliness.ON_TIME
    return {
        "at": civil(version.at).isoformat(), "kind": "committed", "enterprise": enterprise, "by": version.actor_name,
        "version": version.number, "on_time": on_time, "late_minutes": late_minutes(day, rules, first),
        "acting": version.acting_for_id is not None, "risk": version.risk,
    }  # fmt: skip


def midnights(start: datetime, until: datetime) -> list[datetime]:
    """24:00 of every day that ends after the start and not after the end of a drill, soonest first."""
    day, found = civil_day(start) + timedelta(days=1), []
    while midnight(day) <= until:
        if midnight(day) > start:
            found.append(midnight(day))
        day += timedelta(days=1)
    return found
