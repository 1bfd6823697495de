"""What people declared and late data showed in the country of `bench._national_world`: filings, shelves, suppression
rules, retrospective records, missing numbers, pauses, doubtful clocks and findings; no benchmark of its own.

Ninety days of them. None withholds an alarm: what is counted elsewhere stays as it was written.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from anlan.database import bulk

DAYS = 90


@dataclass(frozen=True)
class Matters:
    """How many of each."""

    filings: int = 30_000
    shelvings: int = 50_000
    suppressions: int = 15_000
    retrospectives: int = 50_000
    gaps: int = 50_000
    pauses: int = 5_000
    clocks: int = 500
    findings: int = 50_000

    def times(self, share: float) -> Matters:
        """As many of each in a country that is so much smaller."""
        return Matters(**{name: round(share * count) for name, count in asdict(self).items()})


def write(now: datetime, amount: Matters, seed: int = 8) -> None:
    """Write all of them into a country that has none yet."""
    from anlan.apps.registry.models import Point

    dice = random.Random(seed)
    points = list(Point.objects.by_the_machine().order_by("pk").values_list("pk", "enterprise_id", "source_id", "gas"))
    _filings(now, amount.filings, points, dice)
    _shelvings(now, amount.shelvings, points, dice)
    _suppressions(now, amount.suppressions, points, dice)
    _retrospectives(now, amount.retrospectives, points, dice)
    _packets(now, amount, dice)
    _findings(now, amount.findings, points, dice)


def _moments(now: datetime, count: int) -> Iterator[tuple[int, datetime]]:
    """So many instants spread over the last ninety days, the newest last."""
    step = timedelta(days=DAYS) / max(1, count)
    return ((number, now - timedelta(days=DAYS) + step * number) for number in range(count))


def _filings(now: datetime, count: int, points: list[Any], dice: random.Random) -> None:
    """Windows of eight hours; those of the last days wait for their confirmation or are in force."""
    from anlan.apps.alarms.models import Filing, FilingKind, FilingReach, FilingState
    from anlan.apps.registry.models import Enterprise

    agencies = dict(Enterprise.objects.by_the_machine().values_list("pk", "supervisor_id"))
    rows = []
    for number, at in _moments(now, count):
        _point, enterprise, source, _gas = dice.choice(points)
        ends = at + timedelta(hours=9)
        decided = at + timedelta(minutes=40) if number % 8 or ends < now else None
        state = FilingState.FILED if decided is None else FilingState.ENDED if ends < now else FilingState.CONFIRMED
        reach = FilingReach.SOURCE if source and number % 2 else FilingReach.ENTERPRISE
        rows.append(
            Filing(
                enterprise_id=enterprise, reach=reach, source_id=source if reach == FilingReach.SOURCE else None,
                kind=FilingKind.values[number % 3], reason="示例检修", starts_at=at + timedelta(hours=1), ends_at=ends,
                state=state, filed_at=at, filed_by="示例", decided_at=decided, decided_by="示例" if decided else "",
                agency_id=agencies[enterprise] if decided else None, effective_at=decided,
                ended_at=ends if state == FilingState.ENDED else None,
            )
        )  # fmt: skip
    bulk.insert(rows)


def _shelvings(now: datetime, count: int, points: list[Any], dice: random.Random) -> None:
    """Shelves of four hours, each of another point."""
    from anlan.apps.alarms.models import AlarmSide, Shelving, ShelvingState

    chosen = dice.sample(points, min(count, len(points)))
    rows = []
    for (_number, at), (point, enterprise, _source, _gas) in zip(_moments(now, len(chosen)), chosen, strict=True):
        ends = at + timedelta(hours=4)
        rows.append(
            Shelving(
                enterprise_id=enterprise, point_id=point, side=AlarmSide.HIGH, reason="示例：仪表校验", minutes=240,
                state=ShelvingState.EXPIRED if ends < now else ShelvingState.IN_FORCE, asked_at=at, asked_by="示例",
                begins_at=at, ends_at=ends, ended_at=ends if ends < now else None,
            )
        )  # fmt: skip
    bulk.insert(rows)


def _suppressions(now: datetime, count: int, points: list[Any], dice: random.Random) -> None:
    """Rules of one version, four in five of them approved, each for three points of its own enterprise."""
    from anlan.apps.alarms.models import AlarmSide, Comparison, SuppressionRule, SuppressionState

    by_enterprise: dict[int, list[int]] = {}
    for point, enterprise, _source, _gas in points:
        by_enterprise.setdefault(enterprise, []).append(point)
    homes = list(by_enterprise)
    rows, targets = [], []
    for number, at in _moments(now, count):
        enterprise = homes[number % len(homes)]
        condition, *others = dice.sample(by_enterprise[enterprise], min(4, len(by_enterprise[enterprise])))
        approved = number % 5 > 0
        rows.append(
            SuppressionRule(
                enterprise_id=enterprise, code=f"n-{number}", name=f"示例泵停{number}", condition_id=condition,
                comparison=Comparison.AT_OR_BELOW, threshold=0.5, side=AlarmSide.LOW, reason="示例设计文件",
                state=SuppressionState.APPROVED if approved else SuppressionState.PROPOSED, proposed_at=at,
                proposed_by="示例", decided_at=at + timedelta(hours=2) if approved else None,
            )
        )  # fmt: skip
        targets.append(others)
    bulk.insert(rows, keys=True)
    link = SuppressionRule.points.through
    bulk.insert(
        [link(suppressionrule_id=row.pk, point_id=point) for row, others in zip(rows, targets, strict=True)
         for point in others]
    )  # fmt: skip


def _retrospectives(now: datetime, count: int, points: list[Any], dice: random.Random) -> None:
    from anlan.apps.alarms.models import AlarmSide, Retrospective, Shown

    rows = []
    for number, at in _moments(now, count):
        point, enterprise, source, _gas = dice.choice(points)
        rows.append(
            Retrospective(
                id=f"national-{number}", enterprise_id=enterprise, source_id=source, point_id=point,
                shown=Shown.EXCURSION, side=AlarmSide.HIGH, worst="H", limit=80.0, extreme=84.0, started_at=at,
                cleared_at=at + timedelta(minutes=5), received_at=at + timedelta(hours=6),
                found_at=at + timedelta(hours=6),
            )
        )  # fmt: skip
    bulk.insert(rows)


def _packets(now: datetime, amount: Matters, dice: random.Random) -> None:
    """Missing numbers of gateways, pauses of their intake, and clocks that were doubtful once."""
    from anlan.apps.gateways.models import GatewayClock, SequenceGap, Suspension
    from anlan.apps.registry.models import Gateway

    gateways = list(Gateway.objects.by_the_machine().order_by("pk").values_list("pk", "enterprise_id"))
    bulk.insert(
        [
            SequenceGap(
                gateway_id=gateway, enterprise_id=enterprise, boot="", first=10 * number, last=10 * number + 3,
                missing=[[10 * number, 10 * number + 3]] if number % 20 == 0 else [],
                numbers=4 if number % 20 == 0 else 0, noticed_at=at,
                closed_at=None if number % 20 == 0 else at + timedelta(minutes=3),
            )
            for number, at in _moments(now, amount.gaps)
            for gateway, enterprise in [dice.choice(gateways)]
        ]
    )  # fmt: skip
    bulk.insert(
        [
            Suspension(
                gateway_id=gateway, enterprise_id=enterprise, started_at=at, until=at + timedelta(minutes=10),
                refused=90, packets=100, reason="future_dated",
            )
            for _number, at in _moments(now, amount.pauses)
            for gateway, enterprise in [dice.choice(gateways)]
        ]
    )  # fmt: skip
    doubtful = dice.sample(gateways, min(amount.clocks, len(gateways)))
    bulk.insert(
        [
            GatewayClock(
                gateway_id=gateway, enterprise_id=enterprise, offset_s=-90, measured_at=at, behind_s=90,
                suspect_since=at if number % 4 == 0 else None,
            )
            for (number, at), (gateway, enterprise) in zip(_moments(now, len(doubtful)), doubtful, strict=True)
        ],
        keys=True,
    )  # fmt: skip


def _findings(now: datetime, count: int, points: list[Any], dice: random.Random) -> None:
    """Two in ten are not closed yet."""
    from anlan.apps.findings.models import Finding, FindingState
    from anlan.apps.gateways import kinds

    rows = []
    for number, at in _moments(now, count):
        _point, enterprise, source, _gas = dice.choice(points)
        closed = number % 10 > 1
        rows.append(
            Finding(
                kind=kinds.DATA_FAULT, enterprise_id=enterprise, source_id=source, subject=f"national:{number}",
                text="示例：数据异常", state=FindingState.CLOSED if closed else FindingState.OPEN, found_at=at,
                seen_at=at, closed_at=at + timedelta(days=1) if closed else None,
            )
        )  # fmt: skip
    bulk.insert(rows)
