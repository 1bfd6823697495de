"""Equipment without a model of its own: every point strays a little around the middle of its band."""

from __future__ import annotations

import random
from collections.abc import Mapping

from anlan.testing.plant.spec import EquipmentSpec
from anlan.testing.plant.units.base import Unit, Wander, band, between
from anlan.testing.plant.weather import Weather


class Wandering(Unit):
    def __init__(self, spec: EquipmentSpec, rng: random.Random) -> None:
        super().__init__(spec, rng)
        self._strays = {
            key: Wander(rng, 0.05 * (band(point)[1] - band(point)[0]), 300.0) for key, point in self._by_key.items()
        }

    def advance(self, dt: float, weather: Weather) -> None:
        for stray in self._strays.values():
            stray.step(dt)

    def state(self) -> Mapping[str, float]:
        return {key: between(point, 0.5) + self._strays[key].value for key, point in self._by_key.items()}
