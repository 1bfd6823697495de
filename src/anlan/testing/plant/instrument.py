"""From the true value to what the control system shows: noise, resolution, range, and instruments that fail."""

from __future__ import annotations

import random

from anlan.testing.plant.spec import PointSpec

_NOISE_OF_RANGE = 0.0004
_GAS_NOISE_OF_RANGE = 0.002


class Instrument:
    """One transmitter. ``stuck`` repeats its last value; ``dead`` gives none (the control system says bad)."""

    def __init__(self, point: PointSpec, rng: random.Random) -> None:
        self.point = point
        self._rng = rng
        share = _GAS_NOISE_OF_RANGE if point.kind == "QT" else _NOISE_OF_RANGE
        self._noise = share * (point.range_max - point.range_min)
        self._shown = point.range_min
        self.stuck = False
        self.dead = False

    def show(self, true: float) -> float | None:
        """The value as displayed, or ``None`` while dead. Never outside the range: a transmitter saturates."""
        if not self.stuck:
            noisy = true + self._rng.gauss(0, self._noise)
            kept = min(self.point.range_max, max(self.point.range_min, noisy))
            self._shown = round(kept, self.point.decimals)
        return None if self.dead else self._shown
