"""The historian's round through the enterprises: what is older than its time of keeping goes, step by step.

The times are local settings of each enterprise's place (``history_raw_days``, ``history_rollup_days``). Days count
from civil midnight, so that an enterprise loses one day a day and its chain gets one entry for it. Our own clock alone
removes nothing: days count to what the gateways say of the present at the most. Runs in the historian's database
thread.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Max

from anlan.apps.gateways.models import GatewayLink
from anlan.apps.history.selectors.stored import instant, micros
from anlan.apps.history.services import retention
from anlan.apps.history.services.retention import Planned
from anlan.apps.journal import services as journal
from anlan.apps.registry.models import Enterprise, Gateway
from anlan.apps.registry.selectors import locality
from anlan.apps.warnings.selectors.evidence import evidence_of
from anlan.rules.calendar import civil_day, midnight
from anlan.stream.partition import partition_of

WITHOUT_DATA = timedelta(days=7)
"""So much later than the newest sample of all gateways the present may be (本地设定); a clock that stands further ahead
would cost history that nobody can bring back."""
ENTERPRISES = 50
"""Looked at in one step."""
ROWS = 500
"""Removed in one transaction at most, so that fresh data never wait long behind it."""
REMOVED = "history_removed"


def keep(after: int, mine: Collection[int], now: datetime) -> tuple[int, int]:
    """The next step behind enterprise ``after``: (where to go on, 0 at the end of the round; rows removed).

    Only enterprises of the partitions ``mine``. A step that removed something stops there and comes back to the same
    enterprise. A kill repeats the step.
    """
    sampled = GatewayLink.objects.by_the_machine().aggregate(newest=Max("last_sampled_at"))["newest"]
    present = now if sampled is None else min(now, sampled + WITHOUT_DATA)
    rows = Enterprise.objects.by_the_machine().filter(pk__gt=after).select_related("supervisor").order_by("pk")
    enterprises = list(rows[:ENTERPRISES])
    rules = locality.rules_of(enterprises, civil_day(now))
    for enterprise in enterprises:
        if partition_of(enterprise.code) not in mine:
            after = enterprise.pk
            continue
        held = rules[enterprise.pk]
        removed = 0
        for planned in _planned(
            enterprise, held.number("history_raw_days"), held.number("history_rollup_days"), present
        ):
            # told first: a kill in between tells twice what went once, never the other way round
            _journal(planned, now)
            removed += retention.remove(planned)
        if removed:
            return after, removed
        after = enterprise.pk
    return (after, 0) if len(enterprises) == ENTERPRISES else (0, 0)


def _planned(enterprise: Enterprise, raw_days: int, rollup_days: int, now: datetime) -> list[Planned]:
    gateways = list(Gateway.objects.by_the_machine().filter(enterprise=enterprise).values_list("code", flat=True))
    raw_before, rollups_before = _midnight(now, raw_days), _midnight(now, rollup_days)
    kept: list[tuple[int, int]] = []

    def ask() -> list[Planned | None]:
        return [
            retention.plan_raw(enterprise.code, raw_before, kept, ROWS),
            retention.plan_rollups(enterprise.code, gateways, rollups_before, kept, ROWS),
        ]

    if not any(ask()):
        return []  # the everyday case: nothing is old enough, and nobody need be asked what must stay
    kept += [(micros(start), micros(end)) for start, end in evidence_of(enterprise.pk, now)]
    return [each for each in ask() if each is not None]


def _midnight(now: datetime, days: int) -> int:
    return micros(midnight(civil_day(now) - timedelta(days=days)))


def _journal(planned: Planned, now: datetime) -> None:
    journal.record(
        f"enterprise:{planned.enterprise}",
        REMOVED,
        at=now,
        subject=f"history:{planned.kind}",
        after={
            "from": instant(planned.from_us),
            "until": instant(planned.until_us),
            "rows": len(planned.keys),
            "samples": planned.samples,
            "bytes": planned.bytes,
        },
    )
