"""Turns notifications of single points into full frames, and silence into falling quality.

Pure: the caller brings the times. A point keeps its last value with its *own* source time; a value that was not
confirmed for a few periods is first uncertain, then bad and without a value. No value is ever re-stamped.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from anlan.edge.scan import Quality, Sample, Scan

_CLOCK_STEP_US = 5_000_000
_KEPT_PER_POINT = 256


@dataclass
class _Point:
    last: Sample | None = None
    confirmed_at: float = 0.0
    waiting: deque[Sample] = field(default_factory=lambda: deque(maxlen=_KEPT_PER_POINT))
    told: Quality | None = None


class PointMemory:
    """Last state of every expected point of one gateway."""

    def __init__(
        self, codes: Iterable[str], *, period_seconds: float, uncertain_after: float = 3.0, bad_after: float = 10.0
    ) -> None:
        """``uncertain_after`` and ``bad_after`` are periods without confirmation."""
        self._points = {code: _Point() for code in codes}
        self._period = period_seconds
        self._uncertain_seconds = uncertain_after * period_seconds
        self._bad_seconds = bad_after * period_seconds
        self._spoken = 0
        self._connected = False
        self._told_connected: bool | None = None
        self._last_frame_us: int | None = None

    @property
    def codes(self) -> list[str]:
        return list(self._points)

    def connect(self, codes: Iterable[str], monotonic: float) -> None:
        """The link stands; ``codes`` is what is expected now. A point has the grace of silence from this instant."""
        kept = self._points
        self._points = {code: kept.get(code, _Point()) for code in codes}
        for point in self._points.values():
            point.confirmed_at = monotonic
            point.told = None
        self._connected = True

    def disconnect(self) -> None:
        """The link is lost: nothing known before counts as current."""
        self._connected = False
        for point in self._points.values():
            point.last = None

    def arrive(self, code: str, value: float | None, quality: Quality, sampled_at_us: int, monotonic: float) -> None:
        """A notification: the source states (or confirms) this value now. Unusable numbers become bad."""
        point = self._points[code]
        self._spoken += not point.waiting
        if value is None or not math.isfinite(value) or quality is Quality.BAD:
            value, quality = None, Quality.BAD
        point.last = Sample(value, quality, sampled_at_us)
        point.confirmed_at = monotonic
        point.waiting.append(point.last)

    @property
    def complete(self) -> bool:
        """Whether every point has spoken since the last frame: then the frame need not wait for its tick."""
        return self._connected and 0 < len(self._points) == self._spoken

    def unconfirmed(self, monotonic: float) -> list[str]:
        """Points that said nothing for a period: those a driver may ask for outright."""
        return [
            code
            for code, point in self._points.items()
            if not point.waiting and monotonic - point.confirmed_at >= self._period
        ]

    def frames(self, tick_us: int, monotonic: float) -> list[Scan]:
        """The frames due at this tick, oldest first; often one, none when nothing was said and nothing is overdue.

        When a point spoke more than once since the last tick, earlier values go in earlier frames (holding only the
        points that have them), so that nothing the source told is dropped. Collect times rise strictly; only a clock
        that was set back by more than 5 s is followed back.
        """
        depth = max((len(point.waiting) for point in self._points.values()), default=0)
        frames: list[Scan] = []
        kept_for_full = 1 if self._connected else 0
        for left in range(depth, kept_for_full, -1):
            spoken = {
                code: point.waiting.popleft() for code, point in self._points.items() if len(point.waiting) >= left
            }
            frames.append(self._frame(spoken, list(spoken.values()), tick_us, connected=True))
        self._spoken = 0
        fresh: list[Sample] = []
        changed = self._connected is not self._told_connected or not self._connected
        full: dict[str, Sample] = {}
        for code, point in self._points.items():
            if point.waiting:
                fresh.append(point.waiting[0])
                point.waiting.clear()
            sample = self._standing(point, tick_us, monotonic)
            if sample is None:
                continue
            # While silence is within its grace and quality has not moved, there is nothing new to say.
            changed |= sample.quality is not point.told or sample.value is None
            point.told = sample.quality
            full[code] = sample
        if full and (fresh or changed):
            frames.append(self._frame(full, fresh, tick_us, connected=self._connected))
            self._told_connected = self._connected
        return frames

    def _standing(self, point: _Point, tick_us: int, monotonic: float) -> Sample | None:
        """The point as it stands now; ``None`` while a point that has not spoken yet is within its grace."""
        silence = monotonic - point.confirmed_at
        last = point.last
        if not self._connected or silence > self._bad_seconds:
            return Sample(None, Quality.BAD, tick_us)
        if last is None:
            return None if silence <= self._uncertain_seconds else Sample(None, Quality.BAD, tick_us)
        if silence > self._uncertain_seconds and last.quality is Quality.GOOD:
            return Sample(last.value, Quality.UNCERTAIN, last.sampled_at_us)
        return last

    def _frame(self, samples: dict[str, Sample], fresh: list[Sample], tick_us: int, *, connected: bool) -> Scan:
        collected = tick_us
        if fresh:
            # A source that stamps its whole scan alike gives the frame its time; samples then need none of their own.
            common = Counter(sample.sampled_at_us for sample in fresh).most_common(1)[0][0]
            window_us = max(2_000_000, int(2 * self._period * 1e6))
            if abs(common - tick_us) <= window_us:
                collected = common
        last = self._last_frame_us
        if last is not None and collected <= last:
            collected = tick_us if tick_us > last or tick_us < last - _CLOCK_STEP_US else last + 1
        self._last_frame_us = collected
        return Scan(collected, connected, samples)
