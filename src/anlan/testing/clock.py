"""A clock that stands still until it is told to move."""

from __future__ import annotations

from datetime import datetime, timedelta


class FakeClock:
    """Shows ``start`` until moved. Refuses naive instants, as every service does."""

    def __init__(self, start: datetime) -> None:
        self._steady = 0.0
        self.turn_to(start)

    def now(self) -> datetime:
        """The instant it was last set to."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that have passed: moving forwards is time that passes."""
        return self._steady

    def set(self, instant: datetime) -> None:
        """Jump to ``instant``, forwards or backwards."""
        before = self._now
        self.turn_to(instant)
        self._steady += max(0.0, (instant - before).total_seconds())

    def turn_to(self, instant: datetime) -> None:
        """Show ``instant`` without any time passing: somebody set the clock."""
        if instant.tzinfo is None:
            raise ValueError("an instant needs a zone")
        self._now = instant

    def advance(self, seconds: float) -> datetime:
        """Move by ``seconds`` and return the new instant."""
        self.set(self._now + timedelta(seconds=seconds))
        return self._now
