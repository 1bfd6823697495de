"""What a gateway's clock is worth: which packets bear a doubtful time, and by which time their samples are evaluated.

A packet that calls itself live and was collected far from its receipt comes from a clock that is wrong, or from a link
that is slow. Its samples are kept with both times and marked uncertain. Alarms must neither be blinded by such a clock
(every honest sample after a time in the future would look late) nor raised anew by old data; so a frame is evaluated

- at its receipt, when it claims to be younger than that: nothing is sampled after it was received;
- at its receipt, when its gateway has for `STEADY_US` kept one and the same distance behind: then the clock is slow,
  not the data old. Old data that is sent up in a hurry comes closer to the present with every packet;
- else by its own time.

History never sees this: it keeps what the gateway said. Decided from the records alone, no clock is read.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np

from anlan.stream.envelope import Record
from anlan.stream.frame import UNCERTAIN, Frame
from anlan.stream.packet import PacketError, peek

SUSPECT_US = 60_000_000
"""A live packet may be collected so long before its receipt or after it (本地设定)."""
STEADY_US = 15_000_000
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
    """Packets of one gateway that all lie the same distance behind their receipt."""

    behind_us: int
    begun_us: int
    collected_us: int
    slow: bool = False


class GatewayClocks:
    """Remembers the distance of gateways whose live packets come late; nothing of the others."""

    def __init__(self) -> None:
        self._runs: dict[str, _Run] = {}

    def evaluated(self, frame: Frame) -> Frame:
        """The frame as the kernel is to take it, its times moved where its clock is not believed."""
        behind = frame.received_at_us - frame.collected_at_us
        if behind < 0:
            self._runs.pop(frame.gateway, None)
            return _moved(frame, behind)
        if not frame.suspect:
            if behind <= SUSPECT_US and self._runs:
                self._runs.pop(frame.gateway, None)
            return frame
        return _moved(frame, behind) if self._is_slow(frame, behind) else frame

    def _is_slow(self, frame: Frame, behind: int) -> bool:
        run = self._runs.get(frame.gateway)
        steady = JITTER_US * 10 if run is not None and run.slow else JITTER_US
        if run is None or frame.collected_at_us < run.collected_us or abs(behind - run.behind_us) > steady:
            self._runs[frame.gateway] = _Run(behind, frame.received_at_us, frame.collected_at_us)
            return False
        run.collected_us = frame.collected_at_us
        run.slow = run.slow or frame.received_at_us - run.begun_us >= STEADY_US
        return run.slow


def _moved(frame: Frame, by_us: int) -> Frame:
    """All times of the frame moved, no sample later than the receipt."""
    return msgspec.structs.replace(
        frame,
        collected_at_us=frame.collected_at_us + by_us,
        sampled_at_us=np.minimum(frame.sampled_at_us + by_us, frame.received_at_us),
    )
