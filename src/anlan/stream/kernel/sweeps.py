"""What time alone brings: silences, delays that end, values that stand still. Rules and clock are those of `kernel`.

Each looks at all points at once and returns what is to be said; columns and ledger are brought up to it.
"""

from __future__ import annotations

import numpy as np

from anlan.stream.alarm import (
    BIT_BAD,
    BIT_FLATLINE,
    BIT_H,
    BIT_HH,
    BIT_L,
    BIT_LL,
    BIT_NO_DATA,
    AlarmEvent,
    Side,
)
from anlan.stream.kernel.columns import NEVER, Columns
from anlan.stream.kernel.ledger import Ledger, Seen, Times
from anlan.stream.points import FOREVER_US, PointTable

BAD_COLUMN = 4
"""Where `Columns.pending_us` keeps bad quality, after LL, L, H and HH."""


def no_data(
    table: PointTable, state: Columns, ledger: Ledger, now_us: int, listening_us: int = NEVER
) -> list[AlarmEvent]:
    """Points of which nothing was received for their `no_data_s`, also those that never were.

    A silence begins at `listening_us` at the earliest: before that it may have been ours.
    """
    events: list[AlarmEvent] = []
    base = np.maximum(np.where(state.seen_us == NEVER, state.expected_us, state.seen_us), listening_us)
    silent = table.alive & ((state.bits & BIT_NO_DATA) == 0) & (now_us - base >= table.no_data_us)
    for row in np.flatnonzero(silent).tolist():
        since = int(base[row])
        state.bits[row] |= BIT_NO_DATA
        state.busy[row] = True
        value = _number(state.value[row])
        due = since + int(table.no_data_us[row])
        events.append(ledger.change(row, Side.NO_DATA, 1, Seen(value), Times(since, due, now_us)))
    return events


def delays(table: PointTable, state: Columns, ledger: Ledger, now_us: int) -> list[AlarmEvent]:
    """On-delays that ended without a further sample."""
    events: list[AlarmEvent] = []
    rows = np.flatnonzero(state.busy & table.alive)
    if not len(rows):
        return events
    pending, before = state.pending_us[rows], state.bits[rows]
    due = pending + table.on_delay_us[rows][:, None]
    reached_good = state.good_us[rows] + (now_us - state.good_recv_us[rows])
    reached_any = state.last_us[rows] + (now_us - state.recv_us[rows])
    reached = np.stack([reached_good] * 4 + [reached_any], axis=1)
    masks = np.array([BIT_LL, BIT_L, BIT_H, BIT_HH, BIT_BAD], np.uint8)
    fire = (pending != NEVER) & ((before[:, None] & masks) == 0) & (reached >= due)
    for at in np.flatnonzero(fire.any(axis=1)).tolist():
        row, fired = int(rows[at]), fire[at]
        old = int(before[at])
        new = old | int(masks[fired].sum())
        starts = pending[at].tolist()
        state.bits[row] = new
        state.pending_us[row, fired] = NEVER
        value = _number(state.value[row])
        for columns in ((0, 1), (2, 3)):
            dues = [int(due[at, column]) for column in columns if fired[column]]
            if dues:
                bits = sum(int(masks[column]) for column in columns)
                events += ledger.limit_changes(
                    row, old & bits, new & bits, value, starts, max(dues), now_us, state.peak[row].tolist()
                )
        if fired[BAD_COLUMN]:
            since = starts[BAD_COLUMN]
            at_us = int(due[at, BAD_COLUMN])
            events.append(ledger.change(row, Side.BAD_QUALITY, 1, Seen(), Times(since, at_us, now_us)))
    return events


def flatlines(table: PointTable, state: Columns, ledger: Ledger, now_us: int) -> list[AlarmEvent]:
    """Points that are still reported, without a newer or another value."""
    events: list[AlarmEvent] = []
    still = (table.flatline_us < FOREVER_US) & table.alive & ((state.bits & BIT_FLATLINE) == 0)
    still &= (state.seen_us > state.good_recv_us) & (state.good_us == state.last_us) & (state.last_us != NEVER)
    rows = np.flatnonzero(still)
    elapsed = state.good_us[rows] - state.changed_us[rows] + state.seen_us[rows] - state.good_recv_us[rows]
    for row in rows[elapsed >= table.flatline_us[rows]].tolist():
        since = int(state.changed_us[row])
        state.bits[row] |= BIT_FLATLINE
        state.busy[row] = True
        due = since + int(table.flatline_us[row])
        seen = Seen(float(state.value[row]))
        events.append(ledger.change(row, Side.FLATLINE, 1, seen, Times(since, due, now_us)))
    return events


def _number(value: np.float64) -> float | None:
    return float(value) if np.isfinite(value) else None
