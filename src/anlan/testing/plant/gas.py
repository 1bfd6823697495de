"""A leak, the cloud it makes, and what the detectors around it see.

A ground-level Gaussian plume: widest and thinnest far downwind, nothing upwind. Detectors answer late, as real ones do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from anlan.testing.plant.spec import EquipmentSpec, PointSpec

_DETECTOR_TAU_S = 12.0
_FREE_AIR_OXYGEN = 20.9
_NEAR_M = 0.5
_PEAK_OVER_HH = 1.45


@dataclass(frozen=True, slots=True)
class Place:
    """Metres on the plan of a hazard source."""

    x: float
    y: float


def dilution(source: Place, at: Place, bearing: float, wind_ms: float) -> float:
    """Concentration at ``at`` for one unit released per second at ``source``; zero upwind."""
    dx, dy = at.x - source.x, at.y - source.y
    downwind = dx * math.cos(bearing) + dy * math.sin(bearing)
    if downwind <= 0:
        return 0.0
    across = -dx * math.sin(bearing) + dy * math.cos(bearing)
    wide, high = 0.16 * downwind + _NEAR_M, 0.12 * downwind + _NEAR_M
    return math.exp(-0.5 * (across / wide) ** 2) / (math.pi * wide * high * wind_ms)


class Detector:
    """One gas detector. Oxygen detectors see the air displaced (or enriched); the others see the gas."""

    def __init__(self, spec: EquipmentSpec, place: Place) -> None:
        self.spec = spec
        self.place = place
        self.point: PointSpec = spec.points[0]
        self.oxygen = self.point.gas == "oxygen"
        self.seen = 0.0

    @property
    def alarm_at(self) -> tuple[float, float]:
        """(H, HH) in the detector's unit, as an excess over clean air."""
        high = self.point.limits[2] or self.point.range_max * 0.25
        highest = self.point.limits[3] or 2 * high
        if self.oxygen:
            return high - _FREE_AIR_OXYGEN, 1.5 * (high - _FREE_AIR_OXYGEN)
        return high, highest

    def step(self, dt: float, concentration: float) -> None:
        self.seen += (concentration - self.seen) * (1 - math.exp(-dt / _DETECTOR_TAU_S))

    @property
    def value(self) -> float:
        return self.seen + (_FREE_AIR_OXYGEN if self.oxygen else 0.0)


@dataclass(slots=True)
class Leak:
    """A release that grows to ``rate`` within ``rise_s`` and is sealed after ``duration_s``. Times in seconds."""

    place: Place
    rate: float
    rise_s: float
    duration_s: float
    age_s: float = 0.0

    def rate_before(self, delay_s: float) -> float:
        """The release that left the source ``delay_s`` ago."""
        age = self.age_s - delay_s
        if age <= 0 or age - self.duration_s > 0:
            return 0.0
        return self.rate * min(1.0, age / self.rise_s)

    def over(self, travel_s: float = 300.0) -> bool:
        return self.age_s > self.duration_s + travel_s

    def concentration(self, at: Place, bearing: float, wind_ms: float) -> float:
        share = dilution(self.place, at, bearing, wind_ms)
        if share == 0.0:
            return 0.0
        distance = math.hypot(at.x - self.place.x, at.y - self.place.y)
        return share * self.rate_before(distance / wind_ms)


def find_leak(
    detectors: Sequence[Detector], wanted: int, bearing: float, wind_ms: float, *, peak: str, rise_s: float,
    duration_s: float,
) -> Leak:  # fmt: skip
    """A leak that carries ``wanted`` of these detectors beyond HH (``peak`` "H": beyond H only) in the present wind.

    Tries places upwind of each detector and each neighbouring pair, and takes the one that tells the wanted detectors
    most clearly from the others. Raises ``ValueError`` when there are fewer detectors than wanted.
    """
    if not 1 <= wanted <= len(detectors):
        raise ValueError("fewer detectors than wanted")
    best: tuple[float, Place, list[float]] | None = None
    for target in _targets(detectors, wanted):
        for distance in (4, 6, 9, 13, 18, 25, 35, 50, 70):
            place = Place(target.x - distance * math.cos(bearing), target.y - distance * math.sin(bearing))
            shares = [dilution(place, detector.place, bearing, wind_ms) for detector in detectors]
            reached = sorted((share / detector.alarm_at[1] for share, detector in zip(shares, detectors, strict=True)),
                             reverse=True)  # fmt: skip
            if reached[wanted - 1] <= 0:
                continue
            others = reached[wanted] if wanted < len(reached) else 0.0
            # Wanted detectors should be alike, and the next one well below them.
            score = others / reached[wanted - 1] + 0.2 * reached[0] / reached[wanted - 1]
            if best is None or score < best[0]:
                best = (score, place, reached)
    if best is None:
        raise ValueError("no place upwind reaches the detectors")
    _, place, reached = best
    high, highest = detectors[0].alarm_at
    top = _PEAK_OVER_HH if peak == "HH" else (high + 0.6 * (highest - high)) / highest
    return Leak(place, top / reached[wanted - 1], rise_s, duration_s)


def _targets(detectors: Sequence[Detector], wanted: int) -> list[Place]:
    if wanted == 1:
        return [detector.place for detector in detectors]
    ordered = sorted(detectors, key=lambda detector: (detector.place.x, detector.place.y))
    return [Place((a.place.x + b.place.x) / 2, (a.place.y + b.place.y) / 2) for a, b in pairwise(ordered)]
