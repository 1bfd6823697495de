"""A warehouse: temperature and humidity follow the air outside, late and damped."""

from __future__ import annotations

import random
from collections.abc import Mapping

from anlan.testing.plant.spec import EquipmentSpec
from anlan.testing.plant.units.base import Unit, Wander, band
from anlan.testing.plant.weather import Weather

_WALL_TAU_S = 3 * 3600.0


class Warehouse(Unit):
    """``WD1`` temperature, ``SD1`` relative humidity."""

    def __init__(self, spec: EquipmentSpec, rng: random.Random) -> None:
        super().__init__(spec, rng)
        self.temperature_c = rng.uniform(18, 22)
        self.heat_c_per_s = 0.0
        humid = self.point("SD1")
        self._humidity = 0.65 * (band(humid)[1] if humid else 80.0)
        self._damp = Wander(rng, 2.0, 1800.0)

    def warm(self) -> None:
        """The cooling of the store fails, or goods heat by themselves."""
        self.heat_c_per_s = 4.0 / 60

    def recover(self) -> None:
        self.heat_c_per_s = 0.0
        self.temperature_c = min(self.temperature_c, 24.0)

    def advance(self, dt: float, weather: Weather) -> None:
        exchange = (min(weather.air_c, 27.0) - self.temperature_c) / _WALL_TAU_S
        self.temperature_c += (exchange + self.heat_c_per_s) * dt
        self._damp.step(dt)

    def state(self) -> Mapping[str, float]:
        # Warmer air of the same water content is relatively drier.
        return {"WD1": self.temperature_c, "SD1": self._humidity + self._damp.value - 0.8 * (self.temperature_c - 20.0)}
