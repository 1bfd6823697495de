"""Missing, late and false: three states that are never merged (GEN-08).

Whether something came in time is one question, whether it was true another; a false commitment made at 09:30 is on
time and false, and a late one is not missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from anlan.rules.calendar import Deadline


class Timeliness(StrEnum):
    """Where a submission stands in time."""

    PENDING = "pending"  # not there, still on time
    OVERDUE = "overdue"  # not there, the deadline has passed, it may still come late
    MISSING = "missing"  # not there when the books closed
    ON_TIME = "on_time"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A submission's two answers. `late_by` is zero unless it is late."""

    timeliness: Timeliness
    contradicted: bool
    late_by: timedelta

    @property
    def done(self) -> bool:
        """Counts in "done": submitted, in time or late."""
        return self.timeliness in (Timeliness.ON_TIME, Timeliness.LATE)


def judge(
    deadline: Deadline,
    now: datetime,
    submitted_at: datetime | None,
    closes_at: datetime | None = None,
    contradicted: bool = False,
) -> Judgement:
    """Judge one submission at `now`.

    `closes_at` is when the books close (24:00 for a daily duty); what comes at or after that is missing for that
    day. Without it a submission may come late for ever. `contradicted` says that its content was disproved.
    """
    closed = closes_at is not None and now >= closes_at
    if submitted_at is None or (closes_at is not None and submitted_at >= closes_at):
        if closed:
            return Judgement(Timeliness.MISSING, False, timedelta())
        state = Timeliness.OVERDUE if deadline.passed(now) else Timeliness.PENDING
        return Judgement(state, False, timedelta())
    if deadline.met_by(submitted_at):
        return Judgement(Timeliness.ON_TIME, contradicted, timedelta())
    return Judgement(Timeliness.LATE, contradicted, submitted_at - deadline.at)
