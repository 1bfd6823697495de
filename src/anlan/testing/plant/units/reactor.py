"""A reactor held at its temperature by a jacket; without cooling it runs away, faster the hotter it gets."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

from anlan.testing.plant.spec import EquipmentSpec, PointSpec
from anlan.testing.plant.units.base import Unit, Wander, band, between, beyond
from anlan.testing.plant.weather import Weather

_CONTROL_TAU_S = 120.0
_RUNAWAY_S = 45.0


class Reactor(Unit):
    """Temperature (WD1), pressure (YL1), feed (LL1), jacket (WD2) and level (YW1), as far as the points exist."""

    def __init__(self, spec: EquipmentSpec, rng: random.Random) -> None:
        super().__init__(spec, rng)
        hot, pressed = self.point("WD1"), self.point("YL1")
        self._set_c = _normal(hot, 0.55, 80.0)
        self._top_c = band(hot)[1] if hot else 2 * self._set_c
        self.temperature_c = self._set_c
        self._set_mpa = _normal(pressed, 0.7, 1.0)
        self._top_mpa = band(pressed)[1] if pressed else 2 * self._set_mpa
        self._feed = _normal(self.point("LL1"), 0.5, 20.0)
        self._level = _normal(self.point("YW1"), 0.5, 50.0)
        self._jacket = _normal(self.point("WD2"), 0.6, 60.0)
        self._cooling = True
        self._peak_c = math.inf
        self._stray = Wander(rng, 0.04 * (self._top_c - self._set_c), 240.0)
        self._flow_stray = Wander(rng, 0.02, 90.0)
        self._level_stray = Wander(rng, 0.03, 300.0)

    def lose_cooling(self, peak: str) -> None:
        """Cooling water fails. An emergency quench stops the rise where ``peak`` says."""
        hot = self.point("WD1")
        if hot is not None:
            self._cooling = False
            self._peak_c = beyond(hot, peak)

    def recover(self) -> None:
        self._cooling = True
        self._peak_c = math.inf

    @property
    def heat_share(self) -> float:
        """How far from the set point towards the high limit, as a share; above 1 beyond it."""
        return (self.temperature_c - self._set_c) / max(1e-9, self._top_c - self._set_c)

    @property
    def pressure_mpa(self) -> float:
        # Exponential in temperature, as vapour is, meeting its own high limit only when well beyond the temperature's.
        growth = math.log(max(1.01, self._top_mpa / self._set_mpa)) / 1.25
        return self._set_mpa * math.exp(growth * self.heat_share)

    def advance(self, dt: float, weather: Weather) -> None:
        self._flow_stray.step(dt)
        self._level_stray.step(dt)
        if self._cooling:
            target = self._set_c + self._stray.step(dt)
            self.temperature_c += (target - self.temperature_c) * min(1.0, dt / _CONTROL_TAU_S)
        elif self.temperature_c < self._peak_c:
            span = self._top_c - self._set_c
            rate = span / _RUNAWAY_S * math.exp(min(1.5, max(-1.0, self.heat_share - 0.5)))
            self.temperature_c = min(self._peak_c, self.temperature_c + rate * dt)

    def state(self) -> Mapping[str, float]:
        return {
            "WD1": self.temperature_c,
            "YL1": self.pressure_mpa,
            "LL1": self._feed * (1 + self._flow_stray.value),
            "WD2": self._jacket * (1 - 0.15 * min(1.5, self.heat_share if self._cooling else 0.0)),
            "YW1": self._level * (1 + self._level_stray.value),
        }


def _normal(point: PointSpec | None, share: float, otherwise: float) -> float:
    return otherwise if point is None else between(point, share)
