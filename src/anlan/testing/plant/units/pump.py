"""A centrifugal pump: head falls with flow, bearings warm with work, and it may trip."""

from __future__ import annotations

import random
from collections.abc import Mapping

from anlan.testing.plant.spec import EquipmentSpec
from anlan.testing.plant.units.base import Unit, Wander, between
from anlan.testing.plant.weather import Weather

_SPIN_TAU_S = 4.0
_BEARING_TAU_S = 900.0


class Pump(Unit):
    """``speed`` is the share of rated speed: 1 running, 0 stopped."""

    def __init__(self, spec: EquipmentSpec, rng: random.Random) -> None:
        super().__init__(spec, rng)
        pressure, flow, bearing = self.point("YL1"), self.point("LL1"), self.point("WD1")
        self._head = between(pressure, 0.5) if pressure else 1.0
        self._rated = between(flow, 0.55) if flow else 80.0
        self._warm = between(bearing, 0.72) if bearing else 55.0
        self.running = True
        self.speed = 1.0
        self.bearing_c = self._warm
        self._load = Wander(rng, 0.05, 120.0)

    def trip(self) -> None:
        self.running = False

    def recover(self) -> None:
        self.running = True

    @property
    def flow(self) -> float:
        return self._rated * self.speed * (1 + self._load.value)

    @property
    def pressure(self) -> float:
        # Affinity law: head with the square of speed; and a flatter curve against load.
        return self._head * self.speed**2 * (1 - 0.5 * self._load.value)

    def advance(self, dt: float, weather: Weather) -> None:
        self._load.step(dt)
        self.speed += ((1.0 if self.running else 0.0) - self.speed) * min(1.0, dt / _SPIN_TAU_S)
        rest = weather.air_c
        warm = rest + (self._warm - rest) * self.speed * (1 + 0.3 * self._load.value)
        self.bearing_c += (warm - self.bearing_c) * min(1.0, dt / _BEARING_TAU_S)

    def state(self) -> Mapping[str, float]:
        return {"YL1": self.pressure, "LL1": self.flow, "WD1": self.bearing_c}
