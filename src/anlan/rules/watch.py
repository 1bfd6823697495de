"""每日重点关注 (MON-10): what "with many alarms" means. The article says 报警较多 and gives no number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

Subject = TypeVar("Subject")


def percentile(values: list[int], percent: int) -> int:
    """The smallest of ``values`` that at least so many per cent of them do not exceed (nearest rank). Raises ValueError
    without any."""
    if not values:
        raise ValueError("a percentile of nothing")
    place = -(-percent * len(values) // 100)
    return sorted(values)[max(place, 1) - 1]


def with_many(counts: Mapping[Subject, int], percents: Mapping[Subject, int]) -> dict[Subject, int]:
    """[reading] MON-10: who of these has many, with the number from which it counts as many: at or above the percentile
    of all of them, those with none included. Each is judged by the percentage of its own place; none is never many."""
    values = list(counts.values())
    limits = {percent: percentile(values, percent) for percent in set(percents.values())} if values else {}
    return {
        subject: limits[percents[subject]]
        for subject, count in counts.items()
        if count and count >= limits[percents[subject]]
    }
