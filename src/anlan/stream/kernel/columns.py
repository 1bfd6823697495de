"""The kernel's memory as columns: one row a point of the table, one array a fact.

It holds only what decisions or the live display rest on, and never decides anything.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NEVER = -(2**61)
"""No such instant. Far enough from any other that differences neither overflow nor look recent."""


class Columns:
    """Per-point state; one row a point of the table, times in epoch µs, `NEVER` where nothing happened.

    last/recv: newest sample of any quality and its receipt; good/good_recv: newest usable one; changed: when the value
    last differed; seen/frame: newest sign of life by receive and by collect time; expected: since when data is
    expected; said: the own time that its source stated last; bits: active alarms; pending[5]: start of an unfinished
    delay for LL, L, H, HH, bad quality; busy: any bit or pending; flips[2]: changes of limits and of quality since
    flips_us, for the hold; peak[2]: lowest and highest usable value since an excursion of the low and of the high
    limits began, its delay included, NaN outside of one; anchor[2]: samples about a minute apart, for the displayed
    trend.
    """

    def __init__(self, size: int) -> None:
        self.last_us = np.full(size, NEVER, np.int64)
        self.recv_us = np.full(size, NEVER, np.int64)
        self.good_us = np.full(size, NEVER, np.int64)
        self.good_recv_us = np.full(size, NEVER, np.int64)
        self.changed_us = np.full(size, NEVER, np.int64)
        self.seen_us = np.full(size, NEVER, np.int64)
        self.frame_us = np.full(size, NEVER, np.int64)
        self.expected_us = np.full(size, NEVER, np.int64)
        self.said_us = np.full(size, NEVER, np.int64)
        self.pending_us = np.full((size, 5), NEVER, np.int64)
        self.anchor_us = np.full((size, 2), NEVER, np.int64)
        self.anchor_value = np.full((size, 2), np.nan)
        self.flips_us = np.full((size, 2), NEVER, np.int64)
        self.flips = np.zeros((size, 2), np.uint8)
        self.peak = np.full((size, 2), np.nan)
        self.value = np.full(size, np.nan)
        self.quality = np.full(size, 2, np.uint8)
        self.bits = np.zeros(size, np.uint8)
        self.busy = np.zeros(size, np.bool_)

    def grow(self, size: int) -> None:
        """Make room for `size` rows; existing rows keep their state."""
        if size > len(self.bits):
            fresh = Columns(size - len(self.bits))
            for name in (*SAVED, *DERIVED):
                setattr(self, name, np.concatenate([getattr(self, name), getattr(fresh, name)]))

    def forget(self, rows: int | NDArray[np.int32]) -> None:
        """Make rows as if nothing had ever come."""
        fresh = Columns(1)
        for name in (*SAVED, *DERIVED):
            getattr(self, name)[rows] = getattr(fresh, name)[0]


SAVED = (
    "last_us",
    "recv_us",
    "good_us",
    "good_recv_us",
    "changed_us",
    "seen_us",
    "frame_us",
    "expected_us",
    "pending_us",
    "value",
    "quality",
    "bits",
    "flips_us",
    "flips",
    "peak",
    "said_us",
)
"""New columns come last: a checkpoint written before they existed leaves them as if nothing had happened."""
DERIVED = ("anchor_us", "anchor_value", "busy")
