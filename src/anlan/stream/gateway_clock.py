"""What a gateway's clock is worth: which packets bear a doubtful time, and by which time their samples are evaluated.

A packet that calls itself live and was collected far from its receipt comes from a clock that is wrong, or from a link
that is slow. Its samples are kept with both times and marked uncertain. Alarms must neither be blinded by such a clock
(every honest sample after a time in the future would look late) nor raised anew by old data; so a frame is evaluated

- at its receipt, when it claims to be younger than that: nothing is sampled after it was received;
- at its receipt, when its gateway has for `STEADY_US` kept one and the same distance behind: then the clock is slow,
  not the data old. Old data that is sent up in a hurry comes closer to the present with every packet;
- else by its own time;
- but never before its gateway's last packet, when it was collected after that one: then as long after it as the two
  were collected apart. A clock that wavers about a tolerance, or is set right in small steps, goes from one of these
  rules to the other, and every sample of the time between them would look older than the last.

Our own clock may go back a little, as when it is set right by half a minute. Until it has caught up with what receipts
counted as before, a receipt counts as long after the gateway's last packet, or before it, as the two were collected
apart: else every sample of that time would look older than the last. A packet that comes once more, comes late, or is
another part of the same scan says nothing new of where the gateway stands: what follows is measured against the last
one all the same. Where each gateway stood is saved with the state of its points (`Anchor`): a restart while our clock
stands behind, or beside a slow gateway, blinds nothing either.

Several gateways that begin to be slow together, by one and the same distance, are not slow: our own clock is ahead.
Then every frame is evaluated by its own time, and `GatewayClocks.ours` says so for whoever can set the clock right.

History never sees this: it keeps what the gateway said. Decided from the records alone, no clock is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec
import numpy as np

from anlan.stream.envelope import Record
from anlan.stream.frame import UNCERTAIN, Frame
from anlan.stream.packet import PacketError, peek

SUSPECT_US = 60_000_000
"""A live packet may be collected so long before its receipt or after it (本地设定)."""
STEADY_US = 15_000_000
TOGETHER_US = 30_000_000
"""Distances of several gateways that differ by less may have one cause: their own clocks are no better."""
JITTER_US = 3_000_000
"""How far the distance may change while a clock is being found out; ten times as far once it is known to be slow."""


def marked(frame: Frame, record: Record) -> Frame:
    """The frame, its samples no better than uncertain and itself `suspect` when its time is doubtful."""
    if abs(frame.collected_at_us - frame.received_at_us) <= SUSPECT_US or not _is_live(record):
        return frame
    return msgspec.structs.replace(frame, quality=np.maximum(frame.quality, np.uint8(UNCERTAIN)), suspect=True)


def _is_live(record: Record) -> bool:
    try:
        return peek(record.body).report_type != "continues"
    except PacketError:
        return False


@dataclass(slots=True)
class _Run:
    """Packets of one gateway that all lie the same distance from their receipt (negative: collected after it)."""

    behind_us: int
    begun_us: int
    collected_us: int
    steady: bool = False
    ours: bool = False
    """Steady together with most others: the distance is that of our own clock."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Our own clock stands ``ahead_us`` (negative: behind) of most gateways heard, as far as their packets say."""

    ahead_us: int
    gateways: int
    heard: int
    since_us: int
    """By our own clock."""


class Anchor(msgspec.Struct, frozen=True, array_like=True):
    """A gateway's last packet: when it was collected by its own word, and as it was evaluated; epoch µs."""

    collected_us: int
    evaluated_us: int


