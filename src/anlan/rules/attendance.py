"""Who must be there: designated persons who log in every day (J-省, ORG-06), and a duty desk for 24 hours (ORG-07).

Must never count another person's log-in for a unit, and never round a gap in a roster away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from anlan.rules.calendar import Period, civil_day


def without_login(
    designated: Mapping[str, frozenset[str]], logins: Iterable[tuple[str, datetime]], day: date
) -> list[str]:
    """Units none of whose designated persons logged in on the civil day, in the order given.

    A unit that designated nobody is among them: nobody can have logged in for it.
    """
    present = {person for person, at in logins if civil_day(at) == day}
    return [unit for unit, persons in designated.items() if not persons & present]


@dataclass(frozen=True, slots=True)
class Shift:
    """One shift of a duty desk. ``technicians``: those on it who are professional technicians."""

    period: Period
    technicians: frozenset[str]


def roster_gaps(shifts: Sequence[Shift], within: Period) -> list[Period]:
    """Stretches of ``within`` that no shift with a technician covers, in order of time; none when all is covered."""
    gaps, covered = [], within.start
    manned = [shift.period for shift in shifts if shift.technicians]
    for period in sorted(manned, key=lambda period: period.start):
        if period.start >= within.end:
            break
        if period.start > covered:
            gaps.append(Period(covered, period.start))
        covered = max(covered, period.end)
    if covered < within.end:
        gaps.append(Period(covered, within.end))
    return gaps


def silent_handovers(shifts: Sequence[Shift], entries: Iterable[datetime], now: datetime) -> list[datetime]:
    """Ends of shifts that lie behind us without an entry in the log during the shift or at its very end."""
    written = sorted(entries)
    return [
        shift.period.end
        for shift in sorted(shifts, key=lambda shift: shift.period.end)
        if shift.period.end <= now and not any(shift.period.start <= at <= shift.period.end for at in written)
    ]
