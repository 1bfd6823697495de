"""What a driver hands over: all points of a gateway at one collect time.

The unit is the whole frame, because flatline, no-data and the history block rest on it. A scan never carries a value
that the source did not state: where the source is silent, the value is absent and the quality says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Quality(StrEnum):
    """How far a sample may be trusted; only ``GOOD`` samples may raise or clear a limit alarm at the centre."""

    GOOD = "good"
    UNCERTAIN = "uncertain"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Sample:
    """One point at one instant.

    ``value`` is a finite number, or ``None`` where the source gave none (then the quality is ``BAD``);
    ``sampled_at_us`` is the source's own time, microseconds since the epoch, never replaced by the time of sending.
    """

    value: float | None
    quality: Quality
    sampled_at_us: int


@dataclass(frozen=True, slots=True)
class Scan:
    """All samples of one collect time; ``connected`` is the state of the link between gateway and control system."""

    collected_at_us: int
    connected: bool
    samples: Mapping[str, Sample]
