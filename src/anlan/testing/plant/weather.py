"""Air over the plant: temperature through the day, and a wind that turns slowly."""

from __future__ import annotations

import math
import random

_DAY_S = 86_400.0
_TURN_TAU_S = 3600.0
_TURN_SIGMA = math.radians(25)
_SPEED_TAU_S = 900.0


class Weather:
    """Deterministic by seed. ``bearing`` is where the wind blows *to*, radians from the x axis; speed in m/s."""

    def __init__(self, rng: random.Random, mean_air_c: float = 20.0) -> None:
        self._rng = rng
        self._mean_air_c = mean_air_c
        self._second = rng.uniform(0, _DAY_S)
        self._base = rng.uniform(0, 2 * math.pi)
        self._turn = 0.0
        self._gust = 0.0
        self.speed = 3.0

    @property
    def bearing(self) -> float:
        return self._base + self._turn

    @property
    def air_c(self) -> float:
        return self._mean_air_c + 6.0 * math.sin(2 * math.pi * self._second / _DAY_S)

    def blow_towards(self, bearing: float) -> None:
        """Turn the wind to a bearing at once; it goes on turning from there."""
        self._base, self._turn = bearing, 0.0

    def step(self, dt: float) -> None:
        self._second += dt
        self._turn += -self._turn * dt / _TURN_TAU_S
        self._turn += _TURN_SIGMA * math.sqrt(2 * dt / _TURN_TAU_S) * self._rng.gauss(0, 1)
        self._gust += -self._gust * dt / _SPEED_TAU_S + 0.7 * math.sqrt(2 * dt / _SPEED_TAU_S) * self._rng.gauss(0, 1)
        self.speed = max(0.8, 3.0 + self._gust)
