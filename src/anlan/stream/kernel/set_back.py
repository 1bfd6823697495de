"""What becomes of the kernel's memory when the present turns out to lie before it.

Receipts are stamped by our own clock. Once that was set ahead and right again, everything remembered from the time
between is later than whatever is still to come, and would make it look late. Nothing was received after the present:
what claims so is moved back, its distances kept, so that delays go on where they were. What a point said of the past
stands: a sample that comes once more is not judged once more. Pure; no clock.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anlan.stream.gateway_clock import SUSPECT_US
from anlan.stream.kernel.columns import NEVER, Columns

SLACK_US = SUSPECT_US
"""Receipts of several hosts may be so far apart, and samples so much older than their receipt."""
_NEWEST = ("last_us", "recv_us", "good_us", "good_recv_us", "seen_us", "frame_us", "expected_us")
_SINCE = ("changed_us", "pending_us", "flips_us", "said_us")
_THRESHOLDS = ("last_us", "good_us", "frame_us")
"""What a sample must be newer than to count. Where it has to be moved, nobody knows when the last one was taken: one
that was taken shortly before the present counts then."""


def furthest(state: Columns, rows: NDArray[np.int32] | slice) -> NDArray[np.int64]:
    """Of each row the latest instant that it remembers."""
    found: NDArray[np.int64] = state.last_us[rows].copy()
    for name in _NEWEST:
        np.maximum(found, getattr(state, name)[rows], out=found)
    return found


def set_back(state: Columns, rows: NDArray[np.int32] | slice, now_us: int) -> NDArray[np.int32]:
    """Move back those of ``rows`` that remember more than `SLACK_US` after ``now_us``; returns which. Again: none."""
    ahead = furthest(state, rows)
    off = np.flatnonzero(ahead > now_us + SLACK_US)
    if not len(off):
        return np.empty(0, np.int32)
    moved = np.arange(len(state.bits), dtype=np.int32)[rows][off]
    by = ahead[off] - now_us
    for name in (*_NEWEST, *_SINCE):
        column = getattr(state, name)
        values = column[moved]
        stands = values - (by if values.ndim == 1 else by[:, None])
        if name in _THRESHOLDS:  # a little ahead is a point whose own clock is, taken at its own word
            stands = np.where(values > now_us + SLACK_US, np.minimum(stands, now_us - SLACK_US), now_us - SLACK_US)
        column[moved] = np.where(values > now_us, stands, values)
    state.anchor_us[moved] = NEVER
    return moved
