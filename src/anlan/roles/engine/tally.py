"""What the engine counts between two checkpoints: signs of life, tags that are not the gateway's, damaged records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from anlan.apps.monitoring.services import Measured, Refused, Sign
from anlan.apps.monitoring.services.alarms import instant
from anlan.stream.envelope import Record
from anlan.stream.frame import Frame
from anlan.stream.gateway_clock import SUSPECT_US
from anlan.stream.refusal import Refusal


@dataclass
class Tally:
    """Collected per gateway, so that however much came, a checkpoint writes one row each."""

    signs: dict[str, Sign] = field(default_factory=dict)
    refused: dict[tuple[str, str], Refused] = field(default_factory=dict)
    _ahead_us: dict[str, int] = field(default_factory=dict)
    """How far gateways with doubtful times were ahead last; kept across checkpoints."""

    def saw(self, frame: Frame) -> None:
        """A frame arrived: its gateway lives, and some of its tags may be strangers."""
        received = frame.received_at_us
        known = self.signs.get(frame.gateway)
        clock = known.clock if known else None
        if frame.suspect or frame.gateway in self._ahead_us:
            clock = self._measure(frame, clock)
        if known is None or instant(received) >= known.received_at:
            self.signs[frame.gateway] = Sign(
                frame.gateway, instant(received), instant(frame.collected_at_us), frame.connected, clock
            )
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

    def _measure(self, frame: Frame, known: Measured | None) -> Measured | None:
        """A frame with a doubtful time, or of a gateway that had one before."""
        ahead_us = frame.collected_at_us - frame.received_at_us
        before = self._ahead_us.get(frame.gateway)
        jumped = before is not None and abs(ahead_us - before) > SUSPECT_US
        if not frame.suspect:
            if abs(ahead_us) <= SUSPECT_US:
                del self._ahead_us[frame.gateway]
            return replace(known, jumps=known.jumps + jumped) if known else None
        self._ahead_us[frame.gateway] = ahead_us
        ahead, at = timedelta(microseconds=ahead_us), instant(frame.received_at_us)
        if known is None:
            return Measured(frame.gateway, at, ahead, ahead, ahead, int(jumped))
        return replace(
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
        return [sign for gateway in gateways if (sign := self.signs.pop(gateway, None)) is not None]

    def take_refused(self) -> list[Refused]:
        """Every refusal counted so far; they count anew."""
        refused, self.refused = list(self.refused.values()), {}
        return refused

    def _count(self, gateway: str, reason: Refusal, detail: str, at_us: int, excerpt: str = "", size: int = 0) -> None:
        known = self.refused.get((gateway, reason))
        repeats = known.repeats + 1 if known else 1
        self.refused[gateway, reason] = Refused(gateway, reason, detail, instant(at_us), excerpt, size, repeats)


def _named(tags: list[str]) -> str:
    return "、".join(tags[:5]) + (" 等" if len(tags) > 5 else "")
