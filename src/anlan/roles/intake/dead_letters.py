"""Stops taking a gateway's data while most of it has to be refused: one broken sender must not cost the others.

Counted over a short window in memory. What was taken before is untouched; the pause is over by itself, or when a
person lifts it. Refusals that are part of an agreement (an unknown tag list) or that somebody else may cause (a wrong
key) do not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from anlan.apps.gateways.services import Pause
from anlan.stream.refusal import Refusal

COUNTED = frozenset(
    {
        Refusal.MALFORMED, Refusal.NOT_UTF8, Refusal.BAD_TIME, Refusal.FOREIGN, Refusal.FUTURE_DATED, Refusal.TOO_OLD,
        Refusal.TOO_MANY_SAMPLES, Refusal.TOO_MANY_PACKETS, Refusal.TOO_BIG, Refusal.ALTERED, Refusal.UNDECIPHERABLE,
    }
)  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """Local settings: a pause of ``pause`` begins when, within ``window``, at least ``least`` packets were refused and
    they are more than ``percent`` of all."""

    percent: float
    least: int
    window: timedelta
    pause: timedelta


@dataclass
class _Window:
    begun: datetime
    packets: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


class DeadLetters:
    """Counts by gateway; one window at a time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._windows: dict[str, _Window] = {}

    @property
    def longest(self) -> timedelta:
        """No pause lasts longer."""
        return self._limits.pause

    def count(self, gateway: str, packets: int, reasons: Iterable[str], at: datetime) -> Pause | None:
        """``packets`` came, of which some were refused for ``reasons``; the pause that follows, if one does."""
        counted = [reason for reason in reasons if reason in COUNTED]
        window = self._windows.get(gateway)
        if window is None and not counted:
            return None
        if window is None or not window.begun <= at < window.begun + self._limits.window:
            window = self._windows[gateway] = _Window(at)
        window.packets += packets
        window.reasons.update(counted)
        refused = window.reasons.total()
        if refused < self._limits.least or 100 * refused <= self._limits.percent * window.packets:
            return None
        del self._windows[gateway]
        reason = window.reasons.most_common(1)[0][0]
        return Pause(gateway, at, at + self._limits.pause, window.packets, refused, reason)
