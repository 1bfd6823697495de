"""What the engine counts between two checkpoints: signs of life, tags that are not the gateway's, damaged records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from anlan.apps.alarms.services.alarms import instant
from anlan.apps.gateways.services import Measured, PacketRefused, Sign
from anlan.stream.envelope import Record
from anlan.stream.frame import Frame
from anlan.stream.gateway_clock import SUSPECT_US
from anlan.stream.refusal import Refusal


@dataclass
class Tally:
    """Collected per gateway, so that however much came, a checkpoint writes one row each."""

    refused: dict[tuple[str, str], PacketRefused] = field(default_factory=dict)
    _heard: dict[str, tuple[int, int, bool]] = field(default_factory=dict)
    """Of the newest frame: receipt, collect time, whether the gateway had its control system."""
    _clocks: dict[str, Measured] = field(default_factory=dict)
    _ahead_us: dict[str, int] = field(default_factory=dict)
    """How far gateways with doubtful times were ahead last; kept across checkpoints."""

    def saw(self, frame: Frame, ours: bool = False) -> None:
        """A frame arrived: its gateway lives, and some of its tags may be strangers. ``ours``: where its time is
        doubtful, it is our clock that is wrong, and nothing is said of the gateway's."""
        received = frame.received_at_us
        known = self._heard.get(frame.gateway)
        if not ours and (frame.suspect or frame.gateway in self._ahead_us):
            self._measure(frame)
        if known is None or received >= known[0] or received < known[0] - SUSPECT_US:
            self._heard[frame.gateway] = (received, frame.collected_at_us, frame.connected)
        if frame.claimed:
            # a second gateway for a point: its samples are left out, or history would be woven of two
            words = f"{len(frame.claimed)} 个指标登记在另一网关，未采用：{_named(frame.claimed)}"
            self._count(frame.gateway, Refusal.CLAIMED, words, received)
        strange = [tag for tag in frame.unknown if tag not in frame.claimed] if frame.claimed else frame.unknown
        if strange:
            words = f"{len(strange)} 个指标未登记：{_named(strange)}"
            self._count(frame.gateway, Refusal.UNKNOWN_POINT, words, received)
        if frame.damaged:
            self._count(frame.gateway, Refusal.MALFORMED, f"{frame.damaged} 个样本无法读出", received)

    def _measure(self, frame: Frame) -> None:
        """A frame with a doubtful time, or of a gateway that had one before."""
        known = self._clocks.get(frame.gateway)
        ahead_us = frame.collected_at_us - frame.received_at_us
        before = self._ahead_us.get(frame.gateway)
        jumped = before is not None and abs(ahead_us - before) > SUSPECT_US
        ahead, at = timedelta(microseconds=ahead_us), instant(frame.received_at_us)
        if not frame.suspect:
            if abs(ahead_us) <= SUSPECT_US:
                del self._ahead_us[frame.gateway]
            if known:
                self._clocks[frame.gateway] = replace(known, jumps=known.jumps + jumped)
            elif jumped:
                # the doubtful times before it are on record already: this jump is all there is to tell
                self._clocks[frame.gateway] = Measured(frame.gateway, at, ahead, ahead, ahead, 1)
            return
        self._ahead_us[frame.gateway] = ahead_us
        if known is None:
            self._clocks[frame.gateway] = Measured(frame.gateway, at, ahead, ahead, ahead, int(jumped))
            return
        self._clocks[frame.gateway] = replace(
            known, at=at, ahead=ahead, lowest=min(known.lowest, ahead), highest=max(known.highest, ahead),
            jumps=known.jumps + jumped,
        )  # fmt: skip

    def could_not_read(self, record: Record, reason: Refusal, detail: str) -> None:
        """A record of the log that is no packet."""
        excerpt = record.body[:500].decode("utf-8", errors="replace")
        self._count(record.gateway, reason, detail, record.received_at_us, excerpt, len(record.body))

    def could_not_unpack(self, received_us: int, seq: int, detail: str) -> None:
        """A message of the log that is no envelope."""
        self._count("（日志）", Refusal.UNREADABLE, f"第 {seq} 条：{detail}", received_us)

    def take_signs(self, gateways: Iterable[str]) -> list[Sign]:
        """The signs of these gateways; they count anew."""
        return [
            Sign(gateway, instant(heard[0]), instant(heard[1]), heard[2], self._clocks.pop(gateway, None))
            for gateway in gateways
            if (heard := self._heard.pop(gateway, None)) is not None
        ]

    @property
    def heard(self) -> set[str]:
        """Gateways that have signs."""
        return set(self._heard)

    def take_refused(self) -> list[PacketRefused]:
        """Every refusal counted so far; they count anew."""
        refused, self.refused = list(self.refused.values()), {}
        return refused

    def _count(self, gateway: str, reason: Refusal, detail: str, at_us: int, excerpt: str = "", size: int = 0) -> None:
        known = self.refused.get((gateway, reason))
        repeats = known.repeats + 1 if known else 1
        self.refused[gateway, reason] = PacketRefused(gateway, reason, detail, instant(at_us), excerpt, size, repeats)


def _named(tags: list[str]) -> str:
    return "、".join(tags[:5]) + (" 等" if len(tags) > 5 else "")
