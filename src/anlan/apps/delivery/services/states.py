"""How a channel fares, as a row that all senders share: its rate, its errors in a row, whether it is unwell.

An unwell channel is only probed, so that its queue does not wait through time-outs; what waits for it is passed on to
the recipients' next ways. The first letter that it takes makes it well, and what waits is tried at once.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import datetime, timedelta

from anlan.apps.delivery.models import ChannelState, Delivery, DeliveryState

UNWELL_AFTER = 5
"""Errors in a row after which a channel counts as unwell (本地设定)."""
PROBE_EVERY = timedelta(seconds=10)
"""An unwell channel is tried with one letter in this time, whatever the letter's own pause is (本地设定)."""
LONGEST_PAUSE = timedelta(minutes=10)
"""No provider is waited for longer than this; a mark further ahead comes from a system clock that was set back."""
BURST = timedelta(milliseconds=200)
"""Unused rate older than this is lost, so that a pause is not followed by a flood."""


def hold(name: str) -> ChannelState:
    """The row of a channel, locked until the transaction ends; made when it is new."""
    ChannelState.objects.get_or_create(name=name)
    return ChannelState.objects.select_for_update().get(name=name)


def read(names: Collection[str]) -> dict[str, ChannelState]:
    """The rows of these channels as they are, by name; an unsaved one for a channel that was never used."""
    known = {row.name: row for row in ChannelState.objects.filter(name__in=names)}
    return {name: known.get(name) or ChannelState(name=name) for name in names}


def allowed(state: ChannelState, now: datetime, rate: float | None, wanted: int) -> int:
    """How many letters may go now: none while it is throttled, one for a probe, what the rate (letters/s) leaves."""
    if resting(state, now):
        return 0
    if state.unwell_since is not None:
        asked = state.last_error_at
        return 0 if asked is not None and timedelta(0) <= now - asked < PROBE_EVERY else min(1, wanted)
    if rate is None:
        return wanted
    return min(wanted, math.floor((now - _base(state, now)).total_seconds() * rate) + 1)


def used(state: ChannelState, now: datetime, rate: float | None, count: int) -> None:
    """Take ``count`` letters off the rate."""
    if rate is not None and count:
        state.next_slot_at = _base(state, now) + timedelta(seconds=count / rate)
        state.save(update_fields=["next_slot_at"])


def _base(state: ChannelState, now: datetime) -> datetime:
    if state.next_slot_at is None or state.next_slot_at > now:
        return now - BURST
    return max(state.next_slot_at, now - BURST)


def took(name: str, now: datetime) -> None:
    """The channel took a letter. If it was unwell, what waits for it need not wait longer."""
    state = hold(name)
    if state.unwell_since is not None:
        waiting = Delivery.objects.filter(channel=name, state=DeliveryState.QUEUED, next_try_at__gt=now)
        waiting.update(next_try_at=now)
    state.failures, state.unwell_since, state.last_ok_at = 0, None, now
    state.save(update_fields=["failures", "unwell_since", "last_ok_at"])


def failed(name: str, now: datetime, error: str, *, everybody: bool = False) -> bool:
    """The channel did not take a letter; True when it is unwell now. ``everybody``: it takes no other letter either."""
    state = hold(name)
    state.failures += 1
    state.last_error_at, state.last_error = now, error[:300]
    if state.unwell_since is None and (everybody or state.failures >= UNWELL_AFTER):
        state.unwell_since = now
    state.save(update_fields=["failures", "unwell_since", "last_error_at", "last_error"])
    return state.unwell_since is not None


def refused(name: str, now: datetime, error: str) -> bool:
    """The channel refused a letter for that letter's or its recipient's sake: no error of the channel, unless it has
    taken nothing since `UNWELL_AFTER` letters about several enterprises were refused. True when it is unwell now."""
    state = hold(name)
    state.last_error_at, state.last_error = now, error[:300]
    if state.unwell_since is None:
        rows = Delivery.objects.filter(channel=name, state=DeliveryState.QUEUED, refused_at__isnull=False)
        if state.last_ok_at is not None:
            rows = rows.filter(refused_at__gt=state.last_ok_at)
        about = list(rows.values_list("message__enterprise", flat=True)[: UNWELL_AFTER * 20])
        if len(about) >= UNWELL_AFTER and len(set(about)) > 1:
            state.unwell_since = now
    state.save(update_fields=["unwell_since", "last_error_at", "last_error"])
    return state.unwell_since is not None


def throttled(name: str, now: datetime, until: datetime, error: str) -> bool:
    """The provider asked for a pause: nothing goes before it is over. No sign of being unwell, but where it takes
    nothing between `UNWELL_AFTER` pauses in a row; letters refused side by side are one. True when it is unwell now."""
    state = hold(name)
    if not resting(state, now):
        state.failures += 1
    if state.unwell_since is None and state.failures >= UNWELL_AFTER:
        state.unwell_since = now
    state.next_slot_at = min(until, now + LONGEST_PAUSE)
    state.last_error_at, state.last_error = now, error[:300]
    state.save(update_fields=["failures", "unwell_since", "next_slot_at", "last_error_at", "last_error"])
    return state.unwell_since is not None


def resting(state: ChannelState, now: datetime) -> timedelta:
    """For how long nothing goes by the channel yet, as its provider or its rate wants; zero when something may."""
    if state.next_slot_at is None or not now < state.next_slot_at <= now + LONGEST_PAUSE:
        return timedelta(0)
    return state.next_slot_at - now
