"""To whom a city's spot-check problem goes: 实施通知 一 (ORG-04).

The city's command and dispatch centre hands it to the county bureau and the park, tells the parent group, copies its
own business section (危化科); the enterprise verifies first and reports back. Must never go to another county.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """What somebody has to do with the problem."""

    HANDLE = "handle"  # 督促整改
    NOTIFIED = "notified"  # 知悉
    COPY = "copy"  # 抄送
    FEED_BACK = "feed_back"  # 核实、整改、反馈


@dataclass(frozen=True, slots=True)
class Found:
    """Where a problem was found. ``park`` and ``group`` are None when the enterprise is in none."""

    enterprise: str
    county: str
    park: str | None
    group: str | None
    section: str
    """The finding city's business section."""


def problem_recipients(found: Found) -> list[tuple[str, Part]]:
    """Everyone who gets the problem, each with their part, in the order in which they act."""
    parts: list[tuple[str | None, Part]] = [
        (found.county, Part.HANDLE),
        (found.park, Part.HANDLE),
        (found.group, Part.NOTIFIED),
        (found.section, Part.COPY),
        (found.enterprise, Part.FEED_BACK),
    ]
    return [(unit, part) for unit, part in parts if unit is not None]