class GatewayClocks:
    """Remembers the distance of gateways whose live packets come late or early; of the others that they were heard."""

    def __init__(self) -> None:
        self._runs: dict[str, _Run] = {}
        self._aside: dict[str, _Run] = {}
        """Of packets that go back behind their gateway's run: sent once more, late, or by a clock that was set back."""
        self._heard: set[str] = set()
        self._present_us = 0
        self._last: dict[str, Anchor] = {}

    def anchor(self, gateway: str) -> Anchor | None:
        """Where the gateway stands; None when nothing came of it."""
        return self._last.get(gateway)

    def restore(self, anchors: Mapping[str, Anchor]) -> None:
        """Go on where these gateways stood, whatever is remembered of them."""
        self._last.update(anchors)
        self._present_us = max([self._present_us, *(each.evaluated_us for each in anchors.values())])

    def forget(self, gateways: Iterable[str]) -> None:
        """Somebody else goes on with these."""
        for gateway in gateways:
            self._last.pop(gateway, None)
            self._runs.pop(gateway, None)
            self._aside.pop(gateway, None)
            self._heard.discard(gateway)

    def evaluated(self, frame: Frame) -> Frame:
        """The frame as the kernel is to take it, its times moved where its clock is not believed."""
        stamped = self._received(frame)
        taken = self._in_order(stamped, self._believed(stamped))
        if _goes_on(self._stood(frame), frame, taken):
            self._last[frame.gateway] = Anchor(frame.collected_at_us, taken.collected_at_us)
        return taken

    def _stood(self, frame: Frame) -> Anchor | None:
        """Where the gateway of a frame stood before it; None when nothing came of it, or in a future only that our own
        clock had made up."""
        last = self._last.get(frame.gateway)
        return None if last is None or last.evaluated_us > frame.received_at_us + SUSPECT_US else last

    def _in_order(self, frame: Frame, taken: Frame) -> Frame:
        """``taken``, or the frame behind its gateway's last one where it was collected after that."""
        last = self._stood(frame)
        if last is None or frame.collected_at_us <= last.collected_us or taken.collected_at_us > last.evaluated_us:
            return taken
        stands = min(last.evaluated_us + frame.collected_at_us - last.collected_us, frame.received_at_us)
        return _moved(frame, stands - frame.collected_at_us)

    def _received(self, frame: Frame) -> Frame:
        """The frame, its receipt put where it would be had our own clock not gone back."""
        back_us = self._present_us - frame.received_at_us
        if back_us <= 0 or back_us > SUSPECT_US:
            self._present_us = frame.received_at_us
            return frame
        last = self._stood(frame)
        received_us = 0 if last is None else last.evaluated_us + frame.collected_at_us - last.collected_us
        if not 0 < received_us - frame.received_at_us <= SUSPECT_US:
            return frame
        self._present_us = max(self._present_us, received_us)
        return msgspec.structs.replace(frame, received_at_us=received_us)

    def _believed(self, frame: Frame) -> Frame:
        behind = frame.received_at_us - frame.collected_at_us
        self._heard.add(frame.gateway)
        if not frame.suspect:
            if -SUSPECT_US <= behind <= SUSPECT_US and self._runs:
                self._runs.pop(frame.gateway, None)
                self._aside.pop(frame.gateway, None)
            return frame if behind >= 0 else _moved(frame, behind)
        run = self._run(frame, behind)
        if behind < 0:  # whose clock it may be, nothing is sampled after it was received
            return _moved(frame, behind)
        return _moved(frame, behind) if run.steady and not run.ours else frame

    def is_ours(self, gateway: str) -> bool:
        """Whether the gateway's distance is that of our own clock."""
        run = self._runs.get(gateway)
        return run is not None and run.ours

    def doubt(self) -> Doubt | None:
        """What most gateways say of our own clock; None while they do not speak against it."""
        ours = [run for run in self._runs.values() if run.ours]
        if 2 * len(ours) <= len(self._heard):
            return None
        middle = sorted(run.behind_us for run in ours)[len(ours) // 2]
        return Doubt(middle, len(ours), len(self._heard), min(run.begun_us for run in ours))

    def _run(self, frame: Frame, behind: int) -> _Run:
        """The run that the packet belongs to. One that goes back is kept aside until its own run is steady: a packet
        that only comes once more says nothing of its gateway's distance."""
        gateway, run = frame.gateway, self._runs.get(frame.gateway)
        if run is not None and frame.collected_at_us < run.collected_us:
            run = self._aside[gateway] = self._continued(self._aside.get(gateway), frame, behind)
            if run.steady:
                self._runs[gateway] = self._aside.pop(gateway)
            return run
        self._aside.pop(gateway, None)
        run = self._runs[gateway] = self._continued(run, frame, behind)
        return run

    def _continued(self, run: _Run | None, frame: Frame, behind: int) -> _Run:
        allowed = JITTER_US * 10 if run is not None and run.steady else JITTER_US
        if run is None or frame.collected_at_us < run.collected_us or abs(behind - run.behind_us) > allowed:
            return _Run(behind, frame.received_at_us, frame.collected_at_us)
        run.collected_us = frame.collected_at_us
        if not run.steady and frame.received_at_us - run.begun_us >= STEADY_US:
            run.steady, run.ours = True, self._most_agree(frame.gateway, behind)
        return run

    def _most_agree(self, gateway: str, behind: int) -> bool:
        """Whether more than half of the gateways heard, and more than one, are as far off: asked once a run."""
        if 2 * len(self._runs) <= len(self._heard):
            return False
        others = (run for other, run in self._runs.items() if other != gateway)
        alike = 1 + sum(abs(run.behind_us - behind) <= TOGETHER_US for run in others)
        return alike > 1 and 2 * alike > len(self._heard)


def _goes_on(last: Anchor | None, frame: Frame, taken: Frame) -> bool:
    """Whether a packet says where its gateway stands: it goes on from the last one, by its own word or as it is
    evaluated."""
    if last is None:
        return True
    return frame.collected_at_us > last.collected_us or taken.collected_at_us > last.evaluated_us


def _moved(frame: Frame, by_us: int) -> Frame:
    """All times of the frame moved, no sample later than the receipt."""
    return msgspec.structs.replace(
        frame,
        collected_at_us=frame.collected_at_us + by_us,
        sampled_at_us=np.minimum(frame.sampled_at_us + by_us, frame.received_at_us),
    )
