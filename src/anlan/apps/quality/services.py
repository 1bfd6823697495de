"""Looks at the register and the data of an enterprise, and keeps the findings in step with what is there.

What is found opens, counts up or goes on (`findings.services.found`); what is not there any more is settled by the
machine's second look (`gone`), and what was reported as rectified and is there all the same goes back. Whatever is
looked at again gives the same findings; a crash leaves whole findings and the next look does the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import connection, transaction

from anlan import now as clock
from anlan.apps.findings.models import Finding, FindingState
from anlan.apps.findings.selectors import refuted_since, unclosed_of
from anlan.apps.findings.services import found, gone, still_there
from anlan.apps.quality import selectors
from anlan.apps.quality.kinds import KINDS, SUSPECTED
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors import equipment
from anlan.apps.registry.selectors.locality import of_keys, rules_of_one
from anlan.refused import Refused
from anlan.rules.calendar import civil_day
from anlan.rules.quality import Fault, Minute, Point, look, same_everywhere, suspect
from anlan.stream.points import signs_in

WINDOW = timedelta(hours=24)
"""So much of the data is looked at together."""
AT_ONCE = 100
"""Points whose data are looked at in one piece, but a device is never parted."""


def check_register(enterprise: Enterprise, at: datetime) -> list[Fault]:
    """第四条 to 第六条 over all that the register says of an enterprise; returns what stands now."""
    faults = look(selectors.plant_of(enterprise, at))
    _settle(enterprise, faults, set(KINDS) - SUSPECTED, at)
    return faults


def check_data(enterprise: Enterprise, until: datetime, after: str = "") -> str:
    """第二条 over the data of the `WINDOW` before an instant, of the devices behind one, some at a time.

    Returns the last device that was looked at, empty when it was the last of the enterprise. A point that measured
    nothing keeps the suspicions that it had: nothing shows that they are over.
    """
    rules = rules_of_one(enterprise, civil_day(until))
    frozen, quiet_days = rules.number("unchanged_samples"), rules.length("quality_quiet_days")
    rows, last = selectors.next_devices(enterprise, after, AT_ONCE)
    faults: list[Fault] = []
    devices: dict[str, list[tuple[Point, list[Minute]]]] = {}
    for row, minutes in selectors.measured(rows, until - WINDOW, until):
        point = selectors.point_of(row)
        if minutes:
            faults += suspect(point, minutes, frozen_samples=frozen, signs=signs_in(row.missing))
            devices.setdefault(point.device, []).append((point, minutes))
    for members in devices.values():
        faults += same_everywhere(members)
    quiet = refuted_since(enterprise, SUSPECTED, until - quiet_days)
    told = [each for each in faults if (each.check.key, _subject(each.code)) not in quiet]
    looked_at = {
        _subject(code) for device, members in devices.items() for code in (device, *(p.code for p, _ in members))
    }
    _settle(enterprise, told, set(SUSPECTED), until, set(map(_subject, looked_at)))
    return last


def _settle(
    enterprise: Enterprise, faults: Iterable[Fault], kinds: set[str], at: datetime, subjects: Collection[str] = ()
) -> None:
    """Findings of these kinds (and, where named, about these ``subjects``) become those that stand, in one
    transaction."""
    sources = equipment.sources_of(enterprise)
    with transaction.atomic():
        rows = unclosed_of(enterprise, kinds)
        there = {(row.kind, row.subject): row for row in rows if not subjects or row.subject in subjects}
        standing: set[tuple[str, str]] = set()
        for fault in faults:
            place = (fault.check.key, _subject(fault.code))
            standing.add(place)
            if place not in there:
                found(
                    KINDS[fault.check.key], enterprise=enterprise, subject=place[1], text=fault.text, at=at,
                    source_id=sources.get(fault.source),
                )  # fmt: skip
            elif _was_reported(there[place], at):
                _once(partial(still_there, there[place], at))
        for place, row in there.items():
            if place not in standing and row.state != FindingState.VERIFIED:
                _once(partial(gone, row, at))


def _was_reported(row: Finding, at: datetime) -> bool:
    return row.state == FindingState.RECTIFIED and row.rectified_at is not None and row.rectified_at < at


def _once(step: partial[Finding]) -> None:
    """A person may have moved it on since it was read: then there is nothing to do for the machine."""
    with suppress(Refused):
        step()


def _subject(code: str) -> str:
    return f"quality:{code}"[:80]


@dataclass(frozen=True)
class _LookAgain:
    """Looks at an enterprise once a transaction, however much of it was changed there."""

    enterprise_id: int

    def __call__(self) -> None:
        enterprise = of_keys([self.enterprise_id]).filter(is_active=True).first()
        if enterprise is not None:
            check_register(enterprise, clock.now())


def look_after_change(enterprise: Enterprise) -> None:
    """Have an enterprise looked at when the change of its register is committed. Should the process end in between,
    the historian's round does it (`roles.historian.chores`)."""
    again = _LookAgain(enterprise.pk)
    if not any(each[1] == again for each in connection.run_on_commit):
        transaction.on_commit(again, robust=True)
