"""Growing pauses between attempts, with jitter, so that a returning centre is not met by every gateway at once."""

from __future__ import annotations

import random


class Backoff:
    """Doubling pauses from ``first`` to ``most`` seconds; each drawn from the upper half of its step."""

    def __init__(self, first: float, most: float, *, rng: random.Random | None = None) -> None:
        self._first = first
        self._most = most
        self._rng = rng or random.Random()
        self._step = first

    def next(self) -> float:
        """Seconds to wait before the next attempt; the step doubles with each call."""
        step = self._step
        self._step = min(self._most, step * 2)
        return step * self._rng.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Start again from the first step, after a success."""
        self._step = self._first
