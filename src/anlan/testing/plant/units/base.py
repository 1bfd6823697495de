"""What every model has: points by indicator, normal bands from the limits, a slow wander."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Mapping

from anlan.testing.plant.spec import EquipmentSpec, PointSpec
from anlan.testing.plant.weather import Weather


class Unit:
    """One piece of equipment. ``lapse`` above 1 lets its own time run faster (accelerated incidents)."""

    def __init__(self, spec: EquipmentSpec, rng: random.Random) -> None:
        self.spec = spec
        self.rng = rng
        self.lapse = 1.0
        self._by_key: dict[str, PointSpec] = {}
        serial: Counter[str] = Counter()
        for point in spec.points:
            serial[point.kind] += 1
            self._by_key[f"{point.kind}{serial[point.kind]}"] = point

    def point(self, key: str) -> PointSpec | None:
        """The n-th point of a kind, e.g. ``WD2``; ``None`` if the equipment has none."""
        return self._by_key.get(key)

    def step(self, dt: float, weather: Weather) -> None:
        """Advance by ``dt`` seconds."""
        raise_if_negative(dt)
        self.advance(dt * self.lapse, weather)

    def advance(self, dt: float, weather: Weather) -> None:
        """The model's own step; overridden by every model."""

    def state(self) -> Mapping[str, float]:
        """True values by key (``WD1`` …)."""
        return {}

    def values(self) -> dict[str, float]:
        """True values by point code."""
        state = self.state()
        return {point.code: state[key] for key, point in self._by_key.items() if key in state}


class Wander:
    """A value that strays slowly around zero with a given spread (Ornstein–Uhlenbeck)."""

    def __init__(self, rng: random.Random, spread: float, tau_s: float) -> None:
        self._rng = rng
        self._spread = spread
        self._tau_s = tau_s
        self.value = rng.gauss(0, spread * 0.5)

    def step(self, dt: float) -> float:
        keep = math.exp(-dt / self._tau_s)
        kick = self._spread * math.sqrt(max(0.0, 1 - keep * keep))
        self.value = max(-2.5 * self._spread, min(2.5 * self._spread, self.value * keep + kick * self._rng.gauss(0, 1)))
        return self.value


def band(point: PointSpec) -> tuple[float, float]:
    """The band that raises no alarm: between L and H, else the range."""
    low, high = point.limits[1], point.limits[2]
    if low is None:
        low = point.limits[0] if point.limits[0] is not None else point.range_min
    if high is None:
        high = point.limits[3] if point.limits[3] is not None else point.range_max
    return low, high


def between(point: PointSpec, share: float) -> float:
    """A value at ``share`` of the way through the band."""
    low, high = band(point)
    return low + share * (high - low)


def beyond(point: PointSpec, peak: str) -> float:
    """Where an incident carries this point: between H and HH for ``H``, clearly above HH for ``HH``."""
    high, highest = point.limits[2], point.limits[3]
    if high is None:
        return point.range_max
    if highest is None:
        return high + 0.2 * (point.range_max - high)
    if peak == "H":
        return high + 0.5 * (highest - high)
    return min(point.range_max, highest + max(0.35 * (highest - high), 0.01 * (point.range_max - point.range_min)))


def raise_if_negative(dt: float) -> None:
    if dt < 0:
        raise ValueError("time runs forward")
